"""The event files below a URL: few requests, many at a time.

A request to an object store takes tens of milliseconds, whether it is for ten bytes or a million. So what a refresh
needs is fetched by many threads together, in blocks of megabytes, and what was fetched is kept in a temporary file.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from tb_inputdiag.errors import LogNotFoundError, RemoteError
from tb_inputdiag.log.files import Listing
from tb_inputdiag.log.rundir import FILE_SUFFIX, outline_name
from tb_inputdiag.remote.filesystems import RemoteFolder

__all__ = ["RemoteLogFolder", "RemoteSource"]

_BLOCK = 4 << 20
"""Bytes of a request. The files that tb_inputdiag writes to a remote are smaller, so one request gets a whole one."""
_THREADS = 32
_AHEAD = 16
"""Files that are fetched in the background when the table of an earlier one is read: the next ones are read soon."""


class _Store:
    """The bytes that were fetched, in one temporary file without a name."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  # open as long as the folder is
        self._lock = threading.Lock()
        self._end = 0

    def allocate(self, size: int) -> int:
        """Returns the place of a new region."""
        with self._lock:
            place, self._end = self._end, self._end + size
            return place

    def write(self, place: int, data: bytes) -> None:
        with self._lock:
            self._file.seek(place)
            self._file.write(data)

    def read(self, place: int, length: int) -> bytes:
        with self._lock:
            self._file.seek(place)
            return self._file.read(length)


class _Block:
    """A part of a remote file, as far as it was fetched."""

    def __init__(self, place: int) -> None:
        self.place = place
        """In the store."""
        self.have = 0
        """Bytes from its beginning that are there."""


class RemoteSource:
    """One event file below a URL. Thread-safe.

    Args:
        remote: The folder.
        path: The file, relative to the folder.
        outline_path: Its outline; None without one.
        store: Keeps what was fetched.
        read_ahead: Called when a table is read, once.
    """

    def __init__(
        self,
        remote: RemoteFolder,
        path: str,
        outline_path: str | None,
        store: _Store,
        read_ahead: Callable[[RemoteSource], None],
    ) -> None:
        self.path = path
        self.outline_path = outline_path
        self.listed_size = 0
        """Size in the newest listing, so that it need not be asked for."""
        self._remote = remote
        self._store = store
        self._read_ahead = read_ahead
        self._lock = threading.RLock()
        self._blocks: dict[int, _Block] = {}
        self._parts: Mapping[tuple[int, int], bytes] = {}
        self._outline: bytes | None = None
        self._size = 0
        self._failure: RemoteError | None = None

    def size(self) -> int:
        """Returns the size in the newest listing.

        Raises:
            RemoteError: if `fetch_news` could not fetch the file.
        """
        if self._failure is not None:
            raise self._failure
        return self.listed_size

    def fetch_news(self) -> None:
        """Fetches what a refresh will read: the outline of a new file, else what the file has grown by.

        A failure concerns this file only, so `size` raises it.
        """
        try:
            self._fetch_news()
            self._failure = None
        except RemoteError as error:
            self._failure = error

    def _fetch_news(self) -> None:
        with self._lock:
            if self.listed_size < self._size:  # another file took its place
                self.close()
            elif self.listed_size == self._size:
                return
            if not self._size and self.outline_path is not None:
                try:
                    self._outline = self._remote.read(self.outline_path)
                except LogNotFoundError:
                    self._outline = None
            if self._outline is None:
                self._fetch(0, self.listed_size)
            self._size = self.listed_size

    def fetch(self) -> None:
        """Fetches the whole file."""
        with self._lock:
            self._fetch(0, self.listed_size)

    def outline(self) -> bytes | None:
        """Returns the outline that stands beside the file; None without one."""
        with self._lock:
            outline, self._outline = self._outline, None
            return outline

    def keep(self, parts: Mapping[tuple[int, int], bytes]) -> None:
        """Receives the parts that the outline holds."""
        self._parts = parts

    def read(self, offset: int, length: int) -> bytes:
        """Returns at most `length` bytes from `offset`.

        Raises:
            RemoteError: if they cannot be fetched.
        """
        known = self._parts.get((offset, length))
        if known is not None:
            return known
        with self._lock:
            if not self._blocks:
                self._read_ahead(self)
            end = min(offset + length, self.listed_size)
            self._fetch(offset, end)
            found = []
            while offset < end:
                number, at = divmod(offset, _BLOCK)
                block = self._blocks[number]
                part = self._store.read(block.place + at, min(end - offset, block.have - at))
                if not part:
                    break
                found.append(part)
                offset += len(part)
            return b"".join(found)

    def close(self) -> None:
        """Forgets what was fetched."""
        with self._lock:
            self._blocks.clear()
            self._parts = {}
            self._outline, self._size = None, 0

    def _fetch(self, start: int, end: int) -> None:
        """Fetches the bytes from `start` to `end`, as far as they are not there."""
        for number in range(start // _BLOCK, (end + _BLOCK - 1) // _BLOCK):
            block = self._blocks.get(number)
            begin = number * _BLOCK
            until = min(self.listed_size, begin + _BLOCK)
            if block is None:
                block = self._blocks[number] = _Block(self._store.allocate(_BLOCK))
            if begin + block.have < min(end, until):
                data = self._remote.read(self.path, begin + block.have, until)
                self._store.write(block.place + block.have, data)
                block.have += len(data)


class RemoteLogFolder:
    """A folder, or one event file, that a URL names.

    Args:
        url: The URL.

    Raises:
        ConfigurationError: if the packages for it are missing.
        RemoteError: if the file system refuses it.
    """

    def __init__(self, url: str) -> None:
        self._remote = RemoteFolder(url)
        self._store = _Store()
        self._sources: dict[str, RemoteSource] = {}
        self._pool: tuple[int, ThreadPoolExecutor] | None = None

    def listed(self) -> Listing:
        """Returns what is below the URL now, and fetches what reading it will need; see `LogFolder.listed`."""
        sizes = self._remote.sizes()
        if not sizes:
            raise LogNotFoundError(
                f"There is nothing at {self._remote.shown!r}. Give the log_dir of InputDiagnostics(log_dir), or a "
                "folder above it."
            )
        found: list[tuple[str, RemoteSource]] = []
        foreign = 0
        for path in sorted(sizes):
            folder, _, name = (path or self._remote.url.partition("?")[0]).rpartition("/")
            if "tfevents" not in name:
                continue
            if not name.endswith(FILE_SUFFIX):
                foreign += 1
                continue
            outline = f"{folder}/{outline_name(name)}" if path else ""
            source = self._source(path, outline if outline in sizes else None)
            source.listed_size = sizes[path]
            found.append((folder if path and folder else ".", source))
        self._together(RemoteSource.fetch_news, (source for _, source in found))
        return Listing([(folder, source) for folder, source in found], foreign, [])

    def _source(self, path: str, outline: str | None) -> RemoteSource:
        source = self._sources.get(path)
        if source is None:
            source = RemoteSource(self._remote, path, outline, self._store, self._read_ahead)
            self._sources[path] = source
        return source

    def _together(self, work: Callable[[RemoteSource], None], sources: Iterable[RemoteSource]) -> None:
        """Does something with each source, many at a time."""
        list(self._threads().map(work, sources))

    def _read_ahead(self, source: RemoteSource) -> None:
        """Fetches the files after one whose tables are being read."""
        paths = sorted(path for path in self._sources if path.rpartition("/")[0] == source.path.rpartition("/")[0])
        place = paths.index(source.path)
        for path in paths[place + 1 : place + 1 + _AHEAD]:
            self._threads().submit(self._sources[path].fetch)

    def _threads(self) -> ThreadPoolExecutor:
        if self._pool is None or self._pool[0] != os.getpid():  # a forked process has none of the threads
            self._pool = os.getpid(), ThreadPoolExecutor(_THREADS, "tb_inputdiag-fetch")
        return self._pool[1]
