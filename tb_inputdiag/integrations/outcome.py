"""How a run ended, in a few words."""

from __future__ import annotations

from tb_inputdiag.alerts import count_by_severity
from tb_inputdiag.log.reader import Run

__all__ = ["outcome"]


def outcome(run: Run) -> str:
    """Returns e.g. ``finished, 1 ERROR, 2 WARNING``."""
    counts = count_by_severity(run.alerts)
    found = ", ".join(f"{n} {severity.name}" for severity, n in counts.items() if n)
    return f"{run.session.status}, {found or 'no finding'}"
