"""The ranges that rules declare: those that they judge by."""

from __future__ import annotations

from typing import Any

import pytest

from tb_inputdiag.records import ExpectedRange, WeightFacts
from tb_inputdiag.rules.engine import RuleEngine
from tb_inputdiag.rules.examples import BINARY, CLASSIFIER, REGRESSOR, Scenario, class_ids, columns, layer, pixels

EMBEDDING = (layer("embedding", "Embedding", input_dim=100), *REGRESSOR)
NORMALIZED = (layer("batch_normalization", "BatchNormalization"), *REGRESSOR)
SIGMOID = (layer("dense", "Dense", units=1, activation="sigmoid"),)
STEM = (layer("stem_conv", "Conv2D"), layer("top", "Dense", activation="softmax", units=10))
LEARNED = (WeightFacts(name="b", shape=(10,), dtype="float32", trainable=True, layer="stem_conv", initial_std=0.2),)


def declared(scenario: Scenario, rule: str, **thresholds: float) -> list[ExpectedRange]:
    """Returns the ranges that a rule declares while it judges a run."""
    engine = RuleEngine({rule: thresholds} if thresholds else [rule])
    for record in scenario.records:
        engine.feed(record)
    assert not engine.not_judged
    return [found for found in engine.expected_ranges if found.rule == rule]


def ids() -> Any:
    return class_ids(50, rows=400).reshape(40, 10)


CASES: dict[str, tuple[str, Scenario, tuple[str, str, float | None, float | None]]] = {
    "images": ("unnormalized-input", Scenario(CLASSIFIER).train(x=pixels()), ("input:x", "entry", -20.0, 50.0)),
    "a table": (
        "unnormalized-input",
        Scenario(REGRESSOR, loss="mse").train(x=columns()),
        ("input:x", "entry", -20.0, 20.0),
    ),
    "ids": ("token-out-of-range", Scenario(EMBEDDING).train(x=ids()), ("input:x", "entry", 0.0, 99.0)),
    "targets of a sigmoid": (
        "target-out-of-range",
        Scenario(SIGMOID, loss="mse").train(y=columns(0.1, 0.5, n=1)),
        ("target:y", "fed", 0.0, 1.0),
    ),
    "targets of a ReLU": (
        "target-out-of-range",
        Scenario((layer("dense", "Dense", units=1, activation="relu"),), loss="mse").train(y=columns(8, 80, n=1)),
        ("target:y", "fed", 0.0, None),
    ),
    "targets of a regression": (
        "unscaled-target",
        Scenario(REGRESSOR, loss="mse").train(y=columns(n=1)),
        ("target:y", "fed", -1000.0, 1000.0),
    ),
    "probabilities": (
        "output-activation-mismatch",
        Scenario(BINARY, loss="binary_crossentropy").train(y=class_ids(2), y_pred=columns(0.1, 0.5, n=1)),
        ("prediction:y_pred", "fed", 0.0, 1.0),
    ),
    "a backbone that rescales inside": (
        "preprocessing-mismatch",
        Scenario(STEM, backbones={"": "efficientnet"}).train(x=pixels(255, shape=(8, 64, 64, 3))),
        ("input:x", "fed", 0.0, 255.0),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_rule_declares_the_range_that_it_judges_by(name: str) -> None:
    rule, scenario, expected = CASES[name]
    found = declared(scenario, rule)
    assert [(r.subject, r.stage, r.low, r.high) for r in found] == [expected]
    assert found[0].reason.endswith(".")


def test_a_pretrained_backbone_is_judged_where_it_reads() -> None:
    images = Scenario(STEM, backbones={"": "mobilenet_v2"}, weights=LEARNED).train(x=pixels(shape=(8, 64, 64, 3)))
    found = declared(images, "preprocessing-mismatch")
    assert {(r.subject, r.stage, r.low, r.high) for r in found} == {
        ("input:x", "entry", -1.0, 1.0),
        ("input:x", "fed", -1.0, 1.0),
    }


def test_new_weights_adapt_to_any_range() -> None:
    images = Scenario(STEM, backbones={"": "mobilenet_v2"}).train(x=pixels(shape=(8, 64, 64, 3)))
    assert not declared(images, "preprocessing-mismatch")


def test_ranges_follow_the_users_thresholds() -> None:
    table = Scenario(REGRESSOR, loss="mse").train(x=columns(), y=columns(n=1))
    (found,) = declared(table, "unnormalized-input", max_size=5.0)
    assert (found.low, found.high) == (-5.0, 5.0)
    assert "at most 5" in found.reason
    (found,) = declared(table, "unscaled-target", max_size=70.0)
    assert (found.low, found.high) == (-70.0, 70.0)


def test_two_rules_do_not_declare_a_target_twice() -> None:
    bounded = Scenario(SIGMOID, loss="mse").train(y=columns(0.1, 0.5, n=1))
    assert not declared(bounded, "unscaled-target")
    free = Scenario(REGRESSOR, loss="mse").train(y=columns(n=1))
    assert not declared(free, "target-out-of-range")


def test_ids_and_what_is_normalized_may_have_any_size() -> None:
    assert not declared(Scenario(EMBEDDING).train(x=ids()), "unnormalized-input")
    assert not declared(Scenario(NORMALIZED, loss="mse").train(x=columns(40, -40)), "unnormalized-input")
