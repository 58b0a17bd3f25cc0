"""The event files that this process has written, and those of its children where somebody asks for them."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

__all__ = ["children_followed", "note_written", "written_files"]

_LISTING = "TB_INPUTDIAG_WRITTEN"
"""Environment variable with the path of a file that lists the event files of a program's processes."""
_files: list[tuple[int, Path]] = []


@contextlib.contextmanager
def children_followed() -> Iterator[None]:
    """Lets `written_files` return those of the processes, too, that begin within."""
    with tempfile.TemporaryDirectory(prefix="tb_inputdiag-") as folder:
        os.environ[_LISTING] = os.path.join(folder, "written")
        try:
            yield
        finally:
            del os.environ[_LISTING]


def note_written(path: Path) -> None:
    """Notes an event file that this process begins."""
    _files.append((os.getpid(), path))
    listing = os.environ.get(_LISTING)
    if listing:
        # a process that goes on after the program finds the file gone
        with contextlib.suppress(OSError), open(listing, "a", encoding="utf-8") as stream:
            stream.write(f"{path.absolute()}\n")


def written_files() -> list[Path]:
    """Returns the event files of this process, oldest first; without those of the process it was forked from."""
    own = [path for pid, path in _files if pid == os.getpid()]
    known = {path.absolute() for path in own}
    return own + [path for path in _listed() if path not in known and path.exists()]


def _listed() -> list[Path]:
    try:
        with open(os.environ[_LISTING], encoding="utf-8") as stream:
            return [Path(line) for line in stream.read().splitlines()]
    except (KeyError, OSError):
        return []
