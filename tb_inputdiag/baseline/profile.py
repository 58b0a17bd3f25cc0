"""What the inputs of a run are like: the samples of training, or a whole data set, in the form of a baseline."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from tb_inputdiag.records import (
    BASELINE_LEVELS,
    F4,
    F8,
    MAX_CLASSES,
    N_QUANTILES,
    Baseline,
    BaselineColumn,
    BaselineTensor,
    CallStart,
    DataSummary,
    DataTensor,
    EpochEnd,
    Layout,
    Record,
    Sample,
    SessionStart,
    TensorLayout,
    TensorView,
)
from tb_inputdiag.statistics.pooling import Spread, pooled

__all__ = ["Extent", "InputProfile", "profile_of", "tensor_of_data", "tensor_of_samples"]

_ROLES = ("input", "target")
_LEVELS = [round(level * (N_QUANTILES - 1)) for level in BASELINE_LEVELS]
_MOST_CATEGORIES = 1000
_LEAST_PER_CATEGORY = 5
"""Examples of a category on average. With fewer, these are names, or amounts."""


class Extent(NamedTuple):
    """Range and moments of numbers: of all values of a tensor, or of each of its columns."""

    low: F8
    high: F8
    spread: Spread


@dataclass
class _SeenTensor:
    """One tensor over the samples so far."""

    view: TensorView
    examples: int = 0
    gaps: bool = False
    whole: bool = True
    low: float = np.inf
    high: float = -np.inf
    spread: Spread = field(default_factory=lambda: Spread(np.zeros(1), np.zeros(1), np.zeros(1)))
    column_low: F8 = field(default_factory=lambda: np.zeros(0))
    column_high: F8 = field(default_factory=lambda: np.zeros(0))
    columns: Spread = field(default_factory=lambda: Spread(np.zeros(0), np.zeros(0), np.zeros(0)))
    classes: F8 = field(default_factory=lambda: np.zeros(0))

    def add(self, view: TensorView, examples: int) -> None:
        self.view = view
        self.examples += examples
        self.gaps |= bool(view.nan_count or view.inf_count)
        self.whole &= view.value("whole_fraction") == 1
        if np.isfinite(view.mean):
            self.low, self.high = min(self.low, view.min), max(self.high, view.max)
            self.spread = pooled([self.spread, _spread(view.mean, view.std, examples)])
        low, high = view.feature_min.astype(np.float64), view.feature_max.astype(np.float64)
        if len(low) != len(self.column_low):  # the first sample, or another layout of the columns
            self.column_low, self.column_high = low, high
            self.columns = Spread(*(np.zeros(len(low)) for _ in range(3)))
        self.column_low, self.column_high = np.fmin(self.column_low, low), np.fmax(self.column_high, high)
        self.columns = pooled([self.columns, _spread(view.feature_mean, view.feature_std, examples)])
        counts = view.class_counts.astype(np.float64)
        self.classes = counts + self.classes if len(counts) == len(self.classes) else counts

    def tensor(self, most: int | None) -> BaselineTensor:
        return tensor_of_samples(
            self.view.layout,
            examples=self.examples if most is None else min(self.examples, most),
            has_gaps=self.gaps,
            whole=self.whole,
            values=Extent(np.array([self.low]), np.array([self.high]), self.spread),
            columns=Extent(self.column_low, self.column_high, self.columns),
            classes=self.classes,
        )


def _spread(mean: float | F4, std: float | F4, n: int) -> Spread:
    means = np.atleast_1d(np.asarray(mean, np.float64))
    counts = np.where(np.isfinite(means), float(n), 0.0)
    deviations = np.nan_to_num(np.atleast_1d(np.asarray(std, np.float64))) ** 2 * counts
    return Spread(counts, np.nan_to_num(means), deviations)


class InputProfile:
    """The inputs and targets of a run, from its samples or from a whole data set."""

    def __init__(self) -> None:
        self.samples = 0
        self._seen: dict[str, _SeenTensor] = {}
        self._whole: tuple[BaselineTensor, ...] = ()
        self._per_epoch: int | None = None

    def add_sample(self, sample: Sample, layout: Layout) -> None:
        """Adds a training sample."""
        self.samples += 1
        for view in sample.views(layout, stage="fed"):
            if view.layout.role in _ROLES:
                self._seen.setdefault(view.subject, _SeenTensor(view)).add(view, sample.batch_size)

    def see_epoch(self, steps: int | None, batch_size: int) -> None:
        """Notes how long an epoch is: further epochs hold the same examples again."""
        if steps and self._per_epoch is None:
            self._per_epoch = steps * batch_size

    def add_data(self, data: DataSummary) -> None:
        """Takes a whole data set instead of samples."""
        self._whole = tuple(tensor_of_data(tensor, data.examples) for tensor in data.tensors if tensor.role in _ROLES)

    @property
    def tensors(self) -> tuple[BaselineTensor, ...]:
        """Inputs and targets, as far as they are known."""
        return self._whole or tuple(seen.tensor(self._per_epoch) for seen in self._seen.values())


def tensor_of_samples(
    layout: TensorLayout, *, examples: int, has_gaps: bool, whole: bool, values: Extent, columns: Extent, classes: F8
) -> BaselineTensor:
    """Returns a tensor that was seen in samples, in the form of a baseline.

    Args:
        layout: The tensor's, as last seen.
        examples: How many examples were seen.
        has_gaps: Whether there were NaN or infinities.
        whole: Whether all values were whole numbers.
        values: Of all its values: arrays of one element.
        columns: Of each of `TensorLayout.features`; empty without them.
        classes: How often each class id was seen, ``[classes]``; empty without them.
    """
    numbers = next(_numbers(values), None)
    total = float(classes.sum())
    return BaselineTensor(
        name=layout.name,
        role=layout.role,
        dtype=layout.dtype,
        shape=None if layout.shape is None else (None, *layout.shape[1:]),
        examples=examples,
        has_gaps=has_gaps,
        whole=numbers is not None and whole,
        min=None if numbers is None else numbers.min,
        max=None if numbers is None else numbers.max,
        mean=None if numbers is None else numbers.mean,
        std=None if numbers is None else numbers.std,
        columns=tuple(
            BaselineColumn(
                name=str(layout.features[found.at]),
                place=layout.features[found.at],
                min=found.min,
                max=found.max,
                mean=found.mean,
                std=found.std,
            )
            for found in _numbers(columns)
        ),
        categories={str(i): n / total for i, n in enumerate(classes.tolist()) if n} if total else {},
        all_categories=bool(total),
    )


class _Numbers(NamedTuple):
    at: int
    min: float
    max: float
    mean: float
    std: float


def _numbers(extent: Extent) -> Iterator[_Numbers]:
    """Yields the numbers of all values, or of each column, that has finite ones."""
    spread = extent.spread
    std = np.sqrt(spread.m2 / np.maximum(spread.n, 1))
    for at, (low, high) in enumerate(zip(extent.low.tolist(), extent.high.tolist(), strict=True)):
        if spread.n[at] and np.isfinite(low) and np.isfinite(high):
            yield _Numbers(at, low, high, float(spread.mean[at]), float(std[at]))


def tensor_of_data(tensor: DataTensor, examples: int) -> BaselineTensor:
    """Returns a tensor of a whole data set in the form of a baseline."""
    n = (tensor.count - tensor.nan_count - tensor.inf_count).astype(np.float64)
    total = float(n.sum())
    mean = float(np.nansum(n * tensor.mean) / total) if total else 0.0
    m2 = float(np.nansum(n * (tensor.std**2 + (tensor.mean - mean) ** 2)))
    columns = tuple(
        BaselineColumn(
            name=name,
            place=int(tensor.places[i]),
            min=float(tensor.min[i]),
            max=float(tensor.max[i]),
            mean=float(tensor.mean[i]),
            std=float(tensor.std[i]),
            quantiles=tuple(float(tensor.quantiles[i, level]) for level in _LEVELS),
        )
        for i, name in enumerate(tensor.columns)
        if n[i]
    )
    repeated = tensor.n_categories <= examples / _LEAST_PER_CATEGORY
    classes = tensor.kind == "string" or tensor.n_categories <= MAX_CLASSES
    listed = dict(list(tensor.categories.items())[:_MOST_CATEGORIES]) if repeated and classes else {}
    counted = sum(tensor.categories.values())
    return BaselineTensor(
        name=tensor.name,
        role=tensor.role,
        dtype=tensor.dtype,
        shape=tensor.shape,
        examples=examples,
        has_gaps=bool(tensor.n_bad_examples),
        whole=tensor.whole,
        min=float(np.nanmin(tensor.min)) if total else None,
        max=float(np.nanmax(tensor.max)) if total else None,
        mean=mean if total else None,
        std=float(np.sqrt(m2 / total)) if total else None,
        columns=columns,
        categories={name: n / counted for name, n in listed.items()},
        all_categories=bool(listed) and tensor.n_categories == len(listed),
    )


def profile_of(records: Iterable[Record], source: str) -> Baseline:
    """Returns what the inputs of a session are like: its training samples, or its training data as a whole.

    Args:
        records: Of the session, in order.
        source: Its id.
    """
    profile, layouts, steps, batch_size = InputProfile(), dict[int, Layout](), 0, 0
    for record in records:
        match record:
            case Layout():
                layouts[record.id] = record
            case SessionStart() | CallStart():
                planned = record.params.get("steps")
                steps = planned if isinstance(planned, int) else 0
            case Sample() if record.split == "train" and record.layout in layouts:
                batch_size = record.batch_size
                profile.add_sample(record, layouts[record.layout])
            case EpochEnd():
                profile.see_epoch(steps or record.step + 1, batch_size)
            case DataSummary() if record.part == "train":
                profile.add_data(record)
    return Baseline(source=source, tensors=profile.tensors)
