"""``replay``: judges a log again, with other thresholds or newer rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from tb_inputdiag.alerts import findings
from tb_inputdiag.cli.arguments import ReplayArguments, RuleChanges
from tb_inputdiag.cli.findings import alert_rows, filter_alerts
from tb_inputdiag.cli.options import Chosen, print_json, require_rules, select
from tb_inputdiag.cli.parser import CLEAN, complain
from tb_inputdiag.cli.terminal import Progress, Terminal
from tb_inputdiag.errors import ConfigurationError, ExplanationError
from tb_inputdiag.numbers import whole
from tb_inputdiag.records import Alert, NotJudged, Severity
from tb_inputdiag.report import alert_line, format_alert
from tb_inputdiag.rules.engine import RuleEngine, RulesArgument

__all__ = ["parse_rules", "replay"]

State = Literal["same", "changed", "new", "gone"]
_MARKS: dict[State, str] = {"same": "=", "changed": "~", "new": "+", "gone": "-"}


@dataclass(frozen=True)
class _Replayed:
    """The judgements of a session now and when it ran."""

    item: Chosen
    now: list[Alert]
    before: list[Alert]
    not_judged: Sequence[NotJudged]


def replay(arguments: ReplayArguments, terminal: Terminal) -> int:
    """Judges the logged records again and prints what differs from the alerts of the live run."""
    selection = select(arguments)
    require_rules(arguments.rule, selection.sessions)
    rules = parse_rules(arguments)
    results = [_judge_again(item, rules, arguments) for item in selection.sessions]
    if arguments.format == "json":
        rows = [
            row
            for result in results
            for state, alert in _compared(result.now, result.before)
            for row in alert_rows(result.item, [alert], logged=state)
        ]
        print_json(rows, terminal)
    else:
        for result in results:
            _print(result, arguments, terminal)
    selection.warn()
    return CLEAN


def parse_rules(arguments: RuleChanges) -> RulesArgument:
    """Returns the `rules` argument that ``--only``, ``--off``, ``--set`` and ``--severity`` stand for.

    Raises:
        ConfigurationError: if one of them is malformed.
    """
    changes: dict[str, dict[str, float | str]] = {}
    for text in arguments.set or []:
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
    for text in arguments.severity or []:
        rule, equals, value = text.partition("=")
        if not equals:
            raise ConfigurationError(f"--severity takes RULE=SEVERITY, e.g. stalled-loss=INFO. Received: {text!r}.")
        changes.setdefault(rule, {})["severity"] = Severity.parse(value).name
    items = [*(arguments.only or []), *("-" + rule for rule in arguments.off or [])]
    return [*items, changes] if changes else items or None


def _judge_again(item: Chosen, rules: RulesArgument, arguments: ReplayArguments) -> _Replayed:
    engine = RuleEngine(rules, on_error=_complain_about_rule)
    progress = Progress(f"replaying {item.title}", item.session.n_records)
    # What the engine returns is what a live run logs. The present counts of its alerts may be ahead of that.
    reported: dict[int, Alert] = {}
    for numbered in item.session.numbered():
        reported.update((found.id, found) for found in engine.feed(numbered.record) if isinstance(found, Alert))
        progress.update(numbered.seq)
    progress.finish()
    before = [alert for alert in item.session.alerts if alert.rule in engine.rules]
    now = findings(reported.values())
    return _Replayed(item, filter_alerts(now, arguments), filter_alerts(before, arguments), engine.not_judged)


def _complain_about_rule(rule: str, error: Exception) -> None:
    left_out = "one kind of exception" if isinstance(error, ExplanationError) else f"rule {rule}"
    complain(f"{left_out} was left out: {type(error).__name__}: {error}")


def _key(alert: Alert) -> tuple[str, str, str]:
    return alert.rule, alert.subject, alert.split


def _compared(now: Iterable[Alert], before: Iterable[Alert]) -> Iterator[tuple[State, Alert]]:
    """Yields every alert with how it compares to the live run; those that are gone come last."""
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


def _print(result: _Replayed, arguments: ReplayArguments, terminal: Terminal) -> None:
    terminal.heading(result.item.title)
    states: list[State] = []
    for state, alert in _compared(result.now, result.before):
        states.append(state)
        if arguments.full and state != "gone":
            terminal.print(f"\n{_MARKS[state]} {state}")
            terminal.print(format_alert(alert, terminal.width, terminal.color))
        else:
            line = alert_line(alert, terminal.width - 2, terminal.color).replace("\n", "\n  ")
            terminal.print(f"{_MARKS[state]} {line}")
    counts = ", ".join(f"{whole(states.count(state))} {state}" for state in _MARKS if state in states)
    terminal.print(f"Compared with the live run: {counts or 'no alert, then and now'}.")
