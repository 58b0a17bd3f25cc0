"""Runs a program as ``python train.py ARGS...`` and ``python -m MODULE ARGS...`` do.

Without NumPy, as the program may set what NumPy reads when it is imported.
"""

from __future__ import annotations

import builtins
import contextlib
import importlib.machinery
import importlib.util
import io
import os
import pkgutil
import sys
import threading
import types
from collections.abc import Sequence
from dataclasses import dataclass

from tb_inputdiag.errors import ConfigurationError
from tb_inputdiag.tracebacks import hide_own_frames, user_frames

__all__ = ["UserProgram", "find_module", "find_script", "run_program", "show_exception"]


@dataclass(frozen=True)
class UserProgram:
    """A program, ready to run."""

    code: types.CodeType
    argv: Sequence[str]
    folder: str
    """What comes first in `sys.path`."""
    file: str | None
    """`__file__`."""
    spec: importlib.machinery.ModuleSpec | None = None
    """`__spec__`: None for a script."""


def find_script(path: str, arguments: Sequence[str]) -> UserProgram:
    """Returns the program in a file, or in a folder or an archive with a ``__main__.py``.

    Raises:
        ConfigurationError: if there is none.
        SyntaxError: if it is not Python.
    """
    argv = [path, *arguments]
    if os.path.isdir(path) or path.endswith((".zip", ".pyz")):
        importer = pkgutil.get_importer(path)
        spec = importer.find_spec("__main__") if importer is not None else None
        if spec is None:
            raise ConfigurationError(f"There is no __main__.py in {path!r}.")
        return UserProgram(_code_of(spec), argv, os.path.abspath(path), spec.origin, spec)
    full = os.path.abspath(path)
    try:
        with io.open_code(full) as stream:
            compiled = pkgutil.read_code(stream)
        if compiled is None:
            with io.open_code(full) as stream:
                compiled = compile(stream.read(), full, "exec", dont_inherit=True)
    except OSError as error:
        raise ConfigurationError(f"The program {path!r} cannot be read: {error.strerror}.") from None
    return UserProgram(compiled, argv, os.path.dirname(os.path.realpath(full)), full)


def find_module(name: str, arguments: Sequence[str]) -> UserProgram:
    """Returns the program in a module, or in the ``__main__`` of a package. Imports the packages around it.

    Raises:
        ConfigurationError: if there is none.
    """
    folder = os.getcwd()
    _put_first(folder)
    try:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.submodule_search_locations is not None:
            spec = importlib.util.find_spec(f"{name}.__main__")
    except ModuleNotFoundError as error:
        raise ConfigurationError(f"There is no module {name!r}: {error}.") from None
    if spec is None:
        raise ConfigurationError(f"There is no module {name!r} that can be run.")
    return UserProgram(_code_of(spec), [spec.origin or name, *arguments], folder, spec.origin, spec)


def _code_of(spec: importlib.machinery.ModuleSpec) -> types.CodeType:
    loader = spec.loader
    code = loader.get_code(spec.name) if isinstance(loader, importlib.abc.InspectLoader) else None
    if code is None:
        raise ConfigurationError(f"The module {spec.name!r} holds no Python that can be run.")
    return code


def _put_first(folder: str) -> None:
    """Replaces what Python has put first in the search path because of our own program."""
    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = folder


def run_program(program: UserProgram) -> BaseException | None:
    """Runs a program to its end, threads included.

    Returns:
        The exception that ended it, `SystemExit` included, without our frames; None if it came to its end.
    """
    main = types.ModuleType("__main__")
    vars(main).update(
        __builtins__=builtins,
        __cached__=None,
        __file__=program.file,
        __loader__=program.spec.loader if program.spec is not None else _loader(program.file),
        __package__=program.spec.parent if program.spec is not None else None,
        __spec__=program.spec,
    )
    # A process that `multiprocessing` spawns looks here for the file or module to import again.
    sys.modules["__main__"] = main
    sys.argv = list(program.argv)
    _put_first(program.folder)
    try:
        exec(program.code, vars(main))
    except BaseException as exc:
        ended: BaseException | None = exc
        exc.__traceback__ = user_frames(exc.__traceback__)
        hide_own_frames(exc)
    else:
        ended = None
    return _join_threads() or ended


def _loader(file: str | None) -> importlib.machinery.SourceFileLoader:
    return importlib.machinery.SourceFileLoader("__main__", file or "")


def _join_threads() -> BaseException | None:
    """Waits for the threads that Python waits for at its end. Returns what interrupted that."""
    try:
        for thread in threading.enumerate():
            if thread is not threading.current_thread() and not thread.daemon:
                thread.join()
    except KeyboardInterrupt as exc:
        exc.__traceback__ = user_frames(exc.__traceback__)
        return exc
    return None


def show_exception(exc: BaseException) -> int:
    """Shows what ended a program as Python does, and returns the exit code."""
    if isinstance(exc, SystemExit):
        return _exit_code(exc)
    sys.last_type, sys.last_value, sys.last_traceback = type(exc), exc, exc.__traceback__
    with contextlib.suppress(AttributeError, OSError, ValueError):
        sys.stdout.flush()
    sys.excepthook(type(exc), exc, exc.__traceback__)
    return 130 if isinstance(exc, KeyboardInterrupt) else 1


def _exit_code(exc: SystemExit) -> int:
    if exc.code is None:
        return 0
    if isinstance(exc.code, int):
        return exc.code
    with contextlib.suppress(AttributeError, OSError, ValueError):
        print(exc.code, file=sys.stderr)
    return 1
