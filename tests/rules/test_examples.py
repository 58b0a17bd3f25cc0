"""Every rule's own examples: the one place where a rule is shown to fire and to stay silent."""

from __future__ import annotations

import re

import pytest

from tb_inputdiag.rules import Rule, all_rules, judge
from tb_inputdiag.rules.base import HEADINGS
from tb_inputdiag.rules.examples import Example

RULES = all_rules()
CASES = [(rule, example) for rule in RULES for example in rule.examples()]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_is_complete(rule: type[Rule]) -> None:
    assert rule.id == rule.__module__.rpartition(".")[2].replace("_", "-"), "one file, one rule, one name"
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.id)
    assert 20 < len(rule.title()) < 140
    assert tuple(rule.sections()) == HEADINGS
    assert all(len(text) > 20 for text in rule.sections().values()), "an empty section explains nothing"
    assert len(rule.why) > 40
    assert any(example.fires for example in rule.examples())
    assert any(not example.fires for example in rule.examples())
    for threshold in rule.thresholds.values():
        assert len(threshold.meaning) > 20
        assert len(threshold.source) > 20
        assert threshold.low <= threshold.default <= threshold.high


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_names_rules_that_exist(rule: type[Rule]) -> None:
    known = {other.id for other in RULES}
    assert set(rule.explains) <= known
    assert set(rule.supersedes) <= known


@pytest.mark.parametrize(("rule", "example"), CASES, ids=[f"{rule.id}: {example.name}" for rule, example in CASES])
def test_an_example_comes_out_as_it_says(rule: type[Rule], example: Example) -> None:
    alerts = [alert for alert in judge(example.build().records, [rule.id]) if alert.rule == rule.id]
    if not example.fires:
        assert not alerts, alerts[0]
        return
    assert alerts, f"{rule.id} stayed silent on {example.name!r}"
    assert example.subject in {alert.subject for alert in alerts}
    assert example.severity is None or alerts[0].severity == example.severity
    for alert in alerts:
        assert alert.message.endswith("."), "a message is a sentence"
        assert alert.fix
        assert alert.why
        assert alert.evidence
        assert "  " not in alert.message
        assert all(len(line) <= 69 for line in alert.fix.splitlines()), "it fits a terminal of 80 columns"


@pytest.mark.parametrize(("rule", "example"), CASES, ids=[f"{rule.id}: {example.name}" for rule, example in CASES])
def test_an_example_upsets_no_other_rule(rule: type[Rule], example: Example) -> None:
    judge(example.build().records)  # raises what a rule raises


def test_ids_are_unique() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)
