"""``summary``: what there is."""

from __future__ import annotations

import math
import textwrap
import time
from collections.abc import Iterator

import numpy as np

from tb_inputdiag.alerts import count_by_severity
from tb_inputdiag.cli.arguments import SummaryArguments
from tb_inputdiag.cli.findings import severity_counts
from tb_inputdiag.cli.options import Chosen, print_json, select
from tb_inputdiag.cli.parser import CLEAN
from tb_inputdiag.cli.terminal import Terminal, sparkline
from tb_inputdiag.log.stored_session import StoredSession
from tb_inputdiag.numbers import count, duration, format_number, percent, whole
from tb_inputdiag.records import ModelFacts
from tb_inputdiag.report import alert_line
from tb_inputdiag.report.data_tables import part_facts

__all__ = ["cost_fraction", "cost_text", "print_table", "summary", "summary_lines"]

_LABEL = 12
"""Width of the labels on the left."""
_MOST_UNKNOWN = 5
"""Rules that could not judge, as far as they are listed."""


def summary(arguments: SummaryArguments, terminal: Terminal) -> int:
    """Prints what there is: one run in detail, several as a table."""
    selection = select(arguments)
    chosen = selection.sessions
    if arguments.format == "json":
        print_json([_summary_json(item) for item in chosen], terminal)
    elif len(chosen) == 1:
        _print_one(chosen[0], terminal)
    else:
        print_table(chosen, terminal)
    selection.warn()
    return CLEAN


def _summary_json(item: Chosen) -> dict[str, object]:
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
        "fits": session.n_fits,
        "epochs": [{"epoch": epoch.epoch, **epoch.logs} for epoch in session.epochs],
        "alerts": {severity.name: n for severity, n in count_by_severity(session.alerts).items()},
        "findings": [{"rule": a.rule, "subject": a.subject, "first_step": a.first_step} for a in session.alerts],
        "not_judged": session.not_judged,
        "degraded": session.degraded,
        "cost_fraction": cost_fraction(session),
        "cost_is_least": bool(session.costs) and session.costs[-1].is_least,
        "events": {"read": complete.events, "written": complete.written, "missing": complete.missing},
        "dropped": complete.dropped,
        "problems": item.run.problems,
    }


def print_table(chosen: list[Chosen], terminal: Terminal) -> None:
    """Prints a line for each session, and the number of their alerts."""
    rows = []
    for item in chosen:
        session = item.session
        found, complete = session.alerts, session.completeness
        rows.append(
            [
                item.title,
                session.status,
                whole(session.n_steps) if session.n_steps else "-",
                *(whole(n) if n else "-" for n in count_by_severity(found).values()),
                found[0].rule if found else "-",
                whole(session.n_samples),
                "all" if complete.complete else f"{whole(complete.events)} of {whole(complete.written)}",
            ]
        )
    header = [
        "run",
        "status",
        "steps",
        *(severity.name[0] for severity in count_by_severity([])),
        "worst finding",
        "samples",
        "log",
    ]
    if all(row[-1] == "all" for row in rows):
        header, rows = header[:-1], [row[:-1] for row in rows]
    terminal.table(header, rows, left=2, drop=("samples",))
    terminal.print()
    every = [alert for item in chosen for alert in item.session.alerts]
    terminal.print(f"{count(len(chosen), 'session')}. Alerts: {severity_counts(every, terminal)}.")


def cost_fraction(session: StoredSession) -> float:
    """Returns the fraction of the time that watching took, without tracing; NaN if not known."""
    return session.costs[-1].share if session.costs else math.nan


def cost_text(session: StoredSession) -> str:
    """Returns `cost_fraction` in words; "" if it is not known."""
    fraction = cost_fraction(session)
    if not math.isfinite(fraction):
        return ""
    # where every step is sampled, no plain step is there to compare with
    return f"{'at least ' if session.costs[-1].is_least else ''}{percent(fraction)} of the time"


def _print_one(item: Chosen, terminal: Terminal) -> None:
    for label, text in [*summary_lines(item, terminal), *_unknown_lines(item.session)]:
        lines = textwrap.wrap(text, terminal.width - _LABEL, break_on_hyphens=False) or [""]
        terminal.print(terminal.style(f"{label:<{_LABEL}}", "dim") + ("\n" + " " * _LABEL).join(lines))
    for alert in item.session.alerts:
        terminal.print(alert_line(alert, terminal.width, terminal.color, steps=item.has_steps))


def summary_lines(item: Chosen, terminal: Terminal | None = None) -> Iterator[tuple[str, str]]:
    """Yields (label, text) for each fact about a session."""
    session = item.session
    start, end, facts = session.start, session.end, session.facts
    yield "run", f"{item.name}  session {session.id}"
    if start:
        began = _time_text(start.wall_time)
        known = (name for name in ("keras", "tensorflow", "jax", "torch") if name in start.versions)
        versions = ", ".join(f"{name} {start.versions[name]}" for name in known)
        yield (
            "started",
            f"{began} on {start.host or 'unknown host'}, {start.mode}" + (f", {versions}" if versions else ""),
        )
    lasted = f", {duration(session.last_wall_time - start.wall_time)}" if start and session.last_wall_time else ""
    reason = f": {end.reason}" if end and end.reason else ""
    yield "status", f"{session.status} {_progress(session)}{lasted}{reason}"
    if end is not None and end.recording_stopped_step is not None:
        yield "", f"recording stopped at step {whole(end.recording_stopped_step)}"
    if facts:
        yield "model", _model_line(facts)
    for data in session.data:
        yield data.part, f"read in {duration(data.elapsed_s)}"
        yield from part_facts(data)
    cost = cost_text(session)
    if not session.data:
        yield "samples", whole(session.n_samples) + (f"; watching took {cost}" if cost else "")
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


def _unknown_lines(session: StoredSession) -> Iterator[tuple[str, str]]:
    """Yields (label, text) for the rules that could not judge, and for what could not be read of the model."""
    for degraded in session.degraded:
        yield "degraded", f"{degraded.accessor}: {degraded.effect}"
    unknown = session.not_judged
    for item in unknown[:_MOST_UNKNOWN]:
        yield "not judged", f"{item.rule}: {item.reason}"
    if len(unknown) > _MOST_UNKNOWN:
        yield "", f"and {count(len(unknown) - _MOST_UNKNOWN, 'more rule')}; --format json lists all"


def _progress(session: StoredSession) -> str:
    """Returns how far a session got, e.g. ``after 188 steps (1,880 to 2,067), 1 epoch``."""
    start, steps = session.start, session.n_steps
    if start is not None and start.mode == "data":
        return f"after {count(sum(data.examples for data in session.data), 'example')}"
    if not steps and start is not None and start.mode in ("evaluate", "predict"):
        return f"({start.mode})"
    resumed = f" ({whole(session.first_step)} to {whole(session.last_step)})" if session.first_step > 0 else ""
    fits = f", {count(session.n_fits, 'fit')}" if session.n_fits > 1 else ""
    epochs = count(len(session.epochs), "epoch")
    return f"after {count(steps, 'step') if steps else 'no step'}{resumed}, {epochs}{fits}"


def _model_line(facts: ModelFacts) -> str:
    params = sum(layer.n_params for layer in facts.layers if not layer.parent)
    rate = facts.optimizer.get("learning_rate")
    parts = [f"{facts.kind} {facts.name!r}, {count(len(facts.layers), 'layer')}"]
    if params:
        parts.append(count(params, "parameter"))
    if facts.optimizer.get("name"):
        shown = f" {format_number(rate)}" if isinstance(rate, (int, float)) else ""
        parts.append(f"{facts.optimizer['name']}{shown}")
    if isinstance(facts.loss, dict) and isinstance(facts.loss.get("name"), str):
        parts.append(facts.loss["name"])
    return ", ".join(parts)


def _time_text(wall_time: float) -> str:
    """Returns a local time; ``?`` for a number that is not a time."""
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(wall_time))
    except (OverflowError, ValueError, OSError):
        return "?"
