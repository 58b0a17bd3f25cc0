"""The report of a run, as a file that is sent on."""

from __future__ import annotations

from pathlib import Path

from tb_inputdiag.cli.report import report_page
from tb_inputdiag.log.reader import Run

__all__ = ["write_report"]


def write_report(run: Run, path: str) -> None:
    """Writes the self-contained HTML page that ``tb-inputdiag report`` makes."""
    Path(path).write_text(report_page(run), encoding="utf-8")
