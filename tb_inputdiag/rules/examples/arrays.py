"""The statistics of a batch as the probe would log them, from NumPy arrays: for the examples of rules and for tests."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.records import (
    COLUMNS,
    MAX_BAD_EXAMPLES,
    MAX_EXAMPLE_IDS,
    MAX_FEATURES,
    MAX_RANK,
    N_QUANTILES,
    TensorLayout,
    TensorTable,
)

__all__ = ["example_ids", "kept_features", "tensor_table"]

Array = NDArray[Any]


def kept_features(array: Array, axis: int | None) -> tuple[int, ...]:
    """Returns the indices along the feature axis that get statistics of their own."""
    if axis is None or array.ndim < 2:
        return ()
    size = array.shape[axis]
    return tuple(np.unique(np.linspace(0, size - 1, min(size, MAX_FEATURES)).astype(int)).tolist())


def _row(array: Array, layout: TensorLayout) -> dict[str, Any]:
    values = np.asarray(array, np.float64)
    finite = values[np.isfinite(values)]
    bad = ~np.isfinite(values)
    by_example = bad.reshape(len(values), -1).any(axis=1) if values.ndim else np.zeros(0, bool)
    bad_rows = np.flatnonzero(by_example)[:MAX_BAD_EXAMPLES]
    rows = values.reshape(-1, values.shape[-1]) if values.ndim > 1 and values.shape[-1] > 1 else None
    sums = None if rows is None else rows.sum(axis=1)
    one_hot = None if rows is None else ((rows == 1).sum(axis=1) == 1) & ((rows == 0).sum(axis=1) == rows.shape[1] - 1)
    few = finite.ravel()[np.unique(np.linspace(0, max(finite.size - 1, 0), min(finite.size, 4096)).astype(int))]
    nan = float("nan")
    return {
        "shape": [*values.shape, *[-1] * (MAX_RANK - values.ndim)],
        "count": values.size,
        "min": finite.min() if finite.size else nan,
        "max": finite.max() if finite.size else nan,
        "mean": finite.mean() if finite.size else nan,
        "std": finite.std() if finite.size else nan,
        "nan_count": np.isnan(values).sum(),
        "inf_count": np.isinf(values).sum(),
        "negative_inf_count": np.isneginf(values).sum(),
        "zero_fraction": (values == 0).mean(),
        "whole_fraction": (values == np.round(values)).mean(),
        "one_hot_fraction": nan if one_hot is None else one_hot.mean(),
        "row_sum_min": nan if sums is None else sums.min(),
        "row_sum_max": nan if sums is None else sums.max(),
        "quantiles": np.quantile(few, np.linspace(0, 1, N_QUANTILES)) if few.size else [nan] * N_QUANTILES,
        "bad_examples": [*bad_rows, *[-1] * (MAX_BAD_EXAMPLES - len(bad_rows))],
    }


def _features(array: Array, layout: TensorLayout) -> dict[str, Array]:
    if not layout.features:
        return {f"feature_{name}": np.zeros(0) for name in ("min", "max", "mean", "std")}
    assert layout.feature_axis is not None
    values = np.moveaxis(np.asarray(array, np.float64), layout.feature_axis, -1)[..., list(layout.features)]
    flat = np.where(np.isfinite(values), values, np.nan).reshape(-1, len(layout.features))
    return {
        "feature_min": np.nanmin(flat, axis=0),
        "feature_max": np.nanmax(flat, axis=0),
        "feature_mean": np.nanmean(flat, axis=0),
        "feature_std": np.nanstd(flat, axis=0),
    }


def _classes(array: Array, layout: TensorLayout) -> Array:
    if not layout.n_classes:
        return np.zeros(0)
    values = np.asarray(array)
    if values.ndim > 1 and values.shape[-1] == layout.n_classes:
        counts: Array = values.reshape(-1, layout.n_classes).sum(axis=0)
        return counts
    ids = values[np.isfinite(values)].astype(np.int64).ravel()
    return np.bincount(ids[(ids >= 0) & (ids < layout.n_classes)], minlength=layout.n_classes)


def example_ids(inputs: Sequence[Array]) -> Array:
    """Returns a fingerprint for each of the first examples, over all inputs."""
    ids = np.zeros(MAX_EXAMPLE_IDS, np.uint32)
    for i in range(min(len(inputs[0]) if inputs and inputs[0].ndim else 0, MAX_EXAMPLE_IDS)):
        crc = 0
        for array in inputs:
            crc = zlib.crc32(np.ascontiguousarray(array[i]).tobytes(), crc)
        ids[i] = max(crc, 1)
    return ids


def tensor_table(layouts: Sequence[TensorLayout], arrays: Mapping[int, Array]) -> TensorTable:
    """Returns the statistics of the arrays, in the order of the layouts.

    Args:
        layouts: What each array is.
        arrays: Row -> array.
    """
    rows = [_row(arrays[i], layout) for i, layout in enumerate(layouts)]
    columns: dict[str, Any] = {name: np.asarray([row[name] for row in rows]) for name in rows[0]} if rows else {}
    features = [_features(arrays[i], layout) for i, layout in enumerate(layouts)]
    for name in ("feature_min", "feature_max", "feature_mean", "feature_std"):
        columns[name] = np.concatenate([part[name] for part in features] or [np.zeros(0)])
    columns["class_counts"] = np.concatenate([_classes(arrays[i], t) for i, t in enumerate(layouts)] or [np.zeros(0)])
    fed = [arrays[i] for i, layout in enumerate(layouts) if layout.role == "input" and layout.stage == "fed"]
    columns["example_ids"] = example_ids(fed)
    return TensorTable(**{name: np.asarray(columns[name], dtype) for name, (dtype, _) in COLUMNS["tensors"].items()})
