"""``watch``: a live run in the terminal."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from types import FrameType

from tb_inputdiag.cli.arguments import SessionChoice, WatchArguments
from tb_inputdiag.cli.findings import filter_alerts, severity_counts
from tb_inputdiag.cli.options import Chosen, choose
from tb_inputdiag.cli.parser import CLEAN
from tb_inputdiag.cli.summary import cost_text
from tb_inputdiag.cli.terminal import Terminal, sparkline
from tb_inputdiag.errors import LogNotFoundError, RemoteError
from tb_inputdiag.log.reader import Log, read
from tb_inputdiag.numbers import count, duration, format_number, whole
from tb_inputdiag.records import Alert
from tb_inputdiag.report import alert_line, format_alert

__all__ = ["watch"]

_HOME, _CLEAR_LINE, _CLEAR_REST = "\x1b[H", "\x1b[K", "\x1b[J"
_ENTER, _LEAVE = "\x1b[?1049h\x1b[?25l\x1b[?7l", "\x1b[?7h\x1b[?25h\x1b[?1049l"
"""The alternate screen, without a cursor. It restores what was in the terminal before. Lines are not wrapped, so that a
long line of code pushes no other line off the screen."""
_MOST_RUNS = 8
"""Runs on one screen."""


def watch(
    arguments: WatchArguments,
    terminal: Terminal,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """Follows the latest session of each run until Ctrl-C. In a pipe, prints alerts when they open or resolve.

    Args:
        arguments: The log, the sessions and alerts to show, and when to return.
        terminal: Where to draw.
        sleep: Waits for some seconds.
    """
    log = read(arguments.log_dir, missing_ok=True)
    screen = terminal.is_tty and not arguments.once
    seen: dict[tuple[str, str, int], Alert] = {}
    try:
        with _alternate_screen(terminal) if screen else nullcontext():
            while True:
                chosen = _latest(log, arguments)
                if screen:
                    terminal.resize()
                    lines = _fitted("\n".join(_screen(chosen, arguments, terminal)).split("\n"), terminal.height)
                    terminal.stream.write(_HOME + "\n".join(_CLEAR_LINE + line for line in lines) + _CLEAR_REST)
                elif arguments.once:
                    terminal.print("\n".join(_screen(chosen, arguments, terminal)))
                else:
                    _print_news(chosen, arguments, terminal, seen)
                terminal.stream.flush()
                over = arguments.until_end and chosen and all(c.session.is_over for c in chosen)
                if arguments.once or over:
                    return CLEAN
                sleep(arguments.interval)
                with suppress(RemoteError):  # a store that does not answer now may answer the next time
                    log.refresh()
    except KeyboardInterrupt:
        return CLEAN


@contextmanager
def _alternate_screen(terminal: Terminal) -> Iterator[None]:
    """Shows another screen while the block runs. Restores the first one however the block ends, also on SIGTERM."""

    def end(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    # only the main thread may set signal handlers
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
    """Returns the lines that fit the screen, and a note about the others. One line too many would scroll it."""
    if len(lines) <= height:
        return lines
    shown = max(height - 1, 1)
    return [*lines[:shown], f"... {len(lines) - shown} more lines; a taller window shows them"]


def _latest(log: Log, arguments: WatchArguments) -> list[Chosen]:
    try:
        choice = SessionChoice(run=arguments.run, session=arguments.session, last=not arguments.session)
        return choose(log, choice).sessions
    except LogNotFoundError:
        return []


def _screen(chosen: list[Chosen], arguments: WatchArguments, terminal: Terminal) -> list[str]:
    if not chosen:
        return [f"Waiting for a run below {arguments.log_dir} ..."]
    # The newest runs first: people watch what is being trained now.
    chosen = sorted(chosen, key=lambda item: item.session.id, reverse=True)
    lines: list[str] = []
    for item in chosen[:_MOST_RUNS]:
        lines += _session_lines(item, arguments, terminal, full=len(chosen) == 1)
        lines.append("")
    if len(chosen) > _MOST_RUNS:
        lines.append(f"... and {count(len(chosen) - _MOST_RUNS, 'more run')}; choose with --run")
    return lines


def _session_lines(item: Chosen, arguments: WatchArguments, terminal: Terminal, *, full: bool) -> list[str]:
    session = item.session
    start, loss = session.start, session.loss
    elapsed = f", {duration(session.last_wall_time - start.wall_time)}" if start and session.last_wall_time else ""
    title = f"{terminal.style(item.title, 'strong')}  {session.status}, step {whole(session.last_step)}{elapsed}"
    lines = [title]
    if len(loss):
        curve = sparkline(loss.values, min(40, terminal.width - 30), unicode=terminal.unicode)
        lines.append(f"  loss     {format_number(float(loss.values[-1])):<10} {curve}")
    gradient = session.gradient_norm
    if len(gradient):
        curve = sparkline(gradient.values, min(40, terminal.width - 30), unicode=terminal.unicode)
        lines.append(f"  gradient {format_number(float(gradient.values[-1])):<10} {curve}")
    cost = cost_text(session)
    lines.append(f"  samples  {whole(session.n_samples)}" + (f", {cost}" if cost else ""))
    found = filter_alerts(session.alerts, arguments)
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
    arguments: WatchArguments,
    terminal: Terminal,
    seen: dict[tuple[str, str, int], Alert],
) -> None:
    for item in chosen:
        for alert in filter_alerts(item.session.alerts, arguments):
            key = (item.run.name, item.session.id, alert.id)
            before = seen.get(key)
            seen[key] = alert
            if before is None:
                terminal.print(f"{item.title}:")
                terminal.print(format_alert(alert, terminal.width, terminal.color) + "\n")
            elif before.state != alert.state:
                terminal.print(f"{item.title}: {alert.state}: {alert_line(alert, terminal.width, terminal.color)}")
