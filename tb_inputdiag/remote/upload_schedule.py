"""When to upload: a pure function of what happened and when. Seconds of any clock that only goes forward."""

from __future__ import annotations

__all__ = ["URGENT_GAP_S", "UploadSchedule"]

URGENT_GAP_S = 5.0
"""Least seconds between two uploads that cannot wait. With the upload itself, an alert is at the remote within 10 s."""
_FIRST_DELAY_S = 1.0
_LONGEST_DELAY_S = 60.0


class UploadSchedule:
    """Says when the next upload is due.

    Args:
        flush_s: How long a change may wait.
    """

    def __init__(self, flush_s: float) -> None:
        self.failures = 0
        """Attempts that failed since the last one that did not."""
        self._flush_s = flush_s
        self._last = -URGENT_GAP_S
        self._due: float | None = None
        self._retry_at = 0.0

    def changed(self, now: float, *, urgent: bool) -> None:
        """Notes that there is something new."""
        due = max(now, self._last + URGENT_GAP_S) if urgent else now + self._flush_s
        self._due = due if self._due is None else min(self._due, due)

    def wait(self, now: float) -> float | None:
        """Returns the seconds until the next upload, 0 if it is due; None if there is nothing to upload."""
        if self._due is None:
            return None
        return max(0.0, max(self._due, self._retry_at) - now)

    def begin(self, now: float) -> None:
        """Notes that an upload begins: it takes everything that is there."""
        self._last, self._due = now, None

    def succeeded(self) -> None:
        """Notes that an upload succeeded."""
        self.failures, self._retry_at = 0, 0.0

    def failed(self, now: float) -> None:
        """Notes that an upload failed. The next attempt is after 1 s, 2 s, 4 s, ..., at most 60 s."""
        delay = min(_FIRST_DELAY_S * 2.0**self.failures, _LONGEST_DELAY_S)
        self.failures += 1
        self._retry_at = now + delay
        self._due = now if self._due is None else min(self._due, now)
