"""``explain``: what an exception of a program that ran elsewhere means."""

from __future__ import annotations

import os
import re
import sys
import textwrap
from pathlib import Path
from typing import NamedTuple

from tb_inputdiag.cli.arguments import ExplainArguments
from tb_inputdiag.cli.options import print_json
from tb_inputdiag.cli.parser import CLEAN, FINDINGS
from tb_inputdiag.cli.terminal import Terminal
from tb_inputdiag.errors import ConfigurationError
from tb_inputdiag.jsonable import to_jsonable
from tb_inputdiag.records import Alert, Failure, SessionStart
from tb_inputdiag.report import format_alert
from tb_inputdiag.rules.engine import RuleEngine

__all__ = ["explain"]

_RAISED = re.compile(r"^(?:[\w]+\.)*([A-Z]\w*): ?(.*)", re.DOTALL)
_FRAME = re.compile(r'^ *File "([^"]+)", line (\d+)')
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_LONGEST_PATH = 1000
_NO_DATA = "Only the text was read: there was no data and no model to look at. Names and sizes in the fix are guesses."


class _Parts(NamedTuple):
    exception: str
    """Empty if the text names none."""
    message: str
    lines: tuple[str, ...]


def explain(arguments: ExplainArguments, terminal: Terminal) -> int:
    """Prints what an exception means and what mends it. Returns 1 if its kind is not known."""
    text = _text(arguments.message)
    if not text.strip():
        raise ConfigurationError(
            "There is no message. Give one in quotes, or a traceback on standard input: "
            "python train.py 2>&1 | tb-inputdiag explain"
        )
    parts = _parts(text.strip("\n"))
    alerts = _judged(parts)
    if arguments.format == "json":
        print_json({"exception": parts.exception, "alerts": [to_jsonable(alert) for alert in alerts]}, terminal)
        return CLEAN if alerts else FINDINGS
    if not alerts:
        if not parts.exception:
            terminal.print("The text does not look like an exception: it has no traceback, and no known message.")
            terminal.print("Give all lines from 'Traceback (most recent call last):' on, on standard input.")
            return FINDINGS
        terminal.print(f"The kind of this exception is not known: {parts.exception}.")
        terminal.print("Explain it where it is raised: tb_inputdiag then says which data came, with shapes and dtypes.")
        return FINDINGS
    for alert in alerts:
        terminal.print(format_alert(alert, width=terminal.width, color=terminal.color))
    terminal.print(textwrap.fill(_NO_DATA, terminal.width))
    return CLEAN


def _text(message: str | None) -> str:
    """Returns the message, the content of a file if it names one, or standard input; without colours."""
    if message in (None, "-"):
        text = sys.stdin.read()
    elif message and len(message) < _LONGEST_PATH and os.path.isfile(message):
        text = Path(message).read_text(encoding="utf-8", errors="replace")
    else:
        text = message or ""
    return _COLOUR.sub("", text.replace("\r\n", "\n"))


def _judged(parts: _Parts) -> list[Alert]:
    engine = RuleEngine()
    engine.feed(SessionStart(session="explain", wall_time=0.0, mode="call"))
    engine.feed(
        Failure(
            step=0,
            wall_time=0.0,
            split="train",
            exception=parts.exception or "Exception",
            message=parts.message,
            place="other",
            lines=parts.lines,
        )
    )
    return engine.alerts


def _parts(text: str) -> _Parts:
    """Takes a message, or the last traceback of a text, apart."""
    _, mark, traceback = text.rpartition("Traceback (most recent call last):")
    rows = (traceback if mark else text).split("\n")
    frames = [i for i, row in enumerate(rows) if _FRAME.match(row)] if mark else []
    begin = next((i for i in range(frames[-1] + 1, len(rows)) if rows[i][:1].strip()), 0) if frames else 0
    body = "\n".join(rows[begin:]).strip("\n")
    raised = _RAISED.match(body)
    shown = [_frame(rows, i) for i in frames if "site-packages" not in rows[i]]
    return _Parts(
        exception=raised[1] if raised else "Exception" if mark else "",
        message=raised[2] if raised else body,
        lines=tuple(dict.fromkeys(filter(None, [*shown[:1], *shown[-1:]]))),
    )


def _frame(rows: list[str], at: int) -> str:
    found = _FRAME.match(rows[at])
    code = rows[at + 1].strip() if at + 1 < len(rows) and not _FRAME.match(rows[at + 1]) else ""
    return f"{found[1].rpartition('/')[2]}:{found[2]}: {code}" if found and code else ""
