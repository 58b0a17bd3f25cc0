"""Parts of documents that programs write: ``<!-- begin: COMMAND -->`` to ``<!-- end: COMMAND -->``."""

from __future__ import annotations

import datetime
import subprocess
from pathlib import Path

__all__ = ["part", "put", "stamp"]


def put(page: Path, command: str, text: str) -> None:
    """Replaces the part of a page that a command writes.

    Args:
        page: A Markdown document.
        command: What writes the part; its name in the marks.
        text: The new part, without the marks.

    Raises:
        SystemExit: if the page does not have the marks.
    """
    whole = page.read_text(encoding="utf-8")
    begin, end = _marks(command)
    before, _, rest = whole.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise SystemExit(f"{page} lacks the marks {begin} and {end}.")
    page.write_text(f"{before}{begin}\n{text.strip()}\n{end}{after}", encoding="utf-8")


def part(page: Path, command: str) -> str:
    """Returns the part of a page that a command writes; empty if the page does not have one."""
    begin, end = _marks(command)
    _, _, rest = page.read_text(encoding="utf-8").partition(begin)
    return rest.partition(end)[0].strip()


def stamp() -> str:
    """Returns when and on which commit figures are made: ``2026-11-27, commit 0123456789``."""
    found = subprocess.run(["git", "rev-parse", "--short=10", "HEAD"], capture_output=True, text=True, check=False)
    commit = f", commit {found.stdout.strip()}" if found.returncode == 0 else ""
    return f"{datetime.date.today().isoformat()}{commit}"


def _marks(command: str) -> tuple[str, str]:
    return f"<!-- begin: {command} -->", f"<!-- end: {command} -->"
