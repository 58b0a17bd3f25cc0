"""Records to the bytes of events and back, without any file.

An event of the log is a tag ``<session>/<stream>/<segment>``, a step (its number within the session) and a payload, a
vector of bytes. The TensorBoard plugin gets them from TensorBoard's data provider, the reader from the files. Both
decode them here. `docs/log-format.md` describes the bytes.
"""

from __future__ import annotations

import json
import re
import struct
import time
import uuid
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from tb_inputdiag.errors import ConfigurationError, LogCorruptError, LogVersionError
from tb_inputdiag.log import migrate
from tb_inputdiag.log.blocks import Array, crc32c
from tb_inputdiag.log.documents import from_document
from tb_inputdiag.log.tables import SPLITS, TABLES, Columns, EncodedColumns
from tb_inputdiag.numbers import size_bytes
from tb_inputdiag.records import (
    COLUMNS,
    SCHEMA_VERSION,
    LayerTable,
    Losses,
    Record,
    Sample,
    TensorTable,
    WeightTable,
)

__all__ = [
    "DOCUMENTS",
    "EVENTS_PER_TAG",
    "HEAD",
    "PLUGIN_NAME",
    "STREAMS",
    "TABLE",
    "Chunk",
    "Head",
    "Header",
    "Numbered",
    "Tag",
    "build_samples",
    "decode_event",
    "encode_head",
    "new_session_id",
    "pack_payload",
    "parse_tag",
    "peek",
    "validate_session",
]

PLUGIN_NAME = "inputdiag"
STREAMS = ("session", "alerts", "images", "costs", "losses", "tensors", "weights", "layers", "samples")
"""Streams that hold records. Add new ones at the end: `Head` lists its counts in this order."""
EVENTS_PER_TAG = 8
"""TensorBoard keeps at least 10 events of a tag, with each of its loaders and with all flags."""

FORMAT_VERSION = 1
"""Version of the bytes around the records; `SCHEMA_VERSION` is the version of the records."""
_MAGIC = 0xD1
_HEADER = struct.Struct("<BBBBIIIiqqI")
"""Magic, format, schema, kind, checksum of the rest of the header, length of the header, number of the event in its
stream, layout or -1, first and last sequence number, rows."""
_CHECKED_FROM = 8
_MAX_JSON = 1 << 24
"""Bytes of the JSON of one payload: the facts of a model with tens of thousands of layers. As Python objects it takes
up to twenty times as much."""
_FREE_JSON = 1 << 20
_MOST_PER_BYTE = 400
"""Bytes of JSON for each compressed byte. The facts of 20,000 equal layers have 110; zlib can reach 1,000."""
_MAX_ARRAY = 1 << 28
"""Bytes of one array that belongs to a document."""
_SESSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,199}")


class Tag(NamedTuple):
    """A TensorBoard tag of the log."""

    session: str
    stream: str
    segment: int

    def __str__(self) -> str:
        return f"{self.session}/{self.stream}/{self.segment}"


def parse_tag(tag: str) -> Tag | None:
    """Returns the parts of a tag, or None if it belongs to another plugin."""
    parts = tag.split("/")
    if len(parts) != 3 or not parts[2].isdecimal() or len(parts[2]) > 12 or not _SESSION.fullmatch(parts[0]):
        return None
    return Tag(parts[0], parts[1], int(parts[2]))


def new_session_id() -> str:
    """Returns an id that no other session has; ids sort by time."""
    return f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{uuid.uuid4().hex[:6]}"


def validate_session(session: str) -> str:
    """Returns the session's id if it can be part of a tag.

    Raises:
        ConfigurationError: if it cannot.
    """
    if not isinstance(session, str) or not _SESSION.fullmatch(session):
        raise ConfigurationError(
            "session must be a string of letters, digits and '._+-', e.g. '20261123T231405-1a2b3c'. "
            f"Received: {session!r}."
        )
    return session


class Numbered(NamedTuple):
    """A record with its place in the order of its session."""

    seq: int
    record: Record


# --------------------------------------------------------------------------------------------------
# The payload


class Header(NamedTuple):
    """The header of a payload."""

    schema: int
    kind: int
    length: int
    """Bytes of the header with its directory."""
    number: int
    """Number of the payload in its stream: 0, 1, 2, ..."""
    layout: int
    first: int
    last: int
    """Sequence numbers of the first and the last record."""
    rows: int


DOCUMENTS, TABLE, HEAD = 1, 2, 3
"""Kinds of payloads."""


def pack_payload(kind: int, number: int, layout: int, seqs: Sequence[int], directory: bytes, body: bytes) -> bytes:
    """Returns header, directory and body as one payload."""
    first, last = (int(seqs[0]), int(seqs[-1])) if len(seqs) else (0, 0)
    header = _HEADER.pack(
        _MAGIC,
        FORMAT_VERSION,
        SCHEMA_VERSION,
        kind,
        0,
        _HEADER.size + len(directory),
        number,
        layout,
        first,
        last,
        len(seqs),
    )
    checked = header[_CHECKED_FROM:] + directory
    return b"".join((header[:4], struct.pack("<I", crc32c(checked)), checked, body))


def peek(data: bytes, at: int = 0) -> Header:
    """Returns the header that starts at `at`, without verifying its checksum.

    Raises:
        LogCorruptError: if no payload starts there.
        LogVersionError: if a newer version wrote them in another format.
    """
    try:
        magic, form, schema, kind, _, *rest = _HEADER.unpack_from(data, at)
    except struct.error:
        raise LogCorruptError(f"A payload has {len(data) - at} bytes, fewer than its header.") from None
    if magic != _MAGIC:
        raise LogCorruptError(f"A payload starts with the byte {magic:#x}; expected {_MAGIC:#x}.")
    if form != FORMAT_VERSION:
        raise LogVersionError(
            f"A payload has the format version {form}; this version of tb_inputdiag reads {FORMAT_VERSION}. "
            "Upgrade tb_inputdiag to read it."
        )
    return Header(schema, kind, *rest)


class Chunk:
    """A payload. Its header is decoded at once, its records and columns on access.

    Raises:
        LogCorruptError: here if the header is damaged; on access if the requested part is damaged.
        LogVersionError: if a newer version wrote it in another format.
    """

    def __init__(self, stream: str, step: int, data: bytes) -> None:
        self.stream = stream
        self.step = step
        """Number of the event within the session."""
        self.header = peek(data)
        length = self.header.length
        if not _HEADER.size <= length <= len(data):
            raise LogCorruptError(f"A header announces {length} bytes; the payload has {len(data)}.")
        (checksum,) = struct.unpack_from("<I", data, 4)
        if crc32c(data[_CHECKED_FROM:length]) != checksum:
            raise LogCorruptError(f"The checksum of a header in the stream {stream!r} does not fit its bytes.")
        self._directory, self._body = data[_HEADER.size : length], data[length:]

    def _expect(self, kind: int, name: str) -> None:
        if self.header.kind != kind:
            raise LogCorruptError(f"A payload in the stream {self.stream!r} is of kind {self.header.kind}, not {name}.")

    @cached_property
    def columns(self) -> Columns:
        """The columns of a chunk of a table."""
        self._expect(TABLE, "a table")
        if self.stream not in TABLES:
            raise LogCorruptError(f"There is no table for the stream {self.stream!r}.")
        columns = EncodedColumns(self.stream, self._directory, self._body, self.header.rows)
        return migrate.upgrade_columns(columns, self.header.schema)

    def documents(self) -> tuple[list[Numbered], int]:
        """Returns the records of a chunk of documents, and how many more have types that only a newer schema has."""
        self._expect(DOCUMENTS, "documents")
        try:
            json_length, json_checksum, *extents = struct.unpack(f"<{len(self._directory) // 4}I", self._directory)
            packed = self._body[:json_length]
            if crc32c(packed) != json_checksum:
                raise LogCorruptError(f"The checksum of documents in the stream {self.stream!r} does not fit them.")
            arrays, at = [], json_length
            for length, checksum in zip(extents[::2], extents[1::2], strict=True):
                part, at = self._body[at : at + length], at + length
                if crc32c(part) != checksum:
                    raise LogCorruptError(f"The checksum of an array in the stream {self.stream!r} does not fit it.")
                arrays.append(inflate(part, _MAX_ARRAY))
            documents = json.loads(inflate(packed, min(_MAX_JSON, _FREE_JSON + _MOST_PER_BYTE * json_length)))
            found = [(seq, from_document(kind, fields, arrays, self.header.schema)) for seq, kind, fields in documents]
        except LogCorruptError:
            raise
        except (struct.error, ValueError, TypeError, KeyError, RecursionError) as error:
            raise LogCorruptError(f"Documents in the stream {self.stream!r} do not decode: {error}.") from None
        known = [Numbered(int(seq), record) for seq, record in found if record is not None]
        return known, len(found) - len(known)

    def losses(self) -> list[Numbered]:
        """Returns the records of a chunk of losses."""
        columns = self.columns
        step, loss, lengths = columns["step"], columns["loss"], columns["n"]
        ends = np.cumsum(lengths)
        if len(ends) and (lengths.min() < 0 or ends[-1] != len(step)):
            raise LogCorruptError(f"The lengths of {len(ends)} stretches of losses do not add up to {len(step)}.")
        return [
            Numbered(int(seq), Losses(step=step[end - n : end], loss=loss[end - n : end], epoch=int(epoch)))
            for seq, epoch, n, end in zip(columns["seq"], columns["epoch"], lengths, ends, strict=True)
        ]

    def head(self) -> Head:
        """Returns the counts that a ``head`` payload holds."""
        self._expect(HEAD, "a head")
        if crc32c(self._body) != int.from_bytes(self._directory, "little"):
            raise LogCorruptError("The checksum of a head does not fit its bytes.")
        try:
            fields = json.loads(self._body)
            events, rows = (dict(zip(STREAMS, map(int, fields[name]), strict=False)) for name in ("events", "rows"))
            return Head(int(fields["seq"]), events, rows, dict(fields["dropped"]), float(fields["interval_s"]))
        except (ValueError, TypeError, KeyError) as error:
            raise LogCorruptError(f"A head does not decode: {error}.") from None


@dataclass(frozen=True, slots=True)
class Head:
    """Counts of what the writer has written so far; with them a reader knows that nothing is missing."""

    seq: int
    """Records before this sequence number are written, or counted in `dropped`."""
    events: dict[str, int]
    """Stream -> number of its payloads."""
    rows: dict[str, int]
    """Stream -> number of its records."""
    dropped: dict[str, int]
    """Type name -> number of records that came too fast, or could not be encoded."""
    interval_s: float
    """Current number of seconds between two writes."""


def encode_head(head: Head, number: int) -> bytes:
    """Returns the payload of a head."""
    fields = {
        "seq": head.seq,
        "events": [head.events[stream] for stream in STREAMS],
        "rows": [head.rows[stream] for stream in STREAMS],
        "dropped": head.dropped,
        "interval_s": round(head.interval_s, 3),
    }
    body = json.dumps(fields, separators=(",", ":")).encode()
    return pack_payload(HEAD, number, -1, [], struct.pack("<I", crc32c(body)), body)


def inflate(packed: bytes, most: int) -> bytes:
    """Returns what `zlib.compress` received.

    Args:
        packed: What it returned.
        most: Bytes that may come out.

    Raises:
        LogCorruptError: if it does not decompress, or is too large.
    """
    inflater = zlib.decompressobj()
    try:
        plain = inflater.decompress(packed, most)
    except zlib.error as error:
        raise LogCorruptError(f"A compressed document does not decompress: {error}.") from None
    if not inflater.eof:
        raise LogCorruptError(f"A compressed document is cut off, or larger than {size_bytes(most)}.")
    return plain


def decode_event(tag: str, step: int, data: bytes) -> Chunk | None:
    """Returns the payload of an event, or None if the tag is not of the log.

    Raises:
        LogCorruptError: if its header is damaged.
        LogVersionError: if a newer version wrote it in another format.
    """
    parts = parse_tag(tag)
    return None if parts is None else Chunk(parts.stream, step, data)


def build_samples(
    samples: Mapping[str, Array],
    tensors: Mapping[str, Array] | None,
    weights: Mapping[str, Array] | None,
    layers: Mapping[str, Array] | None,
) -> list[Numbered]:
    """Returns the `Sample` records of a chunk of ``samples`` and the chunks that belong to it.

    Chunks belong together if their headers agree in layout, `Header.first`, `Header.last` and rows. The records hold
    views of the chunk's arrays. None means that a chunk is lost: such a sample has no `weights` or `layers`. Without
    `tensors` there is no sample.

    Raises:
        LogCorruptError: if a column is damaged, or the chunks do not belong together.
    """
    if tensors is None:
        return []
    keys = samples["seq"]
    for part in (tensors, weights, layers):
        if part is not None and not np.array_equal(part["seq"], keys):
            raise LogCorruptError("A chunk of a table does not belong to its chunk of samples.")
    names = [name for name in COLUMNS["sample"] if name != "skipped"]
    scalars = zip(*(samples[name].tolist() for name in names), strict=True)
    rows = zip(
        keys.tolist(),
        samples["split"].tolist(),
        samples["skipped"].tolist(),
        scalars,
        _rows(TensorTable, tensors, len(keys)),
        _rows(WeightTable, weights, len(keys)),
        _rows(LayerTable, layers, len(keys)),
        strict=True,
    )
    try:
        return [
            Numbered(
                seq,
                Sample(
                    **dict(zip(names, values, strict=True)),
                    split=SPLITS[split],
                    skipped=bool(skipped),
                    tensors=tensor,
                    weights=weight,
                    layers=layer,
                ),
            )
            for seq, split, skipped, values, tensor, weight, layer in rows
        ]
    except IndexError:
        raise LogCorruptError("A sample has an unknown split.") from None


def _rows(cls: Any, columns: Mapping[str, Array] | None, n: int) -> Iterator[Any]:
    if columns is None:
        return iter([None] * n)
    names = [name for name in columns if name not in ("seq", "step")]
    return (cls(**dict(zip(names, row, strict=True))) for row in zip(*(columns[name] for name in names), strict=True))
