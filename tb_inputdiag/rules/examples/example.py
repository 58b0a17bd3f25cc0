"""A run that a rule must judge in a certain way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tb_inputdiag.records import Severity
from tb_inputdiag.rules.examples.scenario import Scenario

__all__ = ["Example", "fires", "silent"]


@dataclass(frozen=True, slots=True)
class Example:
    """A run on which a rule must fire, or stay silent."""

    name: str
    build: Callable[[], Scenario]
    fires: bool
    subject: str = ""
    severity: Severity | None = None


def fires(name: str, build: Callable[[], Scenario], subject: str, severity: Severity | None = None) -> Example:
    """Returns an example on which the rule fires about `subject`."""
    return Example(name, build, True, subject, severity)


def silent(name: str, build: Callable[[], Scenario]) -> Example:
    """Returns an example on which the rule does not fire."""
    return Example(name, build, False)
