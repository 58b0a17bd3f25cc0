"""A run of `check_data`: its records, judged by the rules and written to the log."""

from __future__ import annotations

import os
import platform
import socket
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np

from tb_inputdiag._version import __version__
from tb_inputdiag.log.codec import new_session_id
from tb_inputdiag.records import JSON, Alert, Baseline, NotJudged, Record, SessionEnd, SessionStart
from tb_inputdiag.rules.engine import RuleEngine, RulesArgument
from tb_inputdiag.urls import is_url, redact

if TYPE_CHECKING:
    from tb_inputdiag.log.writer import LogWriter

__all__ = ["DataSession"]


class DataSession:
    """Judges records, and writes them if there is a log.

    Args:
        log_dir: Folder of the log; None: nothing is written.
        rules: Which rules, as for `InputDiagnostics`.
        settings: The arguments of `check_data`, for the log.
        baseline: What the data is compared with.
        on_error: Called with the id of a rule that failed and with its exception, and with the log's: ``log``.

    Raises:
        ConfigurationError: if `rules` is wrong.
        LogWriteError: if nothing can be written to `log_dir`.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] | None,
        rules: RulesArgument,
        settings: Mapping[str, JSON],
        baseline: Baseline | None,
        on_error: Callable[[str, Exception], None],
    ) -> None:
        self._engine = RuleEngine(rules, on_error=on_error)
        session = new_session_id()
        self._writer: LogWriter | None = None
        self._log_dir = None if log_dir is None else os.fspath(log_dir)
        if log_dir is not None:
            # imports TensorBoard's event files, which a check without a log does not need
            from tb_inputdiag.log.open_log import open_log

            self._writer = open_log(log_dir, session=session, on_error=lambda error: on_error("log", error))
        self.records: list[Record] = []
        """All records of the run, without what the rules made of them."""
        self.add(
            SessionStart(
                session=session,
                wall_time=time.time(),
                mode="data",
                versions={
                    "python": platform.python_version(),
                    "tb_inputdiag": __version__,
                    "numpy": np.__version__,
                },
                settings=settings,
                host=socket.gethostname(),
                pid=os.getpid(),
            )
        )
        if baseline is not None:
            self.add(baseline)

    @property
    def run_dir(self) -> str | None:
        """Folder of the run, or the URL of the log; None if nothing is written."""
        if self._writer is None or self._log_dir is None:
            return None
        return redact(self._log_dir) if is_url(self._log_dir) else str(self._writer.path.parent)

    @property
    def alerts(self) -> list[Alert]:
        """The alerts so far, worst first."""
        return self._engine.alerts

    @property
    def not_judged(self) -> list[NotJudged]:
        """Rules that could not judge."""
        said = [record for record in self.records if isinstance(record, NotJudged)]
        return [*said, *self._engine.not_judged]

    def add(self, record: Record) -> None:
        """Writes a record, and judges it. The end is written after what it leads to, because it is the last."""
        self.records.append(record)
        last = isinstance(record, SessionEnd)
        if not last:
            self._write(record)
        for judgement in self._engine.feed(record):
            self._write(judgement)
        if last:
            self._write(record)

    def _write(self, record: Record) -> None:
        if self._writer is not None:
            self._writer.write(record)

    def end(self, status: Literal["finished", "failed", "interrupted"], reason: str = "") -> None:
        """Ends the run. The log is complete then."""
        self.add(SessionEnd(wall_time=time.time(), step=0, status=status, reason=reason))
        if self._writer is not None:
            self._writer.close()
