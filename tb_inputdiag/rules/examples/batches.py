"""Describes the arrays of a made-up batch as the probe would describe them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.records import LayerFacts, ModelFacts, Role, TensorLayout
from tb_inputdiag.statistics.tensors.class_counts import number_of_classes
from tb_inputdiag.statistics.tensors.features import with_features

__all__ = ["Arrays", "Described", "entries", "inputs", "outputs"]

Arrays: TypeAlias = NDArray[Any] | Mapping[str, NDArray[Any]]
Described: TypeAlias = list[tuple[TensorLayout, NDArray[Any]]]


def inputs(x: Arrays) -> Described:
    """Returns the inputs as fed."""
    return [(_layout(name, "input", array), array) for name, array in _named(x, "x").items()]


def entries(x: Arrays, facts: ModelFacts, read_by: Mapping[str, str], same_as_fed: bool) -> Described:
    """Returns what the first trainable layers read.

    Args:
        x: The arrays, by the name of the input or a single one.
        facts: The model.
        read_by: Input name -> name of the layer that reads it; by default the first trainable layer.
        same_as_fed: Whether these are the fed arrays themselves.
    """
    first = next((layer for layer in facts.layers if layer.n_trainable_params), None)
    found: Described = []
    for name, array in _named(x, "x").items():
        reader: LayerFacts | None = facts.layer(read_by.get(name, "")) or first
        if reader is not None:
            layout = replace(
                _layout(name, "input", array),
                stage="entry",
                layer=reader.name,
                layer_class=reader.class_name,
                sources=(name,),
                same_as_fed=same_as_fed,
            )
            found.append((layout, array))
    return found


def outputs(
    y: Arrays | None,
    y_pred: Arrays | None,
    sample_weight: Arrays | None,
    facts: ModelFacts,
    unread_weights: bool = False,
    broadcast_to: tuple[int | None, ...] | None = None,
) -> Described:
    """Returns targets with their classes, predictions, and sample weights, and what the step does with them."""
    targets, predictions = _named(y, "y"), _named(y_pred, "y_pred")
    found: Described = []
    for name, target in targets.items():
        layout = _layout(name, "target", target)
        n_classes = _classes(layout, predictions, facts)
        found.append((replace(layout, n_classes=n_classes, broadcast_to=broadcast_to), target))
    found += [(_layout(name, "prediction", array), array) for name, array in predictions.items()]
    weights = _named(sample_weight, "sample_weight").items()
    described = [(_layout(name, "sample_weight", array), array) for name, array in weights]
    return found + [(replace(layout, unread=unread_weights), array) for layout, array in described]


def _classes(target: TensorLayout, predictions: Mapping[str, NDArray[Any]], facts: ModelFacts) -> int:
    """Returns the number of classes of a target, from the prediction or else from the model's units."""
    prediction = next(iter(predictions.values()), None)
    shape = target.shape or ()
    if prediction is not None:
        return number_of_classes(shape, prediction.shape[-1], prediction.ndim)
    units = facts.output_units.get("y_pred", 0)
    return number_of_classes(shape, units, 2)


def _named(arrays: Arrays | None, default: str) -> dict[str, NDArray[Any]]:
    if arrays is None:
        return {}
    if isinstance(arrays, Mapping):
        return {name: np.asarray(array) for name, array in arrays.items()}
    return {default: np.asarray(arrays)}


def _layout(name: str, role: Role, array: NDArray[Any]) -> TensorLayout:
    return with_features(TensorLayout(name=name, role=role, shape=(None, *array.shape[1:]), dtype=str(array.dtype)))
