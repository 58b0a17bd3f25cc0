"""The loss of the best constant answer, against Keras' own losses of all constant answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from tb_inputdiag.records import Layout, ModelFacts, Sample
from tb_inputdiag.rules.examples import BINARY, CLASSIFIER, REGRESSOR, Scenario, layer
from tb_inputdiag.rules.support.constant_answer import ConstantAnswer, Level
from tb_inputdiag.rules.views.moment import Moment

Array = NDArray[Any]
RNG = np.random.default_rng(3)
SKEWED = np.exp(RNG.normal(size=(512, 1)))
FLAGS = (RNG.random((512, 1)) < 0.3).astype("float64")
SIGNS = 2 * FLAGS - 1
GRAY = RNG.beta(0.5, 0.8, (512, 1))
COUNTS = RNG.poisson(3.0, (512, 1)).astype("float64")
NUMBERS = np.linspace(-1, 12, 1301)
SHARES = np.linspace(0.001, 0.999, 999)


def level_of(
    y: Array, loss: Any, layers: Any = REGRESSOR, batch: int = 64, y_pred: Array | None = None, **facts: Any
) -> Level | None:
    """Returns the level after all batches of these targets."""
    answer = ConstantAnswer()
    scenario = Scenario(layers, loss=loss, **facts)
    for first in range(0, len(y), batch):
        scenario.train(y=y[first : first + batch], y_pred=y_pred)
    model = next(record for record in scenario.records if isinstance(record, ModelFacts))
    layouts = {record.id: record for record in scenario.records if isinstance(record, Layout)}
    for record in scenario.records:
        if isinstance(record, Sample):
            (pair,) = Moment(record, layouts[record.layout], model).pairs
            answer.add(pair, model)
    return answer.level()


def spec(name: str, **values: Any) -> dict[str, Any]:
    """Returns how a loss of Keras is logged."""
    return {"name": name, "from_logits": False, "reduction": "sum_over_batch_size", "custom": False, **values}


def best(loss: Callable[[Array, Array], Any], y: Array, constants: Array) -> float:
    """Returns the lowest mean loss of any of these constant answers."""
    return min(float(np.mean(loss(y, np.full_like(y, constant)))) for constant in constants)


@pytest.mark.parametrize(
    ("name", "loss", "y", "constants"),
    [
        ("mean_squared_error", keras.losses.mean_squared_error, SKEWED, NUMBERS),
        ("mean_absolute_error", keras.losses.mean_absolute_error, SKEWED, NUMBERS),
        ("mean_absolute_error", keras.losses.mean_absolute_error, FLAGS, NUMBERS),
        ("mean_squared_logarithmic_error", keras.losses.mean_squared_logarithmic_error, SKEWED, NUMBERS[101:]),
        ("huber", keras.losses.huber, SKEWED, NUMBERS),
        ("log_cosh", keras.losses.log_cosh, SKEWED, NUMBERS),
        ("poisson", keras.losses.poisson, COUNTS, NUMBERS[101:]),
        ("hinge", keras.losses.hinge, SIGNS, np.linspace(-1, 1, 201)),
        ("hinge", keras.losses.hinge, FLAGS, np.linspace(-1, 1, 201)),
        ("squared_hinge", keras.losses.squared_hinge, SIGNS, np.linspace(-1, 1, 201)),
        ("binary_crossentropy", keras.losses.binary_crossentropy, FLAGS, SHARES),
        ("binary_crossentropy", keras.losses.binary_crossentropy, GRAY, SHARES),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_level_is_what_the_best_constant_answer_loses(
    name: str, loss: Callable[[Array, Array], Any], y: Array, constants: Array
) -> None:
    level = level_of(y, spec(name), BINARY if "cross" in name else REGRESSOR)
    assert level is not None
    assert level.constant == pytest.approx(best(loss, y, constants), rel=0.04)


@pytest.mark.parametrize(
    ("name", "loss", "y"),
    [
        ("binary_crossentropy", keras.losses.binary_crossentropy, GRAY),
        ("binary_crossentropy", keras.losses.binary_crossentropy, FLAGS),
        ("poisson", keras.losses.poisson, COUNTS),
        ("mean_squared_error", keras.losses.mean_squared_error, SKEWED),
    ],
)
def test_a_perfect_answer_loses_what_is_left(name: str, loss: Callable[[Array, Array], Any], y: Array) -> None:
    level = level_of(y, spec(name), BINARY if "cross" in name else REGRESSOR)
    assert level is not None
    way = level.constant - level.perfect
    assert level.perfect == pytest.approx(float(np.mean(loss(y, y.copy()))), abs=0.12 * way)


def test_several_labels_have_an_entropy_each() -> None:
    labels = (RNG.random((512, 10)) < 0.2).astype("float32")
    level = level_of(labels, spec("binary_crossentropy"), (layer("dense", "Dense", units=10, activation="sigmoid"),))
    assert level is not None
    assert level.constant == pytest.approx(-0.2 * np.log(0.2) - 0.8 * np.log(0.8), rel=0.04)


def test_label_smoothing_leaves_an_entropy() -> None:
    rows = np.eye(10, dtype="float32")[RNG.integers(0, 10, 512)]
    level = level_of(rows, spec("categorical_crossentropy", label_smoothing=0.1), CLASSIFIER)
    smooth = rows * 0.9 + 0.01
    assert level is not None
    assert level.constant == pytest.approx(np.log(10), rel=0.01)
    assert level.perfect == pytest.approx(float(-(smooth * np.log(smooth)).sum(axis=1).mean()), rel=1e-3)


def test_a_class_that_the_loss_ignores_does_not_count() -> None:
    ids = np.concatenate([np.zeros(300, int), RNG.integers(1, 3, 300)])[RNG.permutation(600)]
    level = level_of(ids, spec("sparse_categorical_crossentropy", ignore_class=0), CLASSIFIER)
    assert level is not None
    assert level.constant == pytest.approx(np.log(2), rel=0.02)


@pytest.mark.parametrize(
    ("loss", "facts"),
    [
        (spec("mean_squared_error", custom=True), {}),
        (spec("mean_squared_error", reduction="sum"), {}),
        (spec("mean_squared_error", weight=0.5), {}),
        (spec("mean_squared_error"), {"custom_train_step": True}),
        (spec("binary_focal_crossentropy"), {}),
        (spec("cosine_similarity"), {}),
    ],
)
def test_nothing_is_claimed_for_other_losses(loss: dict[str, Any], facts: dict[str, Any]) -> None:
    assert level_of(FLAGS, loss, **facts) is None


def test_nothing_is_claimed_where_a_mask_may_reach_the_loss() -> None:
    tagger = (
        layer("embedding", "Embedding", mask_zero=True),
        layer("dense", "Dense", units=5, activation="softmax"),
    )
    ids, answers = RNG.integers(0, 5, (256, 7)), np.full((64, 7, 5), 0.2)
    assert level_of(ids, spec("sparse_categorical_crossentropy"), tagger, y_pred=answers) is None
    level = level_of(ids, spec("sparse_categorical_crossentropy"), tagger[1:], y_pred=answers)
    assert level is not None
    assert level.constant == pytest.approx(np.log(5), rel=0.01)


def test_values_between_those_of_a_few_are_not_taken_for_targets() -> None:
    assert level_of(SKEWED, spec("mean_absolute_error"), batch=4) is None
    single = level_of(SKEWED[:60], spec("mean_absolute_error"), batch=1)
    assert single is not None
    assert single.constant == pytest.approx(float(np.abs(SKEWED[:60] - np.median(SKEWED[:60])).mean()), rel=0.01)
