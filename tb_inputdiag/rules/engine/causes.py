"""The cause graph that the rules declare: which rule explains which."""

from __future__ import annotations

from collections.abc import Iterable

from tb_inputdiag.errors import ConfigurationError
from tb_inputdiag.rules.base import Rule

__all__ = ["CauseGraph"]


class CauseGraph:
    """Transitive closure of `Rule.explains`, and an order in which causes come before their symptoms.

    Raises:
        ConfigurationError: if rules explain each other in a circle.
    """

    def __init__(self, rules: Iterable[Rule | type[Rule]]) -> None:
        self._direct = {rule.id: rule.explains for rule in rules}
        self._superseded = {rule.id: frozenset(rule.supersedes) for rule in rules}
        self.explained: dict[str, frozenset[str]] = {}
        """Rule id -> ids of all rules that are its symptoms, directly or through others."""
        for rule_id in self._direct:
            self._close(rule_id, ())
        self.rank = {rule_id: len(symptoms) for rule_id, symptoms in self.explained.items()}
        """Rule id -> number of rules that it explains. A cause ranks higher than any of its symptoms."""

    def _close(self, rule_id: str, path: tuple[str, ...]) -> frozenset[str]:
        if rule_id in path:
            circle = " -> ".join((*path[path.index(rule_id) :], rule_id))
            raise ConfigurationError(
                f"Rules must not explain each other in a circle. Received: {circle}. Remove one from its `explains`."
            )
        if rule_id not in self.explained:
            found: set[str] = set()
            for symptom in self._direct.get(rule_id, ()):
                found |= {symptom, *self._close(symptom, (*path, rule_id))}
            self.explained[rule_id] = frozenset(found)
        return self.explained[rule_id]

    def explains(self, cause: str, symptom: str) -> bool:
        """Returns whether findings of `symptom` are consequences of `cause`."""
        return symptom in self.explained.get(cause, ())

    def supersedes(self, specific: str, general: str) -> bool:
        """Returns whether `specific` says more about the same subject than `general`."""
        return general in self._superseded.get(specific, ())
