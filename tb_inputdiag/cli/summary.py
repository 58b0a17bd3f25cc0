"""``summary``: what there is."""

from __future__ import annotations

import argparse
import math
import textwrap
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from tb_inputdiag.cli.findings import severity_counts
from tb_inputdiag.cli.options import Chosen, count, print_json, select
from tb_inputdiag.cli.parser import CLEAN
from tb_inputdiag.cli.terminal import Terminal, sparkline
from tb_inputdiag.log.stored_session import StoredSession
from tb_inputdiag.records import ModelFacts, Severity
from tb_inputdiag.report import alert_line, format_number

__all__ = ["cost_fraction", "duration", "summary", "summary_lines"]


_LABEL = 10
"""Width of the labels on the left."""
_SEVERITIES = sorted(Severity, reverse=True)


def summary(options: argparse.Namespace, terminal: Terminal) -> int:
    """Says what there is: one run in detail, several as a table."""
    selection = select(options)
    chosen = selection.sessions
    if options.format == "json":
        print_json([_summary_json(item) for item in chosen], terminal)
    elif len(chosen) == 1:
        _summarise(chosen[0], terminal)
    else:
        _summary_table(chosen, terminal)
    selection.warn()
    return CLEAN


def _summary_json(item: Chosen) -> dict[str, Any]:
    session, complete = item.session, item.session.completeness
    start, end = session.start, session.end
    return {
        "run": item.run.name,
        "session": session.id,
        "status": session.status,
        "mode": start.mode if start else None,
        "started": start.wall_time if start else None,
        "ended": end.wall_time if end else None,
        "reason": end.reason if end else None,
        "first_step": session.first_step,
        "last_step": session.last_step,
        "samples": session.n_samples,
        "epochs": [{"epoch": epoch.epoch, **epoch.logs} for epoch in session.epochs],
        "alerts": {severity.name: sum(a.severity == severity for a in session.alerts) for severity in Severity},
        "findings": [{"rule": a.rule, "subject": a.subject, "first_step": a.first_step} for a in session.alerts],
        "cost_fraction": cost_fraction(session),
        "cost_is_least": bool(session.costs) and session.costs[-1].is_least,
        "events": {"read": complete.events, "written": complete.written, "missing": complete.missing},
        "dropped": complete.dropped,
        "problems": item.run.problems,
    }


def _summary_table(chosen: list[Chosen], terminal: Terminal) -> None:
    rows = []
    for item in chosen:
        session = item.session
        found = session.alerts
        complete = session.completeness
        rows.append(
            [
                item.title,
                session.status,
                f"{session.n_steps:,}" if session.n_steps else "-",
                *(str(sum(alert.severity == severity for alert in found) or "-") for severity in _SEVERITIES),
                found[0].rule if found else "-",
                f"{session.n_samples:,}",
                "all" if complete.complete else f"{complete.events:,} of {complete.written:,}",
            ]
        )
    header = ["run", "status", "steps", *(s.name[0] for s in _SEVERITIES), "worst finding", "samples", "log"]
    if all(row[-1] == "all" for row in rows):
        header, rows = header[:-1], [row[:-1] for row in rows]
    terminal.table(header, rows, left=2, drop=("samples",))
    terminal.print()
    every = [alert for item in chosen for alert in item.session.alerts]
    terminal.print(f"{count(len(chosen), 'session')}. Alerts: {severity_counts(every, terminal)}.")


def cost_fraction(session: StoredSession) -> float:
    """Returns the part of the time that watching took, without tracing; NaN if not known."""
    return session.costs[-1].share if session.costs else math.nan


def cost_text(session: StoredSession) -> str:
    """Returns what `cost_fraction` is in words; "" if it is not known."""
    fraction = cost_fraction(session)
    if not math.isfinite(fraction):
        return ""
    # where every step is sampled there is none to compare with
    return f"{'at least ' if session.costs[-1].is_least else ''}{100 * fraction:.2g} % of the time"


def _summarise(item: Chosen, terminal: Terminal) -> None:
    for label, text in summary_lines(item, terminal):
        lines = textwrap.wrap(text, terminal.width - _LABEL, break_on_hyphens=False) or [""]
        terminal.print(terminal.style(f"{label:<{_LABEL}}", "dim") + ("\n" + " " * _LABEL).join(lines))
    for alert in item.session.alerts:
        terminal.print(alert_line(alert, terminal.width, terminal.color))


def summary_lines(item: Chosen, terminal: Terminal | None = None) -> Iterator[tuple[str, str]]:
    """Yields (label, text) for what is known of a session."""
    session = item.session
    start, end, facts = session.start, session.end, session.facts
    yield "run", f"{item.name}  session {session.id}"
    if start:
        began = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(start.wall_time))
        known = (name for name in ("keras", "tensorflow") if name in start.versions)
        versions = ", ".join(f"{name} {start.versions[name]}" for name in known)
        yield (
            "started",
            f"{began} on {start.host or 'unknown host'}, {start.mode}" + (f", {versions}" if versions else ""),
        )
    lasted = f", {duration(session.last_wall_time - start.wall_time)}" if start and session.last_wall_time else ""
    reason = f": {end.reason}" if end and end.reason else ""
    yield "status", f"{session.status} {_progress(session)}{lasted}{reason}"
    if end is not None and end.recording_stopped_step is not None:
        yield "", f"recording stopped at step {end.recording_stopped_step:,}"
    if facts:
        yield "model", _model_line(facts)
    cost = cost_text(session)
    yield "samples", f"{session.n_samples:,}" + (f"; watching took {cost}" if cost else "")
    losses = session.loss_outline()
    if losses:
        curve = sparkline(np.concatenate(losses), 24, unicode=terminal is None or terminal.unicode)
        yield "loss", f"{format_number(float(losses[0][0]))} to {format_number(float(losses[-1][-1]))}  {curve}"
    if session.epochs:
        logs = session.epochs[-1].logs
        yield "last logs", ", ".join(f"{name} {format_number(value)}" for name, value in logs.items())
    complete = session.completeness
    upto = "" if end is not None else " up to its last write"
    yield "log", f"{complete}{f', complete{upto}' if complete.complete else ''}"
    yield "alerts", severity_counts(session.alerts, terminal)


def _progress(session: StoredSession) -> str:
    """Returns how far a session came, e.g. ``after 188 steps (1,880 to 2,067), 1 epoch``."""
    start, steps = session.start, session.n_steps
    if not steps and start is not None and start.mode in ("evaluate", "predict"):
        return f"({start.mode})"
    resumed = f" ({session.first_step:,} to {session.last_step:,})" if session.first_step > 0 else ""
    return f"after {count(steps, 'step') if steps else 'no step'}{resumed}, {count(len(session.epochs), 'epoch')}"


def _model_line(facts: ModelFacts) -> str:
    params = sum(layer.n_params for layer in facts.layers if not layer.parent)
    rate = facts.optimizer.get("learning_rate")
    parts = [f"{facts.kind} {facts.name!r}, {count(len(facts.layers), 'layer')}"]
    if params:
        parts.append(f"{params:,} parameters")
    if facts.optimizer.get("name"):
        shown = f" {format_number(rate)}" if isinstance(rate, (int, float)) else ""
        parts.append(f"{facts.optimizer['name']}{shown}")
    if isinstance(facts.loss, dict) and isinstance(facts.loss.get("name"), str):
        parts.append(facts.loss["name"])
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """Returns e.g. ``12.3 s``, ``4 min 5 s`` or ``2 h 30 min``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, _ = divmod(int(seconds), 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min {int(seconds) % 60} s"
