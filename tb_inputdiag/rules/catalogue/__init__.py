"""All rules: one per file in this package, and those that installed packages bring."""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Callable, Iterable
from functools import cache
from importlib import import_module, metadata
from pathlib import Path
from types import ModuleType

from tb_inputdiag.rules.base import Rule

__all__ = ["ENTRY_POINT_GROUP", "all_rules", "installed_rules"]

ENTRY_POINT_GROUP = "tb_inputdiag.rules"


def _rules_in(module: ModuleType) -> list[type[Rule]]:
    return [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Rule) and value.id and value.__module__ == module.__name__
    ]


@cache
def all_rules() -> tuple[type[Rule], ...]:
    """Returns the rules of this package, sorted by id. Each file holds one rule and is named after its id."""
    names = sorted(info.name for info in pkgutil.iter_modules([str(Path(__file__).parent)]))
    return tuple(rule for name in names for rule in _rules_in(import_module(f"{__name__}.{name}")))


@cache
def _entry_points(path: tuple[str, ...]) -> tuple[metadata.EntryPoint, ...]:
    """Returns the entry points of the packages on a path, which are looked up once: that takes 20 ms or more."""
    del path  # only the key: what is found depends on it
    return tuple(sorted(metadata.entry_points(group=ENTRY_POINT_GROUP), key=lambda entry: entry.name))


def installed_rules(on_error: Callable[[str, Exception], None]) -> list[type[Rule]]:
    """Returns the rules of other packages: entry points `tb_inputdiag.rules` that name a rule, or a module of rules.

    One that cannot be loaded is reported through ``on_error(entry point name, exception)`` and left out.
    """
    found: list[type[Rule]] = []
    for entry in _entry_points(tuple(sys.path)):
        try:
            loaded = entry.load()
            rules: Iterable[type[Rule]] = _rules_in(loaded) if isinstance(loaded, ModuleType) else [loaded]
            for rule in rules:
                if not (isinstance(rule, type) and issubclass(rule, Rule) and rule.id):
                    raise TypeError(f"expected a Rule class with an id, or a module of such. Received: {rule!r}")
                found.append(rule)
        except Exception as error:  # whatever a stranger's package raises must not stop a training
            on_error(entry.name, error)
    return found
