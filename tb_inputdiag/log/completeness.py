"""How much of a session's log is here, of what its writer wrote."""

from __future__ import annotations

from dataclasses import dataclass

from tb_inputdiag.log.index import SessionIndex
from tb_inputdiag.numbers import count, whole

__all__ = ["LogCompleteness", "completeness_of", "events_are"]


@dataclass(frozen=True)
class LogCompleteness:
    """How much of what was written is here."""

    events: int
    """Payloads that are here."""
    written: int
    """Payloads that the writer wrote, as far as its last ``head`` says."""
    missing: dict[str, int]
    """Stream -> payloads that are not here."""
    dropped: dict[str, int]
    """Type -> records that the writer left out, because they came faster than they could be written."""

    @property
    def complete(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing and not self.dropped

    def __str__(self) -> str:
        return f"{whole(self.events)} of {count(self.written, 'event')}"

    def problems(self) -> list[str]:
        """Returns what is missing, one sentence for each kind of loss."""
        found = []
        if self.missing:
            parts = ", ".join(f"{whole(n)} of {stream}" for stream, n in self.missing.items())
            found.append(f"{events_are(sum(self.missing.values()), self.written)} lost: {parts}.")
        if self.dropped:
            parts = ", ".join(f"{whole(n)} {kind}" for kind, n in self.dropped.items())
            found.append(f"Records were not logged because they came too fast or did not fit the schema: {parts}.")
        return found


def completeness_of(index: SessionIndex) -> LogCompleteness:
    """Returns what is here of a session, compared with its last ``head``."""
    missing = index.missing()
    here = sum(len(payloads) for payloads in index.payloads.values())
    head = index.head
    return LogCompleteness(here, here + sum(missing.values()), missing, dict(head.dropped) if head else {})


def events_are(n: int, of: int | None = None) -> str:
    """Returns e.g. ``1 event is`` or ``2 of 300 events are``."""
    what = count(n, "event") if of is None else f"{whole(n)} of {count(of, 'event')}"
    return f"{what} {'is' if n == 1 else 'are'}"
