"""The arguments of each command, as the parser hands them over.

Without NumPy, like the parser: ``--help`` must not wait for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = [
    "AlertFilter",
    "AlertsArguments",
    "BaselineArguments",
    "CheckArguments",
    "CompareArguments",
    "DataArguments",
    "ExportArguments",
    "GradientsArguments",
    "InputsArguments",
    "LogArguments",
    "ReplayArguments",
    "ReportArguments",
    "RuleChanges",
    "RulesArguments",
    "RunArguments",
    "SessionChoice",
    "SeverityName",
    "SummaryArguments",
    "SyncArguments",
    "WatchArguments",
]

SeverityName = Literal["ERROR", "WARNING", "INFO"]
TextOrJson = Literal["text", "json"]


@dataclass(frozen=True, kw_only=True)
class SessionChoice:
    """Which sessions of a log a command is about."""

    run: str | None = None
    """A run's name or a pattern; None: all runs."""
    session: str | None = None
    """The end of a session's id; None: all sessions."""
    last: bool = False
    """Only the latest session of each run."""


@dataclass(frozen=True, kw_only=True)
class AlertFilter:
    """Which alerts a command is about."""

    min_severity: SeverityName | None = None
    rule: Sequence[str] | None = None
    """Ids; None: all rules."""
    open: bool = False
    """Without resolved alerts."""


@dataclass(frozen=True, kw_only=True)
class LogArguments(SessionChoice):
    """A log, and which sessions of it."""

    log_dir: str


@dataclass(frozen=True, kw_only=True)
class SummaryArguments(LogArguments):
    """Arguments of ``summary``."""

    format: TextOrJson = "text"


@dataclass(frozen=True, kw_only=True)
class AlertsArguments(LogArguments, AlertFilter):
    """Arguments of ``alerts``."""

    format: TextOrJson = "text"
    short: bool = False


@dataclass(frozen=True, kw_only=True)
class InputsArguments(LogArguments):
    """Arguments of ``inputs``."""

    format: TextOrJson = "text"


@dataclass(frozen=True, kw_only=True)
class GradientsArguments(LogArguments):
    """Arguments of ``gradients``."""

    format: TextOrJson = "text"
    top: int | None = None


@dataclass(frozen=True, kw_only=True)
class CompareArguments:
    """Arguments of ``compare``."""

    first: str
    second: str
    format: TextOrJson = "text"


@dataclass(frozen=True, kw_only=True)
class RuleChanges:
    """Which rules judge, and how."""

    only: Sequence[str] | None = None
    off: Sequence[str] | None = None
    set: Sequence[str] | None = None
    """``RULE.THRESHOLD=NUMBER``."""
    severity: Sequence[str] | None = None
    """``RULE=SEVERITY``."""


@dataclass(frozen=True, kw_only=True)
class ReplayArguments(LogArguments, AlertFilter, RuleChanges):
    """Arguments of ``replay``."""

    format: TextOrJson = "text"
    full: bool = False


@dataclass(frozen=True, kw_only=True)
class CheckArguments(LogArguments):
    """Arguments of ``check``."""

    format: Literal["text", "json", "github"] = "text"
    fail_on: SeverityName = "WARNING"
    junit: str | None = None
    baseline: str | None = None
    rule: Sequence[str] | None = None
    open: bool = False


@dataclass(frozen=True, kw_only=True)
class DataArguments(RuleChanges):
    """Arguments of ``data``."""

    files: Sequence[str]
    validation: Sequence[str] | None = None
    test: Sequence[str] | None = None
    target: str | None = None
    record_parser: str | None = None
    loss: str | None = None
    baseline: str | None = None
    log_dir: str | None = None
    format: Literal["text", "json", "github"] = "text"
    fail_on: SeverityName = "WARNING"


@dataclass(frozen=True, kw_only=True)
class BaselineArguments(LogArguments):
    """Arguments of ``baseline``."""

    output: str = "-"


@dataclass(frozen=True, kw_only=True)
class WatchArguments(LogArguments, AlertFilter):
    """Arguments of ``watch``."""

    interval: float = 2.0
    once: bool = False
    until_end: bool = False


@dataclass(frozen=True, kw_only=True)
class ExportArguments(LogArguments):
    """Arguments of ``export``."""

    table: str
    format: Literal["csv", "json", "parquet"] | None = None
    output: str | None = None


@dataclass(frozen=True, kw_only=True)
class ReportArguments(LogArguments):
    """Arguments of ``report``."""

    output: str = "report.html"


@dataclass(frozen=True, kw_only=True)
class RulesArguments:
    """Arguments of ``rules``."""

    id: str | None = None
    format: TextOrJson = "text"


@dataclass(frozen=True, kw_only=True)
class RunArguments(RuleChanges):
    """Arguments of ``run``."""

    log_dir: str = "logs"
    fail_on: SeverityName | None = None
    every: int | Literal["auto"] = "auto"
    overhead_budget: float = 0.01
    stop_on: SeverityName | None = None
    images: int = 4
    save_bad_batches: bool = False
    mirror_scalars: bool = False
    flush_s: float = 60.0
    quiet: bool = False
    module: Sequence[str] | None = None
    """A module and its arguments."""
    program: Sequence[str] = ()
    """A file and its arguments; empty for a module."""


@dataclass(frozen=True, kw_only=True)
class SyncArguments:
    """Arguments of ``sync``."""

    folder: str | None = None
    url: str | None = None
    keep: bool = False


@dataclass(frozen=True, kw_only=True)
class ExplainArguments:
    """Arguments of ``explain``."""

    message: str | None = None
    format: TextOrJson = "text"
