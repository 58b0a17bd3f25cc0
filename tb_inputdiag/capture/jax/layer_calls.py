"""Observes the layer calls of a step that JAX traces: what is observed is tagged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import jax
import keras

from tb_inputdiag.capture.jax.tags import Array, Tags, is_array
from tb_inputdiag.capture.layer_calls import LayerCalls
from tb_inputdiag.capture.model_graph import output_names
from tb_inputdiag.capture.names import ModelNames, flatten, named_leaves
from tb_inputdiag.capture.observations import Activation, EntryTensor, ObservedTensor, StepObservations

__all__ = ["JaxLayerCalls"]


class JaxLayerCalls(LayerCalls):
    """Observes layer calls; tagged arrays take the places of arguments and results.

    Args:
        step: Where the observations go.
        model: The model in training.
        names: Names of its layers.
        tags: The tags of this trace.
    """

    def __init__(self, step: StepObservations, model: keras.Model, names: ModelNames, tags: Tags) -> None:
        super().__init__(step, model, names)
        self._tags = tags
        self._read: list[Array] = []

    def stateless_call(self, original: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Runs `Layer.stateless_call`, in which a model runs without a call of its own.

        Args:
            original: The method.
            args: The layer, values of its trainable variables and of its others, and the arguments of its call.
            kwargs: Its keyword arguments.
        """
        layer = args[0]
        if layer is not self.model:
            return original(*args, **kwargs)
        if self._reads_data(layer, opaque=False):
            with self.step.guard():
                (_, *inputs), kwargs = self._observe_inputs(layer, (layer, *args[3:]), kwargs)
                args = (*args[:3], *inputs)
        outputs = original(*args, **kwargs)
        predictions, *others = outputs
        with self.step.guard():
            predictions = self._observe_predictions(predictions)
        return (predictions, *others)

    def _is_tensor(self, leaf: Any) -> bool:
        return is_array(leaf)

    def _observe_inputs(
        self, layer: keras.Layer, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> tuple[tuple[Any, ...], Mapping[str, Any]]:
        """Tags each array among the arguments once; `Trace.settle` keeps those that come from the batch directly."""
        fresh = {
            id(leaf): leaf
            for leaf in self._data_arguments(args, kwargs)
            if is_array(leaf) and leaf.ndim and not any(leaf is known for known in self._read)
        }
        self._read += fresh.values()

        def tagged(leaf: Any) -> Any:
            if id(leaf) not in fresh:
                return leaf
            leaf, tag = self._tags.put(fresh.pop(id(leaf)))
            self.step.entries.append(EntryTensor(tag, layer, self.names.of_layer(layer), (), False))
            return leaf

        inputs, keywords = jax.tree.map(tagged, (args[1:], dict(kwargs)))
        return (layer, *inputs), keywords

    def _observe_outputs(self, layer: keras.Layer, outputs: Any) -> Any:
        if layer is self.model:
            outputs = self._observe_predictions(outputs)
        if isinstance(layer, keras.Model | keras.layers.InputLayer):
            return outputs
        first: Any = next((leaf for _, leaf in flatten(outputs)), None)
        if not is_array(first) or not jax.numpy.issubdtype(first.dtype, jax.numpy.floating) or not first.ndim:
            return outputs
        tagged, tag = self._tags.put(first)
        self.step.activations.append(Activation(self.names.of_layer(layer), layer, tag))
        return jax.tree.map(lambda leaf: tagged if leaf is first else leaf, outputs)

    def _observe_predictions(self, outputs: Any) -> Any:
        """Tags what the model returned, the first time."""
        if self.step.predictions:
            return outputs
        tagged: dict[int, Array] = {}
        for name, leaf in named_leaves(outputs, "y_pred", output_names(self.model)):
            if is_array(leaf):
                tagged[id(leaf)], tag = self._tags.put(leaf)
                self.step.predictions.append(ObservedTensor(name, "prediction", tag, "dense"))
        return jax.tree.map(lambda leaf: tagged.get(id(leaf), leaf), outputs)
