"""Parts of documents that programs write: ``<!-- begin: COMMAND -->`` to ``<!-- end: COMMAND -->``.

Each begins with a comment that says when and on which commit it was made, which tests/test_figures.py reads.
"""

from __future__ import annotations

import datetime
import re
import subprocess
from pathlib import Path

__all__ = ["ROOT", "made_in", "part", "put", "stamp"]

ROOT = Path(__file__).parents[1]
_MADE = re.compile(r"<!-- made: (?P<stamp>.*) -->\n?")


def put(page: Path, command: str, text: str, made: str | None = None) -> None:
    """Replaces the part of a page that a command writes.

    Args:
        page: A Markdown document.
        command: What writes the part; its name in the marks.
        text: The new part, without the marks.
        made: When and on which commit its figures were made; None for now, on this one. See `stamp`.

    Raises:
        SystemExit: if the page does not have the marks.
    """
    whole = page.read_text(encoding="utf-8")
    begin, end = _marks(command)
    before, _, rest = whole.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise SystemExit(f"{page} lacks the marks {begin} and {end}.")
    text = f"<!-- made: {made or stamp()} -->\n{text.strip()}"
    page.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")


def part(page: Path, command: str) -> str:
    """Returns the part of a page that a command writes; empty if the page does not have one."""
    begin, end = _marks(command)
    _, _, rest = page.read_text(encoding="utf-8").partition(begin)
    return _MADE.sub("", rest.partition(end)[0], count=1).strip()


def made_in(page: Path) -> dict[str, str]:
    """Returns command -> when and on which commit each part of a page was made, empty for one that does not say so."""
    whole = page.read_text(encoding="utf-8")
    found = {}
    for mark in re.finditer(r"^<!-- begin: (.*) -->\n", whole, re.MULTILINE):
        made = _MADE.match(whole, mark.end())
        found[mark[1]] = made["stamp"] if made is not None else ""
    return found


def stamp() -> str:
    """Returns when and on which commit figures are made: ``2026-11-27, commit 0123456789``."""
    command = ["git", "rev-parse", "--short=10", "HEAD"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    commit = f", commit {found.stdout.strip()}" if found.returncode == 0 else ""
    return f"{datetime.date.today().isoformat()}{commit}"


def _marks(command: str) -> tuple[str, str]:
    return f"<!-- begin: {command} -->", f"<!-- end: {command} -->"
