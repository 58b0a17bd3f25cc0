"""What is observed of one step: the batch, what the first trainable layers read, activations, updates, the loss."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import keras
import tensorflow as tf

from tb_inputdiag.capture.layer_facts import activation_name
from tb_inputdiag.capture.names import backend_value
from tb_inputdiag.capture.tensorflow.namespace import TENSORFLOW, dense_gradient
from tb_inputdiag.capture.tensorflow.ops import Tensor
from tb_inputdiag.capture.tensorflow.tensors import FullShape
from tb_inputdiag.keras_vocabulary import RELU_ACTIVATIONS, saturation_ends
from tb_inputdiag.records import Kind, Role, TensorLayout
from tb_inputdiag.statistics import activations, gradients, health, moving_averages, weights

__all__ = [
    "Activation",
    "EntryTensor",
    "MovingAverages",
    "ObservedTensor",
    "Raised",
    "StepObservations",
    "Update",
]


@dataclass(slots=True)
class ObservedTensor:
    """A tensor of the batch, or a prediction."""

    name: str
    role: Role
    tensor: Tensor
    kind: Kind
    broadcast_to: tuple[int | None, ...] | None = None
    """For a target: the shape of an operation that pairs all targets with all predictions."""
    unread: bool = False
    """For a sample weight: whether no operation of the step reads it."""
    made_by: str | None = None
    """For a prediction, the activation whose operation made it, if that is known."""
    full_shape: FullShape | None = None
    """Where `tensor` is only the first examples."""


@dataclass(slots=True)
class EntryTensor:
    """A tensor as the first trainable layer reads it."""

    tensor: Tensor
    layer: keras.Layer
    path: str
    sources: tuple[int, ...]
    """Indices of the batch's inputs that it comes from."""
    untouched: bool
    """It equals its one input, up to casts and changes of shape."""
    full_shape: FullShape | None = None
    """Where `tensor` is only the first examples."""


@dataclass(slots=True)
class Activation:
    """A layer's first output."""

    path: str
    layer: keras.Layer
    tensor: Tensor
    mean: Tensor | None = None
    """Mean over all values, where `tensor` holds only those that the other statistics use."""

    def select(self, tensor: Tensor) -> None:
        """Keeps those values that the statistics use.

        Args:
            tensor: A tensor of the same shape and values as `tensor`.
        """
        self.tensor = activations.looked_at(TENSORFLOW, tensor, self.unit_axis)
        if self.tensor is not tensor:
            self.mean = health.mean_of_all(TENSORFLOW, tensor)

    @property
    def unit_axis(self) -> int | None:
        """Axis of the layer's units if it ends in a ReLU, so that dead ones can be counted, else None."""
        layer, rank = self.layer, self.tensor.shape.rank
        if activation_name(layer) not in RELU_ACTIVATIONS or getattr(layer, "negative_slope", None):
            return None
        return 1 if getattr(layer, "data_format", None) == "channels_first" and rank > 2 else rank - 1

    @property
    def bound(self) -> tuple[float, float] | None:
        """Lowest and highest value of the layer's activation if it saturates at both ends, else None."""
        return saturation_ends(activation_name(self.layer) or "")


@dataclass(slots=True)
class Update:
    """One weight and its gradient in one call of an optimizer."""

    name: str
    variable: Tensor
    gradient: Tensor | None
    clipped: Tensor | None = None
    """The gradient after clipping; None where it is not clipped."""
    before: Tensor | None = None
    after: Tensor | None = None
    norm: Tensor | None = None
    """Half the sum of squares of the weight before the update."""
    measured: tuple[list[Tensor], Tensor] | None = None
    """`gradients.reduce`, once it was computed; the gradient may be dropped then."""
    clipped_norm: Tensor | None = None
    """Half the sum of squares of `clipped`, once it was computed."""

    def measure(self) -> None:
        """Reduces the gradient, unless that was done."""
        if self.measured is None and self.gradient is not None:
            self.measured = gradients.reduce(TENSORFLOW, dense_gradient(self.gradient))

    def measure_clipped(self) -> None:
        """Reduces the clipped gradient, unless that was done."""
        if self.clipped_norm is None and self.clipped is not None:
            self.clipped_norm = health.half_squares(TENSORFLOW, dense_gradient(self.clipped))

    def read_before(self) -> None:
        """Reads the weight as it is before the update."""
        value = tf.convert_to_tensor(backend_value(self.variable))
        if value.dtype.is_floating:
            self.norm = health.half_squares(TENSORFLOW, value)
            self.before = weights.sample(TENSORFLOW, value)

    def read_after(self) -> None:
        """Reads the weight as it is after the update."""
        if self.before is not None:
            self.after = weights.sample(TENSORFLOW, tf.convert_to_tensor(backend_value(self.variable)))

    @property
    def is_whole(self) -> bool:
        """Whether `before` is the whole weight, not a sample of a large one."""
        return self.before is not None and bool(self.before.shape == backend_value(self.variable).shape)


@dataclass(slots=True)
class MovingAverages:
    """The moving averages of a BatchNormalization, before and after a step."""

    layer: keras.layers.BatchNormalization
    calls: int = 0
    """How often the layer was called in the step."""
    hidden: bool = False
    """Whether it was called inside a layer that may call it in a loop, so that its calls are not known."""
    before: list[Tensor] = field(default_factory=list)
    after: list[Tensor] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Number of channels."""
        return int(self.layer.moving_mean.shape[0])

    @property
    def kept(self) -> float:
        """The part of the averages that is left after the step."""
        return float(self.layer.momentum) ** self.calls

    def read_before(self) -> None:
        """Reads the averages as they are before the step."""
        self.before = self._read()

    def read_after(self) -> None:
        """Reads the averages as they are after the step."""
        self.after = self._read()

    def _read(self) -> list[Tensor]:
        averages = (self.layer.moving_mean, self.layer.moving_variance)
        return [
            moving_averages.reduce(TENSORFLOW, tf.convert_to_tensor(backend_value(average)), self.size)
            for average in averages
        ]


@dataclass(slots=True)
class Raised:
    """The innermost layer call that raised."""

    path: str
    reached: tuple[TensorLayout, ...]


@dataclass
class StepObservations:
    """All that is observed of one step while it is traced, or runs eagerly."""

    graph: tf.Graph | None
    """The graph of the step; None if it runs eagerly."""
    fed: list[ObservedTensor] = field(default_factory=list)
    entries: list[EntryTensor] = field(default_factory=list)
    activations: list[Activation] = field(default_factory=list)
    predictions: list[ObservedTensor] = field(default_factory=list)
    updates: list[Update] = field(default_factory=list)
    averages: list[MovingAverages] = field(default_factory=list)
    loss: Tensor | None = None
    """What `compute_loss` returned."""
    differentiated: Tensor | None = None
    """What a gradient tape differentiated first, if that is a scalar."""
    penalty: Tensor | None = None
    """The part of the loss that regularizers and `add_loss` make."""
    scale: Tensor | None = None
    """The factor of loss scaling."""
    learning_rate: Tensor | None = None
    iterations: Tensor | None = None
    raised: Raised | None = None
    trouble: BaseException | None = None
    """The first failure of observing itself: the observations are of no use then."""

    @contextlib.contextmanager
    def guard(self) -> Iterator[None]:
        """Keeps what fails in a block away from the step, and remembers the first failure."""
        try:
            yield
        except Exception as exc:
            self.trouble = self.trouble or exc

    def owns(self, tensor: Any) -> bool:
        """Tells whether a tensor belongs to this step, not to a graph of its own, such as a loop's or a branch's."""
        if not isinstance(tensor, tf.Tensor):
            return False
        return self.graph is None or getattr(tensor, "graph", None) is self.graph

    @property
    def moved(self) -> list[MovingAverages]:
        """The moving averages that the step may have changed, in a number of calls that is known."""
        return [a for a in self.averages if a.before and a.calls and not a.hidden and a.kept < 1]

    @property
    def own_loss(self) -> Tensor | None:
        """The step's loss with loss scaling undone, or None."""
        if self.loss is not None or self.differentiated is None:
            return self.loss
        target = tf.cast(self.differentiated, tf.float32)
        return target if self.scale is None else target / self.scale
