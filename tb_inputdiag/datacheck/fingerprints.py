"""Fingerprints of whole examples: equal examples have equal ones, in every part of a data set and on every machine.

A fingerprint mixes all bytes of an example: a multiply-shift hash of 64-bit words (Dietzfelbinger et al. 1997), as the
shorter one of `statistics.example_ids`. Among two million examples, two different ones share a fingerprint with a
probability of 1e-7. Of more examples, those with a fingerprint in one half of all numbers are kept, then in a quarter,
and so on. All copies of an example are kept or none, so what is found there is an unbiased share of the whole
(Gibbons and Tirthapura, "Estimating simple functions on the union of data streams", 2001).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.records import I8

__all__ = ["Copies", "Fingerprints", "fingerprints", "mixed"]

MAX_KEPT = 1 << 21
"""Fingerprints that are kept: 48 MB with their indices and those of the targets."""

_WORDS = 1 << 16
"""Words that are mixed at once: they stay in the cache."""
_SHIFT = np.uint64(29)
_NEXT = np.uint64(31)

_Array = NDArray[Any]
U8Words = NDArray[np.uint64]


def mixed(numbers: U8Words) -> U8Words:
    """Returns numbers whose bits all depend on all bits of the given ones: the finalizer of SplitMix64.

    Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (2014).
    """
    z = numbers + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(z ^ (z >> np.uint64(31)))


@cache
def _factors(words: int) -> U8Words:
    return np.random.default_rng(20_011).integers(1, 2**63, words, np.uint64) * np.uint64(2) + np.uint64(1)


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
    words = -(-width // 8)
    if not words:
        return np.zeros(len(rows), np.uint64)
    factors, found = _factors(words), np.empty(len(rows), np.uint64)
    step = max(1, _WORDS // words)
    padded = np.zeros((min(step, len(rows)), words * 8), np.uint8) if width % 8 else None
    work = np.empty((min(step, len(rows)), words), np.uint64)
    high = np.empty_like(work)
    for start in range(0, len(rows), step):
        some = rows[start : start + step]
        if padded is None:
            values = some.view(np.uint64)
        else:
            padded[: len(some), :width] = some.view(np.uint8)
            values = padded[: len(some)].view(np.uint64)
        product, upper = work[: len(some)], high[: len(some)]
        # the lower bits of small numbers in float64 are all 0, and so would be those of a product
        for source, bits in ((values, 32), (product, 16)):
            np.right_shift(source, np.uint64(bits), out=upper)
            np.bitwise_xor(source, upper, out=product)
        np.multiply(product, factors, out=product)
        # the upper half has the good bits of a product
        np.right_shift(product, _SHIFT, out=upper)
        np.bitwise_xor(product, upper, out=product)
        np.add.reduce(product, 1, out=found[start : start + len(some)])
    return found


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
        inputs, places, targets = self._all()
        order = np.argsort(inputs, kind="stable")
        ordered = inputs[order]
        again = np.zeros(len(order), bool)
        again[1:] = ordered[1:] == ordered[:-1]
        # each run of equal ones begins where `again` is False
        firsts = order[np.maximum.accumulate(np.where(again, 0, np.arange(len(order))))]
        copies, originals = order[again], firsts[again]
        by_place = np.argsort(places[copies])
        copies, originals = copies[by_place], originals[by_place]
        return Copies(places[copies], places[originals], int((targets[copies] != targets[originals]).sum()))

    def shared_with(self, other: Fingerprints) -> Copies:
        """Returns the examples that are equal to one of another part."""
        inputs, places, targets = self._all()
        theirs, their_places, their_targets = other._all()
        level = max(self.level, other.level)
        order = np.argsort(theirs, kind="stable")
        at = np.minimum(np.searchsorted(theirs[order], inputs), max(len(theirs) - 1, 0))
        if not len(theirs) or not len(inputs):
            return Copies(np.zeros(0, np.int64), np.zeros(0, np.int64), 0)
        found = order[at]
        same = (theirs[found] == inputs) & ((inputs & np.uint64((1 << level) - 1)) == 0)
        other_label = int((targets[same] != their_targets[found[same]]).sum())
        return Copies(places[same], their_places[found[same]], other_label)
