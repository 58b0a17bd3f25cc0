"""Observes the layer calls of a step that TensorFlow traces or runs eagerly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from tb_inputdiag.capture.layer_calls import LayerCalls, Source
from tb_inputdiag.capture.model_graph import output_names
from tb_inputdiag.capture.names import ModelNames, flatten, named_leaves
from tb_inputdiag.capture.observations import Activation, EntryTensor, ObservedTensor
from tb_inputdiag.capture.tensorflow.graph_observations import GraphObservations
from tb_inputdiag.capture.tensorflow.lineage import Lineage
from tb_inputdiag.capture.tensorflow.ops import Tensor
from tb_inputdiag.capture.tensorflow.tensors import is_tensor, kind_of, values_of

__all__ = ["TensorFlowLayerCalls"]


class TensorFlowLayerCalls(LayerCalls):
    """Observes layer calls; arguments and results stay what they are.

    Args:
        step: Where the observations go.
        model: The model in training.
        names: Names of its layers.
    """

    def __init__(self, step: GraphObservations, model: keras.Model, names: ModelNames) -> None:
        super().__init__(step, model, names)
        self.lineage: Lineage | None = None
        """Where tensors of the step come from; None for an eager step, which has no graph."""
        self._graph = step

    def _is_tensor(self, leaf: Any) -> bool:
        return is_tensor(leaf)

    def _observe_inputs(
        self, layer: keras.Layer, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> tuple[tuple[Any, ...], Mapping[str, Any]]:
        for tensor in self._data_arguments(args, kwargs):
            if not self._graph.owns(tensor) or not tensor.shape.rank:
                continue
            if any(tensor is entry.tensor for entry in self.step.entries):
                continue
            found = self._sources(tensor)
            if found is not None:
                self.step.entries.append(EntryTensor(tensor, layer, self.names.of_layer(layer), *found))
        return args, kwargs

    def _sources(self, tensor: Tensor) -> Source | None:
        """Returns where a tensor comes from; None if learned weights are in between."""
        if self.lineage is None:
            return (0,), False  # a candidate, see `EntryLayers`
        origin = self.lineage.of(tensor)
        if origin.weighted or not origin.sources:
            return None
        return tuple(sorted(origin.sources)), origin.untouched and len(origin.sources) == 1

    def _observe_outputs(self, layer: keras.Layer, outputs: Any) -> Any:
        if layer is self.model and not self.step.predictions:
            leaves = named_leaves(outputs, "y_pred", output_names(self.model))
            self.step.predictions = [
                ObservedTensor(name, "prediction", tensor, kind_of(tensor))
                for name, tensor in leaves
                if self._graph.owns(values_of(tensor))
            ]
        if isinstance(layer, keras.Model | keras.layers.InputLayer):
            return outputs
        first: Any = next((tensor for _, tensor in flatten(outputs)), None)
        if self._graph.owns(first) and first.dtype.is_floating and first.shape.rank:
            self.step.activations.append(Activation(self.names.of_layer(layer), layer, first))
        return outputs
