"""One step that PyTorch runs: puts together what is observed of its parts."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import keras
import torch

from tb_inputdiag.capture import hooks, keras_internals
from tb_inputdiag.capture.batches import batch_tensors
from tb_inputdiag.capture.compile_facts import mean_loss
from tb_inputdiag.capture.keras_internals import own_trainable_variables
from tb_inputdiag.capture.layer_facts import is_preprocessing
from tb_inputdiag.capture.model_graph import all_layers
from tb_inputdiag.capture.names import ModelNames, backend_value
from tb_inputdiag.capture.observations import MovingAverages, ObservedTensor, StepObservations, averages_of
from tb_inputdiag.capture.overrides import loss_observed
from tb_inputdiag.capture.torch.aside import aside
from tb_inputdiag.capture.torch.layer_calls import TorchLayerCalls
from tb_inputdiag.capture.torch.lineage import TorchLineage
from tb_inputdiag.capture.torch.optimizer_calls import TorchOptimizerCalls
from tb_inputdiag.capture.torch.reader import Tensor, TorchReader, kind_of
from tb_inputdiag.capture.torch.replaced_methods import replaced_methods

__all__ = ["TorchTrace"]

_CHANGED = "Predictions and first layers' inputs that a step changes in place are not seen."
_COMPILED = (
    "With jit_compile=True, PyTorch's compiler runs the step as a whole. Predictions, layers and what the first of "
    "them reads are not seen; gradients only if the step is Keras' own."
)


class TorchTrace(StepObservations):
    """The observations of a step, and the `hooks.Observer` that makes them.

    Args:
        model: The model in training.
        paths: ``id(layer) -> path``; layers that were not known are added.
        weight_names: ``id(variable) -> (name, layer path)``; weights that were not known are added.
        data: The batch, as the step gets it.
        trains: Whether this is a training step.
    """

    def __init__(
        self,
        model: keras.Model,
        paths: dict[int, str],
        weight_names: dict[int, tuple[str, str]],
        data: Any,
        trains: bool,
    ) -> None:
        self._tensors = TorchReader(model)
        super().__init__(reader=self._tensors, mean_loss=mean_loss(model))
        self._model = model
        self._trains = trains
        names = ModelNames(model, paths, weight_names)
        self._layer_calls = TorchLayerCalls(self, model, names, self._tensors)
        self._optimizer_calls = TorchOptimizerCalls(self, model, names, self._tensors)
        self._lineage: TorchLineage | None = None
        with self.guard(), aside():
            self._feed(batch_tensors(model, data, kind_of))

    def _feed(self, leaves: Sequence[ObservedTensor]) -> None:
        """Observes the batch before the step, which may change it in place."""
        inputs = [leaf.tensor for leaf in leaves if leaf.role == "input"]
        for leaf in leaves:
            leaf.tensor = self._tensors.kept(leaf.tensor)
        self.fed = list(leaves)
        self._lineage = self._layer_calls.lineage = TorchLineage(self, inputs, self._learned())
        if self._trains:
            self.averages = averages_of(self._model)
            for moving in self.averages:
                moving.read_before(self.xp, *self._averages(moving))

    def _learned(self) -> list[Tensor]:
        """Returns the parameters of all layers that learn, frozen ones included."""
        layers = [layer for layer in all_layers(self._model) if not is_preprocessing(layer)]
        return [backend_value(variable) for layer in layers for variable in own_trainable_variables(layer)]

    def _averages(self, moving: MovingAverages) -> list[Tensor]:
        return [self._tensors.kept(backend_value(variable)) for variable in moving.variables]

    # -- the step ------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def observed(self) -> Iterator[None]:
        """Observes the step that a block runs."""
        with contextlib.ExitStack() as stack:
            with self.guard():
                stack.enter_context(loss_observed(self._model))
                stack.enter_context(self._optimizer_calls.native_observed())
                stack.enter_context(hooks.tracing(self, replaced_methods))
                if self._lineage is not None:
                    stack.enter_context(self._lineage)
            yield

    @contextlib.contextmanager
    def observed_from_outside(self) -> Iterator[None]:
        """Observes what can be seen of a compiled step that a block runs: the batch, and the weights around it."""
        keras_internals.report("torch_compile", _COMPILED)
        model = self._model
        if not self._trains or model.optimizer is None:
            yield
            return
        # how often BatchNormalization was called is not known
        self.averages = []
        is_own = type(model).train_step is keras.Model.train_step
        with self._optimizer_calls.around(model.optimizer, sets_gradients=is_own):
            yield

    def finish(self) -> None:
        """Observes what the step left behind."""
        with self.guard(), aside():
            if self._layer_calls.drop_changed():
                keras_internals.report("torch_in_place", _CHANGED)
            for moving in self.moved:
                moving.read_after(self.xp, *self._averages(moving))
        if self._lineage is not None:
            self._lineage = self._layer_calls.lineage = None

    # -- what hooks call -----------------------------------------------------------------------------

    def call(self, original: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Runs and observes one layer call."""
        return self._layer_calls.call(original, args, kwargs)

    def apply(self, original: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Runs and observes one call of an optimizer."""
        return self._optimizer_calls.apply(original, args, kwargs)

    def note_loss(self, loss: Any) -> Any:
        """Observes the loss that the model computed, and the part of it that penalties make."""
        if self.loss is None and isinstance(loss, torch.Tensor):
            with self.guard(), aside():
                self.loss = self._tensors.kept(loss)
                penalties = [self.xp.sum(self.xp.cast(self._tensors.here(p), "float64")) for p in self._model.losses]
                self.penalty = sum(penalties) if penalties else None
        return loss
