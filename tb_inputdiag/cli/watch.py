"""``watch``: a live run in the terminal."""

from __future__ import annotations

import argparse
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from types import FrameType

from tb_inputdiag.cli.findings import filter_alerts, severity_counts
from tb_inputdiag.cli.options import Chosen, choose
from tb_inputdiag.cli.parser import CLEAN
from tb_inputdiag.cli.summary import cost_text, duration
from tb_inputdiag.cli.terminal import Terminal, sparkline
from tb_inputdiag.errors import LogNotFoundError
from tb_inputdiag.log.reader import Log, read
from tb_inputdiag.records import Alert
from tb_inputdiag.report import alert_line, format_alert, format_number

__all__ = ["watch"]

_HOME, _CLEAR_LINE, _CLEAR_REST = "\x1b[H", "\x1b[K", "\x1b[J"
_ENTER, _LEAVE = "\x1b[?1049h\x1b[?25l\x1b[?7l", "\x1b[?7h\x1b[?25h\x1b[?1049l"
"""The alternate screen: what was in the terminal before is there again afterwards. Without a cursor, and without
wrapping: a line of code that is too long must not push another off the screen."""


def watch(
    options: argparse.Namespace,
    terminal: Terminal,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Follows the latest session of each run until Ctrl-C; in a pipe, prints alerts as they come.

    Args:
        options: ``log_dir, run, interval, once, until_end, min_severity``.
        terminal: Where to draw.
        sleep: Waits.
    """
    log = read(options.log_dir, missing_ok=True)
    screen = terminal.is_tty and not options.once
    seen: dict[tuple[str, str, int], Alert] = {}
    try:
        with _alternate_screen(terminal) if screen else nullcontext():
            while True:
                chosen = _latest(log, options)
                if screen:
                    terminal.resize()
                    lines = _fitted("\n".join(_screen(chosen, options, terminal)).split("\n"), terminal.height)
                    terminal.stream.write(_HOME + "\n".join(_CLEAR_LINE + line for line in lines) + _CLEAR_REST)
                elif options.once:
                    terminal.print("\n".join(_screen(chosen, options, terminal)))
                else:
                    _print_news(chosen, options, terminal, seen)
                terminal.stream.flush()
                over = options.until_end and chosen and all(c.session.status != "running" for c in chosen)
                if options.once or over:
                    return CLEAN
                sleep(options.interval)
                log.refresh()
    except KeyboardInterrupt:
        return CLEAN


@contextmanager
def _alternate_screen(terminal: Terminal) -> Iterator[None]:
    """Shows another screen while the block runs, and the one before after any end of it, SIGTERM included."""

    def end(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    # only the main thread may say what a signal does
    ours = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, end) if ours else None
    terminal.stream.write(_ENTER)
    try:
        yield
    finally:
        terminal.stream.write(_LEAVE)
        terminal.stream.flush()
        if ours:
            signal.signal(signal.SIGTERM, before)


def _fitted(lines: list[str], height: int) -> list[str]:
    """Returns the lines that the screen has room for, and says how many it has not: one too many would scroll it."""
    if len(lines) <= height:
        return lines
    shown = max(height - 1, 1)
    return [*lines[:shown], f"... {len(lines) - shown} more lines; a taller window shows them"]


def _latest(log: Log, options: argparse.Namespace) -> list[Chosen]:
    try:
        return choose(
            log, argparse.Namespace(run=options.run, session=options.session, last=not options.session)
        ).sessions
    except LogNotFoundError:
        return []


def _screen(chosen: list[Chosen], options: argparse.Namespace, terminal: Terminal) -> list[str]:
    if not chosen:
        return [f"Waiting for a run below {options.log_dir} ..."]
    # The newest runs first: what is being trained is what one wants to see.
    chosen = sorted(chosen, key=lambda item: item.session.id, reverse=True)
    lines: list[str] = []
    for item in chosen[:8]:
        lines += _session_lines(item, options, terminal, full=len(chosen) == 1)
        lines.append("")
    if len(chosen) > 8:
        lines.append(f"... and {len(chosen) - 8} more runs; choose with --run")
    return lines


def _session_lines(item: Chosen, options: argparse.Namespace, terminal: Terminal, *, full: bool) -> list[str]:
    session = item.session
    start, loss = session.start, session.loss
    elapsed = f", {duration(session.last_wall_time - start.wall_time)}" if start and session.last_wall_time else ""
    title = f"{terminal.style(item.title, 'strong')}  {session.status}, step {session.last_step:,}{elapsed}"
    lines = [title]
    if len(loss):
        curve = sparkline(loss.values, min(40, terminal.width - 30), unicode=terminal.unicode)
        lines.append(f"  loss     {format_number(float(loss.values[-1])):<10} {curve}")
    gradient = session.gradient_norm
    if len(gradient):
        curve = sparkline(gradient.values, min(40, terminal.width - 30), unicode=terminal.unicode)
        lines.append(f"  gradient {format_number(float(gradient.values[-1])):<10} {curve}")
    cost = cost_text(session)
    lines.append(f"  samples  {session.n_samples:,}" + (f", {cost}" if cost else ""))
    found = filter_alerts(session.alerts, options)
    lines.append(f"  alerts   {severity_counts(found, terminal)}")
    if full and found:
        lines += ["", *format_alert(found[0], terminal.width, terminal.color).split("\n")]
        found = found[1:]
        lines += [""] if found else []
    return lines + [
        "  " + alert_line(alert, terminal.width - 2, terminal.color, cut=True) for alert in found[: 10 if full else 3]
    ]


def _print_news(
    chosen: list[Chosen],
    options: argparse.Namespace,
    terminal: Terminal,
    seen: dict[tuple[str, str, int], Alert],
) -> None:
    for item in chosen:
        for alert in filter_alerts(item.session.alerts, options):
            key = (item.run.name, item.session.id, alert.id)
            before = seen.get(key)
            seen[key] = alert
            if before is None:
                terminal.print(f"{item.title}:")
                terminal.print(format_alert(alert, terminal.width, terminal.color) + "\n")
            elif before.state != alert.state:
                terminal.print(f"{item.title}: {alert.state}: {alert_line(alert, terminal.width, terminal.color)}")
