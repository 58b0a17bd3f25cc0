"""Keras' losses: what kind of targets each compares."""

from __future__ import annotations

from typing import Literal, TypeAlias

__all__ = ["CLASS_LOSSES", "LossKind", "loss_kind"]

LossKind: TypeAlias = Literal[
    "",
    "sparse",
    "categorical",
    "binary",
    "divergence",
    "poisson",
    "hinge",
    "categorical_hinge",
    "regression",
    "percentage",
    "logarithmic",
    "cosine",
]
"""``sparse``: class ids. ``categorical``: one-hot rows. ``binary``: 0 and 1. Empty: unknown."""

_KINDS: dict[str, LossKind] = {
    "sparsecategoricalcrossentropy": "sparse",
    "categoricalcrossentropy": "categorical",
    "categoricalfocalcrossentropy": "categorical",
    "binarycrossentropy": "binary",
    "binaryfocalcrossentropy": "binary",
    "kldivergence": "divergence",
    "kldiv": "divergence",
    "poisson": "poisson",
    "hinge": "hinge",
    "squaredhinge": "hinge",
    "categoricalhinge": "categorical_hinge",
    "meansquarederror": "regression",
    "mse": "regression",
    "meanabsoluteerror": "regression",
    "mae": "regression",
    "meanabsolutepercentageerror": "percentage",
    "mape": "percentage",
    "meansquaredlogarithmicerror": "logarithmic",
    "msle": "logarithmic",
    "cosinesimilarity": "cosine",
    "huber": "regression",
    "huberloss": "regression",
    "logcosh": "regression",
}

CLASS_LOSSES: dict[LossKind, str] = {
    "sparse": "SparseCategoricalCrossentropy",
    "categorical": "CategoricalCrossentropy",
    "binary": "BinaryCrossentropy",
}
"""Kinds that compare probabilities of classes -> class in `keras.losses`; they have `from_logits`."""


def loss_kind(name: str) -> LossKind:
    """Returns what kind of targets a loss of Keras compares; an empty string for other losses.

    Args:
        name: As written in ``compile(loss=...)`` or as the class or function is called: ``"mse"``,
            ``"sparse_categorical_crossentropy"``, ``"BinaryCrossentropy"``.
    """
    return _KINDS.get(name.replace("_", "").replace(" ", "").lower(), "")
