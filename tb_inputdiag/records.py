"""What is logged: the one definition of the schema.

A *record* is an immutable description of something that happened in a training session. The
probe makes records, rules read them, the log stores them, the dashboard and the command line show
them. Nothing here imports TensorFlow, Keras or TensorBoard.

The order of the records of a session is::

    SessionStart (ModelFacts Layout | Sample Losses EpochEnd Images Failure Cost Alert)* SessionEnd

Arrays in a record are NumPy arrays with the dtypes given in `COLUMNS`; they are stored without
loss, so that a rule sees the same numbers live and in a replay.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from enum import IntEnum
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.errors import ConfigurationError

__all__ = [
    "ALERT_STATES",
    "COLUMNS",
    "MAX_BAD_EXAMPLES",
    "MAX_CLASSES",
    "MAX_EXAMPLE_IDS",
    "MAX_FEATURES",
    "MAX_RANK",
    "N_QUANTILES",
    "SCHEMA_VERSION",
    "Alert",
    "Cost",
    "EpochEnd",
    "Failure",
    "Images",
    "LayerFacts",
    "LayerTable",
    "Layout",
    "Losses",
    "ModelFacts",
    "Record",
    "Sample",
    "SavedBatch",
    "SessionEnd",
    "SessionStart",
    "Severity",
    "TensorLayout",
    "TensorTable",
    "TensorView",
    "WeightFacts",
    "WeightTable",
    "layout_sizes",
    "table_columns",
]

SCHEMA_VERSION = 1
"""Version of the schema. Raised when a field changes its meaning; older logs are migrated."""

N_QUANTILES = 33
"""Quantiles kept of a tensor, at the probabilities 0, 1/32, ..., 1."""
MAX_FEATURES = 64
"""Features (last axis) with statistics of their own; of more, evenly spaced ones are kept."""
MAX_CLASSES = 128
"""Class ids that are counted one by one."""
MAX_BAD_EXAMPLES = 8
"""Indices kept of the examples of a batch that hold NaN or infinities."""
MAX_EXAMPLE_IDS = 32
"""Examples of a batch whose fingerprint is kept: the first ones."""

Split: TypeAlias = Literal["train", "validation", "predict"]
Role: TypeAlias = Literal["input", "target", "prediction", "sample_weight"]
Stage: TypeAlias = Literal["fed", "entry"]
Kind: TypeAlias = Literal["dense", "ragged", "sparse", "string"]
JSON: TypeAlias = Any
"""None, bool, int, float, str, or lists and string-keyed dicts of them. NaN and infinities are allowed."""

F4: TypeAlias = NDArray[np.float32]
F8: TypeAlias = NDArray[np.float64]
I4: TypeAlias = NDArray[np.int32]
I8: TypeAlias = NDArray[np.int64]
U4: TypeAlias = NDArray[np.uint32]
U8: TypeAlias = NDArray[np.uint8]


class Severity(IntEnum):
    """How sure and how bad: INFO may be a guess, WARNING is likely harm, ERROR is certain."""

    INFO = 10
    WARNING = 20
    ERROR = 30

    @classmethod
    def parse(cls, value: object, *, argument: str = "severity") -> Severity:
        """Returns the severity that a name, a number or a `Severity` stands for.

        Raises:
            ConfigurationError: for anything else.
        """
        if isinstance(value, Severity):
            return value
        if isinstance(value, str) and value.upper() in cls.__members__:
            return cls[value.upper()]
        if isinstance(value, int) and not isinstance(value, bool) and value in set(cls):
            return cls(value)
        raise ConfigurationError(
            f"{argument} must be one of {', '.join(repr(s.name) for s in cls)}. Received: {value!r}."
        )


# --------------------------------------------------------------------------------------------------
# Static facts


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStart:
    """The first record: one call of `fit`, `evaluate` or `predict`, or one `watch` block."""

    session: str
    """Unique and sortable by time, e.g. ``20261123T231405-1a2b3c``."""
    wall_time: float
    """Seconds since the epoch."""
    mode: Literal["fit", "evaluate", "predict", "watch"] = "fit"
    schema_version: int = SCHEMA_VERSION
    versions: Mapping[str, str] = field(default_factory=dict)
    """``{"python": ..., "tb_inputdiag": ..., "keras": ..., "tensorflow": ..., "numpy": ...}``."""
    settings: Mapping[str, JSON] = field(default_factory=dict)
    """The callback's arguments: ``every, overhead_budget, rules, stop_on, images, ...``."""
    host: str = ""
    pid: int = 0
    worker: int = 0
    workers: int = 1
    """Index and number of the processes of a multi-worker training."""
    params: Mapping[str, JSON] = field(default_factory=dict)
    """Keras' callback params: ``epochs, steps`` (None where unknown), ``verbose``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightFacts:
    """One weight variable of the model."""

    name: str
    """Path within the model, e.g. ``conv2d/kernel`` or ``backbone/block1/conv/kernel``; unique."""
    shape: tuple[int, ...]
    dtype: str
    trainable: bool
    layer: str = ""
    """The layer's path; empty for a weight that belongs to the model itself."""
    initial_std: float | None = None
    """Standard deviation before training, over at most 65,536 elements; None if not read."""
    initial_constant: bool = False
    """All elements were equal before training."""
    initial_mean: float | None = None
    initializer: str = ""
    """Class name of the layer's initializer for it, e.g. ``GlorotUniform``; empty if unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerFacts:
    """One layer, in forward order as far as that is known."""

    name: str
    """Path within the model, e.g. ``conv2d`` or ``backbone/block1_conv``; unique."""
    class_name: str
    module: str = ""
    """Python module of the class, e.g. ``keras.src.layers.core.dense``: tells Keras' own from others'."""
    trainable: bool = True
    dtype_policy: str = "float32"
    input_shape: tuple[int | None, ...] | None = None
    output_shape: tuple[int | None, ...] | None = None
    """None for unknown, and for layers with several inputs or outputs."""
    n_params: int = 0
    n_trainable_params: int = 0
    config: Mapping[str, JSON] = field(default_factory=dict)
    """Scalars of the layer's config that rules need, where it has them: ``activation`` (name),
    ``units, filters, kernel_size, strides, padding, data_format, rate, scale, offset, axis, mean,
    variance, invert, input_dim, output_dim, mask_zero, use_bias, kernel_regularizer,
    target_shape, momentum, num_tokens, output_mode``; adapted statistics of ``Normalization`` are
    lists of at most 64."""
    inbound: tuple[str, ...] = ()
    """Paths of the layers whose outputs it reads, where the graph is known (Sequential, Functional)."""
    parent: str = ""
    """Path of the nested model that it sits in; empty at the top."""
    is_preprocessing: bool = False
    """Rescaling, Normalization, random augmentation and their like."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """What is known of the model without data. Logged again when it changes."""

    name: str
    class_name: str
    kind: Literal["sequential", "functional", "subclassed"]
    layers: tuple[LayerFacts, ...] = ()
    weights: tuple[WeightFacts, ...] = ()
    inputs: tuple[TensorLayout, ...] = ()
    """What the model was built for: names, static shapes (batch axis None), dtypes."""
    outputs: tuple[TensorLayout, ...] = ()
    loss: JSON = None
    """How it was compiled: None, or ``{"name", "from_logits" (bool or None), "reduction", "custom" (bool),
    "label_smoothing"}``, or a dict or list of such, in the structure of the outputs."""
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
    Missing where it can't be told."""
    output_units: Mapping[str, int] = field(default_factory=dict)
    """Prediction name -> size of its last axis."""
    backbones: Mapping[str, str] = field(default_factory=dict)
    """Layer path -> family of `keras.applications` that it is, e.g. ``{"": "resnet50"}`` for the model itself."""
    entries: Mapping[str, str] = field(default_factory=dict)
    """Name of an entry tensor -> path of the trainable layer that reads it."""

    def layer(self, name: str) -> LayerFacts | None:
        """Returns the layer with this path, or None."""
        return next((layer for layer in self.layers if layer.name == name), None)


# --------------------------------------------------------------------------------------------------
# Layouts: what the columns of samples mean


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorLayout:
    """One tensor of which every sample holds statistics."""

    name: str
    """The user's own name: a dict key, the name of the `Input` or output; ``x``, ``y``, ``y_pred``, ``sample_weight``
    where there is one without a name; ``x/0``, ``x/a/b`` in nested structures."""
    role: Role
    stage: Stage = "fed"
    """``fed``: as the training step got it. ``entry``: as the first trainable layer reads it."""
    shape: tuple[int | None, ...] | None = None
    """Static shape with the batch axis, e.g. ``(None, 28, 28, 1)``; None if the rank is unknown."""
    dtype: str = "float32"
    kind: Kind = "dense"
    layer: str = ""
    """For ``entry``: path of the layer that reads it. For predictions: of the layer that makes it, if known."""
    layer_class: str = ""
    sources: tuple[str, ...] = ()
    """For ``entry``: names of the inputs that it comes from."""
    same_as_fed: bool = False
    """For ``entry``: it is the fed tensor itself; only a cast lies between."""
    feature_axis: int | None = None
    """Axis of `TensorTable.feature_*`: the last one, or 1 for channels_first images; None: none kept."""
    features: tuple[int, ...] = ()
    """Indices along `feature_axis` of the features kept, at most `MAX_FEATURES`."""
    n_features: int = 0
    """Size of `feature_axis`."""
    n_classes: int = 0
    """Length of this tensor's part of `TensorTable.class_counts`; 0: not counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Names the rows of the tables in the samples that refer to it by `id`."""

    id: int
    """Unique within a session."""
    split: Split
    tensors: tuple[TensorLayout, ...] = ()
    weights: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    """Paths of the layers in forward order; a layer called several times has rows ``name``, ``name#2``, ..."""

    def feature_slice(self, index: int) -> slice:
        """Returns where tensor `index` lies in the `feature_*` columns."""
        start = sum(len(t.features) for t in self.tensors[:index])
        return slice(start, start + len(self.tensors[index].features))

    def class_slice(self, index: int) -> slice:
        """Returns where tensor `index` lies in the `class_counts` column."""
        start = sum(t.n_classes for t in self.tensors[:index])
        return slice(start, start + self.tensors[index].n_classes)


# --------------------------------------------------------------------------------------------------
# Samples

MAX_RANK = 8
"""Axes of a shape that are kept."""

COLUMNS: Mapping[str, Mapping[str, tuple[str, tuple[str | int, ...]]]] = {
    "sample": {
        "layout": ("i4", ()),
        "step": ("i8", ()),
        "epoch": ("i4", ()),
        "wall_time": ("f8", ()),
        "batch_size": ("i8", ()),
        "loss": ("f8", ()),
        "penalty": ("f8", ()),
        "learning_rate": ("f8", ()),
        "step_time_s": ("f8", ()),
        "cost_s": ("f8", ()),
        "loss_scale": ("f8", ()),
        "gradient_norm": ("f8", ()),
        "clipped_gradient_norm": ("f8", ()),
        "skipped": ("u1", ()),
    },
    "tensors": {
        "shape": ("i8", ("T", MAX_RANK)),
        "count": ("i8", ("T",)),
        "min": ("f8", ("T",)),
        "max": ("f8", ("T",)),
        "mean": ("f8", ("T",)),
        "std": ("f8", ("T",)),
        "nan_count": ("i8", ("T",)),
        "inf_count": ("i8", ("T",)),
        "negative_inf_count": ("i8", ("T",)),
        "zero_fraction": ("f4", ("T",)),
        "whole_fraction": ("f4", ("T",)),
        "one_hot_fraction": ("f4", ("T",)),
        "row_sum_min": ("f4", ("T",)),
        "row_sum_max": ("f4", ("T",)),
        "quantiles": ("f4", ("T", N_QUANTILES)),
        "bad_examples": ("i4", ("T", MAX_BAD_EXAMPLES)),
        "feature_min": ("f4", ("F",)),
        "feature_max": ("f4", ("F",)),
        "feature_mean": ("f4", ("F",)),
        "feature_std": ("f4", ("F",)),
        "class_counts": ("f4", ("C",)),
        "example_ids": ("u4", (MAX_EXAMPLE_IDS,)),
    },
    "weights": {
        "gradient_norm": ("f4", ("W",)),
        "gradient_max_abs": ("f4", ("W",)),
        "gradient_zero_fraction": ("f4", ("W",)),
        "gradient_nonfinite_count": ("f4", ("W",)),
        "clipped_gradient_norm": ("f4", ("W",)),
        "weight_norm": ("f4", ("W",)),
        "weight_nonfinite_count": ("f4", ("W",)),
        "update_ratio": ("f4", ("W",)),
    },
    "layers": {
        "mean": ("f4", ("L",)),
        "std": ("f4", ("L",)),
        "max_abs": ("f4", ("L",)),
        "zero_fraction": ("f4", ("L",)),
        "nonfinite_count": ("f4", ("L",)),
        "dead_fraction": ("f4", ("L",)),
        "saturated_fraction": ("f4", ("L",)),
    },
}
"""Table -> column -> (NumPy dtype, shape of one sample's part).

``T`` tensors, ``F`` features of all tensors one after the other (`Layout.feature_slice`), ``C`` class
counts of all tensors one after the other (`Layout.class_slice`), ``W`` weights, ``L`` layers.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorTable:
    """Statistics of every tensor of a layout, one row a tensor, over one batch.

    `min`, `max`, `mean` and `std` (population) are over finite values and NaN where there are none. Under a
    distribution strategy they are those of the global batch.
    """

    shape: I8
    """``[T, MAX_RANK]``, padded with -1."""
    count: I8
    """``[T]``: number of values."""
    min: F8
    max: F8
    mean: F8
    std: F8
    nan_count: I8
    inf_count: I8
    """``[T]``: infinities of either sign."""
    negative_inf_count: I8
    zero_fraction: F4
    """``[T]``, 0..1 of all values."""
    whole_fraction: F4
    """``[T]``, 0..1 of all values: those equal to their rounded value."""
    one_hot_fraction: F4
    """``[T]``, 0..1: rows along the last axis with one 1 and else 0; NaN for a last axis shorter than 2."""
    row_sum_min: F4
    row_sum_max: F4
    """``[T]``: extremes of the sums along the last axis; NaN for a last axis shorter than 2."""
    quantiles: F4
    """``[T, N_QUANTILES]`` of the finite values, of at most 4,096 evenly spaced elements; NaN if none is finite."""
    bad_examples: I4
    """``[T, MAX_BAD_EXAMPLES]``: the first examples of the batch with a NaN or infinity, padded with -1."""
    feature_min: F4
    feature_max: F4
    feature_mean: F4
    feature_std: F4
    """``[F]``: over all axes but the feature axis, of finite values; see `Layout.feature_slice`."""
    class_counts: F4
    """``[C]``: examples (for sequences and maps: positions) of each class id; see `Layout.class_slice`."""
    example_ids: U4
    """``[MAX_EXAMPLE_IDS]``: fingerprints of the first examples over all inputs, equal for equal examples; 0: none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightTable:
    """One row a trainable weight, in the order of `Layout.weights`. NaN: not known."""

    gradient_norm: F4
    """L2 norm of the gradient as it reaches the optimizer, with loss scaling undone."""
    gradient_max_abs: F4
    gradient_zero_fraction: F4
    """1 where the gradient is None: the loss does not depend on the weight."""
    gradient_nonfinite_count: F4
    clipped_gradient_norm: F4
    """After clipping; equal to `gradient_norm` where the optimizer does not clip."""
    weight_norm: F4
    """L2 norm before the update."""
    weight_nonfinite_count: F4
    """After the update, of at most 65,536 elements in evenly spaced stretches; at least 1 if any other is not
    finite."""
    update_ratio: F4
    """Norm of the update over norm of the weight, over at most 65,536 elements in evenly spaced stretches;
    inf if only the weight is 0, 0 if the update is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerTable:
    """One row a layer call, in forward order; statistics of its (first) output. NaN: not known.

    Computed over the first examples of the batch, of at most 65,536 values together, or of up to 262,144 where dead
    units are counted and each would have less than 128 of them (at least one example). `nonfinite_count` is of these,
    and at least 1 if any other value of the activation is not finite.
    """

    mean: F4
    std: F4
    max_abs: F4
    zero_fraction: F4
    nonfinite_count: F4
    dead_fraction: F4
    """Units (last axis, or channels) that are 0 at every position of every example looked at; NaN unless
    the layer ends in a ReLU-like activation."""
    saturated_fraction: F4
    """Values in the outer 1 % of the range of tanh, sigmoid or hard variants; NaN for other activations."""


@dataclass(frozen=True, slots=True)
class TensorView:
    """One row of a `TensorTable` with its layout: what a rule looks at."""

    layout: TensorLayout
    table: TensorTable
    index: int
    features: slice
    classes: slice

    @property
    def name(self) -> str:
        """The tensor's name."""
        return self.layout.name

    @property
    def subject(self) -> str:
        """How alerts name it: ``input:x``, ``target:y``, ``prediction:y_pred``, ``sample_weight:sample_weight``."""
        return f"{self.layout.role}:{self.layout.name}"

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of this batch."""
        sizes: list[int] = self.table.shape[self.index].tolist()
        while sizes and sizes[-1] < 0:  # padding
            sizes.pop()
        return tuple(sizes)

    @property
    def count(self) -> int:
        """Number of values."""
        return int(self.table.count[self.index])

    @property
    def nan_count(self) -> int:
        """Number of NaN."""
        return int(self.table.nan_count[self.index])

    @property
    def inf_count(self) -> int:
        """Number of infinities of either sign."""
        return int(self.table.inf_count[self.index])

    @property
    def bad_examples(self) -> tuple[int, ...]:
        """Indices in the batch of the first examples with NaN or infinities."""
        return tuple(int(i) for i in self.table.bad_examples[self.index] if i >= 0)

    @property
    def quantiles(self) -> F4:
        """``[N_QUANTILES]``."""
        row: F4 = self.table.quantiles[self.index]
        return row

    @property
    def feature_min(self) -> F4:
        """``[len(layout.features)]``."""
        return self.table.feature_min[self.features]

    @property
    def feature_max(self) -> F4:
        """``[len(layout.features)]``."""
        return self.table.feature_max[self.features]

    @property
    def feature_mean(self) -> F4:
        """``[len(layout.features)]``."""
        return self.table.feature_mean[self.features]

    @property
    def feature_std(self) -> F4:
        """``[len(layout.features)]``."""
        return self.table.feature_std[self.features]

    @property
    def class_counts(self) -> F4:
        """``[layout.n_classes]``."""
        return self.table.class_counts[self.classes]

    def value(self, column: str) -> float:
        """Returns a scalar column of this row, e.g. ``view.value("mean")``."""
        return float(getattr(self.table, column)[self.index])

    @property
    def min(self) -> float:
        """Smallest finite value."""
        return float(self.table.min[self.index])

    @property
    def max(self) -> float:
        """Largest finite value."""
        return float(self.table.max[self.index])

    @property
    def mean(self) -> float:
        """Mean of the finite values."""
        return float(self.table.mean[self.index])

    @property
    def std(self) -> float:
        """Population standard deviation of the finite values."""
        return float(self.table.std[self.index])


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What the probe saw of one training, validation or prediction step. NaN: not known."""

    layout: int
    """`Layout.id`."""
    split: Split
    """That of the layout."""
    step: int
    """The optimizer's iterations when training began, plus the batches since: the first step of a fresh model is 0.
    (Loss scaling that skips updates leaves the iterations behind.) For validation, that of the next training step."""
    epoch: int
    wall_time: float
    batch_size: int
    """Of the global batch."""
    loss: float
    """The batch's own loss with penalties, not Keras' running mean."""
    penalty: float
    """The part of `loss` that regularizers and `add_loss` contribute."""
    learning_rate: float
    step_time_s: float
    """Seconds that this execution took, divided by its steps."""
    cost_s: float
    """Seconds that sampling it cost, as far as measured."""
    loss_scale: float
    """1 without loss scaling."""
    gradient_norm: float
    """Global L2 norm, loss scaling undone, before clipping."""
    clipped_gradient_norm: float
    skipped: bool
    """Loss scaling skipped the update because a gradient was not finite."""
    tensors: TensorTable
    weights: WeightTable | None = None
    layers: LayerTable | None = None

    def views(self, layout: Layout, role: Role | None = None, stage: Stage | None = None) -> Iterator[TensorView]:
        """Yields the tensors of this sample, optionally of one role or stage.

        Args:
            layout: The layout with ``layout.id == self.layout``.
            role: Keep only this role.
            stage: Keep only this stage.
        """
        features = classes = 0
        for index, tensor in enumerate(layout.tensors):
            feature_end = features + len(tensor.features)
            class_end = classes + tensor.n_classes
            if (role is None or tensor.role == role) and (stage is None or tensor.stage == stage):
                yield TensorView(tensor, self.tensors, index, slice(features, feature_end), slice(classes, class_end))
            features, classes = feature_end, class_end


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses:
    """Losses of successive training steps, sampled or not."""

    step: I8
    """``[n]``, increasing."""
    loss: F4
    """``[n]``: the steps' own losses; with `steps_per_execution` > 1 the mean over an execution, at its last step."""
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochEnd:
    """Keras' logs at the end of an epoch, training and validation (``val_...``)."""

    epoch: int
    step: int
    wall_time: float
    logs: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Images:
    """Thumbnails of the first examples of an image-like input."""

    step: int
    split: Split
    name: str
    """`TensorLayout.name`."""
    stage: Stage
    pixels: U8
    """``[n, height, width, channels]`` with channels 1 or 3, at most 64 pixels a side."""
    low: float
    high: float
    """The values that pixel 0 and 255 stand for."""
    labels: tuple[str, ...] = ()
    """The examples' targets as short text, where they are class ids or one-hot."""


# --------------------------------------------------------------------------------------------------
# Failures, costs, alerts, the end


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An exception that came out of a step, or out of `fit` before its first step."""

    step: int
    wall_time: float
    split: Split
    exception: str
    """Class name, e.g. ``ValueError``, ``InvalidArgumentError``, ``KeyboardInterrupt``."""
    message: str
    """At most 4,000 characters."""
    where: str = ""
    """Path of the layer whose call raised, if known."""
    fed: tuple[TensorLayout, ...] = ()
    """What the step got: names, roles, shapes (of the batch where known), dtypes."""
    reached: tuple[TensorLayout, ...] = ()
    """What the layer that raised was called with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedBatch:
    """A batch that was put aside because of values that are not finite; comes before the `Sample` of its step."""

    step: int
    wall_time: float
    split: Split
    path: str
    """The file, absolute: `numpy.load` opens it. Its arrays are named as alerts name their subjects: ``input:x``."""
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What watching has cost so far."""

    step: int
    wall_time: float
    elapsed_s: float
    """Since training began."""
    spent_s: float
    """Seconds of it that the callback took, as measured: samples' extra time, reading, rules, logging.

    While every step was sampled there is no other to compare with, and it is the host's part of it: see `is_least`.
    """
    setup_s: float
    """Of `spent_s`: tracing and compiling the probed step."""
    samples: int
    steps: int
    every: float
    """Steps between samples at present."""
    log_bytes: int

    @property
    def share(self) -> float:
        """Part of the time that watching took while training ran, without what was set up once; NaN if not known."""
        elapsed_s = self.elapsed_s - self.setup_s
        return max(0.0, self.spent_s - self.setup_s) / elapsed_s if elapsed_s > 0 else math.nan

    @property
    def is_least(self) -> bool:
        """Whether it took more than this, because every step was sampled."""
        return self.samples >= self.steps


ALERT_STATES = ("open", "resolved")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A finding. Logged again whenever it changes; the last one with an `id` counts."""

    id: int
    """Unique within a session, in order of opening."""
    rule: str
    severity: Severity
    subject: str
    """``input:x``, ``target:y``, ``prediction:y_pred``, ``sample_weight:...``, ``layer:conv2d``,
    ``weight:conv2d/kernel``, ``loss``, ``optimizer``, ``model``, ``data``, ``training``."""
    split: Split
    first_step: int
    last_step: int
    count: int
    """Samples on which it held."""
    message: str
    """One sentence: what is wrong, with the decisive numbers."""
    evidence: Mapping[str, JSON]
    """Numbers by name, for people and for drawing, e.g. ``{"min": 0.0, "max": 255.0, "expected_max_abs": 20.0}``."""
    why: str
    """Why it matters: one or two sentences."""
    fix: str
    """What to do; lines of code that can be pasted."""
    state: Literal["open", "resolved"] = "open"
    resolved_step: int | None = None
    reopened: int = 0
    consequences: tuple[str, ...] = ()
    """One line each: alerts that were folded into this one, being its symptoms."""
    wall_time: float = 0.0
    """When it opened."""
    caused_by: int | None = None
    """`id` of the alert that turned out to be its cause: this one is a line of that one's `consequences` from
    `resolved_step` on, and no finding of its own."""

    def __str__(self) -> str:
        return f"{self.severity.name} {self.rule} [{self.subject}] step {self.first_step}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnd:
    """The last record. A session without one is still running, or died."""

    wall_time: float
    step: int
    status: Literal["finished", "stopped", "failed", "interrupted"]
    """``stopped``: by `stop_on`; ``failed``: an exception; ``interrupted``: KeyboardInterrupt."""
    reason: str = ""
    recording_stopped_step: int | None = None
    """Where recording stopped because something failed inside the callback; `reason` says what."""


Record: TypeAlias = (
    SessionStart
    | ModelFacts
    | Layout
    | Sample
    | Losses
    | EpochEnd
    | Images
    | Failure
    | SavedBatch
    | Cost
    | Alert
    | SessionEnd
)


def table_columns(
    table: str, *, T: int = 0, F: int = 0, C: int = 0, W: int = 0, L: int = 0
) -> dict[str, tuple[np.dtype[Any], tuple[int, ...]]]:
    """Returns column -> (dtype, shape of one sample's part) of a table with the sizes filled in."""
    sizes: dict[str, int] = {"T": T, "F": F, "C": C, "W": W, "L": L}
    return {
        name: (np.dtype(dtype), tuple(sizes[n] if isinstance(n, str) else n for n in shape))
        for name, (dtype, shape) in COLUMNS[table].items()
    }


def layout_sizes(layout: Layout) -> dict[str, int]:
    """Returns the sizes T, F, C, W and L of a layout's tables."""
    return {
        "T": len(layout.tensors),
        "F": sum(len(t.features) for t in layout.tensors),
        "C": sum(t.n_classes for t in layout.tensors),
        "W": len(layout.weights),
        "L": len(layout.layers),
    }


def _same_columns(cls: type, table: str) -> bool:
    return [f.name for f in fields(cls)] == list(COLUMNS[table])


assert _same_columns(TensorTable, "tensors")
assert _same_columns(WeightTable, "weights")
assert _same_columns(LayerTable, "layers")
