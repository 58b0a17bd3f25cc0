"""Alerts and runs as cards: HTML without scripts that fetches nothing, in the colours of the notebook.

IPython asks an object for `_repr_html_` where it can show HTML, and for `_repr_pretty_` where it shows text.
"""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tb_inputdiag.cli.options import Chosen
from tb_inputdiag.cli.report import loss_chart, section_of
from tb_inputdiag.cli.summary import print_table, summary_lines
from tb_inputdiag.cli.terminal import Terminal
from tb_inputdiag.log.reader import Log, Run
from tb_inputdiag.log.stored_session import StoredSession
from tb_inputdiag.records import Alert
from tb_inputdiag.report import format_alert
from tb_inputdiag.report.data_tables import columns_of_parts, part_facts
from tb_inputdiag.report.html import ReportTable, Section, alert_parts, overview_parts, section_parts
from tb_inputdiag.report.markup import html_text
from tb_inputdiag.report.style import CARD_STYLE

if TYPE_CHECKING:
    from tb_inputdiag.datacheck.result import DataCheck

__all__ = ["alert_html", "check_html", "log_html", "log_text", "run_html", "run_text", "session_html", "session_text"]

_NOTHING = "Nothing was recorded yet."
_LEFT_OUT = ("run", "log", "alerts", "loss")
"""Facts that a card shows in another way, or that only an archive needs."""
_WIDTH = 80


def _card(parts: Iterable[str]) -> str:
    return f'<div class="tb-inputdiag"><style>{CARD_STYLE}</style>{"".join(parts)}</div>'


def alert_html(alert: Alert) -> str:
    """Returns an alert as a card."""
    return _card(alert_parts(alert))


def session_html(session: StoredSession) -> str:
    """Returns a session as a card: how it ended, its findings, its losses, some of what was fed."""
    return _card(section_parts(_section(Chosen(Run(session.id), session, ""))))


def run_html(run: Run) -> str:
    """Returns a run as a card: its latest session, below a table of all of them if there are several."""
    return _card(_sections([Chosen(run, session, "") for session in run.sessions], by_id=True))


def log_html(log: Log) -> str:
    """Returns a log as a card: a table of its sessions, and the latest one in full."""
    return _card(_sections(_chosen(log)))


def check_html(check: DataCheck) -> str:
    """Returns what a pass over a data set found as a card: its parts, its findings, the columns of its tables."""
    several = len(check.parts) > 1
    named = [(f"{name}: " if several else "", data) for name, data in check.parts.items()]
    facts = [(f"{name}{label}", text) for name, data in named for label, text in part_facts(data)]
    tables = [
        ReportTable(table.title, table.header, table.rows, left=4, words=1, note=table.note)
        for table in columns_of_parts(list(check.parts.values()), check.alerts)
    ]
    return _card(
        section_parts(
            Section(
                title="",
                status="",
                facts=facts,
                alerts=check.alerts,
                tables=tables,
                not_judged=check.not_judged,
                steps=False,
            )
        )
    )


def _sections(chosen: list[Chosen], by_id: bool = False) -> Iterable[str]:
    """Yields the latest session, below a table of all of them if there are several."""
    if not chosen:
        yield f"<p>{_NOTHING}</p>"
        return
    sections = {item: section_of(item) for item in chosen}
    if by_id:
        sections = {item: dataclasses.replace(found, title=item.session.id) for item, found in sections.items()}
    latest = max(chosen, key=lambda item: item.session.last_wall_time)
    if len(chosen) > 1:
        yield from overview_parts(list(sections.values()), linked=False)
        yield f"<h3>{html_text(sections[latest].title)}</h3>"
    yield from section_parts(_section(latest))


def _section(item: Chosen) -> Section:
    """Returns what a card shows: a page of everything would be longer than the notebook."""
    whole = section_of(item)
    facts = [(label, text) for label, text in whole.facts if label not in _LEFT_OUT]
    return dataclasses.replace(whole, facts=facts, charts=[loss_chart(item.session)], tables=[], not_judged=[])


def _chosen(log: Log) -> list[Chosen]:
    return [Chosen(run, session, log.log_dir) for run in log.runs for session in run.sessions]


def session_text(session: StoredSession) -> str:
    """Returns a session as text: its facts and its findings."""
    return _text([Chosen(Run(session.id), session, "")])


def run_text(run: Run) -> str:
    """Returns a run as text."""
    return _text([Chosen(run, session, "") for session in run.sessions])


def log_text(log: Log) -> str:
    """Returns a log as text."""
    return _text(_chosen(log))


def _text(chosen: list[Chosen]) -> str:
    if not chosen:
        return _NOTHING
    stream = io.StringIO()
    terminal = Terminal(stream, color=False, width=_WIDTH)
    if len(chosen) > 1:
        print_table(chosen, terminal)
    latest = max(chosen, key=lambda item: item.session.last_wall_time)
    for label, text in summary_lines(latest):
        if label not in _LEFT_OUT:
            terminal.print(f"{label:<12}{text}")
    for alert in latest.session.alerts:
        terminal.print("\n" + format_alert(alert, _WIDTH))
    return stream.getvalue().rstrip("\n")
