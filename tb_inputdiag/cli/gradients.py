"""``gradients``: gradient norms of each trainable weight."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.cli.arguments import GradientsArguments
from tb_inputdiag.cli.inputs import reduce_finite
from tb_inputdiag.cli.options import Chosen, print_json, select
from tb_inputdiag.cli.parser import CLEAN
from tb_inputdiag.cli.terminal import Terminal, sparkline
from tb_inputdiag.numbers import count, percent, short, whole

__all__ = ["GradientRow", "gradient_rows", "gradients"]


@dataclass(frozen=True, kw_only=True)
class GradientRow:
    """A weight's gradient over all samples of a session. NaN: not known."""

    run: str
    session: str
    weight: str
    samples: int
    first: float
    """Norm in the first sample."""
    median: float
    last: float
    max: float
    zero_fraction: float
    nonfinite_samples: int
    """Samples with a NaN or infinity."""
    update_ratio: float
    """Median of the norm of the update over the norm of the weight."""
    weight_norm: float
    """Norm of the weight in the last sample."""
    norms: NDArray[Any]
    """``[samples]``: the norm in each sample."""


def gradient_rows(item: Chosen) -> Iterator[GradientRow]:
    """Yields the gradient of each trainable weight, in forward order."""
    session = item.session
    for name, row in session.gradients.items():
        norms = row.norm.values
        weight = session.weights[name]
        yield GradientRow(
            run=item.run.name,
            session=session.id,
            weight=name,
            samples=len(norms),
            first=float(norms[0]) if len(norms) else math.nan,
            median=reduce_finite(np.median, norms),
            last=float(norms[-1]) if len(norms) else math.nan,
            max=reduce_finite(np.max, norms),
            zero_fraction=reduce_finite(np.mean, row.zero_fraction),
            nonfinite_samples=int((row.nonfinite_count.values > 0).sum()),
            update_ratio=reduce_finite(np.median, weight.update_ratio),
            weight_norm=float(weight.norm.values[-1]) if len(weight.norm) else math.nan,
            norms=norms,
        )


def gradients(arguments: GradientsArguments, terminal: Terminal) -> int:
    """Prints gradient norms and update ratios of each trainable weight, in forward order."""
    selection = select(arguments)
    chosen = selection.sessions
    found = {item: _largest(list(gradient_rows(item)), arguments.top) for item in chosen}
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


def _fields(row: GradientRow) -> dict[str, object]:
    names = [field.name for field in dataclasses.fields(row) if field.name != "norms"]
    return {name: getattr(row, name) for name in names}


def _largest(rows: list[GradientRow], top: int | None) -> list[GradientRow]:
    """Returns the rows of the `top` largest gradients, non-finite ones first; all rows in their order for None."""
    if top is None:
        return rows
    return sorted(rows, key=lambda row: row.median if math.isfinite(row.median) else math.inf, reverse=True)[:top]


def _print(rows: Sequence[GradientRow], terminal: Terminal) -> None:
    if not rows:
        terminal.print("No gradient was sampled: nothing was trained in this session.")
        return
    terminal.print(f"gradient norms, {count(rows[0].samples, 'sample')}")
    header = ["weight", "first", "median", "last", "max", "NaN", "update", "zeros", "norms"]
    terminal.table(header, [_cells(row, terminal) for row in rows], drop=("first", "norms", "zeros", "last"))


def _cells(row: GradientRow, terminal: Terminal) -> list[str]:
    return [
        row.weight,
        *(short(value) for value in (row.first, row.median, row.last, row.max)),
        f"{whole(row.nonfinite_samples)}/{whole(row.samples)}" if row.nonfinite_samples else "-",
        short(row.update_ratio),
        percent(row.zero_fraction),
        sparkline(row.norms, 8, unicode=terminal.unicode),
    ]
