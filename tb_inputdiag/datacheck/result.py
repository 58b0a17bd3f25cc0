"""What `check_data` returns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence

from tb_inputdiag._lazy import text_from
from tb_inputdiag.alerts import count_by_severity
from tb_inputdiag.numbers import count, duration
from tb_inputdiag.records import Alert, DataSummary, NotJudged, Part, Severity
from tb_inputdiag.report import format_alert
from tb_inputdiag.report.ansi import clean
from tb_inputdiag.report.data_tables import ColumnTable, column_tables, part_facts

__all__ = ["DataCheck"]

_WIDTH = 80
_LABEL = 12


class DataCheck:
    """The alerts of a data set, and statistics of its parts. `print` shows them in 80 columns.

    Attributes:
        alerts: What the rules found, worst first.
        parts: ``train``, and ``validation`` and ``test`` if they were given: statistics over all examples, see
            `records.DataSummary`. Also as `train`, `validation` and `test`.
        not_judged: Rules that could not judge, with the reason.
        run_dir: Folder of the log; None without `log_dir`.
    """

    def __init__(
        self,
        alerts: Sequence[Alert],
        parts: Mapping[Part, DataSummary],
        not_judged: Sequence[NotJudged],
        run_dir: str | None,
    ) -> None:
        self.alerts = list(alerts)
        self.parts = dict(parts)
        self.not_judged = list(not_judged)
        self.run_dir = run_dir

    @property
    def train(self) -> DataSummary:
        """Statistics of the training data."""
        return self.parts["train"]

    @property
    def validation(self) -> DataSummary | None:
        """Statistics of the validation data; None if there is none."""
        return self.parts.get("validation")

    @property
    def test(self) -> DataSummary | None:
        """Statistics of the test data; None if there is none."""
        return self.parts.get("test")

    _repr_html_ = text_from("tb_inputdiag.notebook.cards", "check_html")

    def worst(self) -> Severity | None:
        """Returns the highest severity among the alerts; None without alerts."""
        return max((alert.severity for alert in self.alerts), default=None)

    def __repr__(self) -> str:
        found = ", ".join(f"{n} {severity.name}" for severity, n in count_by_severity(self.alerts).items() if n)
        sizes = ", ".join(f"{name} {count(data.examples, 'example')}" for name, data in self.parts.items())
        return f"<DataCheck {sizes}: {found or 'no alerts'}>"

    def __str__(self) -> str:
        return self.text()

    def text(self, width: int = _WIDTH, color: bool = False) -> str:
        """Returns statistics and alerts as text.

        Args:
            width: Columns of the terminal.
            color: Use ANSI colours.
        """
        return "\n".join(self._lines(width, color))

    def _lines(self, width: int, color: bool) -> Iterator[str]:
        for name, data in self.parts.items():
            yield f"{name} data, read in {duration(data.elapsed_s)}"
            for label, text in part_facts(data):
                yield from _labelled(label, clean(text), width)
            for table in column_tables(data):
                yield ""
                yield from _table(table, width)
            yield ""
        if not self.alerts:
            yield "No alerts."
        for alert in self.alerts:
            yield format_alert(alert, width, color, steps=False)
            yield ""
        if self.not_judged:
            names = ", ".join(item.rule for item in self.not_judged)
            yield from textwrap.wrap(f"Not judged: {names}. {self.not_judged[0].reason}", width)
        if self.run_dir is not None:
            yield f"Log: {self.run_dir}"


def _labelled(label: str, text: str, width: int) -> list[str]:
    first = f"  {label:<{_LABEL - 2}}"
    return textwrap.wrap(text, width, initial_indent=first, subsequent_indent=" " * _LABEL, break_on_hyphens=False)


def _table(table: ColumnTable, width: int) -> Iterator[str]:
    rows = [table.header, *([clean(cell) for cell in row] for row in table.rows)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(table.header))]
    room = width - 2 - sum(widths[1:]) - 2 * (len(widths) - 1)
    widths[0] = max(6, min(widths[0], room))
    for row in rows:
        name = row[0] if len(row[0]) <= widths[0] else row[0][: widths[0] - 3] + "..."
        cells = [f"{name:<{widths[0]}}", *(f"{cell:>{size}}" for cell, size in zip(row[1:], widths[1:], strict=True))]
        yield "  " + "  ".join(cells).rstrip()
    if table.note:
        yield from textwrap.wrap(table.note, width, initial_indent="  ", subsequent_indent="  ")
