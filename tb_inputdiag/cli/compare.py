"""``compare``: two runs side by side."""

from __future__ import annotations

import argparse
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from tb_inputdiag.cli.findings import severity_counts
from tb_inputdiag.cli.options import Chosen, Selection, choose, print_json
from tb_inputdiag.cli.parser import CLEAN
from tb_inputdiag.cli.quantities import gradient_rows, tensor_rows
from tb_inputdiag.cli.terminal import Terminal, short_number
from tb_inputdiag.errors import ConfigurationError, there_are
from tb_inputdiag.log.reader import read
from tb_inputdiag.report import alert_line, format_number, to_jsonable

__all__ = ["compare"]

_NOTABLE = 0.05
"""Relative difference of statistics below which two inputs are shown as equal: batches differ from one another."""


def compare(options: argparse.Namespace, terminal: Terminal) -> int:
    """Shows what differs between two runs: settings, model, inputs, gradients, loss and findings."""
    selections = [_select(path) for path in (options.first, options.second)]
    first, second = (selection.sessions[-1] for selection in selections)
    found = {
        "settings": _different(_settings(first), _settings(second)),
        "inputs": _inputs(first, second),
        "gradients": _gradients(first, second),
        "results": _different(_results(first), _results(second)),
        "alerts": _alerts(first, second),
    }
    if options.format == "json":
        print_json({"first": first.title, "second": second.title, **found}, terminal)
    else:
        _print(first, second, found, terminal)
    for selection in {selection.log.log_dir: selection for selection in selections}.values():
        selection.warn()
    return CLEAN


def _select(path: str) -> Selection:
    """Returns what ``FOLDER``, ``FOLDER::RUN`` or ``FOLDER::RUN::SESSION`` names; the last session counts."""
    folder, run, session, *_ = [*path.split("::"), "", ""]
    log = read(folder)
    if not run and len(log) > 1:
        raise ConfigurationError(
            f"{folder!r} holds {len(log):,} runs. Name one, e.g. '{folder}::{next(iter(log))}'.{there_are('', log)}"
        )
    return choose(log, argparse.Namespace(run=run or None, session=session or None, last=not session))


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    if isinstance(value, Mapping):
        return {name: item for key in value for name, item in _flat(value[key], f"{prefix}{key}.").items()}
    return {prefix.rstrip("."): value}


def _settings(item: Chosen) -> dict[str, Any]:
    start, facts = item.session.start, item.session.facts
    fields: dict[str, Any] = {}
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
        # Layers by name, so that an inserted one does not make all that follow differ.
        names = _canonical([layer.name for layer in facts.layers])
        fields["layer"] = {names[layer.name]: {"class": layer.class_name, **layer.config} for layer in facts.layers}
    return _flat(to_jsonable(fields))


def _canonical(names: Iterable[str]) -> dict[str, str]:
    """Returns name -> name without the numbers that Keras counts up from model to model.

    The second model of a process has ``conv2d_1`` where the first had ``conv2d``; within a model they stay apart as
    ``conv2d``, ``conv2d#2``, ...
    """
    found: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for name in names:
        base = re.sub(r"_\d+(?=/|$)", "", name)
        counts[base] += 1
        found[name] = base if counts[base] == 1 else f"{base}#{counts[base]}"
    return found


def _results(item: Chosen) -> dict[str, Any]:
    session = item.session
    loss = session.loss
    return {
        "status": session.status,
        "steps": session.n_steps,
        "first loss": float(loss.values[0]) if len(loss) else None,
        "last loss": float(loss.values[-1]) if len(loss) else None,
        **(dict(session.epochs[-1].logs) if session.epochs else {}),
    }


def _different(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[dict[str, Any]]:
    names = list(dict.fromkeys([*first, *second]))
    for here, there in ((first, second), (second, first)):  # of a layer that only one has, its class says enough
        alone = {name.removesuffix(".class") for name in here if name.endswith(".class") and name not in there}
        names = [name for name in names if name.rpartition(".")[0] not in alone or name.endswith(".class")]
    rows = [{"name": name, "first": first.get(name), "second": second.get(name)} for name in names]
    return [row for row in rows if row["first"] != row["second"] and not _both_nan(row["first"], row["second"])]


def _both_nan(first: Any, second: Any) -> bool:
    return isinstance(first, float) and isinstance(second, float) and math.isnan(first) and math.isnan(second)


def _apart(first: float, second: float, scale: float) -> bool:
    if math.isnan(first) or math.isnan(second):
        return math.isnan(first) != math.isnan(second)
    return abs(first - second) > _NOTABLE * max(scale, 1e-12)


def _inputs(first: Chosen, second: Chosen) -> list[dict[str, Any]]:
    ours, theirs = (_tensors(item) for item in (first, second))
    found = []
    for key in dict.fromkeys([*ours, *theirs]):
        a, b = ours.get(key), theirs.get(key)
        if a is None or b is None:
            there = ["yes" if row is not None else "no" for row in (a, b)]
            found.append({"tensor": " ".join(key), "what": "is there", "first": there[0], "second": there[1]})
            continue
        found += [
            {"tensor": " ".join(key), "what": name, "first": a[name], "second": b[name]}
            for name in ("dtype", "shape", "layer")
            if a[name] != b[name]
        ]
        scale = max((x for x in (a["std"], b["std"]) if math.isfinite(x)), default=0.0)
        found += [
            {"tensor": " ".join(key), "what": name, "first": a[name], "second": b[name]}
            for name in ("min", "mean", "max", "std", "zero_fraction", "nonfinite_fraction")
            if _apart(a[name], b[name], 1.0 if name.endswith("fraction") else scale)
        ]
    return found


def _tensors(item: Chosen) -> dict[tuple[str, str, str], dict[str, Any]]:
    rows = list(tensor_rows(item))
    names = _canonical(dict.fromkeys(row["name"] for row in rows))
    layers = _canonical(dict.fromkeys(row["layer"] for row in rows))
    return {(row["split"], row["kind"], names[row["name"]]): {**row, "layer": layers[row["layer"]]} for row in rows}


def _gradients(first: Chosen, second: Chosen) -> list[dict[str, Any]]:
    ours, theirs = (
        dict(zip(_canonical(item.session.gradients).values(), gradient_rows(item), strict=True))
        for item in (first, second)
    )
    rows = []
    for name in ours:
        a, b = ours[name], theirs.get(name)
        if b is not None:
            shown = a["weight"] if a["weight"] == b["weight"] else name
            rows.append({"weight": shown, "first": a["median"], "second": b["median"]})
    return [row for row in rows if _apart(row["first"], row["second"], 4 * min(abs(row["first"]), abs(row["second"])))]


def _alerts(first: Chosen, second: Chosen) -> dict[str, list[Any]]:
    ours, theirs = (
        {(alert.rule, alert.subject, alert.split): alert for alert in item.session.alerts} for item in (first, second)
    )
    return {
        "only_first": [alert for key, alert in ours.items() if key not in theirs],
        "only_second": [alert for key, alert in theirs.items() if key not in ours],
        "both": [alert for key, alert in ours.items() if key in theirs],
    }


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return short_number(value)
    if isinstance(value, (bool, int)):
        return format_number(value)
    if value is None:
        return "-"
    text = str(value)
    return text if len(text) <= 24 else text[:21] + "..."


def _print(first: Chosen, second: Chosen, found: dict[str, Any], terminal: Terminal) -> None:
    terminal.print(f"A  {first.title}")
    terminal.print(f"B  {second.title}")
    for part, names in (
        ("settings", ("name",)),
        ("inputs", ("tensor", "what")),
        ("gradients", ("weight",)),
        ("results", ("name",)),
    ):
        rows = found[part]
        terminal.print()
        if not rows:
            terminal.print(f"{terminal.style(part, 'strong')}: nothing notable differs")
            continue
        terminal.print(terminal.style(part, "strong"))
        table = [[*(str(row[name]) for name in names), _shown(row["first"]), _shown(row["second"])] for row in rows]
        terminal.table([*names, "A", "B"], table, left=len(names))
    terminal.print()
    terminal.print(terminal.style("alerts", "strong"))
    for mark, key in (("A only", "only_first"), ("B only", "only_second"), ("both", "both")):
        alerts = found["alerts"][key]
        terminal.print(f"{mark}: {severity_counts(alerts, terminal)}")
        for alert in alerts:
            terminal.print(alert_line(alert, terminal.width, terminal.color))
