"""TFRecord framing, and the part of the Event message that reading a log needs.

A TensorBoard event file is a sequence of frames: length (u64), masked CRC-32C of the length (u32), the serialized
Event, masked CRC-32C of it (u32). The reader finds tag, step and tensor in the bytes itself. So it need not import
protobuf, and it copies nothing that is not requested.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import NamedTuple

import google_crc32c

from tb_inputdiag.errors import LogCorruptError

__all__ = ["FOOTER", "HEADER", "FramedEvent", "find_frame", "frame", "frame_length", "parse_event", "verify_frame"]

_HEADER = struct.Struct("<QI")
HEADER, FOOTER = _HEADER.size, 4
"""Bytes before and after the message."""
_MAX_MESSAGE = 1 << 31
_CRC_MASK = 0xA282EAD8
_NOT_ZERO = re.compile(rb"[^\0]")


def _masked(data: bytes) -> int:
    crc: int = google_crc32c.value(data)
    return (((crc >> 15) | (crc << 17)) + _CRC_MASK) & 0xFFFFFFFF


def frame(message: bytes) -> bytes:
    """Returns the message as a TFRecord."""
    length = struct.pack("<Q", len(message))
    return b"".join((length, struct.pack("<I", _masked(length)), message, struct.pack("<I", _masked(message))))


def frame_length(buffer: bytes, at: int) -> int | None:
    """Returns the length of the message of the frame that starts at `at`, or None if none starts there.

    The buffer must hold the frame's first `HEADER` bytes.
    """
    length, checksum = _HEADER.unpack_from(buffer, at)
    if length > _MAX_MESSAGE or _masked(buffer[at : at + 8]) != checksum:
        return None
    return length  # type: ignore[no-any-return]  # struct gives Any; a call of int takes as long as the comparison


def verify_frame(buffer: bytes, at: int, length: int) -> bool:
    """Returns whether the checksum of a frame's message is right. The buffer must hold the whole frame."""
    start = at + HEADER
    end = start + length
    return _masked(buffer[start:end]) == int.from_bytes(buffer[end : end + FOOTER], "little")


def find_frame(buffer: bytes, at: int) -> int | None:
    """Returns where the next frame starts at or after `at`, or None. Used to continue after damage."""
    while True:
        # Messages are shorter than 4 GB, so the upper half of a length is zero.
        zeros = buffer.find(b"\0\0\0\0", at + 4)
        if zeros < 0 or zeros - 4 + HEADER > len(buffer):
            return None
        at = zeros - 4
        if frame_length(buffer, at) is not None:
            return at
        at += 1
        if not any(buffer[at : at + HEADER]):  # a power cut leaves pages of zeros; a frame's header is never all zero
            other = _NOT_ZERO.search(buffer, at)
            if other is None:
                return None
            at = max(at, other.start() - HEADER + 1)


class FramedEvent(NamedTuple):
    """Where the parts of an event with one tensor summary lie."""

    step: int
    tag: str
    start: int
    end: int
    """The tensor's bytes: ``buffer[start:end]``."""


_VARINT = rb"[\x80-\xff]{0,9}[\x00-\x7f]"
_USUAL_EVENT = re.compile(
    rb"\x09.{8}(?:\x10(V))?\x2aV\x0aV\x0a([\x00-\x7f])([\x20-\x7e]{1,127})"
    rb"\x42V\x08\x04\x12[\x00-\x7f]\x12[\x00-\x7f]\x08V\x22(V)".replace(b"V", _VARINT),
    re.DOTALL,
)
"""Bytes of the events that the log writer writes: protobuf puts the fields in the order of their numbers.
Matching them is ten times as fast as a walk through the fields, which is used for all other events."""


def parse_event(buffer: bytes, start: int, end: int) -> FramedEvent | None:
    """Returns the first summary value of an Event message, or None if it has no tensor of bytes.

    Raises:
        LogCorruptError: if it is not a protobuf message.
    """
    found = _USUAL_EVENT.match(buffer, start, end)
    if found is not None:
        step, tag_length, tag, length = found.groups()
        at = found.end()
        until = at + (length[0] if len(length) == 1 else _varint(length, 0)[0])
        if len(tag) == tag_length[0] and until <= end:
            return FramedEvent(_varint(step, 0)[0] if step else 0, tag.decode(), at, until)
    return _walk_event(buffer, start, end)


def _walk_event(buffer: bytes, start: int, end: int) -> FramedEvent | None:
    step, tag, extent = 0, None, None
    try:
        for field, value, at in _fields(buffer, start, end):
            if field == 2 and at is None:
                step = value
            elif field == 5 and at is not None and extent is None:
                for field_1, end_1, at_1 in _fields(buffer, at, value):
                    if field_1 == 1 and at_1 is not None:
                        tag, extent = _parse_value(buffer, at_1, end_1)
                        break
    except (IndexError, UnicodeDecodeError):
        raise LogCorruptError("An event is not a protobuf message.") from None
    return None if tag is None or extent is None else FramedEvent(step, tag, *extent)


def _parse_value(buffer: bytes, start: int, end: int) -> tuple[str | None, tuple[int, int] | None]:
    tag, extent = None, None
    for field, value, at in _fields(buffer, start, end):
        if at is None:
            continue
        if field == 1:
            tag = buffer[at:value].decode()
        elif field == 8:
            extent = next(((a, v) for f, v, a in _fields(buffer, at, value) if f == 4 and a is not None), None)
        if tag is not None and extent is not None:
            break
    return tag, extent


def _fields(buffer: bytes, at: int, end: int) -> Iterator[tuple[int, int, int | None]]:
    """Yields (field, end, start) for each field with a length, and (field, value, None) for each other field."""
    while at < end:
        key = buffer[at]
        at += 1
        if key > 127:
            key, at = _varint(buffer, at - 1)
        wire = key & 7
        if wire == 2:
            length = buffer[at]
            at += 1
            if length > 127:
                length, at = _varint(buffer, at - 1)
            if at + length > end:
                raise IndexError
            yield key >> 3, at + length, at
            at += length
        elif wire == 0:
            value, at = _varint(buffer, at)
            yield key >> 3, value - (value >> 63 << 64), None
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
            yield key >> 3, int.from_bytes(buffer[at : at + size], "little"), None
            at += size
        else:
            raise IndexError


def _varint(buffer: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while shift < 70:
        byte = buffer[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
    raise IndexError
