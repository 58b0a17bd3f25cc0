"""Finds the event files of the log below a folder, and reads ranges of their bytes."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any, ClassVar, Protocol

from tb_inputdiag.errors import LogError, LogNotFoundError
from tb_inputdiag.log.rundir import FILE_SUFFIX

__all__ = ["ByteSource", "LocalSource", "find_event_files", "run_name"]


_MOST_OPEN = 64
"""Largest number of local files that are open at a time."""


class ByteSource(Protocol):
    """The bytes of a file that may grow."""

    path: str

    def size(self) -> int:
        """Returns the current size in bytes."""

    def read(self, offset: int, length: int) -> bytes:
        """Returns at most `length` bytes from `offset`."""

    def close(self) -> None:
        """Closes the file."""


class LocalSource:
    """A local file that is opened when it is read. Only a few are open at a time, so thousands of runs can be read.

    It uses plain reads, not a memory map: a file that is truncated while it is mapped kills the process.
    """

    _opened: ClassVar[OrderedDict[int, LocalSource]] = OrderedDict()
    _lock: ClassVar[threading.RLock] = threading.RLock()  # reentrant: reading one may close another

    def __init__(self, path: str) -> None:
        self.path = path
        self._descriptor: int | None = None

    def size(self) -> int:
        """Returns the current size in bytes."""
        return os.stat(self.path).st_size

    def read(self, offset: int, length: int) -> bytes:
        """Returns at most `length` bytes from `offset`."""
        with self._lock:
            if self._descriptor is None:
                self._descriptor = os.open(self.path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
                self._opened[id(self)] = self
                while len(self._opened) > _MOST_OPEN:
                    next(iter(self._opened.values())).close()
            if hasattr(os, "pread"):
                return os.pread(self._descriptor, length, offset)
            os.lseek(self._descriptor, offset, os.SEEK_SET)
            return os.read(self._descriptor, length)

    def close(self) -> None:
        """Closes the file; the next `read` opens it again."""
        with self._lock:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None
                self._opened.pop(id(self), None)


class RemoteSource:
    """A file of an fsspec file system."""

    def __init__(self, fs: Any, path: str) -> None:
        self.path = path
        self._fs = fs

    def size(self) -> int:
        """Returns the current size, asking the store again."""
        self._fs.invalidate_cache()
        return int(self._fs.size(self.path))

    def read(self, offset: int, length: int) -> bytes:
        """Returns at most `length` bytes from `offset`."""
        return bytes(self._fs.cat_file(self.path, start=offset, end=offset + length))

    def close(self) -> None:
        """Does nothing: no file is held open."""


def _filesystem(url: str) -> tuple[Any, str]:
    try:
        import fsspec
    except ImportError:
        raise LogError(
            f"Reading {url!r} needs fsspec and the package of its file system: pip install 'tb-inputdiag[remote]'."
        ) from None
    try:
        fs, path = fsspec.core.url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise LogError(f"{url!r} cannot be opened: {error}.") from error
    return fs, path


def find_event_files(log_dir: str) -> tuple[list[tuple[str, ByteSource]], int, list[str]]:
    """Returns the event files below a folder in the order of their paths.

    Args:
        log_dir: A folder, a file, or a URL that fsspec knows.

    Returns:
        (path of the folder relative to `log_dir`, file) for each; the number of event files of other tools; and a
        sentence for each folder that cannot be listed.

    Raises:
        LogNotFoundError: if there is no such folder or file.
        LogError: if a URL cannot be opened.
    """
    if "://" in log_dir:
        return _find_remote(log_dir)
    if os.path.isfile(log_dir):
        return [(".", LocalSource(log_dir))], 0, []
    if not os.path.isdir(log_dir):
        raise LogNotFoundError(
            f"There is no folder {log_dir!r}. Give the log_dir of InputDiagnostics(log_dir), or a folder above it."
        )
    found: list[tuple[str, ByteSource]] = []
    foreign, problems = 0, list[str]()
    for folder, names in _walk(log_dir, problems):
        for name in sorted(names):
            if "tfevents" not in name:
                continue
            if name.endswith(FILE_SUFFIX):
                found.append((os.path.relpath(folder, log_dir), LocalSource(os.path.join(folder, name))))
            else:
                foreign += 1
    return found, foreign, problems


def _walk(top: str, problems: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Yields folders and the names of their files in the order of their paths; follows links, but not in circles."""

    def note(error: OSError) -> None:
        problems.append(f"The folder {error.filename!r} cannot be listed: {error.strerror}.")

    seen = set()
    for folder, folders, names in os.walk(top, onerror=note, followlinks=True):
        real = os.path.realpath(folder)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders.sort()
        yield folder, names


def _find_remote(url: str) -> tuple[list[tuple[str, ByteSource]], int, list[str]]:
    fs, top = _filesystem(url)
    try:
        paths = [top] if fs.isfile(top) else fs.find(top)
    except (OSError, ValueError) as error:
        raise LogError(f"{url!r} cannot be listed: {error}.") from error
    events = sorted(path for path in paths if "tfevents" in path.rpartition("/")[2])
    found: list[tuple[str, ByteSource]] = []
    for path in events:
        if path.endswith(FILE_SUFFIX):
            folder = path.rpartition("/")[0][len(top.rstrip("/")) :].strip("/") or "."
            found.append((folder, RemoteSource(fs, path)))
    return found, len(events) - len(found), []


def run_name(folder: str) -> str:
    """Returns the name of the run in a folder relative to the log directory: ``a/b/inputdiag`` is ``a/b``."""
    parts = folder.replace(os.sep, "/").split("/")
    if len(parts) > 1 and parts[-1] == "inputdiag":
        parts.pop()
    elif parts == ["inputdiag"]:
        return "."
    return "/".join(parts)
