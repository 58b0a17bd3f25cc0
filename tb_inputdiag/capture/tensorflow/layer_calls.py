"""Observes the layer calls of a step: entries, activations, predictions, and the call that raised."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras

from tb_inputdiag.capture.keras_internals import own_trainable_variables
from tb_inputdiag.capture.layer_facts import is_preprocessing
from tb_inputdiag.capture.model_graph import output_names
from tb_inputdiag.capture.names import ModelNames, flatten, named_leaves
from tb_inputdiag.capture.tensorflow.lineage import Lineage
from tb_inputdiag.capture.tensorflow.observations import (
    Activation,
    EntryTensor,
    ObservedTensor,
    Raised,
    StepObservations,
)
from tb_inputdiag.capture.tensorflow.ops import Tensor
from tb_inputdiag.capture.tensorflow.tensors import kind_of, layouts_of, values_of

__all__ = ["LayerCalls"]

_OPAQUE = ("RNN", "Bidirectional", "TimeDistributed", "MultiHeadAttention", "GroupedQueryAttention", "ConvLSTM")
"""Layers that read data through layers inside them in ways that a graph does not show, such as loops."""


class LayerCalls:
    """Observes layer calls.

    Args:
        step: Where the observations go.
        model: The model in training.
        names: Names of its layers.
    """

    def __init__(self, step: StepObservations, model: keras.Model, names: ModelNames) -> None:
        self.lineage: Lineage | None = None
        """Where tensors of the step come from; None for an eager step, which has no graph."""
        self._step = step
        self._model = model
        self._names = names
        self._opaque_depth = 0

    def call(self, original: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Runs one layer call and observes its inputs and outputs.

        Args:
            original: `Layer.__call__`.
            args: Its arguments, the layer first.
            kwargs: Its keyword arguments.
        """
        layer = args[0]
        opaque = type(layer).__name__.endswith(_OPAQUE) or isinstance(layer, keras.layers.RNN)
        if self._opaque_depth == 0:
            with self._step.guard():
                self._observe_inputs(layer, args[1:], kwargs, opaque)
        if isinstance(layer, keras.layers.BatchNormalization):
            self._count(layer)
        self._opaque_depth += opaque
        try:
            outputs = original(*args, **kwargs)
        except Exception:
            if self._step.raised is None:
                with self._step.guard():
                    self._step.raised = Raised(self._names.of_layer(layer), layouts_of((args[1:], kwargs)))
            raise
        finally:
            self._opaque_depth -= opaque
        if self._opaque_depth == 0:
            with self._step.guard():
                self._observe_outputs(layer, outputs)
        return outputs

    def _observe_inputs(
        self, layer: keras.Layer, args: tuple[Any, ...], kwargs: Mapping[str, Any], opaque: bool
    ) -> None:
        if not self._reads_data(layer, opaque):
            return
        data = {name: value for name, value in kwargs.items() if "mask" not in name}
        for _, tensor in flatten((args, data)):
            if not self._step.owns(tensor) or not tensor.shape.rank:
                continue
            if any(tensor is entry.tensor for entry in self._step.entries):
                continue
            found = self._sources(tensor)
            if found is not None:
                self._step.entries.append(EntryTensor(tensor, layer, self._names.of_layer(layer), *found))

    def _reads_data(self, layer: keras.Layer, opaque: bool) -> bool:
        """Tells whether a layer may be a first trainable one, by itself or by layers that are hidden inside it."""
        own = own_trainable_variables(layer)
        if is_preprocessing(layer) or (isinstance(layer, keras.Model) and not own):
            return False
        return opaque or bool(own) or not layer.built

    def _sources(self, tensor: Tensor) -> tuple[tuple[int, ...], bool] | None:
        """Returns the inputs that a tensor comes from, and whether it equals one; None if weights are in between."""
        if self.lineage is None:
            return (0,), False  # a candidate, see `EntryLayers`
        origin = self.lineage.of(tensor)
        if origin.weighted or not origin.sources:
            return None
        return tuple(sorted(origin.sources)), origin.untouched and len(origin.sources) == 1

    def _count(self, layer: keras.layers.BatchNormalization) -> None:
        for averages in self._step.averages:
            if averages.layer is layer:
                averages.calls += 1
                averages.hidden = averages.hidden or self._opaque_depth > 0

    def _observe_outputs(self, layer: keras.Layer, outputs: Any) -> None:
        if layer is self._model and not self._step.predictions:
            leaves = named_leaves(outputs, "y_pred", output_names(self._model))
            self._step.predictions = [
                ObservedTensor(name, "prediction", tensor, kind_of(tensor))
                for name, tensor in leaves
                if self._step.owns(values_of(tensor))
            ]
        if isinstance(layer, keras.Model | keras.layers.InputLayer):
            return
        first: Any = next((tensor for _, tensor in flatten(outputs)), None)
        if self._step.owns(first) and first.dtype.is_floating and first.shape.rank:
            self._step.activations.append(Activation(self._names.of_layer(layer), layer, first))
