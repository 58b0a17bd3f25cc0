"""What alerts mean: which ones stand, which come first, what they say about a session, and whether it still runs.

The engine, the log, the report, the command line and the dashboard ask here, so that they agree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Literal, TypeAlias

from tb_inputdiag.records import Alert, ExpectedRange, NotJudged, SessionEnd, Severity

__all__ = [
    "SILENT_AFTER_S",
    "Liveness",
    "Verdict",
    "count_by_severity",
    "findings",
    "is_standing",
    "is_symptom",
    "latest_not_judged",
    "latest_ranges",
    "liveness",
    "silent_after_s",
    "verdict",
    "worst_first",
    "worst_session_first",
]

Verdict: TypeAlias = Literal["error", "warning", "info", "healthy", "waiting"]
"""What the alerts say about a session; ``waiting``: nothing was sampled yet."""

Liveness: TypeAlias = Literal["running", "silent", "died", "finished", "stopped", "failed", "interrupted"]
"""Whether a session runs, or how it ended.

``finished``, ``stopped``, ``failed`` and ``interrupted`` are logged (see `SessionEnd.status`). Without a logged end,
a session is ``running``, ``died`` (its process is gone), or ``silent`` (no sign of it, and its process can't be asked).
"""

SILENT_AFTER_S = 90.0
"""Seconds without a new record after which a session counts as silent.

The writer flushes once a second, so a running session is quiet only while it traces or compiles a step, validates, or
saves a checkpoint. Compiling a large model with XLA takes up to about a minute; 90 s leaves a margin.
"""

_INTERVALS = 5
"""A session that flushes less often than every 18 s is silent after this many of its intervals."""

_VERDICTS: dict[Severity, Verdict] = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "info"}


_WORST_VERDICT_FIRST: tuple[Verdict, ...] = ("error", "warning", "info", "waiting", "healthy")


def is_symptom(alert: Alert) -> bool:
    """Returns whether the alert was folded into the alert of its cause, which lists it as a consequence."""
    return alert.caused_by is not None


def is_standing(alert: Alert) -> bool:
    """Returns whether the alert holds and is a finding of its own: open, and not a symptom of another one."""
    return alert.state == "open" and not is_symptom(alert)


def worst_first(alert: Alert) -> tuple[int, int, int, int, int]:
    """Returns a key that sorts alerts: ``sorted(alerts, key=worst_first)``.

    Standing alerts come before others, severe ones before mild ones, causes before what they can explain, early ones
    before late ones. All items are integers, so that a key can be sent to the browser and compared there.
    """
    return (int(not is_standing(alert)), -int(alert.severity), -alert.rank, alert.first_step, alert.id)


def findings(history: Iterable[Alert]) -> list[Alert]:
    """Returns the last state of each alert of one session, worst first, without symptoms.

    Args:
        history: States of the session's alerts, in the order in which they were logged.
    """
    last = {alert.id: alert for alert in history}
    return sorted((alert for alert in last.values() if not is_symptom(alert)), key=worst_first)


def latest_ranges(history: Iterable[ExpectedRange]) -> list[ExpectedRange]:
    """Returns the last range of each rule, subject and stage of one session, in the order of the first ones."""
    return list({(item.rule, item.subject, item.stage): item for item in history}.values())


def latest_not_judged(history: Iterable[NotJudged]) -> list[NotJudged]:
    """Returns the last reason of each rule that could not judge one session."""
    return list({item.rule: item for item in history}.values())


def count_by_severity(alerts: Iterable[Alert]) -> dict[Severity, int]:
    """Returns how many of the alerts have each severity: all severities, the worst first."""
    counts = Counter(alert.severity for alert in alerts)
    return {severity: counts[severity] for severity in sorted(Severity, reverse=True)}


def verdict(alerts: Iterable[Alert], *, failed: bool = False, sampled: bool = True) -> Verdict:
    """Returns the verdict on a session: the severity of its worst standing alert.

    Args:
        alerts: Its alerts, in any order.
        failed: An exception ended it.
        sampled: At least one batch was sampled.
    """
    if failed:
        return "error"
    standing = [alert.severity for alert in alerts if is_standing(alert)]
    if standing:
        return _VERDICTS[max(standing)]
    return "healthy" if sampled else "waiting"


def worst_session_first(verdict: Verdict, alerts: Iterable[Alert]) -> tuple[int, int, int, int]:
    """Returns a key that sorts sessions: the worst verdict first, then the most standing alerts, severe ones first.

    A session that is still unknown comes before a healthy one, which needs no attention.

    Args:
        verdict: Its verdict.
        alerts: Its alerts, in any order.
    """
    counts = count_by_severity(filter(is_standing, alerts))
    return (
        _WORST_VERDICT_FIRST.index(verdict),
        -counts[Severity.ERROR],
        -counts[Severity.WARNING],
        -counts[Severity.INFO],
    )


def liveness(
    end: SessionEnd | None, *, quiet_s: float, interval_s: float = 1.0, process_runs: bool | None = None
) -> Liveness:
    """Returns whether a session runs, or how it ended.

    Args:
        end: Its last record, if it has been logged.
        quiet_s: Seconds since the last sign of it.
        interval_s: Seconds between flushes of its writer.
        process_runs: Whether its process exists; None where that can't be known, as on another machine.
    """
    if end is not None:
        return end.status
    if process_runs is not None:
        return "running" if process_runs else "died"
    return "running" if quiet_s <= silent_after_s(interval_s) else "silent"


def silent_after_s(interval_s: float = 1.0) -> float:
    """Returns the seconds without a sign of it after which a session that has not ended is silent.

    Args:
        interval_s: Seconds between flushes of its writer.
    """
    return max(SILENT_AFTER_S, _INTERVALS * interval_s)
