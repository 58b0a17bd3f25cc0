"""Norm, largest magnitude, zeros and non-finite values of each weight's gradient.

Squares are added up in float32 where the gradient is: norms below 1e-19 come out too small or 0, from 1e19 on as inf.

`gradient_norm` is the L2 norm of the gradient as it reaches the optimizer, with loss scaling undone;
`clipped_gradient_norm` is the norm after clipping. `gradient_zero_fraction` is 0..1, and 1 without a gradient:
nothing of it is not zero. Replicas have the same summed gradient, so the first one's numbers count.

Squares are float32, so values below 1e-19 add nothing to a norm.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.records import F8
from tb_inputdiag.statistics import health
from tb_inputdiag.statistics.namespace import Array, Namespace

__all__ = ["NUMBERS", "columns", "global_norm", "reduce", "reference"]

NUMBERS = ("half_squares", "max_abs")
"""float32 scalars beside the `health` of a gradient."""


def reduce(xp: Namespace, gradient: Array) -> tuple[list[Array], Array]:
    """Returns `NUMBERS` of a dense float32 or float64 gradient, and its `health`."""
    half = health.half_squares(xp, gradient)
    return [half, xp.cast(xp.max(xp.absolute(gradient)), "float32")], health.reduce(xp, gradient, half)


def columns(numbers: F8, kinds: F8, clipped: F8) -> Mapping[str, F8]:
    """Returns columns of `records.WeightTable`.

    Args:
        numbers: ``float64[n, len(NUMBERS)]``.
        kinds: ``float64[n, len(health.KINDS)]``.
        clipped: ``float64[n]``: half the sum of squares after clipping.
    """
    half, largest = numbers.T
    seen = health.counts(kinds)
    return {
        "gradient_norm": np.sqrt(2 * half),
        "gradient_max_abs": largest,
        "gradient_zero_fraction": np.where(seen.total > 0, seen.zero / np.maximum(seen.total, 1), 1.0),
        "gradient_nonfinite_count": seen.nonfinite,
        "clipped_gradient_norm": np.sqrt(2 * clipped),
    }


def global_norm(norms: NDArray[Any]) -> float:
    """Returns the L2 norm of all weights' gradients together."""
    return float(np.sqrt(np.sum(np.square(norms, dtype=np.float64))))


def reference(gradient: NDArray[Any] | None, clipped: NDArray[Any] | None = None) -> Mapping[str, float]:
    """Returns the columns of one weight by NumPy.

    Args:
        gradient: As it reaches the optimizer; None if the loss does not depend on the weight.
        clipped: After clipping; None if the optimizer does not clip.
    """
    wide = np.zeros(1) if gradient is None else np.asarray(gradient, np.float64)
    kept = wide if clipped is None else np.asarray(clipped, np.float64)
    return {
        "gradient_norm": float(np.linalg.norm(wide.ravel())),
        "gradient_max_abs": float(np.abs(wide).max()),
        "gradient_zero_fraction": float((wide == 0).mean()),
        "gradient_nonfinite_count": float((~np.isfinite(wide)).sum()),
        "clipped_gradient_norm": float(np.linalg.norm(kept.ravel())),
    }
