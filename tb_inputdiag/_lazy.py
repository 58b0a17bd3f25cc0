"""Packages whose public names are imported when they are first used."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module

__all__ = ["attributes_from"]


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
