"""Observes the layer calls of a step that PyTorch runs eagerly."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import torch

from tb_inputdiag.capture.layer_calls import LayerCalls
from tb_inputdiag.capture.model_graph import output_names
from tb_inputdiag.capture.names import ModelNames, flatten, named_leaves
from tb_inputdiag.capture.observations import Activation, EntryTensor, ObservedTensor, StepObservations
from tb_inputdiag.capture.torch.aside import aside
from tb_inputdiag.capture.torch.lineage import TorchLineage
from tb_inputdiag.capture.torch.reader import Tensor, TorchReader, kind_of

__all__ = ["TorchLayerCalls"]


class TorchLayerCalls(LayerCalls):
    """Observes layer calls; arguments and results stay what they are.

    Args:
        step: Where the observations go.
        model: The model in training.
        names: Names of its layers.
        reader: Reads its tensors.
    """

    def __init__(self, step: StepObservations, model: keras.Model, names: ModelNames, reader: TorchReader) -> None:
        super().__init__(step, model, names)
        self.lineage: TorchLineage | None = None
        """Where tensors of the step come from, once the batch is known."""
        self._reader = reader
        self._versions: dict[int, int] = {}

    def drop_changed(self) -> bool:
        """Drops what the step changed in place after it was observed; returns whether there was anything."""
        found = len(self.step.entries) + len(self.step.predictions)
        self.step.entries = [e for e in self.step.entries if e.untouched or self._is_unchanged(e.tensor)]
        self.step.predictions = [p for p in self.step.predictions if self._is_unchanged(p.tensor)]
        return len(self.step.entries) + len(self.step.predictions) < found

    def _is_tensor(self, leaf: Any) -> bool:
        return kind_of(leaf) is not None

    def _observe_inputs(
        self, layer: keras.Layer, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> tuple[tuple[Any, ...], Mapping[str, Any]]:
        with aside():
            for tensor in self._data_arguments(args, kwargs):
                if self.lineage is None or not isinstance(tensor, torch.Tensor) or not tensor.ndim:
                    continue
                origin = self.lineage.of(tensor)
                if origin.sources and not origin.weighted and self.lineage.is_read_first(tensor):
                    untouched = origin.untouched and len(origin.sources) == 1
                    kept, path = self._watched(tensor), self.names.of_layer(layer)
                    self.step.entries.append(EntryTensor(kept, layer, path, tuple(sorted(origin.sources)), untouched))
        return args, kwargs

    def _observe_outputs(self, layer: keras.Layer, outputs: Any) -> Any:
        with aside():
            if layer is self.model and not self.step.predictions:
                self._observe_predictions(outputs)
            if isinstance(layer, keras.Model | keras.layers.InputLayer):
                return outputs
            first: Any = next((leaf for _, leaf in flatten(outputs)), None)
            if isinstance(first, torch.Tensor) and kind_of(first) and first.is_floating_point() and first.ndim:
                self._observe_activation(layer, first)
        return outputs

    def _observe_predictions(self, outputs: Any) -> None:
        for name, leaf in named_leaves(outputs, "y_pred", output_names(self.model)):
            if isinstance(leaf, torch.Tensor) and kind_of(leaf) is not None:
                made_by = None if self.lineage is None else self.lineage.made_by(leaf)
                self.step.predictions.append(
                    ObservedTensor(name, "prediction", self._watched(leaf), "dense", made_by=made_by)
                )

    def _observe_activation(self, layer: keras.Layer, tensor: Tensor) -> None:
        """Reduces an activation at once: held until the end of the step, it would take memory all the time."""
        activation = Activation(self.names.of_layer(layer), layer, tensor)
        activation.select(self.step.xp, self._reader.here(tensor))
        activation.measure(self.step.xp)
        activation.tensor = torch.empty_like(activation.tensor, device="meta")
        self.step.activations.append(activation)

    def _watched(self, tensor: Tensor) -> Tensor:
        """Returns a tensor to be read at the end of the step, and remembers what it takes to see if it changed."""
        kept = self._reader.here(tensor)
        if not kept.is_inference():
            self._versions[id(kept)] = kept._version
        return kept

    def _is_unchanged(self, kept: Tensor) -> bool:
        return kept.is_inference() or bool(self._versions[id(kept)] == kept._version)
