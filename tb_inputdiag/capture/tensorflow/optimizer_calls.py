"""Observes the optimizer calls of a step: gradients, weights before and after, learning rate and loss scale."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from tb_inputdiag.capture import hooks, keras_internals
from tb_inputdiag.capture.names import ModelNames, backend_value
from tb_inputdiag.capture.observations import Update
from tb_inputdiag.capture.optimizer_calls import OptimizerCalls, clips
from tb_inputdiag.capture.tensorflow.graph_observations import GraphObservations
from tb_inputdiag.capture.tensorflow.namespace import TENSORFLOW
from tb_inputdiag.capture.tensorflow.ops import SCOPE, Tensor
from tb_inputdiag.capture.tensorflow.variable_creation import build_optimizer

__all__ = ["GraphOptimizerCalls", "replicas", "value_of"]


class GraphOptimizerCalls(OptimizerCalls):
    """Observes calls of `Optimizer.apply`.

    Args:
        step: Where the observations go.
        names: Names of the model's weights.
        readable: Makes a tensor of the step readable; see `bit_identity`.
        measured_outside: Whether weights are read in another graph than that of the step; see `xla_cluster`.
    """

    def __init__(
        self,
        step: GraphObservations,
        names: ModelNames,
        readable: Callable[[Tensor], Tensor],
        measured_outside: bool,
    ) -> None:
        super().__init__(step)
        self._owns = step.owns
        self._names = names
        self._readable = readable
        self._measured_outside = measured_outside

    def _before(
        self,
        optimizer: keras.optimizers.Optimizer,
        grads: Iterable[Tensor | None],
        trainable_variables: Iterable[Any] | None = None,
    ) -> None:
        build_optimizer(optimizer, grads, trainable_variables)
        with hooks.paused(), tf.name_scope(SCOPE):
            self._observe_before(optimizer, grads, trainable_variables)

    # TensorFlow itself runs reads of a weight before writes that come later. To tie the update to our reads as well
    # would save copies of weights, but such edges have Grappler rewrite the update differently: the loss of a MobileNet
    # then differed in its last bits.
    def _after(self) -> None:
        with hooks.paused(), tf.name_scope(SCOPE):
            self._observe_after()

    def _observe_before(
        self,
        optimizer: keras.optimizers.Optimizer,
        grads: Iterable[Tensor | None],
        trainable_variables: Iterable[Any] | None,
    ) -> None:
        inner = getattr(optimizer, "inner_optimizer", optimizer)
        scale = _loss_scale(optimizer, inner)
        self._observe_state(inner, scale)
        self._pending = []
        variables = (
            keras_internals.optimizer_variables(inner) if trainable_variables is None else list(trainable_variables)
        )
        if variables is None:
            return
        for gradient, variable in zip(list(grads), variables, strict=True):
            if gradient is not None and scale is not None:
                gradient = _divide(gradient, scale)
            self._pending.append(Update(self._names.of_weight(variable), variable, gradient))
        present = [update for update in self._pending if update.gradient is not None]
        _clip(inner, present)
        if replicas() > 1:
            _sum_over_replicas(present, scaled=scale is not None)
        if not self._measured_outside:
            for update in self._pending:
                update.read_before(TENSORFLOW, value_of(update.variable))

    def _observe_state(self, optimizer: keras.optimizers.Optimizer, scale: Tensor | None) -> None:
        """Reads scalars of the step's first optimizer."""
        step = self.step
        if step.scale is None:
            step.scale = scale
        if step.learning_rate is None:
            step.learning_rate = tf.cast(self._readable(backend_value(optimizer.learning_rate)), tf.float64)
        if step.iterations is None:
            count = backend_value(keras_internals.batch_iterations(optimizer))
            step.iterations = tf.cast(tf.identity(count), tf.float64)

    def sum_gradients(self, original: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Runs the sum of the gradients over replicas and observes it: the sum is what is applied.

        Args:
            original: The method that `keras_internals.gradient_sum_method` names.
            args: Its arguments, the optimizer first.
            kwargs: Its keyword arguments.
        """
        result = original(*args, **kwargs)
        with self.step.guard():
            summed = {id(backend_value(variable)): gradient for gradient, variable in result if gradient is not None}
            for update in self._pending:
                gradient = summed.get(id(backend_value(update.variable)))
                dense = gradient.values if isinstance(gradient, tf.IndexedSlices) else gradient
                if gradient is None or not self._owns(dense) or tf.distribute.in_cross_replica_context():
                    continue
                if update.clipped is None:
                    update.gradient = gradient
                else:
                    update.clipped = gradient
        return result

    def _read_after(self, update: Update) -> None:
        update.read_after(TENSORFLOW, value_of(update.variable))


def replicas() -> int:
    """Returns the number of replicas that run the step."""
    context = tf.distribute.get_replica_context()
    return int(context.num_replicas_in_sync) if context is not None else 1


def value_of(variable: Any) -> Tensor:
    """Returns the value that a variable has at this place of the step."""
    return tf.convert_to_tensor(backend_value(variable))


def _loss_scale(optimizer: keras.optimizers.Optimizer, inner: keras.optimizers.Optimizer) -> Tensor | None:
    """Returns the factor of loss scaling, or None without it."""
    if inner is not optimizer:
        scale = backend_value(optimizer.dynamic_scale) if optimizer.built else optimizer.initial_scale
        return tf.convert_to_tensor(scale, tf.float32)
    if inner.loss_scale_factor is not None:
        return tf.constant(inner.loss_scale_factor, tf.float32)
    return None


def _divide(gradient: Tensor, scale: Tensor) -> Tensor:
    if isinstance(gradient, tf.IndexedSlices):
        values = gradient.values / tf.cast(scale, gradient.values.dtype)
        return tf.IndexedSlices(values, gradient.indices, gradient.dense_shape)
    return gradient / tf.cast(scale, gradient.dtype)


def _clip(optimizer: keras.optimizers.Optimizer, present: Sequence[Update]) -> None:
    if not clips(optimizer):
        return
    clipped = keras_internals.clipped_gradients(optimizer, [update.gradient for update in present])
    if clipped is not None:
        for update, gradient in zip(present, clipped, strict=True):
            update.clipped = gradient


def _sum_over_replicas(present: Sequence[Update], scaled: bool) -> None:
    """Sums over replicas what Keras does not sum where it can be observed.

    Each replica clips its own gradients, then the clipped ones are summed; `OptimizerCalls.sum_gradients` observes
    these sums. With loss scaling the sum is taken inside a branch, where it cannot be observed.
    """
    context = tf.distribute.get_replica_context()
    is_clipped = any(update.clipped is not None for update in present)
    if present and (scaled or is_clipped):
        summed = context.all_reduce(tf.distribute.ReduceOp.SUM, [update.gradient for update in present])
        for update, gradient in zip(present, summed, strict=True):
            update.gradient = gradient
    if present and scaled and is_clipped:
        summed = context.all_reduce(tf.distribute.ReduceOp.SUM, [update.clipped for update in present])
        for update, gradient in zip(present, summed, strict=True):
            update.clipped = gradient
