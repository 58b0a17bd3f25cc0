"""Everything that one pass over a part of a data set keeps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.datacheck.beside import Beside
from tb_inputdiag.datacheck.fingerprints import Fingerprints, fingerprints
from tb_inputdiag.datacheck.row_sample import RowSample
from tb_inputdiag.datacheck.tensor_tally import TensorTally
from tb_inputdiag.datacheck.text_tally import TextTally, count_whole
from tb_inputdiag.records import Role
from tb_inputdiag.statistics.namespace import is_numeric

__all__ = ["Batch", "PartTally", "TensorKey"]


class TensorKey(NamedTuple):
    """Which tensor of a batch."""

    role: Role
    name: str


Batch: TypeAlias = Mapping[TensorKey, NDArray[Any]]
"""The tensors of a batch, each with the examples along its first axis."""


class PartTally:
    """Statistics of one part of a data set. Parts of a part can be read apart and merged.

    Args:
        first_example: Index of the first example that comes; not 0 for a shard.
        expected: How many examples will come; 0: not known.
    """

    def __init__(self, first_example: int = 0, expected: int = 0) -> None:
        self.examples = 0
        self.n_bytes = 0
        self.tensors: dict[TensorKey, TensorTally | TextTally] = {}
        self.classes: dict[TensorKey, Counter[int] | None] = {}
        """Whole numbers in targets -> examples; None: the target does not hold classes."""
        self.sample: RowSample[TensorKey] = RowSample(expected)
        self.fingerprints = Fingerprints()
        self._first_example = first_example
        self._beside = Beside()

    def add(self, batch: Batch, columns: Mapping[TensorKey, tuple[str, ...]]) -> None:
        """Adds a batch.

        Args:
            batch: Its tensors; all have the same number of examples.
            columns: Names of columns, where they have some.
        """
        start, n = self._first_example + self.examples, len(next(iter(batch.values())))
        n_bytes = sum(values.nbytes for values in batch.values())
        hashed = {
            key: values if is_numeric(values.dtype.name) else self._text_tally(key).add(values, start)
            for key, values in batch.items()
        }
        inputs, targets = ([hashed[key] for key in batch if key.role == role] for role in ("input", "target"))
        wait = self._beside.begin(lambda: self._see_examples(batch, inputs, targets, start), n_bytes)
        for key, values in batch.items():
            if is_numeric(values.dtype.name):
                self._number_tally(key, values, columns).add(values, start)
                if key.role == "target" and values.size == n:
                    self.classes[key] = count_whole(self.classes.get(key, Counter()), values)
        wait()
        self.n_bytes += n_bytes
        self.examples += n

    def _see_examples(self, batch: Batch, inputs: list[NDArray[Any]], targets: list[NDArray[Any]], start: int) -> None:
        """Adds what is known of examples as a whole."""
        self.sample.add(batch, start)
        if inputs:
            labels = fingerprints(targets) if targets else np.zeros(len(inputs[0]), np.uint64)
            self.fingerprints.add(fingerprints(inputs), labels, start)

    def _number_tally(
        self, key: TensorKey, values: NDArray[Any], columns: Mapping[TensorKey, tuple[str, ...]]
    ) -> TensorTally:
        found = self.tensors.get(key)
        if not isinstance(found, TensorTally):
            found = self.tensors[key] = TensorTally(key.name, key.role, values, columns.get(key, ()))
        return found

    def _text_tally(self, key: TensorKey) -> TextTally:
        found = self.tensors.get(key)
        if not isinstance(found, TextTally):
            found = self.tensors[key] = TextTally(key.name, key.role)
        return found

    def merge(self, other: PartTally) -> None:
        """Adds a tally of later examples.

        Raises:
            ValueError: if the other one has tensors of other kinds or columns.
        """
        for key, theirs in other.tensors.items():
            match self.tensors.setdefault(key, theirs):
                case mine if mine is theirs:
                    continue
                case TensorTally() as mine if isinstance(theirs, TensorTally):
                    mine.merge(theirs)
                case TextTally() as mine if isinstance(theirs, TextTally):
                    mine.merge(theirs)
                case _:
                    raise ValueError(f"'{key.name}' holds numbers in one shard and text in another.")
        for key, counts in other.classes.items():
            known = self.classes.setdefault(key, Counter())
            self.classes[key] = None if known is None or counts is None else known + counts
        self.examples += other.examples
        self.n_bytes += other.n_bytes
        self.sample.merge(other.sample)
        self.fingerprints.merge(other.fingerprints)
