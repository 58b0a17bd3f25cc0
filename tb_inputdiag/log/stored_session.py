"""One session of a log: its records in order, its facts and alerts, and the proof that nothing is missing."""

from __future__ import annotations

import heapq
import os
import socket
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tb_inputdiag.alerts import Liveness, findings, liveness
from tb_inputdiag.errors import LogCorruptError, LogVersionError
from tb_inputdiag.log.blocks import Array
from tb_inputdiag.log.codec import STREAMS, Numbered, build_samples
from tb_inputdiag.log.index import Entry, SessionIndex
from tb_inputdiag.log.quantities import Quantities
from tb_inputdiag.log.tables import Columns
from tb_inputdiag.records import (
    SCHEMA_VERSION,
    Alert,
    Cost,
    EpochEnd,
    ExpectedRange,
    Failure,
    Images,
    Layout,
    ModelFacts,
    NotJudged,
    Record,
    SessionEnd,
    SessionStart,
    layout_sizes,
)

__all__ = ["Completeness", "StoredSession"]

_R = TypeVar("_R")
_CACHE_BYTES = 64 << 20


@dataclass(frozen=True)
class Completeness:
    """How much of what was written is here."""

    events: int
    """Payloads that are here."""
    written: int
    """Payloads that the writer wrote, as far as its last ``head`` says."""
    missing: dict[str, int]
    """Stream -> payloads that are not here."""
    dropped: dict[str, int]
    """Type -> records that the writer left out, because they came faster than they could be written."""

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing and not self.dropped

    def __str__(self) -> str:
        return f"{self.events:,} of {self.written:,} events"


class StoredSession(Quantities):
    """One session. Everything is read when it is asked for.

    Damage met while reading is counted in `problems`, never raised.

    Args:
        index: Where its payloads are.
        clock: Returns seconds since the epoch; tells a session that runs from one that died.
    """

    def __init__(self, index: SessionIndex, *, clock: Callable[[], float] = time.time) -> None:
        super().__init__()
        self.index = index
        self._clock = clock
        self._cache: OrderedDict[tuple[str, int, str], list[Array | None]] = OrderedDict()
        self._cached_bytes = 0
        self._read_events: dict[str, int] = {}
        self._documents: dict[str, list[Numbered]] = {}
        self._unread: dict[tuple[str, int], str] = {}
        self._sizes: dict[int, dict[str, int]] = {}
        self._sizes_known = -1
        self._unknown: dict[tuple[str, int], int] = {}

    def __repr__(self) -> str:
        return f"<StoredSession {self.id}, {self.status}, {self.completeness}>"

    @property
    def sessions(self) -> tuple[StoredSession, ...]:
        """This session."""
        return (self,)

    @property
    def id(self) -> str:
        """Its id, sortable by time."""
        return self.index.session

    # ---- rare records

    def _read_documents(self, stream: str) -> list[Numbered]:
        found = self._documents.setdefault(stream, [])
        done = self._read_events.get(stream, 0)
        entries = self.index.entries[stream]
        for entry in entries[done:]:
            found.extend(self._decode_documents(entry))
        self._read_events[stream] = len(entries)
        return found

    def _decode_documents(self, entry: Entry) -> list[Numbered]:
        result = self._attempt(entry, lambda: entry.load().documents())
        if result is None:
            return []
        known, unknown = result
        if unknown:
            self._unknown[entry.stream, entry.header.number] = unknown
        return known

    def _all(self, kind: type[_R], stream: str = "session") -> list[_R]:
        return [item.record for item in self._read_documents(stream) if isinstance(item.record, kind)]

    def _attempt(self, entry: Entry, read: Callable[[], _R]) -> _R | None:
        """Returns what `read` does, or None if the payload is damaged, which is counted once."""
        try:
            return read()
        except (LogCorruptError, LogVersionError, OSError) as error:
            self._unread.setdefault((entry.stream, entry.header.number), str(error))
            return None

    @property
    def start(self) -> SessionStart | None:
        """How it began; None if that part of the log is lost."""
        return next(iter(self._all(SessionStart)), None)

    @property
    def end(self) -> SessionEnd | None:
        """How it ended; None while it runs, or if it was killed."""
        return next(reversed(self._all(SessionEnd)), None)

    @property
    def facts(self) -> ModelFacts | None:
        """The model's static facts, as last logged."""
        return next(reversed(self._all(ModelFacts)), None)

    @property
    def layouts(self) -> dict[int, Layout]:
        """Layout id -> what the rows of the samples' tables are."""
        return {layout.id: layout for layout in self._all(Layout)}

    @property
    def epochs(self) -> list[EpochEnd]:
        """Keras' logs at the end of each epoch."""
        return self._all(EpochEnd)

    @property
    def failures(self) -> list[Failure]:
        """Exceptions that came out of a step or of `fit`."""
        return self._all(Failure)

    @property
    def alert_history(self) -> list[Alert]:
        """Every state of every alert, in order."""
        return self._all(Alert, "alerts")

    @property
    def alerts(self) -> list[Alert]:
        """The findings: the last state of each alert, worst first."""
        return findings(self.alert_history)

    @property
    def alerts_complete(self) -> bool:
        """Whether every alert that was raised is known: nothing is lost of what was logged about them."""
        self._read_documents("alerts")
        lost = self.completeness
        unread = any(stream == "alerts" for stream, _ in self._unread)
        return not unread and "alerts" not in lost.missing and Alert.__name__ not in lost.dropped

    @property
    def expected_ranges(self) -> list[ExpectedRange]:
        """The ranges in which rules expected the values of tensors, in the order in which they were logged."""
        return self._all(ExpectedRange)

    @property
    def not_judged(self) -> list[NotJudged]:
        """The rules that could not judge the session, with their reasons."""
        return self._all(NotJudged)

    @property
    def images(self) -> list[Images]:
        """Thumbnails of the inputs."""
        return self._all(Images, "images")

    @property
    def costs(self) -> list[Cost]:
        """What watching has cost, over time."""
        return self._all(Cost, "costs")

    @property
    def status(self) -> Liveness:
        """Whether it runs, or how it ended: see `alerts.Liveness`."""
        start, head = self.start, self.index.head
        here = start is not None and start.host == socket.gethostname() and start.pid
        return liveness(
            self.end,
            quiet_s=self._clock() - self.last_wall_time,
            interval_s=head.interval_s if head else 1.0,
            process_runs=_process_runs(start.pid) if start is not None and here else None,
        )

    @property
    def last_wall_time(self) -> float:
        """When the last sample or document was recorded; 0 if nothing was."""
        times = [start.wall_time] if (start := self.start) else []
        if (end := self.end) is not None:
            times.append(end.wall_time)
        last = self.index.entries["samples"][-1:]
        for entry in last:
            column = self._attempt(entry, lambda: entry.load().columns["wall_time"])  # noqa: B023  # called at once
            if column is not None and len(column):
                times.append(float(column[-1]))
        return max(times, default=0.0)

    def _steps(self, stream: str, entries: slice) -> Iterator[Array]:
        """Yields the training steps of some chunks of losses or samples, as far as they are readable and have any."""
        for entry in self.index.entries[stream][entries]:
            found = self._attempt(entry, lambda: _train_steps(entry.load().columns))  # noqa: B023  # called at once
            if found is not None and len(found):
                yield found

    @property
    def first_step(self) -> int:
        """The first training step: not 0 where training was resumed; -1 if none was taken."""
        found = [int(steps.min()) for stream in ("samples", "losses") for steps in self._steps(stream, slice(4))]
        return min(found, default=-1)

    @property
    def n_steps(self) -> int:
        """Training steps that were taken."""
        first = self.first_step
        return 0 if first < 0 else self.last_step - first + 1

    @property
    def last_step(self) -> int:
        """The last training step that was taken; -1 if none was."""
        # The last chunks are of several layouts, one of which is the training's.
        steps = [int(found.max()) for stream in ("samples", "losses") for found in self._steps(stream, slice(-4, None))]
        end = self.end
        if steps and end is not None:  # nothing is logged of the steps after recording stopped
            steps.append(end.step)
        return max(steps, default=-1)

    @property
    def n_samples(self) -> int:
        """Samples of all splits."""
        return sum(entry.header.rows for entry in self.index.entries["samples"])

    # ---- completeness

    @property
    def completeness(self) -> Completeness:
        """What is here of what was written."""
        missing = self.index.missing()
        here = sum(len(entries) for entries in self.index.entries.values())
        head = self.index.head
        return Completeness(here, here + sum(missing.values()), missing, dict(head.dropped) if head else {})

    @property
    def problems(self) -> list[str]:
        """What is lost or cannot be read, one sentence each; empty if all is well.

        Damage inside of columns is known only once they have been read: after `records` all of it is.
        """
        found = []
        complete, damage = self.completeness, self.index.damage
        if complete.missing:
            parts = ", ".join(f"{n:,} of {stream}" for stream, n in complete.missing.items())
            found.append(f"{events_are(sum(complete.missing.values()), complete.written)} lost: {parts}.")
        if complete.dropped:
            parts = ", ".join(f"{n:,} {kind}" for kind, n in complete.dropped.items())
            found.append(f"Records were not logged because they came too fast or did not fit the schema: {parts}.")
        if damage.frames:
            found.append(f"{events_are(damage.frames)} damaged. {' '.join(damage.messages)}")
        if self._unread:
            reasons = list(dict.fromkeys(self._unread.values()))
            found.append(f"{events_are(len(self._unread))} not readable. {' '.join(reasons[:3])}")
        if damage.newer:
            found.append(f"{events_are(damage.newer)} in a newer format. {' '.join(damage.messages)}")
        newer = sum(self._unknown.values()) + sum(self.index.unknown.values())
        if self.index.schema > SCHEMA_VERSION:
            found.append(
                f"The log has schema version {self.index.schema}; this tb_inputdiag reads up to {SCHEMA_VERSION}. "
                f"What it knows was read; {newer:,} records or events of kinds unknown to it were left out. "
                "Upgrade tb_inputdiag to read all."
            )
        elif newer:
            found.append(f"{newer:,} records or events of kinds unknown to this tb_inputdiag were left out.")
        if self.start is None:
            found.append("The start of the session is lost: versions and settings are not known.")
        return found

    # ---- records in order

    @property
    def n_records(self) -> int:
        """Sequence number that the next record will get: records that are settled are below it."""
        head = self.index.head
        return head.seq if head else 0

    def records(self, since: int = 0, *, until: int | None = None) -> Iterator[Record]:
        """Yields the records in the order in which they were logged.

        Args:
            since: Sequence number of the first record wanted.
            until: Sequence number of the first record not wanted any more.
        """
        return (item.record for item in self.numbered(since, until=until))

    def numbered(self, since: int = 0, *, until: int | None = None) -> Iterator[Numbered]:
        """Yields the records with their sequence numbers. See `records`."""
        tables = {
            stream: {entry.key: entry for entry in self.index.entries[stream]}
            for stream in ("tensors", "weights", "layers")
        }
        streams = [stream for stream in STREAMS if stream not in tables]
        entries = [entry for stream in streams for entry in self.index.entries[stream] if entry.header.last >= since]
        entries.sort(key=lambda entry: entry.header.first)
        ready: list[tuple[int, Record]] = []
        for entry in entries:
            while ready and ready[0][0] < entry.header.first:
                yield Numbered(*heapq.heappop(ready))
            if until is not None and entry.header.first >= until:
                break
            for item in self._decode(entry, tables):
                if item.seq >= since and (until is None or item.seq < until):
                    # Sequence numbers are unique, so records are never compared.
                    heapq.heappush(ready, (item.seq, item.record))
        while ready:
            yield Numbered(*heapq.heappop(ready))

    def _decode(self, entry: Entry, tables: dict[str, dict[tuple[int, int, int, int], Entry]]) -> list[Numbered]:
        if entry.stream == "losses":
            return self._attempt(entry, lambda: entry.load().losses()) or []
        if entry.stream != "samples":
            return self._decode_documents(entry)
        samples = self._attempt(entry, lambda: self._table(entry))
        if samples is None:
            return []
        parts: dict[str, Mapping[str, Array] | None] = dict.fromkeys(tables)
        for stream, by_key in tables.items():
            part = by_key.get(entry.key)
            if part is not None:
                parts[stream] = self._attempt(part, lambda: dict(self._table(part)))  # noqa: B023  # called at once
        return self._attempt(entry, lambda: build_samples(samples, **parts)) or []

    # ---- columns

    def _table(self, entry: Entry) -> Columns:
        """Returns the columns of a chunk, which are sure to have the rows that its layout names.

        Raises:
            LogCorruptError: if the chunk is damaged or does not fit its layout.
        """
        columns, layout = entry.load().columns, entry.header.layout
        known = len(self.index.entries["session"])
        if layout not in self._sizes and layout >= 0 and known != self._sizes_known:
            self._sizes = {key: layout_sizes(value) for key, value in self.layouts.items()}
            self._sizes_known = known
        expected = self._sizes.get(layout, {})
        for name, size in columns.sizes.items():
            if expected.get(name, size) != size:
                raise LogCorruptError(
                    f"A chunk of {entry.stream} has {size} rows ({name}); its layout {layout} names {expected[name]}."
                )
        return columns

    def loss_outline(self, chunks: int = 64) -> list[Array]:
        """Returns the losses of some chunks, evenly spaced, with the first and the last: enough for a small curve.

        Args:
            chunks: How many; a run of a million steps has thousands.
        """
        entries = self.index.entries["losses"]
        last = len(entries) - 1
        places = sorted({round(i * last / (chunks - 1)) for i in range(chunks)}) if last >= 0 else []
        found = []
        for place in places:
            entry = entries[place]
            part = self._attempt(entry, lambda: entry.load().columns["loss"])  # noqa: B023  # called at once
            if part is not None and len(part):
                found.append(part)
        return found

    def columns(self, stream: str, layout: int, names: Sequence[str]) -> list[tuple[Array, ...]]:
        """Returns some columns of each chunk of a table that belongs to one layout.

        Chunks in which one of them is damaged are left out.

        Args:
            stream: A key of `tables.TABLES`.
            layout: `Layout.id`; -1 for losses.
            names: The columns.
        """
        entries = [entry for entry in self.index.entries[stream] if entry.header.layout == layout]
        cached = [self._cache.pop((stream, layout, name), []) for name in names]
        for place, entry in enumerate(entries):
            wanted = [i for i, parts in enumerate(cached) if len(parts) == place]
            if wanted:
                chunk = self._attempt(entry, lambda: self._table(entry))  # noqa: B023  # called at once
                for i in wanted:
                    name = names[i]
                    part = None if chunk is None else self._attempt(entry, lambda: chunk[name])  # noqa: B023  # at once
                    cached[i].append(part)
                    self._cached_bytes += 0 if part is None else part.nbytes
        for name, parts in zip(names, cached, strict=True):
            self._cache[stream, layout, name] = parts
        while self._cached_bytes > _CACHE_BYTES and len(self._cache) > len(names):
            _, oldest = self._cache.popitem(last=False)
            self._cached_bytes -= sum(part.nbytes for part in oldest if part is not None)
        return [row for row in zip(*cached, strict=True) if not any(part is None for part in row)]


def events_are(n: int, of: int | None = None) -> str:
    """Returns e.g. ``1 event is`` or ``2 of 300 events are``."""
    what = f"{n:,} event{'' if n == 1 else 's'}" if of is None else f"{n:,} of {of:,} events"
    return f"{what} {'is' if n == 1 else 'are'}"


def _train_steps(columns: Mapping[str, Array]) -> Array:
    """Returns the steps of a chunk of losses or samples; validation's are one ahead, and left out."""
    return columns["step"] if "split" not in columns else columns["step"][columns["split"] == 0]


def _process_runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it runs, and belongs to another user
        return True
    return True
