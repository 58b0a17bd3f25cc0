"""One session of a log: its facts and alerts, its records in order, and how complete it is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from tb_inputdiag._lazy import pretty_from, text_from
from tb_inputdiag.alerts import Liveness, findings, latest_not_judged, latest_ranges, liveness
from tb_inputdiag.log.blocks import Array
from tb_inputdiag.log.codec import Numbered
from tb_inputdiag.log.column_reader import ColumnReader
from tb_inputdiag.log.completeness import LogCompleteness, completeness_of, events_are
from tb_inputdiag.log.index import SessionIndex
from tb_inputdiag.log.payload_reader import PayloadReader
from tb_inputdiag.log.processes import process_runs
from tb_inputdiag.log.quantities import Quantities
from tb_inputdiag.log.record_sequence import RecordSequence
from tb_inputdiag.numbers import whole
from tb_inputdiag.records import (
    SCHEMA_VERSION,
    Alert,
    CallStart,
    Cost,
    DataSummary,
    Degraded,
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
)

__all__ = ["StoredSession"]


_NEXT_CALL_S = 10.0
"""Seconds between two calls of `fit` in a loop, at most: collecting data, playing a game, labelling examples."""


class StoredSession(Quantities):
    """One session. Everything is read on access.

    Damage is never raised; it is counted in `problems`.

    Args:
        index: Where its payloads are.
        clock: Returns seconds since the epoch; used to tell whether a session still runs.
    """

    def __init__(self, index: SessionIndex, *, clock: Callable[[], float] = time.time) -> None:
        super().__init__()
        self.index = index
        self._clock = clock
        self._payloads = PayloadReader(index)
        self._columns = ColumnReader(self._payloads)

    def __repr__(self) -> str:
        return f"<StoredSession {self.id}, {self.status}, {self.completeness}>"

    _repr_html_ = text_from("tb_inputdiag.notebook.cards", "session_html")
    _repr_pretty_ = pretty_from("tb_inputdiag.notebook.cards", "session_text")

    @property
    def sessions(self) -> tuple[StoredSession, ...]:
        """This session."""
        return (self,)

    @property
    def id(self) -> str:
        """Its id, sortable by time."""
        return self.index.session

    # ---- rare records

    @property
    def start(self) -> SessionStart | None:
        """Its first record; None if that part of the log is lost."""
        return next(iter(self._payloads.all_of(SessionStart)), None)

    @property
    def end(self) -> SessionEnd | None:
        """The end of its last call; None while it runs, or if it was killed."""
        for item in reversed(self._payloads.all_documents("session")):
            if isinstance(item.record, SessionEnd):
                return item.record
            if isinstance(item.record, CallStart):
                break
        return None

    @property
    def calls(self) -> list[CallStart]:
        """The calls of `fit`, `evaluate` and `predict` after the first one, which `start` describes."""
        return self._payloads.all_of(CallStart)

    @property
    def n_fits(self) -> int:
        """How often `fit` was called."""
        first = self.start is not None and self.start.mode == "fit"
        return first + sum(call.mode == "fit" for call in self.calls)

    @property
    def facts(self) -> ModelFacts | None:
        """The model's static facts, as last logged."""
        return next(reversed(self._payloads.all_of(ModelFacts)), None)

    @property
    def layouts(self) -> dict[int, Layout]:
        """Layout id -> names of the rows in the samples' tables."""
        return {layout.id: layout for layout in self._payloads.all_of(Layout)}

    @property
    def data(self) -> list[DataSummary]:
        """The parts of a data set that was checked as a whole; empty of a training run."""
        return self._payloads.all_of(DataSummary)

    @property
    def epochs(self) -> list[EpochEnd]:
        """Keras' logs at the end of each epoch."""
        return self._payloads.all_of(EpochEnd)

    @property
    def failures(self) -> list[Failure]:
        """Exceptions that a step or `fit` raised."""
        return self._payloads.all_of(Failure)

    @property
    def degraded(self) -> tuple[Degraded, ...]:
        """What could not be read from the version of Keras that was used."""
        facts = self.facts
        return () if facts is None else facts.degraded

    @property
    def expected_ranges(self) -> list[ExpectedRange]:
        """The ranges that the rules judged tensors by, as last logged."""
        return latest_ranges(self._payloads.all_of(ExpectedRange))

    @property
    def not_judged(self) -> list[NotJudged]:
        """Rules that could not judge the session, with the reason."""
        return latest_not_judged(self._payloads.all_of(NotJudged))

    @property
    def alert_history(self) -> list[Alert]:
        """Every state of every alert, in order."""
        return self._payloads.all_of(Alert, "alerts")

    @property
    def alerts(self) -> list[Alert]:
        """The findings: the last state of each alert, worst first."""
        return findings(self.alert_history)

    @property
    def alerts_complete(self) -> bool:
        """Whether every alert is known: nothing of the stream of alerts is lost."""
        self._payloads.all_documents("alerts")
        lost = self.completeness
        unread = any(stream == "alerts" for stream, _ in self._payloads.unread)
        return not unread and "alerts" not in lost.missing and Alert.__name__ not in lost.dropped

    @property
    def images(self) -> list[Images]:
        """Thumbnails of the inputs."""
        return self._payloads.all_of(Images, "images")

    @property
    def costs(self) -> list[Cost]:
        """What the callback has cost, over time."""
        return self._payloads.all_of(Cost, "costs")

    @property
    def status(self) -> Liveness:
        """Whether it runs, or how it ended: see `alerts.Liveness`."""
        head = self.index.head
        return liveness(
            self.end,
            quiet_s=self._clock() - self.last_wall_time,
            interval_s=head.interval_s if head else 1.0,
            process_runs=process_runs(self.start),
        )

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be expected: it has ended, and no further call of `fit` has begun for a while.

        A session that has ended may go on while its process runs. A loop calls `fit` again within seconds.
        """
        end = self.end
        if end is None or end.status not in ("finished", "stopped"):
            return self.status != "running"
        if process_runs(self.start) is False:
            return True
        return self._clock() - end.wall_time > _NEXT_CALL_S

    @property
    def last_wall_time(self) -> float:
        """When the last sample, epoch or end was recorded, in seconds since the epoch; 0 if nothing was."""
        known = [self.start, self.end, *self.epochs[-1:], *self.costs[-1:]]
        times = [record.wall_time for record in known if record is not None]
        for payload in self.index.payloads["samples"][-1:]:
            column = self._payloads.attempt(payload, lambda chunk: chunk.columns["wall_time"])
            if column is not None and len(column):
                times.append(float(column[-1]))
        return max(times, default=0.0)

    @property
    def first_step(self) -> int:
        """The first training step; not 0 if training was resumed, -1 if there was none."""
        return min((int(steps.min()) for steps in self._columns.end_steps(last=False)), default=-1)

    @property
    def n_steps(self) -> int:
        """Number of training steps."""
        first = self.first_step
        return 0 if first < 0 else self.last_step - first + 1

    @property
    def last_step(self) -> int:
        """The last training step; -1 if there was none."""
        steps = [int(found.max()) for found in self._columns.end_steps(last=True)]
        end = self.end
        if steps and end is not None:  # steps after recording stopped are not logged
            steps.append(end.step)
        return max(steps, default=-1)

    @property
    def n_samples(self) -> int:
        """Number of samples of all splits."""
        return sum(payload.header.rows for payload in self.index.payloads["samples"])

    # ---- completeness

    @property
    def completeness(self) -> LogCompleteness:
        """How much of what was written is here."""
        return completeness_of(self.index)

    @property
    def problems(self) -> list[str]:
        """What is lost or cannot be read, as sentences; empty if all is well.

        Damage inside columns is known only once they have been read. After `records`, all of it is known.
        """
        found, damage, unread = self.completeness.problems(), self.index.damage, self._payloads.unread
        if damage.frames:
            found.append(f"{events_are(damage.frames)} damaged. {' '.join(damage.messages)}")
        if unread:
            reasons = list(dict.fromkeys(unread.values()))
            found.append(f"{events_are(len(unread))} not readable. {' '.join(reasons[:3])}")
        if damage.newer:
            found.append(f"{events_are(damage.newer)} in a newer format. {' '.join(damage.messages)}")
        newer = self._payloads.n_unknown + sum(self.index.unknown.values())
        if self.index.schema > SCHEMA_VERSION:
            found.append(
                f"The log has schema version {self.index.schema}; this tb_inputdiag reads up to {SCHEMA_VERSION}. "
                f"What it knows was read; {whole(newer)} records or events of kinds unknown to it were left out. "
                "Upgrade tb_inputdiag to read all."
            )
        elif newer:
            found.append(f"{whole(newer)} records or events of kinds unknown to this tb_inputdiag were left out.")
        if self.start is None:
            found.append("The start of the session is lost: versions and settings are not known.")
        return found

    # ---- records in order

    @property
    def n_records(self) -> int:
        """Sequence number that the next record will get."""
        head = self.index.head
        return head.seq if head else 0

    def records(self, since: int = 0, *, until: int | None = None) -> Iterator[Record]:
        """Yields the records in the order in which they were logged.

        Args:
            since: Sequence number of the first record wanted.
            until: Sequence number at which to stop.
        """
        return (item.record for item in self.numbered(since, until=until))

    def numbered(self, since: int = 0, *, until: int | None = None) -> Iterator[Numbered]:
        """Yields the records with their sequence numbers. See `records`."""
        return RecordSequence(self._payloads, self._columns).numbered(since, until)

    # ---- columns

    def loss_outline(self, chunks: int = 64) -> list[Array]:
        """Returns the losses of some chunks, evenly spaced: enough for a small curve. See `ColumnReader`."""
        return self._columns.loss_outline(chunks)

    def columns(self, stream: str, layout: int, names: Sequence[str]) -> list[tuple[Array, ...]]:
        """Returns some columns of each chunk of a table that belongs to one layout. See `ColumnReader`."""
        return self._columns.columns(stream, layout, names)
