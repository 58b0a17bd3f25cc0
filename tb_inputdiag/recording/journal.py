"""Where every record goes: into the log and to the rules, whose judgements go into the log and to the user."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from tb_inputdiag.log.writer import LogWriter
from tb_inputdiag.recording.announcer import Announcer
from tb_inputdiag.records import Alert, Examples, NotJudged, Record, SessionEnd, ShownExamples
from tb_inputdiag.rules import RuleEngine

__all__ = ["Journal", "Show"]

Show: TypeAlias = Callable[[Examples], ShownExamples | None]
"""Returns the examples that an alert names, as they were fed; None if they cannot be read."""

_MOST_SHOWN = 64
"""Sets of examples that a session keeps: each is a few kilobytes."""


class Journal:
    """Writes and judges records.

    Args:
        writer: The log.
        engine: The rules.
        announcer: Receives the alerts, and what could not be judged.
    """

    def __init__(self, writer: LogWriter, engine: RuleEngine, announcer: Announcer) -> None:
        self._writer = writer
        self._engine = engine
        self._announcer = announcer
        self._shows = 0

    @property
    def alerts(self) -> list[Alert]:
        """Alerts of the session so far, worst first."""
        return self._engine.alerts

    @property
    def log_bytes(self) -> int:
        """Bytes of the log so far."""
        return self._writer.bytes_written

    def add(self, record: Record, *, aloud: bool = True, show: Show | None = None) -> None:
        """Writes a record, and judges it.

        Args:
            record: The record. The `SessionEnd` is written after the alerts that it raises, because it is the last.
            aloud: Whether alerts may be printed.
            show: Reads the examples of the record's batch that alerts name.
        """
        if isinstance(record, SessionEnd):
            try:
                self._judge(record, aloud, show)
            finally:
                self._writer.write(record)
        else:
            self._writer.write(record)
            self._judge(record, aloud, show)

    def _judge(self, record: Record, aloud: bool, show: Show | None) -> None:
        for judgement in self._engine.feed(record):
            if isinstance(judgement, Alert):
                alert = judgement if show is None else self._shown(judgement, show)
                self._writer.write(alert)
                self._announcer.announce(alert, aloud)
                continue
            self._writer.write(judgement)
            if isinstance(judgement, NotJudged):
                self._announcer.announce_not_judged(judgement)

    def _shown(self, alert: Alert, show: Show) -> Alert:
        """Returns an alert with the examples that it names, if it just named them."""
        if alert.examples is None or alert.examples.shown or self._shows == _MOST_SHOWN:
            return alert
        shown = show(alert.examples)
        if shown is None:
            return alert
        self._shows += 1
        self._writer.write(shown)
        for changed in self._engine.feed(shown):
            if isinstance(changed, Alert) and changed.id == alert.id:
                alert = changed
            else:
                self._writer.write(changed)
        return alert

    def pause(self) -> None:
        """Lets other sessions use the run directory, until `resume`."""
        self._writer.pause()

    def resume(self) -> bool:
        """Returns whether the session can go on in its file."""
        return self._writer.resume()

    def close(self) -> None:
        """Waits until everything is written."""
        self._writer.close()
