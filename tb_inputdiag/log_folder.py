"""The place of a log, checked. Without NumPy, because the command line checks it before a program begins."""

from __future__ import annotations

import os

from tb_inputdiag.errors import ConfigurationError, LogWriteError
from tb_inputdiag.remote.filesystems import check_url
from tb_inputdiag.urls import is_url

__all__ = ["log_folder"]


def log_folder(log_dir: object) -> str:
    """Returns the argument `log_dir` as an absolute path, or as the URL that it is.

    Raises:
        ConfigurationError: if it is neither, or a package for the URL is missing.
        LogWriteError: if it is a local folder to which nothing can be written.
    """
    if not isinstance(log_dir, str | os.PathLike) or isinstance(log_dir, bytes):
        raise ConfigurationError(f"log_dir must be a string or a path, e.g. 'logs'. Received: {log_dir!r}.")
    path = os.fspath(log_dir)
    if not isinstance(path, str) or not path or "\0" in path:
        raise ConfigurationError(f"log_dir must name a folder, e.g. 'logs'. Received: {log_dir!r}.")
    if is_url(path):
        check_url(path)
        return path
    path = os.path.abspath(os.path.expanduser(path))
    existing = path
    while not os.path.exists(existing) and os.path.dirname(existing) != existing:
        existing = os.path.dirname(existing)
    if not os.path.isdir(existing):
        raise LogWriteError(f"log_dir must be a folder, but {existing} is a file. Received: {log_dir!r}.")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise LogWriteError(f"log_dir must be writable, but {existing} is not. Received: {log_dir!r}.")
    return path
