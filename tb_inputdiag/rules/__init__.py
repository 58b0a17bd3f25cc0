"""Rules that turn records into alerts.

The names below are loaded when they are first used, so that importing a rule loads neither the engine nor other rules.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tb_inputdiag.records import Severity
    from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
    from tb_inputdiag.rules.catalogue import all_rules
    from tb_inputdiag.rules.engine import RuleEngine, judge
    from tb_inputdiag.rules.views.context import Context

__all__ = ["Context", "Finding", "Findings", "Rule", "RuleEngine", "Severity", "Threshold", "all_rules", "judge"]

_HOMES = {
    "Context": "tb_inputdiag.rules.views.context",
    "Finding": "tb_inputdiag.rules.base",
    "Findings": "tb_inputdiag.rules.base",
    "Rule": "tb_inputdiag.rules.base",
    "RuleEngine": "tb_inputdiag.rules.engine",
    "Severity": "tb_inputdiag.records",
    "Threshold": "tb_inputdiag.rules.base",
    "all_rules": "tb_inputdiag.rules.catalogue",
    "judge": "tb_inputdiag.rules.engine",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, *globals()])
