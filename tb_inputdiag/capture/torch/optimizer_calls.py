"""Observes the optimizer calls of a step that PyTorch runs eagerly: gradients, weights, learning rate, loss scale."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import keras
import torch
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

from tb_inputdiag.capture import hooks, keras_internals
from tb_inputdiag.capture.names import ModelNames, backend_value
from tb_inputdiag.capture.observations import StepObservations, Update
from tb_inputdiag.capture.optimizer_calls import OptimizerCalls, clips
from tb_inputdiag.capture.torch.aside import aside
from tb_inputdiag.capture.torch.reader import Tensor, TorchReader

__all__ = ["TorchOptimizerCalls"]


class TorchOptimizerCalls(OptimizerCalls):
    """Observes calls of `Optimizer.apply`, and of `step` of PyTorch's own optimizers.

    Args:
        step: Where the observations go.
        model: The model in training.
        names: Names of its weights.
        reader: Reads its tensors.
    """

    def __init__(self, step: StepObservations, model: keras.Model, names: ModelNames, reader: TorchReader) -> None:
        super().__init__(step)
        self._model = model
        self._names = names
        self._reader = reader

    def apply(self, original: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Runs one call of an optimizer and observes it, but not what it calls itself."""

        def unobserved(*args: Any, **kwargs: Any) -> Any:
            with hooks.paused():
                return original(*args, **kwargs)

        return super().apply(unobserved, args, kwargs)

    def _before(
        self,
        optimizer: keras.optimizers.Optimizer,
        grads: Iterable[Tensor | None],
        trainable_variables: Iterable[Any] | None = None,
    ) -> None:
        with aside():
            inner, scale = self._observe_optimizer(optimizer)
            variables = (
                keras_internals.optimizer_variables(inner) if trainable_variables is None else list(trainable_variables)
            )
            if variables is not None:
                self._observe_weights(variables)
                self._measure(list(grads), inner, scale)

    def _after(self) -> None:
        with aside():
            self._observe_after()

    def _read_after(self, update: Update) -> None:
        update.read_after(self.step.xp, self._value(update.variable))
        if update.after is not None:
            update.after = update.after.clone()

    # -- a compiled step -----------------------------------------------------------------------------

    @contextlib.contextmanager
    def around(self, optimizer: keras.optimizers.Optimizer, sets_gradients: bool) -> Iterator[None]:
        """Observes the weights of the model before and after a step that a block runs.

        Args:
            optimizer: Its optimizer.
            sets_gradients: Whether the step leaves its gradients in the weights' ``grad``.
        """
        inner, scale = optimizer, None
        with self.step.guard(), aside():
            inner, scale = self._observe_optimizer(optimizer)
            self._observe_weights(self._model.trainable_variables)
        yield
        with self.step.guard(), aside():
            if sets_gradients:
                self._measure([backend_value(update.variable).grad for update in self._pending], inner, scale)
            self._observe_after()

    # -- PyTorch's own optimizers ------------------------------------------------------------------

    @contextlib.contextmanager
    def native_observed(self) -> Iterator[None]:
        """Observes steps of PyTorch's own optimizers in this thread, while a block runs."""
        before = register_optimizer_step_pre_hook(self._before_native)
        after = register_optimizer_step_post_hook(self._after_native)
        try:
            yield
        finally:
            before.remove()
            after.remove()

    def _before_native(self, optimizer: torch.optim.Optimizer, args: object, kwargs: object) -> None:
        if not self._is_ours():
            return
        with self.step.guard(), aside():
            groups = optimizer.param_groups
            self._observe_state(groups[0]["lr"], None, None)
            updated = {id(weight) for group in groups for weight in group["params"]}
            variables = [v for v in self._model.trainable_variables if id(backend_value(v)) in updated]
            self._observe_weights(variables)
            self._measure([backend_value(v).grad for v in variables], None, None)

    def _after_native(self, optimizer: torch.optim.Optimizer, args: object, kwargs: object) -> None:
        if self._is_ours():
            with self.step.guard(), aside():
                self._observe_after()

    def _is_ours(self) -> bool:
        """Returns whether this thread runs the step: such hooks are called for all threads."""
        current: object = hooks.current()
        return current is self.step

    # -- reading -------------------------------------------------------------------------------------

    def _observe_optimizer(
        self, optimizer: keras.optimizers.Optimizer
    ) -> tuple[keras.optimizers.Optimizer, Tensor | None]:
        """Reads an optimizer's scalars; returns the one that updates the weights, and its factor of loss scaling."""
        inner = getattr(optimizer, "inner_optimizer", optimizer)
        scale = self._loss_scale(optimizer, inner)
        count = backend_value(keras_internals.batch_iterations(inner))
        self._observe_state(backend_value(inner.learning_rate), count, scale)
        return inner, scale

    def _observe_weights(self, variables: Iterable[Any]) -> None:
        """Reads weights before the update, which changes them in place."""
        for variable in variables:
            update = Update(self._names.of_weight(variable), variable, None)
            update.read_before(self.step.xp, self._value(variable))
            if update.before is not None:
                update.before = update.before.clone()
            self._pending.append(update)

    def _measure(
        self, grads: Sequence[Tensor | None], optimizer: keras.optimizers.Optimizer | None, scale: Tensor | None
    ) -> None:
        """Reduces the gradients of the weights that were read last, before and after clipping."""
        gradients = [self._dense(gradient, scale) for gradient in grads]
        clipped = {} if optimizer is None else _clipped(optimizer, gradients)
        for place, (update, gradient) in enumerate(zip(self._pending, gradients, strict=True)):
            update.gradient, update.clipped = gradient, clipped.get(place)
            update.measure(self.step.xp)
            update.measure_clipped(self.step.xp)
            update.gradient = update.clipped = None

    def _value(self, variable: Any) -> Tensor:
        return self._reader.here(backend_value(variable))

    def _dense(self, gradient: Tensor | None, scale: Tensor | None) -> Tensor | None:
        """Returns a gradient without loss scaling, as a dense tensor of float32 or float64."""
        if gradient is None:
            return None
        dense = self._reader.here(gradient.to_dense() if gradient.layout is not torch.strided else gradient)
        if scale is not None:
            dense = dense / scale.to(dense.dtype)
        return dense if dense.dtype in (torch.float32, torch.float64) else dense.float()

    def _observe_state(self, learning_rate: Any, iterations: Tensor | None, scale: Tensor | None) -> None:
        """Reads scalars of the step's first optimizer."""
        step = self.step
        if step.scale is None:
            step.scale = scale
        if step.learning_rate is None:
            step.learning_rate = self._reader.kept(learning_rate)
        if step.iterations is None and iterations is not None:
            step.iterations = self._reader.kept(iterations)

    def _loss_scale(self, optimizer: keras.optimizers.Optimizer, inner: keras.optimizers.Optimizer) -> Tensor | None:
        """Returns the factor of loss scaling, or None without it."""
        if inner is not optimizer:
            scale = backend_value(optimizer.dynamic_scale) if optimizer.built else optimizer.initial_scale
            return self._reader.kept(scale).float()
        if inner.loss_scale_factor is not None:
            return self._reader.kept(inner.loss_scale_factor).float()
        return None


def _clipped(optimizer: keras.optimizers.Optimizer, gradients: Sequence[Tensor | None]) -> dict[int, Tensor]:
    """Returns place of a gradient -> the gradient as the optimizer clips it; empty if it does not clip."""
    if not clips(optimizer):
        return {}
    places = [place for place, gradient in enumerate(gradients) if gradient is not None]
    clipped = keras_internals.clipped_gradients(optimizer, [gradients[place] for place in places])
    return {} if clipped is None else dict(zip(places, clipped, strict=True))
