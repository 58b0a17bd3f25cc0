"""What a pass over a data set found, as tables of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tb_inputdiag.numbers import count, format_number, percent, shape_text, short, size_bytes, whole
from tb_inputdiag.records import DataSummary, DataTensor

__all__ = ["ColumnTable", "column_tables", "part_facts"]

_LABELS = {"sample_weight": "weight"}
_MOST_COLUMNS = 20
_MOST_CHANNELS = 4
_MOST_CATEGORIES = 6
_MOST_EXAMPLES = 5


@dataclass(frozen=True)
class ColumnTable:
    """A table of the columns of one tensor."""

    title: str
    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    note: str = ""
    """What the table leaves out, as a sentence."""


def part_facts(data: DataSummary) -> Iterator[tuple[str, str]]:
    """Yields (label, text) of what is known of a part of a data set as a whole."""
    yield "examples", f"{whole(data.examples)}, {size_bytes(data.n_bytes)}"
    for tensor in data.tensors:
        yield _LABELS.get(tensor.role, tensor.role), _tensor_line(tensor)
    yield "copies", _copies(data)
    for overlap in data.overlaps:
        share = overlap.n_examples / max(data.examples, 1)
        first = _listed(overlap.examples.tolist(), overlap.n_examples)
        text = f"{whole(overlap.n_examples)} ({percent(share)}) with the {overlap.other} data{first}"
        yield "shared", text if overlap.n_examples else f"none with the {overlap.other} data"


def _copies(data: DataSummary) -> str:
    if not data.n_copies:
        return "none"
    about = "about " if data.compared < 1 else ""
    text = f"{about}{whole(data.n_copies)} ({percent(data.n_copies / max(data.examples, 1))})"
    text += _listed(data.copies.tolist(), data.n_copies)
    return text + (f"; {whole(data.n_relabelled)} with another target" if data.n_relabelled else "")


def _listed(examples: Sequence[int], total: int) -> str:
    shown = ", ".join(whole(example) for example in examples[:_MOST_EXAMPLES])
    return f": examples {shown}{', ...' if total > _MOST_EXAMPLES else ''}" if shown else ""


def _tensor_line(tensor: DataTensor) -> str:
    shape = "" if tensor.shape is None else f" {shape_text(tensor.shape)}"
    parts = [f"{tensor.name}: {tensor.dtype}{shape}"]
    if tensor.kind == "dense" and np.isfinite(tensor.min).any():
        low, high = float(np.nanmin(tensor.min)), float(np.nanmax(tensor.max))
        parts.append(f"{format_number(low)} to {format_number(high)}")
        if tensor.role == "input" and not (tensor.shape is not None and len(tensor.shape) == 2):
            mean, std = _moments(tensor)
            parts.append(f"mean {format_number(mean)}, std {format_number(std)}")
    if tensor.categories:
        parts.append(_categories(tensor))
    elif tensor.kind == "string":
        parts.append("more than 65,536 different texts")
    if tensor.n_bad_examples:
        what = "without text" if tensor.kind == "string" else "with NaN or infinities"
        listed = _listed(tensor.bad_examples.tolist(), tensor.n_bad_examples)
        parts.append(f"{count(tensor.n_bad_examples, 'example')} {what}{listed.replace(': examples', ':')}")
    if len(tensor.shapes) > 1:
        parts.append(f"{len(tensor.shapes)} different shapes or dtypes")
    return ", ".join(parts)


def _moments(tensor: DataTensor) -> tuple[float, float]:
    """Returns mean and standard deviation of all columns together."""
    n = (tensor.count - tensor.nan_count - tensor.inf_count).astype(np.float64)
    mean = float(np.nansum(n * tensor.mean) / n.sum())
    return mean, float(np.sqrt(np.nansum(n * (tensor.std**2 + (tensor.mean - mean) ** 2)) / n.sum()))


def _categories(tensor: DataTensor) -> str:
    total = max(sum(tensor.categories.values()), 1)
    kind = "class" if tensor.role == "target" else "category"
    named = [f"{name}: {percent(n / total)}" for name, n in list(tensor.categories.items())[:_MOST_CATEGORIES]]
    more = ", ..." if tensor.n_categories > _MOST_CATEGORIES else ""
    plural = {"class": "classes", "category": "categories"}[kind]
    return f"{count(tensor.n_categories, kind, plural)} ({', '.join(named)}{more})"


def column_tables(data: DataSummary) -> Iterator[ColumnTable]:
    """Yields a table of the columns of each numeric input that has several: of a table, or of colours."""
    for tensor in data.tensors:
        is_table = tensor.shape is not None and len(tensor.shape) == 2 and len(tensor.columns) > 1
        if tensor.role != "input" or not (is_table or 1 < tensor.n_columns <= _MOST_CHANNELS):
            continue
        rows = [_column_row(tensor, i) for i in range(min(len(tensor.columns), _MOST_COLUMNS))]
        left = tensor.n_columns - len(rows)
        note = f"{count(left, 'more column')}: result.{data.part}.tensor({tensor.subject!r}) has all." if left else ""
        if tensor.quantile_error:
            error = percent(tensor.quantile_error)
            note = f"{note} The median is of {whole(tensor.sampled)} random examples: off by at most {error} of them."
        header = ("column", "min", "median", "max", "mean", "std", "gaps")
        yield ColumnTable(f"columns of {tensor.name}", header, rows, note.strip())


def _column_row(tensor: DataTensor, i: int) -> tuple[str, ...]:
    middle = tensor.quantiles.shape[1] // 2
    numbers = (tensor.min[i], tensor.quantiles[i, middle], tensor.max[i], tensor.mean[i], tensor.std[i])
    gaps = int(tensor.nan_count[i] + tensor.inf_count[i])
    return (tensor.columns[i], *(short(float(number)) for number in numbers), whole(gaps) if gaps else "-")
