"""What one tracing of a step shows: the batch, layer calls, predictions, loss, gradients and updates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras
import tensorflow as tf

from tb_inputdiag.capture import names
from tb_inputdiag.capture.facts import input_names, is_preprocessing, output_names
from tb_inputdiag.capture.tensorflow import hooks
from tb_inputdiag.capture.tensorflow.bit_identity import aside, can_be_read
from tb_inputdiag.capture.tensorflow.lineage import Lineage
from tb_inputdiag.capture.tensorflow.observations import (
    Activation,
    Entry,
    Fed,
    Raised,
    Update,
    is_tensor,
    kind_of,
    raw,
    specs,
    values_of,
)
from tb_inputdiag.capture.tensorflow.ops import SCOPE
from tb_inputdiag.capture.tensorflow.variable_creation import build_optimizer
from tb_inputdiag.records import Role

_OPAQUE = ("RNN", "Bidirectional", "TimeDistributed", "MultiHeadAttention", "GroupedQueryAttention", "ConvLSTM")
"""Layers that read data through layers inside them in ways that a graph does not show (loops)."""
_MADE_BY = {"Softmax": "softmax", "Sigmoid": "sigmoid", "Relu": "relu", "Tanh": "tanh", "Softplus": "softplus"}
_LINEAR = {"BiasAdd", "MatMul", "Add", "AddV2", "Conv2D", "Einsum", "BatchMatMulV2", "Sum", "Mean"}


@dataclass
class Trace:
    """Collects what passes through a step; see `hooks.tracing`.

    Args:
        model: The model in training.
        paths: ``id(layer) -> path``, completed when layers turn up that were not known.
        weight_names: ``id(variable) -> (name, layer path)``.
        apart: Whether what is noted is measured in another graph than that of the step; see `capture.cluster`.
    """

    model: Any
    paths: dict[int, str]
    weight_names: dict[int, tuple[str, str]]
    apart: bool = False
    fed: list[Fed] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    activations: list[Activation] = field(default_factory=list)
    predictions: list[Fed] = field(default_factory=list)
    updates: list[Update] = field(default_factory=list)
    loss: Any = None
    differentiated: Any = None
    penalty: Any = None
    scale: Any = None
    learning_rate: Any = None
    iterations: Any = None
    raised: Raised | None = None
    trouble: BaseException | None = None
    lifted: bool = False
    """Whether the step made variables: TensorFlow traces it a second time then, and runs that one."""
    _lineage: Lineage | None = None
    _depth: int = 0
    _inside: int = 0
    _applying: bool = False
    _pending: list[Update] = field(default_factory=list)
    _penalties: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.graph = None if tf.executing_eagerly() else tf.compat.v1.get_default_graph()

    # -- the batch ---------------------------------------------------------------------------------

    def feed(self, data: Any) -> None:
        """Notes the batch that the step was given."""
        self.fed = self.leaves(data)
        if self.graph is not None:
            inputs = [values_of(f.tensor) for f in self.fed if f.role == "input"]
            self._lineage = Lineage(self.graph, inputs, self._learned())

    def leaves(self, data: Any) -> list[Fed]:
        """Returns the tensors of a batch."""
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        targets = names.named_leaves(y, "y", output_names(self.model))
        of_targets = [name for name, _ in targets] if len(targets) > 1 else []
        groups: tuple[tuple[Role, list[tuple[str, Any]]], ...] = (
            ("input", names.named_leaves(x, "x", input_names(self.model))),
            ("target", targets),
            ("sample_weight", names.named_leaves(sample_weight, "sample_weight", of_targets)),
        )
        return [
            Fed(name, role, leaf, kind_of(leaf)) for role, leaves in groups for name, leaf in leaves if is_tensor(leaf)
        ]

    def _learned(self) -> list[Any]:
        found = []
        for layer in self.model._flatten_layers():
            if not is_preprocessing(layer):
                found += [raw(v) for v in layer._trainable_variables]
        return found

    # -- layer calls -------------------------------------------------------------------------------

    def call(self, original: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """Runs one layer call and notes what went in and came out."""
        layer = args[0]
        opaque = type(layer).__name__.endswith(_OPAQUE) or isinstance(layer, keras.layers.RNN)
        try:
            if self._inside == 0:
                self._enter(layer, args[1:], kwargs, opaque)
        except Exception as exc:
            self.trouble = self.trouble or exc
        self._depth += 1
        self._inside += opaque
        try:
            outputs = original(*args, **kwargs)
        except Exception:
            if self.raised is None:
                self.raised = Raised(self._path(layer), specs((args[1:], kwargs)))
            raise
        finally:
            self._depth -= 1
            self._inside -= opaque
        try:
            if self._inside == 0:
                self._leave(layer, outputs)
        except Exception as exc:
            self.trouble = self.trouble or exc
        return outputs

    def _here(self, tensor: Any) -> bool:
        """Tells whether a tensor belongs to this step, not to a loop's or a branch's graph of its own."""
        if not isinstance(tensor, tf.Tensor):
            return False
        return self.graph is None or getattr(tensor, "graph", None) is self.graph

    def _enter(self, layer: Any, args: Any, kwargs: Any, opaque: bool) -> None:
        if not (opaque or layer._trainable_variables or not layer.built) or is_preprocessing(layer):
            return
        if isinstance(layer, keras.Model) and not layer._trainable_variables:
            return
        data = [v for _, v in names.flatten((args, {k: v for k, v in kwargs.items() if "mask" not in k}))]
        for tensor in data:
            if not self._here(tensor) or tensor.shape.rank in (None, 0):
                continue
            if any(tensor is entry.tensor for entry in self.entries):
                continue
            found = self._judge(tensor, layer)
            if found is not None:
                self.entries.append(Entry(tensor, layer, self._path(layer), *found))

    def _judge(self, tensor: Any, layer: Any) -> tuple[tuple[int, ...], bool] | None:
        if self._lineage is None:
            # a candidate: an eager step has no graph to walk
            return (0,), False
        origin = self._lineage.of(tensor)
        if origin.weighted or not origin.sources:
            return None
        return tuple(sorted(origin.sources)), origin.untouched and len(origin.sources) == 1

    def _leave(self, layer: Any, outputs: Any) -> None:
        if layer is self.model and not self.predictions:
            leaves = names.named_leaves(outputs, "y_pred", output_names(self.model))
            self.predictions = [Fed(n, "prediction", t, kind_of(t)) for n, t in leaves if self._here(values_of(t))]
        if isinstance(layer, keras.Model):
            return
        first = next((t for _, t in names.flatten(outputs)), None)
        if first is None or not self._here(first) or not first.dtype.is_floating or first.shape.rank in (None, 0):
            return
        if first.shape.rank < 1 or type(layer).__name__ == "InputLayer":
            return
        self.activations.append(Activation(self._path(layer), layer, first))

    def _path(self, layer: Any) -> str:
        found = self.paths.get(id(layer))
        if found is None:
            self.paths.update({k: v for k, v in names.layer_paths(self.model).items() if k not in self.paths})
            found = self.paths.get(id(layer))
        if found is None:
            found = self.paths[id(layer)] = names.unique(layer.name, set(self.paths.values()))
        return found

    # -- updates -----------------------------------------------------------------------------------

    def apply(self, original: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """Runs one update of an optimizer and notes gradients, and weights before and after."""
        if self._applying:
            return original(*args, **kwargs)
        self._applying = True
        try:
            try:
                build_optimizer(*args, **kwargs)
                with hooks.paused(), tf.name_scope(SCOPE):
                    self._before(args[0], *args[1:], **kwargs)
            except Exception as exc:
                self.trouble = self.trouble or exc
            # TensorFlow itself runs reads of a weight before writes that come later. To tie the update to our reads as
            # well would save copies of weights, but such edges have Grappler rewrite the update otherwise: a
            # MobileNet's loss then differed in its last bits.
            result = original(*args, **kwargs)
            try:
                with hooks.paused(), tf.name_scope(SCOPE):
                    self._after()
            except Exception as exc:
                self.trouble = self.trouble or exc
            return result
        finally:
            self._applying = False

    def _before(self, optimizer: Any, grads: Any, trainable_variables: Any = None) -> None:
        inner = getattr(optimizer, "inner_optimizer", optimizer)
        variables = list(trainable_variables) if trainable_variables is not None else list(inner._trainable_variables)
        grads = list(grads)
        scale = None
        if inner is not optimizer:
            scale = raw(optimizer.dynamic_scale) if optimizer.built else optimizer.initial_scale
            scale = tf.convert_to_tensor(scale, tf.float32)
        elif inner.loss_scale_factor is not None:
            scale = tf.constant(inner.loss_scale_factor, tf.float32)
        if self.scale is None:
            self.scale = scale
        if self.learning_rate is None:
            self.learning_rate = tf.cast(self.aside(raw(inner.learning_rate)), tf.float64)
        if self.iterations is None:
            # optimizer.iterations is that of the step, however many optimizers a step runs
            self.iterations = tf.cast(tf.identity(raw(inner._iterations)), tf.float64)
        self._pending = []
        for gradient, variable in zip(grads, variables, strict=True):
            if gradient is not None and scale is not None:
                gradient = _divide(gradient, scale)
            self._pending.append(Update(self._weight_name(variable), variable, gradient))
        self._clip(inner)
        if _replicas() > 1:
            self._sum_up(scaled=scale is not None)
        if not self.apart:
            for update in self._pending:
                update.read_before()

    def _clip(self, optimizer: Any) -> None:
        if not any(getattr(optimizer, k, None) for k in ("clipnorm", "clipvalue", "global_clipnorm")):
            return
        present = [u for u in self._pending if u.gradient is not None]
        for update, clipped in zip(present, optimizer._clip_gradients([u.gradient for u in present]), strict=True):
            update.clipped = clipped

    def _sum_up(self, scaled: bool) -> None:
        """Sums up over replicas what Keras does not sum up where it can be looked at.

        Each replica clips its own gradients, then the clipped ones are summed: those `reduce` sees. With loss scaling
        the sum is taken inside a branch.
        """
        present = [u for u in self._pending if u.gradient is not None]
        context = tf.distribute.get_replica_context()
        clips = any(u.clipped is not None for u in present)
        if present and (scaled or clips):
            summed = context.all_reduce(tf.distribute.ReduceOp.SUM, [u.gradient for u in present])
            for update, gradient in zip(present, summed, strict=True):
                update.gradient = gradient
        if present and scaled and clips:
            summed = context.all_reduce(tf.distribute.ReduceOp.SUM, [u.clipped for u in present])
            for update, gradient in zip(present, summed, strict=True):
                update.clipped = gradient

    def reduce(self, original: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """Runs the sum of the gradients over replicas; what comes out is what is applied."""
        result = original(*args, **kwargs)
        try:
            summed = {id(raw(v)): g for g, v in result if g is not None}
            for update in self._pending:
                gradient = summed.get(id(raw(update.variable)))
                dense = gradient.values if isinstance(gradient, tf.IndexedSlices) else gradient
                if gradient is not None and self._here(dense) and tf.distribute.in_cross_replica_context() is False:
                    if update.clipped is None:
                        update.gradient = gradient
                    else:
                        update.clipped = gradient
        except Exception as exc:
            self.trouble = self.trouble or exc
        return result

    def _after(self) -> None:
        for update in self._pending:
            update.read_after()
        self.updates += self._pending
        self._pending = []

    def _weight_name(self, variable: Any) -> str:
        found = self.weight_names.get(id(variable))
        if found is None:
            # a variable of TensorFlow's, or one that the step built a moment ago
            self.weight_names.update(names.weight_names(self.model, names.layer_paths(self.model)))
            by_value = {id(raw(v)): v for v in self.model.variables}
            known = by_value.get(id(raw(variable)))
            found = self.weight_names.get(id(known)) or (variable.name.split(":")[0], "")
            self.weight_names[id(variable)] = found
        return found[0]

    # -- reading -----------------------------------------------------------------------------------

    def aside(self, x: Any) -> Any:
        """Returns `x` as it can be read without moving the last bits of the step's results; see `aside`.

        XLA compiles the step as it is written, and orders sums otherwise if their terms are read in other ways.
        """
        return x if self.model.jit_compile else aside(x, self.loss)

    def finish(self) -> None:
        """Makes what was noted readable. To be called in the probe's scope, when the step is traced to its end."""
        extra = [tf.cast(self.aside(penalty), tf.float64) for penalty in self._penalties]
        # every replica adds the whole penalty, of which Keras takes its share
        self.penalty = tf.add_n([tf.reduce_sum(penalty) for penalty in extra]) / _replicas() if extra else None
        for prediction in self.predictions:
            prediction.made_by = _made_by(prediction.tensor)
        for update in self.updates:
            update.gradient, update.clipped = self.aside(update.gradient), self.aside(update.clipped)
        self.activations = [a for a in self.activations if self.model.jit_compile or can_be_read(a.tensor)]
        for activation in self.activations:
            activation.read(self.aside(activation.tensor))

    # -- the loss ----------------------------------------------------------------------------------

    def differentiate(self, original: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """Notes what a tape differentiates: the loss of a step that does not call `compute_loss`."""
        target = args[1] if len(args) > 1 else kwargs.get("target")
        if self.differentiated is None and self._here(target) and target.shape.rank == 0:
            self.differentiated = target
        return original(*args, **kwargs)

    @property
    def own_loss(self) -> Any:
        """The step's loss with loss scaling undone, or None."""
        if self.loss is not None or self.differentiated is None:
            return self.loss
        target = tf.cast(self.differentiated, tf.float32)
        return target if self.scale is None else target / self.scale

    def note_loss(self, loss: Any) -> None:
        """Notes the loss that the model computed, and the part of it that penalties make."""
        if self.loss is not None or not self._here(loss):
            return
        self.loss = loss
        try:
            with hooks.paused(), tf.name_scope(SCOPE):
                self._penalties = list(self.model.losses)
        except Exception as exc:
            self.trouble = self.trouble or exc


def _divide(gradient: Any, scale: Any) -> Any:
    if isinstance(gradient, tf.IndexedSlices):
        values = gradient.values / tf.cast(scale, gradient.values.dtype)
        return tf.IndexedSlices(values, gradient.indices, gradient.dense_shape)
    return gradient / tf.cast(scale, gradient.dtype)


def _replicas() -> int:
    context = tf.distribute.get_replica_context()
    return int(context.num_replicas_in_sync) if context is not None else 1


def _made_by(tensor: Any) -> str | None:
    """Returns the activation whose op made a prediction, looking through casts and reshapes; None if unknown."""
    if tf.executing_eagerly() or not hasattr(tensor, "op"):
        return None
    for _ in range(20):
        operation = tensor.op
        if operation.type in _MADE_BY:
            return _MADE_BY[operation.type]
        if operation.type in _LINEAR:
            return "linear"
        if operation.type not in ("Identity", "Cast", "Reshape", "Squeeze", "IdentityN") or not operation.inputs:
            return None
        tensor = operation.inputs[tensor.value_index if operation.type == "IdentityN" else 0]
    return None
