"""Fingerprints of whole examples: equal examples have equal ones, in every part of a data set and on every machine.

An example is read as words of 32 bits, and up to 64 of these at a time are multiplied by four columns of random weights
below ``2**16``. In float64 these sums are exact, whatever the order of their terms, so any matrix product will do.
Two different stretches have the same four sums with a probability of at most ``2**-64`` (a universal hash: Carter and
Wegman 1979). The sums of all stretches become one number of 64 bits, linearly modulo ``2**64`` after their upper bits
are folded into the lower ones. Among two million examples, two different ones share a fingerprint with a probability of
1e-7 if all bits count; of float32 or float64 values that are small whole numbers, whose lower bits are 0, about 1e-4.

Of more examples, those with a fingerprint in one half of all numbers are kept, then in a quarter, and so on. All copies
of an example are kept or none, so what is found there is an unbiased share of the whole (Gibbons and Tirthapura,
"Estimating simple functions on the union of data streams", 2001).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.records import F8, I8

__all__ = ["Copies", "Fingerprints", "fingerprints", "mixed"]

MAX_KEPT = 1 << 21
"""Fingerprints that are kept: 48 MB with their indices and those of the targets."""

_STRETCH = 64
"""Words of 32 bits that are added up: with weights of 16 bits, their sum stays below ``2**53``."""
_SUMS = 4
_WEIGHT_BITS = 16
_VALUES = 1 << 16
"""Words that are multiplied at once: they stay in the cache, and BLAS begins no threads for so few."""
_FOLD = np.uint64(21)
_NEXT = np.uint64(31)
_OTHER_BITS = np.uint64(24)
"""What shifts a number by more than the bits of its bucket: there are at most `MAX_KEPT` numbers."""

_Array = NDArray[Any]
U8Words = NDArray[np.uint64]


def mixed(numbers: U8Words) -> U8Words:
    """Returns numbers whose bits all depend on all bits of the given ones: the finalizer of SplitMix64.

    Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014).
    """
    z = numbers + np.uint64(0x9E3779B97F4A7C15)
    upper = np.empty_like(z)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1)):
        np.right_shift(z, np.uint64(shift), out=upper)
        np.bitwise_xor(z, upper, out=z)
        if factor > 1:
            np.multiply(z, np.uint64(factor), out=z)
    return np.asarray(z)


class _Weights(NamedTuple):
    """How the words of an example become one number."""

    words: F8
    """``[stretch, sums]``, the same for each stretch."""
    sums: U8Words
    """``[stretches * sums]``: odd factors."""


@cache
def _weights(words: int) -> _Weights:
    """Returns the weights of examples of so many words, which are cut into stretches of nearly equal lengths."""
    rng = np.random.default_rng(20_011)
    stretches = -(-words // _STRETCH)
    weights = rng.integers(0, 1 << _WEIGHT_BITS, (-(-words // stretches), _SUMS)).astype(np.float64)
    return _Weights(weights, rng.integers(1, 2**63, stretches * _SUMS, np.uint64) * np.uint64(2) + np.uint64(1))


def fingerprints(arrays: Sequence[_Array]) -> U8Words:
    """Returns ``uint64[n]``: one number for each example.

    Args:
        arrays: The inputs, ``[n, ...]`` each: numbers, or fingerprints of text as uint64.
    """
    total = np.zeros(len(arrays[0]), np.uint64)
    for array in arrays:
        total = mixed(total * _NEXT + _of_rows(array))
    return total


def _of_rows(array: _Array) -> U8Words:
    rows = np.ascontiguousarray(array).reshape(len(array), -1)
    width = rows.shape[1] * rows.itemsize
    found = np.zeros(len(rows), np.uint64)
    if not width or not len(rows):
        return found
    if width <= 8:  # one word, which is its own number
        found.view(np.uint8).reshape(len(rows), 8)[:, :width] = rows.view(np.uint8)
        return found
    words = -(-width // 4)
    step = min(max(1, _VALUES // words), len(rows))
    scratch = _Scratch(step, words)
    padded = np.zeros((step, words * 4), np.uint8) if width % 4 else None
    for start in range(0, len(rows), step):
        some = rows[start : start + step]
        if padded is None:
            values = some.view(np.int32)
        else:
            padded[: len(some), :width] = some.view(np.uint8)
            values = padded[: len(some)].view(np.int32)
        scratch.mix(values, found[start : start + len(some)])
    return found


class _Scratch:
    """Arrays that are used again for every few rows.

    Args:
        rows: The most rows.
        words: Words of a row.
    """

    def __init__(self, rows: int, words: int) -> None:
        self._weights = _weights(words)
        stretch, stretches = len(self._weights.words), len(self._weights.sums) // _SUMS
        # what is beyond the last word of a row stays 0
        self._words = np.zeros((rows, stretches * stretch))
        self._sums = np.empty((rows * stretches, _SUMS))
        self._mixed = np.empty((rows, stretches * _SUMS), np.uint64)
        self._upper = np.empty_like(self._mixed)

    def mix(self, values: NDArray[np.int32], out: U8Words) -> None:
        """Writes the number of each row of ``[n, words]``."""
        n, words = values.shape
        weights, mixed_sums, upper = self._weights, self._mixed[:n], self._upper[:n]
        np.copyto(self._words[:n, :words], values)
        sums = self._sums[: mixed_sums.size // _SUMS]
        # all stretches of all rows in one product
        np.matmul(self._words[:n].reshape(len(sums), -1), weights.words, out=sums)
        # through int64: what a negative float becomes as an unsigned number depends on the machine
        np.copyto(mixed_sums.view(np.int64), sums.reshape(n, -1), casting="unsafe")
        np.right_shift(mixed_sums, _FOLD, out=upper)
        np.bitwise_xor(mixed_sums, upper, out=mixed_sums)
        np.matmul(mixed_sums, weights.sums, out=out)


class Copies(NamedTuple):
    """Examples that are equal to others."""

    examples: I8
    originals: I8
    relabelled: int
    """Those whose target differs from that of their original."""


class Fingerprints:
    """The fingerprints of the examples of one part."""

    def __init__(self) -> None:
        self.seen = 0
        self.level = 0
        """Only fingerprints whose lowest so many bits are 0 are kept."""
        self._parts: list[tuple[U8Words, I8, U8Words]] = []
        self._kept = 0

    @property
    def share(self) -> float:
        """The share of the examples that are kept, on average."""
        return float(0.5**self.level)

    def add(self, inputs: U8Words, targets: U8Words, start: int) -> None:
        """Adds the fingerprints of the inputs and the targets of some examples."""
        self.seen += len(inputs)
        self._parts.append((inputs, np.arange(start, start + len(inputs), dtype=np.int64), targets))
        if self.level:
            self._parts[-1] = self._thinned(self._parts[-1])
        self._kept += len(self._parts[-1][0])
        self._shrink()

    def merge(self, other: Fingerprints) -> None:
        """Adds those of later examples of the same part."""
        self.seen += other.seen
        self._parts += other._parts
        self.level = max(self.level, other.level)
        self._rethin()
        self._shrink()

    def _shrink(self) -> None:
        while self._kept > MAX_KEPT:
            self.level += 1
            self._rethin()

    def _rethin(self) -> None:
        self._parts = [self._thinned(part) for part in self._parts]
        self._kept = sum(len(part[0]) for part in self._parts)

    def _thinned(self, part: tuple[U8Words, I8, U8Words]) -> tuple[U8Words, I8, U8Words]:
        keep = (part[0] & np.uint64((1 << self.level) - 1)) == 0
        return part[0][keep], part[1][keep], part[2][keep]

    def _all(self) -> tuple[U8Words, I8, U8Words]:
        """Returns all of them in the order of the examples, as one part."""
        if len(self._parts) != 1:
            joined = [np.concatenate([part[i] for part in self._parts] or [np.zeros(0, np.uint64)]) for i in range(3)]
            self._parts = [(joined[0], joined[1].astype(np.int64), joined[2])]
        return self._parts[0]

    def copies(self) -> Copies:
        """Returns the examples that are equal to an earlier one."""
        inputs = np.concatenate([np.zeros(0, np.uint64), *(part[0] for part in self._parts)])
        alike = _crowded(inputs)
        alike = alike[_crowded(inputs[alike] << _OTHER_BITS)]
        order = alike[np.argsort(inputs[alike], kind="stable")]
        again = np.zeros(len(order), bool)
        again[1:] = inputs[order[1:]] == inputs[order[:-1]]
        if not again.any():
            none = np.zeros(0, np.int64)
            return Copies(none, none, 0)
        # each run of equal ones begins where `again` is False
        firsts = order[np.maximum.accumulate(np.where(again, 0, np.arange(len(order))))]
        copies, originals = order[again], firsts[again]
        _, places, targets = self._all()
        by_place = np.argsort(places[copies])
        copies, originals = copies[by_place], originals[by_place]
        return Copies(places[copies], places[originals], int((targets[copies] != targets[originals]).sum()))

    def shared_with(self, other: Fingerprints) -> Copies:
        """Returns the examples that are equal to one of another part."""
        inputs, places, targets = self._all()
        theirs, their_places, their_targets = other._all()
        level = max(self.level, other.level)
        # sorted numbers are looked up in the cache
        mine = np.sort(inputs)
        common = mine[_among(mine, np.sort(theirs))]
        common = common[(common & np.uint64((1 << level) - 1)) == 0]
        same, candidates = np.flatnonzero(_among(inputs, common)), np.flatnonzero(_among(theirs, common))
        order = candidates[np.argsort(theirs[candidates], kind="stable")]
        found = order[np.searchsorted(theirs[order], inputs[same])]
        other_label = int((targets[same] != their_targets[found]).sum())
        return Copies(places[same], their_places[found], other_label)


def _crowded(numbers: U8Words) -> NDArray[np.intp]:
    """Returns the places of the numbers that share a bucket with others: all equal ones, and a few more.

    There are 4 to 8 times as many buckets as numbers. To sort all numbers takes longer.
    """
    bits = (4 * len(numbers)).bit_length()
    # the lower bits of those that are kept may all be 0
    buckets = (numbers >> np.uint64(64 - bits)).astype(np.intp)
    places = np.arange(len(numbers), dtype=np.int32)
    last = np.empty(1 << bits, np.int32)
    last[buckets] = places
    crowded = np.zeros(1 << bits, bool)
    crowded[buckets[last[buckets] != places]] = True
    return np.flatnonzero(crowded[buckets])


def _among(numbers: U8Words, known: U8Words) -> NDArray[np.bool_]:
    """Returns for each number whether it is among `known`, which are sorted."""
    if not len(known):
        return np.zeros(len(numbers), bool)
    at = np.minimum(np.searchsorted(known, numbers), len(known) - 1)
    return np.asarray(known[at] == numbers)
