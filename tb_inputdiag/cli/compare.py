"""``compare``: two runs side by side."""

from __future__ import annotations

import math
import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from tb_inputdiag.baseline import differences_between, differences_sentence, profile_of
from tb_inputdiag.cli.arguments import CompareArguments, SessionChoice
from tb_inputdiag.cli.findings import severity_counts
from tb_inputdiag.cli.gradients import gradient_rows
from tb_inputdiag.cli.inputs import TensorRow, tensor_rows
from tb_inputdiag.cli.options import Chosen, Selection, choose, print_json
from tb_inputdiag.cli.parser import CLEAN
from tb_inputdiag.cli.terminal import Terminal
from tb_inputdiag.errors import ConfigurationError, there_are
from tb_inputdiag.jsonable import to_jsonable
from tb_inputdiag.log.reader import read
from tb_inputdiag.numbers import format_number, shape_text, short, whole
from tb_inputdiag.records import Alert
from tb_inputdiag.report import alert_line
from tb_inputdiag.report.ansi import clean

__all__ = ["compare"]

_NOTABLE = 0.05
"""Relative difference of statistics below which two inputs count as equal: batches differ from one another."""

Scalar: TypeAlias = "str | int | float | list[object] | None"
"""A JSON value without names of its own."""


@dataclass(frozen=True)
class Difference:
    """Something that two runs have differently."""

    name: tuple[str, ...]
    """One part for each column of names."""
    first: Scalar
    second: Scalar


@dataclass(frozen=True)
class _DifferenceTable:
    """A group of differences."""

    title: str
    names: tuple[str, ...]
    """Columns of names."""
    rows: Sequence[Difference]


def compare(arguments: CompareArguments, terminal: Terminal) -> int:
    """Shows what differs between two runs: settings, model, inputs, gradients, loss and findings."""
    selections = [_select(path) for path in (arguments.first, arguments.second)]
    first, second = (selection.sessions[-1] for selection in selections)
    parts = [
        _DifferenceTable("settings", ("name",), list(_different(_settings(first), _settings(second)))),
        _DifferenceTable("inputs", ("tensor", "what"), list(_inputs(first, second))),
        _DifferenceTable("gradients", ("weight",), list(_gradients(first, second))),
        _DifferenceTable("results", ("name",), list(_different(_results(first), _results(second)))),
    ]
    alerts = _alerts(first, second)
    sentence = _inputs_sentence(first, second)
    if arguments.format == "json":
        found = {part.title: [_fields(part, row) for row in part.rows] for part in parts}
        print_json(
            {"first": first.title, "second": second.title, "in_short": sentence, **found, "alerts": alerts}, terminal
        )
    else:
        terminal.print(f"A  {first.title}\nB  {second.title}\n")
        terminal.print(textwrap.fill(clean(sentence), terminal.width, break_on_hyphens=False))
        for part in parts:
            _print_part(part, terminal)
        _print_alerts(alerts, terminal)
    for selection in {selection.log.log_dir: selection for selection in selections}.values():
        selection.warn()
    return CLEAN


def _select(path: str) -> Selection:
    """Returns what ``FOLDER``, ``FOLDER::RUN`` or ``FOLDER::RUN::SESSION`` names. Its last session is the one used."""
    folder, run, session, *_ = [*path.split("::"), "", ""]
    log = read(folder)
    if not run and len(log) > 1:
        raise ConfigurationError(
            f"{folder!r} holds {whole(len(log))} runs. Name one, e.g. '{folder}::{next(iter(log))}'."
            f"{there_are('', log)}"
        )
    return choose(log, SessionChoice(run=run or None, session=session or None, last=not session))


# ---- settings and results


def _settings(item: Chosen) -> dict[str, Scalar]:
    start, facts = item.session.start, item.session.facts
    fields: dict[str, object] = {}
    if start:
        fields |= {"versions": start.versions, "params": start.params, "callback": start.settings}
    if facts:
        fields |= {
            "model": {
                "name": _canonical([facts.name])[facts.name],
                "kind": facts.kind,
                "layers": len(facts.layers),
                "parameters": sum(layer.n_params for layer in facts.layers if not layer.parent),
                "dtype_policy": facts.dtype_policy,
                "jit_compile": facts.jit_compile,
                "steps_per_execution": facts.steps_per_execution,
                "strategy": facts.strategy,
                "loss": facts.loss,
            },
            "optimizer": facts.optimizer,
        }
        # Layers by name: after an inserted layer, those that follow do not differ.
        names = _canonical([layer.name for layer in facts.layers])
        fields["layer"] = {names[layer.name]: {"class": layer.class_name, **layer.config} for layer in facts.layers}
    return dict(_flat({name: to_jsonable(value) for name, value in fields.items()}))


def _flat(value: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, Scalar]]:
    """Yields the values of nested JSON objects with their dotted names."""
    for key, item in value.items():
        if isinstance(item, dict):
            yield from _flat(item, f"{prefix}{key}.")
        elif isinstance(item, (str, int, float, list)) or item is None:
            yield f"{prefix}{key}", item


def _canonical(names: Iterable[str]) -> dict[str, str]:
    """Returns name -> name without the numbers that Keras counts up from model to model.

    The second model of a process has ``conv2d_1`` where the first had ``conv2d``. Within a model the names stay
    different: ``conv2d``, ``conv2d#2``, ...
    """
    found: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for name in names:
        base = re.sub(r"_\d+(?=/|$)", "", name)
        counts[base] += 1
        found[name] = base if counts[base] == 1 else f"{base}#{counts[base]}"
    return found


def _results(item: Chosen) -> dict[str, Scalar]:
    session = item.session
    loss = session.loss
    return {
        "status": session.status,
        "steps": session.n_steps,
        "first loss": float(loss.values[0]) if len(loss) else None,
        "last loss": float(loss.values[-1]) if len(loss) else None,
        **(dict(session.epochs[-1].logs) if session.epochs else {}),
    }


def _different(first: Mapping[str, Scalar], second: Mapping[str, Scalar]) -> Iterator[Difference]:
    names = list(dict.fromkeys([*first, *second]))
    for here, there in ((first, second), (second, first)):  # of a layer that only one has, its class says enough
        alone = {name.removesuffix(".class") for name in here if name.endswith(".class") and name not in there}
        names = [name for name in names if name.rpartition(".")[0] not in alone or name.endswith(".class")]
    for name in names:
        row = Difference((name,), first.get(name), second.get(name))
        if row.first != row.second and not _both_nan(row):
            yield row


def _both_nan(row: Difference) -> bool:
    return all(isinstance(value, float) and math.isnan(value) for value in (row.first, row.second))


# ---- inputs and gradients


def _inputs_sentence(first: Chosen, second: Chosen) -> str:
    """Returns what changed in the inputs, in one sentence."""
    ours, theirs = (profile_of(item.session.records(), item.session.id).tensors for item in (first, second))
    return differences_sentence(ours, theirs, differences_between(ours, theirs))


def _inputs(first: Chosen, second: Chosen) -> Iterator[Difference]:
    ours, theirs = (_tensors(item) for item in (first, second))
    for key in dict.fromkeys([*ours, *theirs]):
        a, b = ours.get(key), theirs.get(key)
        name = " ".join(key)
        if a is None or b is None:
            yield Difference((name, "exists"), *("yes" if row is not None else "no" for row in (a, b)))
        else:
            yield from _tensor_differences(name, a, b)


@dataclass(frozen=True)
class _Tensor:
    """A tensor of a run, with a name for its layer that does not count models."""

    row: TensorRow
    layer: str

    @property
    def words(self) -> dict[str, str]:
        shape = self.row.shape
        return {"dtype": self.row.dtype, "shape": shape_text(shape) if shape else "", "layer": self.layer}

    @property
    def statistics(self) -> dict[str, float]:
        names = ("min", "mean", "max", "std", "zero_fraction", "nonfinite_fraction")
        return {name: getattr(self.row, name) for name in names}


def _tensors(item: Chosen) -> dict[tuple[str, str, str], _Tensor]:
    rows = list(tensor_rows(item))
    names = _canonical(dict.fromkeys(row.name for row in rows))
    layers = _canonical(dict.fromkeys(row.layer for row in rows))
    return {(row.split, row.kind, names[row.name]): _Tensor(row, layers[row.layer]) for row in rows}


def _tensor_differences(name: str, a: _Tensor, b: _Tensor) -> Iterator[Difference]:
    for what, ours in a.words.items():
        if ours != b.words[what]:
            yield Difference((name, what), ours, b.words[what])
    scale = max((std for std in (a.row.std, b.row.std) if math.isfinite(std)), default=0.0)
    for what, value in a.statistics.items():
        if _apart(value, b.statistics[what], 1.0 if what.endswith("fraction") else scale):
            yield Difference((name, what), value, b.statistics[what])


def _apart(first: float, second: float, scale: float) -> bool:
    if math.isnan(first) or math.isnan(second):
        return math.isnan(first) != math.isnan(second)
    return abs(first - second) > _NOTABLE * max(scale, 1e-12)


def _gradients(first: Chosen, second: Chosen) -> Iterator[Difference]:
    ours, theirs = (
        dict(zip(_canonical(item.session.gradients).values(), gradient_rows(item), strict=True))
        for item in (first, second)
    )
    for name, a in ours.items():
        b = theirs.get(name)
        if b is not None and _apart(a.median, b.median, 4 * min(abs(a.median), abs(b.median))):
            yield Difference((a.weight if a.weight == b.weight else name,), a.median, b.median)


def _alerts(first: Chosen, second: Chosen) -> dict[str, list[Alert]]:
    ours, theirs = (
        {(alert.rule, alert.subject, alert.split): alert for alert in item.session.alerts} for item in (first, second)
    )
    return {
        "only_first": [alert for key, alert in ours.items() if key not in theirs],
        "only_second": [alert for key, alert in theirs.items() if key not in ours],
        "both": [alert for key, alert in ours.items() if key in theirs],
    }


# ---- output


def _fields(part: _DifferenceTable, row: Difference) -> dict[str, Scalar]:
    return {**dict(zip(part.names, row.name, strict=True)), "first": row.first, "second": row.second}


def _print_part(part: _DifferenceTable, terminal: Terminal) -> None:
    terminal.print()
    if not part.rows:
        terminal.print(f"{terminal.style(part.title, 'strong')}: nothing notable differs")
        return
    terminal.print(terminal.style(part.title, "strong"))
    rows = [[*row.name, _shown(row.first), _shown(row.second)] for row in part.rows]
    terminal.table([*part.names, "A", "B"], rows, left=len(part.names))


def _shown(value: Scalar) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return short(value)
    if isinstance(value, int):
        return format_number(value) if isinstance(value, bool) else whole(value)
    text = str(value)
    return text if len(text) <= 24 else text[:21] + "..."


def _print_alerts(alerts: Mapping[str, Sequence[Alert]], terminal: Terminal) -> None:
    terminal.print()
    terminal.print(terminal.style("alerts", "strong"))
    for mark, key in (("A only", "only_first"), ("B only", "only_second"), ("both", "both")):
        terminal.print(f"{mark}: {severity_counts(alerts[key], terminal)}")
        for alert in alerts[key]:
            terminal.print(alert_line(alert, terminal.width, terminal.color))
