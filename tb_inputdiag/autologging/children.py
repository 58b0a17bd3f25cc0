"""Takes the settings along to the processes that a program starts with `multiprocessing`.

A forked process has them anyway. One that is spawned, or forked by a server, starts without: it receives a pickled
description of its process, and the settings are in it.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Mapping
from typing import Any

from tb_inputdiag.autologging.post_import import when_imported
from tb_inputdiag.autologging.switch import autolog
from tb_inputdiag.console import keep_stdout_clean, say_warning
from tb_inputdiag.errors import InputDiagError

__all__ = ["autolog_in_children", "autolog_when_imported"]

_KEY = "tb_inputdiag"


def autolog_when_imported(settings: Mapping[str, Any]) -> None:
    """Calls `autolog` as soon as Keras is imported, and not before: that would import NumPy.

    Args:
        settings: The arguments of `autolog`.
    """

    def begin(module: object) -> None:
        try:
            autolog(**settings)
        except InputDiagError as error:
            say_warning(f"nothing is recorded: {error}")

    when_imported("keras", begin)


def autolog_in_children(settings: Mapping[str, Any]) -> None:
    """Does the same in every process that this one starts with `multiprocessing`, and in those that they start."""
    # Each process hands this dict on to the processes that it starts. There is no public way.
    multiprocessing.current_process()._config[_KEY] = _ForChildren(settings)  # type: ignore[attr-defined]  # see above


class _ForChildren:
    """Settings that come into force in the process in which they are unpickled."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = dict(settings)

    def __reduce__(self) -> Any:
        return _in_child, (self._settings,)


def _in_child(settings: Mapping[str, Any]) -> _ForChildren:
    keep_stdout_clean()
    autolog_when_imported(settings)
    return _ForChildren(settings)
