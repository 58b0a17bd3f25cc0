"""Names of metrics and losses in Keras' logs: whether a higher or a lower value is better."""

from __future__ import annotations

import re
from typing import Literal

__all__ = ["better_metric"]

_LOWER = frozenset(["loss", "error", "mse", "mae", "rmse", "mape", "msle", "crossentropy", "perplexity"])
_HIGHER = frozenset(
    ["accuracy", "acc", "auc", "precision", "recall", "f1", "iou", "dice", "r2", "sensitivity", "specificity"]
)
_SIGN = frozenset(["neg", "negative", "minus"])


def better_metric(name: str) -> Literal["higher", "lower", ""]:
    """Returns which values of a metric are better; empty if its name does not say so.

    Args:
        name: As in Keras' logs: ``"val_loss"``, ``"val_auc_1"``, ``"head_accuracy"``.
    """
    words = [word for word in re.split(r"[_\W]+", name.lower()) if not word.isdigit()]
    if not words or _SIGN.intersection(words):
        return ""
    if words[-1] in _LOWER:
        return "lower"
    return "higher" if _HIGHER.intersection(words) else ""
