"""The first examples of a dense tensor that hold a NaN or an infinity: their indices in the batch, padded with -1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.records import F8, MAX_BAD_EXAMPLES, TensorLayout
from tb_inputdiag.statistics.namespace import Array, Namespace
from tb_inputdiag.statistics.tensors import Values, as_reduced

NAME = "bad_examples"
WIDTH = MAX_BAD_EXAMPLES
RAW_WIDTH = WIDTH
DTYPE: Literal["float64"] = "float64"
ABSENT = (-1.0,) * WIDTH


def places(layout: TensorLayout) -> int:
    """Returns 1: the tensor itself."""
    return 1


def reduce(xp: Namespace, values: Values) -> Array:
    """Returns the indices in one tensor."""
    x = values.array
    rank = len(xp.static_shape(x) or ())
    if values.layout.kind != "dense" or not values.floating or rank == 0:
        return xp.constant(ABSENT, "float64")
    bad = ~xp.is_finite(x)
    if rank > 1:
        bad = xp.any(bad, tuple(range(1, rank)))
    # a small batch has enough to choose from
    bad = xp.concat([bad, xp.constant((False,) * WIDTH, "bool")])
    n = xp.size(bad, "int32")
    zero = xp.constant(0, "int32")
    first = xp.largest(xp.where(bad, n - xp.arange(n), zero), WIDTH)
    return xp.cast(xp.where(first > zero, n - first, xp.constant(-1, "int32")), "float64")


finish = as_reduced


def merge(parts: Sequence[F8], batch_sizes: Sequence[float]) -> F8:
    """Returns the first indices in the global batch: the examples of later replicas come after those of earlier
    ones."""
    offsets = np.cumsum([0, *batch_sizes])
    moved = [np.where(part >= 0, part + offset, np.inf) for part, offset in zip(parts, offsets[:-1], strict=True)]
    first = np.sort(np.concatenate(moved), 0)[:WIDTH]
    return np.where(np.isfinite(first), first, -1)


def columns(numbers: F8) -> Mapping[str, NDArray[Any]]:
    """Returns ``bad_examples``, ``[T, MAX_BAD_EXAMPLES]``."""
    return {"bad_examples": numbers.T}


def reference(x: NDArray[Any], layout: TensorLayout) -> Mapping[str, NDArray[Any]]:
    """Returns the column by NumPy."""
    found: list[int] = []
    if layout.kind == "dense" and x.ndim:
        wide = np.asarray(x, np.float64)
        found = [index for index, example in enumerate(wide) if not np.isfinite(example).all()]
    return {"bad_examples": np.asarray([*found, *[-1] * WIDTH][:WIDTH])}
