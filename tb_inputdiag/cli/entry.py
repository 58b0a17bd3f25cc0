"""Runs the command line."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from dataclasses import fields
from importlib import import_module
from typing import NamedTuple

from tb_inputdiag.cli.arguments import RunArguments
from tb_inputdiag.cli.grammar import make_parser
from tb_inputdiag.cli.parser import CLEAN, UNREADABLE, complain
from tb_inputdiag.errors import InputDiagError

__all__ = ["Command", "main", "parse"]


class Command(NamedTuple):
    """A command with its arguments, ready to run."""

    handler: str
    """``module:function`` below `tb_inputdiag.cli`."""
    arguments: object
    """An instance of the command's class in `cli.arguments`."""
    color: bool | None
    width: int | None


def parse(arguments: Sequence[str] | None = None) -> Command | None:
    """Returns the command that the arguments name; None without one.

    Args:
        arguments: Those of the command line; None: the process's.

    Raises:
        SystemExit: if an argument is wrong, or help was asked for.
    """
    options = make_parser().parse(arguments)
    if options.handler is None:
        return None
    found = {field.name: getattr(options, field.name) for field in fields(options.arguments)}
    color = {"always": True, "never": False}.get(options.color)
    return Command(options.handler, options.arguments(**found), color, options.width)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit code.

    Args:
        arguments: Those of the command line; None: the process's.
    """
    try:
        command = parse(arguments)
    except SystemExit as stop:  # argparse has said why
        return stop.code if isinstance(stop.code, int) else UNREADABLE
    if command is None:
        make_parser().print_help(sys.stderr)
        return UNREADABLE
    try:
        if isinstance(command.arguments, RunArguments):
            from tb_inputdiag.cli.run import run

            run(command.arguments)
        return _run(command)
    except InputDiagError as error:
        complain(str(error))
        return UNREADABLE
    except BrokenPipeError:
        # The reader of the pipe has enough. Closing standard output must not complain either.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return CLEAN
    except OSError as error:
        complain(f"{error.filename or 'the log'} cannot be read: {error.strerror or error}.")
        return UNREADABLE
    except KeyboardInterrupt:
        return 130


def _run(command: Command) -> int:
    from tb_inputdiag.cli.terminal import Terminal

    module, _, name = command.handler.partition(":")
    # Commands are imported when they run: `rules` need not load what `export` does.
    handler = getattr(import_module(f"tb_inputdiag.cli.{module}"), name)
    code: int = handler(command.arguments, Terminal(sys.stdout, color=command.color, width=command.width))
    sys.stdout.flush()
    return code


if __name__ == "__main__":
    sys.exit(main())
