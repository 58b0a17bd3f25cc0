"""``export``: a table of the log as csv, json or parquet."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TextIO, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.cli.arguments import ExportArguments
from tb_inputdiag.cli.options import Chosen, select
from tb_inputdiag.cli.parser import CLEAN
from tb_inputdiag.cli.terminal import Progress, Terminal
from tb_inputdiag.errors import ConfigurationError
from tb_inputdiag.jsonable import jsonable_fields, to_jsonable
from tb_inputdiag.log.blocks import Array
from tb_inputdiag.log.quantities import SCALARS
from tb_inputdiag.numbers import count
from tb_inputdiag.records import COLUMNS, Layout
from tb_inputdiag.report.text import consequence_text

__all__ = ["TABLES", "export"]

Column: TypeAlias = "NDArray[Any] | Sequence[object]"
Part: TypeAlias = dict[str, Column]
"""Lines of a table: column -> values, equally many in each column."""

_TENSOR_COLUMNS = [name for name, (_, shape) in COLUMNS["tensors"].items() if shape == ("T",)]
"""Columns with one number for each tensor."""
_JSON_COLUMNS = ("evidence", "picture", "curves", "examples")
"""Fields of alerts that are written as JSON, since they have parts of their own."""


def _repeat(values: Array, n: int) -> Array:
    return np.repeat(values, n)


def _long(
    item: Chosen, table: str, names: Callable[[Layout], list[Mapping[str, str]]], columns: list[str]
) -> Iterator[Part]:
    """Yields a table with one line for each sample and row: each tensor, weight or layer."""
    for layout in item.session.layouts.values():
        labels = names(layout)
        for step, *values in item.session.columns(table, layout.id, ("step", *columns)):
            n = len(step)
            found: Part = {"step": _repeat(step, len(labels)), "split": [layout.split] * (n * len(labels))}
            for label in labels[0] if labels else ():
                found[label] = [row[label] for row in labels] * n
            found |= {column: value.reshape(-1) for column, value in zip(columns, values, strict=True)}
            yield found


def _samples(item: Chosen) -> Iterator[Part]:
    for layout in item.session.layouts.values():
        for step, *values in item.session.columns("samples", layout.id, ("step", *SCALARS)):
            yield {"step": step, "split": [layout.split] * len(step), **dict(zip(SCALARS, values, strict=True))}


def _losses(item: Chosen) -> Iterator[Part]:
    for step, loss in item.session.columns("losses", -1, ("step", "loss")):
        yield {"step": step, "loss": loss}


def _inputs(item: Chosen) -> Iterator[Part]:
    return _long(
        item,
        "tensors",
        lambda layout: [{"name": t.name, "role": t.role, "stage": t.stage, "dtype": t.dtype} for t in layout.tensors],
        _TENSOR_COLUMNS,
    )


def _weights(item: Chosen) -> Iterator[Part]:
    return _long(item, "weights", lambda layout: [{"weight": n} for n in layout.weights], list(COLUMNS["weights"]))


def _layers(item: Chosen) -> Iterator[Part]:
    return _long(item, "layers", lambda layout: [{"layer": n} for n in layout.layers], list(COLUMNS["layers"]))


def _alerts(item: Chosen) -> Iterator[Part]:
    rows = []
    for alert in item.session.alerts:
        fields = jsonable_fields(alert)
        fields |= {name: "" if fields[name] is None else json.dumps(fields[name]) for name in _JSON_COLUMNS}
        fields["consequences"] = "\n".join(map(consequence_text, alert.consequences))
        rows.append(fields)
    if rows:
        yield {name: [row[name] for row in rows] for name in rows[0]}


def _epochs(item: Chosen) -> Iterator[Part]:
    epochs = item.session.epochs
    names = list(dict.fromkeys(name for epoch in epochs for name in epoch.logs))
    if epochs:
        yield {
            "epoch": [epoch.epoch for epoch in epochs],
            "step": [epoch.step for epoch in epochs],
            **{name: [epoch.logs.get(name, float("nan")) for epoch in epochs] for name in names},
        }


_FORMULA = ("=", "+", "-", "@", "\t")
"""Beginnings of texts that spreadsheets evaluate: https://owasp.org/www-community/attacks/CSV_Injection."""

TABLES: Mapping[str, Callable[[Chosen], Iterator[Part]]] = {
    "losses": _losses,
    "samples": _samples,
    "inputs": _inputs,
    "weights": _weights,
    "layers": _layers,
    "epochs": _epochs,
    "alerts": _alerts,
}
"""Name -> the parts of the table of a session."""


def export(arguments: ExportArguments, terminal: Terminal) -> int:
    """Writes one table of all chosen sessions.

    Raises:
        ConfigurationError: if the output cannot be written, or its format is unknown.
    """
    output = arguments.output
    kind = arguments.format or os.path.splitext(output or "")[1].lstrip(".").lower() or "csv"
    if kind not in ("csv", "json", "parquet"):
        raise ConfigurationError(
            f"--output must end in .csv, .json or .parquet, or give --format. Received: {output!r}."
        )
    if kind == "parquet" and not output:
        raise ConfigurationError("parquet is binary: give a file with --output FILE.parquet.")
    selection = select(arguments)
    parts = _parts(selection.sessions, arguments.table)
    if arguments.table == "epochs":
        parts = _aligned(list(parts))
    try:
        if not output:
            _write_text(parts, kind, terminal.stream)
        elif kind == "parquet":
            lines = _write_parquet(parts, output)
        else:
            with open(output, "w", encoding="utf-8", newline="") as stream:
                lines = _write_text(parts, kind, stream)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise ConfigurationError(f"{output!r} cannot be written: {error.strerror}.") from None
    if output:
        terminal.print(f"{output}: {count(lines, 'row')} of {arguments.table}")
    selection.warn()
    return CLEAN


def _parts(chosen: list[Chosen], table: str) -> Iterator[Part]:
    progress = Progress(f"exporting {table}", sum(item.session.n_samples for item in chosen))
    done = 0
    for item in chosen:
        for part in TABLES[table](item):
            n = len(next(iter(part.values())))
            yield {"run": [item.run.name] * n, "session": [item.session.id] * n, **part}
            done += len(set(np.asarray(part["step"]).tolist())) if "step" in part else n
            progress.update(done)
    progress.finish()


def _aligned(parts: list[Part]) -> Iterator[Part]:
    """Yields the parts with the same columns: sessions differ in what Keras logs."""
    names = list(dict.fromkeys(name for part in parts for name in part))
    for part in parts:
        n = len(part["run"])
        yield {name: part.get(name, [float("nan")] * n) for name in names}


def _lists(part: Part) -> list[Iterable[object]]:
    return [_plain(value) if isinstance(value, np.ndarray) else value for value in part.values()]


def _plain(values: NDArray[Any]) -> list[object]:
    """Returns an array as Python numbers. A float32 becomes the shortest number that rounds to it: 0.1 instead of
    0.10000000149011612."""
    if values.dtype != np.float32:
        return list(values.tolist())
    return [float(digits) for digits in values.astype("U").tolist()]


def _without_formulas(row: Iterable[object]) -> Iterator[object]:
    """Yields the cells of a line so that no spreadsheet runs a text as a formula: names come from the log.

    A carriage return would end the line, because the writer does not quote it.
    """
    for cell in row:
        if isinstance(cell, str):
            cell = cell.replace("\r", " ")
            yield f"'{cell}" if cell.startswith(_FORMULA) else cell
        else:
            yield cell


def _write_text(parts: Iterator[Part], kind: str, stream: TextIO) -> int:
    writer = csv.writer(stream, lineterminator="\n")
    lines = 0
    if kind == "json":
        stream.write("[")
    for part in parts:
        if kind == "csv":
            if not lines:
                writer.writerow(part)
            writer.writerows(map(_without_formulas, zip(*_lists(part), strict=True)))
            lines += len(next(iter(part.values())))
            continue
        for row in zip(*_lists(part), strict=True):
            fields = to_jsonable(dict(zip(part, row, strict=True)))
            stream.write((",\n " if lines else "\n ") + json.dumps(fields))
            lines += 1
    if kind == "json":
        stream.write("\n]\n")
    return lines


def _write_parquet(parts: Iterator[Part], path: str) -> int:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise ConfigurationError("Writing parquet needs pyarrow: pip install 'tb-inputdiag[parquet]'.") from None
    writer, lines = None, 0
    for part in parts:
        table = pyarrow.table(part)
        if writer is None:
            writer = parquet.ParquetWriter(path, table.schema)
        writer.write_table(table.select(writer.schema.names).cast(writer.schema))
        lines += table.num_rows
    if writer is None:
        raise ConfigurationError("There is nothing to export: the table is empty.")
    writer.close()
    return lines
