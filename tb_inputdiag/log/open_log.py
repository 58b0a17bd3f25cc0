"""Opens the log of a session at a folder or at a URL."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from typing import TypeAlias

from tb_inputdiag.log.codec import Numbered
from tb_inputdiag.log.scalar_mirror import ScalarMirror
from tb_inputdiag.log.writer import LogWriter
from tb_inputdiag.program_end import at_program_end, not_at_program_end
from tb_inputdiag.records import Alert, Failure, SessionEnd, SessionStart
from tb_inputdiag.remote.filesystems import check_url
from tb_inputdiag.remote.mirror import FolderMirror
from tb_inputdiag.remote.spool import Spool
from tb_inputdiag.remote.uploader import Uploader
from tb_inputdiag.urls import is_url

__all__ = ["FILE_BYTES", "open_log"]

FILE_BYTES = 1 << 20
"""Size from which on an event file of a remote log is closed. A file is uploaded whole each time it has grown, which
takes 4 s for 1 MiB at 2 Mbit/s. A day of training has tens of such files, not thousands."""

_OnError: TypeAlias = "Callable[[Exception], None] | None"


def open_log(
    log_dir: str | os.PathLike[str],
    *,
    session: str,
    worker: int = 0,
    workers: int = 1,
    flush_s: float = 60.0,
    mirror_scalars: bool = False,
    verbose: bool = True,
    on_error: _OnError = None,
) -> LogWriter:
    """Returns the writer of a session. For a URL it writes to a spool, which is uploaded.

    Args:
        log_dir: The folder, or its URL.
        session: See `LogWriter`, as for the next two and `on_error`.
        worker: See there.
        workers: See there.
        flush_s: How long records may wait before they are uploaded, in seconds. Alerts do not wait.
        mirror_scalars: Whether TensorBoard's own tabs show loss, gradient norm and alerts.
        verbose: Whether to say at the end where a remote log is.
        on_error: See there.

    Raises:
        LogWriteError: if the folder or the spool cannot be written.
        ConfigurationError: if an argument is wrong, or the packages for the URL are missing.
    """
    path = os.fspath(log_dir)
    mirror = ScalarMirror() if mirror_scalars else None
    if not is_url(path):
        return LogWriter(path, session=session, worker=worker, workers=workers, mirror=mirror, on_error=on_error)
    check_url(path)
    shared = _SharedUploader.of(path, flush_s, verbose)
    try:
        writer = LogWriter(
            shared.spool.folder,
            session=session,
            worker=worker,
            workers=workers,
            file_bytes=FILE_BYTES,
            visible_every_s=flush_s,
            mirror=mirror,
            follower=(follower := _UploadFollower(shared)),
            on_error=on_error,
        )
    except BaseException:
        shared.leave()
        raise
    follower.at_end = writer.flush
    at_program_end(follower.at_end)
    return writer


class _UploadFollower:
    """Has uploaded what a writer writes, alerts at once."""

    def __init__(self, shared: _SharedUploader) -> None:
        self.at_end: Callable[[], object] = lambda: None
        """What is called when the program ends, before the last upload."""
        self._shared = shared
        self._alerts: dict[int, tuple[str, int]] = {}

    def written(self, records: Sequence[Numbered]) -> None:
        """Receives what was written."""
        urgent = [self._urgent(item) for item in records]
        self._shared.uploader.changed(urgent=any(urgent))

    def _urgent(self, item: Numbered) -> bool:
        record = item.record
        if isinstance(record, Alert):  # it is logged again whenever its counts change, which is no news
            state = (record.state, record.reopened)
            before, self._alerts[record.id] = self._alerts.get(record.id), state
            return before != state
        return isinstance(record, SessionStart | SessionEnd | Failure)

    def closed(self) -> None:
        """Ends the upload, if no other session of this process goes to the same URL."""
        not_at_program_end(self.at_end)
        self._shared.leave()


class _SharedUploader:
    """The uploader of all sessions of this process that go to one URL."""

    _known: dict[tuple[int, str], _SharedUploader] = {}  # noqa: RUF012  # one for the process
    _lock = threading.RLock()

    def __init__(self, key: tuple[int, str], flush_s: float, verbose: bool) -> None:
        # its module scans event files, which only those who upload need
        from tb_inputdiag.log.make_outline import outline_beside

        self.spool = Spool.create(key[1])
        self.uploader = Uploader(FolderMirror(self.spool, outline_beside), flush_s, verbose=verbose)
        self._key = key
        self._users = 0

    @classmethod
    def of(cls, url: str, flush_s: float, verbose: bool) -> _SharedUploader:
        """Returns the uploader for a URL, which the caller must `leave`."""
        key = (os.getpid(), url)
        with cls._lock:
            found = cls._known.get(key)
            if found is None:
                found = cls._known[key] = cls(key, flush_s, verbose)
            found._users += 1
            return found

    def leave(self) -> None:
        """Ends the upload when nobody uses it any more."""
        with self._lock:
            self._users -= 1
            if self._users or os.getpid() != self._key[0]:
                return
            del self._known[self._key]
        self.uploader.finish()
