"""What a model's layers without weights make of the data before the first layer with weights reads it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.capture import keras_internals, names
from tb_inputdiag.capture.facts import model_facts
from tb_inputdiag.capture.model_graph import function_of, input_names
from tb_inputdiag.records import ModelFacts, TensorLayout

__all__ = ["read"]

_Array = NDArray[Any]
_Entries = list[tuple[TensorLayout, _Array]]


def read(model: keras.Model) -> tuple[ModelFacts, Callable[[Sequence[_Array]], _Entries] | None]:
    """Returns the facts of a model, and a function that returns what its first trainable layers read of some inputs.

    The function is None where the graph is not known: of subclassed models, and of those that are not built.
    """
    paths = names.layer_paths(model)
    facts = model_facts(model, paths, names.weight_names(model, paths))
    function = function_of(model)
    if function is None:
        return facts, None
    found = _first_readers(function)
    if not found:
        return facts, None
    structure = keras_internals.input_structure(function)
    fed_names = [name for name, _ in names.named_leaves(structure, "x", input_names(model))]
    by_id = {id(tensor): name for tensor, name in zip(function.inputs, fed_names, strict=True)}
    return facts, lambda arrays: _entries(function, found, by_id, paths, arrays)


def _first_readers(function: keras.Function) -> list[tuple[keras.KerasTensor, keras.Layer]]:
    """Returns the tensors that come from the inputs alone, with the layers with weights that read them.

    Models inside the model are left out: they may have preprocessing of their own.
    """
    known: dict[int, bool] = {}

    def is_plain(tensor: keras.KerasTensor) -> bool:
        if id(tensor) not in known:
            made_by = keras_internals.producer(tensor)
            known[id(tensor)] = made_by is not None and (
                not _is_learned(made_by.operation) and all(map(is_plain, keras_internals.operation_inputs(made_by)))
            )
        return known[id(tensor)]

    found: dict[int, tuple[keras.KerasTensor, keras.Layer]] = {}
    for node in keras_internals.function_nodes(function):
        if _is_learned(node.operation) and function_of(node.operation) is None:
            for tensor in filter(is_plain, node.inputs):
                found.setdefault(id(tensor), (tensor, node.operation))
    return list(found.values())


def _is_learned(operation: keras.Operation) -> bool:
    """Returns whether an operation has weights, trainable or frozen: not those of `Normalization`, nor seeds."""
    prepares = type(operation).__module__.startswith(("keras.src.layers.preprocessing", "keras.src.layers.regular"))
    return isinstance(operation, keras.Layer) and bool(operation.weights) and not prepares


def _entries(
    function: keras.Function,
    readers: Sequence[tuple[keras.KerasTensor, keras.Layer]],
    fed_names: dict[int, str],
    paths: dict[int, str],
    arrays: Sequence[_Array],
) -> _Entries:
    if len(arrays) != len(function.inputs):
        return []
    fed = {id(tensor): array for tensor, array in zip(function.inputs, arrays, strict=True)}
    if not all(_fits(tensor, array) for tensor, array in zip(function.inputs, arrays, strict=True)):
        function([array[:1] for array in arrays], training=False)  # raises what `fit` would raise
    made = [tensor for tensor, _ in readers if id(tensor) not in fed]
    if made:
        part = keras.Model(function.inputs, made)
        # not in training: random layers must not draw numbers from the user's seeds
        values = part([np.ascontiguousarray(array) for array in arrays], training=False)
        values = values if isinstance(values, list | tuple) else [values]
        fed |= {id(tensor): keras.ops.convert_to_numpy(value) for tensor, value in zip(made, values, strict=True)}
    found: _Entries = []
    for tensor, layer in readers:
        own = fed_names.get(id(tensor)) or (fed_names[id(function.inputs[0])] if len(arrays) == 1 else "")
        layout = TensorLayout(
            name=own or layer.name,
            role="input",
            stage="entry",
            layer=paths.get(id(layer), layer.name),
            layer_class=type(layer).__name__,
            sources=(own,) if own else tuple(fed_names.values()),
            same_as_fed=id(tensor) in fed_names,
        )
        found.append((layout, fed[id(tensor)]))
    return found


def _fits(tensor: keras.KerasTensor, array: _Array) -> bool:
    """Returns whether an array has the shape of an input, as far as that is known."""
    return len(tensor.shape) == array.ndim and all(
        size is None or size == n for size, n in zip(tensor.shape[1:], array.shape[1:], strict=True)
    )
