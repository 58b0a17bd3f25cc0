"""What is done when the main program has ended, while threads and the network still work.

Functions of `atexit` run after Python has closed its thread pools. From then on no name is looked up, so a connection
to a server cannot be opened any more.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
from collections.abc import Callable

__all__ = ["at_program_end", "has_ended", "not_at_program_end"]

_Function = Callable[[], object]
_functions: list[tuple[int, _Function]] = []
_registered: list[int] = []
_ended: list[int] = []


def at_program_end(function: _Function) -> None:
    """Has a function called when the main thread ends; what is given last is called first. Exceptions are dropped."""
    pid = os.getpid()
    _functions.append((pid, function))
    if pid in _registered:
        return
    _registered[:] = [pid]
    # There is no public way. It is what concurrent.futures closes its pools with.
    register = getattr(threading, "_register_atexit", atexit.register)
    try:
        register(_run)
    except RuntimeError:  # the main thread has ended already
        atexit.register(_run)


def not_at_program_end(function: _Function) -> None:
    """Takes back what was given to `at_program_end`."""
    _functions[:] = [item for item in _functions if item[1] != function]


def has_ended() -> bool:
    """Returns whether the main thread has ended, and nothing but the end of the process follows."""
    return os.getpid() in _ended


def _run() -> None:
    _registered.clear()
    _ended.append(os.getpid())
    while _functions:
        pid, function = _functions.pop()
        if pid == os.getpid():  # not those of the process that this one was forked from
            with contextlib.suppress(Exception):
                function()
