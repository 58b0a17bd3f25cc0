"""What a tracing of a step notes: leaves of the batch, what the first trainable layers read, activations, updates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from tb_inputdiag.capture import names
from tb_inputdiag.capture.facts import activation_name
from tb_inputdiag.capture.tensorflow.namespace import TENSORFLOW, dense_gradient
from tb_inputdiag.records import Kind, Role, TensorLayout
from tb_inputdiag.statistics import activations, gradients, health, weights

__all__ = [
    "Activation",
    "Entry",
    "Fed",
    "Raised",
    "Update",
    "Whole",
    "is_tensor",
    "kind_of",
    "raw",
    "spec",
    "specs",
    "static_shape",
    "values_of",
]

_BOUNDS = {"tanh": (-1.0, 1.0), "sigmoid": (0.0, 1.0), "hard_sigmoid": (0.0, 1.0), "hard_tanh": (-1.0, 1.0)}


@dataclass(slots=True)
class Whole:
    """The shape of a tensor of which only the first examples are here: while tracing, and as a vector of the graph."""

    static: tuple[int | None, ...]
    shape: Any


@dataclass(slots=True)
class Fed:
    """A leaf of the batch, or of the predictions."""

    name: str
    role: Role
    tensor: Any
    kind: Kind
    made_by: str | None = None
    """Of a prediction: the activation whose operation made it, if that is known."""
    whole: Whole | None = None
    """Where `tensor` is only the first examples."""


@dataclass(slots=True)
class Entry:
    """A tensor as the first trainable layer reads it."""

    tensor: Any
    layer: Any
    path: str
    sources: tuple[int, ...]
    untouched: bool
    whole: Whole | None = None
    """Where `tensor` is only the first examples."""


@dataclass(slots=True)
class Activation:
    """A layer's first output."""

    path: str
    layer: Any
    tensor: Any
    mean: Any = None
    """Mean of all of it, where `tensor` is only the values that its statistics look at."""

    def read(self, tensor: Any) -> None:
        """Takes of a tensor of this shape what its statistics are made of."""
        self.tensor = activations.looked_at(TENSORFLOW, tensor, self.unit_axis)
        if self.tensor is not tensor:
            self.mean = health.mean_of_all(TENSORFLOW, tensor)

    @property
    def unit_axis(self) -> int | None:
        """Axis of the layer's units if it ends in a ReLU, so that dead ones can be counted, else None."""
        layer, rank = self.layer, self.tensor.shape.rank
        if activation_name(layer) not in ("relu", "relu6") or getattr(layer, "negative_slope", None):
            return None
        return 1 if getattr(layer, "data_format", None) == "channels_first" and rank > 2 else rank - 1

    @property
    def bound(self) -> tuple[float, float] | None:
        """Lowest and highest value of the layer's activation if it saturates at both ends, else None."""
        return _BOUNDS.get(activation_name(self.layer) or "")


@dataclass(slots=True)
class Update:
    """One weight and its gradient in one call of an optimizer."""

    name: str
    variable: Any
    gradient: Any
    clipped: Any = None
    """None: as `gradient`."""
    before: Any = None
    after: Any = None
    norm: Any = None
    """Half the sum of squares of the weight before the update."""
    measured: tuple[list[Any], Any] | None = None
    """`gradients.reduce`, once there is one; the gradient may be gone then."""
    clipped_norm: Any = None
    """Half the sum of squares of `clipped`, likewise."""

    def measure(self) -> None:
        """Reduces the gradient, unless that was done."""
        if self.measured is None and self.gradient is not None:
            self.measured = gradients.reduce(TENSORFLOW, dense_gradient(self.gradient))

    def measure_clipped(self) -> None:
        """Reduces what clipping made of the gradient, unless that was done."""
        if self.clipped_norm is None and self.clipped is not None:
            self.clipped_norm = health.half_squares(TENSORFLOW, dense_gradient(self.clipped))

    def read_before(self) -> None:
        """Reads the weight as it is before the update."""
        value = tf.convert_to_tensor(raw(self.variable))
        if value.dtype.is_floating:
            self.norm = health.half_squares(TENSORFLOW, value)
            self.before = weights.sample(TENSORFLOW, value)

    def read_after(self) -> None:
        """Reads the weight as it is after the update."""
        if self.before is not None:
            self.after = weights.sample(TENSORFLOW, tf.convert_to_tensor(raw(self.variable)))

    @property
    def is_whole(self) -> bool:
        """Whether `before` is the whole weight, and not a sample of a large one."""
        return self.before is not None and self.before.shape == raw(self.variable).shape


@dataclass(slots=True)
class Raised:
    """The innermost layer call that raised."""

    path: str
    reached: tuple[TensorLayout, ...]


def kind_of(tensor: Any) -> Kind:
    """Returns the kind of a leaf: dense, ragged, sparse or string."""
    if isinstance(tensor, tf.RaggedTensor):
        return "ragged"
    if isinstance(tensor, tf.SparseTensor):
        return "sparse"
    return "string" if getattr(tensor, "dtype", None) == tf.string else "dense"


def values_of(tensor: Any) -> Any:
    """Returns the dense tensor of stored values of a dense, ragged or sparse leaf."""
    if isinstance(tensor, tf.RaggedTensor):
        return tensor.flat_values
    return tensor.values if isinstance(tensor, tf.SparseTensor) else tensor


def is_tensor(leaf: Any) -> bool:
    """Tells whether a leaf of a batch is something to look at."""
    return isinstance(leaf, tf.Tensor | tf.RaggedTensor | tf.SparseTensor)


def raw(variable: Any) -> Any:
    """Returns the TensorFlow variable of a Keras variable."""
    return variable.value if isinstance(variable, keras.Variable) else variable


def static_shape(tensor: Any) -> tuple[int | None, ...] | None:
    """Returns a tensor's static shape, None if its rank is unknown."""
    shape = getattr(tensor, "shape", None)
    if shape is None:
        return None
    try:
        return tuple(None if n is None else int(n) for n in shape)
    except (ValueError, TypeError):
        return None


def spec(name: str, role: Role, tensor: Any, whole: Whole | None = None) -> TensorLayout:
    """Returns name, shape and dtype of a tensor as a layout; the shape is that of `whole` if the tensor is a part."""
    dtype = getattr(tensor, "dtype", None)
    return TensorLayout(
        name=name,
        role=role,
        shape=static_shape(tensor) if whole is None else whole.static,
        dtype=getattr(dtype, "name", None) or str(dtype),
        kind=kind_of(tensor),
    )


def specs(structure: Any) -> tuple[TensorLayout, ...]:
    """Returns the layouts of the tensors in a structure."""
    leaves = [leaf for _, leaf in names.flatten(structure) if is_tensor(leaf)]
    return tuple(spec(f"inputs/{i}" if len(leaves) > 1 else "inputs", "input", leaf) for i, leaf in enumerate(leaves))
