"""What ``run`` says at the end of a program: its runs, and how to look at them."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from tb_inputdiag.cli.options import Chosen
from tb_inputdiag.cli.summary import print_table
from tb_inputdiag.cli.terminal import Terminal
from tb_inputdiag.log.reader import runs_of
from tb_inputdiag.urls import is_url

__all__ = ["chosen_of", "print_runs"]


def chosen_of(files: Sequence[Path]) -> list[Chosen]:
    """Returns the sessions in event files."""
    return [Chosen(run, session, "") for run in runs_of(files) for session in run.sessions]


def print_runs(chosen: list[Chosen], log_dir: str) -> None:
    """Prints a table of runs on standard error, and how to look at them.

    Args:
        chosen: The sessions.
        log_dir: The folder of the logs, absolute, or its URL.
    """
    terminal = Terminal(sys.stderr)
    terminal.print()
    print_table(chosen, terminal)
    shown = shlex.quote(log_dir if is_url(log_dir) else min(os.path.relpath(log_dir), log_dir, key=len))
    commands = {
        f"tensorboard --logdir {shown}": "the dashboard",
        f"tb-inputdiag alerts {shown}": "the findings, with their fixes",
        f"tb-inputdiag report {shown}": "one file to mail",
    }
    width = max(map(len, commands))
    for command, what in commands.items():
        terminal.print(terminal.style(f"{command:<{width}}  # {what}", "dim"))
