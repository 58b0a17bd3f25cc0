"""Reads columns of a session's tables, and keeps the ones that were read last."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from tb_inputdiag.errors import LogCorruptError
from tb_inputdiag.log.blocks import Array
from tb_inputdiag.log.codec import Chunk
from tb_inputdiag.log.payload_reader import PayloadReader
from tb_inputdiag.log.tables import Columns
from tb_inputdiag.records import Layout, layout_sizes

__all__ = ["END_CHUNKS", "ColumnReader", "evenly_spaced"]

_T = TypeVar("_T")

END_CHUNKS = 4
"""Chunks at an end of a table that are looked at for its steps."""
_CACHE_BYTES = 64 << 20
"""Decoded columns that are kept."""


class ColumnReader:
    """Reads columns of a session's tables.

    Args:
        payloads: Decodes the session's payloads.
    """

    def __init__(self, payloads: PayloadReader) -> None:
        self._payloads = payloads
        self._cache: OrderedDict[tuple[str, int, str], list[Array | None]] = OrderedDict()
        self._cached_bytes = 0
        self._sizes: dict[int, dict[str, int]] = {}
        self._sizes_known = -1

    def table(self, chunk: Chunk) -> Columns:
        """Returns the columns of a chunk, which are sure to have the rows that its layout names.

        Raises:
            LogCorruptError: if the chunk is damaged or does not fit its layout.
        """
        columns, layout = chunk.columns, chunk.header.layout
        expected = self._sizes_of(layout)
        for name, size in columns.sizes.items():
            if expected.get(name, size) != size:
                raise LogCorruptError(
                    f"A chunk of {chunk.stream} has {size} rows ({name}); its layout {layout} names {expected[name]}."
                )
        return columns

    def _sizes_of(self, layout: int) -> Mapping[str, int]:
        known = len(self._payloads.index.payloads["session"])
        if layout not in self._sizes and layout >= 0 and known != self._sizes_known:
            self._sizes = {item.id: layout_sizes(item) for item in self._payloads.all_of(Layout)}
            self._sizes_known = known
        return self._sizes.get(layout, {})

    def columns(self, stream: str, layout: int, names: Sequence[str]) -> list[tuple[Array, ...]]:
        """Returns some columns of each chunk of a table that belongs to one layout.

        Chunks in which one of the columns is damaged are left out.

        Args:
            stream: A key of `tables.TABLES`.
            layout: `Layout.id`; -1 for losses.
            names: The columns.
        """
        payloads = [item for item in self._payloads.index.payloads[stream] if item.header.layout == layout]
        cached = [self._cache.pop((stream, layout, name), []) for name in names]
        for place, payload in enumerate(payloads):
            wanted = [i for i, parts in enumerate(cached) if len(parts) == place]
            if not wanted:
                continue
            chunk = self._payloads.attempt(payload, self.table)
            for i in wanted:
                part = None if chunk is None else self._payloads.attempt_on(payload, chunk.__getitem__, names[i])
                cached[i].append(part)
                self._cached_bytes += 0 if part is None else part.nbytes
        self._keep(stream, layout, dict(zip(names, cached, strict=True)))
        return [row for row in zip(*cached, strict=True) if not any(part is None for part in row)]

    def _keep(self, stream: str, layout: int, columns: Mapping[str, list[Array | None]]) -> None:
        for name, parts in columns.items():
            self._cache[stream, layout, name] = parts
        while self._cached_bytes > _CACHE_BYTES and len(self._cache) > len(columns):
            _, oldest = self._cache.popitem(last=False)
            self._cached_bytes -= sum(part.nbytes for part in oldest if part is not None)

    def end_steps(self, *, last: bool) -> Iterator[Array]:
        """Yields the training steps of the first or last chunks of samples, and of one of losses.

        The chunks at an end of the samples may belong to several layouts, and only one is that of training.
        """
        for stream in ("samples", "losses"):
            payloads = self._payloads.index.payloads[stream]
            for payload in reversed(payloads[-END_CHUNKS:]) if last else payloads[:END_CHUNKS]:
                found = self._payloads.attempt(payload, _train_steps)
                if found is not None and len(found):
                    yield found
                    if stream == "losses":
                        break

    def loss_outline(self, chunks: int = 64) -> list[Array]:
        """Returns the losses of some chunks, evenly spaced, with the first and the last: enough for a small curve.

        Of a remote log it takes those that outlines hold, and fetches no file for it.

        Args:
            chunks: How many; a run of a million steps has thousands.
        """
        payloads = [payload for payload in self._payloads.index.payloads["losses"] if payload.quick]
        chosen = evenly_spaced(payloads, chunks)
        found = [self._payloads.attempt(payload, lambda chunk: chunk.columns["loss"]) for payload in chosen]
        return [part for part in found if part is not None and len(part)]


def evenly_spaced(items: Sequence[_T], most: int) -> list[_T]:
    """Returns at most `most` of the items, evenly spaced, with the first and the last one."""
    last = len(items) - 1
    return [items[place] for place in sorted({round(i * last / (most - 1)) for i in range(most)})] if items else []


def _train_steps(chunk: Chunk) -> Array:
    """Returns the training steps of a chunk of losses or samples; those of validation are left out."""
    columns = chunk.columns
    return columns["step"] if "split" not in columns else columns["step"][columns["split"] == 0]
