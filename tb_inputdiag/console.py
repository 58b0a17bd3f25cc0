"""Output next to Keras' progress bar, in a terminal or a notebook."""

from __future__ import annotations

import os
import shutil
import sys
import warnings
from collections.abc import Callable
from typing import Any


class InputDiagWarning(UserWarning):
    """Something failed inside tb_inputdiag; training is not affected."""


def width_of(stream: Any) -> int:
    """Returns how many columns a text may have: those of the terminal, at most 100; 80 if the stream is not one."""
    return min(100, shutil.get_terminal_size((80, 24)).columns) if _is_terminal(stream) else 80


def _is_terminal(stream: Any) -> bool:
    return bool(getattr(stream, "isatty", lambda: False)())


_keep_stdout_clean = False


def keep_stdout_clean() -> None:
    """Prints on standard error from now on where standard output is not a terminal: another program may read it."""
    global _keep_stdout_clean
    _keep_stdout_clean = True


def say(text: Callable[[int, bool], str]) -> None:
    """Prints below what the progress bar has drawn so far.

    Args:
        text: Returns the text for a width in columns, with or without colours.
    """
    stream = sys.stderr if _keep_stdout_clean and not _is_terminal(sys.stdout) else sys.stdout
    if stream is None:  # closed before the program began
        return
    color = _is_terminal(stream) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    try:
        # Keras' bar rewrites its own line. This text begins on a new line, and the bar goes on below it.
        stream.write("\n" + text(width_of(stream), color).rstrip("\n") + "\n\n")
        stream.flush()
    except (OSError, ValueError, UnicodeEncodeError):
        # a closed or narrow stream is not a reason to stop training
        return


def say_warning(text: str) -> None:
    """Warns once that something failed inside tb_inputdiag; never raises, not even with ``-W error``."""
    try:
        warnings.warn(f"tb_inputdiag: {text}", InputDiagWarning, stacklevel=4)
    except InputDiagWarning:
        print(f"tb_inputdiag: {text}", file=sys.stderr)
