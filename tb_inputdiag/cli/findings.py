"""``alerts``: the findings."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable
from typing import Any

from tb_inputdiag.cli.options import print_json, require_rules, select
from tb_inputdiag.cli.parser import CLEAN
from tb_inputdiag.cli.terminal import Terminal
from tb_inputdiag.records import Alert, Severity
from tb_inputdiag.report import alert_line, format_alert

__all__ = ["alert_fields", "alerts", "filter_alerts", "severity_counts"]


def severity_counts(found: Iterable[Alert], terminal: Terminal | None = None) -> str:
    """Returns e.g. ``1 ERROR, 2 WARNING``; ``none`` without alerts."""
    counts = Counter(alert.severity for alert in found)
    parts = [
        f"{counts[severity]:,} " + (terminal.style(severity.name, severity.name) if terminal else severity.name)
        for severity in sorted(counts, reverse=True)
    ]
    return ", ".join(parts) or "none"


def filter_alerts(found: list[Alert], options: argparse.Namespace) -> list[Alert]:
    """Returns the alerts that ``--min-severity``, ``--rule`` and ``--open`` leave."""
    lowest = Severity[getattr(options, "min_severity", None) or "INFO"]
    rules = getattr(options, "rule", None)
    return [
        alert
        for alert in found
        if alert.severity >= lowest
        and (not rules or alert.rule in rules)
        and (not getattr(options, "open", False) or alert.state == "open")
    ]


def alerts(options: argparse.Namespace, terminal: Terminal) -> int:
    """Prints the findings, worst first."""
    selection = select(options)
    chosen = selection.sessions
    require_rules(options, chosen)
    found = {item: filter_alerts(item.session.alerts, options) for item in chosen}
    if options.format == "json":
        print_json(
            [
                {"run": item.run.name, "session": item.session.id, **alert_fields(alert)}
                for item, some in found.items()
                for alert in some
            ],
            terminal,
        )
    else:
        first = True
        for item, some in found.items():
            if not some:
                continue
            if len(chosen) > 1:
                if not first:
                    terminal.print()
                terminal.heading(item.title)
            for alert in some:
                if not options.short and (not first or len(chosen) > 1):
                    terminal.print()
                if options.short:
                    terminal.print(alert_line(alert, terminal.width, terminal.color))
                else:
                    terminal.print(format_alert(alert, terminal.width, terminal.color))
                first = False
        every = [alert for some in found.values() for alert in some]
        terminal.print(("\n" if every else "") + f"Alerts: {severity_counts(every, terminal)}.")
    selection.warn()
    return CLEAN


def alert_fields(alert: Alert) -> dict[str, Any]:
    """Returns the alert's fields by name."""
    return {name: getattr(alert, name) for name in Alert.__dataclass_fields__}
