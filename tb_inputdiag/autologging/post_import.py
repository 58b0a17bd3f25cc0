"""Calls a function when a module is imported, right after its code has run.

Importing Keras chooses its backend, so only the user's program may do it.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import sys
import threading
from collections.abc import Callable, Sequence
from types import ModuleType

__all__ = ["when_imported"]

_Action = Callable[[ModuleType], None]

_ready: list[ModuleType] = []
"""Modules whose own code has run, and whose import has not ended yet: their actions are being called."""


def when_imported(name: str, action: _Action) -> Callable[[], None]:
    """Calls a function with a module: at once if it is imported already, or else when it is.

    Args:
        name: A top-level module.
        action: The function. It is called in the thread that imports the module, and must not raise.

    Returns:
        A function that cancels the call if it was not made yet.
    """
    module = sys.modules.get(name)
    if module is not None and not _is_being_imported(module):
        action(module)
        return lambda: None
    finder = _Finder(name, action)
    sys.meta_path.insert(0, finder)
    return finder.cancel


def _is_being_imported(module: ModuleType) -> bool:
    return bool(getattr(module.__spec__, "_initializing", False)) and module not in _ready


class _Finder(importlib.abc.MetaPathFinder):
    """Finds one module as the finders behind it do, and calls `action` after the module's own code."""

    def __init__(self, name: str, action: _Action) -> None:
        self._name = name
        self._action = action
        self._searching = threading.local()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Returns the module's spec with our loader around its own; None for every other module."""
        if fullname != self._name or getattr(self._searching, "now", False):
            return None
        self._searching.now = True
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._searching.now = False
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader, self._imported)
        return spec

    def _imported(self, module: ModuleType) -> None:
        self.cancel()
        self._action(module)

    def cancel(self) -> None:
        """Removes the finder. May be called again."""
        if self in sys.meta_path:
            sys.meta_path.remove(self)


class _Loader(importlib.abc.Loader):
    """Loads a module with its own loader, which stays the one that the module shows."""

    def __init__(self, loader: importlib.abc.Loader, imported: _Action) -> None:
        self._loader = loader
        self._imported = imported

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        """Creates the module as its own loader does."""
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """Runs the module, then the action."""
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        module.__loader__ = self._loader
        self._loader.exec_module(module)
        _ready.append(module)
        try:
            self._imported(module)
        finally:
            _ready.remove(module)
