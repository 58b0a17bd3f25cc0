"""Observes the layer calls of a step: entries, activations, predictions, and the call that raised."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import keras

from tb_inputdiag.capture.keras_internals import Tensor, own_trainable_variables
from tb_inputdiag.capture.layer_facts import is_preprocessing
from tb_inputdiag.capture.names import ModelNames, flatten
from tb_inputdiag.capture.observations import Raised, StepObservations
from tb_inputdiag.records import TensorLayout

__all__ = ["LayerCalls", "Source"]

Source: TypeAlias = tuple[tuple[int, ...], bool]
"""Indices of the batch's inputs that a tensor comes from, and whether it equals its only one."""

_OPAQUE = ("RNN", "Bidirectional", "TimeDistributed", "MultiHeadAttention", "GroupedQueryAttention", "ConvLSTM")
"""Layers that read data through layers inside them in ways that a graph does not show, such as loops."""


class LayerCalls(ABC):
    """Observes layer calls. What a tensor is, and where it comes from, is the backend's part.

    Args:
        step: Where the observations go.
        model: The model in training.
        names: Names of its layers.
    """

    def __init__(self, step: StepObservations, model: keras.Model, names: ModelNames) -> None:
        self.step = step
        self.model = model
        self.names = names
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
        if self._opaque_depth == 0 and self._reads_data(layer, opaque):
            with self.step.guard():
                args, kwargs = self._observe_inputs(layer, args, kwargs)
        if isinstance(layer, keras.layers.BatchNormalization):
            self._count(layer)
        self._opaque_depth += opaque
        try:
            outputs = original(*args, **kwargs)
        except Exception:
            if self.step.raised is None:
                with self.step.guard():
                    self.step.raised = Raised(self.names.of_layer(layer), self._layouts((args[1:], kwargs)))
            raise
        finally:
            self._opaque_depth -= opaque
        if self._opaque_depth == 0:
            with self.step.guard():
                outputs = self._observe_outputs(layer, outputs)
        return outputs

    def _reads_data(self, layer: keras.Layer, opaque: bool) -> bool:
        """Tells whether a layer may be a first trainable one, by itself or by layers that are hidden inside it."""
        own = own_trainable_variables(layer)
        if is_preprocessing(layer) or (isinstance(layer, keras.Model) and not own):
            return False
        return opaque or bool(own) or not layer.built

    def _count(self, layer: keras.layers.BatchNormalization) -> None:
        for averages in self.step.averages:
            if averages.layer is layer:
                averages.calls += 1
                averages.hidden = averages.hidden or self._opaque_depth > 0

    def _layouts(self, structure: Any) -> tuple[TensorLayout, ...]:
        """Returns the layouts of the tensors among a layer call's arguments: ``inputs``, or ``inputs/0`` and so on."""
        tensors = [leaf for _, leaf in flatten(structure) if self._is_tensor(leaf)]
        return tuple(
            self.step.reader.layout(f"inputs/{index}" if len(tensors) > 1 else "inputs", "input", tensor)
            for index, tensor in enumerate(tensors)
        )

    @staticmethod
    def _data_arguments(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Iterator[Tensor]:
        """Yields the leaves of a call's arguments that may be data: not the layer itself, and no masks."""
        data = {name: value for name, value in kwargs.items() if "mask" not in name}
        for _, leaf in flatten((args[1:], data)):
            yield leaf

    @abstractmethod
    def _is_tensor(self, leaf: Any) -> bool:
        """Tells whether an argument of a layer call is a tensor."""

    @abstractmethod
    def _observe_inputs(
        self, layer: keras.Layer, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> tuple[tuple[Any, ...], Mapping[str, Any]]:
        """Observes what a layer reads that may be the first trainable one; returns the arguments to call it with."""

    @abstractmethod
    def _observe_outputs(self, layer: keras.Layer, outputs: Any) -> Any:
        """Observes what a layer returns; returns what its caller gets."""
