"""What alerts mean: standing, order, verdict, liveness."""

from __future__ import annotations

import dataclasses
import random

import pytest

from tb_inputdiag.alerts import (
    SILENT_AFTER_S,
    Verdict,
    count_by_severity,
    findings,
    is_standing,
    is_symptom,
    liveness,
    verdict,
    worst_first,
    worst_session_first,
)
from tb_inputdiag.records import Alert, SessionEnd, Severity

ALERT = Alert(
    id=0,
    rule="a",
    severity=Severity.WARNING,
    subject="input:x",
    split="train",
    first_step=5,
    last_step=9,
    count=3,
    message="It is wrong.",
    evidence={},
    why="",
    fix="",
)


def alert(**changes: object) -> Alert:
    """Returns an alert that differs in some fields."""
    return dataclasses.replace(ALERT, **changes)  # type: ignore[arg-type]  # the fields are the test's own


def test_alerts_are_sorted_standing_then_severity_then_causes_then_steps() -> None:
    expected = [
        alert(id=3, severity=Severity.ERROR, first_step=90),
        alert(id=9, rank=2, first_step=50),
        alert(id=1, first_step=2),
        alert(id=2),
        alert(id=4),
        alert(id=5, severity=Severity.INFO),
        alert(id=6, severity=Severity.ERROR, state="resolved"),
        alert(id=7, state="resolved"),
    ]
    mixed = expected[:]
    random.Random(0).shuffle(mixed)
    assert sorted(mixed, key=worst_first) == expected


def test_a_symptom_does_not_stand() -> None:
    assert is_standing(alert())
    assert not is_standing(alert(state="resolved"))
    assert not is_standing(alert(caused_by=1))
    assert is_symptom(alert(caused_by=0))
    assert not is_symptom(alert())


def test_findings_are_the_last_states_without_symptoms() -> None:
    history = [alert(), alert(id=1, severity=Severity.INFO), alert(id=2), alert(count=9), alert(id=2, caused_by=0)]
    assert findings(history) == [alert(count=9), alert(id=1, severity=Severity.INFO)]


def test_counts_name_every_severity() -> None:
    counts = count_by_severity([alert(), alert(id=1), alert(id=2, severity=Severity.INFO)])
    assert list(counts.items()) == [(Severity.ERROR, 0), (Severity.WARNING, 2), (Severity.INFO, 1)]


def test_the_verdict_is_the_worst_of_what_stands() -> None:
    error = alert(severity=Severity.ERROR, state="resolved")
    assert verdict([alert(severity=Severity.INFO), alert(), error]) == "warning"
    assert verdict([error]) == "healthy"
    assert verdict([], sampled=False) == "waiting"
    assert verdict([], failed=True) == "error"


def test_the_worst_session_comes_first() -> None:
    error, info = alert(severity=Severity.ERROR), alert(severity=Severity.INFO)
    sessions: list[tuple[Verdict, list[Alert]]] = [
        ("error", [error, alert(id=1), alert(id=2)]),
        ("error", [error, alert(id=1)]),
        ("error", []),  # an exception that no rule explains
        ("warning", [alert(), info]),
        ("warning", [alert()]),
        ("info", [info]),
        ("waiting", []),
        ("healthy", []),
    ]
    keys = [worst_session_first(verdict, alerts) for verdict, alerts in sessions]
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)
    assert worst_session_first("healthy", [alert(state="resolved")]) == keys[-1]


@pytest.mark.parametrize(
    ("quiet_s", "interval_s", "process_runs", "expected"),
    [
        (0.0, 1.0, None, "running"),
        (SILENT_AFTER_S, 1.0, None, "running"),
        (SILENT_AFTER_S + 1, 1.0, None, "silent"),
        (SILENT_AFTER_S + 1, 60.0, None, "running"),
        (3600.0, 1.0, True, "running"),
        (0.0, 1.0, False, "died"),
    ],
)
def test_a_session_without_an_end_runs_is_silent_or_died(
    quiet_s: float, interval_s: float, process_runs: bool | None, expected: str
) -> None:
    assert liveness(None, quiet_s=quiet_s, interval_s=interval_s, process_runs=process_runs) == expected
    end = SessionEnd(wall_time=0.0, step=1, status="stopped")
    assert liveness(end, quiet_s=quiet_s, interval_s=interval_s, process_runs=process_runs) == "stopped"
