"""The engine that applies rules to records: deduplication, persistence, and causes of alerts."""

from __future__ import annotations

from collections.abc import Iterable

from tb_inputdiag.records import Alert, Record
from tb_inputdiag.rules.engine.configure import RulesArgument
from tb_inputdiag.rules.engine.rule_engine import Judgement, RuleEngine

__all__ = ["Judgement", "RuleEngine", "RulesArgument", "judge"]


def judge(records: Iterable[Record], rules: RulesArgument = None) -> list[Alert]:
    """Returns the alerts of a session, worst first. For trying rules on records from a log or from a `Scenario`.

    Args:
        records: The records of one session, in their order.
        rules: Which rules, with which thresholds, as for `InputDiagnostics`.

    Raises:
        ConfigurationError: if `rules` is wrong.
        Exception: any exception that a rule raises. (During training, such a rule is left out instead.)
    """

    def fail(rule_id: str, error: Exception) -> None:
        raise error

    engine = RuleEngine(rules, on_error=fail)
    for record in records:
        engine.feed(record)
    return engine.alerts
