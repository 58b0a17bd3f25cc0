"""The ratio of an update's norm to the weight's norm, over the kernels of a model."""

from __future__ import annotations

import numpy as np

from tb_inputdiag.records import Curve, LimitPicture, Span, WeightTable
from tb_inputdiag.rules.support.curves import weight_curve
from tb_inputdiag.rules.views.context import Context

__all__ = ["median_kernel", "update_ratio_curve", "update_ratio_picture"]


def median_kernel(context: Context, table: WeightTable) -> str:
    """Returns the kernel whose finite update ratio is the median, or the larger neighbour of the median."""
    rows = context.kernels.rows
    rows = rows[np.isfinite(table.update_ratio[rows])]
    ordered = rows[np.argsort(table.update_ratio[rows], kind="stable")]
    return context.layout.weights[int(ordered[len(ordered) // 2])]


def update_ratio_curve(context: Context, table: WeightTable, expected: Span) -> Curve:
    """Returns the update ratio of the median kernel."""
    return weight_curve(median_kernel(context, table), "update_ratio", expected=expected)


def update_ratio_picture(ratio: float, *, most: float | None = None, least: float | None = None) -> LimitPicture:
    """Returns a median ratio against the one limit that is given."""
    label = "update over weight, median of the kernels"
    if most is not None:
        return LimitPicture(label=label, value=ratio, limit=most)
    return LimitPicture(label=label, value=ratio, limit=least or 0.0, bound="at least")
