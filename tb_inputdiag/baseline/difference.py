"""One way in which an input differs from a baseline, and whether chance explains it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from tb_inputdiag.records import JSON, Picture, Severity

__all__ = ["DifferenceKind", "InputDifference", "by_chance"]

DifferenceKind: TypeAlias = Literal[
    "missing", "new", "dtype", "shape", "gaps", "fractions", "order", "range", "mean", "spread", "categories"
]


@dataclass(frozen=True, kw_only=True)
class InputDifference:
    """One way in which an input differs from the baseline."""

    kind: DifferenceKind
    subject: str
    text: str
    """A clause about the input: ``has the shape (None, 3), not (None, 4)``."""
    evidence: Mapping[str, JSON] = field(default_factory=dict)
    picture: Picture | None = None
    columns: tuple[str, ...] = ()
    severity: Severity = Severity.WARNING


def by_chance(n: float, base_examples: int, now_examples: int) -> float:
    """Returns the probability that `n` examples which are unlike all of the baseline come from the same data.

    All examples are exchangeable then: the probability that the `n` most extreme ones are all new ones.
    """
    return float((now_examples / (now_examples + base_examples)) ** n) if now_examples else 1.0
