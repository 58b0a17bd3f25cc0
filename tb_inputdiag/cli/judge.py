"""``check`` and ``replay``: findings as a verdict, and other rules on old logs."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from typing import Any
from xml.etree import ElementTree

from tb_inputdiag.cli.findings import alert_fields, filter_alerts, severity_counts
from tb_inputdiag.cli.options import Chosen, Selection, count, print_json, require_rules, select
from tb_inputdiag.cli.parser import CLEAN, FINDINGS, UNREADABLE, complain
from tb_inputdiag.cli.terminal import Progress, Terminal
from tb_inputdiag.errors import ConfigurationError
from tb_inputdiag.records import Alert, Severity
from tb_inputdiag.report import alert_line, format_alert
from tb_inputdiag.report.text import clean

__all__ = ["check", "parse_rules", "replay"]


# --------------------------------------------------------------------------------------------------
# check


def check(options: argparse.Namespace, terminal: Terminal) -> int:
    """Prints findings at or above a severity, and returns 1 if there is one, 2 if there may be some that are lost."""
    selection = select(options)
    require_rules(options, selection.sessions)
    options.min_severity = options.fail_on
    found = {item: filter_alerts(item.session.alerts, options) for item in selection.sessions}
    unknown = _unknown(selection)
    if options.junit:
        _write_junit(options.junit, found, unknown)
    if options.format == "json":
        rows = [(item, alert) for item, some in found.items() for alert in some]
        print_json([{"run": i.run.name, "session": i.session.id, **alert_fields(alert)} for i, alert in rows], terminal)
    else:
        _print_check(found, options, terminal)
        total = severity_counts((alert for some in found.values() for alert in some), terminal)
        terminal.print(f"{_judged(selection, unknown)}\n{options.fail_on} or worse: {total}.")
    selection.warn()
    if any(found.values()):
        return FINDINGS
    if unknown:
        complain(f"Not known to be clean. {_judged(selection, unknown)}")
    return UNREADABLE if unknown else CLEAN


def _unknown(selection: Selection) -> list[str]:
    """Returns what cannot be judged, one sentence each: it is not known to be clean."""
    found = list(selection.unreadable)
    for item in selection.sessions:
        if item.session.start is None and not item.session.n_samples:
            found.append(f"{item.title}: nothing of the session can be read.")
        elif not item.session.alerts_complete:
            found.append(f"{item.title}: some of what was logged about alerts is lost.")
    return found


def _print_check(found: dict[Chosen, list[Alert]], options: argparse.Namespace, terminal: Terminal) -> None:
    for item, some in found.items():
        if some and len(found) > 1 and options.format == "text":
            terminal.heading(item.title)
        for alert in some:
            line = alert_line(alert, terminal.width, terminal.color)
            terminal.print(_annotation(item, alert) if options.format == "github" else line)


def _judged(selection: Selection, unknown: list[str]) -> str:
    total = len(selection.sessions) + len(selection.unreadable)
    running = sum(item.session.status == "running" for item in selection.sessions)
    still = f", {running:,} still running" if running else ""
    return f"{total - len(unknown):,} of {count(total, 'session')} judged{still}."


def _annotation(item: Chosen, alert: Alert) -> str:
    """Returns a workflow command of GitHub Actions."""

    def escaped(text: str, also: str = "") -> str:
        for char in "%\r\n" + also:
            text = text.replace(char, f"%{ord(char):02X}")
        return text

    level = {Severity.ERROR: "error", Severity.WARNING: "warning"}.get(alert.severity, "notice")
    title = escaped(clean(f"{alert.rule} [{alert.subject}] in {item.title}"), ":,")
    text = f"{alert.message}\n{alert.why}\nFix:\n{alert.fix}" if alert.fix else f"{alert.message}\n{alert.why}"
    return f"::{level} title={title}::{escaped(clean(text))}"


def _write_junit(path: str, found: dict[Chosen, list[Alert]], unknown: list[str]) -> None:
    failures = sum(map(len, found.values()))
    root = ElementTree.Element(
        "testsuites",
        name="tb_inputdiag",
        tests=str(sum(max(len(alerts), 1) for alerts in found.values()) + len(unknown)),
        failures=str(failures),
        errors=str(len(unknown)),
    )
    if unknown:
        suite = ElementTree.SubElement(
            root, "testsuite", name="the log", tests=str(len(unknown)), failures="0", errors=str(len(unknown))
        )
        for text in unknown:
            case = ElementTree.SubElement(suite, "testcase", classname="tb_inputdiag", name="can be judged")
            ElementTree.SubElement(case, "error", message=clean(text))
    for item, alerts in found.items():
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=clean(item.title),
            tests=str(max(len(alerts), 1)),
            failures=str(len(alerts)),
            errors="0",
        )
        for alert in alerts:
            case = ElementTree.SubElement(suite, "testcase", classname=clean(alert.rule), name=clean(alert.subject))
            failure = ElementTree.SubElement(case, "failure", type=alert.severity.name, message=clean(alert.message))
            failure.text = format_alert(alert, 100)
        if not alerts:
            ElementTree.SubElement(suite, "testcase", classname="tb_inputdiag", name="no findings")
    ElementTree.indent(root)
    try:
        ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        raise ConfigurationError(f"--junit {path!r} cannot be written: {error.strerror}.") from None


# --------------------------------------------------------------------------------------------------
# replay


def parse_rules(options: argparse.Namespace) -> Any:
    """Returns the `rules` argument that ``--only``, ``--off``, ``--set`` and ``--severity`` stand for.

    Raises:
        ConfigurationError: if one of them is not understood.
    """
    changes: dict[str, Any] = {}
    for text in options.set or []:
        name, equals, value = text.partition("=")
        rule, dot, threshold = name.partition(".")
        if not (equals and dot and threshold):
            raise ConfigurationError(
                f"--set takes RULE.THRESHOLD=NUMBER, e.g. unnormalized-input.max_pixel=300. Received: {text!r}."
            )
        try:
            number: float = int(value) if value.lstrip("+-").isdecimal() else float(value)
        except ValueError:
            raise ConfigurationError(f"--set {name} takes a number. Received: {value!r}.") from None
        changes.setdefault(rule, {})[threshold] = number
    for text in options.severity or []:
        rule, equals, value = text.partition("=")
        if not equals:
            raise ConfigurationError(f"--severity takes RULE=SEVERITY, e.g. stalled-loss=INFO. Received: {text!r}.")
        changes.setdefault(rule, {})["severity"] = Severity.parse(value).name
    items: list[Any] = [*(options.only or []), *("-" + rule for rule in options.off or [])]
    return [*items, changes] if changes else items or None


def replay(options: argparse.Namespace, terminal: Terminal) -> int:
    """Judges logged records anew and says what differs from the alerts of the live run."""
    from tb_inputdiag.rules import RuleEngine

    selection = select(options)
    require_rules(options, selection.sessions)
    wanted = parse_rules(options)
    results = []
    for item in selection.sessions:
        engine = RuleEngine(wanted, on_error=_say_rule_error)
        progress = Progress(f"replaying {item.title}", item.session.n_records)
        for numbered in item.session.numbered():
            engine.feed(numbered.record)
            progress.update(numbered.seq)
        progress.finish()
        before = [alert for alert in item.session.alerts if alert.rule in engine.rules]
        results.append((item, filter_alerts(engine.alerts, options), filter_alerts(before, options)))
    if options.format == "json":
        print_json(
            [
                {"run": item.run.name, "session": item.session.id, "logged": state, **alert_fields(alert)}
                for item, now, before in results
                for state, alert in _compared(now, before)
            ],
            terminal,
        )
    else:
        for item, now, before in results:
            _print_replay(item, now, before, options, terminal)
    selection.warn()
    return CLEAN


def _say_rule_error(rule: str, error: Exception) -> None:
    complain(f"rule {rule} was left out: {type(error).__name__}: {error}")


def _key(alert: Alert) -> tuple[str, str, str]:
    return alert.rule, alert.subject, alert.split


def _compared(now: Sequence[Alert], before: Sequence[Alert]) -> Iterable[tuple[str, Alert]]:
    """Yields ("same", "changed", "new" or "gone", alert)."""
    old = {_key(alert): alert for alert in before}
    for alert in now:
        other = old.pop(_key(alert), None)
        if other is None:
            yield "new", alert
        else:
            same = (alert.severity, alert.first_step, alert.count) == (other.severity, other.first_step, other.count)
            yield "same" if same else "changed", alert
    for alert in old.values():
        yield "gone", alert


def _print_replay(
    item: Chosen, now: list[Alert], before: list[Alert], options: argparse.Namespace, terminal: Terminal
) -> None:
    terminal.heading(item.title)
    marks = {"same": "=", "changed": "~", "new": "+", "gone": "-"}
    states = []
    for state, alert in _compared(now, before):
        states.append(state)
        if options.full and state != "gone":
            terminal.print(f"\n{marks[state]} {state}")
            terminal.print(format_alert(alert, terminal.width, terminal.color))
        else:
            terminal.print(f"{marks[state]} {alert_line(alert, terminal.width - 2, terminal.color)}")
    summary = (
        ", ".join(f"{states.count(state)} {state}" for state in marks if state in states) or "no alert, then and now"
    )
    terminal.print(f"Against the live run: {summary}.")
