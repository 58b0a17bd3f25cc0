"""Makes the outline of an event file."""

from __future__ import annotations

from pathlib import Path

from tb_inputdiag.log.column_reader import END_CHUNKS, evenly_spaced
from tb_inputdiag.log.files import LocalSource
from tb_inputdiag.log.index import EventFile, SessionIndex, StoredPayload
from tb_inputdiag.log.outline import OutlinedPayload, pack_outline
from tb_inputdiag.log.rundir import FILE_SUFFIX, outline_name

__all__ = ["outline_beside"]

_DOCUMENTS = frozenset({"session", "alerts", "costs", "head"})
"""Streams of which an outline has everything: they are small, and a summary shows them."""
_LOSSES = 8
"""Payloads of losses, evenly spaced, with both ends: a small curve; see `ColumnReader.loss_outline`."""


def outline_beside(path: Path) -> tuple[str, bytes] | None:
    """Returns the name and the content of the outline of a closed event file.

    Returns:
        None for files of other tools, and for damaged or very large ones, which are read from front to back.
    """
    if not path.name.endswith(FILE_SUFFIX):
        return None
    source = LocalSource(str(path))
    try:
        file = EventFile(source)
        file.refresh()
        sessions = file.sessions.values()
        damaged = file.damage.frames or file.damage.skipped_bytes or file.damage.tail_bytes or file.damage.newer
        if damaged or any(index.unknown or index.damage.messages for index in sessions):
            return None
        rows, parts = [], {}
        for index in sessions:
            wanted = set(map(id, _shown(index)))
            for payload in index.stored():
                rows.append(_row(index.session, payload))
                if id(payload) in wanted:
                    parts[payload.offset] = source.read(payload.offset, payload.length)
        outline = pack_outline(file.size, file.events, rows, parts)
        return None if outline is None else (outline_name(path.name), outline)
    finally:
        source.close()


def _row(session: str, payload: StoredPayload) -> OutlinedPayload:
    return OutlinedPayload(session, payload.stream, payload.step, payload.header, payload.offset, payload.length)


def _shown(index: SessionIndex) -> list[StoredPayload]:
    """Returns the payloads that a summary needs."""
    found = [payload for payload in index.stored() if payload.stream in _DOCUMENTS]
    samples, losses = index.payloads["samples"], index.payloads["losses"]
    found += samples[:END_CHUNKS] + samples[max(END_CHUNKS, len(samples) - END_CHUNKS) :]
    return found + evenly_spaced(losses, _LOSSES)
