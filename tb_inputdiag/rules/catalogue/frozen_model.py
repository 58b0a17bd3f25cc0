"""The rule `frozen-model`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tb_inputdiag.numbers import format_number
from tb_inputdiag.records import (
    LayerFacts,
    LimitPicture,
    ModelFacts,
    SessionStart,
    Severity,
    WeightFacts,
    WordsPicture,
)
from tb_inputdiag.rules.base import Finding, Findings, Rule
from tb_inputdiag.rules.examples import CLASSIFIER, Example, Scenario, fires, layer, silent
from tb_inputdiag.rules.support.curves import loss_curve, sample_curve, weight_curve
from tb_inputdiag.rules.support.symptoms import SYMPTOMS
from tb_inputdiag.rules.views.context import Context

__all__ = ["FrozenModel"]


class FrozenModel(Rule):
    """No weight of the model is trained, or an embedding is frozen at its initial values.

    ## What it does
    Fires on a model without trainable weights, on a learning rate of 0, and on updates that are zero for all weights
    although gradients exist. A frozen embedding is a WARNING if all its elements are equal, so that it tells no ids
    apart, and an INFO if it has the spread of random initial values.

    ## Why is this bad?
    `fit` runs and takes time, but changes no weight.

    ## Example
    ```python
    base.trainable = False
    model = keras.Sequential([base, keras.layers.GlobalAveragePooling2D()])       # the new head has no weights
    ```

    ## What to do
    Set `layer.trainable = True` before `compile`, add a trainable head, or set a learning rate above 0.

    ## References
    - https://keras.io/guides/transfer_learning/
    """

    id = "frozen-model"
    severity = Severity.WARNING
    needs = (
        "own_trainable_variables",
        "learning_rate_schedule",
    )
    persistence = 5
    explains = tuple(rule for rule in SYMPTOMS if rule != "learning-rate-too-low")
    why = "Training runs and takes time, but no weight ever changes."

    def start(self) -> None:
        """Forgets whether the optimizer has changed a weight."""
        self._has_moved = False

    def on_model(self, context: Context) -> Findings:
        """Judges whether the model has trainable weights."""
        facts, session = context.facts, context.session
        fit = session is None or session.mode == "fit"
        if facts is None or not facts.weights or facts.custom_train_step or not fit:
            return None
        if _is_trainable(facts):
            return [_untrained_embedding(weight) for weight in facts.weights if _is_untrained_embedding(facts, weight)]
        return [_no_trainable_weight(facts)]

    def on_sample(self, context: Context) -> Findings:
        """Judges whether the step changes weights."""
        sample, table, facts = context.sample, context.sample.weights, context.facts
        in_a_loop = context.session is not None and context.session.mode == "watch"
        if in_a_loop and table is None and facts is not None and facts.weights and not _is_trainable(facts):
            return None if facts.custom_train_step else [_no_trainable_weight(facts)]
        accumulates = facts is not None and bool(facts.optimizer.get("gradient_accumulation_steps"))
        if table is None or not len(table.update_ratio) or sample.skipped or accumulates:
            return None
        self._has_moved = self._has_moved or bool(np.any(table.update_ratio > 0))
        if self._has_moved and facts is not None and facts.optimizer.get("schedule"):
            return []  # a schedule has lowered the rate: that is the subject of learning-rate-too-low
        if sample.learning_rate == 0:
            what, fix = "the learning rate is 0", "keras.optimizers.Adam(learning_rate=1e-3)"
            seen, curve = "learning rate 0", sample_curve("learning_rate", "Learning rate")
        elif np.all(table.update_ratio == 0) and np.nansum(table.gradient_norm) > 0:
            what = f"every update is 0 at a learning rate of {format_number(sample.learning_rate)}"
            fix = "keras.optimizers.Adam(learning_rate=1e-3)  # updates below 1e-7 of a float32 weight are lost"
            row = int(np.nanargmax(table.gradient_norm))
            seen, curve = "updates of 0", weight_curve(context.layout.weights[row], "update_ratio")
        else:
            return []
        return [
            Finding(
                subject="optimizer",
                message=f"The optimizer changes nothing: {what}.",
                evidence={"learning_rate": sample.learning_rate, "gradient_norm": sample.gradient_norm},
                fix=fix,
                picture=WordsPicture(seen=seen, expected="weights that change"),
                curves=(curve, loss_curve()),
            )
        ]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        lookup = layer("embedding", "Embedding", input_dim=50, trainable=False)
        frozen = (layer("base", "Conv2D", trainable=False), layer("pool", "GlobalAveragePooling2D"))
        still = {"*": {"update_ratio": 0.0}}
        return (
            fires("all layers frozen", lambda: Scenario(frozen), "model", Severity.WARNING),
            fires("a frozen model in a loop", lambda: _in_a_loop(frozen), "model", Severity.WARNING),
            fires("a learning rate of 0", lambda: Scenario().train(learning_rate=0.0, steps=5), "optimizer"),
            fires("updates of 0", lambda: Scenario().train(gradients=still, steps=5), "optimizer"),
            fires(
                "a frozen embedding of zeros",
                lambda: _with_embedding(lookup, initial_constant=True, initial_mean=0.0, initial_std=0.0),
                "weight:embedding/embeddings",
                Severity.WARNING,
            ),
            fires(
                "a frozen embedding of random values",
                lambda: _with_embedding(lookup, initial_mean=0.0, initial_std=0.0289, initializer="RandomUniform"),
                "weight:embedding/embeddings",
                Severity.INFO,
            ),
            silent(
                "a frozen embedding of word vectors",
                lambda: _with_embedding(lookup, initial_mean=0.01, initial_std=0.4, initializer="RandomUniform"),
            ),
            silent("a model that trains", lambda: Scenario().train(steps=6)),
            silent("a frozen base with a head", lambda: Scenario((frozen[0], *CLASSIFIER)).train(steps=6)),
            silent("a schedule that has come to 0", _scheduled),
            silent("a warm-up from 0", lambda: Scenario().train(learning_rate=0.0).train(steps=5)),
        )


def _is_trainable(facts: ModelFacts) -> bool:
    return any(weight.trainable for weight in facts.weights)


def _no_trainable_weight(facts: ModelFacts) -> Finding:
    frozen = [item.name for item in facts.layers if item.n_params and not item.n_trainable_params]
    return Finding(
        subject="model",
        message=f"None of the model's {len(facts.weights)} weights is trainable.",
        evidence={"n_weights": len(facts.weights), "frozen_layers": frozen[:16]},
        fix="model.trainable = True  # or single layers: model.layers[-1].trainable = True\n"
        "model.compile(...)  # afterwards: compile reads `trainable`",
        picture=LimitPicture(label="trainable weights", value=0, limit=1, bound="at least"),
        at_once=True,
    )


_RANDOM_STDS = {"RandomUniform": 0.1 / math.sqrt(12), "RandomNormal": 0.05}
"""Initializer -> standard deviation of the values that it makes with Keras' defaults: -0.05..0.05, and 0.05."""


def _is_untrained_embedding(facts: ModelFacts, weight: WeightFacts) -> bool:
    """Returns whether a weight is a frozen embedding that holds a constant or random initial values."""
    item = facts.layer(weight.layer)
    if weight.trainable or item is None or item.class_name != "Embedding" or len(weight.shape) != 2:
        return False
    return weight.initial_constant or _is_random(weight)


def _is_random(weight: WeightFacts) -> bool:
    usual = _RANDOM_STDS.get(weight.initializer)
    elements = max(weight.shape[0] * weight.shape[1], 1)
    if usual is None or weight.initial_std is None or weight.initial_mean is None:
        return False
    # The standard error of a standard deviation is about std / sqrt(2 n), that of a mean std / sqrt(n).
    near = 5 * usual / math.sqrt(min(elements, 65_536))
    return abs(weight.initial_std - usual) < near and abs(weight.initial_mean) < near


def _untrained_embedding(weight: WeightFacts) -> Finding:
    value = format_number(weight.initial_mean or 0.0)
    held = f"holds nothing but {value}" if weight.initial_constant else "holds random initial values"
    harm = (
        "so all ids look the same to the model" if weight.initial_constant else "so it never learns what the ids mean"
    )
    return Finding(
        subject=f"weight:{weight.name}",
        message=f"The embedding '{weight.name}' is frozen and {held}, {harm}.",
        evidence={"mean": weight.initial_mean, "std": weight.initial_std, "initializer": weight.initializer},
        fix="layer.trainable = True  # before compile\n"
        "# or fill it: layer.set_weights([vectors])  # after the layer is built",
        why="A frozen embedding keeps what it holds when training begins; word vectors must be loaded before.",
        severity=Severity.WARNING if weight.initial_constant else Severity.INFO,
        picture=WordsPicture(seen=f"frozen, {held.partition(' ')[2]}", expected="trainable, or loaded vectors"),
        curves=(loss_curve(),),
        at_once=True,
    )


def _scheduled() -> Scenario:
    scenario = Scenario(optimizer={"name": "Adam", "learning_rate": None, "schedule": "CosineDecay"})
    return scenario.train(steps=5).train(learning_rate=0.0, gradients={"*": {"update_ratio": 0.0}}, steps=8)


def _in_a_loop(layers: Sequence[LayerFacts]) -> Scenario:
    scenario = Scenario(layers)
    scenario.records[0] = SessionStart(session="example", wall_time=0.0, mode="watch")
    return scenario.train(steps=3)


def _with_embedding(lookup: LayerFacts, **values: Any) -> Scenario:
    weight = WeightFacts(
        name="embedding/embeddings", shape=(50, 100), dtype="float32", trainable=False, layer=lookup.name, **values
    )
    healthy = Scenario((lookup, *CLASSIFIER)).facts.weights
    return Scenario((lookup, *CLASSIFIER), weights=(weight, *(w for w in healthy if w.layer != lookup.name)))
