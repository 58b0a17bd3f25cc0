"""What a pass over a whole data set found: one record for each part of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np

from tb_inputdiag.records.values import F4, F8, I8, N_QUANTILES, Kind, Role, Split

__all__ = ["MAX_COLUMNS", "DataSummary", "DataTensor", "Overlap", "Part", "ShapeCount", "no_places", "split_of"]

MAX_COLUMNS = 1024
"""Columns of a tensor that are described one by one. If there are more, evenly spaced ones are."""

Part: TypeAlias = Literal["train", "validation", "test"]
"""A part of a data set."""


def split_of(part: Part) -> Split:
    """Returns the split that the samples and alerts of a part belong to: test data is fed to `predict`."""
    return "predict" if part == "test" else part


def no_places() -> I8:
    """Returns an empty list of examples."""
    return np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeCount:
    """Examples that have the same shape and dtype."""

    shape: tuple[int, ...]
    """Without the axis of the examples."""
    dtype: str
    examples: int
    first: int
    """Index of the first of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataTensor:
    """One input, target or weight over all examples, column by column.

    The columns are those of a table, or the channels of images and series. K columns; statistics are over finite
    values, and NaN where there are none.
    """

    name: str
    """As `TensorLayout.name`."""
    role: Role
    dtype: str
    kind: Kind = "dense"
    shape: tuple[int | None, ...] | None = None
    """With the axis of the examples, which is None. Other axes are None where examples differ."""
    columns: tuple[str, ...] = ()
    """Names, or indices as text. Empty for text."""
    places: I8 = field(default_factory=no_places)
    """``[K]``: index of each along the feature axis."""
    n_columns: int = 0
    """Columns that there are; more than K if not all are described."""
    whole: bool = False
    """Whether all values are whole numbers."""
    count: I8 = field(default_factory=no_places)
    """``[K]``: values."""
    nan_count: I8 = field(default_factory=no_places)
    inf_count: I8 = field(default_factory=no_places)
    min: F8 = field(default_factory=lambda: np.zeros(0))
    max: F8 = field(default_factory=lambda: np.zeros(0))
    mean: F8 = field(default_factory=lambda: np.zeros(0))
    std: F8 = field(default_factory=lambda: np.zeros(0))
    min_example: I8 = field(default_factory=no_places)
    max_example: I8 = field(default_factory=no_places)
    """``[K]``: an example that holds the smallest and the largest value."""
    quantiles: F4 = field(default_factory=lambda: np.zeros((0, N_QUANTILES), np.float32))
    """``[K, N_QUANTILES]`` of the values of `sampled` examples."""
    tail: F8 = field(default_factory=lambda: np.zeros(0))
    """``[K]``: the distance from the median that all sampled values but the outermost ones keep: 0.05 % on either side,
    at least four."""
    low_count: I8 = field(default_factory=no_places)
    high_count: I8 = field(default_factory=no_places)
    """``[K]``: sampled values that equal the smallest and the largest one."""
    low_next: F8 = field(default_factory=lambda: np.zeros(0))
    high_next: F8 = field(default_factory=lambda: np.zeros(0))
    """``[K]``: the value next to the smallest and to the largest one among those sampled; NaN if there is none."""
    sampled: int = 0
    """Examples drawn at random for the quantiles; all of them if there are so many."""
    quantile_error: float = 0.0
    """Error of the quantiles in probability, exceeded with 5 % probability (Dvoretzky-Kiefer-Wolfowitz); 0: exact."""
    target_score: F8 = field(default_factory=lambda: np.zeros(0))
    """``[K]``: how well the column alone tells the target, 0..1. For classes, how often the nearest other example has
    the same class, as a mean over the classes; for numbers, the magnitude of the rank correlation. NaN: not judged."""
    bad_examples: I8 = field(default_factory=no_places)
    """Examples with NaN, infinities or missing text, in order; at most 65,536."""
    n_bad_examples: int = 0
    """How many there are."""
    categories: Mapping[str, int] = field(default_factory=dict)
    """Text, and whole numbers of targets -> examples, the most frequent first; at most 1,000."""
    n_categories: int = 0
    """How many different ones there are; 0: not counted, or more than 65,536."""
    shapes: tuple[ShapeCount, ...] = ()
    """Shapes and dtypes that came, the most frequent first; at most 64."""

    @property
    def subject(self) -> str:
        """How alerts name it; see `records.Alert.subject`."""
        return f"{self.role}:{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Examples of a part that are equal to examples of another part in all inputs."""

    other: Part
    examples: I8
    """Their indices, at most 65,536."""
    originals: I8
    """The index of an equal example of the other part, for each."""
    n_examples: int
    """How many there are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSummary:
    """A part of a data set, after one pass over all of it."""

    part: Part
    wall_time: float
    examples: int
    n_bytes: int
    """Bytes of all values."""
    elapsed_s: float
    tensors: tuple[DataTensor, ...] = ()
    copies: I8 = field(default_factory=no_places)
    """Examples that equal an earlier one in all inputs, at most 65,536."""
    originals: I8 = field(default_factory=no_places)
    """The index of the first example that each of them equals."""
    n_copies: int = 0
    """How many there are. An estimate if `compared` is below 1."""
    n_relabelled: int = 0
    """Copies whose target differs from that of the first one."""
    compared: float = 1.0
    """Share of the examples, chosen by their content, whose copies were searched."""
    overlaps: tuple[Overlap, ...] = ()
    """With each part that was read before."""

    def tensor(self, subject: str) -> DataTensor | None:
        """Returns the tensor that alerts name so, or None."""
        return next((tensor for tensor in self.tensors if tensor.subject == subject), None)
