"""The shape of a tensor in this batch, padded with -1 to `MAX_RANK` axes; the first axis adds up over replicas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.records import F8, MAX_RANK, TensorLayout
from tb_inputdiag.statistics.namespace import Array, Namespace
from tb_inputdiag.statistics.tensors import Values, as_reduced

NAME = "shape"
WIDTH = MAX_RANK
RAW_WIDTH = WIDTH
DTYPE: Literal["float64"] = "float64"
ABSENT = None
"""Every tensor has a shape."""


def places(layout: TensorLayout) -> int:
    """Returns 1: the tensor itself."""
    return 1


def reduce(xp: Namespace, values: Values) -> Array:
    """Returns the padded shape of one tensor."""
    rank = (xp.static_shape(values.shape) or (None,))[0]
    if rank == MAX_RANK:
        return values.shape
    if rank is not None and rank < MAX_RANK:
        return xp.concat([values.shape, xp.constant((-1.0,) * (MAX_RANK - rank), "float64")])
    return xp.first(xp.concat([values.shape, xp.constant((-1.0,) * MAX_RANK, "float64")]), MAX_RANK)


finish = as_reduced


def merge(parts: Sequence[F8], batch_sizes: Sequence[float]) -> F8:
    """Returns the shapes of the global batch: those of the first replica with the examples of all."""
    merged = parts[0].copy()
    ranked = np.min([part[0] for part in parts], 0) >= 0
    merged[0, ranked] = np.sum([part[0] for part in parts], 0)[ranked]
    return merged


def columns(numbers: F8) -> Mapping[str, NDArray[Any]]:
    """Returns ``shape``, ``[T, MAX_RANK]``."""
    return {"shape": numbers.T}


def reference(x: NDArray[Any], layout: TensorLayout) -> Mapping[str, NDArray[Any]]:
    """Returns the column by NumPy."""
    return {"shape": np.asarray([*x.shape, *[-1] * MAX_RANK][:MAX_RANK])}
