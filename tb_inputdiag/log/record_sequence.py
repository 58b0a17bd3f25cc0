"""The records of one session in the order in which they were logged."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from tb_inputdiag.log.blocks import Array
from tb_inputdiag.log.codec import STREAMS, Chunk, Numbered, build_samples
from tb_inputdiag.log.column_reader import ColumnReader
from tb_inputdiag.log.index import StoredPayload
from tb_inputdiag.log.payload_reader import PayloadReader
from tb_inputdiag.records import Record

__all__ = ["RecordSequence"]

_PARTS = ("tensors", "weights", "layers")
"""Tables whose chunks belong to a chunk of samples."""

_Parts: TypeAlias = Mapping[str, Mapping[tuple[int, int, int, int], StoredPayload]]
"""Table -> `StoredPayload.key` -> payload."""


class RecordSequence:
    """Merges the streams of one session.

    Args:
        payloads: Decodes the session's payloads.
        columns: Reads its tables.
    """

    def __init__(self, payloads: PayloadReader, columns: ColumnReader) -> None:
        self._payloads = payloads
        self._columns = columns

    def numbered(self, since: int, until: int | None) -> Iterator[Numbered]:
        """Yields the records from sequence number `since` to before `until`; all that follow if it is None."""
        by_stream = self._payloads.index.payloads
        parts = {stream: {payload.key: payload for payload in by_stream[stream]} for stream in _PARTS}
        streams = [stream for stream in STREAMS if stream not in parts]
        payloads = [item for stream in streams for item in by_stream[stream] if item.header.last >= since]
        payloads.sort(key=lambda payload: payload.header.first)
        ready: list[tuple[int, Record]] = []
        for payload in payloads:
            while ready and ready[0][0] < payload.header.first:
                yield Numbered(*heapq.heappop(ready))
            if until is not None and payload.header.first >= until:
                break
            for item in self._decode(payload, parts):
                if item.seq >= since and (until is None or item.seq < until):
                    # Sequence numbers are unique, so records are never compared.
                    heapq.heappush(ready, (item.seq, item.record))
        while ready:
            yield Numbered(*heapq.heappop(ready))

    def _decode(self, payload: StoredPayload, parts: _Parts) -> list[Numbered]:
        if payload.stream == "losses":
            return self._payloads.attempt(payload, Chunk.losses) or []
        if payload.stream != "samples":
            return self._payloads.documents(payload)
        samples = self._payloads.attempt(payload, self._columns.table)
        if samples is None:
            return []
        found = {table: self._part(by_key.get(payload.key)) for table, by_key in parts.items()}
        return self._payloads.attempt_on(payload, build_samples, samples, **found) or []

    def _part(self, payload: StoredPayload | None) -> Mapping[str, Array] | None:
        """Returns all columns of a table that belongs to a chunk of samples; None if there is none, or it is lost."""
        if payload is None:
            return None
        return self._payloads.attempt(payload, lambda chunk: dict(self._columns.table(chunk)))
