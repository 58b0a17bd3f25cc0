"""Chooses the directory and the file that a session writes to.

TensorBoard's Python loader follows one event file of a run directory at a time, in the order of their names. If two
were live, it would stop at the newer one. So a session locks its run directory, and another session that runs at the
same time uses the next name.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
from pathlib import Path
from typing import Any

from tb_inputdiag.errors import LogWriteError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]  # its absence is handled where it is used

__all__ = [
    "FILE_SUFFIX",
    "LOCK_NAME",
    "claim_run_directory",
    "is_newest",
    "lock",
    "new_event_file",
    "outline_name",
    "unlock",
]

FILE_SUFFIX = ".inputdiag"
"""Marks our event files. TensorBoard only requires that a name contains ``tfevents``."""
LOCK_NAME = "inputdiag.lock"
_MAX_TRIES = 1000


def outline_name(name: str) -> str:
    """Returns the name of the outline of an event file. TensorBoard takes every name with ``tfevents`` for events."""
    return name.replace("events.out.tfevents.", "outline.", 1).removesuffix(FILE_SUFFIX) + ".inputdiag-outline"


def is_newest(path: Path) -> bool:
    """Returns whether an event file is the last one of its directory, so that TensorBoard still follows it."""
    try:
        return path.name == max(name for name in os.listdir(path.parent) if "tfevents" in name)
    except (OSError, ValueError):
        return False


def claim_run_directory(log_dir: Path, worker: int, workers: int) -> tuple[Path, int]:
    """Makes and locks the run directory.

    Returns:
        Its path and the descriptor that holds the lock. The path is ``<log_dir>/inputdiag``, with ``-2``, ``-3``, ...
        if others are in use, and with ``/worker-k`` if there are several workers. The lock ends with the process,
        however the process ends.

    Raises:
        LogWriteError: if it cannot be made or written.
    """
    for attempt in range(1, _MAX_TRIES):
        directory = log_dir / ("inputdiag" if attempt == 1 else f"inputdiag-{attempt}")
        if workers > 1:
            directory /= f"worker-{worker}"
        try:
            directory.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(directory / LOCK_NAME, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o666)
        except OSError as error:
            raise LogWriteError(_cannot_write(directory, error)) from error
        if lock(descriptor):
            return directory, descriptor
        os.close(descriptor)
    raise LogWriteError(f"{_MAX_TRIES} sessions write to {str(log_dir)!r} at the same time. Give each its own log_dir.")


def lock(descriptor: int) -> bool:
    """Locks a run directory by the descriptor of its lock file. Returns whether no other session has it."""
    try:
        if fcntl is None:
            import msvcrt

            windows: Any = msvcrt
            windows.locking(descriptor, windows.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        return True  # a file system without locks: a shared directory is better than no log
    return True


def unlock(descriptor: int) -> None:
    """Lets other sessions have a run directory, even if forked children still have the descriptor."""
    with contextlib.suppress(OSError):
        if fcntl is None:
            import msvcrt

            windows: Any = msvcrt
            windows.locking(descriptor, windows.LK_UNLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_UN)


def new_event_file(directory: Path, wall_time: float) -> tuple[Path, int]:
    """Creates an event file whose name sorts after those of existing ones.

    Returns:
        Its path and an open descriptor.

    Raises:
        LogWriteError: if it cannot be created.
    """
    host = re.sub(r"[^A-Za-z0-9-]", "-", socket.gethostname())[:60] or "localhost"
    micros = int(max(wall_time, 0.0) * 1e6)
    try:
        for name in os.listdir(directory):
            match = re.match(r"events\.out\.tfevents\.(\d{10})\.(\d{6})\.", name)
            if match:  # the clock may have been set back
                micros = max(micros, int(match[1]) * 1_000_000 + int(match[2]) + 1)
        seconds, rest = divmod(micros, 1_000_000)
        path = directory / f"events.out.tfevents.{seconds:010d}.{rest:06d}.{host}.{os.getpid()}{FILE_SUFFIX}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
        return path, os.open(path, flags | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0), 0o666)
    except OSError as error:
        raise LogWriteError(_cannot_write(directory, error)) from error


def _cannot_write(directory: Path, error: OSError) -> str:
    return (
        f"The log cannot be written to {str(directory)!r}: {error.strerror or error}. "
        "Give a log_dir that is a local directory (existing or not) to which you may write."
    )
