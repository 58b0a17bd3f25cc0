"""What a pass over a data set found, as tables of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tb_inputdiag.data_columns import ColumnPart, DataColumn, DataTable, data_tables, moments_together
from tb_inputdiag.numbers import count, format_number, percent, shape_text, short, size_bytes, whole
from tb_inputdiag.records import Alert, DataSummary, DataTensor, split_of

__all__ = ["ColumnTable", "column_tables", "columns_of_parts", "part_facts"]

_LABELS = {"sample_weight": "weight"}
_MOST_COLUMNS = 20
_MOST_IN_PAGE = 100
_BARS = 16
_LEVELS = "▁▂▃▄▅▆▇█"
_MOST_CATEGORIES = 6
_MOST_IN_CELL = 3
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
            n = (tensor.count - tensor.nan_count - tensor.inf_count).astype(np.float64)
            mean, std = moments_together(n, tensor.mean, tensor.std)
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


def _categories(tensor: DataTensor) -> str:
    total = max(sum(tensor.categories.values()), 1)
    kind = "class" if tensor.role == "target" else "category"
    named = [f"{name}: {percent(n / total)}" for name, n in list(tensor.categories.items())[:_MOST_CATEGORIES]]
    more = ", ..." if tensor.n_categories > _MOST_CATEGORIES else ""
    plural = {"class": "classes", "category": "categories"}[kind]
    return f"{count(tensor.n_categories, kind, plural)} ({', '.join(named)}{more})"


def column_tables(data: DataSummary) -> Iterator[ColumnTable]:
    """Yields a table of the columns of each numeric input that has several, narrow enough for a terminal."""
    for table in data_tables([data], []):
        tensor = data.tensor(f"{table.role}:{table.name}")
        if table.role != "input" or table.n_columns < 2 or tensor is None:
            continue
        rows = [_column_row(column.name, column.parts[0]) for column in table.columns[:_MOST_COLUMNS]]
        left = table.n_columns - len(rows)
        note = f"{count(left, 'more column')}: result.{data.part}.tensor({tensor.subject!r}) has all." if left else ""
        header = ("column", "min", "median", "max", "mean", "std", "gaps")
        yield ColumnTable(f"columns of {tensor.name}", header, rows, f"{note} {_of_sample(tensor, 'median')}".strip())


def _of_sample(tensor: DataTensor, what: str) -> str:
    if not tensor.quantile_error:
        return ""
    examples = count(tensor.sampled, "random example")
    if tensor.quantile_error > 1:
        return f"The {what} is of {examples}."
    return f"The {what} is of {examples}: off by at most {percent(tensor.quantile_error)} of them."


def _column_row(name: str, seen: ColumnPart) -> tuple[str, ...]:
    numbers = (seen.min, seen.median, seen.max, seen.mean, seen.std)
    return (name, *map(short, numbers), whole(seen.missing) if seen.missing else "-")


def columns_of_parts(parts: Sequence[DataSummary], alerts: Sequence[Alert]) -> Iterator[ColumnTable]:
    """Yields a table of all columns, each in all parts below each other, with the findings about it; for a page."""
    tables = data_tables(parts, alerts, _MOST_IN_PAGE)
    rows = [row for table in tables for column in table.columns for row in _rows_of(table, column)]
    if not rows:
        return
    left = {table.name: table.n_columns - len(table.columns) for table in tables}
    notes = [f"{count(n, 'more column')} of {name} without a finding." for name, n in left.items() if n > 0]
    notes += [text for data in parts[:1] for tensor in data.tensors[:1] if (text := _of_sample(tensor, "distribution"))]
    header = ("column", "part", "findings", "type", "missing", "min", "mean", "max", "std", "distribution")
    yield ColumnTable("Columns", header, rows, " ".join(notes))


def _rows_of(table: DataTable, column: DataColumn) -> Iterator[tuple[str, ...]]:
    name = f"{table.name}[..., {column.name}]" if table.n_columns > 1 and column.name.isdigit() else column.name
    for seen in column.parts:
        numbers = (seen.min, seen.mean, seen.max, seen.std)
        about = [alert for alert in column.findings if alert.split == split_of(seen.part)]
        yield (
            name,
            seen.part,
            ", ".join(f"{alert.severity.name} {alert.rule}" for alert in about),
            seen.dtype,
            percent(seen.missing_share) if seen.missing else "-",
            *("" if np.isnan(number) else short(number) for number in numbers),
            _distribution(seen),
        )


def _distribution(seen: ColumnPart) -> str:
    """Returns the most frequent categories, or a histogram of block characters."""
    if seen.categories:
        total = max(seen.values - seen.missing, 1)
        named = [f"{name}: {percent(n / total)}" for name, n in seen.categories[:_MOST_IN_CELL]]
        more = ", ..." if seen.distinct > len(named) or not seen.distinct else ""
        return ", ".join(named) + more
    if seen.dtype == "string":
        return "more than 65,536 different texts"
    values = np.asarray(seen.quantiles)
    if not np.isfinite(values).any() or values[0] == values[-1]:
        return ""
    levels = np.linspace(0, 1, len(values))
    edges = np.linspace(values[0], values[-1], _BARS + 1)
    # the share below an edge: of values that repeat, all of them
    below = np.interp(edges, values + np.arange(len(values)) * 1e-9 * (values[-1] - values[0]), levels)
    shares = np.sqrt(np.maximum(np.diff(below), 0))
    places = np.ceil(shares / max(float(shares.max()), 1e-9) * (len(_LEVELS) - 1)).astype(int)
    return "".join(_LEVELS[place] for place in places)
