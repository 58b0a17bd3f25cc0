"""How a model is put together: its layers, their order, and which reads which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

import keras

from tb_inputdiag.capture import keras_internals
from tb_inputdiag.capture.layer_facts import activation_name
from tb_inputdiag.capture.plain_values import attempt
from tb_inputdiag.keras_vocabulary import SHAPE_ONLY, TRAINING_ONLY, backbone_family

__all__ = [
    "Placed",
    "all_layers",
    "children",
    "find_backbones",
    "forward_order",
    "function_of",
    "input_names",
    "model_kind",
    "output_activation",
    "output_names",
]

_ACTIVATION_OPERATIONS = ("softmax", "sigmoid", "relu", "tanh", "softplus")
_LONGEST_WALK = 20


class Placed(NamedTuple):
    """A layer or operation at its place in a model."""

    item: keras.Operation
    path: str
    inbound: tuple[str, ...]
    """Paths of the operations whose outputs it reads."""


def function_of(model: keras.Layer) -> keras.Function | None:
    """Returns the Functional graph of a Functional or built Sequential model, else None."""
    return model if isinstance(model, keras.Function) else keras_internals.sequential_function(model)


def model_kind(model: keras.Model) -> Literal["sequential", "functional", "subclassed"]:
    """Returns how a model was defined. A subclass of Model may also be built as ``Model(inputs, outputs)``."""
    if isinstance(model, keras.Sequential):
        return "sequential"
    return "functional" if function_of(model) is not None else "subclassed"


def children(layer: keras.Layer) -> list[keras.Layer]:
    """Returns the layers directly inside a layer or model, in forward order where the graph is known."""
    function = function_of(layer)
    own = keras_internals.sublayers(layer)
    if function is None:
        return own
    ordered = [operation for operation in function.operations if isinstance(operation, keras.Layer)]
    known = {id(child) for child in ordered}
    return ordered + [child for child in own if id(child) not in known]


def all_layers(model: keras.Model) -> list[keras.Layer]:
    """Returns a model and all layers inside it, each once, a layer before those inside it."""
    found: dict[int, keras.Layer] = {}

    def walk(layer: keras.Layer) -> None:
        if id(layer) not in found:
            found[id(layer)] = layer
            for child in children(layer):
                walk(child)

    walk(model)
    return list(found.values())


def forward_order(model: keras.Model, paths: Mapping[int, str]) -> list[Placed]:
    """Returns everything inside a model, in forward order where the graph is known, else as Keras tracks it.

    Args:
        model: A Keras model.
        paths: ``id(layer) -> path``; see `names.layer_paths`.
    """
    return list(_placed(model, "", paths))


def _placed(container: keras.Layer, prefix: str, paths: Mapping[int, str]) -> Iterator[Placed]:
    function = function_of(container)
    operations = [] if function is None else list(function.operations)
    local = {id(operation): paths.get(id(operation), f"{prefix}{operation.name}") for operation in operations}
    inbound = {} if function is None else _inbound(function, local)
    layers = children(container)
    known = {id(layer) for layer in layers}
    for item in operations + [layer for layer in layers if id(layer) not in local]:
        path = paths.get(id(item)) or local.get(id(item), item.name)
        yield Placed(item, path, tuple(dict.fromkeys(inbound.get(id(item), []))))
        if id(item) in known:
            yield from _placed(item, f"{path}/", paths)


def _inbound(function: keras.Function, paths: Mapping[int, str]) -> dict[int, list[str]]:
    """Returns ``id(operation) -> paths of the operations that it reads``."""
    found: dict[int, list[str]] = {}
    for node in keras_internals.function_nodes(function):
        made_by = [keras_internals.producer(tensor) for tensor in node.inputs]
        sources = [paths.get(id(producer.operation), "") for producer in made_by if producer is not None]
        found.setdefault(id(node.operation), []).extend(source for source in sources if source)
    return found


def input_names(model: keras.Model) -> list[str]:
    """Returns the names of a model's inputs in order; empty where it has no graph."""
    function = function_of(model)
    return [tensor.name for tensor in function.inputs] if function is not None else []


def output_names(model: keras.Model) -> list[str]:
    """Returns the names of a model's outputs in order; empty for one output or where it has no graph."""
    found = list(getattr(function_of(model), "output_names", None) or [])
    return found if len(found) > 1 else []


def output_activation(tensor: keras.KerasTensor) -> str | None:
    """Returns the activation that makes a symbolic output, ``linear`` for none, or None if it is unknown."""
    for _ in range(_LONGEST_WALK):
        producer = keras_internals.producer(tensor)
        if producer is None:
            return None
        operation = producer.operation
        name = activation_name(operation)
        if name is not None:
            return name
        behind = _behind(producer)
        if behind is None:
            kind = type(operation).__name__.lower()
            return kind if kind in _ACTIVATION_OPERATIONS else None
        tensor = behind
    return None


def _behind(producer: keras_internals.Producer) -> keras.KerasTensor | None:
    """Returns the tensor whose values an operation passes on: out of a nested model, or through a change of shape."""
    inner = function_of(producer.operation)
    if inner is not None and len(inner.outputs) == 1:
        return inner.outputs[0]
    if type(producer.operation).__name__ in SHAPE_ONLY | TRAINING_ONLY:
        return next(iter(keras_internals.operation_inputs(producer)), None)
    return None


def find_backbones(model: keras.Model, paths: Mapping[int, str]) -> dict[str, str]:
    """Returns layer path -> family of `keras.applications`, for the model itself (``""``) and nested models."""
    found: dict[str, str] = {}

    def walk(container: keras.Model) -> None:
        members = children(container)
        kind = backbone_family(container.name, [layer.name for layer in members])
        if kind is not None:
            found[paths[id(container)]] = kind
            return
        for member in members:
            if isinstance(member, keras.Model) and id(member) in paths:
                walk(member)

    attempt(lambda: walk(model))
    return found
