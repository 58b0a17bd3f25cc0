"""Statistics for the input cards: of the newest batch, and over all sampled batches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.records import N_QUANTILES, Layout, TensorLayout
from tb_inputdiag.statistics.pooling import Spread, pooled

__all__ = ["Array", "TensorStats", "TensorSummary"]

Array = NDArray[Any]


@dataclass(slots=True)
class TensorSummary:
    """One tensor in one split."""

    layout: TensorLayout
    samples: int = 0
    step: int = -1
    shape: tuple[int, ...] = ()
    low: float = float("nan")
    high: float = float("nan")
    last: dict[str, float] = field(default_factory=dict)
    nan_count: int = 0
    inf_count: int = 0
    bad_step: int | None = None
    bad_examples: tuple[int, ...] = ()
    quantiles: Array = field(default_factory=lambda: np.full(N_QUANTILES, np.nan, np.float32))
    first_quantiles: Array = field(default_factory=lambda: np.full(N_QUANTILES, np.nan, np.float32))
    feature_min: Array | None = None
    feature_max: Array | None = None
    feature_mean: Array | None = None
    feature_std: Array | None = None
    class_counts: Array | None = None
    spread: Spread | None = None
    """Of all values, over all samples."""
    feature_spread: Spread | None = None
    """Of each feature, over all samples."""


_EVERY = (
    *("step", "min", "max", "mean", "std", "nan_count", "inf_count", "feature_min", "feature_max"),
    *("feature_mean", "feature_std", "class_counts", "quantiles"),
)
"""Columns that are read for every sample."""
_NEWEST = ("shape",)
"""Columns that are decoded for the newest sample only; so for `_LAST`."""
_LAST = ("min", "max", "mean", "std", "zero_fraction", "whole_fraction", "one_hot_fraction")


@dataclass(slots=True)
class TensorStats:
    """Summaries of every tensor, by (split, role, stage, name)."""

    tensors: dict[tuple[str, str, str, str], TensorSummary] = field(default_factory=dict)

    @property
    def nbytes(self) -> int:
        """Memory in bytes, approximately."""
        return 4096 * len(self.tensors)

    def add(self, columns: Mapping[str, Array], newest: Mapping[str, Array], layout: Layout) -> None:
        """Adds samples of the stream ``tensors``.

        Args:
            columns: Of all of them.
            newest: Of the last ones.
            layout: Theirs.

        Raises:
            LogCorruptError: if it does not decode.
        """
        read = {name: columns[name] for name in _EVERY}
        last = {name: newest[name][-1] for name in (*_LAST, *_NEWEST)}
        bad = (read["nan_count"] > 0) | (read["inf_count"] > 0)
        bad_examples = columns["bad_examples"] if bad.any() else None
        for index, tensor in enumerate(layout.tensors):
            key = (layout.split, tensor.role, tensor.stage, tensor.name)
            found = self.tensors.get(key)
            if found is None or len(found.layout.features) != len(tensor.features):
                found = self.tensors[key] = TensorSummary(tensor)
            found.layout = tensor
            _add_scalars(found, read, last, index)
            if bad_examples is not None and bad[:, index].any():
                row = int(np.flatnonzero(bad[:, index])[-1])
                found.bad_step = int(read["step"][row])
                found.bad_examples = tuple(int(i) for i in bad_examples[row, index] if i >= 0)
            if tensor.features:
                _add_features(found, read, layout.feature_slice(index))
            if tensor.n_classes:
                counts: Array = np.asarray(
                    np.nansum(read["class_counts"][:, layout.class_slice(index)], axis=0, dtype=np.float64)
                )
                known = found.class_counts
                found.class_counts = counts if known is None or known.shape != counts.shape else known + counts


def _add_scalars(found: TensorSummary, read: Mapping[str, Array], last: Mapping[str, Array], index: int) -> None:
    if found.samples == 0:
        found.first_quantiles = read["quantiles"][0, index].copy()
    found.samples += len(read["step"])
    found.step = int(read["step"][-1])
    found.shape = tuple(int(n) for n in last["shape"][index] if n >= 0)
    found.low = float(np.fmin(found.low, np.fmin.reduce(read["min"][:, index])))
    found.high = float(np.fmax(found.high, np.fmax.reduce(read["max"][:, index])))
    found.last = {name: float(last[name][index]) for name in _LAST}
    found.quantiles = read["quantiles"][-1, index].copy()
    found.spread = _add_spread(found.spread, read["mean"][:, [index]], read["std"][:, [index]])
    found.nan_count += int(read["nan_count"][:, index].sum())
    found.inf_count += int(read["inf_count"][:, index].sum())


def _add_features(found: TensorSummary, read: Mapping[str, Array], part: slice) -> None:
    low = np.fmin.reduce(read["feature_min"][:, part], axis=0)
    high = np.fmax.reduce(read["feature_max"][:, part], axis=0)
    found.feature_min = low if found.feature_min is None else np.fmin(found.feature_min, low)
    found.feature_max = high if found.feature_max is None else np.fmax(found.feature_max, high)
    mean, std = read["feature_mean"][:, part], read["feature_std"][:, part]
    found.feature_mean, found.feature_std = mean[-1].copy(), std[-1].copy()
    found.feature_spread = _add_spread(found.feature_spread, mean, std)


def _add_spread(known: Spread | None, mean: Array, std: Array) -> Spread:
    """Returns the moments of all samples; each counts once. `mean` and `std` are ``[samples, values]``."""
    seen = np.isfinite(mean) & np.isfinite(std)
    n = seen.sum(axis=0).astype(np.float64)
    means = np.where(seen, mean, 0).astype(np.float64)
    centre = means.sum(axis=0) / np.maximum(n, 1)
    deviations = np.where(seen, std, 0).astype(np.float64) ** 2 + np.where(seen, means - centre, 0) ** 2
    here = Spread(n, centre, deviations.sum(axis=0))
    return here if known is None or known.n.shape != here.n.shape else pooled([known, here])
