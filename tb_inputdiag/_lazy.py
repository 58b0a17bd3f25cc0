"""Names that are imported when they are first used."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["attributes_from", "pretty_from", "text_from"]


def attributes_from(package: str, homes: Mapping[str, str]) -> Callable[[str], object]:
    """Returns a module's `__getattr__` that imports a public name from its home and keeps it.

    Args:
        package: The module's own name.
        homes: Public name -> module that defines it.
    """

    def get(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(import_module(homes[name]), name)
        setattr(sys.modules[package], name, value)
        return value

    return get


def text_from(module: str, function: str) -> Callable[[Any], str]:
    """Returns a method that shows an object: it calls a function of a module that knows what the object does not."""

    def show(self: Any) -> str:
        text: str = getattr(import_module(module), function)(self)
        return text

    return show


def pretty_from(module: str, function: str) -> Callable[[Any, Any, bool], None]:
    """Returns the method `_repr_pretty_`, by which IPython shows an object as text; see `text_from`."""
    show = text_from(module, function)

    def pretty(self: Any, printer: Any, cycle: bool) -> None:
        printer.text(show(self))

    return pretty
