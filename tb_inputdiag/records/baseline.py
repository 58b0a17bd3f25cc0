"""What the inputs of a good run were like, for later runs to be compared with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tb_inputdiag.records.values import Role

__all__ = ["BASELINE_LEVELS", "Baseline", "BaselineColumn", "BaselineTensor", "Tolerances"]

BASELINE_LEVELS = (1 / 32, 1 / 4, 1 / 2, 3 / 4, 31 / 32)
"""Probabilities of the quantiles that are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerances:
    """How much a later run may differ. See the rule `baseline-skew`."""

    standard_errors: float = 6.0
    """Difference of the means that chance may make, in standard errors of both samples."""
    shift: float = 0.1
    """Difference of the means that is fine however certain it is, in standard deviations of the baseline."""
    spread: float = 5.0
    """Ratio of the standard deviations that is fine, either way."""
    beyond: float = 1 / 32
    """Fraction of the values that may lie outside of the baseline's range."""
    reach: float = 10.0
    """How far outside a single value may lie, in widths of the baseline's range."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineColumn:
    """One column of a table, or one channel."""

    name: str
    place: int
    """Its index along the feature axis."""
    min: float
    max: float
    mean: float
    std: float
    quantiles: tuple[float, ...] = ()
    """At the probabilities of `BASELINE_LEVELS`; empty if not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineTensor:
    """One input or target."""

    name: str
    role: Role
    dtype: str
    shape: tuple[int | None, ...] | None
    """With the axis of the examples; None is an axis of any length."""
    examples: int
    """How many the numbers are taken from."""
    has_gaps: bool = False
    """Whether NaN or infinities are normal."""
    whole: bool = False
    """Whether all values are whole numbers."""
    min: float | None = None
    max: float | None = None
    mean: float | None = None
    std: float | None = None
    """Over all columns; None without numbers."""
    columns: tuple[BaselineColumn, ...] = ()
    categories: Mapping[str, float] = field(default_factory=dict)
    """Category or class -> its share of the examples."""
    all_categories: bool = False
    """Whether other categories are new, rather than just not listed."""

    @property
    def subject(self) -> str:
        """How alerts name it; see `records.Alert.subject`."""
        return f"{self.role}:{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What the inputs of a good run were like. Logged at the start of a run that is compared with it."""

    source: str
    """The session that it was taken from."""
    tensors: tuple[BaselineTensor, ...]
    tolerances: Tolerances = field(default_factory=Tolerances)
