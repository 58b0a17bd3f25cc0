"""Decodes the payloads of one session. Damage is counted, never raised."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from tb_inputdiag.errors import LogCorruptError, LogVersionError
from tb_inputdiag.log.codec import Chunk, Numbered
from tb_inputdiag.log.index import SessionIndex, StoredPayload

__all__ = ["PayloadReader"]

_P = ParamSpec("_P")
_T = TypeVar("_T")


class PayloadReader:
    """Decodes the payloads of one session.

    Args:
        index: Where they are.
    """

    def __init__(self, index: SessionIndex) -> None:
        self.index = index
        self.unread: dict[tuple[str, int], str] = {}
        """(stream, number) of each payload that does not decode -> the reason."""
        self._unknown: dict[tuple[str, int], int] = {}
        self._documents: dict[str, list[Numbered]] = {}
        self._read_payloads: dict[str, int] = {}

    @property
    def n_unknown(self) -> int:
        """Records of types that only a newer schema knows, among those that have been read."""
        return sum(self._unknown.values())

    def attempt(self, payload: StoredPayload, read: Callable[[Chunk], _T]) -> _T | None:
        """Returns what `read` makes of the payload; None if the payload is damaged, which is counted once."""
        return self.attempt_on(payload, lambda: read(payload.load()))

    def attempt_on(
        self, payload: StoredPayload, read: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs
    ) -> _T | None:
        """Returns what `read` returns; None if it meets damage in the payload, which is counted once."""
        try:
            return read(*args, **kwargs)
        except (LogCorruptError, LogVersionError, OSError) as error:
            self.unread.setdefault((payload.stream, payload.header.number), str(error))
            return None

    def documents(self, payload: StoredPayload) -> list[Numbered]:
        """Returns the records of a payload of documents; none if it is damaged."""
        found = self.attempt(payload, Chunk.documents)
        if found is None:
            return []
        known, unknown = found
        if unknown:
            self._unknown[payload.stream, payload.header.number] = unknown
        return known

    def all_documents(self, stream: str) -> list[Numbered]:
        """Returns all records of a stream of documents so far; only new payloads are decoded."""
        found = self._documents.setdefault(stream, [])
        payloads = self.index.payloads[stream]
        for payload in payloads[self._read_payloads.get(stream, 0) :]:
            found.extend(self.documents(payload))
        self._read_payloads[stream] = len(payloads)
        return found

    def all_of(self, kind: type[_T], stream: str = "session") -> list[_T]:
        """Returns all records of one type."""
        return [item.record for item in self.all_documents(stream) if isinstance(item.record, kind)]
