"""Small batches put together: what a batch costs beside its values is paid less often."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from tb_inputdiag.datacheck.part_tally import Batch
from tb_inputdiag.statistics.namespace import is_numeric

__all__ = ["gathered"]

_ENOUGH_BYTES = 1 << 20


def gathered(batches: Iterable[Batch]) -> Iterator[tuple[int, Batch]]:
    """Yields batches of the same examples in the same order, of a megabyte or more where they fit together.

    Batches of other shapes or dtypes, and of text, whose size is not known, stay as they are.

    Args:
        batches: Batches. A generator may write the next one into the same memory.

    Yields:
        How many of the batches have been read, and a batch.
    """
    waiting: list[Batch] = []
    n_bytes = read = 0
    for batch in batches:
        if waiting and not (_is_numeric(batch) and _kinds(batch) == _kinds(waiting[0])):
            yield read, _joined(waiting)
            waiting, n_bytes = [], 0
        read += 1
        size = sum(values.nbytes for values in batch.values())
        if not waiting and (size >= _ENOUGH_BYTES or not _is_numeric(batch)):
            yield read, batch
            continue
        waiting.append({key: values.copy() for key, values in batch.items()})
        n_bytes += size
        if n_bytes >= _ENOUGH_BYTES:
            yield read, _joined(waiting)
            waiting, n_bytes = [], 0
    if waiting:
        yield read, _joined(waiting)


def _is_numeric(batch: Batch) -> bool:
    return all(is_numeric(values.dtype.name) for values in batch.values())


def _kinds(batch: Batch) -> object:
    return {key: (values.shape[1:], values.dtype) for key, values in batch.items()}


def _joined(batches: list[Batch]) -> Batch:
    return {key: np.concatenate([batch[key] for batch in batches]) for key in batches[0]}
