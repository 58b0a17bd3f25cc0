"""Paths for layers and weights, and the user's own names for the leaves of nested batches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from tb_inputdiag.batch_structure import flatten, named_leaves, unique
from tb_inputdiag.capture import keras_internals
from tb_inputdiag.capture.model_graph import all_layers, children

__all__ = [
    "ModelNames",
    "backend_value",
    "flatten",
    "layer_paths",
    "named_leaves",
    "unique",
    "weight_names",
]


def layer_paths(model: keras.Model) -> dict[int, str]:
    """Returns ``id(layer) -> path within the model`` for all layers, nested ones too. The model itself is ``""``.

    A path joins the names of the layers that contain it, e.g. ``backbone/block1_conv``. Order: as tracked.
    """
    paths: dict[int, str] = {id(model): ""}
    taken: set[str] = set()

    def walk(layer: keras.Layer, prefix: str) -> None:
        for child in children(layer):
            if id(child) in paths:
                continue
            path = unique(f"{prefix}{child.name}", taken)
            taken.add(path)
            paths[id(child)] = path
            walk(child, f"{path}/")

    walk(model, "")
    return paths


def weight_names(model: keras.Model, paths: Mapping[int, str]) -> dict[int, tuple[str, str]]:
    """Returns ``id(variable) -> (name, layer path)`` for all weights of a model, e.g. ``conv2d/kernel``.

    A weight that several layers hold belongs to the first of them. The states of seed generators are not weights.
    """
    found: dict[int, tuple[str, str]] = {}
    taken: set[str] = set()
    for layer in all_layers(model):
        path = paths.get(id(layer), "")
        trainable = keras_internals.own_trainable_variables(layer)
        for variable in [*trainable, *keras_internals.own_non_trainable_variables(layer)]:
            if id(variable) in found:
                continue
            name = unique(f"{path}/{variable.name}" if path else variable.name, taken)
            taken.add(name)
            found[id(variable)] = (name, path)
    return found


class ModelNames:
    """Names of a model's layers and weights, completed when one turns up that was not known.

    Args:
        model: The model.
        paths: From `layer_paths`; new layers are added to it.
        weights: From `weight_names`; new weights are added to it.
    """

    def __init__(self, model: keras.Model, paths: dict[int, str], weights: dict[int, tuple[str, str]]) -> None:
        self._model = model
        self._paths = paths
        self._weights = weights

    def of_layer(self, layer: keras.Layer) -> str:
        """Returns the path of a layer, also of one that the model does not track."""
        found = self._paths.get(id(layer))
        if found is None:
            self._paths.update({k: v for k, v in layer_paths(self._model).items() if k not in self._paths})
            found = self._paths.get(id(layer))
        if found is None:
            found = self._paths[id(layer)] = unique(layer.name, set(self._paths.values()))
        return found

    def of_weight(self, variable: Any) -> str:
        """Returns the name of a variable of Keras or of its backend."""
        found = self._weights.get(id(variable))
        if found is None:
            # a variable of the backend, or one that the step has just built
            self._weights.update(weight_names(self._model, layer_paths(self._model)))
            by_value = {id(backend_value(v)): v for v in self._model.variables}
            known = by_value.get(id(backend_value(variable)))
            found = self._weights.get(id(known)) or (variable.name.split(":")[0], "")
            self._weights[id(variable)] = found
        return found[0]


def backend_value(variable: Any) -> Any:
    """Returns what holds the values of a Keras variable: with TensorFlow, its `tf.Variable`. Others are returned."""
    return variable.value if isinstance(variable, keras.Variable) else variable
