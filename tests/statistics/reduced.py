"""Runs reductions outside of a training step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tb_inputdiag.records import TensorLayout
from tb_inputdiag.statistics.namespace import Namespace
from tb_inputdiag.statistics.numpy_namespace import NUMPY
from tb_inputdiag.statistics.tensors import TensorStatistic, numbers_of, tensor_statistics, values_of
from tb_inputdiag.statistics.tensors.features import with_features


def layout_of(x: np.ndarray, **fields: Any) -> TensorLayout:
    """Returns the layout that the probe makes for an input of this kind."""
    shape = (None, *x.shape[1:]) if x.ndim else ()
    return with_features(TensorLayout(name="x", role="input", shape=shape, dtype=x.dtype.name, **fields))


def numbers(statistic: TensorStatistic, x: np.ndarray, layout: TensorLayout, xp: Namespace = NUMPY) -> np.ndarray:
    """Returns ``float64[WIDTH, places]`` as one replica's row has it."""
    if not statistic.places(layout):
        return np.zeros((statistic.WIDTH, 0))
    array = x if layout.kind == "string" else xp.constant(x, x.dtype.name)
    with np.errstate(all="ignore"):
        values = values_of(xp, array, layout, xp.shape(array))
        vector = np.asarray(numbers_of(xp, statistic, values), np.float64)
        return statistic.finish(vector.reshape(statistic.RAW_WIDTH, statistic.places(layout)))


def columns(statistic: TensorStatistic, table: np.ndarray) -> Mapping[str, np.ndarray]:
    """Returns the columns of one tensor."""
    with np.errstate(all="ignore"):
        found = statistic.columns(table)
    return {name: _of_one(name, column) for name, column in found.items()}


def _of_one(name: str, column: np.ndarray) -> np.ndarray:
    """Drops the axis of tensors; features and classes have one place each and no such axis."""
    return column if name.startswith(("feature_", "class_")) else column[0]


def merged(statistic: TensorStatistic, parts: Sequence[np.ndarray], sizes: Sequence[float]) -> np.ndarray:
    """Returns the numbers of all parts together."""
    with np.errstate(all="ignore"):
        return statistic.merge(parts, sizes)


def all_columns(x: np.ndarray, layout: TensorLayout, xp: Namespace = NUMPY) -> dict[str, np.ndarray]:
    """Returns the columns of all statistics of one tensor."""
    found: dict[str, np.ndarray] = {}
    for statistic in tensor_statistics():
        if statistic.places(layout):
            found |= columns(statistic, numbers(statistic, x, layout, xp))
    return found
