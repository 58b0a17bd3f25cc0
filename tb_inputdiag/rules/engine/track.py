"""One finding, followed through the records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from tb_inputdiag.records import Alert, Severity, Split
from tb_inputdiag.rules.base import Finding, Rule

__all__ = ["Key", "Track"]

Key: TypeAlias = tuple[str, str, Split]
"""Rule, subject and split: findings that agree in these are the same one."""


@dataclass(slots=True, eq=False)
class Track:
    """One finding, followed through the records."""

    rule: Rule
    split: Split
    hook: str
    """The hook that found it last; only verdicts of the same hook can miss it."""
    finding: Finding
    """As last found."""
    first_step: int
    last_step: int
    wall_time: float
    """When it was found first."""
    streak: int = 0
    """Successive verdicts that found it."""
    examples: int = 0
    """Examples of the samples among those verdicts."""
    misses: int = 0
    """Successive verdicts that did not."""
    count: int = 0
    alert: Alert | None = None
    cause: Track | None = None
    """It is folded into this one and has no standing alert of its own."""
    absent_step: int | None = None
    """The last step at which the rule looked for it and did not find it, before it was found first."""
    whole: bool = False
    """Whether the last verdict that found it was about all data: there is no other sample to wait for."""
    dirty: bool = False
    """Count or last step changed since the alert was last passed on."""

    @property
    def is_open(self) -> bool:
        """Whether it has a standing alert."""
        return self.alert is not None and self.alert.state == "open" and self.cause is None

    @property
    def is_ripe(self) -> bool:
        """Whether it has persisted long enough for an alert."""
        if self.streak > 0 and (self.finding.at_once or self.whole):
            return True
        enough = self.hook != "on_sample" or self.examples >= self.rule.persistence_examples
        return enough and self.streak >= self.rule.persistence

    @property
    def severity(self) -> Severity:
        """That of the finding."""
        return self.finding.severity or self.rule.severity

    def hit(self, finding: Finding, hook: str, step: int, wall_time: float, examples: int = 0) -> None:
        """Notes a verdict that found it at `step`, in a sample of so many `examples`."""
        if self.streak == 0 and self.alert is None:
            self.first_step, self.wall_time = step, wall_time
        self.finding, self.hook = finding, hook
        self.streak += 1
        self.examples += examples
        self.misses = 0
        self.count += 1
        self.last_step = max(self.last_step, step)
        self.dirty = self.alert is not None

    def miss(self) -> bool:
        """Notes a verdict that did not find it. Returns whether it is gone by now."""
        self.streak = 0
        self.examples = 0
        self.misses += 1
        # The static facts come again only when they have changed, so one verdict on them is enough.
        needed = 1 if self.hook == "on_model" else self.rule.resolve_after
        return bool(needed) and self.misses >= needed
