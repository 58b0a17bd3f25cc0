"""Explains the exceptions that nobody catches, just before they are shown.

An exception may leave Keras before it has called any callback, or be raised while a model is built or compiled. Python
and IPython show it through a function that can be replaced: `sys.excepthook`, `threading.excepthook`, and IPython's
`showtraceback`. They are replaced while somebody asks for explanations, and call what they found in their place.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

from tb_inputdiag.settings import Settings
from tb_inputdiag.tracebacks import hide_own_frames

__all__ = ["explain", "explain_unhandled"]


def explain(exc: BaseException, settings: Settings) -> None:
    """Explains an exception of a program that uses Keras, and ends the recordings of the call that it has left.

    See `explain_exception` and `end_recordings`. Never raises.
    """
    if "keras" not in sys.modules:
        return
    try:
        from tb_inputdiag.recording.explanations import end_recordings, explain_exception
    except ImportError:  # Keras is too old, or runs on a backend that is not recorded
        return
    if isinstance(exc, Exception):
        explain_exception(exc, log_dir=settings.log_dir, settings=settings)
    else:
        end_recordings(exc)


def explain_unhandled(settings: Settings) -> Callable[[], None]:
    """Explains the exceptions that nobody catches from now on.

    Args:
        settings: The callback's arguments. If several have asked, those of the last one count.

    Returns:
        A function that ends it. May be called again, in any order.
    """
    return _hooks.add(settings)


class _Hooks:
    """The functions that were replaced, and for whom."""

    def __init__(self) -> None:
        self._users: dict[object, Settings] = {}
        self._undo: list[Callable[[], None]] = []
        self._shell: Any = None
        self._lock = threading.RLock()

    def add(self, settings: Settings) -> Callable[[], None]:
        """Begins for one user. Returns the function that ends it for this one."""
        key = object()
        with self._lock:
            self._users[key] = settings
            if not self._undo:
                self._undo += [self._replace_python(), self._replace_threading()]
            if self._shell is None and (shell := _ipython()) is not None:  # may begin later than the first user
                self._undo.append(self._replace_ipython(shell))

        def remove() -> None:
            with self._lock:
                self._users.pop(key, None)
                if not self._users:
                    while self._undo:
                        self._undo.pop()()

        return remove

    def _explain(self, exc: BaseException | None) -> None:
        with self._lock:
            settings = next(reversed(self._users.values()), None)
        if exc is not None and settings is not None:
            explain(exc, settings)
            hide_own_frames(exc)

    def _replace_python(self) -> Callable[[], None]:
        before = sys.excepthook

        def hook(kind: type[BaseException], exc: BaseException, traceback: TracebackType | None) -> Any:
            self._explain(exc)
            return before(kind, exc, exc.__traceback__)

        sys.excepthook = hook

        def put_back() -> None:
            if sys.excepthook is hook:
                sys.excepthook = before

        return put_back

    def _replace_threading(self) -> Callable[[], None]:
        before = threading.excepthook

        def hook(args: threading.ExceptHookArgs) -> Any:
            self._explain(args.exc_value)
            return before(args)

        threading.excepthook = hook

        def put_back() -> None:
            if threading.excepthook is hook:
                threading.excepthook = before

        return put_back

    def _replace_ipython(self, shell: Any) -> Callable[[], None]:
        self._shell = shell
        before = shell.showtraceback

        def show(exc_tuple: Any = None, *args: Any, **kwargs: Any) -> Any:
            self._explain((exc_tuple or sys.exc_info())[1])
            return before(exc_tuple, *args, **kwargs)

        shell.showtraceback = show

        def put_back() -> None:
            self._shell = None
            if vars(shell).get("showtraceback") is show:
                del shell.showtraceback

        return put_back


def _ipython() -> Any:
    """Returns the shell that runs this program; None outside of IPython."""
    module = sys.modules.get("IPython")
    return module.get_ipython() if module is not None else None


_hooks = _Hooks()
