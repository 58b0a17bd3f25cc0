"""Finds the event files of the log below a folder, and reads ranges of their bytes."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import ClassVar, NamedTuple, Protocol

from tb_inputdiag.errors import LogNotFoundError
from tb_inputdiag.log.rundir import FILE_SUFFIX

__all__ = ["ByteSource", "Listing", "LocalLogFolder", "LocalSource", "LogFolder", "run_name"]


_MOST_OPEN = 64
"""Largest number of local files that are open at a time."""


class ByteSource(Protocol):
    """The bytes of a file that may grow."""

    path: str

    def size(self) -> int:
        """Returns the current size in bytes."""

    def read(self, offset: int, length: int) -> bytes:
        """Returns at most `length` bytes from `offset`."""

    def outline(self) -> bytes | None:
        """Returns the outline that stands beside the file (see `log.outline`); None without one."""

    def keep(self, parts: Mapping[tuple[int, int], bytes]) -> None:
        """Receives parts of the file that need not be read again: (offset, length) -> bytes."""

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

    def outline(self) -> bytes | None:
        """Returns None: a local file is read quickly, so it has no outline."""
        return None

    def keep(self, parts: Mapping[tuple[int, int], bytes]) -> None:
        """Does nothing: reading a local file again costs little."""

    def close(self) -> None:
        """Closes the file; the next `read` opens it again."""
        with self._lock:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None
                self._opened.pop(id(self), None)


class Listing(NamedTuple):
    """What is below a folder."""

    files: list[tuple[str, ByteSource]]
    """(path of the folder relative to the top, event file), in the order of their paths."""
    foreign: int
    """Event files of other tools."""
    problems: list[str]
    """A sentence for each folder that cannot be listed."""


class LogFolder(Protocol):
    """A folder with logs below it."""

    def listed(self) -> Listing:
        """Returns what is below the folder now. A file that was listed before has the same source.

        Raises:
            LogNotFoundError: if there is no such folder or file.
            LogError: if it cannot be listed.
        """


class LocalLogFolder:
    """A local folder, or one event file.

    Args:
        path: The folder or file.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._sources: dict[str, LocalSource] = {}

    def listed(self) -> Listing:
        """Returns what is below the folder now; see `LogFolder.listed`."""
        top = self._path
        if os.path.isfile(top):
            return Listing([(".", self._source(top))], 0, [])
        if not os.path.isdir(top):
            raise LogNotFoundError(
                f"There is no folder {top!r}. Give the log_dir of InputDiagnostics(log_dir), or a folder above it."
            )
        found: list[tuple[str, ByteSource]] = []
        foreign, problems = 0, list[str]()
        for folder, names in _walk(top, problems):
            for name in sorted(names):
                if "tfevents" not in name:
                    continue
                if name.endswith(FILE_SUFFIX):
                    found.append((os.path.relpath(folder, top), self._source(os.path.join(folder, name))))
                else:
                    foreign += 1
        return Listing(found, foreign, problems)

    def _source(self, path: str) -> LocalSource:
        return self._sources.setdefault(path, LocalSource(path))


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


def run_name(folder: str) -> str:
    """Returns the name of the run in a folder relative to the log directory: ``a/b/inputdiag`` is ``a/b``."""
    parts = folder.replace(os.sep, "/").split("/")
    if len(parts) > 1 and parts[-1] == "inputdiag":
        parts.pop()
    elif parts == ["inputdiag"]:
        return "."
    return "/".join(parts)
