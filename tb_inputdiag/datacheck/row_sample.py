"""A uniform random sample of examples, for what needs their values rather than sums: quantiles, leakage of the target.

Example ``i`` has a random priority that depends on nothing but ``i``, and the examples with the smallest ones are kept.
So the sample does not depend on batches, shards or the order in which these are merged. A quantile of `n` sampled
values is off by at most ``sqrt(ln(2 / 0.05) / (2 n))`` in probability, with 95 % confidence (Dvoretzky, Kiefer,
Wolfowitz; Massart 1990), and exact if all examples are in the sample.

A KLL sketch of all values (datasketches 5.2) has a tenth of that error, and takes 0.1 to 0.4 microseconds for each
value: 20 times as long as everything else here.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.datacheck.fingerprints import U8Words, mixed
from tb_inputdiag.records import I8

__all__ = ["RowSample", "quantile_error"]

_MOST_EXAMPLES = 16_384
_LEAST_EXAMPLES = 64
_MOST_BYTES = 24 << 20
_MARGIN = 6.0
"""Standard deviations of the number of examples below a limit that is known before they come."""
_CONFIDENCE = 0.95
_LONGEST = 200
"""Characters of a text that are kept."""
_TEXT_BYTES = 100
"""What a text is counted as."""

_Array = NDArray[Any]
_Key = TypeVar("_Key", bound=Hashable)


def quantile_error(sampled: int, examples: int) -> float:
    """Returns the error of quantiles in probability, exceeded with 5 % probability; 0 if all examples are sampled."""
    if sampled >= examples or not sampled:
        return 0.0
    return math.sqrt(math.log(2 / (1 - _CONFIDENCE)) / (2 * sampled))


def _bytes_of(values: _Array) -> int:
    return values.size * _TEXT_BYTES if values.dtype == object else values.nbytes


def _short(values: _Array) -> _Array:
    """Returns text cut off, so that long ones are not kept alive; numbers as they are."""
    if values.dtype != object:
        return values
    found = np.empty(values.shape, object)
    found.ravel()[:] = [item[:_LONGEST] if isinstance(item, (str, bytes)) else item for item in values.ravel().tolist()]
    return found


class RowSample(Generic[_Key]):
    """Keeps some examples of each batch, the same ones of all its tensors.

    Args:
        expected: How many examples will come, where that is known: then those that would be dropped later are not
            copied in the first place. 0: not known.
    """

    def __init__(self, expected: int = 0) -> None:
        self._expected = expected
        self._capacity = 0
        self._shapes: dict[_Key, tuple[tuple[int, ...], np.dtype[Any]]] = {}
        self._priorities: list[U8Words] = []
        self._places: list[I8] = []
        self._rows: dict[_Key, list[_Array]] = {}
        self._held = 0
        self._ordered = False
        self._limit: np.uint64 | None = None

    def add(self, batch: Mapping[_Key, _Array], start: int) -> None:
        """Adds a batch; one whose tensors have another shape or dtype than the first is left out.

        Args:
            batch: ``[n, ...]`` each.
            start: Index of its first example.
        """
        if not batch:
            return
        shapes = {key: (values.shape[1:], values.dtype) for key, values in batch.items()}
        if not self._shapes:
            self._shapes = shapes
            self._rows = {key: [] for key in shapes}
            size = sum(_bytes_of(values[:1]) for values in batch.values())
            self._capacity = min(_MOST_EXAMPLES, max(_LEAST_EXAMPLES, _MOST_BYTES // max(size, 1)))
            self._limit = self._first_limit()
        if shapes != self._shapes:
            return
        n = len(next(iter(batch.values())))
        priorities = mixed(np.arange(start, start + n, dtype=np.uint64))
        if self._limit is None and n > self._capacity:
            self._limit = np.partition(priorities, self._capacity)[self._capacity]
        chosen = np.arange(n) if self._limit is None else np.flatnonzero(priorities < self._limit)
        self._keep(priorities[chosen], chosen + start, {key: _short(values[chosen]) for key, values in batch.items()})

    def _first_limit(self) -> np.uint64 | None:
        """Returns the priority below which there are more than enough of the expected examples; None: of any."""
        enough = self._capacity + _MARGIN * math.sqrt(self._capacity)
        return np.uint64(enough / self._expected * 2**64) if enough < self._expected else None

    def merge(self, other: RowSample[_Key]) -> None:
        """Adds the sample of other examples."""
        if not self._shapes:
            self._shapes, self._capacity = other._shapes, other._capacity
            self._rows = {key: [] for key in self._shapes}
        if other._shapes == self._shapes and other._held:
            priorities, places = np.concatenate(other._priorities), np.concatenate(other._places)
            self._keep(priorities, places, {key: np.concatenate(rows) for key, rows in other._rows.items()})

    def _keep(self, priorities: U8Words, places: I8, rows: Mapping[_Key, _Array]) -> None:
        if not len(priorities):
            return
        self._priorities.append(priorities)
        self._places.append(places.astype(np.int64))
        for key, values in rows.items():
            self._rows[key].append(values)
        self._held += len(priorities)
        self._ordered = False
        if self._held > 2 * self._capacity:
            self._shrink()

    def _shrink(self) -> None:
        priorities = np.concatenate(self._priorities)
        if len(priorities) > self._capacity:
            self._limit = np.partition(priorities, self._capacity)[self._capacity]
            self._take(priorities, np.flatnonzero(priorities < self._limit))

    def _take(self, priorities: U8Words, order: NDArray[np.intp]) -> None:
        self._priorities = [priorities[order]]
        self._places = [np.concatenate(self._places)[order]]
        for key in [*self._rows]:
            self._rows[key] = [np.concatenate(self._rows[key])[order]]
        self._held = len(order)

    def __len__(self) -> int:
        return min(self._held, self._capacity)

    def rows(self) -> dict[_Key, _Array]:
        """Returns the sampled examples of each tensor, ``[len(self), ...]``, in random order."""
        if not self._held:
            return {}
        if not self._ordered:
            priorities = np.concatenate(self._priorities)
            self._take(priorities, np.argsort(priorities)[: self._capacity])
            self._ordered = True
        return {key: parts[0] for key, parts in self._rows.items()}
