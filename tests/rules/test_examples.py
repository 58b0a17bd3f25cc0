"""Every rule's own examples: the one place where a rule is shown to fire and to stay silent."""

from __future__ import annotations

import math
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tb_inputdiag.records import (
    COLUMNS,
    Alert,
    Curve,
    LimitPicture,
    Picture,
    Quantity,
    RangePicture,
    ShapesPicture,
    SizesPicture,
    Span,
    WordsPicture,
)
from tb_inputdiag.rules import Rule, RuleEngine, all_rules, judge
from tb_inputdiag.rules.base import HEADINGS
from tb_inputdiag.rules.examples import Example


def _rule_of_contributing() -> type[Rule]:
    """Returns the rule that CONTRIBUTING.md adds step by step."""
    text = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (source,) = re.findall(r"^````python\n(.*?)^````$", text, re.DOTALL | re.MULTILINE)
    assert max(map(len, source.splitlines())) <= 120
    namespace: dict[str, Any] = {"__name__": "tb_inputdiag.rules.catalogue.double_precision_input"}
    exec(source, namespace)
    rule: type[Rule] = namespace["DoublePrecisionInput"]
    return rule


CATALOGUE = all_rules()
RULES = [*CATALOGUE, _rule_of_contributing()]
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
    alerts = _alerts(rule, example)
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


FIRING = [(rule, example) for rule, example in CASES if example.fires]


@pytest.mark.parametrize(("rule", "example"), FIRING, ids=[f"{rule.id}: {example.name}" for rule, example in FIRING])
def test_a_finding_shows_what_was_seen_against_what_was_expected(rule: type[Rule], example: Example) -> None:
    for alert in _alerts(rule, example):
        assert alert.picture is not None, f"{rule.id} draws nothing of {example.name!r}"
        assert _differs(alert.picture), f"the picture shows nothing wrong: {alert.picture}"


@pytest.mark.parametrize(("rule", "example"), FIRING, ids=[f"{rule.id}: {example.name}" for rule, example in FIRING])
def test_curves_name_what_is_logged(rule: type[Rule], example: Example) -> None:
    for alert in _alerts(rule, example):
        for curve in alert.curves:
            assert curve.label
            assert bool(curve.beside) == bool(curve.beside_label), "what is beside it has a label of its own"
            assert (curve.low is None) == (curve.high is None), "a band has two edges"
            assert curve.expected is None or curve.expected.low <= curve.expected.high
            for quantity in _quantities(curve):
                _check(quantity)


WITHOUT_CURVES = {"data", "model"}
"""Subjects for which nothing is logged over time."""


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_names_a_curve_where_one_is_logged(rule: type[Rule]) -> None:
    alerts = [alert for example in rule.examples() if example.fires for alert in _alerts(rule, example)]
    subjects = {alert.subject for alert in alerts} - WITHOUT_CURVES
    drawn = {alert.subject for alert in alerts if alert.curves}
    assert subjects <= drawn, "each subject has a curve in one of the examples"


@pytest.mark.parametrize(("rule", "example"), CASES, ids=[f"{rule.id}: {example.name}" for rule, example in CASES])
def test_an_expected_range_has_a_reason(rule: type[Rule], example: Example) -> None:
    engine = RuleEngine(_only(rule))
    for record in example.build().records:
        engine.feed(record)
    for found in engine.expected_ranges:
        assert found.rule == rule.id
        assert found.subject.partition(":")[0] in {"input", "target", "prediction", "sample_weight"}
        assert found.low is None or found.high is None or found.low <= found.high
        assert found.reason.endswith("."), "a reason is a sentence"


RANGED = {"bad-sample-weight", "label-loss-mismatch", "label-out-of-range"}


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.id in RANGED], ids=lambda rule: rule.id)
def test_a_picture_shows_the_declared_range(rule: type[Rule]) -> None:
    shown = 0
    for example in rule.examples():
        engine = RuleEngine(_only(rule))
        for record in example.build().records:
            engine.feed(record)
        ranges = {found.subject: found for found in engine.expected_ranges}
        for alert in engine.alerts:
            declared = ranges.get(alert.subject)
            if declared is not None and isinstance(alert.picture, RangePicture):
                assert declared.low in (None, alert.picture.expected.low)
                assert declared.high in (None, alert.picture.expected.high)
                shown += 1
    assert shown


def test_examples_need_no_engine() -> None:
    """A rule's examples are made-up records, so neither they nor the rule load what judges records."""
    modules = [rule.__module__ for rule in CATALOGUE]
    code = f"""
import sys
from importlib import import_module
for name in {modules}:
    module = import_module(name)
    own = [value for value in vars(module).values() if getattr(value, "__module__", "") == name]
    rules = [value for value in own if hasattr(value, "id")]
    assert len(rules) == 1, rules
    for example in rules[0].examples():
        example.build()
    engine = [name for name in sys.modules if name.startswith("tb_inputdiag.rules.engine")]
    assert not engine, (name, engine)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_ids_are_unique() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES)


def _alerts(rule: type[Rule], example: Example) -> list[Alert]:
    return [alert for alert in judge(example.build().records, _only(rule)) if alert.rule == rule.id]


def _only(rule: type[Rule]) -> list[str | type[Rule]]:
    """Returns the argument `rules` that selects a single rule."""
    return [rule.id] if rule in CATALOGUE else [rule.id, rule]


def _differs(picture: Picture) -> bool:
    """Whether a picture shows something wrong: outside of what was expected, beyond the limit, or another word."""
    if isinstance(picture, RangePicture):
        return any(_is_off(span, picture.expected) for span in picture.seen)
    if isinstance(picture, LimitPicture):
        assert math.isfinite(picture.value)
        assert math.isfinite(picture.limit)
        return picture.value >= picture.limit if picture.bound == "at most" else picture.value <= picture.limit
    if isinstance(picture, SizesPicture):
        return _stands_out(picture)
    assert isinstance(picture, ShapesPicture | WordsPicture)
    return picture.seen != picture.expected


def _is_off(seen: Span, expected: Span) -> bool:
    """Whether a range sticks out of what was expected, or is a speck within it, as after scaling twice."""
    assert seen.low <= seen.high
    assert expected.low <= expected.high
    sticks_out = seen.low < expected.low or seen.high > expected.high
    return sticks_out or seen.high - seen.low < (expected.high - expected.low) / 4


def _stands_out(picture: SizesPicture) -> bool:
    assert len(picture.names) == len(picture.sizes) > 0
    assert all(math.isfinite(size) and size >= 0 for size in picture.sizes)
    assert all(0 <= place < len(picture.sizes) for place in picture.marked)
    ratio = max(picture.sizes) / max(min(picture.sizes), 1e-30)
    return bool(picture.marked) or (picture.largest_ratio is not None and ratio > picture.largest_ratio)


def _quantities(curve: Curve) -> Iterator[Quantity]:
    return (q for q in (curve.quantity, curve.low, curve.high, curve.beside) if q is not None)


def _check(quantity: Quantity) -> None:
    named = quantity.stream in {"tensors", "weights", "layers"}
    assert bool(quantity.name) == named
    if quantity.stream == "losses":
        assert quantity.column == "loss"
    elif quantity.stream != "epochs":
        assert quantity.column in COLUMNS["sample" if quantity.stream == "samples" else quantity.stream]
