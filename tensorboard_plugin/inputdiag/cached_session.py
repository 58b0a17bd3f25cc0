"""One session in memory: read once, kept compactly, continued when more arrives."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.errors import LogError
from tb_inputdiag.log.codec import Chunk, Head, Numbered
from tb_inputdiag.log.processes import process_runs
from tb_inputdiag.records import (
    Alert,
    CallStart,
    Cost,
    DataSummary,
    EpochEnd,
    ExpectedRange,
    Failure,
    Images,
    Layout,
    ModelFacts,
    NotJudged,
    SessionEnd,
    SessionStart,
)
from tensorboard_plugin.inputdiag.decimated import STREAMS, DecimatedTable
from tensorboard_plugin.inputdiag.payload_types import RunRow
from tensorboard_plugin.inputdiag.provider import ListedSession, LogProvider, ProvidedEvent

__all__ = ["CachedSession", "Revised", "SessionRecords"]

_DOCUMENT_STREAMS = ("session", "alerts", "costs")
_BYTES_PER_READ = 1 << 20
"""Bytes in one read: few round trips, and a bounded amount of memory."""
_MAX_SEGMENTS_PER_READ = 64


@dataclass(slots=True)
class Revised:
    """A record with the revision at which it last changed."""

    revision: int
    record: Alert | EpochEnd


@dataclass(slots=True)
class SessionRecords:
    """The records that are not tables."""

    start: SessionStart | None = None
    end: SessionEnd | None = None
    """That of the last call; None while one runs."""
    calls: list[CallStart] = field(default_factory=list)
    """The calls after the first one."""
    model: ModelFacts | None = None
    model_revision: int = 0
    layout_revision: int = 0
    layouts: dict[int, Layout] = field(default_factory=dict)
    epochs: list[Revised] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    alerts: dict[int, Revised] = field(default_factory=dict)
    alert_records: int = 0
    data: list[DataSummary] = field(default_factory=list)
    """The parts of a data set, of a check of one."""
    data_revision: int = 0
    """Of the newest part, or of the newest alert after it."""
    expected: dict[tuple[str, str, str], ExpectedRange] = field(default_factory=dict)
    """(rule, subject, stage) -> the range that the rule judged by, as last logged."""
    not_judged: dict[str, NotJudged] = field(default_factory=dict)
    """Rule -> why it could not judge."""
    cost: Cost | None = None
    head: Head | None = None
    died: bool = False
    """Whether the process ended without logging an end."""

    @property
    def epoch_logs(self) -> frozenset[str]:
        """Names in Keras' logs of the epochs."""
        return frozenset(name for item in self.epochs if isinstance(item.record, EpochEnd) for name in item.record.logs)


@dataclass(slots=True)
class _Cursor:
    """The position up to which a stream has been read."""

    segment: int = -1
    step: int = -1


class CachedSession:
    """One session. Its methods are called with `lock` held.

    Args:
        listed: What there is of it.
        provider: Where it is read from.
        next_revision: Gives the number of a change.
    """

    def __init__(self, listed: ListedSession, provider: LogProvider, next_revision: Callable[[], int]) -> None:
        self.lock = threading.RLock()
        self.listed = listed
        self.records = SessionRecords()
        self.tables: dict[str, DecimatedTable] = {}
        self.images: dict[tuple[str, str, str], Images] = {}
        self.images_revision = 0
        self.revision = next_revision()
        self.problem = ""
        self.row: RunRow | None = None
        """The row of the list of runs, as last formatted."""
        self.used = 0.0
        """When a table was last requested."""
        self.provider = provider
        """The provider of the current request."""
        self._next_revision = next_revision
        self._cursors: dict[str, _Cursor] = {}
        self._segment_bytes: dict[str, int] = {}
        self._detail: tuple[tuple[object, ...], DecimatedTable] | None = None

    @property
    def nbytes(self) -> int:
        """Memory of the tables in bytes, approximately."""
        detail = self._detail[1].nbytes if self._detail else 0
        images = sum(images.pixels.nbytes for images in self.images.values())
        return detail + images + sum(table.nbytes for table in self.tables.values())

    def drop_tables(self) -> None:
        """Frees the tables. They are read again on the next request."""
        self.tables.clear()
        self._detail = None
        for stream in STREAMS:
            self._cursors.pop(stream, None)

    def refresh(self) -> None:
        """Reads the new records that are not tables, and sees whether their process has died."""
        self._read_documents()
        if self.records.end is None and not self.records.died and process_runs(self.records.start) is False:
            self.records.died, self.revision = True, self._next_revision()

    def _read_documents(self) -> None:
        wanted = [(s, n) for s in _DOCUMENT_STREAMS for n in self._pending(s)]
        # Only the newest head and the newest cost count.
        wanted = [(s, n) for s, n in wanted if s != "costs"]
        wanted += [(s, pending[-1]) for s in ("costs", "head") if (pending := self._pending(s))]
        if not wanted:
            return
        self.revision = self._next_revision()
        for event in self.provider.read(self.listed, wanted):
            chunk = self._open(event)
            if chunk is None:
                continue
            if event.stream == "head":
                self._guard(lambda chunk=chunk: setattr(self.records, "head", chunk.head()))  # type: ignore[misc]  # bound now
                continue
            for numbered in self._documents(chunk):
                self._note(numbered)
        if "images" in self.listed.streams and self.listed.newest("images") > self._cursor("images").step:
            self.images_revision = self.revision

    def read_images(self) -> None:
        """Reads the newest thumbnails."""
        pending = self._pending("images")
        # The newest segments hold the newest images of every input.
        for event in self.provider.read(self.listed, [("images", n) for n in pending[-2:]]):
            chunk = self._open(event)
            for numbered in self._documents(chunk) if chunk else ():
                record = numbered.record
                if isinstance(record, Images):
                    self.images[(record.split, record.name, record.stage)] = record

    def read_table(self, stream: str, in_time: Callable[[], bool]) -> tuple[DecimatedTable, bool]:
        """Returns a table and whether more of it is left to read.

        Args:
            stream: One of `tables.STREAMS`.
            in_time: Returns whether there is time to go on. At least one read is made.
        """
        table = self.tables.setdefault(stream, DecimatedTable(stream))
        pending = self._pending(stream)
        if pending and stream == "samples":
            # the row of the list knows the newest step only from here on
            self.revision = self._next_revision()
        while pending:
            n = self._segments_per_read(stream)
            batch, pending = pending[:n], pending[n:]
            if not self._read_into(table, stream, batch):
                return table, False
            if not in_time():
                break
        return table, bool(pending)

    def read_detail(self, stream: str, low: int, high: int, in_time: Callable[[], bool]) -> tuple[DecimatedTable, bool]:
        """Returns a table of the samples in a range of steps, in finer buckets, and whether more is left to read."""
        whole, more = self.read_table(stream, in_time)
        key = (stream, low, high, whole.rows_read)
        if self._detail and self._detail[0] == key:
            return self._detail[1], more
        detail = DecimatedTable(stream, low, high)
        wanted = sorted(e.segment for e in whole.extents.values() if e.last_step >= low and e.first_step <= high)
        n = self._segments_per_read(stream)
        for start in range(0, len(wanted), n):
            segments = [(stream, segment) for segment in wanted[start : start + n]]
            chunks = [(e.segment, c) for e in self._events(segments) if (c := self._open(e, remember=False))]
            self._add(detail, chunks)
        self._detail = (key, detail)
        return detail, more

    def wall_of(self, step: NDArray[np.int64]) -> NDArray[np.float64]:
        """Returns the wall times of steps, interpolated between the training samples."""
        table = self.tables.get("samples")
        group = table.groups.get("train") if table else None
        if group is None or group.pyramid.samples == 0:
            return np.full(len(step), np.nan)
        known = group.pyramid.read([], group.pyramid.capacity)
        return np.interp(step, known.step, known.wall)

    # ----------------------------------------------------------------------------------------------

    def _cursor(self, stream: str) -> _Cursor:
        return self._cursors.setdefault(stream, _Cursor())

    def _pending(self, stream: str) -> list[int]:
        cursor = self._cursor(stream)
        segments = self.listed.streams.get(stream, {})
        return sorted(n for n, (step, _) in segments.items() if n >= cursor.segment and step > cursor.step)

    def _events(self, segments: Iterable[tuple[str, int]]) -> Iterator[ProvidedEvent]:
        return self.provider.read(self.listed, segments)

    def _segments_per_read(self, stream: str) -> int:
        """Returns how many segments to read at once: about `_BYTES_PER_READ`, because each read has a fixed cost."""
        size = self._segment_bytes.get(stream, 0)
        return max(1, min(_MAX_SEGMENTS_PER_READ, _BYTES_PER_READ // size)) if size else 2

    def _read_into(self, table: DecimatedTable, stream: str, segments: Sequence[int]) -> bool:
        """Returns whether everything was added. It was not if a layout has not arrived yet."""
        cursor = self._cursor(stream)
        events = [e for e in self._events((stream, n) for n in segments) if e.step > cursor.step]
        self._segment_bytes[stream] = max(1, sum(len(e.data) for e in events) // len(segments))
        chunks: list[tuple[int, Chunk]] = []
        complete = True
        for event in events:
            chunk = self._open(event, remember=False)
            if chunk is not None and stream != "losses" and chunk.header.layout not in self.records.layouts:
                complete = False
                break
            self._advance(event)
            if chunk is not None:
                chunks.append((event.segment, chunk))
        self._add(table, chunks)
        return complete

    def _add(self, table: DecimatedTable, chunks: Sequence[tuple[int, Chunk]]) -> None:
        """Adds chunks, successive ones of the same layout together. Chunks that do not decode are left out."""
        for number, run in itertools.groupby(chunks, lambda item: item[1].header.layout):
            layout = self.records.layouts.get(number)
            together = list(run)
            if layout is None and table.stream != "losses":
                continue
            try:
                table.add(together, layout)
            except LogError:
                for item in together:
                    self._guard(lambda item=item, layout=layout: table.add([item], layout))  # type: ignore[misc]  # bound now

    def _open(self, event: ProvidedEvent, *, remember: bool = True) -> Chunk | None:
        """Returns the chunk of a new event, or None. One that does not decode sets `problem`."""
        if remember:
            if event.step <= self._cursor(event.stream).step:
                return None
            self._advance(event)
        try:
            return Chunk(event.stream, event.step, event.data)
        except LogError as error:
            self.problem = str(error)
            return None

    def _advance(self, event: ProvidedEvent) -> None:
        cursor = self._cursor(event.stream)
        cursor.segment, cursor.step = max(cursor.segment, event.segment), max(cursor.step, event.step)

    def _guard(self, work: Callable[[], object]) -> None:
        try:
            work()
        except LogError as error:
            self.problem = str(error)

    def _documents(self, chunk: Chunk) -> list[Numbered]:
        try:
            return chunk.documents()[0]
        except LogError as error:
            self.problem = str(error)
            return []

    def _note(self, numbered: Numbered) -> None:
        records, record = self.records, numbered.record
        match record:
            case SessionStart():
                records.start = record
            case CallStart():
                records.calls.append(record)
                records.end = None
            case SessionEnd():
                records.end = record
            case ModelFacts():
                records.model, records.model_revision = record, self.revision
            case Layout():
                records.layouts[record.id], records.layout_revision = record, self.revision
            case EpochEnd():
                records.epochs.append(Revised(self.revision, record))
            case Failure():
                records.failures.append(record)
            case Alert():
                records.alert_records += 1
                records.alerts[record.id] = Revised(self.revision, record)
                records.data_revision = self.revision
            case DataSummary():
                records.data.append(record)
                records.data_revision = self.revision
            case ExpectedRange():
                records.expected[record.rule, record.subject, record.stage] = record
            case NotJudged():
                records.not_judged[record.rule] = record
            case Cost():
                records.cost = record
            case _:
                pass
