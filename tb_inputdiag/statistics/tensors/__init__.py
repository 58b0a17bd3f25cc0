"""The statistics of a single tensor of the batch: one module each, found by being here.

A module is a `TensorStatistic`. It computes `WIDTH` numbers for each of a tensor's *places*: the tensor itself, or each
of its features or classes. The row has the *raw* numbers that they are made of, number by number: ``[RAW_WIDTH,
places]``.

CONTRIBUTING.md says how to add one. The probe, the log and the laws of ``tests/statistics`` find it by themselves.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, Protocol, cast

from numpy.typing import NDArray

from tb_inputdiag.records import F8, TensorLayout
from tb_inputdiag.statistics.namespace import Array, Namespace, is_floating, is_numeric
from tb_inputdiag.statistics.selection import numeric

__all__ = ["TensorStatistic", "Values", "as_reduced", "numbers_of", "tensor_statistics", "values_of"]


@dataclass(frozen=True, slots=True)
class Values:
    """One tensor of the batch, as reductions read it.

    Attributes:
        layout: What it is.
        shape: ``float64[rank]``: the shape of the whole tensor in this batch.
        array: Its values as float32 or float64; of sparse and ragged tensors those that are stored. None if it has no
            numbers, or no known rank.
        floating: Whether the dtype as fed has NaN and infinities.
        size: Number of values, a float64 scalar.
    """

    layout: TensorLayout
    shape: Array
    array: Array = None
    floating: bool = False
    size: Array = None


def values_of(xp: Namespace, x: Array, layout: TensorLayout, shape: Array) -> Values:
    """Returns what reductions read of the stored values `x` of a tensor."""
    dtype = xp.dtype(x)
    if not is_numeric(dtype) or xp.static_shape(x) is None:
        return Values(layout, shape)
    array = numeric(xp, x)
    return Values(layout, shape, array, is_floating(dtype), xp.size(array, "float64"))


class TensorStatistic(Protocol):
    """What a module of this package has."""

    NAME: str
    """Of its block in the row."""
    WIDTH: int
    """Numbers for each place."""
    RAW_WIDTH: int
    """Numbers for each place that `reduce` returns and `finish` makes `WIDTH` of."""
    DTYPE: Literal["float64", "float32"]
    """Of its raw numbers while they are reduced; float32 where that is exact."""
    ABSENT: tuple[float, ...] | None
    """The raw numbers of a tensor that has no values to read, such as strings; None: `reduce` does not need values."""

    def places(self, layout: TensorLayout) -> int:
        """Returns how many places of a tensor it describes; 0 if it does not describe it."""

    def reduce(self, xp: Namespace, values: Values) -> Array:
        """Returns the vector ``[RAW_WIDTH * places]`` of one batch."""

    def finish(self, raw: F8) -> F8:
        """Returns ``float64[WIDTH, N]`` from ``float64[RAW_WIDTH, N]``, over the places of all tensors.

        This is the arithmetic of single numbers: on the host it is done for all tensors at once, while a backend takes
        longer to start an operation than to add up a thousand values.
        """

    def merge(self, parts: Sequence[F8], batch_sizes: Sequence[float]) -> F8:
        """Returns ``float64[WIDTH, N]`` of all replicas together.

        Args:
            parts: ``float64[WIDTH, N]`` of each replica, over the places of all tensors. Not changed.
            batch_sizes: Examples of each replica.
        """

    def columns(self, numbers: F8) -> Mapping[str, NDArray[Any]]:
        """Returns columns of `records.TensorTable`, by name, from ``float64[WIDTH, N]``."""

    def reference(self, x: NDArray[Any], layout: TensorLayout) -> Mapping[str, NDArray[Any]]:
        """Returns the same columns of a single tensor, from its values in NumPy."""


@cache
def tensor_statistics() -> tuple[TensorStatistic, ...]:
    """Returns all modules of this package, sorted by name."""
    names = sorted(info.name for info in pkgutil.iter_modules([str(Path(__file__).parent)]))
    return tuple(cast("TensorStatistic", import_module(f"{__name__}.{name}")) for name in names)


def numbers_of(xp: Namespace, statistic: TensorStatistic, values: Values) -> Array:
    """Returns a statistic's raw numbers of one tensor, whether it has values or not."""
    if values.array is None and statistic.ABSENT is not None:
        return xp.constant(statistic.ABSENT * statistic.places(values.layout), statistic.DTYPE)
    return statistic.reduce(xp, values)


def as_reduced(raw: F8) -> F8:
    """Returns the numbers unchanged: `TensorStatistic.finish` of statistics that leave nothing to the host."""
    return raw
