"""What rules find: alerts with their pictures and curves, and the ranges that rules judge by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from tb_inputdiag._lazy import pretty_from, text_from
from tb_inputdiag.records.values import JSON, Role, Severity, Split, Stage

__all__ = [
    "ALERT_STATES",
    "Alert",
    "Consequence",
    "Curve",
    "Examples",
    "ExpectedRange",
    "LimitPicture",
    "NotJudged",
    "Picture",
    "Quantity",
    "RangePicture",
    "ShapesPicture",
    "ShownExample",
    "ShownExamples",
    "SizesPicture",
    "Span",
    "WordsPicture",
]

ALERT_STATES = ("open", "resolved")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A range of values, as a bar is drawn of it."""

    low: float
    high: float
    label: str = ""
    """A word or two: ``Seen``, ``Expected``, ``Validation``."""
    mark: float | None = None
    """A value to mark within, such as the mean."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RangePicture:
    """Ranges of values that were seen, above the range that was expected."""

    seen: tuple[Span, ...]
    expected: Span
    kind: Literal["range"] = "range"


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitPicture:
    """One number against its limit."""

    label: str
    """What the number is, e.g. ``units that are 0 throughout``."""
    value: float
    limit: float
    bound: Literal["at most", "at least"] = "at most"
    unit: Literal["", "fraction", "bytes", "s"] = ""
    """``fraction``: 0..1, shown in percent."""
    kind: Literal["limit"] = "limit"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapesPicture:
    """Two shapes, axis by axis; None is an axis of any size."""

    seen: tuple[int | None, ...]
    expected: tuple[int | None, ...]
    seen_label: str = "received"
    expected_label: str = "expected"
    kind: Literal["shapes"] = "shapes"


@dataclass(frozen=True, slots=True, kw_only=True)
class WordsPicture:
    """Two words side by side: dtypes, activations, the kinds of labels."""

    seen: str
    expected: str
    seen_label: str = "received"
    expected_label: str = "expected"
    kind: Literal["words"] = "words"


@dataclass(frozen=True, slots=True, kw_only=True)
class SizesPicture:
    """Sizes side by side, some far larger than others: columns of a table, classes, layers."""

    label: str
    """What is compared, e.g. ``typical size of each column``."""
    names: tuple[str, ...]
    sizes: tuple[float, ...]
    """One for each of `names`; not negative."""
    marked: tuple[int, ...] = ()
    """Places in `sizes` that stand out."""
    largest_ratio: float | None = None
    """Largest over smallest size that is fine, where the rule judges that."""
    kind: Literal["sizes"] = "sizes"


Picture: TypeAlias = RangePicture | LimitPicture | ShapesPicture | WordsPicture | SizesPicture


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """A logged number over time."""

    stream: Literal["losses", "samples", "tensors", "weights", "layers", "epochs"]
    column: str
    """A column of the stream: see `records.samples.COLUMNS`; a key of Keras' logs for ``epochs``."""
    name: str = ""
    """The tensor, weight or layer."""
    split: Split = "train"
    role: Role = "input"
    """Of tensors."""
    stage: Stage = "fed"
    """Of tensors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A curve that shows where something went wrong."""

    label: str
    quantity: Quantity
    low: Quantity | None = None
    high: Quantity | None = None
    """Drawn as a band around the curve."""
    beside: Quantity | None = None
    """For comparison."""
    beside_label: str = ""
    expected: Span | None = None
    """Where the values should lie."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownExample:
    """One example of one tensor of a batch, to look at: a thumbnail or a row of numbers."""

    subject: str
    """The tensor: ``input:x``, ``target:y``."""
    place: int
    """Its place in the batch, from 0."""
    png: str = ""
    """Of an image: a thumbnail as PNG in base64, at most `MAX_SIDE` pixels a side."""
    low: float = 0.0
    high: float = 0.0
    """Of an image: the values that are black and white in the thumbnail."""
    values: tuple[float, ...] = ()
    """Of anything else: at most `MAX_SHOWN_VALUES` successive values of the example, flattened."""
    first: int = 0
    """Index of the first of `values` in the example."""
    size: int = 0
    """How many values the example has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownExamples:
    """The examples that an alert names, as they were fed. Logged once, after the `Sample` that raised the alert."""

    subject: str
    """`Examples.subject` of the alert."""
    step: int
    split: Split
    examples: tuple[ShownExample, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """Single examples that show what is wrong, the first ones of a batch."""

    subject: str
    """The tensor: ``input:x``, ``target:y``."""
    step: int
    batch: tuple[int, ...]
    """Their places in the batch of that step, from 0."""
    rows: tuple[int, ...] = ()
    """Their rows in the arrays that `fit` was given, in the same order. Empty if these are shuffled, if the data are
    not arrays, and in validation."""
    shown: tuple[ShownExample, ...] = ()
    """The first of them to look at, with the other tensors of the same examples. Empty with ``images=0``, and where
    they could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequence:
    """An alert that was folded into another one, because it is its symptom."""

    rule: str
    subject: str
    text: str
    """Its message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedRange:
    """The range in which a rule expects the values of a tensor. Logged when the rule first judges the tensor."""

    rule: str
    subject: str
    """``input:x``, ``target:y``, ...; see `Alert.subject`."""
    stage: Stage = "fed"
    low: float | None = None
    high: float | None = None
    """None: no limit on that side."""
    reason: str = ""
    """Why, as a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotJudged:
    """A rule that could not judge this run."""

    rule: str
    reason: str
    """As a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A finding. Logged again whenever it changes; the last record with an `id` counts."""

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
    """Number of samples on which it held."""
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
    consequences: tuple[Consequence, ...] = ()
    """Alerts that were folded into this one, because they are its symptoms."""
    wall_time: float = 0.0
    """When it opened."""
    picture: Picture | None = None
    """What was seen against what was expected; None if the rule gives no picture."""
    curves: tuple[Curve, ...] = ()
    """Curves that show where it went wrong, the best one first. A run may lack some of them."""
    examples: Examples | None = None
    """Which examples show it; None if it is not about single ones, and in older logs."""
    rank: int = 0
    """How many rules' findings this alert's rule can explain. Among alerts of the same severity, the one that explains
    more comes first: it is more likely to be the cause."""
    caused_by: int | None = None
    """`id` of the alert that turned out to be its cause. From `resolved_step` on, this alert is one of the cause's
    `consequences` and not a finding of its own."""

    def __str__(self) -> str:
        return f"{self.severity.name} {self.rule} [{self.subject}] step {self.first_step}: {self.message}"

    _repr_html_ = text_from("tb_inputdiag.notebook.cards", "alert_html")
    _repr_pretty_ = pretty_from("tb_inputdiag.report.text", "format_alert")
