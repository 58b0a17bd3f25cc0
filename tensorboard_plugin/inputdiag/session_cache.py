"""All sessions of one TensorBoard, kept up to date and within a limit of memory."""

from __future__ import annotations

import itertools
import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tensorboard_plugin.inputdiag.cached_session import CachedSession
from tensorboard_plugin.inputdiag.provider import LogProvider

__all__ = ["SessionCache"]

MAX_TABLE_BYTES = 48 << 20
"""Memory for the decimated tables of all sessions together; the least recently used ones go first."""
_SCAN_EVERY_S = 0.7
"""TensorBoard itself reloads every 5 s by default."""
_SLOW_SCAN_S = 0.05
_LOGGER = logging.getLogger("tensorboard")


class SessionCache:
    """The sessions that one experiment has.

    Args:
        max_bytes: Memory for tables.
        clock: Seconds, monotonic.
    """

    def __init__(self, *, max_bytes: int = MAX_TABLE_BYTES, clock: Callable[[], float] = time.monotonic) -> None:
        self.server = secrets.token_hex(6)
        self.sessions: dict[str, CachedSession] = {}
        self.gone: dict[str, int] = {}
        """Ids of removed sessions -> revision of the removal."""
        self._max_bytes = max_bytes
        self._clock = clock
        self._lock = threading.Lock()
        self._scanned = -1e9
        self._scan_took = 0.0
        self._revisions = itertools.count(1)
        self._revision = 0

    @property
    def revision(self) -> int:
        """Number of the newest change."""
        return self._revision

    def next_revision(self) -> int:
        """Returns the number of a new change."""
        self._revision = next(self._revisions)
        return self._revision

    def scan(self, provider: LogProvider) -> None:
        """Looks for new sessions and new events, at most every `_SCAN_EVERY_S` seconds.

        Listing hundreds of runs takes longer than a list may take to appear. Then a thread does it, and what was known
        before is answered meanwhile.
        """
        if self.sessions and self._scan_took > _SLOW_SCAN_S:
            if self._clock() - self._scanned >= _SCAN_EVERY_S and not self._lock.locked():
                threading.Thread(target=self._scan_quietly, args=(provider,), daemon=True).start()
            return
        self._scan(provider)

    def _scan_quietly(self, provider: LogProvider) -> None:
        try:
            self._scan(provider)
        except Exception:
            _LOGGER.exception("Input Diagnostics could not list the runs")
            self._scan_took = 0.0  # the next request scans itself, and its client gets the error

    def _scan(self, provider: LogProvider) -> None:
        with self._lock:
            begin = self._clock()
            if begin - self._scanned < _SCAN_EVERY_S:
                return
            found = provider.scan()
            for key, listed in found.items():
                session = self.sessions.get(key)
                if session is None:
                    self.sessions[key] = CachedSession(listed, provider, self.next_revision)
                    self.gone.pop(key, None)
                elif session.listed.last_event_time != listed.last_event_time:
                    session.listed = listed
                    session.revision = self.next_revision()
                else:
                    session.listed = listed
            for key in set(self.sessions) - set(found):
                del self.sessions[key]
                self.gone[key] = self.next_revision()
            self._scanned = self._clock()
            self._scan_took = self._scanned - begin

    @contextmanager
    def using(self, key: str, provider: LogProvider) -> Iterator[CachedSession | None]:
        """Yields the session with this id, up to date and locked, or None. Frees memory afterwards."""
        session = self.sessions.get(key)
        if session is None:
            yield None
            return
        with session.lock:
            session.used = self._clock()
            session.provider = provider
            session.refresh()
            yield session
        self._shrink(session)

    @contextmanager
    def glancing_at(self, key: str, provider: LogProvider) -> Iterator[CachedSession | None]:
        """Yields a session like `using`, or None if it is busy and has been formatted before.

        The list of runs must not wait for a long log that another request is reading.
        """
        session = self.sessions.get(key)
        if session is None or not session.lock.acquire(blocking=session.row is None):
            yield None
            return
        try:
            session.provider = provider
            session.refresh()
            yield session
        finally:
            session.lock.release()

    def deadline(self, seconds: float) -> Callable[[], bool]:
        """Returns a function that returns True until that many seconds have passed."""
        end = self._clock() + seconds
        return lambda: self._clock() < end

    def _shrink(self, keep: CachedSession) -> None:
        cached = sorted(self.sessions.values(), key=lambda session: session.used)
        total = sum(session.nbytes for session in cached)
        for session in cached:
            if total <= self._max_bytes:
                return
            if session is not keep and session.nbytes and session.lock.acquire(blocking=False):
                try:
                    total -= session.nbytes
                    session.drop_tables()
                finally:
                    session.lock.release()
