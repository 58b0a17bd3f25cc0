"""Packs records into payloads."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from tb_inputdiag.log.blocks import crc32c
from tb_inputdiag.log.codec import DOCUMENTS, STREAMS, TABLE, Numbered, pack_payload
from tb_inputdiag.log.documents import to_document
from tb_inputdiag.log.tables import PARTS, SPLITS, encode_table
from tb_inputdiag.records import (
    COLUMNS,
    Alert,
    Cost,
    Images,
    LayerTable,
    Losses,
    Record,
    Sample,
    ShownExamples,
    TensorTable,
    WeightTable,
)

__all__ = ["Encoder", "Payload"]

_ROWS_PER_CHUNK = 512
_BYTES_PER_CHUNK = 4 << 20
"""Keeps events far below the limits of gRPC and of TensorBoard's loaders."""
_Shapes: TypeAlias = tuple[int, tuple[tuple[str, tuple[tuple[int, ...], ...]], ...]]
"""Layout, and the shape of each column of each table."""
_SCALARS = tuple(name for name in COLUMNS["sample"])


class Payload(NamedTuple):
    """The content of one event."""

    stream: str
    rows: int
    data: bytes


def _stream_of(record: Record) -> str:
    match record:
        case Sample():
            return "samples"
        case Losses():
            return "losses"
        case Alert():
            return "alerts"
        case Images() | ShownExamples():
            return "images"
        case Cost():
            return "costs"
        case _:
            return "session"


class Encoder:
    """Packs the records of one session and numbers the payloads of each stream. Not thread-safe.

    Args:
        on_error: Called as ``on_error(records, exception)`` for records that cannot be encoded, e.g. because their
            arrays do not fit the schema. Other records are not affected.
    """

    def __init__(self, on_error: Callable[[Sequence[Record], Exception], None]) -> None:
        self._on_error = on_error
        self.events = dict.fromkeys(STREAMS, 0)
        """Stream -> payloads so far."""
        self.rows = dict.fromkeys(STREAMS, 0)
        """Stream -> records so far; for ``tensors``, ``weights`` and ``layers``: samples that have them."""

    def encode(self, records: Iterable[Numbered]) -> Iterator[Payload]:
        """Yields the payloads of records, given in increasing order of `Numbered.seq`.

        A sample's own columns come after its other tables: a reader that has them can rely on the rest.
        """
        streams: dict[str, list[Numbered]] = {}
        for item in records:
            streams.setdefault(_stream_of(item.record), []).append(item)
        for stream in STREAMS:
            for group in _groups(streams.get(stream, [])):
                try:
                    parts = list(_PACKERS.get(stream, _pack_documents)(stream, group))
                except Exception as error:  # of any kind: a bad record must not stop the log
                    self._on_error([item.record for item in group], error)
                    continue
                for part in parts:
                    yield self._number(part, [item.seq for item in group])

    def _number(self, part: _Part, seqs: Sequence[int]) -> Payload:
        stream = part.stream
        data = pack_payload(part.kind, self.events[stream], part.layout, seqs, part.directory, part.body)
        self.events[stream] += 1
        self.rows[stream] += len(seqs)
        return Payload(stream, len(seqs), data)


class _Part(NamedTuple):
    stream: str
    kind: int
    layout: int
    directory: bytes
    body: bytes


def _groups(items: list[Numbered]) -> Iterator[list[Numbered]]:
    """Yields the records of one chunk each: samples of one layout and equal shapes, of limited size."""
    by_shape: dict[_Shapes | None, list[Numbered]] = {}
    for item in items:
        by_shape.setdefault(_shapes(item.record) if isinstance(item.record, Sample) else None, []).append(item)
    for group in by_shape.values():
        size, start = 0, 0
        for end, item in enumerate(group):
            size += _size(item.record)
            if end > start and (size > _BYTES_PER_CHUNK or end - start == _ROWS_PER_CHUNK):
                yield group[start:end]
                start, size = end, _size(item.record)
        yield group[start:]


def _tables(sample: Sample) -> Iterator[tuple[str, TensorTable | WeightTable | LayerTable]]:
    yield "tensors", sample.tensors
    if sample.weights is not None:
        yield "weights", sample.weights
    if sample.layers is not None:
        yield "layers", sample.layers


def _shapes(sample: Sample) -> _Shapes:
    shapes = tuple(
        (name, tuple(np.shape(getattr(table, column)) for column in COLUMNS[name])) for name, table in _tables(sample)
    )
    return sample.layout, shapes


def _size(record: Record) -> int:
    match record:
        case Sample():
            return sum(getattr(table, column).nbytes for name, table in _tables(record) for column in COLUMNS[name])
        case Losses():
            return record.loss.nbytes + record.step.nbytes
        case Images():
            return record.pixels.nbytes
        case _:
            return 1000  # a rough guess: documents are rare


def _pack_samples(stream: str, group: Sequence[Numbered]) -> Iterator[_Part]:
    samples = [item.record for item in group if isinstance(item.record, Sample)]
    keys = {
        "seq": np.array([item.seq for item in group], np.int64),
        "step": np.array([sample.step for sample in samples], np.int64),
    }
    layout, present = samples[0].layout, dict(_tables(samples[0]))
    for name in present:
        rows = [dict(_tables(sample))[name] for sample in samples]
        columns = {column: np.stack([getattr(row, column) for row in rows]) for column in COLUMNS[name]}
        yield _Part(name, TABLE, layout, *encode_table(name, {**keys, **columns}))
    columns = {name: np.array([getattr(sample, name) for sample in samples]) for name in _SCALARS}
    columns["split"] = np.array([SPLITS.index(sample.split) for sample in samples])
    columns["parts"] = np.full(len(group), sum(PARTS.get(name, 0) for name in present))
    yield _Part(stream, TABLE, layout, *encode_table(stream, {**keys, **columns}))


def _pack_losses(stream: str, group: Sequence[Numbered]) -> Iterator[_Part]:
    losses = [item.record for item in group if isinstance(item.record, Losses)]
    columns = {
        "seq": np.array([item.seq for item in group]),
        "epoch": np.array([record.epoch for record in losses]),
        "n": np.array([len(record.step) for record in losses]),
        "step": np.concatenate([record.step for record in losses]),
        "loss": np.concatenate([record.loss for record in losses]),
    }
    yield _Part(stream, TABLE, -1, *encode_table(stream, columns))


def _pack_documents(stream: str, group: Sequence[Numbered]) -> Iterator[_Part]:
    arrays: list[bytes] = []
    documents = [[item.seq, type(item.record).__name__, to_document(item.record, arrays)] for item in group]
    plain = json.dumps(documents, separators=(",", ":"), allow_nan=False).encode("ascii")
    parts = [zlib.compress(plain), *(zlib.compress(array) for array in arrays)]
    directory = struct.pack("<2I", len(parts[0]), crc32c(parts[0]))
    directory += b"".join(struct.pack("<2I", len(part), crc32c(part)) for part in parts[1:])
    yield _Part(stream, DOCUMENTS, -1, directory, b"".join(parts))


_PACKERS: dict[str, Callable[[str, Sequence[Numbered]], Iterator[_Part]]] = {
    "samples": _pack_samples,
    "losses": _pack_losses,
}
