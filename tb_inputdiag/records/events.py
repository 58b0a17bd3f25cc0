"""Records of a session other than its samples: start and end, losses, epochs, images, failures, costs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np

from tb_inputdiag.records.layouts import TensorLayout
from tb_inputdiag.records.values import F4, I8, JSON, MAX_SIDE, SCHEMA_VERSION, U8, Split, Stage

__all__ = [
    "ArgumentFacts",
    "ArgumentKind",
    "CallStart",
    "Cost",
    "EpochEnd",
    "Failure",
    "Images",
    "Losses",
    "Mode",
    "OperandFacts",
    "Place",
    "SavedBatch",
    "SessionEnd",
    "SessionStart",
    "SizeFacts",
]

Place: TypeAlias = Literal["step", "data", "build", "compile", "save", "load", "other"]
"""Where in a program an exception was raised."""
ArgumentKind: TypeAlias = Literal[
    "array",
    "class",
    "dataset",
    "dict",
    "frame",
    "function",
    "generator",
    "layer",
    "list",
    "loader",
    "model",
    "none",
    "number",
    "object",
    "pydataset",
    "series",
    "symbolic",
    "tensor",
    "text",
]
"""What an argument is, for people and rules."""
Mode: TypeAlias = Literal["fit", "evaluate", "predict", "watch", "call", "data"]
"""What is recorded: a call of one of Keras' methods, a block of `InputDiagnostics.watch`, another call of Keras that
raised (such a session holds its `Failure` and the alerts about it), or a whole data set by `check_data`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStart:
    """The first record. A session holds the calls with one callback and one model, which follow each other.

    A call is one of `fit`, `evaluate` or `predict`, or a `watch` block. This record describes the first one. A session
    of `check_data` holds the parts of a data set: for each a `DataSummary`, a `Layout`, and a `Sample` of all examples
    together.
    """

    session: str
    """Unique and sortable by time, e.g. ``20261123T231405-1a2b3c``."""
    wall_time: float
    """Seconds since the epoch."""
    mode: Mode = "fit"
    schema_version: int = SCHEMA_VERSION
    versions: Mapping[str, str] = field(default_factory=dict)
    """``{"python": ..., "tb_inputdiag": ..., "keras": ..., "tensorflow": ..., "numpy": ...}``, or ``jax`` or ``torch``
    in the place of TensorFlow: the backend of Keras."""
    settings: Mapping[str, JSON] = field(default_factory=dict)
    """The callback's arguments: ``every, overhead_budget, rules, stop_on, images, ...``."""
    host: str = ""
    pid: int = 0
    worker: int = 0
    workers: int = 1
    """Index and number of the processes of a multi-worker training run."""
    params: Mapping[str, JSON] = field(default_factory=dict)
    """Keras' callback params: ``epochs, steps`` (missing where unknown), ``verbose``. Of `fit` also ``class_weight``,
    as pairs of key and weight, and for arrays ``batch_size`` and ``shuffle``: whether Keras shuffles them. Where Keras'
    own callbacks follow a metric also ``monitors``, a list of ``{"callback", "monitor", "mode"}``, with
    ``validation_freq`` and ``own_callbacks``: whether callbacks of the user's own may add to Keras' logs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStart:
    """A later call of a session begins, after the `SessionEnd` of the one before."""

    number: int
    """Calls before it in this session: 1 for the second one."""
    wall_time: float
    step: int
    """The training step that comes next. Steps go on from call to call."""
    epoch: int = 0
    """Epochs before it. Keras numbers the epochs of each `fit` from 0; those of a session go on."""
    mode: Mode = "fit"
    params: Mapping[str, JSON] = field(default_factory=dict)
    """As in `SessionStart`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses:
    """Losses of successive training steps, sampled or not."""

    step: I8
    """``[n]``, increasing."""
    loss: F4
    """``[n]``: the loss of each step. With `steps_per_execution` > 1: the mean over an execution, at its last step."""
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochEnd:
    """Keras' logs at the end of an epoch, training and validation (``val_...``)."""

    epoch: int
    """From 0; goes on in the later calls of a session."""
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
    """The values that pixels 0 and 255 represent."""
    labels: tuple[str, ...] = ()
    """The targets of the examples as short text, if they are class ids or one-hot."""

    def __post_init__(self) -> None:
        """Checks the pixels: they may come from a damaged log.

        Raises:
            ValueError: if they are not pictures of at most 64 pixels a side.
        """
        pixels = self.pixels
        if not (
            pixels.dtype == np.uint8
            and pixels.ndim == 4
            and pixels.shape[3] in (1, 3)
            and 0 < min(pixels.shape[1:3]) <= max(pixels.shape[1:3]) <= MAX_SIDE
        ):
            raise ValueError(
                f"pixels must be uint8 [n, height, width, 1 or 3] with sides of at most {MAX_SIDE}. "
                f"Received: {pixels.dtype} {list(pixels.shape)}."
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ArgumentFacts:
    """One argument of the call that raised, or a part of it. No data is copied, except numbers and short text."""

    name: str
    """As in the signature. Parts of lists and dicts follow their whole: ``x``, ``x/0``, ``x/image``. ``self`` is the
    object whose method was called."""
    type: str
    """Package and class, e.g. ``numpy.ndarray``, ``pandas.DataFrame``, ``list``."""
    kind: ArgumentKind = "object"
    variable: str = ""
    """The variable that holds it in the user's program, where it is a variable."""
    made: str = ""
    """The last assignment of the variable above the call, at most 80 characters; of a generator, its last ``yield``."""
    shape: tuple[int | None, ...] | None = None
    """None if it has no shape. That of a list counts its elements, axis by axis, as far as they are equally long."""
    dtype: str = ""
    """Empty if it has none; ``mixed`` for a table whose columns differ."""
    value: JSON = None
    """Of numbers, text (at most 80 characters), and lists of at most 8 whole numbers; the name of a function, class,
    layer or model."""
    length: int | None = None
    """Elements of a list."""
    element_types: tuple[str, ...] = ()
    """Types of the first elements of a list, or of an array of text or objects."""
    element_shapes: tuple[tuple[int | None, ...], ...] = ()
    """Shapes of its first elements, if they have any."""
    equal_shapes: bool = True
    """Whether the shapes of the first 256 elements are equal."""
    numeric_text: bool = False
    """Whether its first elements are text that could be read as numbers."""
    odd_text: str | None = None
    """The first text that is not a number, of an array or a column whose other texts are mostly numbers."""
    low: float | None = None
    """Smallest finite value of an array of at most 10 million numbers; None if it is unknown."""
    high: float | None = None
    """The largest one."""
    nonfinite: int = 0
    """How many of its values are NaN or infinite; 0 if that is unknown."""
    text_columns: tuple[str, ...] = ()
    """Columns of a table that hold text or objects."""
    keys: tuple[str, ...] = ()
    """Of a dict."""
    parts: int = 0
    """Of a `tf.data.Dataset`: the length of the tuples that it yields; 1 if it yields something else."""
    element_spec: str = ""
    """Of a `tf.data.Dataset`."""
    cardinality: int | None = None
    """Of a `tf.data.Dataset`; -1: infinite, -2: unknown."""
    layers: tuple[str, ...] = ()
    """Classes of layers in order: those of a list or of a Sequential model, the one in a wrapper, or those that a
    symbolic tensor has gone through, at most 8."""

    @property
    def yields_batches(self) -> bool:
        """Whether it is a data set, a generator or a loader, not an array."""
        return self.kind in ("dataset", "generator", "pydataset", "loader")


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeFacts:
    """A whole number that is written in the user's program, with the code on both sides of it."""

    size: int
    line: int
    """Number of its line in the file of the innermost line of `Failure.lines`."""
    before: str
    """E.g. ``noise = keras.random.normal((batch,`` before the number."""
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OperandFacts:
    """One of the two operands of the operation that raised, in the innermost line of the user's program."""

    code: str
    """At most 80 characters."""
    variables: tuple[ArgumentFacts, ...] = ()
    """The variables and attributes of `self` in it that have a shape; `name` is as in the line."""
    made: str = ""
    """The last assignment above the line, if the operand is a variable; the first one in its class, if it is an
    attribute of `self`. In one line, at most 80 characters."""
    sizes: tuple[SizeFacts, ...] = ()
    """The whole numbers above 1 that it was made from, the nearest one first, at most 12."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An exception: of a step, or of any other call of Keras."""

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
    """What the step received: names, roles, shapes (of the batch where known), dtypes. If no step ran: what the call
    was given; then the first axis counts all examples."""
    reached: tuple[TensorLayout, ...] = ()
    """What the layer that raised was called with."""
    place: Place = "step"
    call: str = ""
    """The call of Keras that the user's program made, e.g. ``Sequential.fit``, ``Conv2D.__call__``, ``load_model``;
    empty if unknown."""
    arguments: tuple[ArgumentFacts, ...] = ()
    """The arguments of `call` as the user's program gave them."""
    lines: tuple[str, ...] = ()
    """Lines of the user's program, as ``train.py:12: model.fit(x, y)``: the one that made the call, and the innermost
    one if it is another."""
    operands: tuple[OperandFacts, ...] = ()
    """The two operands of the operation in the innermost line, if it is such an operation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedBatch:
    """A batch that was saved because it led to NaN or infinities; logged before the `Sample` of its step."""

    step: int
    wall_time: float
    split: Split
    path: str
    """Path of the file, for `numpy.load`: absolute, relative to the run folder of a log at a URL. Its arrays
    are named like the subjects of alerts: ``input:x``."""
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What the callback has cost so far."""

    step: int
    wall_time: float
    elapsed_s: float
    """Seconds since training began, without those between two calls."""
    spent_s: float
    """Seconds of `elapsed_s` that the callback took: extra time of sampled steps, reading, rules, logging.

    If every step was sampled, there is no other step to compare with. Then only the host's part is counted: see
    `is_least`.
    """
    setup_s: float
    """The part of `spent_s` that went into tracing and compiling the probed step."""
    samples: int
    steps: int
    every: float
    """Current number of steps between samples."""
    log_bytes: int

    @property
    def share(self) -> float:
        """Fraction of the training time that the callback took, without the one-time setup; NaN if not known."""
        elapsed_s = self.elapsed_s - self.setup_s
        return max(0.0, self.spent_s - self.setup_s) / elapsed_s if elapsed_s > 0 else math.nan

    @property
    def is_least(self) -> bool:
        """Whether the true cost is higher, because every step was sampled."""
        return self.samples >= self.steps


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnd:
    """The end of a call. A session that ends with another record is still running, or it died.

    It is the last record, unless a further call follows: then comes a `CallStart`, and the session runs again.
    """

    wall_time: float
    step: int
    status: Literal["finished", "stopped", "failed", "interrupted"]
    """``stopped``: by `stop_on`; ``failed``: an exception; ``interrupted``: KeyboardInterrupt."""
    reason: str = ""
    recording_stopped_step: int | None = None
    """The step at which recording stopped because something failed inside the callback; `reason` says what."""
