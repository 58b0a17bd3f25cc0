"""Rules that turn records into alerts.

The names are imported when they are first used, so that a rule or an example does not load the engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tb_inputdiag._lazy import attributes_from

if TYPE_CHECKING:
    from tb_inputdiag.records import Severity
    from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
    from tb_inputdiag.rules.catalogue import all_rules
    from tb_inputdiag.rules.engine import RuleEngine, judge
    from tb_inputdiag.rules.views.context import Context

__all__ = ["Context", "Finding", "Findings", "Rule", "RuleEngine", "Severity", "Threshold", "all_rules", "judge"]

__getattr__ = attributes_from(
    __name__,
    {
        "Context": "tb_inputdiag.rules.views.context",
        "Finding": "tb_inputdiag.rules.base",
        "Findings": "tb_inputdiag.rules.base",
        "Rule": "tb_inputdiag.rules.base",
        "RuleEngine": "tb_inputdiag.rules.engine",
        "Severity": "tb_inputdiag.records",
        "Threshold": "tb_inputdiag.rules.base",
        "all_rules": "tb_inputdiag.rules.catalogue",
        "judge": "tb_inputdiag.rules.engine",
    },
)
