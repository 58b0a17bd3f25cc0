"""The same pass on the workers of a Dask cluster: each reads shards, and what they kept is merged.

Counts, extremes, classes, copies and the sampled examples are the same as on one machine. Means and standard deviations
agree to the rounding of float64, because they are added up in another order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tb_inputdiag.datacheck.part_tally import Batch, PartTally, TensorKey
from tb_inputdiag.datacheck.sources import ArraySource, Names, Source
from tb_inputdiag.errors import ConfigurationError

__all__ = ["DaskSource", "is_dask", "read_on_cluster", "tally_of"]

_SHARDS_PER_WORKER = 4
_LEAST_EXAMPLES = 1024
"""Examples of a shard that is cut from arrays in memory."""


def is_dask(value: object) -> bool:
    """Returns whether a value is a Dask array, frame or column."""
    return hasattr(value, "__dask_graph__") and hasattr(value, "to_delayed")


class DaskSource:
    """Dask arrays or frames; each partition is a shard.

    Args:
        x: The inputs.
        y: The targets; None if there are none.
        sample_weight: Weights.
        names: What the model calls them.

    Raises:
        ConfigurationError: if they are not partitioned alike.
    """

    counts_batches = True

    def __init__(self, x: Any, y: Any, sample_weight: Any, names: Names) -> None:
        self.names = names
        self.columns: Mapping[TensorKey, tuple[str, ...]] = {}
        parts = [_partitions(item, x) for item in (x, y, sample_weight)]
        lengths = {len(item) for item in parts if item}
        if len(lengths) > 1:
            raise ConfigurationError(
                f"Dask inputs and targets must have the same partitions. Received: {len(parts[0])} of x, "
                f"{len(parts[1])} of y. Repartition them: y = y.repartition(npartitions=x.npartitions)."
            )
        self.total = len(parts[0])
        self.shards: list[tuple[Any, ...]] = [
            tuple(item[i] if item else None for item in parts) for i in range(self.total)
        ]
        """The delayed parts of ``x, y, sample_weight`` of each shard."""

    def __iter__(self) -> Iterator[Batch]:
        for shard in self.shards:
            x, y, weight = (None if item is None else item.compute() for item in shard)
            source = ArraySource(x, y, weight, self.names)
            self.columns = source.columns
            yield from source


def _partitions(value: Any, like: Any) -> list[Any]:
    """Returns the delayed parts of a Dask array or frame along its first axis."""
    if value is None:
        return []
    if not is_dask(value):
        raise ConfigurationError(f"x and y must both be of Dask, or neither. Received: {type(value).__name__}.")
    if hasattr(value, "rechunk"):
        whole = dict.fromkeys(range(1, value.ndim), -1)
        rows = like.chunks[0] if hasattr(like, "chunks") else value.chunks[0]
        value = value.rechunk({0: rows, **whole})
    found = value.to_delayed()
    return list(found.ravel() if hasattr(found, "ravel") else found)


def tally_of(
    x: Any, y: Any = None, sample_weight: Any = None, names: Names | None = None, first_example: int = 0
) -> PartTally:
    """Returns what a pass over one shard keeps.

    Args:
        x: The inputs, as arrays or frames.
        y: The targets.
        sample_weight: Weights.
        names: What the model calls them.
        first_example: Examples in the shards before this one.
    """
    source = ArraySource(x, y, sample_weight, names)
    tally = PartTally(first_example)
    for batch in source:
        tally.add(batch, source.columns)
    return tally


def _tally_between(source: ArraySource, first: int) -> PartTally:
    tally = PartTally(first)
    for batch in source:
        tally.add(batch, source.columns)
    return tally


def read_on_cluster(client: Any, source: Source) -> PartTally:
    """Returns what a pass over all shards keeps.

    Args:
        client: A `dask.distributed.Client`.
        source: Arrays, or Dask collections.

    Raises:
        ConfigurationError: if the source can only be read from front to back.
    """
    if isinstance(source, ArraySource):
        futures = _submit_arrays(client, source)
    elif isinstance(source, DaskSource):
        futures = _submit_partitions(client, source)
    else:
        raise ConfigurationError(
            "With client=, x and y must be arrays in memory, or Dask arrays or frames. A data set or generator can "
            f"only be read from front to back. Received: {type(source).__name__}."
        )
    total = futures[0].result()
    for future in futures[1:]:  # in the order of the examples
        total.merge(future.result())
    merged: PartTally = total
    return merged


def _submit_arrays(client: Any, source: ArraySource) -> Sequence[Any]:
    workers = max(1, sum(client.nthreads().values()))
    step = max(_LEAST_EXAMPLES, -(-source.total // (workers * _SHARDS_PER_WORKER)))
    starts = range(0, source.total, step)
    return [client.submit(_tally_between, source.part(first, first + step), first, pure=False) for first in starts]


def _submit_partitions(client: Any, source: DaskSource) -> Sequence[Any]:
    parts = [tuple(None if item is None else client.compute(item) for item in shard) for shard in source.shards]
    lengths = client.gather([client.submit(len, shard[0], pure=False) for shard in parts])
    starts = [sum(lengths[:i]) for i in range(len(lengths))]
    return [
        client.submit(tally_of, *shard, source.names, first, pure=False)
        for shard, first, n in zip(parts, starts, lengths, strict=True)
        if n
    ]
