"""What the cards of inputs show: the newest batch, and sums over all batches sampled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.records import N_QUANTILES, Layout, TensorLayout

__all__ = ["TensorStats", "TensorSummary"]

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


_LAST = ("min", "max", "mean", "std", "zero_fraction", "whole_fraction", "one_hot_fraction")


@dataclass(slots=True)
class TensorStats:
    """Summaries of every tensor, by (split, role, stage, name)."""

    tensors: dict[tuple[str, str, str, str], TensorSummary] = field(default_factory=dict)

    @property
    def nbytes(self) -> int:
        """Memory that it takes, nearly."""
        return 4096 * len(self.tensors)

    def add(self, columns: Mapping[str, Array], layout: Layout, step: NDArray[np.int64]) -> None:
        """Adds the samples of a chunk of the stream ``tensors``.

        Raises:
            LogCorruptError: if it does not decode.
        """
        needed = ("shape", "nan_count", "inf_count", "bad_examples", "quantiles", "class_counts", *_LAST)
        read: dict[str, Array] = {name: columns[name] for name in needed}
        read |= {name: columns[name] for name in ("feature_min", "feature_max", "feature_mean", "feature_std")}
        for index, tensor in enumerate(layout.tensors):
            key = (layout.split, tensor.role, tensor.stage, tensor.name)
            found = self.tensors.get(key)
            if found is None or len(found.layout.features) != len(tensor.features):
                found = self.tensors[key] = TensorSummary(tensor)
            found.layout = tensor
            _add_scalars(found, read, index, step)
            if tensor.features:
                _add_features(found, read, layout.feature_slice(index))
            if tensor.n_classes:
                counts: Array = np.asarray(
                    np.nansum(read["class_counts"][:, layout.class_slice(index)], axis=0, dtype=np.float64)
                )
                known = found.class_counts
                found.class_counts = counts if known is None or known.shape != counts.shape else known + counts


def _add_scalars(found: TensorSummary, read: dict[str, Array], index: int, step: NDArray[np.int64]) -> None:
    if found.samples == 0:
        found.first_quantiles = read["quantiles"][0, index].copy()
    found.samples += len(step)
    found.step = int(step[-1])
    found.shape = tuple(int(n) for n in read["shape"][-1, index] if n >= 0)
    found.low = float(np.fmin(found.low, np.fmin.reduce(read["min"][:, index])))
    found.high = float(np.fmax(found.high, np.fmax.reduce(read["max"][:, index])))
    found.last = {name: float(read[name][-1, index]) for name in _LAST}
    found.quantiles = read["quantiles"][-1, index].copy()
    nans, infs = read["nan_count"][:, index], read["inf_count"][:, index]
    found.nan_count += int(nans.sum())
    found.inf_count += int(infs.sum())
    bad = np.flatnonzero((nans > 0) | (infs > 0))
    if len(bad):
        found.bad_step = int(step[bad[-1]])
        found.bad_examples = tuple(int(i) for i in read["bad_examples"][bad[-1], index] if i >= 0)


def _add_features(found: TensorSummary, read: dict[str, Array], part: slice) -> None:
    low = np.fmin.reduce(read["feature_min"][:, part], axis=0)
    high = np.fmax.reduce(read["feature_max"][:, part], axis=0)
    found.feature_min = low if found.feature_min is None else np.fmin(found.feature_min, low)
    found.feature_max = high if found.feature_max is None else np.fmax(found.feature_max, high)
    found.feature_mean = read["feature_mean"][-1, part].copy()
    found.feature_std = read["feature_std"][-1, part].copy()
