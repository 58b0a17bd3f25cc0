"""Categories of text columns and of targets: how many examples each has."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.datacheck.fingerprints import U8Words, mixed
from tb_inputdiag.datacheck.tensor_tally import MAX_EXAMPLES_LISTED
from tb_inputdiag.records import I8, Role

__all__ = ["MAX_CATEGORIES", "TextTally", "count_whole", "text_of"]

MAX_CATEGORIES = 1 << 16
"""Different categories that are counted. A column with more is a name or a text, not a category."""
_LONGEST = 200
"""Characters of a category that are kept."""


def text_of(value: object) -> str | None:
    """Returns a category as text; None if it is missing."""
    if value is None or value != value or type(value).__name__ in ("NAType", "NaTType"):
        return None
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


class TextTally:
    """One tensor or column of text over all examples.

    Args:
        name: Its name.
        role: What it is to the model.
    """

    def __init__(self, name: str, role: Role) -> None:
        self.name = name
        self.role = role
        self.examples = 0
        self.counts: Counter[str] | None = Counter()
        """Category -> examples; None: there are too many."""
        self.missing = 0
        self.bad: list[I8] = []
        self.shape: tuple[int | None, ...] = (None,)

    def add(self, values: NDArray[Any], start: int) -> U8Words:
        """Adds a batch of text.

        Returns:
            A fingerprint of each example.
        """
        self.examples += len(values)
        self.shape = (None, *values.shape[1:])
        flat = [text_of(value) for value in values.ravel().tolist()]
        per_example = max(1, len(flat) // max(len(values), 1))
        gaps = np.asarray([value is None for value in flat], bool).reshape(-1, per_example).any(1)
        if gaps.any():
            self.missing += int(gaps.sum())
            if sum(map(len, self.bad)) < MAX_EXAMPLES_LISTED:
                self.bad.append(start + np.flatnonzero(gaps))
        if self.counts is not None:
            self.counts.update(value[:_LONGEST] for value in flat if value is not None)
            if len(self.counts) > MAX_CATEGORIES:
                self.counts = None
        numbers = {value: _number_of(value) for value in set(flat)}
        words = np.asarray([numbers[value] for value in flat], np.uint64).reshape(-1, per_example)
        places: U8Words = np.arange(per_example, dtype=np.uint64)
        return np.asarray(np.add.reduce(mixed(np.add(words, places)), 1))

    @property
    def bad_examples(self) -> I8:
        """The first examples without text, in order."""
        return np.concatenate([np.zeros(0, np.int64), *self.bad])[:MAX_EXAMPLES_LISTED]

    def merge(self, other: TextTally) -> None:
        """Adds what another tally saw of later examples."""
        self.examples += other.examples
        self.missing += other.missing
        self.bad += other.bad
        if self.counts is not None and other.counts is not None:
            self.counts.update(other.counts)
        if other.counts is None or (self.counts is not None and len(self.counts) > MAX_CATEGORIES):
            self.counts = None


def _number_of(text: str | None) -> int:
    """Returns a number of 64 bits for a text, the same in every process (`hash` is not)."""
    from hashlib import blake2b

    return 0 if text is None else int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def count_whole(counts: Counter[int] | None, values: NDArray[Any]) -> Counter[int] | None:
    """Returns the counts of whole numbers with those of another batch; None if there are others, or too many.

    Args:
        counts: Those so far; None stays None.
        values: Numbers of any dtype and shape.
    """
    if counts is None or not values.size:
        return counts
    found, n = _counted(values)
    if found.dtype.kind == "f" and not (np.isfinite(found).all() and (found == np.rint(found)).all()):
        return None
    counts.update(dict(zip(map(int, found.tolist()), n.tolist(), strict=True)))
    return counts if len(counts) <= MAX_CATEGORIES else None


def _counted(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Returns the different values and how often each comes."""
    if values.dtype.kind in "iu":
        low = int(values.min())
        if int(values.max()) - low < MAX_CATEGORIES:  # counted, which is faster than sorted
            n = np.bincount((values.ravel() - values.dtype.type(low)).astype(np.int64))
            found = np.flatnonzero(n)
            return found + low, n[found]
    return np.unique(values, return_counts=True)
