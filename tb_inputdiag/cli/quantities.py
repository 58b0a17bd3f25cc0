"""``inputs`` and ``gradients``: statistics of what was sampled."""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from tb_inputdiag.cli.options import Chosen, count, print_json, select
from tb_inputdiag.cli.parser import CLEAN
from tb_inputdiag.cli.terminal import Terminal, short_number, sparkline
from tb_inputdiag.log.quantities import SplitQuantities
from tb_inputdiag.log.subjects import SubjectSeries
from tb_inputdiag.records import Split

__all__ = ["gradient_rows", "gradients", "inputs", "tensor_rows"]

_SPLITS: tuple[Split, ...] = ("train", "validation", "predict")
_GROUPS = ("inputs", "entries", "targets", "predictions", "sample_weights")
_ROLE = {
    "inputs": "input",
    "entries": "at layer",
    "targets": "target",
    "predictions": "output",
    "sample_weights": "weight",
}


def tensor_rows(item: Chosen) -> Iterator[dict[str, Any]]:
    """Yields statistics over all samples of each tensor, as fields by name; ``means`` holds the curve."""
    layouts = item.session.layouts.values()
    for split in _SPLITS:
        values: SplitQuantities = item.session.split(split)
        for kind in _GROUPS:
            for name, row in getattr(values, kind).items():
                stage = "entry" if kind == "entries" else "fed"
                tensors = (tensor for layout in layouts if layout.split == split for tensor in layout.tensors)
                known = [tensor for tensor in tensors if tensor.name == name and tensor.stage == stage]
                yield {
                    "run": item.run.name,
                    "session": item.session.id,
                    "split": split,
                    "kind": kind,
                    "name": name,
                    "dtype": known[-1].dtype if known else "",
                    "layer": known[-1].layer if known else "",
                    "shape": list(known[-1].shape) if known and known[-1].shape is not None else None,
                    **_tensor_statistics(row),
                }


def _tensor_statistics(row: SubjectSeries) -> dict[str, Any]:
    with np.errstate(all="ignore"):
        return {
            "samples": len(row.mean),
            "min": _finite(np.fmin.reduce, row.min.values),
            "mean": _finite(np.mean, row.mean.values),
            "max": _finite(np.fmax.reduce, row.max.values),
            "std": _finite(np.mean, row.std.values),
            "zero_fraction": _finite(np.mean, row.zero_fraction.values),
            "whole_fraction": _finite(np.mean, row.whole_fraction.values),
            "nan_count": int(row.nan_count.values.sum()),
            "inf_count": int(row.inf_count.values.sum()),
            "nonfinite_fraction": _nonfinite_fraction(row),
            "means": row.mean.values,
        }


def _nonfinite_fraction(row: SubjectSeries) -> float:
    count, nan, inf = (column.values.astype(np.float64) for column in (row.count, row.nan_count, row.inf_count))
    if len(count) != len(nan) or len(count) != len(inf):
        # Damage costs the column that it hits: one of these lacks a part of the samples, and the totals have to do.
        return float(min(1.0, (nan.sum() + inf.sum()) / max(count.sum(), 1.0)))
    return float(((nan + inf) / np.maximum(count, 1)).mean()) if len(count) else 0.0


def _finite(reduce: Any, values: Any) -> float:
    kept = np.asarray(values, np.float64)
    kept = kept[np.isfinite(kept)]
    return float(reduce(kept)) if len(kept) else math.nan


def inputs(options: argparse.Namespace, terminal: Terminal) -> int:
    """Prints what was fed, and what the first trainable layers read."""
    selection = select(options)
    chosen = selection.sessions
    found = {item: list(tensor_rows(item)) for item in chosen}
    if options.format == "json":
        rows = [{k: v for k, v in row.items() if k != "means"} for some in found.values() for row in some]
        print_json(rows, terminal)
    else:
        for item, rows in found.items():
            if len(chosen) > 1:
                terminal.heading(item.title)
            _inputs_table(rows, terminal)
    selection.warn()
    return CLEAN


def _inputs_table(rows: list[dict[str, Any]], terminal: Terminal) -> None:
    if not rows:
        terminal.print("No step was sampled.")
    for split in dict.fromkeys(row["split"] for row in rows):
        some = [row for row in rows if row["split"] == split]
        terminal.print(f"{split}, {count(max(row['samples'] for row in some), 'sample')}")
        table = []
        for row in some:
            bad = row["nan_count"] + row["inf_count"]
            shape = "?" if row["shape"] is None else "x".join("?" if n is None else str(n) for n in row["shape"])
            table.append(
                [
                    row["name"],
                    _ROLE[row["kind"]],
                    row["dtype"],
                    shape,
                    *(short_number(row[name]) for name in ("min", "mean", "max", "std")),
                    f"{bad:,}" if bad else "-",
                    f"{100 * row['zero_fraction']:.0f}%",
                    sparkline(row["means"], 8, unicode=terminal.unicode),
                ]
            )
        terminal.table(
            ["name", "role", "dtype", "shape", "min", "mean", "max", "std", "NaN", "zeros", "means"],
            table,
            left=4,
            drop=("means", "zeros", "shape", "std"),
        )
        terminal.print()


def gradient_rows(item: Chosen) -> Iterator[dict[str, Any]]:
    """Yields what is known of each weight's gradient, as fields by name; ``norms`` holds the curve."""
    session = item.session
    for name, row in session.gradients.items():
        norm = row.norm.values
        weight = session.weights[name]
        yield {
            "run": item.run.name,
            "session": session.id,
            "weight": name,
            "samples": len(norm),
            "first": float(norm[0]) if len(norm) else math.nan,
            "median": _finite(np.median, norm),
            "last": float(norm[-1]) if len(norm) else math.nan,
            "max": _finite(np.max, norm),
            "zero_fraction": _finite(np.mean, row.zero_fraction.values),
            "nonfinite_samples": int((row.nonfinite_count.values > 0).sum()),
            "update_ratio": _finite(np.median, weight.update_ratio.values),
            "weight_norm": float(weight.norm.values[-1]) if len(norm) else math.nan,
            "norms": norm,
        }


def gradients(options: argparse.Namespace, terminal: Terminal) -> int:
    """Prints gradient norms and update ratios of each trainable weight, in forward order."""
    selection = select(options)
    chosen = selection.sessions
    found = {item: _largest(list(gradient_rows(item)), options.top) for item in chosen}
    if options.format == "json":
        print_json(
            [{k: v for k, v in row.items() if k != "norms"} for some in found.values() for row in some], terminal
        )
    else:
        for item, rows in found.items():
            if len(chosen) > 1:
                terminal.heading(item.title)
            _gradients_table(rows, terminal)
    selection.warn()
    return CLEAN


def _largest(rows: list[dict[str, Any]], top: int | None) -> list[dict[str, Any]]:
    """Returns the rows of the `top` largest gradients, those that are not finite first; all in their order for None."""
    if top is None:
        return rows
    size = lambda row: row["median"] if math.isfinite(row["median"]) else math.inf  # noqa: E731  # short
    return sorted(rows, key=size, reverse=True)[:top]


def _gradients_table(rows: list[dict[str, Any]], terminal: Terminal) -> None:
    if not rows:
        terminal.print("No gradient was sampled: nothing was trained in this session.")
        return
    table = []
    for row in rows:
        bad, samples = row["nonfinite_samples"], row["samples"]
        table.append(
            [
                row["weight"],
                *(short_number(row[name]) for name in ("first", "median", "last", "max")),
                f"{bad:,}/{samples:,}" if bad else "-",
                short_number(row["update_ratio"]),
                f"{100 * row['zero_fraction']:.0f}%",
                sparkline(row["norms"], 8, unicode=terminal.unicode),
            ]
        )
    terminal.print(f"gradient norms, {count(rows[0]['samples'], 'sample')}")
    header = ["weight", "first", "median", "last", "max", "NaN", "update", "zeros", "norms"]
    terminal.table(header, table, drop=("first", "norms", "zeros", "last"))
    terminal.print()
