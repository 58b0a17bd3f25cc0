"""Alerts as text for a terminal."""

from __future__ import annotations

import ast
import math
import textwrap
from collections.abc import Iterator, Mapping

from tb_inputdiag.numbers import count, format_number, whole
from tb_inputdiag.records import Alert, Consequence, ShownExample
from tb_inputdiag.report.ansi import clean, paint
from tb_inputdiag.report.picture_text import picture_text

__all__ = [
    "alert_line",
    "consequence_text",
    "evidence_text",
    "examples_text",
    "format_alert",
    "is_code",
    "part_of_example",
    "shown_text",
    "since_text",
]

_SEVERITY = 8
"""Width of a severity and the space behind it."""
_LABEL = 9
"""Width of the labels on the left."""
_MOST_EVIDENCE = 12
_MOST_ITEMS = 8
"""Items that are shown of a list or mapping in the evidence."""
_MOST_SHOWN = 4
"""Rows that are shown of single examples."""
_MOST_CHARACTERS = 200
"""Characters that are shown of a text in the evidence."""


def format_alert(alert: Alert, width: int = 80, color: bool = False, *, steps: bool = True) -> str:
    """Returns an alert as a block of lines: what, where, since when, the numbers, why, and the fix as code.

    Args:
        alert: What to show.
        width: Columns of the terminal. Lines of code may be longer.
        color: Use ANSI colours.
        steps: Say since which step it holds. A whole data set has no steps.
    """
    return "\n".join(_lines(alert, max(width, 40), color, steps))


def alert_line(alert: Alert, width: int = 80, color: bool = False, *, cut: bool = False, steps: bool = True) -> str:
    """Returns an alert as one sentence: wrapped to the width below its severity, or cut to one line."""
    severity = alert.severity.name
    since = f" step {whole(alert.first_step)}" if steps else ""
    text = f"{clean(alert.rule)} [{clean(alert.subject)}]{since}: {clean(alert.message)}"
    text = " ".join(text.split())
    room = max(width, 40) - _SEVERITY
    if cut:
        lines = [text if len(text) <= room else text[: room - 3] + "..."]
    else:
        lines = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False)
    first = f"{paint(f'{severity:<{_SEVERITY - 1}}', severity, color)} {lines[0]}"
    return "\n".join([first, *(" " * _SEVERITY + line for line in lines[1:])])


def _lines(alert: Alert, width: int, color: bool, steps: bool) -> Iterator[str]:
    severity, subject = alert.severity.name, clean(alert.subject)
    head = f"{severity} {clean(alert.rule)}"
    gap = width - len(head) - len(subject)
    painted = f"{paint(severity, severity, color)} {paint(clean(alert.rule), 'strong', color)}"
    yield painted + " " * gap + subject if gap >= 2 else painted
    if gap < 2:
        yield from _wrap(subject, width, "  ")
    yield from _wrap(clean(alert.message), width, "  ")
    if alert.picture is not None:
        yield from _labelled("seen", clean(picture_text(alert.picture)), width, color)
    yield from _labelled("examples", clean(examples_text(alert)), width, color)
    for index, row in enumerate(_shown_rows(alert)):
        yield from _labelled("shown" if index == 0 else "", clean(row), width, color)
    if steps:
        yield from _labelled("since", since_text(alert), width, color)
    yield from _labelled("numbers", evidence_text(alert), width, color)
    yield from _labelled("why", clean(alert.why), width, color)
    yield from _fix(clean(alert.fix), width, color)
    for index, consequence in enumerate(alert.consequences):
        yield from _labelled("leads to" if index == 0 else "", clean(consequence_text(consequence)), width, color)


def consequence_text(consequence: Consequence) -> str:
    """Returns e.g. ``exploding-gradient [weight:conv2d/kernel]: The norm is 1e6.``."""
    return f"{consequence.rule} [{consequence.subject}]: {consequence.text}"


def examples_text(alert: Alert) -> str:
    """Returns which examples show an alert: their places in the batch and, if known, in the data; or nothing."""
    found = alert.examples
    if found is None:
        return ""
    places = ", ".join(map(str, found.batch[:_MOST_ITEMS]))
    text = f"{places} of the batch of step {whole(found.step)}"
    if found.rows:
        return f"{text}: {'row' if len(found.rows) == 1 else 'rows'} {', '.join(map(str, found.rows[:_MOST_ITEMS]))}"
    return text


def _shown_rows(alert: Alert) -> list[str]:
    shown = () if alert.examples is None else alert.examples.shown
    return [shown_text(example) for example in shown if example.values][:_MOST_SHOWN]


def shown_text(example: ShownExample) -> str:
    """Returns a row of an example on one line, e.g. ``input:x of example 2: ..., 0.3, NaN, 1.7, ... (36 to 43 of 50
    values)``.

    Of many values those around the first one that is not finite are shown, or around the largest.
    """
    values = example.values
    wrong = [place for place, value in enumerate(values) if not math.isfinite(value)]
    middle = wrong[0] if wrong else max(range(len(values)), key=lambda place: abs(values[place]))
    start = max(0, min(middle - _MOST_ITEMS // 2, len(values) - _MOST_ITEMS))
    items = [format_number(value) for value in values[start : start + _MOST_ITEMS]]
    before = ["..."] if example.first + start else []
    after = ["..."] if example.first + start + len(items) < example.size else []
    text = f"{example.subject} of example {example.place}: {', '.join([*before, *items, *after])}"
    return f"{text} ({part_of_example(example, start, len(items))})" if before or after else text


def part_of_example(example: ShownExample, start: int, n: int) -> str:
    """Returns which of an example's values are `n` of those that are shown, from `start` on."""
    first = example.first + start
    return f"{first} to {first + n - 1} of {whole(example.size)} values"


def evidence_text(alert: Alert) -> str:
    """Returns the numbers of an alert on one line."""
    numbers = [
        f"{clean(name).replace('_', ' ')} {_value_text(value)}"
        for name, value in alert.evidence.items()
        if value not in ("", [], {})
    ]
    if len(numbers) > _MOST_EVIDENCE:
        numbers = [*numbers[:_MOST_EVIDENCE], f"and {len(numbers) - _MOST_EVIDENCE} more"]
    return ", ".join(numbers)


def _value_text(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, (bool, int, float)):
        return format_number(value)
    if isinstance(value, Mapping):
        items = list(value.items())[:_MOST_ITEMS]
        return "{" + ", ".join(f"{clean(key)}: {_value_text(item)}" for key, item in items) + "}"
    if isinstance(value, (list, tuple)):
        more = ", ..." if len(value) > _MOST_ITEMS else ""
        return "[" + ", ".join(_value_text(item) for item in value[:_MOST_ITEMS]) + more + "]"
    text = clean(value).replace("\n", " ")
    return text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 3] + "..."


def since_text(alert: Alert) -> str:
    """Returns since when an alert holds, how often it was seen, and whether it still holds."""
    where = "" if alert.split == "train" else f" of {alert.split}"
    seen = f"on {count(alert.count, 'sample')}{where}"
    text = f"step {whole(alert.first_step)}, "
    text += f"last seen at step {whole(alert.last_step)}, {seen}" if alert.last_step > alert.first_step else seen
    if alert.state == "resolved":
        text += "; resolved" + (f" at step {whole(alert.resolved_step)}" if alert.resolved_step is not None else "")
    if alert.reopened:
        text += f"; came back {count(alert.reopened, 'time')}"
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
    """Returns whether a line of a fix is code to paste rather than a sentence."""
    text = line.strip()
    if not text or line.startswith("  ") or text[0] in "#@)]}":
        return True
    try:
        ast.parse(text + " pass" if text.endswith(":") else text)
    except (SyntaxError, ValueError):
        return False
    return True


def _fix(fix: str, width: int, color: bool) -> Iterator[str]:
    """Yields the lines of a fix: sentences wrapped, code unchanged so that it can be pasted."""
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
