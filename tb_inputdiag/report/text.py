"""Alerts as text for a terminal."""

from __future__ import annotations

import ast
import math
import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from tb_inputdiag.records import Alert

__all__ = [
    "COLOURS",
    "alert_line",
    "clean",
    "evidence_text",
    "format_alert",
    "format_number",
    "is_code",
    "paint",
    "since_text",
]

COLOURS: Mapping[str, str] = {
    "ERROR": "1;31",
    "WARNING": "1;33",
    "INFO": "1;36",
    "strong": "1",
    "dim": "2",
    "code": "32",
    "bad": "31",
    "good": "32",
}
"""Style -> ANSI SGR parameters: of the 16 colours that every terminal's theme makes readable."""

_SEVERITY = 8
"""Width of a severity and the space behind it."""
_LABEL = 9
"""Width of the labels on the left."""
_MOST_EVIDENCE = 12
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def clean(text: object) -> str:
    """Returns text without control characters: names in a log come from anywhere, and must not drive a terminal."""
    return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", str(text).replace("\r\n", "\n").expandtabs(4))


def paint(text: str, style: str, color: bool) -> str:
    """Returns the text in a style of `COLOURS`, if `color`."""
    return f"\x1b[{COLOURS[style]}m{text}\x1b[0m" if color else text


def format_number(value: float) -> str:
    """Returns a number as people write it: ``12,345``, ``0.00123``, ``1.2e-09``, ``NaN``."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) or (math.isfinite(value) and value == int(value) and abs(value) < 1e7):
        return f"{int(value):,}" if abs(value) < 1e15 else f"{value:.4g}"
    if math.isnan(value):
        return "NaN"
    text = f"{value:.4g}"
    return f"{value:,.0f}" if "e+" in text and abs(value) < 1e9 else text


def _format_value(value: Any) -> str:
    if isinstance(value, (bool, int, float)):
        return format_number(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{clean(key)}: {_format_value(item)}" for key, item in list(value.items())[:8]) + "}"
    if isinstance(value, (list, tuple)):
        more = ", ..." if len(value) > 8 else ""
        return "[" + ", ".join(_format_value(item) for item in value[:8]) + more + "]"
    text = clean(value).replace("\n", " ")
    return text if len(text) <= 200 else text[:197] + "..."


def format_alert(alert: Alert, width: int = 80, color: bool = False) -> str:
    """Returns an alert as a block of lines: what, where, since when, the numbers, why, and the fix as code.

    Args:
        alert: What to show.
        width: Columns of the terminal; lines of code are longer where they have to be.
        color: Use ANSI colours.
    """
    return "\n".join(_lines(alert, max(width, 40), color))


def alert_line(alert: Alert, width: int = 80, color: bool = False, *, cut: bool = False) -> str:
    """Returns an alert as one sentence: wrapped to the width below its severity, or cut to one line."""
    severity = alert.severity.name
    text = f"{clean(alert.rule)} [{clean(alert.subject)}] step {alert.first_step:,}: {clean(alert.message)}"
    text = " ".join(text.split())
    room = max(width, 40) - _SEVERITY
    if cut:
        lines = [text if len(text) <= room else text[: room - 3] + "..."]
    else:
        lines = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False)
    first = f"{paint(f'{severity:<{_SEVERITY - 1}}', severity, color)} {lines[0]}"
    return "\n".join([first, *(" " * _SEVERITY + line for line in lines[1:])])


def _lines(alert: Alert, width: int, color: bool) -> Iterator[str]:
    severity, subject = alert.severity.name, clean(alert.subject)
    head = f"{severity} {clean(alert.rule)}"
    gap = width - len(head) - len(subject)
    painted = f"{paint(severity, severity, color)} {paint(clean(alert.rule), 'strong', color)}"
    yield painted + " " * gap + subject if gap >= 2 else painted
    if gap < 2:
        yield from _wrap(subject, width, "  ")
    yield from _wrap(clean(alert.message), width, "  ")
    yield from _labelled("since", since_text(alert), width, color)
    yield from _labelled("numbers", evidence_text(alert), width, color)
    yield from _labelled("why", clean(alert.why), width, color)
    yield from _fix(clean(alert.fix), width, color)
    for index, consequence in enumerate(alert.consequences):
        text = f"{consequence.rule} [{consequence.subject}]: {consequence.text}"
        yield from _labelled("leads to" if index == 0 else "", clean(text), width, color)


def evidence_text(alert: Alert) -> str:
    """Returns the numbers of an alert on one line."""
    numbers = [f"{clean(name)} {_format_value(value)}" for name, value in alert.evidence.items() if value != ""]
    if len(numbers) > _MOST_EVIDENCE:
        numbers = [*numbers[:_MOST_EVIDENCE], f"and {len(numbers) - _MOST_EVIDENCE} more"]
    return ", ".join(numbers)


def since_text(alert: Alert) -> str:
    """Returns since when an alert holds, how often it was seen, and whether it still is."""
    samples = f"{alert.count:,} sample{'s' if alert.count != 1 else ''}"
    where = "" if alert.split == "train" else f" of {alert.split}"
    if alert.last_step > alert.first_step:
        text = f"step {alert.first_step:,}, last seen at step {alert.last_step:,}, on {samples}{where}"
    else:
        text = f"step {alert.first_step:,}, on {samples}{where}"
    if alert.state == "resolved":
        text += "; resolved" + (f" at step {alert.resolved_step:,}" if alert.resolved_step is not None else "")
    if alert.reopened:
        text += f"; came back {alert.reopened} time{'s' if alert.reopened != 1 else ''}"
    return text


def _wrap(text: str, width: int, indent: str, first: str | None = None) -> list[str]:
    lines: list[str] = []
    for number, line in enumerate(text.split("\n")):
        start = indent if number or first is None else first
        lines += textwrap.wrap(
            line, width, initial_indent=start, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
        ) or [start.rstrip()]
    return lines


def _labelled(label: str, text: str, width: int, color: bool) -> Iterator[str]:
    if not text:
        return
    indent = " " * (2 + _LABEL)
    lines = _wrap(text, width, indent, first=indent)
    yield "  " + paint(f"{label:<{_LABEL}}", "dim", color) + lines[0][len(indent) :]
    yield from lines[1:]


def is_code(line: str) -> bool:
    """Tells whether a line of a fix is code to paste rather than a sentence."""
    text = line.strip()
    if not text or line.startswith("  ") or text[0] in "#@)]}":
        return True
    try:
        ast.parse(text + " pass" if text.endswith(":") else text)
    except (SyntaxError, ValueError):
        return False
    return True


def _fix(fix: str, width: int, color: bool) -> Iterator[str]:
    """Sentences are wrapped; code is left as it is, to be pasted."""
    if not fix:
        return
    indent, label = " " * (2 + _LABEL), f"{'fix':<{_LABEL}}"
    for line in fix.strip("\n").split("\n"):
        start = "  " + paint(label, "dim", color) if label else indent
        if not line.strip():
            yield ""
        elif is_code(line):
            yield start + paint(line.rstrip(), "code", color)
        else:
            wrapped = _wrap(line, width, indent)
            yield (start + wrapped[0][len(indent) :]).rstrip()
            yield from wrapped[1:]
        label = ""
