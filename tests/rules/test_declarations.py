"""Expected ranges, rules that cannot judge, and findings that name the file of a batch."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Iterable, Sequence

import pytest

from tb_inputdiag.records import (
    Alert,
    Degraded,
    ExpectedRange,
    ModelFacts,
    NotJudged,
    Record,
    Sample,
    SavedBatch,
    Severity,
)
from tb_inputdiag.rules import Context, Finding, Findings, Rule, RuleEngine
from tb_inputdiag.rules.engine import Judgement
from tb_inputdiag.rules.examples import Scenario, columns
from tests.rules.builders import LossAbove, alerts_of, steps


class Ranged(Rule):
    """Expects inputs between -1 and 1, as wide as the table."""

    id = "ranged"
    warm_up = 1

    def expected_ranges(self, context: Context) -> Iterable[ExpectedRange]:
        for view in context.fed("input"):
            high = float(view.shape[1])
            yield ExpectedRange(rule=self.id, subject=view.subject, low=-high, high=high, reason="The test says so.")

    def on_sample(self, context: Context) -> Findings:
        return []


class Needy(LossAbove):
    """Depends on something private of Keras."""

    id = "needy"
    needs = ("output_activation", "compiled_loss")


def results(records: Iterable[Record], *rules: type[Rule]) -> list[list[Judgement]]:
    """Returns what the engine says after each record."""
    engine = RuleEngine([*(rule.id for rule in rules), *rules])
    return [engine.feed(record) for record in records]


def degraded(records: Sequence[Record], *accessors: str) -> list[Record]:
    """Returns the records with facts in which these could not be read."""
    unknown = tuple(Degraded(accessor=name, effect=f"The {name} is unknown.") for name in accessors)
    return [dataclasses.replace(x, degraded=unknown) if isinstance(x, ModelFacts) else x for x in records]


def test_a_range_comes_once_with_the_first_sample_that_the_rule_judges() -> None:
    records = Scenario().train(x=columns(n=4), steps=4).records
    came = [(i, found) for i, some in enumerate(results(records, Ranged)) for found in some]
    second = [i for i, record in enumerate(records) if isinstance(record, Sample)][1]
    expected = ExpectedRange(rule="ranged", subject="input:x", low=-4.0, high=4.0, reason="The test says so.")
    assert came == [(second, expected)]


def test_a_range_that_changes_with_the_layout_comes_again() -> None:
    scenario = Scenario()
    for n in (4, 4, 8, 8, 8):
        scenario.train(x=columns(n=n))
    engine = RuleEngine(["ranged", Ranged])
    highs = [f.high for x in scenario.records for f in engine.feed(x) if isinstance(f, ExpectedRange)]
    assert highs == [4.0, 8.0]
    assert [expected.high for expected in engine.expected_ranges] == [8.0]


def test_a_rule_whose_ranges_fail_is_left_out() -> None:
    class Failing(Ranged):
        id = "failing"

        def expected_ranges(self, context: Context) -> Iterable[ExpectedRange]:
            yield "no range"  # type: ignore[misc]  # the mistake that is tested

    reported: list[str] = []
    engine = RuleEngine(["failing", Failing], on_error=lambda rule, error: reported.append(f"{rule}: {error}"))
    for record in Scenario().train(steps=4).records:
        engine.feed(record)
    assert reported == ["failing: A rule must return ExpectedRange objects. Received: 'no range'."]


def test_a_rule_that_lacks_facts_is_not_asked_and_says_so_once() -> None:
    records = degraded(steps([5, 5]), "output_activation", "something_else")
    found = [f for some in results([*records, records[1]], Needy, LossAbove) for f in some]
    assert found[0] == NotJudged(rule="needy", reason="The output_activation is unknown.")
    assert [f.rule for f in found if isinstance(f, NotJudged)] == ["needy"]
    assert [f.rule for f in found if isinstance(f, Alert)] == ["loss-above"]


def test_a_rule_whose_facts_are_there_again_is_asked_again() -> None:
    plain = steps([5, 5])
    engine = RuleEngine(["needy", Needy])
    facts = next(i for i, x in enumerate(plain) if isinstance(x, ModelFacts))
    for record in [*degraded(plain, "compiled_loss"), *plain[facts:]]:
        engine.feed(record)
    assert [alert.rule for alert in engine.alerts] == ["needy"]


def test_a_rule_that_raises_says_that_it_did_not_judge() -> None:
    class Broken(LossAbove):
        id = "broken"

        def on_sample(self, context: Context) -> Findings:
            raise RuntimeError("no")

    engine = RuleEngine(["broken", Broken])
    found = [f for record in steps([5, 5]) for f in engine.feed(record)]
    assert found == engine.not_judged == [NotJudged(rule="broken", reason="It raised RuntimeError: no")]


@pytest.mark.parametrize(("judges", "step", "named"), [("batch", 1, True), ("run", 1, False), ("batch", 0, False)])
def test_findings_about_a_batch_name_its_file(judges: str, step: int, named: bool) -> None:
    class Bad(LossAbove):
        id = "bad"
        severity = Severity.ERROR

        def on_sample(self, context: Context) -> Findings:
            return [Finding(subject="loss", message="Bad.", fix="Look.")] if context.step == 1 else []

    Bad.judges = judges  # type: ignore[assignment]  # a parameter of the test
    records = [*steps([1, 1])]
    saved = SavedBatch(step=step, wall_time=0.0, split="train", path="/tmp/batch.npz", size_bytes=9)
    last = max(i for i, record in enumerate(records) if isinstance(record, Sample))
    engine = RuleEngine(["bad", Bad])
    (alert,) = [a for record in [*records[:last], saved, *records[last:]] for a in alerts_of(engine, record)]
    assert (alert.evidence.get("batch_file") == saved.path) is named
    assert ("numpy.load('/tmp/batch.npz')" in alert.fix) is named


def test_rules_and_examples_do_not_load_the_engine() -> None:
    code = (
        "import sys, tb_inputdiag.rules.examples, tb_inputdiag.rules.catalogue.dead_relu\n"
        "print([name for name in sys.modules if name.startswith('tb_inputdiag.rules.engine')])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
