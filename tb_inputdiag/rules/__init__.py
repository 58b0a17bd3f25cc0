"""Rules that turn records into alerts."""

from __future__ import annotations

from tb_inputdiag.records import Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.catalogue import all_rules
from tb_inputdiag.rules.engine import RuleEngine, judge
from tb_inputdiag.rules.views.context import Context

__all__ = ["Context", "Finding", "Findings", "Rule", "RuleEngine", "Severity", "Threshold", "all_rules", "judge"]
