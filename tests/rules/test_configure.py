"""The `rules` argument."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tb_inputdiag.errors import ConfigurationError, UnknownRuleError
from tb_inputdiag.records import Severity
from tb_inputdiag.rules import RuleEngine, all_rules
from tests.rules.builders import LossAbove

EVERY = {rule.id for rule in all_rules()}


def ids(rules: Any) -> set[str]:
    return set(RuleEngine(rules).rules)


def test_none_means_all() -> None:
    assert ids(None) == EVERY == ids([]) == ids({})


def test_ids_select_and_minus_leaves_out() -> None:
    assert ids(["dead-relu", "overfitting"]) == {"dead-relu", "overfitting"}
    assert ids(["-dead-relu"]) == EVERY - {"dead-relu"}
    assert ids({"dead-relu": False}) == EVERY - {"dead-relu"}
    assert ids(("dead-relu",)) == {"dead-relu"}


def test_custom_rules_are_added() -> None:
    assert ids([LossAbove]) == EVERY | {"loss-above"}
    assert ids([LossAbove(limit=3), "dead-relu"]) == {"dead-relu", "loss-above"}
    assert RuleEngine([LossAbove(limit=3)]).rules["loss-above"] == {"severity": "WARNING", "limit": 3}


def test_thresholds_and_severities() -> None:
    rules = RuleEngine({"unnormalized-input": {"max_size": 50}, "overfitting": "error"}).rules
    assert rules["unnormalized-input"]["max_size"] == 50
    assert rules["overfitting"]["severity"] == "ERROR"
    assert ids({"overfitting": True}) == EVERY
    mixed = RuleEngine(["dead-relu", {"dead-relu": {"max_dead": 0.5, "severity": "INFO"}}]).rules
    assert mixed == {"dead-relu": {"severity": "INFO", "max_dead": 0.5, "min_batch": 16}}
    assert RuleEngine({"overfitting": Severity.INFO}).rules["overfitting"]["severity"] == "INFO"


@pytest.mark.parametrize(
    ("rules", "error", "words"),
    [
        (["unnormalised-input"], UnknownRuleError, "Did you mean 'unnormalized-input'"),
        (["-nonsense"], UnknownRuleError, "There is no rule 'nonsense'"),
        ({"nonsense": False}, UnknownRuleError, "Expected one of: always-clipped"),
        ("dead-relu", ConfigurationError, r"Did you mean \['dead-relu'\]"),
        (3, ConfigurationError, "Received: 3"),
        ([3], ConfigurationError, "Received: 3 of type int"),
        ({3: False}, ConfigurationError, "A rule id must be a string"),
        ({"dead-relu": {"max_ded": 1}}, ConfigurationError, "Did you mean 'max_dead'"),
        ({"dead-relu": {"max_dead": 2}}, ConfigurationError, "from 0 to 1 .*Received: 2"),
        ({"dead-relu": {"max_dead": "x"}}, ConfigurationError, "must be a number"),
        ({"dead-relu": {"max_dead": True}}, ConfigurationError, "Received: True"),
        ({"dead-relu": {"min_batch": 1.5}}, ConfigurationError, "must be an integer"),
        ({"dead-relu": {"max_dead": float("nan")}}, ConfigurationError, "Received: nan"),
        ({"dead-relu": {3: 1}}, ConfigurationError, "named by a string"),
        ({"dead-relu": "LOUD"}, ConfigurationError, "severity of rule 'dead-relu'.*'LOUD'"),
        ({"dead-relu": 3}, ConfigurationError, "a dict of thresholds, False, True or a severity"),
        ([LossAbove, LossAbove], ConfigurationError, "'loss-above' is taken"),
        ([type("Thief", (LossAbove,), {"id": "dead-relu"})], ConfigurationError, "'dead-relu' is taken"),
        ([type("Nameless", (LossAbove,), {"id": ""})], ConfigurationError, "needs an id"),
    ],
)
def test_wrong_queries_are_explained(rules: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        RuleEngine(rules)


def test_installed_packages_bring_rules(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def broken() -> None:
        raise ImportError("gone")

    entries = [
        SimpleNamespace(name="good", load=lambda: LossAbove),
        SimpleNamespace(name="bad", load=broken),
        SimpleNamespace(name="odd", load=lambda: 3),
    ]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: entries)
    monkeypatch.syspath_prepend(tmp_path)  # packages are looked for once on each path
    reported: list[tuple[str, str]] = []
    engine = RuleEngine(on_error=lambda name, error: reported.append((name, str(error))))
    assert set(engine.rules) == EVERY | {"loss-above"}
    assert reported[0] == ("bad", "gone")
    assert reported[1][0] == "odd"
