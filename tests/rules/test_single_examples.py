"""Alerts name the examples that show them, and their rows in arrays that are not shuffled."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tb_inputdiag.records import Examples, Severity, ShownExample, ShownExamples, TensorLayout
from tb_inputdiag.rules import judge
from tb_inputdiag.rules.examples import BINARY, REGRESSOR, Scenario, class_ids, columns, layer, probabilities

ARRAYS = {"epochs": 3, "steps": 4, "batch_size": 16, "shuffle": False}


def examples_of(scenario: Scenario, rule: str) -> Examples | None:
    return next(alert for alert in judge(scenario.records, [rule]) if alert.rule == rule).examples


def broken_at(step: int, params: Any) -> Scenario:
    x = columns(rows=16)
    x[3, 1] = x[9, 2] = math.nan
    scenario = Scenario(REGRESSOR, loss="mse", params=params).train(x=columns(rows=16), steps=step)
    return scenario.train(x=x, loss=math.nan, steps=2)


@pytest.mark.parametrize(
    ("params", "rows"),
    [
        (ARRAYS, (16 + 3, 16 + 9)),
        ({**ARRAYS, "shuffle": True}, ()),
        ({"epochs": 3, "steps": 4}, ()),
        (None, ()),
    ],
)
def test_bad_examples_have_rows_where_the_order_is_known(params: Any, rows: tuple[int, ...]) -> None:
    found = examples_of(broken_at(5, params), "non-finite-input")
    assert found == Examples(subject="input:x", step=5, batch=(3, 9), rows=rows)


def test_a_later_fit_may_have_other_arrays() -> None:
    scenario = Scenario(REGRESSOR, loss="mse", params=ARRAYS).train(x=columns(rows=16), steps=3).call(**ARRAYS)
    x = columns(rows=16)
    x[5] = math.inf
    found = examples_of(scenario.train(x=x, loss=math.nan, steps=2), "non-finite-input")
    assert found is not None
    assert (found.batch, found.rows) == ((5,), ())


def test_a_label_out_of_range_is_named() -> None:
    y = class_ids()
    y[6] = 11
    found = examples_of(Scenario(params=ARRAYS).train(y=y, y_pred=probabilities(), steps=2), "label-out-of-range")
    assert found == Examples(subject="target:y", step=0, batch=(6,), rows=(6,))


def test_both_ends_of_ids_are_named() -> None:
    x = class_ids(50, rows=160).reshape(16, 10)
    x[2, 1], x[11, 4] = 300, -5
    model = (layer("embedding", "Embedding", input_dim=100), *REGRESSOR)
    found = examples_of(Scenario(model).train(x=x, steps=2), "token-out-of-range")
    assert found is not None
    assert found.batch == (2, 11)


def test_a_finding_about_a_column_names_no_example_that_it_does_not_know() -> None:
    images = np.zeros((8, 64, 64, 3), np.float32)
    images[5, 0, 0, 0] = np.nan
    found = examples_of(Scenario().train(x=images, loss=math.nan, steps=2), "non-finite-input")
    assert found is not None
    assert found.batch == (5,)


MESSAGE = "Received a label value of 11 which is outside the valid range of [0, 10).  Label values: 3 11 2 -1"


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((None,), ((1, 3), (33, 35))), ((None, 1), ((1, 3), (33, 35))), ((None, 4), None)],
)
def test_the_labels_of_an_exception_are_named(shape: Any, expected: Any) -> None:
    scenario = Scenario(params=ARRAYS).train(y=class_ids(), y_pred=probabilities(), steps=2)
    target = TensorLayout(name="y", role="target", shape=shape)
    found = examples_of(scenario.fail("InvalidArgumentError", MESSAGE, fed=(target,)), "label-out-of-range")
    assert (None if found is None else (found.batch, found.rows)) == expected


def test_sample_weights_and_targets_out_of_range_are_named() -> None:
    weights = np.ones(16, np.float32)
    weights[4], weights[7] = -2.0, -5.0
    found = examples_of(Scenario(params=ARRAYS).train(sample_weight=weights, steps=3), "bad-sample-weight")
    assert (None if found is None else found.batch) == (7,)
    weights[9] = math.nan
    found = examples_of(Scenario(params=ARRAYS).train(sample_weight=weights, steps=3), "bad-sample-weight")
    assert (None if found is None else found.batch) == (9,)
    y = np.linspace(0, 1, 16, dtype=np.float32)[:, None]
    y[3], y[11] = -7.0, 40.0
    scenario = Scenario(BINARY, loss="mse", params=ARRAYS).train(y=y, steps=4)
    found = examples_of(scenario, "target-out-of-range")
    assert (None if found is None else found.batch) == (3, 11)


def spiked(y: np.ndarray, *, sampled: bool) -> Scenario:
    """A hundred calm losses and one of a batch with these targets, which are predicted to be 0."""
    loss = float((y**2).mean())
    scenario = Scenario(REGRESSOR, loss="mse", params={**ARRAYS, "batch_size": 16}).losses(np.linspace(1, 2, 100))
    scenario.losses([loss])
    if not sampled:
        return scenario.losses([1.0])
    # the loss of a step comes before its sample
    scenario.step -= 1
    scenario.train(y=y, y_pred=np.zeros_like(y), loss=loss)
    scenario.records.pop()
    return scenario


def test_a_spike_names_the_examples_that_make_it() -> None:
    y = np.ones((16, 1), np.float32)
    y[3], y[9] = 100.0, -90.0
    (alert,) = judge(spiked(y, sampled=True).records, ["loss-spike"])
    assert alert.examples == Examples(subject="target:y", step=100, batch=(3, 9), rows=(3, 9))
    assert "examples 3 and 9 have > 99.9 % of it" in alert.message
    assert alert.first_step == 100


def test_a_spike_of_a_whole_batch_names_no_examples() -> None:
    (alert,) = judge(spiked(np.full((16, 1), 30.0, np.float32), sampled=True).records, ["loss-spike"])
    assert alert.examples is None


def test_a_spike_that_was_not_sampled_is_reported_without_examples() -> None:
    (alert,) = judge(spiked(np.full((16, 1), 30.0, np.float32), sampled=False).records, ["loss-spike"])
    assert (alert.first_step, alert.examples) == (100, None)


def test_a_wrong_example_whose_loss_is_not_larger_than_any_before_is_named() -> None:
    scenario = Scenario(REGRESSOR, loss="mse").losses(np.r_[[5000.0], np.linspace(1, 2, 99)])
    y = np.ones((16, 1), np.float32)
    y[3] = 200.0
    scenario.train(y=y, y_pred=np.zeros_like(y), loss=float((y**2).mean())).losses(np.linspace(1, 2, 20))
    (alert,) = judge(scenario.records, ["loss-spike"])
    assert alert.severity == Severity.INFO
    assert alert.examples is not None
    assert alert.examples.batch == (3,)


def test_a_loss_that_is_not_finite_names_the_examples_that_went_bad_first() -> None:
    y = np.ones((16, 1), np.float32)
    y[5] = math.nan
    found = examples_of(Scenario(REGRESSOR, loss="mse").train(y=y, loss=math.nan), "non-finite-loss")
    assert (None if found is None else (found.subject, found.batch)) == ("target:y", (5,))
    y_pred = np.ones((16, 1), np.float32)
    y_pred[[2, 11]] = math.inf
    bad = {"dense": {"nonfinite_count": 2.0}}
    run = Scenario(REGRESSOR, loss="mse").train(y_pred=y_pred, loss=math.nan, activations=bad)
    found = examples_of(run, "non-finite-loss")
    assert (None if found is None else (found.subject, found.batch)) == ("prediction:y_pred", (2, 11))
    everything = Scenario(REGRESSOR, loss="mse").train(y_pred=y_pred * math.nan, loss=math.nan, activations=bad)
    assert examples_of(everything, "non-finite-loss") is None


def shown(place: int, subject: str = "input:x", step: int = 5, about: str = "input:x") -> ShownExamples:
    example = ShownExample(subject=subject, place=place, values=(1.0, math.nan), size=2)
    return ShownExamples(subject=about, step=step, split="train", examples=(example,))


def test_an_alert_gets_the_examples_that_it_names() -> None:
    records = [*broken_at(5, ARRAYS).records, shown(9), shown(9, "target:y"), shown(3)]
    (alert,) = judge(records, ["non-finite-input"])
    assert alert.examples is not None
    assert [(s.subject, s.place) for s in alert.examples.shown] == [("input:x", 9), ("target:y", 9), ("input:x", 3)]


@pytest.mark.parametrize("other", [shown(4), shown(9, step=4), shown(9, about="input:z")])
def test_an_alert_gets_no_other_examples(other: ShownExamples) -> None:
    (alert,) = judge([*broken_at(5, ARRAYS).records, other], ["non-finite-input"])
    assert alert.examples is not None
    assert alert.examples.shown == ()
