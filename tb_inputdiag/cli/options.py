"""What the commands share: opening logs, choosing sessions, writing JSON."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tb_inputdiag.cli.terminal import Terminal
from tb_inputdiag.errors import LogNotFoundError
from tb_inputdiag.log.reader import Log, Run, read
from tb_inputdiag.log.session import Session
from tb_inputdiag.report import to_jsonable

__all__ = ["CLEAN", "FINDINGS", "UNREADABLE", "Chosen", "choose", "count", "open_log", "print_json", "warn_problems"]

CLEAN, FINDINGS, UNREADABLE = 0, 1, 2
"""Exit codes: all is well; `check` found something; what was asked for cannot be read, or was asked for wrongly."""


def count(n: int, what: str) -> str:
    """Returns e.g. ``1 step`` or ``2,000 steps``."""
    return f"{n:,} {what}{'' if n == 1 else 's'}"


@dataclass(frozen=True)
class Chosen:
    """A session that a command is to look at."""

    run: Run
    session: Session
    log_dir: str

    @property
    def title(self) -> str:
        """The run's name, with the session's if the run has several."""
        return self.name if len(self.run.sessions) == 1 else f"{self.name} ({self.session.id})"

    @property
    def name(self) -> str:
        """The run's name; for that of the folder itself, the folder's."""
        return (
            self.run.name if self.run.name != "." else os.path.basename(os.path.abspath(self.log_dir)) or self.log_dir
        )


def open_log(options: argparse.Namespace, path: str | None = None) -> Log:
    """Returns the log that the arguments name.

    Raises:
        LogError: if there is none.
    """
    return read(path if path is not None else options.log_dir)


def choose(log: Log, options: argparse.Namespace) -> list[Chosen]:
    """Returns the sessions that ``--run``, ``--session`` and ``--last`` leave.

    Raises:
        LogNotFoundError: if they leave none.
    """
    wanted_run, wanted = getattr(options, "run", None), getattr(options, "session", None)
    found = []
    for run in log.runs:
        if wanted_run is not None and run.name != wanted_run:
            continue
        sessions = run.sessions[-1:] if getattr(options, "last", False) else run.sessions
        found += [Chosen(run, session, log.log_dir) for session in sessions if wanted is None or session.id == wanted]
    if not found:
        if wanted_run is not None and wanted_run not in log:
            raise LogNotFoundError(f"There is no run {wanted_run!r}. There are: {', '.join(log) or 'none'}.")
        ids = ", ".join(session.id for run in log.runs for session in run.sessions) or "none yet"
        raise LogNotFoundError(f"There is no such session. There are: {ids}.")
    return found


def warn_problems(chosen: Sequence[Chosen]) -> None:
    """Says on standard error what of the logs is lost."""
    for run in dict.fromkeys(item.run for item in chosen):
        for problem in run.problems:
            print(f"tb-inputdiag: run {run.name!r}: {problem}", file=sys.stderr)


def print_json(value: Any, terminal: Terminal) -> None:
    """Writes a value as one JSON document."""
    terminal.stream.write(json.dumps(to_jsonable(value), indent=2, ensure_ascii=not terminal.unicode) + "\n")
