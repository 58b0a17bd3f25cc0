"""Uploads the files of a spool, in the order in which a reader needs them.

- Files are uploaded whole: object stores cannot append. A file that has grown is uploaded again in its place.
- A directory's files go in the order of their names, one at a time, and an upload that fails ends the attempt. So a
  reader that follows the directory never sees a file before an earlier one.
- Only run directories are uploaded. One at the remote belongs to one spool. The first upload claims it:
  ``inputdiag``, or the first of ``inputdiag-2``, ``inputdiag-3``, ... that nobody has.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tb_inputdiag.errors import RemoteError
from tb_inputdiag.remote.filesystems import RemoteFolder
from tb_inputdiag.remote.spool import Spool

__all__ = ["CLAIM", "Companion", "FolderMirror", "MirrorState"]

CLAIM = "inputdiag.claim"
"""File in a run directory at the remote that says whose it is."""
_AT_ONCE_BYTES = 32 << 20
"""Larger files are uploaded in parts."""
_MAX_CLAIMS = 10_000

Companion = Callable[[Path], "tuple[str, bytes] | None"]
"""Makes the name and the content of a file that belongs beside a closed one; None if none does."""


@dataclass(frozen=True)
class MirrorState:
    """What is where."""

    files: int
    """Files of the spool."""
    size_bytes: int
    waiting: int
    """Files that are not yet at the remote as they are now."""
    waiting_bytes: int


class FolderMirror:
    """The files of a spool and what the remote has of them. Used by one thread at a time.

    Args:
        spool: The local folder.
        companion: See `Companion`.
        connect: Opens the remote folder. It is opened at the first upload, which may fail.
    """

    def __init__(
        self, spool: Spool, companion: Companion, connect: Callable[[str], RemoteFolder] = RemoteFolder
    ) -> None:
        self.spool = spool
        self.uploads = 0
        """Files written at the remote so far, counting each time."""
        self.uploaded_bytes = 0
        self._companion = companion
        self._connect = connect
        self._remote: RemoteFolder | None = None
        self._sent: dict[str, int] = {}
        """Path in the spool -> bytes of it that the remote has."""
        self._companions: set[str] = set()

    def push(self, *, all_closed: bool = False) -> None:
        """Uploads what is new.

        Args:
            all_closed: Whether no file will change any more. Otherwise the last event file of a directory may.

        Raises:
            RemoteError: if the remote fails. What was uploaded before is kept.
        """
        for path in self._files():
            try:
                size = (self.spool.folder / path).stat().st_size
            except FileNotFoundError:
                continue
            if self._sent.get(path) != size:
                self._send(path, size)
        for path in self._closed(all_closed):
            self._send_companion(path)

    def adopt(self) -> None:
        """Learns what the remote has already, so that only the rest is uploaded.

        Raises:
            RemoteError: if it cannot be listed.
        """
        sizes = self._folder().sizes()
        for path in self._files():
            if self.spool.is_marked and _run_directory(path) not in self.spool.claims:
                continue
            there = sizes.get(self._remote_path(path))
            if there == (self.spool.folder / path).stat().st_size:
                self._sent[path] = there

    def state(self) -> MirrorState:
        """Returns what is where."""
        sizes = {path: (self.spool.folder / path).stat().st_size for path in self._files()}
        waiting = {path: size for path, size in sizes.items() if self._sent.get(path) != size}
        return MirrorState(len(sizes), sum(sizes.values()), len(waiting), sum(waiting.values()))

    # ----

    def _folder(self) -> RemoteFolder:
        if self._remote is None:
            self._remote = self._connect(self.spool.url)
        return self._remote

    def _files(self) -> list[str]:
        top = self.spool.folder
        found = []
        for folder, folders, names in os.walk(top):
            folders.sort()
            inside = Path(folder).relative_to(top).as_posix()
            found += [name if inside == "." else f"{inside}/{name}" for name in names]
        return sorted(path for path in found if _run_directory(path) is not None and not path.endswith(".lock"))

    def _closed(self, all_closed: bool) -> list[str]:
        """Returns the event files that will not change any more."""
        by_directory: dict[str, list[str]] = {}
        for path in self._files():
            directory, _, name = path.rpartition("/")
            if "tfevents" in name:
                by_directory.setdefault(directory, []).append(path)
        return [path for paths in by_directory.values() for path in (paths if all_closed else paths[:-1])]

    def _send(self, path: str, size: int) -> None:
        remote = self._remote_path(path)
        local = self.spool.folder / path
        if size > _AT_ONCE_BYTES:
            self._folder().upload(remote, str(local))
        else:
            data = local.read_bytes()
            size = len(data)
            self._folder().write(remote, data)
        self._sent[path] = size
        self.uploads += 1
        self.uploaded_bytes += size

    def _send_companion(self, path: str) -> None:
        if path in self._companions:
            return
        found = self._companion(self.spool.folder / path)
        if found is not None:
            name, data = found
            self._folder().write(f"{self._remote_path(path).rpartition('/')[0]}/{name}".lstrip("/"), data)
            self.uploads += 1
            self.uploaded_bytes += len(data)
        self._companions.add(path)

    # ---- claims

    def _remote_path(self, path: str) -> str:
        run = _run_directory(path)
        if run is None or not self.spool.is_marked:
            return path
        if run not in self.spool.claims:
            self.spool.claim(run, self._claim(run))
        return self.spool.claims[run] + path[len(run) :]

    def _claim(self, run: str) -> str:
        """Claims a directory for a run directory of the spool."""
        prefix, first, rest = _RUN.fullmatch(run).groups()  # type: ignore[union-attr]  # `_run_directory` matched it
        for number in range(int(first or 1), _MAX_CLAIMS):
            candidate = f"{prefix}inputdiag{'' if number == 1 else f'-{number}'}{rest}"
            taken = self._folder().exists(candidate)
            if not taken and self._folder().create(f"{candidate}/{CLAIM}", self.spool.claim_text()):
                return candidate
            if taken and self._is_ours(f"{candidate}/{CLAIM}"):
                return candidate
        raise RemoteError(f"{self._folder().shown!r} has {_MAX_CLAIMS} runs. Give each run its own log_dir.")

    def _is_ours(self, claim: str) -> bool:
        """Returns whether this spool made a claim, and could not note it."""
        if not self._folder().exists(claim):
            return False
        return self._folder().read(claim).find(f'"{self.spool.token}"'.encode()) >= 0


_RUN = re.compile(r"((?:.*/)?)inputdiag(?:-(\d+))?((?:/worker-\d+)?)")


def _run_directory(path: str) -> str | None:
    """Returns the run directory that a file is in, however deep; None if it is in none."""
    parts = path.split("/")[:-1]
    for end in range(len(parts), 0, -1):
        found = "/".join(parts[:end])
        if _RUN.fullmatch(found):
            return found
    return None
