"""The records of a TFRecord file, without TensorFlow."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

from tb_inputdiag.errors import ConfigurationError
from tb_inputdiag.log.framing import frame_length, verify_frame

__all__ = ["read_records"]

_HEADER_BYTES = 12
"""The length and its checksum."""
_FOOTER_BYTES = 4
"""The checksum of the content."""


def read_records(path: str) -> Iterator[tuple[bytes, int]]:
    """Yields the content of each record, and how many bytes of the file have been read; gzip is recognised.

    Raises:
        ConfigurationError: if the file is damaged, cut off, or no TFRecord file.
    """
    with open(path, "rb") as stream:
        packed = stream.read(2) == b"\x1f\x8b"
        stream.seek(0)
        file = gzip.GzipFile(fileobj=stream) if packed else stream
        number = 0
        while head := file.read(_HEADER_BYTES):
            length = frame_length(head, 0) if len(head) == _HEADER_BYTES else None
            if length is None:
                raise _damaged(path, number, "its length is cut off, or has a wrong checksum")
            record = head + file.read(length + _FOOTER_BYTES)
            if len(record) < _HEADER_BYTES + length + _FOOTER_BYTES:
                raise _damaged(path, number, "it is cut off")
            if not verify_frame(record, 0, length):
                raise _damaged(path, number, "it has a wrong checksum")
            yield record[_HEADER_BYTES:-_FOOTER_BYTES], stream.tell()
            number += 1


def _damaged(path: str, number: int, reason: str) -> ConfigurationError:
    return ConfigurationError(f"Record {number} of {path!r} cannot be read: {reason}. Is it a TFRecord file?")
