"""State, deduplication, causes, resolving and reopening."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tb_inputdiag.errors import ConfigurationError
from tb_inputdiag.records import Alert, Consequence, Cost, EpochEnd, Record, Sample, SessionEnd, SessionStart, Severity
from tb_inputdiag.rules import Finding, Findings, Rule, RuleEngine, Threshold
from tb_inputdiag.rules.examples import REGRESSOR, Scenario, columns, pixels
from tb_inputdiag.rules.views.context import Context
from tests.rules.builders import Cause, LossAbove, Symptom, alerts_of, feed_all, steps


def only(*rules: type[Rule]) -> RuleEngine:
    return RuleEngine([*(rule.id for rule in rules), *rules])


def states(losses: Sequence[float], *rules: type[Rule]) -> list[str]:
    engine = only(*rules)
    return [word for words in feed_all(engine, steps(losses)) for word in words]


def test_an_alert_opens_once_and_counts() -> None:
    engine = only(LossAbove)
    came = feed_all(engine, steps([5, 6, 7]))
    assert [words for words in came if words] == [["loss-above:open"]]
    (alert,) = engine.alerts
    assert (alert.first_step, alert.last_step, alert.count) == (0, 2, 3)
    assert (alert.message, alert.evidence, alert.fix, alert.why) == (
        "It is 5.",
        {"loss": 5},
        "Lower it.",
        "Because the test says so.",
    )


def test_subjects_and_splits_are_alerts_of_their_own() -> None:
    class Each(LossAbove):
        id = "each"
        splits = ("train", "validation")

        def on_sample(self, context: Context) -> Findings:
            return [Finding(subject=f"input:{n}", message="Bad.") for n in "ab"]

    engine = only(Each)
    feed_all(engine, Scenario().train(steps=2).validate().records)
    found = {(a.subject, a.split, a.count) for a in engine.alerts}
    assert found == {
        ("input:a", "train", 2),
        ("input:b", "train", 2),
        ("input:a", "validation", 1),
        ("input:b", "validation", 1),
    }


def test_it_resolves_after_three_good_verdicts_and_reopens() -> None:
    assert states([5, 0, 0, 5, 0, 0, 0, 5], LossAbove) == ["loss-above:open", "loss-above:resolved", "loss-above:open"]
    engine = only(LossAbove)
    feed_all(engine, steps([5, 0, 0, 0, 7]))
    (alert,) = engine.alerts
    assert (alert.id, alert.reopened, alert.resolved_step, alert.message) == (0, 1, None, "It is 7.")


def test_no_verdict_changes_nothing() -> None:
    assert states([5, math.nan, math.nan, math.nan, math.nan], LossAbove) == ["loss-above:open"]


def test_a_rule_that_persists_wants_successive_findings() -> None:
    class Patient(LossAbove):
        id = "patient"
        persistence = 3

    assert states([5, 5, 0, 5, 5], Patient) == []
    engine = only(Patient)
    feed_all(engine, steps([0, 5, 5, 5]))
    assert [(a.first_step, a.last_step, a.count) for a in engine.alerts] == [(1, 3, 3)]


def test_at_once_does_not_wait() -> None:
    class Plain(LossAbove):
        id = "plain"
        persistence = 5

        def on_sample(self, context: Context) -> Findings:
            return [Finding(subject="loss", message="Plain.", at_once=True)]

    assert states([5], Plain) == ["plain:open"]


def test_evidence_is_counted_in_examples() -> None:
    class Careful(LossAbove):
        id = "careful"
        persistence = 3
        persistence_examples = 64

    def count(batch: int) -> int:
        engine = only(Careful)
        records = Scenario().train(x=pixels(shape=(batch, 8, 8, 1)), loss=5.0, steps=70).records
        samples = 0
        for record in records:
            samples += isinstance(record, Sample)
            if alerts_of(engine, record):
                return samples
        return 0

    assert (count(1), count(16), count(64)) == (64, 4, 3)


def test_what_came_in_later_is_not_the_cause() -> None:
    class Early(LossAbove):
        id = "early"

    class Batch(LossAbove):
        id = "batch"
        judges = "batch"
        explains = ("early",)
        limit = Threshold(100.0, "The limit.", source="The test.")

    engine = only(Early, Batch)
    feed_all(engine, steps([50, 200]))
    assert {a.rule: len(a.consequences) for a in engine.alerts} == {"early": 0, "batch": 0}
    engine = only(Early, Batch)
    feed_all(engine, steps([200, 200]))
    assert {a.rule: len(a.consequences) for a in engine.alerts} == {"batch": 1}


def test_the_warm_up_is_not_judged() -> None:
    class Late(LossAbove):
        id = "late"
        warm_up = 2

    engine = only(Late)
    feed_all(engine, steps([5, 5, 5]))
    assert [a.first_step for a in engine.alerts] == [2]


def test_a_symptom_of_the_same_sample_becomes_a_consequence() -> None:
    engine = only(Symptom, Cause)
    assert [w for w in feed_all(engine, steps([200])) if w] == [["cause:open"]]
    (alert,) = engine.alerts
    assert alert.consequences == (Consequence(rule="symptom", subject="loss", text="It is 200."),)


def test_a_symptom_that_came_first_is_folded_when_its_cause_is_found() -> None:
    engine = only(Symptom, Cause)
    changed: list[Alert] = []
    for record in steps([50, 200]):
        changed += alerts_of(engine, record)
    assert [(a.rule, a.state, a.caused_by) for a in changed] == [
        ("symptom", "open", None),
        ("cause", "open", None),
        ("symptom", "resolved", 1),
    ]
    assert [a.rule for a in engine.alerts] == ["cause"]
    assert engine.alerts[0].consequences == (Consequence(rule="symptom", subject="loss", text="It is 50."),)


def test_a_cause_takes_the_severity_of_its_worst_symptom() -> None:
    class Loud(Symptom):
        id = "loud"
        severity = Severity.ERROR

    class Quiet(Cause):
        id = "quiet"
        severity = Severity.INFO
        explains = ("loud",)

    engine = only(Loud, Quiet)
    feed_all(engine, steps([200]))
    assert [(a.rule, a.severity) for a in engine.alerts] == [("quiet", Severity.ERROR)]


def test_causes_of_causes_explain_too() -> None:
    class Root(LossAbove):
        id = "root"
        explains = ("cause",)

    engine = only(Symptom, Cause, Root)
    feed_all(engine, steps([200]))
    assert [a.rule for a in engine.alerts] == ["root"]
    assert len(engine.alerts[0].consequences) == 2


def test_a_symptom_outlives_its_resolved_cause_without_an_alert_of_its_own() -> None:
    engine = only(Symptom, Cause)
    feed_all(engine, steps([200, 50, 50, 50, 50]))
    assert [(a.rule, a.state) for a in engine.alerts] == [("cause", "resolved")]


def test_a_cause_is_not_over_while_certain_harm_goes_on() -> None:
    class Fatal(Symptom):
        id = "fatal"
        severity = Severity.ERROR

    class Root(Cause):
        id = "root"
        explains = ("fatal",)

    assert states([200, 50, 50, 50, 50], Fatal, Root) == ["root:open"]
    assert states([200, 50, 50, 50, 50, 1, 1, 1, 1], Fatal, Root) == ["root:open", "root:resolved"]


def test_a_cause_that_is_over_opens_again_for_harm_that_stays() -> None:
    class Slow(Symptom):
        id = "slow"
        persistence = 6

    class Root(Cause):
        id = "root"
        explains = ("slow",)
        lasting = ("slow",)

    class Passing(Root):
        id = "passing"
        lasting = ()

    assert states([200, 50, 50, 50, 50], Slow, Root) == ["root:open", "root:resolved"]
    assert states([200, 50, 50, 50, 50, 50, 50, 50], Slow, Root) == ["root:open", "root:resolved", "root:open"]
    assert states([200, *[50] * 7, 1, 1, 1], Slow, Root)[-1] == "root:resolved"
    assert states([200, *[50] * 6], Slow, Passing) == ["passing:open", "passing:resolved", "slow:open"]


def test_a_symptom_waits_for_a_cause_that_has_to_persist() -> None:
    class Slow(Cause):
        id = "slow"
        persistence = 3

    assert states([200, 200, 200], Symptom, Slow) == ["slow:open"]
    assert states([200, 50], Symptom, Slow) == ["symptom:open"]


def test_the_more_specific_rule_silences_the_general_one() -> None:
    class Specific(LossAbove):
        id = "specific"
        supersedes = ("loss-above",)

    engine = only(LossAbove, Specific)
    feed_all(engine, steps([5, 6]))
    assert [(a.rule, a.consequences) for a in engine.alerts] == [("specific", ())]


def test_circles_of_causes_are_refused() -> None:
    class Egg(LossAbove):
        id = "egg"
        explains = ("hen",)

    class Hen(LossAbove):
        id = "hen"
        explains = ("egg",)

    with pytest.raises(ConfigurationError, match=r"circle.*egg -> hen -> egg"):
        RuleEngine([Egg, Hen])


def test_a_rule_that_raises_is_left_out_and_reported_once() -> None:
    class Broken(LossAbove):
        id = "broken"

        def on_sample(self, context: Context) -> Findings:
            raise RuntimeError("no")

    class Wrong(LossAbove):
        id = "wrong"

        def on_sample(self, context: Context) -> Findings:
            return ["a string"]  # type: ignore[list-item]  # the mistake that is tested

    reported: list[tuple[str, str]] = []
    engine = RuleEngine(
        ["loss-above", Broken, Wrong, LossAbove],
        on_error=lambda rule, error: reported.append((rule, type(error).__name__)),
    )
    feed_all(engine, steps([5, 5, 5]))
    assert reported == [("broken", "RuntimeError"), ("wrong", "TypeError")]
    assert [a.count for a in engine.alerts] == [3]


def test_growing_counts_are_reported_rarely_and_at_the_end() -> None:
    engine = only(LossAbove)
    reported = []
    for record in [*steps([5] * 40), SessionEnd(wall_time=40.0, step=40, status="finished")]:
        reported += [alert.count for alert in alerts_of(engine, record)]
    assert reported == [1, 8, 16, 32, 40]


def test_a_session_begins_anew() -> None:
    engine = only(LossAbove)
    feed_all(engine, steps([5, 5]))
    feed_all(engine, steps([0, 0]))
    assert engine.alerts == []


class Counts(Rule):
    """Reports how many samples it has seen since it was set up."""

    id = "counts"

    def start(self) -> None:
        self._seen = 0

    def on_sample(self, context: Context) -> Findings:
        self._seen += 1
        return [Finding(subject=f"n:{self._seen}", message="Seen.")]


class CountsAll(Counts):
    id = "counts-all"
    scope = "session"


@pytest.mark.parametrize(("rule", "seen"), [(Counts, 2), (CountsAll, 4)])
def test_a_later_fit_starts_afresh_what_is_about_one_fit(rule: type[Counts], seen: int) -> None:
    engine = only(rule)
    feed_all(engine, Scenario().train(steps=2).call().train(steps=2).records)
    assert len(engine.alerts) == seen


def test_an_evaluation_starts_nothing_afresh() -> None:
    engine = only(Counts)
    feed_all(engine, Scenario().train(steps=2).call("evaluate").train(steps=2).records)
    assert len(engine.alerts) == 4


def test_alerts_stay_open_in_later_fits() -> None:
    scenario = Scenario().train(steps=2, loss=5.0)
    for _ in range(3):
        scenario.call().train(steps=2, loss=5.0)
    engine = only(LossAbove)
    assert sum(words == ["loss-above:open"] for words in feed_all(engine, scenario.end().records)) == 5
    (alert,) = engine.alerts
    assert (alert.count, alert.first_step, alert.last_step, alert.reopened) == (8, 0, 7, 0)


def test_losses_and_epochs_of_a_later_fit_are_its_own() -> None:
    seen: list[tuple[int, int, str, object]] = []

    class Looks(Rule):
        id = "looks"

        def on_epoch_end(self, context: Context, end: EpochEnd) -> Findings:
            session = context.session
            assert session is not None
            seen.append((context.history.count, len(context.epochs), session.mode, session.params.get("steps")))
            return None

    scenario = Scenario().train(steps=3).epoch_end(loss=1.0).call(steps=2).train(steps=2).epoch_end(loss=1.0)
    feed_all(only(Looks), scenario.records)
    assert seen == [(3, 1, "fit", None), (2, 1, "fit", 2)]


def test_the_counts_of_10_000_fits_do_not_fill_the_log() -> None:
    scenario = Scenario().train(loss=5.0)
    for _ in range(1000):
        scenario.call().train(loss=5.0)
    engine = only(LossAbove)
    reported = [alert.count for record in scenario.end().records for alert in alerts_of(engine, record)]
    assert reported[:8] == list(range(1, 9))
    assert len(reported) < 60
    assert reported[-1] > 0.85 * 1001


def test_alerts_costs_and_samples_without_a_layout_are_passed_over() -> None:
    engine = only(LossAbove)
    records = steps([5])
    (sample,) = [r for r in records if isinstance(r, Sample)]
    cost = Cost(step=0, wall_time=0.0, elapsed_s=1, spent_s=0, setup_s=0, samples=1, steps=1, every=1, log_bytes=0)
    assert engine.feed(SessionStart(session="s", wall_time=0.0)) == []
    assert engine.feed(sample) == []
    assert engine.feed(cost) == []


def test_wall_time_is_that_of_the_records() -> None:
    engine = only(LossAbove)
    feed_all(engine, steps([0, 0, 5]))
    assert engine.alerts[0].wall_time == 2.0


def test_worst_and_open_alerts_come_first() -> None:
    class Error(LossAbove):
        id = "an-error"
        severity = Severity.ERROR

    engine = only(LossAbove, Error, Symptom)
    feed_all(engine, steps([50, 5, 5, 5]))
    assert [(a.rule, a.state) for a in engine.alerts] == [
        ("an-error", "open"),
        ("loss-above", "open"),
        ("symptom", "resolved"),
    ]


def test_many_subjects_do_not_flood() -> None:
    class Flood(LossAbove):
        id = "flood"

        def on_sample(self, context: Context) -> Findings:
            return [Finding(subject=f"layer:{i}", message="Dead.") for i in range(200)]

    engine = only(Flood)
    feed_all(engine, steps([5, 5]))
    assert len(engine.alerts) == 8


def session(seed: int) -> list[Record]:
    rng = np.random.default_rng(seed)
    scenario = Scenario(REGRESSOR, loss="mse")
    for _ in range(30):
        kind = rng.integers(6)
        x = columns(float(rng.choice([1, 1, 1, 60])), seed=int(rng.integers(99)))
        if kind == 0:
            x[0, 0] = np.nan
        scenario.train(
            x=x,
            y=columns(n=1, seed=int(rng.integers(99))),
            loss=float(rng.choice([1.0, 2.0, 50.0, np.nan, np.inf])),
            gradients={"*": {"gradient_norm": float(rng.choice([0.0, 1e-9, 0.1, 1e9, np.nan]))}},
            activations={"dense": {"dead_fraction": float(rng.random())}},
        )
        if kind == 1:
            scenario.validate(x=columns(50))
        if kind == 2:
            scenario.epoch_end(loss=float(rng.random()), val_loss=float(rng.random()))
    return scenario.end().records


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_the_same_records_give_the_same_alerts(seed: int) -> None:
    def run() -> tuple[list[Alert], list[Alert]]:
        def fail(rule_id: str, error: Exception) -> None:
            raise error

        engine = RuleEngine(on_error=fail)
        reported = [alert for record in session(seed) for alert in alerts_of(engine, record)]
        return reported, engine.alerts

    reported, alerts = run()
    assert repr((reported, alerts)) == repr(run()), "as text, because NaN equals nothing"
    last = {alert.id: alert for alert in reported}
    assert {a.id: repr(a) for a in alerts} == {i: repr(a) for i, a in last.items() if a.caused_by is None}
    ids = list(last)
    assert sorted(ids) == list(range(len(ids)))


def test_the_last_reported_alerts_are_those_of_the_log() -> None:
    engine = RuleEngine()
    reported = [a for r in Scenario().train(x=pixels(255), steps=12).end().records for a in alerts_of(engine, r)]
    assert {a.id: a for a in reported}[0] == engine.alerts[0]
