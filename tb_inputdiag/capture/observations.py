"""What is observed of one step: the batch, what the first trainable layers read, activations, updates, the loss."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import keras

from tb_inputdiag.capture.keras_internals import Tensor
from tb_inputdiag.capture.layer_facts import activation_name
from tb_inputdiag.capture.model_graph import all_layers
from tb_inputdiag.keras_vocabulary import RELU_ACTIVATIONS, saturation_ends
from tb_inputdiag.records import JSON, Kind, Role, TensorLayout
from tb_inputdiag.statistics import activations, gradients, health, moving_averages, weights
from tb_inputdiag.statistics.namespace import Namespace, is_floating

__all__ = [
    "Activation",
    "EntryTensor",
    "FullShape",
    "MovingAverages",
    "ObservedTensor",
    "Raised",
    "StepObservations",
    "TensorReader",
    "Update",
    "averages_of",
]


@dataclass(slots=True)
class FullShape:
    """The shape of a tensor after only its first examples were kept."""

    static: tuple[int | None, ...]
    """As known while tracing."""
    dynamic: Tensor
    """As a vector of the step's own batch; see `Namespace.shape`."""


class TensorReader(Protocol):
    """How a backend's tensors are read, which may be of several kinds."""

    @property
    def xp(self) -> Namespace:
        """The backend's array functions."""

    def layout(self, name: str, role: Role, tensor: Tensor, full_shape: FullShape | None = None) -> TensorLayout:
        """Returns the layout of a tensor of any kind.

        Args:
            name: Name of the tensor.
            role: What it is to the model.
            tensor: The tensor, or its first examples.
            full_shape: Shape of the whole, where `tensor` is only its first examples.
        """

    def values(self, tensor: Tensor) -> Tensor:
        """Returns the dense tensor of stored values of a tensor of any kind."""

    def shape(self, tensor: Tensor) -> Tensor:
        """Returns ``float64[rank]``: the shape in this batch."""

    def examples(self, tensor: Tensor) -> Tensor | None:
        """Returns the number of examples as a float64 scalar, or None for a single number."""

    def readable(self, tensor: Tensor) -> Tensor:
        """Returns a tensor of the same values that can be read without changing the step."""


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
    reduced: tuple[list[Tensor], Tensor, Tensor] | None = None
    """`activations.reduce`, once it was computed; only the shape of `tensor` is needed then."""

    def measure(self, xp: Namespace) -> None:
        """Reduces the activation, of which the values to use are selected by now, unless that was done."""
        if self.reduced is None:
            self.reduced = activations.reduce(xp, self.tensor, self.unit_axis, self.bound, self.mean)

    def select(self, xp: Namespace, tensor: Tensor) -> None:
        """Keeps those values that the statistics use.

        Args:
            xp: The backend's functions.
            tensor: A tensor of the same shape and values as `tensor`.
        """
        self.tensor = activations.looked_at(xp, tensor, self.unit_axis)
        if self.tensor is not tensor:
            self.mean = health.mean_of_all(xp, tensor)

    @property
    def unit_axis(self) -> int | None:
        """Axis of the layer's units if it ends in a ReLU, so that dead ones can be counted, else None."""
        layer, rank = self.layer, len(self.tensor.shape)
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
    is_whole: bool = False
    """Whether `before` is the whole weight, not a sample of a large one."""
    norm: Tensor | None = None
    """Half the sum of squares of the weight before the update."""
    proof: Tensor | None = None
    """A number that is finite only if the whole weight is after the update, where `after` is only a sample."""
    measured: tuple[list[Tensor], Tensor] | None = None
    """`gradients.reduce`, once it was computed; the gradient may be dropped then."""
    clipped_norm: Tensor | None = None
    """Half the sum of squares of `clipped`, once it was computed."""
    sample_norm: Tensor | None = None
    """Half the sum of squares of `before`, once it was computed."""
    change: tuple[Tensor, Tensor] | None = None
    """`weights.update`, once it was computed; `before` and `after` may be dropped then."""

    def measure(self, xp: Namespace) -> None:
        """Reduces the gradient, which is dense by now, unless that was done."""
        if self.measured is None and self.gradient is not None:
            self.measured = gradients.reduce(xp, self.gradient)

    def measure_clipped(self, xp: Namespace) -> None:
        """Reduces the clipped gradient, which is dense by now, unless that was done."""
        if self.clipped_norm is None and self.clipped is not None:
            self.clipped_norm = health.half_squares(xp, self.clipped)

    def measure_change(self, xp: Namespace) -> None:
        """Reduces the weight before the update and its change, unless that was done."""
        if self.sample_norm is None and self.before is not None:
            self.sample_norm = self.norm if self.is_whole else health.half_squares(xp, self.before)
        if self.change is None and self.after is not None:
            self.change = weights.update(xp, self.before, self.after)

    def read_before(self, xp: Namespace, value: Tensor) -> None:
        """Receives the weight as it is before the update."""
        if is_floating(xp.dtype(value)):
            self.norm = health.half_squares(xp, value)
            self.before = weights.sample(xp, value)
            self.is_whole = xp.static_shape(self.before) == xp.static_shape(value)

    def read_after(self, xp: Namespace, value: Tensor) -> None:
        """Receives the weight as it is after the update."""
        if self.before is not None:
            self.after = weights.sample(xp, value)
            if not self.is_whole:
                self.proof = health.mean_of_all(xp, value)


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
    def variables(self) -> tuple[keras.Variable, keras.Variable]:
        """The moving mean and the moving variance."""
        return self.layer.moving_mean, self.layer.moving_variance

    @property
    def size(self) -> int:
        """Number of channels."""
        return int(self.layer.moving_mean.shape[0])

    @property
    def kept(self) -> float:
        """The part of the averages that is left after the step."""
        return float(self.layer.momentum) ** self.calls

    def read_before(self, xp: Namespace, mean: Tensor, variance: Tensor) -> None:
        """Receives the averages as they are before the step."""
        self.before = [moving_averages.reduce(xp, average, self.size) for average in (mean, variance)]

    def read_after(self, xp: Namespace, mean: Tensor, variance: Tensor) -> None:
        """Receives the averages as they are after the step."""
        self.after = [moving_averages.reduce(xp, average, self.size) for average in (mean, variance)]


def averages_of(model: keras.Model) -> list[MovingAverages]:
    """Returns the moving averages that a training step of a model may change, before they are read."""
    return [
        MovingAverages(layer)
        for layer in all_layers(model)
        if isinstance(layer, keras.layers.BatchNormalization) and layer.built and layer.trainable
        if not getattr(layer, "renorm", False) and float(layer.momentum) < 1
    ]


@dataclass(slots=True)
class Raised:
    """The innermost layer call that raised."""

    path: str
    reached: tuple[TensorLayout, ...]


@dataclass
class StepObservations:
    """All that is observed of one step while it is traced, or runs eagerly."""

    reader: TensorReader
    mean_loss: JSON = None
    """`compile_facts.mean_loss`."""
    fed: list[ObservedTensor] = field(default_factory=list)
    entries: list[EntryTensor] = field(default_factory=list)
    activations: list[Activation] = field(default_factory=list)
    predictions: list[ObservedTensor] = field(default_factory=list)
    updates: list[Update] = field(default_factory=list)
    averages: list[MovingAverages] = field(default_factory=list)
    loss: Tensor | None = None
    """What `compute_loss` returned."""
    differentiated: Tensor | None = None
    """What was differentiated first, if that is a scalar and can be seen."""
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

    @property
    def xp(self) -> Namespace:
        """The backend's array functions."""
        return self.reader.xp

    @property
    def moved(self) -> list[MovingAverages]:
        """The moving averages that the step may have changed, in a number of calls that is known."""
        return [a for a in self.averages if a.before and a.calls and not a.hidden and a.kept < 1]

    @property
    def own_loss(self) -> Tensor | None:
        """The step's loss with loss scaling undone, or None."""
        if self.loss is not None or self.differentiated is None:
            return self.loss
        target = self.xp.cast(self.differentiated, "float32")
        return target if self.scale is None else target / self.scale
