"""``check``: findings as an exit code, for CI."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from xml.etree import ElementTree

from tb_inputdiag.baseline import as_baseline
from tb_inputdiag.cli.arguments import AlertFilter, CheckArguments
from tb_inputdiag.cli.findings import alert_rows, filter_alerts, severity_counts
from tb_inputdiag.cli.options import Chosen, Selection, print_json, require_rules, select
from tb_inputdiag.cli.parser import CLEAN, FINDINGS, UNREADABLE, complain
from tb_inputdiag.cli.terminal import Terminal
from tb_inputdiag.errors import ConfigurationError
from tb_inputdiag.numbers import count, whole
from tb_inputdiag.records import Alert, Baseline, SessionStart, Severity
from tb_inputdiag.report import alert_line, format_alert
from tb_inputdiag.report.ansi import clean
from tb_inputdiag.rules.catalogue.baseline_skew import BaselineSkew
from tb_inputdiag.rules.engine import RuleEngine

__all__ = ["annotation", "check"]

_Found = Mapping[Chosen, Sequence[Alert]]
_MOST_NAMES = 5


def check(arguments: CheckArguments, terminal: Terminal) -> int:
    """Prints findings of a severity or worse. Returns 1 if there is one, 2 if the log may have lost one."""
    selection = select(arguments)
    require_rules(arguments.rule, selection.sessions)
    wanted = AlertFilter(min_severity=arguments.fail_on, rule=arguments.rule, open=arguments.open)
    baseline = as_baseline(arguments.baseline)
    found = {item: filter_alerts(_alerts(item, baseline), wanted) for item in selection.sessions}
    unknown = _unknown(selection)
    if arguments.junit:
        _write_junit(arguments.junit, found, unknown)
    if arguments.format == "json":
        print_json([row for item, some in found.items() for row in alert_rows(item, some)], terminal)
    else:
        _print(found, arguments, terminal)
        total = severity_counts((alert for some in found.values() for alert in some), terminal)
        terminal.print(f"{_judged(selection, unknown)}\n{arguments.fail_on} or worse: {total}.")
        for item in selection.sessions:
            _print_not_judged(item, terminal)
    selection.warn()
    if any(found.values()):
        return FINDINGS
    if unknown:
        complain(f"Not known to be clean. {_judged(selection, unknown)}")
    return UNREADABLE if unknown else CLEAN


def _alerts(item: Chosen, baseline: Baseline | None) -> list[Alert]:
    """Returns the logged findings, with those of a comparison of the logged inputs with a baseline."""
    if baseline is None:
        return item.session.alerts
    engine = RuleEngine([BaselineSkew.id])
    for record in item.session.records():
        if isinstance(record, Baseline):  # that of the run itself
            continue
        engine.feed(record)
        if isinstance(record, SessionStart):
            engine.feed(baseline)
    logged = [alert for alert in item.session.alerts if alert.rule != BaselineSkew.id]
    return [*logged, *engine.alerts]


def _unknown(selection: Selection) -> list[str]:
    """Returns what cannot be judged and so is not known to be clean, one sentence each."""
    found = list(selection.unreadable)
    for item in selection.sessions:
        if item.session.start is None and not item.session.n_samples:
            found.append(f"{item.title}: nothing of the session can be read.")
        elif not item.session.alerts_complete:
            found.append(f"{item.title}: some of what was logged about alerts is lost.")
    return found


def _print(found: _Found, arguments: CheckArguments, terminal: Terminal) -> None:
    for item, some in found.items():
        if some and len(found) > 1 and arguments.format == "text":
            terminal.heading(item.title)
        for alert in some:
            line = alert_line(alert, terminal.width, terminal.color, steps=item.has_steps)
            terminal.print(annotation(item.title, alert) if arguments.format == "github" else line)


def _print_not_judged(item: Chosen, terminal: Terminal) -> None:
    """Names the rules that could not judge a session, because no finding of theirs does not mean that all is well."""
    if blind := [found.rule for found in item.session.not_judged]:
        names = ", ".join(blind[:_MOST_NAMES]) + (", ..." if len(blind) > _MOST_NAMES else "")
        text = f"{count(len(blind), 'rule')} could not judge {item.title}: {names}. `tb-inputdiag summary` says why."
        terminal.print(textwrap.fill(clean(text), terminal.width, break_on_hyphens=False))


def _judged(selection: Selection, unknown: list[str]) -> str:
    total = len(selection.sessions) + len(selection.unreadable)
    running = sum(item.session.status == "running" for item in selection.sessions)
    still = f", {whole(running)} still running" if running else ""
    return f"{whole(total - len(unknown))} of {count(total, 'session')} judged{still}."


def annotation(where: str, alert: Alert) -> str:
    """Returns a finding as a workflow command of GitHub Actions."""

    def escaped(text: str, also: str = "") -> str:
        for char in "%\r\n" + also:
            text = text.replace(char, f"%{ord(char):02X}")
        return text

    level = {Severity.ERROR: "error", Severity.WARNING: "warning"}.get(alert.severity, "notice")
    title = escaped(clean(f"{alert.rule} [{alert.subject}] in {where}"), ":,")
    text = f"{alert.message}\n{alert.why}\nFix:\n{alert.fix}" if alert.fix else f"{alert.message}\n{alert.why}"
    return f"::{level} title={title}::{escaped(clean(text))}"


def _write_junit(path: str, found: _Found, unknown: Sequence[str]) -> None:
    root = ElementTree.Element(
        "testsuites",
        name="tb_inputdiag",
        tests=str(sum(max(len(alerts), 1) for alerts in found.values()) + len(unknown)),
        failures=str(sum(map(len, found.values()))),
        errors=str(len(unknown)),
    )
    if unknown:
        _add_unknown(root, unknown)
    for item, alerts in found.items():
        _add_session(root, item, alerts)
    ElementTree.indent(root)
    try:
        ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
    except OSError as error:
        raise ConfigurationError(f"--junit {path!r} cannot be written: {error.strerror}.") from None


def _add_unknown(root: ElementTree.Element, unknown: Sequence[str]) -> None:
    number = str(len(unknown))
    suite = ElementTree.SubElement(root, "testsuite", name="the log", tests=number, failures="0", errors=number)
    for text in unknown:
        case = ElementTree.SubElement(suite, "testcase", classname="tb_inputdiag", name="can be judged")
        ElementTree.SubElement(case, "error", message=clean(text))


def _add_session(root: ElementTree.Element, item: Chosen, alerts: Sequence[Alert]) -> None:
    tests, failures = str(max(len(alerts), 1)), str(len(alerts))
    suite = ElementTree.SubElement(
        root, "testsuite", name=clean(item.title), tests=tests, failures=failures, errors="0"
    )
    for alert in alerts:
        case = ElementTree.SubElement(suite, "testcase", classname=clean(alert.rule), name=clean(alert.subject))
        failure = ElementTree.SubElement(case, "failure", type=alert.severity.name, message=clean(alert.message))
        failure.text = format_alert(alert, 100, steps=item.has_steps)
    if not alerts:
        ElementTree.SubElement(suite, "testcase", classname="tb_inputdiag", name="no findings")
