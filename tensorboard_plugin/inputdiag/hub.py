"""All sessions of one TensorBoard: found, kept up to date, and kept small."""

from __future__ import annotations

import itertools
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tensorboard_plugin.inputdiag.source import Source
from tensorboard_plugin.inputdiag.store import SessionStore

__all__ = ["Hub"]

MAX_TABLE_BYTES = 48 << 20
"""Memory for the decimated tables of all sessions together; the least recently used ones go first."""
_SCAN_EVERY_S = 0.7
"""The provider itself has news every 5 s at best."""


class Hub:
    """The sessions that one experiment has.

    Args:
        max_bytes: Memory for tables.
        clock: Seconds, monotonic.
    """

    def __init__(self, *, max_bytes: int = MAX_TABLE_BYTES, clock: Callable[[], float] = time.monotonic) -> None:
        self.server = secrets.token_hex(6)
        self.sessions: dict[str, SessionStore] = {}
        self.gone: dict[str, int] = {}
        """Ids that are no longer there -> revision at which they went."""
        self._max_bytes = max_bytes
        self._clock = clock
        self._lock = threading.Lock()
        self._scanned = -1e9
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

    def scan(self, source: Source) -> None:
        """Looks for new sessions and new events, unless that was done a moment ago."""
        with self._lock:
            if self._clock() - self._scanned < _SCAN_EVERY_S:
                return
            found = source.scan()
            for key, tags in found.items():
                store = self.sessions.get(key)
                if store is None:
                    self.sessions[key] = SessionStore(tags, source, self.next_revision)
                    self.gone.pop(key, None)
                elif store.tags.heard != tags.heard:
                    store.tags = tags
                    store.revision = self.next_revision()
                else:
                    store.tags = tags
            for key in set(self.sessions) - set(found):
                del self.sessions[key]
                self.gone[key] = self.next_revision()
            self._scanned = self._clock()

    @contextmanager
    def using(self, key: str, source: Source) -> Iterator[SessionStore | None]:
        """Yields a session, up to date and locked, or None if there is none of this id. Afterwards frees memory."""
        store = self.sessions.get(key)
        if store is None:
            yield None
            return
        with store.lock:
            store.used = self._clock()
            store.source = source
            store.refresh()
            yield store
        self._shrink(store)

    @contextmanager
    def glancing_at(self, key: str, source: Source) -> Iterator[SessionStore | None]:
        """Yields a session like `using`; None if there is none, or if it was shown before and is busy.

        The list of runs must not wait for a long log that another request is reading.
        """
        store = self.sessions.get(key)
        if store is None or not store.lock.acquire(blocking=store.row is None):
            yield None
            return
        try:
            store.source = source
            store.refresh()
            yield store
        finally:
            store.lock.release()

    def deadline(self, seconds: float) -> Callable[[], bool]:
        """Returns a function that tells whether that many seconds have not yet passed."""
        end = self._clock() + seconds
        return lambda: self._clock() < end

    def _shrink(self, keep: SessionStore) -> None:
        stores = sorted(self.sessions.values(), key=lambda store: store.used)
        total = sum(store.nbytes for store in stores)
        for store in stores:
            if total <= self._max_bytes:
                return
            if store is not keep and store.nbytes and store.lock.acquire(blocking=False):
                try:
                    total -= store.nbytes
                    store.drop_tables()
                finally:
                    store.lock.release()
