"""The event files that this process has written."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["note_written", "written_files"]

_files: list[tuple[int, Path]] = []


def note_written(path: Path) -> None:
    """Notes an event file that this process begins."""
    _files.append((os.getpid(), path))


def written_files() -> list[Path]:
    """Returns the event files of this process, oldest first; without those of the process it was forked from."""
    return [path for pid, path in _files if pid == os.getpid()]
