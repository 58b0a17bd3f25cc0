"""Values over steps, as arrays for NumPy and tables for pandas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from tb_inputdiag.log.blocks import Array
from tb_inputdiag.numbers import count, whole

__all__ = ["Series", "concatenate", "join_chunks", "to_frame"]


class Series:
    """Values over steps. NumPy functions accept it in place of its values: ``np.nanmax(run.loss)``."""

    __slots__ = ("name", "step", "values")

    def __init__(self, name: str, step: NDArray[np.int64], values: Array) -> None:
        self.name = name
        self.step = step
        """``[n]``: see `Sample.step`."""
        self.values = values
        """``[n, ...]``."""

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> Array:
        if copy:
            return np.array(self.values, dtype)
        return np.asarray(self.values, dtype)

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.values)

    def __getitem__(self, item: Any) -> Any:
        return self.values[item]

    def __repr__(self) -> str:
        if not len(self):
            return f"<Series {self.name}: empty>"
        return f"<Series {self.name}: {count(len(self), 'value')}, steps {whole(self.step[0])}..{whole(self.step[-1])}>"

    def to_pandas(self) -> Any:
        """Returns a `pandas.Series` over steps; a `pandas.DataFrame` where each step has several values.

        Raises:
            ImportError: if pandas is not installed.
        """
        pandas = _pandas()
        index = pandas.Index(self.step, name="step")
        if self.values.ndim == 1:
            return pandas.Series(self.values, index=index, name=self.name)
        return pandas.DataFrame(self.values.reshape(len(self), -1), index=index)


def _pandas() -> Any:
    try:
        import pandas
    except ImportError:
        raise ImportError("to_pandas() needs pandas: pip install 'tb-inputdiag[pandas]'.") from None
    return pandas


def join_chunks(name: str, parts: Sequence[tuple[Array, Array, Array]]) -> Series:
    """Returns a series from (seq, step, values) of chunks of one session."""
    if not parts:
        return Series(name, np.zeros(0, np.int64), np.zeros(0))
    seq, step, values = (np.concatenate([part[i] for part in parts]) for i in range(3))
    if len(seq) > 1 and not (seq[1:] > seq[:-1]).all():  # the chunks belong to several layouts
        order = np.argsort(seq, kind="stable")
        step, values = step[order], values[order]
    return Series(name, step, values)


def to_frame(columns: Mapping[str, Series]) -> Any:
    """Returns the columns, each ``[n]``, as a `pandas.DataFrame` over steps."""
    pandas = _pandas()
    steps = next((series.step for series in columns.values()), np.zeros(0, np.int64))
    if all(np.array_equal(series.step, steps) for series in columns.values()):
        data = {name: series.values for name, series in columns.items()}
        return pandas.DataFrame(data, index=pandas.Index(steps, name="step"))
    # parts of some columns are lost: join the rest by step
    left = {name: series.to_pandas().groupby(level="step").last() for name, series in columns.items()}
    return pandas.DataFrame(left).rename_axis("step")


def concatenate(name: str, series: Sequence[Series]) -> Series:
    """Returns the series of several sessions one after the other."""
    filled = [item for item in series if len(item)]
    if len(filled) == 1:
        return filled[0]
    if not filled:
        return Series(name, np.zeros(0, np.int64), np.zeros(0))
    return Series(name, np.concatenate([s.step for s in filled]), np.concatenate([s.values for s in filled]))
