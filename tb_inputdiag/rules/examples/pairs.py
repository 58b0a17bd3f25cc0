"""Made-up batches of pairs, for rules about models that compare two things."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.rules.examples.batches import Arrays

__all__ = ["distances"]


def distances(correlation: float, pairs: int = 64) -> dict[str, Arrays]:
    """Returns inputs, labels of 0 and 1, and predictions that have this correlation with the labels.

    Args:
        correlation: -1..1, exactly that of the batch.
        pairs: Examples of the batch, an even number.
    """
    rng = np.random.default_rng(11)
    y = np.arange(pairs) % 2.0
    labels, drawn = _standard(y), rng.normal(size=pairs)
    noise = _standard(drawn - labels * float(labels @ drawn) / pairs)
    predicted = 2 + 0.3 * (correlation * labels + math.sqrt(1 - correlation**2) * noise)
    sides = rng.normal(size=(2, pairs, 8)).astype(np.float32)
    return {
        "x": {"left": sides[0], "right": sides[1]},
        "y": y.astype(np.float32)[:, None],
        "y_pred": predicted.astype(np.float32)[:, None],
    }


def _standard(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Returns the values with a mean of 0 and a standard deviation of 1."""
    return np.asarray((values - values.mean()) / values.std())
