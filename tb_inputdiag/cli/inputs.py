"""``inputs``: statistics of the tensors of sampled batches."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tb_inputdiag.cli.arguments import InputsArguments
from tb_inputdiag.cli.options import Chosen, print_json, select
from tb_inputdiag.cli.parser import CLEAN
from tb_inputdiag.cli.terminal import Terminal, sparkline
from tb_inputdiag.log.quantities import SplitQuantities
from tb_inputdiag.log.subjects import SubjectSeries
from tb_inputdiag.numbers import count, interval, percent, short, whole
from tb_inputdiag.records import ExpectedRange, Layout, Role, Split, Stage

__all__ = ["TensorRow", "expected_text", "inputs", "reduce_finite", "role_text", "tensor_rows"]

_SPLITS: tuple[Split, ...] = ("train", "validation", "predict")


@dataclass(frozen=True)
class _Kind:
    """A group of `SplitQuantities`."""

    role: Role
    stage: Stage
    text: str


_KINDS: dict[str, _Kind] = {
    "inputs": _Kind("input", "fed", "input"),
    "entries": _Kind("input", "entry", "at layer"),
    "targets": _Kind("target", "fed", "target"),
    "predictions": _Kind("prediction", "fed", "output"),
    "sample_weights": _Kind("sample_weight", "fed", "weight"),
}


@dataclass(frozen=True, kw_only=True)
class TensorRow:
    """Statistics of a tensor over all samples of a session. NaN: not known."""

    run: str
    session: str
    split: Split
    kind: str
    """A group of `SplitQuantities`: ``inputs``, ``entries``, ``targets``, ..."""
    name: str
    dtype: str
    layer: str
    """The layer that reads it; "" except for entries."""
    shape: tuple[int | None, ...] | None
    samples: int
    min: float
    mean: float
    max: float
    std: float
    zero_fraction: float
    whole_fraction: float
    nan_count: int
    inf_count: int
    nonfinite_fraction: float
    expected: tuple[ExpectedRange, ...]
    """Ranges in which rules expected the values."""
    means: NDArray[Any]
    """``[samples]``: the mean of each sample."""


def tensor_rows(item: Chosen) -> Iterator[TensorRow]:
    """Yields statistics of each tensor, by split and role."""
    layouts = list(item.session.layouts.values())
    ranges = item.session.expected_ranges
    for split in _SPLITS:
        values: SplitQuantities = item.session.split(split)
        for group, kind in _KINDS.items():
            for name, row in getattr(values, group).items():
                yield _tensor_row(item, layouts, ranges, split, group, kind, name, row)


def _tensor_row(
    item: Chosen,
    layouts: Sequence[Layout],
    ranges: Sequence[ExpectedRange],
    split: Split,
    group: str,
    kind: _Kind,
    name: str,
    row: SubjectSeries,
) -> TensorRow:
    tensors = (tensor for layout in layouts if layout.split == split for tensor in layout.tensors)
    known = [tensor for tensor in tensors if (tensor.name, tensor.role, tensor.stage) == (name, kind.role, kind.stage)]
    newest = known[-1] if known else None
    subject = f"{kind.role}:{name}"
    return TensorRow(
        run=item.run.name,
        session=item.session.id,
        split=split,
        kind=group,
        name=name,
        dtype=newest.dtype if newest else "",
        layer=newest.layer if newest else "",
        shape=newest.shape if newest else None,
        samples=len(row.mean),
        min=reduce_finite(np.min, row.min),
        mean=reduce_finite(np.mean, row.mean),
        max=reduce_finite(np.max, row.max),
        std=reduce_finite(np.mean, row.std),
        zero_fraction=reduce_finite(np.mean, row.zero_fraction),
        whole_fraction=reduce_finite(np.mean, row.whole_fraction),
        nan_count=int(row.nan_count.values.sum()),
        inf_count=int(row.inf_count.values.sum()),
        nonfinite_fraction=_nonfinite_fraction(row),
        expected=tuple(found for found in ranges if (found.subject, found.stage) == (subject, kind.stage)),
        means=row.mean.values,
    )


def _nonfinite_fraction(row: SubjectSeries) -> float:
    counts, nan, inf = (column.values.astype(np.float64) for column in (row.count, row.nan_count, row.inf_count))
    if len(counts) != len(nan) or len(counts) != len(inf):
        # Damage affects single columns. Where one of these lacks a part of the samples, only totals can be compared.
        return float(min(1.0, (nan.sum() + inf.sum()) / max(counts.sum(), 1.0)))
    return float(((nan + inf) / np.maximum(counts, 1)).mean()) if len(counts) else 0.0


def reduce_finite(reduce: Callable[[Any], Any], values: ArrayLike) -> float:
    """Returns e.g. the mean of the finite values; NaN if there is none."""
    kept = np.asarray(values, np.float64)
    kept = kept[np.isfinite(kept)]
    with np.errstate(all="ignore"):
        return float(reduce(kept)) if len(kept) else math.nan


def expected_text(ranges: Sequence[ExpectedRange]) -> str:
    """Returns e.g. ``-20 to 20``; "" if no rule has judged the tensor."""
    return "; ".join(dict.fromkeys(interval(found.low, found.high) for found in ranges))


def role_text(row: TensorRow) -> str:
    """Returns a word or two for what a tensor is: ``input``, ``at layer``, ``target``, ..."""
    return _KINDS[row.kind].text


def inputs(arguments: InputsArguments, terminal: Terminal) -> int:
    """Prints what was fed, and what the first trainable layers read."""
    selection = select(arguments)
    chosen = selection.sessions
    found = {item: list(tensor_rows(item)) for item in chosen}
    if arguments.format == "json":
        print_json([_fields(row) for rows in found.values() for row in rows], terminal)
    else:
        for place, (item, rows) in enumerate(found.items()):
            if place:
                terminal.print()
            if len(chosen) > 1:
                terminal.heading(item.title)
            _print(rows, terminal)
    selection.warn()
    return CLEAN


def _fields(row: TensorRow) -> dict[str, object]:
    names = [field.name for field in dataclasses.fields(row) if field.name != "means"]
    return {name: getattr(row, name) for name in names}


def _print(rows: Sequence[TensorRow], terminal: Terminal) -> None:
    if not rows:
        terminal.print("No step was sampled.")
    for place, split in enumerate(dict.fromkeys(row.split for row in rows)):
        if place:
            terminal.print()
        some = [row for row in rows if row.split == split]
        terminal.print(f"{split}, {count(max(row.samples for row in some), 'sample')}")
        terminal.table(
            ["name", "role", "dtype", "shape", "expected", "min", "mean", "max", "std", "NaN", "zeros", "means"],
            [_cells(row, terminal) for row in some],
            left=5,
            drop=("means", "zeros", "shape", "std", "dtype"),
        )


def _cells(row: TensorRow, terminal: Terminal) -> list[str]:
    bad = row.nan_count + row.inf_count
    return [
        row.name,
        role_text(row),
        row.dtype,
        "?" if row.shape is None else "x".join("?" if n is None else str(n) for n in row.shape),
        expected_text(row.expected) or "-",
        *(short(value) for value in (row.min, row.mean, row.max, row.std)),
        whole(bad) if bad else "-",
        percent(row.zero_fraction),
        sparkline(row.means, 8, unicode=terminal.unicode),
    ]
