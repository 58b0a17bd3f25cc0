"""``alerts``: the findings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tb_inputdiag.alerts import count_by_severity, worst_first
from tb_inputdiag.cli.arguments import AlertFilter, AlertsArguments
from tb_inputdiag.cli.options import Chosen, print_json, require_rules, select
from tb_inputdiag.cli.parser import CLEAN
from tb_inputdiag.cli.terminal import Terminal
from tb_inputdiag.numbers import whole
from tb_inputdiag.records import Alert, Severity
from tb_inputdiag.report import alert_line, format_alert

__all__ = ["alert_rows", "alerts", "filter_alerts", "severity_counts"]


def severity_counts(found: Iterable[Alert], terminal: Terminal | None = None) -> str:
    """Returns e.g. ``1 ERROR, 2 WARNING``; ``none`` without alerts."""
    parts = [
        f"{whole(n)} {terminal.style(severity.name, severity.name) if terminal else severity.name}"
        for severity, n in count_by_severity(found).items()
        if n
    ]
    return ", ".join(parts) or "none"


def filter_alerts(found: Iterable[Alert], chosen: AlertFilter) -> list[Alert]:
    """Returns the alerts that ``--min-severity``, ``--rule`` and ``--open`` leave, worst first."""
    lowest = Severity[chosen.min_severity or "INFO"]
    kept = (
        alert
        for alert in found
        if alert.severity >= lowest
        and (not chosen.rule or alert.rule in chosen.rule)
        and (not chosen.open or alert.state == "open")
    )
    return sorted(kept, key=worst_first)


def alerts(arguments: AlertsArguments, terminal: Terminal) -> int:
    """Prints the findings, worst first."""
    selection = select(arguments)
    require_rules(arguments.rule, selection.sessions)
    found = {item: filter_alerts(item.session.alerts, arguments) for item in selection.sessions}
    if arguments.format == "json":
        print_json([row for item, some in found.items() for row in alert_rows(item, some)], terminal)
    else:
        _print(found, arguments, terminal)
    selection.warn()
    return CLEAN


def _print(found: Mapping[Chosen, Sequence[Alert]], arguments: AlertsArguments, terminal: Terminal) -> None:
    first = True
    for item, some in found.items():
        if not some:
            continue
        if len(found) > 1:
            if not first:
                terminal.print()
            terminal.heading(item.title)
        for alert in some:
            if not arguments.short and (not first or len(found) > 1):
                terminal.print()
            shown = alert_line if arguments.short else format_alert
            terminal.print(shown(alert, terminal.width, terminal.color, steps=item.has_steps))
            first = False
    every = [alert for some in found.values() for alert in some]
    terminal.print(("\n" if every else "") + f"Alerts: {severity_counts(every, terminal)}.")


def alert_rows(item: Chosen, found: Iterable[Alert], **more: object) -> list[dict[str, object]]:
    """Returns the alerts of a session as fields by name, for JSON.

    Args:
        item: The session.
        found: Its alerts.
        more: Further fields of each row.
    """
    return [
        {
            "run": item.run.name,
            "session": item.session.id,
            **more,
            **{name: getattr(alert, name) for name in Alert.__dataclass_fields__},
        }
        for alert in found
    ]
