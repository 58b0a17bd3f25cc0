"""Rules declare which of Keras' private parts their facts depend on: without these facts they do not judge.

Each accessor of `capture.keras_internals` that facts depend on is taken away in turn, with all that the log would lack.
A rule that declares it says that it did not judge. Any other rule must come to the same result as before: it must not
raise, fall silent, or find something wrong because facts are absent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace

import numpy as np
import pytest

from tb_inputdiag.capture import keras_internals
from tb_inputdiag.capture.keras_internals import ACCESSORS
from tb_inputdiag.records import (
    JSON,
    Degraded,
    Layout,
    ModelFacts,
    NotJudged,
    Record,
    Sample,
    TensorTable,
    WeightTable,
)
from tb_inputdiag.rules import Rule, RuleEngine, all_rules, judge

Loss = Callable[[ModelFacts], ModelFacts]


def _without_graph_of_sequential(facts: ModelFacts) -> ModelFacts:
    if facts.kind != "sequential":
        return facts
    # the sizes of outputs are those of the traced step then
    return replace(facts, inputs=(), outputs=(), output_activations={})


def _without_connections(facts: ModelFacts) -> ModelFacts:
    return replace(facts, layers=tuple(replace(layer, inbound=()) for layer in facts.layers))


def _without_producers(facts: ModelFacts) -> ModelFacts:
    return replace(_without_connections(facts), output_activations={})


def _without_inner_layers(facts: ModelFacts) -> ModelFacts:
    outer = tuple(layer for layer in facts.layers if not layer.parent)
    names = {layer.name for layer in outer}
    return replace(facts, layers=outer, weights=tuple(w for w in facts.weights if w.layer in names))


def _without_calls(facts: ModelFacts) -> ModelFacts:
    kept = [{name: v for name, v in layer.config.items() if name != "reads_all_steps"} for layer in facts.layers]
    layers = (replace(layer, config=config) for layer, config in zip(facts.layers, kept, strict=True))
    return replace(facts, layers=tuple(layers))


def _without_owners(facts: ModelFacts) -> ModelFacts:
    return replace(facts, weights=tuple(replace(w, layer="") for w in facts.weights), entries={})


def _without_schedule(facts: ModelFacts) -> ModelFacts:
    return replace(facts, optimizer={name: None if name == "schedule" else v for name, v in facts.optimizer.items()})


def _without_loss_weights(facts: ModelFacts) -> ModelFacts:
    return replace(facts, loss=_unweighted(facts.loss))


def _unweighted(loss: JSON) -> JSON:
    if isinstance(loss, Mapping):
        return {name: _unweighted(value) for name, value in loss.items() if name != "weight"}  # type: ignore[arg-type]  # JSON in JSON
    return [_unweighted(value) for value in loss] if isinstance(loss, list) else loss


FACTS: Mapping[str, Loss] = {
    "sequential_function": _without_graph_of_sequential,
    "function_nodes": _without_connections,
    "producer": _without_producers,
    "operation_inputs": lambda facts: facts,
    "symbolic_calls": _without_calls,
    "sublayers": _without_inner_layers,
    "own_trainable_variables": _without_owners,
    "learning_rate_schedule": _without_schedule,
    "loss_weights": _without_loss_weights,
    "clipped_gradients": lambda facts: facts,
}
"""Accessor -> what facts look like without it."""

NO_FACTS = {
    "own_non_trainable_variables": "the weights of a layer that are not trained carry its name; no rule reads it",
    "input_structure": "inputs are named by position",
    "output_structure": "outputs are named by position",
    "optimizer_variables": "weights are missing from samples, which rules expect of any model",
    "batch_iterations": "steps are counted differently",
    "gradient_sum_method": "gradients are those of one replica",
    "compiled_metrics": "records are complete",
    "wrapped_call": "the exception has no call, as those of a step",
    "build_method": "the exception is not explained",
    "copy_mask": "the layers after it get no mask, and the step is not sampled",
    "held_value": "the step is not sampled",
    "hold_value": "the step is not sampled",
    "decorated_function": "the function of TensorFlow that raised has no name, as in older logs",
    "batch_being_built": "the exception has no batch, as those of a step have",
}
"""Accessors on which no fact depends that rules judge by, and why."""


def test_all_accessors_are_considered() -> None:
    own = {name for name, found in ACCESSORS.items() if found.read.__module__ == keras_internals.__name__}
    assert {*FACTS, *NO_FACTS} == own


def degraded(records: Sequence[Record], accessor: str) -> list[Record]:
    """Returns records as they would be without an accessor."""
    layouts = {record.id: record for record in records if isinstance(record, Layout)}
    found: list[Record] = []
    for record in records:
        if isinstance(record, ModelFacts):
            record = FACTS[accessor](record)
        elif accessor == "own_trainable_variables" and isinstance(record, Layout):
            record = replace(record, tensors=tuple(t for t in record.tensors if t.stage == "fed"))
        elif accessor == "own_trainable_variables" and isinstance(record, Sample):
            record = replace(record, tensors=_as_fed(record.tensors, layouts[record.layout]))
        elif accessor == "clipped_gradients" and isinstance(record, Sample) and record.weights is not None:
            record = replace(record, weights=_unclipped(record.weights), clipped_gradient_norm=float("nan"))
        found.append(record)
    return found


def _as_fed(table: TensorTable, layout: Layout) -> TensorTable:
    """Returns a table without what layers read, which has no classes."""
    keep = [i for i, t in enumerate(layout.tensors) if t.stage == "fed"]
    features = np.concatenate([np.arange(s.start, s.stop) for s in map(layout.feature_slice, keep)] or [[]]).astype(int)
    columns = {}
    for field in fields(table):
        column = getattr(table, field.name)
        if field.name.startswith("feature_"):
            columns[field.name] = column[features]
        elif field.name not in ("class_counts", "example_ids"):
            columns[field.name] = column[keep]
    places = {float(index): float(place) for place, index in enumerate(keep)}
    columns["copy_input"] = np.asarray([places.get(float(i), np.nan) for i in columns["copy_input"]], np.float32)
    return replace(table, **columns)


def _unclipped(table: WeightTable) -> WeightTable:
    return replace(table, clipped_gradient_norm=np.full_like(table.clipped_gradient_norm, np.nan))


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.id)
def test_needs_are_complete(rule: type[Rule]) -> None:
    lacking = [
        f"{accessor} ({example.name})"
        for example in rule.examples()
        for accessor in _depends_on(rule, example.build().records, example.fires)
    ]
    assert not lacking, f"{rule.id} depends on {', '.join(lacking)}"


def _depends_on(rule: type[Rule], records: Sequence[Record], fires: bool) -> list[str]:
    """Returns accessors without which a rule comes to another result, and does not say so."""
    found = []
    for accessor in FACTS.keys() - set(rule.needs):
        left = degraded(records, accessor)
        if any(a is not b and a != b for a, b in zip(left, records, strict=True) if not isinstance(a, Sample)) or (
            accessor in ("own_trainable_variables", "clipped_gradients")
        ):
            alerts = judge(left, [rule.id])
            if any(alert.rule == rule.id for alert in alerts) != fires:
                found.append(accessor)
    return sorted(found)


def test_a_rule_says_which_of_its_needs_is_not_met() -> None:
    rule = next(rule for rule in all_rules() if rule.id == "hidden-softmax")
    records = next(example for example in rule.examples() if example.fires).build().records
    report = Degraded(accessor="producer", effect=ACCESSORS["producer"].effect)
    engine = RuleEngine([rule.id])
    for record in degraded(records, "producer"):
        engine.feed(replace(record, degraded=(report,)) if isinstance(record, ModelFacts) else record)
    assert not engine.alerts
    assert engine.not_judged == [NotJudged(rule=rule.id, reason=report.effect)]
