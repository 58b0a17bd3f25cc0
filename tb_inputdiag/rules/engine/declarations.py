"""What rules declare beside findings: the ranges that they judge by, and that they could not judge."""

from __future__ import annotations

from collections.abc import Iterable

from tb_inputdiag.records import ExpectedRange, Layout, ModelFacts, NotJudged, Stage
from tb_inputdiag.rules.base import Rule

__all__ = ["Declarations"]


class Declarations:
    """The declarations of one session. Each is new once; a range is new again when it changes."""

    def __init__(self) -> None:
        self.blind: frozenset[str] = frozenset()
        """Rules that need facts which could not be read: they are not asked."""
        self._ranges: dict[tuple[str, str, Stage], ExpectedRange] = {}
        self._not_judged: dict[str, NotJudged] = {}
        self._asked: set[tuple[str, int]] = set()
        self._new: list[ExpectedRange | NotJudged] = []

    @property
    def expected_ranges(self) -> list[ExpectedRange]:
        """All ranges, as last declared."""
        return list(self._ranges.values())

    @property
    def not_judged(self) -> list[NotJudged]:
        """All rules that could not judge."""
        return list(self._not_judged.values())

    def take_new(self) -> list[ExpectedRange | NotJudged]:
        """Returns what was declared since the last call."""
        new, self._new = self._new, []
        return new

    def is_first(self, rule: Rule, layout: Layout) -> bool:
        """Returns whether the rule judges its first sample of the layout now."""
        key = (rule.id, layout.id)
        if key in self._asked:
            return False
        self._asked.add(key)
        return True

    def expect(self, ranges: Iterable[ExpectedRange]) -> None:
        """Adds ranges that a rule judges by."""
        for expected in ranges:
            key = (expected.rule, expected.subject, expected.stage)
            if self._ranges.get(key) != expected:
                self._ranges[key] = expected
                self._new.append(expected)

    def see_facts(self, facts: ModelFacts, rules: Iterable[Rule]) -> None:
        """Finds the rules that need something that could not be read."""
        effects = {degraded.accessor: degraded.effect for degraded in facts.degraded}
        reasons = {rule.id: [effects[name] for name in rule.needs if name in effects] for rule in rules}
        self.blind = frozenset(rule_id for rule_id, found in reasons.items() if found)
        for rule_id in sorted(self.blind):
            self.cannot_judge(rule_id, " ".join(dict.fromkeys(reasons[rule_id])))

    def cannot_judge(self, rule_id: str, reason: str) -> None:
        """Adds a rule that cannot judge."""
        record = NotJudged(rule=rule_id, reason=reason)
        if self._not_judged.get(rule_id) != record:
            self._not_judged[rule_id] = record
            self._new.append(record)
