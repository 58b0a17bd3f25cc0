"""Observes the optimizer calls of a step that JAX traces: gradients, weights before and after, rate and loss scale."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras

from tb_inputdiag.capture import hooks, keras_internals
from tb_inputdiag.capture.jax.tags import Array, Tags, ValueTag
from tb_inputdiag.capture.names import ModelNames, backend_value
from tb_inputdiag.capture.observations import StepObservations, Update
from tb_inputdiag.capture.optimizer_calls import clips

__all__ = ["JaxOptimizerCalls"]


class JaxOptimizerCalls:
    """Observes calls of `Optimizer.stateless_apply`.

    Args:
        step: Where the observations go.
        names: Names of the model's weights.
        tags: The tags of this trace.
    """

    def __init__(self, step: StepObservations, names: ModelNames, tags: Tags) -> None:
        self.before: dict[str, ValueTag] = {}
        """Name of a weight -> its value before its last update."""
        self.after: dict[str, ValueTag] = {}
        """Likewise after it."""
        self._step = step
        self._names = names
        self._tags = tags
        self._applying = False

    def stateless_apply(self, original: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Runs one call of an optimizer and observes what goes in and what comes out.

        Args:
            original: `Optimizer.stateless_apply`, or that of `LossScaleOptimizer`, which calls the former in a branch.
            args: Its arguments, the optimizer first.
            kwargs: Its keyword arguments.
        """
        if self._applying:
            return original(*args, **kwargs)
        self._applying = True
        updates: list[Update] = []
        try:
            with self._step.guard(), hooks.paused():
                updates = self._observe_before(*args, **kwargs)
            result = original(*args, **kwargs)
            with self._step.guard():
                for update, value in zip(updates, result[0], strict=True):
                    self.after[update.name] = self._tags.put(value)[1]
                self._step.updates += updates
            return result
        finally:
            self._applying = False

    def _observe_before(
        self,
        optimizer: keras.optimizers.Optimizer,
        optimizer_variables: Sequence[Array],
        grads: Sequence[Array | None],
        trainable_variables: Sequence[Array],
    ) -> list[Update]:
        inner = getattr(optimizer, "inner_optimizer", optimizer)
        with keras.StatelessScope(state_mapping=list(zip(optimizer.variables, optimizer_variables, strict=True))):
            scale = _loss_scale(optimizer, inner)
            gradients = [g if g is None or scale is None else g / scale.astype(g.dtype) for g in grads]
            clipped = _clipped(inner, gradients)
            self._observe_state(inner, scale)
        variables = keras_internals.optimizer_variables(inner)
        if variables is None:
            return []
        updates = []
        for place, variable in enumerate(variables):
            name = self._names.of_weight(variable)
            self.before[name] = self._tags.put(trainable_variables[place])[1]
            updates.append(
                Update(name, variable, self._tagged(gradients[place]), clipped=self._tagged(clipped.get(place)))
            )
        return updates

    def _observe_state(self, optimizer: keras.optimizers.Optimizer, scale: Array | None) -> None:
        """Reads scalars of the step's first optimizer."""
        step = self._step
        if step.scale is None:
            step.scale = self._tagged(scale)
        if step.learning_rate is None:
            step.learning_rate = self._tagged(keras.ops.convert_to_tensor(backend_value(optimizer.learning_rate)))
        if step.iterations is None:
            step.iterations = self._tagged(backend_value(keras_internals.batch_iterations(optimizer)))

    def _tagged(self, value: Array | None) -> ValueTag | None:
        return None if value is None else self._tags.put(value)[1]


def _loss_scale(optimizer: keras.optimizers.Optimizer, inner: keras.optimizers.Optimizer) -> Array | None:
    """Returns the factor of loss scaling, or None without it."""
    if inner is not optimizer:
        return backend_value(optimizer.dynamic_scale)
    if inner.loss_scale_factor is not None:
        return keras.ops.convert_to_tensor(inner.loss_scale_factor, "float32")
    return None


def _clipped(optimizer: keras.optimizers.Optimizer, gradients: Sequence[Array | None]) -> dict[int, Array]:
    """Returns place of a gradient -> the gradient as the optimizer clips it; empty if it does not clip."""
    if not clips(optimizer):
        return {}
    places = [place for place, gradient in enumerate(gradients) if gradient is not None]
    clipped = keras_internals.clipped_gradients(optimizer, [gradients[place] for place in places])
    return {} if clipped is None else dict(zip(places, clipped, strict=True))
