"""The outline of an event file: where its payloads are, with those that tell how a run is doing.

It stands beside a closed event file at a remote, so that a reader of many runs fetches outlines and not whole files.
Nobody needs it: without one, or with one that does not fit, the event file is scanned.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from tb_inputdiag.errors import LogCorruptError
from tb_inputdiag.log.codec import Header, inflate, parse_tag

__all__ = ["Outline", "OutlinedPayload", "pack_outline", "read_outline"]

_FORMAT = 1
_MAGIC = b"TBIDOUT1"
_MOST_JSON = 16 << 20
"""Bytes; 100,000 payloads have 9 MB. A longer outline is neither written nor read."""
_MOST_NUMBER = 1 << 62


class OutlinedPayload(NamedTuple):
    """Where a payload of the event file is."""

    session: str
    stream: str
    step: int
    header: Header
    offset: int
    length: int


@dataclass(frozen=True)
class Outline:
    """What an outline says."""

    size: int
    """Bytes of the event file."""
    events: int
    payloads: list[OutlinedPayload]
    parts: dict[tuple[int, int], bytes]
    """(offset, length) -> bytes of the event file."""


def pack_outline(
    size: int, events: int, payloads: Iterable[OutlinedPayload], parts: Mapping[int, bytes]
) -> bytes | None:
    """Returns the bytes of an outline; None if it is too long.

    Args:
        size: Bytes of the event file.
        events: Events in it.
        payloads: Its payloads.
        parts: Offset -> bytes of the event file from there.
    """
    content = {
        "format": _FORMAT,
        "size": size,
        "events": events,
        "payloads": [[row.session, row.stream, row.step, *row.header, row.offset, row.length] for row in payloads],
        "parts": [[offset, len(data)] for offset, data in parts.items()],
    }
    text = json.dumps(content, separators=(",", ":")).encode()
    if len(text) > _MOST_JSON:
        return None
    packed = zlib.compress(text, 6)
    return b"".join([_MAGIC, len(packed).to_bytes(4, "little"), packed, *parts.values()])


def read_outline(data: bytes) -> Outline | None:
    """Returns what an outline says; None if it cannot be read, or a newer version wrote it."""
    start = len(_MAGIC) + 4
    if data[: len(_MAGIC)] != _MAGIC:
        return None
    end = start + int.from_bytes(data[len(_MAGIC) : start], "little")
    try:
        content = json.loads(inflate(data[start:end], _MOST_JSON))
        if content["format"] != _FORMAT:
            return None
        size = int(content["size"])
        payloads = [_payload(row, size) for row in content["payloads"]]
        parts = {}
        for offset, length in content["parts"]:
            part = data[end : end + int(length)]
            end += int(length)
            if len(part) == length:  # otherwise it is cut off, and read from the event file
                parts[int(offset), int(length)] = part
        return Outline(size, int(content["events"]), payloads, parts)
    except (LogCorruptError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _payload(row: list[object], size: int) -> OutlinedPayload:
    session, stream, step, *header, offset, length = row
    numbers = [step, *header, offset, length]
    if parse_tag(f"{session}/{stream}/0") is None or not all(type(n) is int and abs(n) < _MOST_NUMBER for n in numbers):
        raise TypeError("An outline holds a payload of another form.")
    if offset < 0 or length < 0 or offset + length > size:  # type: ignore[operator]  # see above
        raise ValueError("An outline names a payload outside of its file.")
    return OutlinedPayload(session, stream, step, Header(*header), offset, length)  # type: ignore[arg-type]  # see above
