"""Which files of a folder this process holds open."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

__all__ = ["open_files"]


def open_files(folder: Path) -> list[str]:
    """Returns the files below `folder` that this process holds open; what other tests hold doesn't count."""
    held = []
    for descriptor in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):  # the descriptor of the listing itself is closed by now
            held.append(os.readlink(f"/proc/self/fd/{descriptor}"))
    return [path for path in held if path.startswith(str(folder))]
