"""The folder of a log, checked. Without NumPy, because the command line checks it before a program begins."""

from __future__ import annotations

import os

from tb_inputdiag.errors import ConfigurationError, LogWriteError

__all__ = ["local_folder"]


def local_folder(log_dir: object) -> str:
    """Returns the argument `log_dir` as an absolute path.

    Raises:
        ConfigurationError: if it is not the path of a local folder.
        LogWriteError: if nothing can be written to it.
    """
    if not isinstance(log_dir, str | os.PathLike) or isinstance(log_dir, bytes):
        raise ConfigurationError(f"log_dir must be a string or a path, e.g. 'logs'. Received: {log_dir!r}.")
    path = os.fspath(log_dir)
    if not isinstance(path, str) or not path or "\0" in path:
        raise ConfigurationError(f"log_dir must name a folder, e.g. 'logs'. Received: {log_dir!r}.")
    if "://" in path:
        raise ConfigurationError(
            f"log_dir must be a local folder; the log is written with plain file operations. Received: {log_dir!r}. "
            "Write to a local folder and copy it, or mount the remote one."
        )
    path = os.path.abspath(os.path.expanduser(path))
    existing = path
    while not os.path.exists(existing) and os.path.dirname(existing) != existing:
        existing = os.path.dirname(existing)
    if not os.path.isdir(existing):
        raise LogWriteError(f"log_dir must be a folder, but {existing} is a file. Received: {log_dir!r}.")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise LogWriteError(f"log_dir must be writable, but {existing} is not. Received: {log_dir!r}.")
    return path
