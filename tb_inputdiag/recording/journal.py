"""Where every record goes: into the log and to the rules, whose judgements go into the log and to the user."""

from __future__ import annotations

from tb_inputdiag.log.writer import LogWriter
from tb_inputdiag.recording.announcer import Announcer
from tb_inputdiag.records import Alert, NotJudged, Record, SessionEnd
from tb_inputdiag.rules import RuleEngine

__all__ = ["Journal"]


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

    @property
    def alerts(self) -> list[Alert]:
        """Alerts of the session so far, worst first."""
        return self._engine.alerts

    @property
    def log_bytes(self) -> int:
        """Bytes of the log so far."""
        return self._writer.bytes_written

    def add(self, record: Record, *, aloud: bool = True) -> None:
        """Writes a record, and judges it.

        Args:
            record: The record. The `SessionEnd` is written after the alerts that it raises, because it is the last.
            aloud: Whether alerts may be printed.
        """
        if isinstance(record, SessionEnd):
            try:
                self._judge(record, aloud)
            finally:
                self._writer.write(record)
        else:
            self._writer.write(record)
            self._judge(record, aloud)

    def _judge(self, record: Record, aloud: bool) -> None:
        for judgement in self._engine.feed(record):
            self._writer.write(judgement)
            if isinstance(judgement, Alert):
                self._announcer.announce(judgement, aloud)
            elif isinstance(judgement, NotJudged):
                self._announcer.announce_not_judged(judgement)

    def pause(self) -> None:
        """Lets other sessions use the run directory, until `resume`."""
        self._writer.pause()

    def resume(self) -> bool:
        """Returns whether the session can go on in its file."""
        return self._writer.resume()

    def close(self) -> None:
        """Waits until everything is written."""
        self._writer.close()
