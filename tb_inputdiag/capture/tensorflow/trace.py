"""One tracing of a step, or one eager run of it: puts together what is observed of its parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import tensorflow as tf

from tb_inputdiag.capture import hooks
from tb_inputdiag.capture.batches import batch_tensors
from tb_inputdiag.capture.compile_facts import mean_loss
from tb_inputdiag.capture.keras_internals import own_trainable_variables
from tb_inputdiag.capture.layer_facts import is_preprocessing
from tb_inputdiag.capture.model_graph import all_layers
from tb_inputdiag.capture.names import ModelNames, backend_value
from tb_inputdiag.capture.observations import ObservedTensor, averages_of
from tb_inputdiag.capture.tensorflow import bit_identity
from tb_inputdiag.capture.tensorflow.graph_observations import GraphObservations
from tb_inputdiag.capture.tensorflow.layer_calls import TensorFlowLayerCalls
from tb_inputdiag.capture.tensorflow.lineage import Lineage
from tb_inputdiag.capture.tensorflow.namespace import dense_gradient
from tb_inputdiag.capture.tensorflow.ops import SCOPE, Tensor
from tb_inputdiag.capture.tensorflow.optimizer_calls import GraphOptimizerCalls, replicas
from tb_inputdiag.capture.tensorflow.tensors import TensorFlowReader, is_tensor, kind_of, values_of

__all__ = ["Trace"]

_ACTIVATION_OPS = {"Softmax": "softmax", "Sigmoid": "sigmoid", "Relu": "relu", "Tanh": "tanh", "Softplus": "softplus"}
_LINEAR_OPS = {"BiasAdd", "MatMul", "Add", "AddV2", "Conv2D", "Einsum", "BatchMatMulV2", "Sum", "Mean"}
_PASSING_OPS = {"Identity", "Cast", "Reshape", "Squeeze", "IdentityN"}
_LONGEST_WALK = 20
_PAIRING_OPS = {"Sub", "SquaredDifference", "Mul", "AddV2", "RealDiv", "DivNoNan", "Minimum", "Maximum", "Pow"}
_CASTS = {"Cast", "Identity"}


class Trace(GraphObservations):
    """The observations of a step, and the `hooks.Observer` that makes them.

    Args:
        model: The model in training.
        paths: ``id(layer) -> path``; layers that were not known are added.
        weight_names: ``id(variable) -> (name, layer path)``; weights that were not known are added.
        measured_outside: Whether observations are measured in another graph than that of the step; see `xla_cluster`.
    """

    def __init__(
        self,
        model: keras.Model,
        paths: dict[int, str],
        weight_names: dict[int, tuple[str, str]],
        measured_outside: bool = False,
    ) -> None:
        graph = None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()
        super().__init__(reader=TensorFlowReader(self.readable), mean_loss=mean_loss(model), graph=graph)
        self.lifted = False
        """Whether the step made variables: TensorFlow then traces it a second time, and runs that one."""
        self._model = model
        self._penalties: list[Tensor] = []
        names = ModelNames(model, paths, weight_names)
        self._layer_calls = TensorFlowLayerCalls(self, model, names)
        self._optimizer_calls = GraphOptimizerCalls(self, names, self.readable, measured_outside)

    # -- the batch ---------------------------------------------------------------------------------

    def feed(self, data: Any) -> None:
        """Observes the batch that the step was given, in the form ``(x, y, sample_weight)``."""
        self.fed = self.leaves(data)
        if self.graph is not None:
            inputs = [values_of(leaf.tensor) for leaf in self.fed if leaf.role == "input"]
            self._layer_calls.lineage = Lineage(self.graph, inputs, self._learned())

    def leaves(self, data: Any) -> list[ObservedTensor]:
        """Returns the tensors of a batch."""
        return batch_tensors(self._model, data, lambda leaf: kind_of(leaf) if is_tensor(leaf) else None)

    def _learned(self) -> list[Any]:
        """Returns TensorFlow's variables of all layers that learn, frozen ones included."""
        layers = [layer for layer in all_layers(self._model) if not is_preprocessing(layer)]
        return [backend_value(variable) for layer in layers for variable in own_trainable_variables(layer)]

    def find_averages(self) -> None:
        """Finds the BatchNormalization layers whose moving averages a training step changes."""
        self.averages = averages_of(self._model)

    # -- what hooks call ---------------------------------------------------------------------------

    def call(self, original: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Runs and observes one layer call."""
        return self._layer_calls.call(original, args, kwargs)

    def apply(self, original: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Runs and observes one call of an optimizer."""
        return self._optimizer_calls.apply(original, args, kwargs)

    def sum_gradients(self, original: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Runs and observes the sum of gradients over replicas."""
        return self._optimizer_calls.sum_gradients(original, args, kwargs)

    def differentiate(self, original: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Runs `GradientTape.gradient` and observes its target: the loss of a step without `compute_loss`."""
        target: Any = args[1] if len(args) > 1 else kwargs.get("target")
        if self.differentiated is None and self.owns(target) and target.shape.rank == 0:
            self.differentiated = target
        return original(*args, **kwargs)

    def note_loss(self, loss: Tensor) -> Tensor:
        """Observes the loss that the model computed, and the part of it that penalties make."""
        if self.loss is None and self.owns(loss):
            self.loss = loss
            with self.guard(), hooks.paused(), tf.name_scope(SCOPE):
                self._penalties = list(self._model.losses)
        return loss

    # -- reading -----------------------------------------------------------------------------------

    def readable(self, x: Tensor | None) -> Tensor | None:
        """Returns a tensor of the same values that can be read without changing the step; see `bit_identity`.

        XLA compiles the step as it is written, and would order sums differently if their terms were read in other ways.
        """
        return x if self._model.jit_compile else bit_identity.readable(x, self.loss)

    def _is_unread(self, x: Tensor) -> bool:
        """Returns whether no operation reads a tensor of the batch; False in an eager step, where nobody knows."""
        return self.graph is not None and isinstance(x, tf.Tensor) and not x.consumers()

    def finish(self) -> None:
        """Makes the observations readable. To be called in the probe's scope, when the step is traced to its end."""
        extra = [tf.cast(self.readable(penalty), tf.float64) for penalty in self._penalties]
        # every replica adds the whole penalty, of which Keras takes its share
        self.penalty = tf.add_n([tf.reduce_sum(penalty) for penalty in extra]) / replicas() if extra else None
        for leaf in self.fed:
            leaf.unread = leaf.role == "sample_weight" and self._is_unread(leaf.tensor)
            if leaf.role == "target" and self.graph is not None and isinstance(leaf.tensor, tf.Tensor):
                leaf.broadcast_to = _broadcast_to(leaf.tensor)
        for prediction in self.predictions:
            prediction.made_by = _made_by(prediction.tensor)
        for update in self.updates:
            update.gradient, update.clipped = self._dense(update.gradient), self._dense(update.clipped)
        if not self._model.jit_compile:
            self.activations = [a for a in self.activations if bit_identity.can_be_read(a.tensor)]
        for activation in self.activations:
            activation.select(self.xp, self.readable(activation.tensor))

    def _dense(self, gradient: Tensor | None) -> Tensor | None:
        return None if gradient is None else dense_gradient(self.readable(gradient))


def _made_by(tensor: Tensor) -> str | None:
    """Returns the activation whose op made a prediction, looking through casts and reshapes; None if unknown."""
    if tf.executing_eagerly() or not hasattr(tensor, "op"):
        return None
    for _ in range(_LONGEST_WALK):
        operation = tensor.op
        if operation.type in _ACTIVATION_OPS:
            return _ACTIVATION_OPS[operation.type]
        if operation.type in _LINEAR_OPS:
            return "linear"
        if operation.type not in _PASSING_OPS or not operation.inputs:
            return None
        tensor = operation.inputs[tensor.value_index if operation.type == "IdentityN" else 0]
    return None


def _broadcast_to(target: Tensor) -> tuple[int | None, ...] | None:
    """Returns the shape of an operation that pairs ``(batch,)`` with ``(batch, 1)``, one of them the target."""
    for operation in target.consumers():
        made = operation.outputs[0] if operation.outputs else None
        if operation.type in _CASTS and made is not None and (found := _broadcast_to(made)) is not None:
            return found
        if operation.type in _PAIRING_OPS and made is not None and made.shape.rank == 2:
            flat, column = sorted(operation.inputs[:2], key=lambda tensor: tensor.shape.rank or 0)
            if (flat.shape.rank, column.shape.rank) == (1, 2) and column.shape[-1] == 1 != flat.shape[0]:
                return tuple(made.shape.as_list())
    return None
