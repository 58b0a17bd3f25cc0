"""Counts the classes in targets."""

from __future__ import annotations

import numpy as np

from tb_inputdiag.records import F8
from tb_inputdiag.rules.views.pairs import Pair

__all__ = ["class_counts_of", "has_one_label_each"]


def class_counts_of(pair: Pair) -> F8 | None:
    """Returns the number of labels of each class in a batch, ``[classes]``; None if the target holds no classes."""
    view = pair.target
    if pair.kind not in {"sparse", "categorical", "binary"}:
        return None
    if view.layout.n_classes:
        counts: F8 = view.class_counts.astype(np.float64)
        return counts
    if (
        pair.kind == "binary"
        and has_one_label_each(pair)
        and view.value("whole_fraction") == 1
        and 0 <= view.min <= view.max <= 1
    ):
        zeros = float(view.value("zero_fraction")) * view.count
        return np.array([zeros, view.count - zeros])
    return None


def has_one_label_each(pair: Pair) -> bool:
    """Returns whether each example has one label, not one for each time step or pixel."""
    shape = pair.target.shape
    if pair.kind == "categorical":
        return len(shape) == 2
    return len(shape) == 1 or (len(shape) == 2 and shape[1] == 1)
