"""Static facts of a model: what rules need to know without seeing data."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import keras

from tb_inputdiag.capture import keras_internals
from tb_inputdiag.capture.compile_facts import describe_compiled_loss, describe_optimizer
from tb_inputdiag.capture.layer_facts import layer_facts
from tb_inputdiag.capture.model_graph import (
    find_backbones,
    forward_order,
    function_of,
    input_names,
    model_kind,
    output_activation,
    output_names,
)
from tb_inputdiag.capture.names import flatten, named_leaves
from tb_inputdiag.capture.plain_values import attempt
from tb_inputdiag.capture.tensor_layout import tensor_layout
from tb_inputdiag.capture.weight_facts import weight_facts
from tb_inputdiag.records import ModelFacts, Role, TensorLayout

__all__ = ["model_facts"]


def model_facts(
    model: keras.Model, paths: Mapping[int, str], weight_names: Mapping[int, tuple[str, str]]
) -> ModelFacts:
    """Reads a model's facts.

    Args:
        model: A compiled Keras model, built or not.
        paths: From `names.layer_paths`.
        weight_names: From `names.weight_names`.
    """
    order = attempt(lambda: forward_order(model, paths), [])
    layers = {placed.path: placed.item for placed in order}
    ends = _ends(model)
    replicas = int(attempt(lambda: model.distribute_strategy.num_replicas_in_sync, 1))
    facts = ModelFacts(
        name=model.name,
        class_name=type(model).__name__,
        kind=model_kind(model),
        layers=tuple(layer_facts(*placed) for placed in order),
        weights=tuple(weight_facts(model, weight_names, layers)),
        inputs=ends.inputs,
        outputs=ends.outputs,
        loss=attempt(lambda: describe_compiled_loss(model)),
        optimizer=attempt(lambda: describe_optimizer(getattr(model, "optimizer", None)), {}),
        metrics=tuple(str(name) for name in attempt(lambda: model.metrics_names, [])),
        dtype_policy=str(attempt(lambda: model.dtype_policy.name, "float32")),
        jit_compile=bool(getattr(model, "jit_compile", False)),
        run_eagerly=bool(getattr(model, "run_eagerly", False)),
        steps_per_execution=int(getattr(model, "steps_per_execution", 1)),
        replicas=replicas,
        strategy=type(model.distribute_strategy).__name__ if replicas > 1 else "",
        custom_train_step=_overrides(model, "train_step"),
        custom_loss=_overrides(model, "compute_loss") or bool(attempt(lambda: model.losses, [])),
        image_data_format=keras.config.image_data_format(),
        output_activations=ends.activations,
        output_units=ends.units,
        backbones=find_backbones(model, paths),
    )
    # last: reading the facts above may be what fails
    return replace(facts, degraded=keras_internals.degraded())


class _Ends(NamedTuple):
    """Inputs and outputs of a model's graph."""

    inputs: tuple[TensorLayout, ...]
    outputs: tuple[TensorLayout, ...]
    activations: dict[str, str]
    units: dict[str, int]


def _ends(model: keras.Model) -> _Ends:
    function = function_of(model)
    if function is None:
        return _Ends((), (), {}, {})
    structure = keras_internals.output_structure(function)
    outputs = _layouts(structure, output_names(model), "y_pred", "prediction")
    activations: dict[str, str] = {}
    units: dict[str, int] = {}
    for layout, (_, tensor) in zip(outputs, flatten(structure), strict=True):
        activation = attempt(functools.partial(output_activation, tensor))
        if activation is not None:
            activations[layout.name] = activation
        if layout.shape and layout.shape[-1] is not None:
            units[layout.name] = layout.shape[-1]
    inputs = _layouts(keras_internals.input_structure(function), input_names(model), "x", "input")
    return _Ends(inputs, outputs, activations, units)


def _layouts(
    structure: keras_internals.Structure, known: list[str], default: str, role: Role
) -> tuple[TensorLayout, ...]:
    return tuple(tensor_layout(name, role, tensor) for name, tensor in named_leaves(structure, default, known))


def _overrides(model: keras.Model, method: str) -> bool:
    """Tells whether a model, or its class, has its own version of one of Keras' methods."""
    own = getattr(type(model), method, None)
    return method in vars(model) or (own is not None and not str(getattr(own, "__module__", "")).startswith("keras."))
