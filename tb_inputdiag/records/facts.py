"""What is known about a model without data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from tb_inputdiag.records.layouts import TensorLayout
from tb_inputdiag.records.values import JSON

__all__ = ["Degraded", "LayerFacts", "ModelFacts", "WeightFacts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightFacts:
    """One weight variable of the model."""

    name: str
    """Path within the model, e.g. ``conv2d/kernel`` or ``backbone/block1/conv/kernel``; unique."""
    shape: tuple[int, ...]
    dtype: str
    trainable: bool
    layer: str = ""
    """Path of its layer; empty for a weight that belongs to the model itself."""
    initial_std: float | None = None
    """Standard deviation before training, over at most 65,536 elements; None if not read."""
    initial_constant: bool = False
    """Whether all elements were equal before training."""
    initial_mean: float | None = None
    initializer: str = ""
    """Class name of its initializer, e.g. ``GlorotUniform``; empty if unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerFacts:
    """One layer, in forward order as far as that is known."""

    name: str
    """Path within the model, e.g. ``conv2d`` or ``backbone/block1_conv``; unique."""
    class_name: str
    module: str = ""
    """Python module of the class, e.g. ``keras.src.layers.core.dense``: shows whether it is one of Keras' own."""
    trainable: bool = True
    dtype_policy: str = "float32"
    input_shape: tuple[int | None, ...] | None = None
    output_shape: tuple[int | None, ...] | None = None
    """None for unknown, and for layers with several inputs or outputs."""
    n_params: int = 0
    n_trainable_params: int = 0
    config: Mapping[str, JSON] = field(default_factory=dict)
    """Scalars of the layer's config that rules need, if it has them: ``activation`` (name),
    ``units, filters, kernel_size, strides, padding, data_format, rate, scale, offset, axis, mean,
    variance, invert, input_dim, output_dim, mask_zero, use_bias, kernel_regularizer,
    target_shape, momentum, num_tokens, output_mode``; adapted statistics of ``Normalization`` are
    lists of at most 64. Of attention layers that a graph calls, ``reads_all_steps``: whether it is self-attention
    without a mask."""
    inbound: tuple[str, ...] = ()
    """Paths of the layers whose outputs it reads, where the graph is known (Sequential, Functional)."""
    parent: str = ""
    """Path of the nested model that contains it; empty at the top."""
    is_preprocessing: bool = False
    """Whether it is a Rescaling, Normalization, random augmentation or similar layer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Degraded:
    """A private part of Keras that could not be read, because this version of Keras has moved or removed it."""

    accessor: str
    """Name of the function of `capture.keras_internals` that failed."""
    effect: str
    """What is unknown because of it, as a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """What is known about the model without data. Logged again when it changes."""

    name: str
    class_name: str
    kind: Literal["sequential", "functional", "subclassed"]
    layers: tuple[LayerFacts, ...] = ()
    weights: tuple[WeightFacts, ...] = ()
    inputs: tuple[TensorLayout, ...] = ()
    """What the model was built for: names, static shapes (the batch axis is None), dtypes."""
    outputs: tuple[TensorLayout, ...] = ()
    loss: JSON = None
    """How it was compiled: None, or ``{"name", "from_logits" (bool or None), "reduction", "custom" (bool),
    "label_smoothing"}``, or a dict or list of such, in the structure of the outputs. Where they are set, also
    ``"delta", "ignore_class"``, ``"weight"`` (from `loss_weights`), and ``"overridden"``: a subclass of Keras' loss has
    a `call` of its own."""
    optimizer: Mapping[str, JSON] = field(default_factory=dict)
    """``{"name", "learning_rate" (number or None), "schedule" (class name or None), "clipnorm",
    "clipvalue", "global_clipnorm", "weight_decay", "use_ema", "gradient_accumulation_steps",
    "loss_scaled" (bool), "momentum"}``."""
    metrics: tuple[str, ...] = ()
    dtype_policy: str = "float32"
    jit_compile: bool = False
    run_eagerly: bool = False
    steps_per_execution: int = 1
    replicas: int = 1
    strategy: str = ""
    custom_train_step: bool = False
    custom_loss: bool = False
    """`compute_loss` is overridden, or `add_loss` is used."""
    image_data_format: str = "channels_last"
    output_activations: Mapping[str, str] = field(default_factory=dict)
    """Prediction name -> name of the activation that makes it: ``softmax``, ``sigmoid``, ``linear``, ``relu``, ...
    Missing where it is not known."""
    output_units: Mapping[str, int] = field(default_factory=dict)
    """Prediction name -> size of its last axis."""
    backbones: Mapping[str, str] = field(default_factory=dict)
    """Layer path -> its family in `keras.applications`, e.g. ``{"": "resnet50"}`` for the model itself."""
    entries: Mapping[str, str] = field(default_factory=dict)
    """Name of an entry tensor -> path of the trainable layer that reads it."""
    degraded: tuple[Degraded, ...] = ()
    """What could not be read from this version of Keras. Rules that need it are not asked; see `NotJudged`."""

    def layer(self, name: str) -> LayerFacts | None:
        """Returns the layer with this path, or None."""
        return next((layer for layer in self.layers if layer.name == name), None)
