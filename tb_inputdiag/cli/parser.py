"""How the command line explains itself and wrong arguments.

Without NumPy on purpose: ``--version``, ``--help`` and mistakes must not wait for it.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import textwrap
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from tb_inputdiag.errors import did_you_mean
from tb_inputdiag.numbers import interval

__all__ = ["CLEAN", "FINDINGS", "UNREADABLE", "Parser", "complain", "number"]

CLEAN, FINDINGS, UNREADABLE = 0, 1, 2
"""Exit codes: all is well; `check` found something; the log cannot be read, or the arguments are wrong."""

_HELP_WIDTH = 80


def complain(text: str) -> None:
    """Prints on standard error what went wrong, wrapped if standard error is a terminal."""
    if sys.stderr is None:  # closed before the program began
        return
    text = f"tb-inputdiag: {text}"
    if sys.stderr.isatty():
        width = max(40, shutil.get_terminal_size((80, 24)).columns)
        text = "\n".join(
            textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False) for line in text.split("\n")
        )
    print(text, file=sys.stderr)


class _Formatter(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        in_terminal = sys.stdout is not None and sys.stdout.isatty()
        columns = shutil.get_terminal_size((_HELP_WIDTH, 24)).columns if in_terminal else _HELP_WIDTH
        super().__init__(prog, max_help_position=30, width=max(40, min(columns, 100)) - 2)
        # argparse forgets the indentation of commands when it aligns them, and so would break lines with long names.
        self._action_max_length = 18


class Parser(argparse.ArgumentParser):
    """Suggests the closest option, command or choice for a wrong one. Abbreviations are not accepted."""

    def __init__(self, **options: Any) -> None:
        description = textwrap.fill(options.pop("description", ""), _HELP_WIDTH - 2)
        options.setdefault("formatter_class", _Formatter)
        super().__init__(description=description, allow_abbrev=False, **options)

    def parse(self, args: Sequence[str] | None = None) -> argparse.Namespace:
        """Returns the arguments by name. Exits with 2 where one is wrong."""
        found, extra = self.parse_known_args(args)
        if extra:
            parser: Parser = getattr(found, "parser", self)
            parser.error(parser._about(extra[0]))
        return found

    def _about(self, unknown: str) -> str:
        if not unknown.startswith("-"):
            return f"unexpected argument {unknown!r}."
        name = unknown.partition("=")[0]
        return f"there is no option {name!r}.{did_you_mean(name, self._option_string_actions)}"

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            choices = ", ".join(map(str, action.choices))
            hint = did_you_mean(str(value), map(str, action.choices))
            raise argparse.ArgumentError(action, f"there is no {value!r}.{hint} Choose one of {choices}.")

    def error(self, message: str) -> NoReturn:
        """Says what is wrong, and exits with 2."""
        complain(f"{message}\nTry: {self.prog} --help")
        sys.exit(UNREADABLE)


def number(kind: type[int] | type[float], low: float, high: float, unit: str = "") -> Callable[[str], float]:
    """Returns an argparse type: a number within limits, with an error that names them."""

    def parse(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = kind(low) - 1
        if not low <= value <= high:
            expected = f"a {'whole ' if kind is int else ''}number from {interval(low, high)}"
            raise argparse.ArgumentTypeError(f"takes {expected}{' ' + unit if unit else ''}. Received: {text!r}.")
        return value

    return parse
