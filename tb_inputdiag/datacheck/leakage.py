"""How well a single column tells the target."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.records import F8

__all__ = ["MAX_ROWS", "category_score", "class_scores", "number_scores"]

MAX_ROWS = 4096
"""Sampled examples that are compared: enough to tell 99.5 % from 100 %."""
_FEW_ROWS = 256
_PROMISING = 0.9
"""Score in the first `_FEW_ROWS` examples from which on all of them are compared."""

_Array = NDArray[Any]


def class_scores(columns: F8, target: _Array) -> F8:
    """Returns ``[K]``: how often the nearest other example in one column has the same class.

    The mean of the shares of each class, so that a rare class counts as much as a frequent one. Of several at the same
    distance, the class of most of them counts. NaN for columns that hold NaN.

    Args:
        columns: ``[n, K]``.
        target: ``[n]`` class ids.
    """
    _, classes = np.unique(target, return_inverse=True)
    classes = classes.ravel()
    found = _class_scores(columns[:_FEW_ROWS], classes[:_FEW_ROWS])
    for i in np.flatnonzero(found >= _PROMISING):
        found[i] = _class_scores(columns[:, i : i + 1], classes)[0]
    return found


def _class_scores(columns: F8, classes: _Array) -> F8:
    order = np.argsort(columns, 0)
    rising = np.take_along_axis(columns, order, 0)
    finite, repeated = np.isfinite(columns).all(0), (rising[1:] == rising[:-1]).any(0)
    found = np.full(columns.shape[1], np.nan)
    for i in np.flatnonzero(finite & repeated):
        found[i] = _class_score(columns[:, i], classes)
    different = np.flatnonzero(finite & ~repeated)
    found[different] = _scores_of_different(rising[:, different], classes[order[:, different]])
    return found


def _scores_of_different(values: F8, classes: _Array) -> F8:
    """Returns the scores of columns in which no value comes twice.

    Args:
        values: ``[n, K]``, each column in rising order.
        classes: ``[n, K]``: those of the values.
    """
    end, none = np.full((1, values.shape[1]), np.inf), np.zeros((1, values.shape[1]), bool)
    gaps = np.concatenate([end, np.diff(values, axis=0), end])
    alike = np.concatenate([none, classes[1:] == classes[:-1], none])
    before, after = gaps[:-1], gaps[1:]
    right = (alike[:-1] & (before <= after)) | (alike[1:] & (after <= before))
    return np.asarray([_balanced(*column) for column in zip(right.T, classes.T, strict=True)])


def _class_score(column: F8, classes: _Array) -> float:
    values, where = np.unique(column, return_inverse=True)
    counts = np.zeros((len(values), int(classes.max()) + 1))
    np.add.at(counts, (where.ravel(), classes), 1)
    own = counts[where.ravel(), classes]
    several = counts.sum(1)[where.ravel()] > 1
    # of examples with the same value, the others vote
    others = counts[where.ravel()].copy()
    others[np.arange(len(classes)), classes] -= 1
    right = several & (own - 1 >= others.max(1)) & (own > 1)
    alone = np.flatnonzero(~several)
    if len(alone) and len(values) > 1:
        place = where.ravel()[alone]
        gaps = np.concatenate([[np.inf], np.diff(values), [np.inf]])
        before, after = gaps[place], gaps[place + 1]
        votes = np.where((before <= after)[:, None], counts[np.maximum(place - 1, 0)], 0.0)
        votes += np.where((after <= before)[:, None], counts[np.minimum(place + 1, len(values) - 1)], 0.0)
        mine = votes[np.arange(len(alone)), classes[alone]]
        right[alone] = (mine > 0) & (mine >= votes.max(1))
    return _balanced(right, classes)


def number_scores(columns: F8, target: F8) -> F8:
    """Returns ``[K]``: the magnitude of the rank correlation (Spearman) of each column with the target.

    NaN for columns that hold NaN or a single value, or whose values repeat so much that ranks say little.

    Args:
        columns: ``[n, K]``.
        target: ``[n]``.
    """
    goal = _ranks(target)
    found = np.full(columns.shape[1], np.nan)
    for i, column in enumerate(columns.T):
        if np.isfinite(column).all() and len(np.unique(column)) > 2:
            with np.errstate(all="ignore"):
                found[i] = abs(np.corrcoef(_ranks(column), goal)[0, 1])
    return found


def _ranks(values: F8) -> F8:
    """Returns the rank of each value; equal ones share the middle of theirs."""
    _, where, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts + 1) / 2)[where.ravel()])


def category_score(categories: _Array, target: _Array) -> float:
    """Returns how often the class is that of most others of the same category, as a mean over the classes.

    Examples that are alone in their category count as wrong.

    Args:
        categories: ``[n]`` text.
        target: ``[n]`` class ids.
    """
    _, place = np.unique(categories.astype(str), return_inverse=True)
    _, classes = np.unique(target, return_inverse=True)
    counts = np.zeros((int(place.max()) + 1, int(classes.max()) + 1))
    np.add.at(counts, (place.ravel(), classes.ravel()), 1)
    others = counts[place.ravel()].copy()
    own = others[np.arange(len(classes.ravel())), classes.ravel()] - 1
    others[np.arange(len(classes.ravel())), classes.ravel()] -= 1
    return _balanced((own > 0) & (own >= others.max(1)), classes.ravel())


def _balanced(right: _Array, classes: _Array) -> float:
    counts = np.bincount(classes)
    return float((np.bincount(classes, right) / np.maximum(counts, 1))[counts > 0].mean())
