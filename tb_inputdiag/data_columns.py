"""The columns of a data set, each in all its parts, with the findings about it: for every table of a data set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tb_inputdiag.records import F8, Alert, DataSummary, DataTensor, Part, Role

__all__ = ["ColumnPart", "DataColumn", "DataTable", "data_tables", "moments_together"]

_MOST_CATEGORIES = 24
"""Of each part; what is among those of one part is described in all of them."""
_MOST_CHANNELS = 16
"""Of more, in examples with several axes, none means anything alone: these are the pixels of a row of an image."""
_ROLES: tuple[Role, ...] = ("input", "target", "sample_weight", "prediction")


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnPart:
    """One column in one part of the data. Statistics are over finite values, and NaN where there are none."""

    part: Part
    dtype: str
    values: int
    """How many there are, missing ones included."""
    missing: int
    """NaN, infinities, and missing text."""
    min: float
    median: float
    max: float
    mean: float
    std: float
    quantiles: tuple[float, ...] = ()
    """At even probabilities; empty for text."""
    distinct: int = 0
    """Different texts or class ids; 0: not counted, or too many."""
    categories: tuple[tuple[str, int], ...] = ()
    """Some of them with their number of examples, the most frequent first; the same ones in all parts."""

    @property
    def missing_share(self) -> float:
        """The share of the values that is missing, 0..1."""
        return self.missing / max(self.values, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataColumn:
    """A column of a table, a channel of images, or a tensor that has no columns."""

    name: str
    """Of the column; that of the tensor if it is the only one."""
    parts: tuple[ColumnPart, ...]
    findings: tuple[Alert, ...] = ()
    """About this column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataTable:
    """The columns of one tensor of the data."""

    name: str
    role: Role
    shape: tuple[int | None, ...] | None
    """With the axis of the examples, which is None; None: not known."""
    n_columns: int
    """Columns that there are; more than are described if there are many."""
    columns: tuple[DataColumn, ...]
    findings: tuple[Alert, ...] = ()
    """About several columns together."""


def data_tables(parts: Sequence[DataSummary], alerts: Sequence[Alert], most: int | None = None) -> list[DataTable]:
    """Returns the tables of a data set: the inputs first, then targets and weights.

    Args:
        parts: What the pass over each part found.
        alerts: The findings.
        most: Columns of a table to describe; beyond it only those with a finding. None: all.
    """
    subjects: dict[str, DataTensor] = {}
    for data in parts:
        for tensor in data.tensors:
            subjects.setdefault(tensor.subject, tensor)
    ordered = sorted(subjects.values(), key=lambda tensor: _ROLES.index(tensor.role))
    return [
        _table(tensor, parts, [alert for alert in alerts if alert.subject == tensor.subject], most)
        for tensor in ordered
    ]


def _table(tensor: DataTensor, parts: Sequence[DataSummary], alerts: Sequence[Alert], most: int | None) -> DataTable:
    names = tensor.columns if _has_columns(tensor) else ("",)
    single = len(names) == 1
    about = {alert.id: tuple(names) if single else tuple(_named(alert, names)) for alert in alerts}
    columns = []
    for place, name in enumerate(names):
        findings = tuple(alert for alert in alerts if name in about[alert.id])
        if most is None or place < most or findings:
            seen = tuple(_parts_of(tensor.subject, name, parts))
            columns.append(DataColumn(name=tensor.name if single else name, parts=seen, findings=findings))
    return DataTable(
        name=tensor.name,
        role=tensor.role,
        shape=tensor.shape,
        n_columns=1 if single else tensor.n_columns,
        columns=tuple(columns),
        findings=tuple(alert for alert in alerts if not about[alert.id]),
    )


def _has_columns(tensor: DataTensor) -> bool:
    is_table = tensor.shape is None or len(tensor.shape) <= 2
    return len(tensor.columns) > 1 and (is_table or tensor.n_columns <= _MOST_CHANNELS)


def _named(alert: Alert, names: Sequence[str]) -> Iterator[str]:
    """Yields the columns that the evidence of a finding names."""
    columns = alert.evidence.get("columns")
    several = list(columns) if isinstance(columns, (list, tuple)) else []
    named = {str(item) for item in (*several, alert.evidence.get("column"))}
    return (name for name in names if name in named)


def _parts_of(subject: str, name: str, parts: Sequence[DataSummary]) -> Iterator[ColumnPart]:
    known = [tensor for data in parts if (tensor := data.tensor(subject)) is not None]
    shown = tuple(dict.fromkeys(text for tensor in known for text in tuple(tensor.categories)[:_MOST_CATEGORIES]))
    for data in parts:
        tensor = data.tensor(subject)
        if tensor is None:
            continue
        if not tensor.columns:
            yield _text(data, tensor, shown)
        elif not name:
            yield _numbers(data.part, tensor, slice(None), shown)
        elif name in tensor.columns:
            place = tensor.columns.index(name)
            yield _numbers(data.part, tensor, slice(place, place + 1), ())


def _text(data: DataSummary, tensor: DataTensor, shown: Sequence[str]) -> ColumnPart:
    nan = float("nan")
    return ColumnPart(
        part=data.part,
        dtype=tensor.dtype,
        values=data.examples,
        missing=tensor.n_bad_examples,
        min=nan,
        median=nan,
        max=nan,
        mean=nan,
        std=nan,
        distinct=tensor.n_categories,
        categories=_counts(tensor, shown),
    )


def _numbers(part: Part, tensor: DataTensor, which: slice, shown: Sequence[str]) -> ColumnPart:
    """Returns some columns as one. The quantiles of several are those of an even mixture of them."""
    count, missing = tensor.count[which], (tensor.nan_count + tensor.inf_count)[which]
    mean, std = moments_together((count - missing).astype(np.float64), tensor.mean[which], tensor.std[which])
    by_column = tensor.quantiles[which]
    levels = np.linspace(0, 1, by_column.shape[1])
    known = by_column[np.isfinite(by_column).all(1)].astype(np.float64)
    quantiles = np.quantile(known, levels) if len(known) else np.full(len(levels), np.nan)
    low, high = tensor.min[which], tensor.max[which]
    return ColumnPart(
        part=part,
        dtype=tensor.dtype,
        values=int(count.sum()),
        missing=int(missing.sum()),
        min=float(np.nanmin(low)) if np.isfinite(low).any() else float("nan"),
        median=float(quantiles[len(levels) // 2]),
        max=float(np.nanmax(high)) if np.isfinite(high).any() else float("nan"),
        mean=mean,
        std=std,
        quantiles=tuple(quantiles.tolist()),
        distinct=tensor.n_categories if shown else 0,
        categories=_counts(tensor, shown),
    )


def moments_together(n: F8, means: F8, stds: F8) -> tuple[float, float]:
    """Returns mean and standard deviation of several columns together; NaN where there are no values.

    Args:
        n: ``[K]``: finite values.
        means: ``[K]``
        stds: ``[K]``
    """
    total = n.sum()
    if not total:
        return float("nan"), float("nan")
    mean = float(np.nansum(n * means) / total)
    return mean, float(np.sqrt(np.nansum(n * (stds**2 + (means - mean) ** 2)) / total))


def _counts(tensor: DataTensor, shown: Sequence[str]) -> tuple[tuple[str, int], ...]:
    found = [(text, n) for text in shown if (n := tensor.categories.get(text, 0))]
    return tuple(sorted(found, key=lambda item: -item[1]))
