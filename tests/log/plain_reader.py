"""A reader made from `docs/log-format.md` alone: the standard library, and nothing of the package.

It stands for a reader in another language: if the document lacked something, this reader would lack it, too.
"""

from __future__ import annotations

import json
import math
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# The columns with their types and their shapes beside the rows, as the document gives them for all schema versions.
SAMPLES = (
    "seq:q split:B parts:B layout:i step:q epoch:i wall_time:d batch_size:q loss:d penalty:d learning_rate:d "
    "step_time_s:d cost_s:d loss_scale:d gradient_norm:d clipped_gradient_norm:d skipped:B"
)
LOSSES = "seq:q epoch:i n:q step:q:N loss:f:N"
WEIGHTS = (
    "seq:q step:q gradient_norm:f:W gradient_max_abs:f:W gradient_zero_fraction:f:W gradient_nonfinite_count:f:W "
    "clipped_gradient_norm:f:W weight_norm:f:W weight_nonfinite_count:f:W update_ratio:f:W"
)
TABLES = {"samples": ("R", SAMPLES), "losses": ("RN", LOSSES), "weights": ("RW", WEIGHTS)}
FILL, ROW, ALIAS, DELTA, SHUFFLE, ZLIB = 1, 2, 4, 8, 16, 32


def _crc_table() -> Iterator[int]:
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        yield byte


_CRC = tuple(_crc_table())


def crc32c(data: bytes) -> int:
    """Returns the CRC-32C (Castagnoli)."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def masked(crc: int) -> int:
    """Returns a checksum as TFRecord frames hold it."""
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) % 2**32


def messages(data: bytes) -> Iterator[bytes]:
    """Yields the messages of the frames of a file."""
    at = 0
    while at < len(data):
        length, checksum = struct.unpack_from("<QI", data, at)
        assert masked(crc32c(data[at : at + 8])) == checksum
        message = data[at + 12 : at + 12 + length]
        assert masked(crc32c(message)) == struct.unpack_from("<I", data, at + 12 + length)[0]
        yield message
        at += 12 + length + 4


def fields(message: bytes) -> dict[int, Any]:
    """Returns field number -> value of a protobuf message; the first of repeated ones."""
    found: dict[int, Any] = {}
    at = 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte, at = message[at], at + 1
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7

    while at < len(message):
        key = varint()
        if key & 7 == 0:
            value: Any = varint()
        elif key & 7 == 2:
            length = varint()
            value, at = message[at : at + length], at + length
        else:
            size = 8 if key & 7 == 1 else 4
            value, at = message[at : at + size], at + size
        found.setdefault(key >> 3, value)
    return found


def payloads(path: Path) -> Iterator[tuple[str, str, int, bytes]]:
    """Yields (session, stream, segment, payload) of the events of a file."""
    for message in messages(path.read_bytes()):
        event = fields(message)
        if 5 in event:  # summary
            value = fields(fields(event[5])[1])
            session, stream, segment = value[1].decode().split("/")
            yield session, stream, int(segment), fields(value[8])[4]  # tensor, tensor_content


def split(payload: bytes) -> tuple[dict[str, int], bytes, bytes]:
    """Returns header, directory and body."""
    names = ["magic", "format", "schema", "kind", "checksum", "length", "number", "layout", "first", "last", "rows"]
    header = dict(zip(names, struct.unpack_from("<BBBBIIIiqqI", payload), strict=True))
    assert (header["magic"], header["format"]) == (0xD1, 1)
    assert crc32c(payload[8 : header["length"]]) == header["checksum"]
    return header, payload[40 : header["length"]], payload[header["length"] :]


def documents(directory: bytes, body: bytes) -> list[Any]:
    """Returns [sequence number, type name, fields] of a payload of documents; attachments are left out."""
    length, checksum = struct.unpack_from("<II", directory)
    assert crc32c(body[:length]) == checksum
    found: list[Any] = json.loads(zlib.decompress(body[:length]))
    return found


NUMBERS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def plain(value: Any, schema: int = 2) -> Any:
    """Returns a value of a document as Python has it; tuples become lists, and arrays are left as they are."""
    if isinstance(value, list):
        return [plain(item, schema) for item in value]
    if isinstance(value, str):
        return NUMBERS.get(value, value) if schema >= 2 else value
    if not isinstance(value, dict):
        return value
    if "$str" in value:
        return value["$str"]
    if "$float" in value:
        return float(value["$float"])
    if "$tuple" in value:
        return plain(value["$tuple"], schema)
    return {key: plain(item, schema) for key, item in value.items()}


def head(directory: bytes, body: bytes) -> Any:
    """Returns the counts of a head."""
    assert struct.unpack("<I", directory)[0] == crc32c(body)
    return json.loads(body)


def table(stream: str, directory: bytes, body: bytes) -> dict[str, list[Any]]:
    """Returns column -> values, those of one row after those of another."""
    size_names, columns = TABLES[stream]
    sizes = dict(zip(size_names, struct.unpack_from(f"<{directory[0]}I", directory, 1), strict=True))
    at = 1 + 4 * directory[0]
    count, at, start = directory[at], at + 1, 0
    found: dict[str, list[Any]] = {}
    for column in columns.split()[:count]:
        name, kind, *extra = column.split(":")
        n = sizes["R"] if "N" not in extra else sizes["N"]
        width = sizes["W"] if "W" in extra else 1
        size = struct.calcsize(f"<{kind}")
        flags, at = directory[at], at + 1
        if flags & FILL:
            found[name] = list(struct.unpack_from(f"<{kind}", directory, at)) * (n * width)
            at += size
        elif flags & ALIAS:
            found[name] = list(found.values())[directory[at]]
            at += 1
        else:
            length, checksum = struct.unpack_from("<II", directory, at)
            block, at, start = body[start : start + length], at + 8, start + length
            assert crc32c(block) == checksum
            found[name] = _block(flags, block, kind, n, width)
    return found


def _block(flags: int, block: bytes, kind: str, n: int, width: int) -> list[Any]:
    size = struct.calcsize(f"<{kind}")
    if flags & ZLIB:
        block = zlib.decompress(block)
    if flags & SHUFFLE:
        elements = len(block) // size
        block = bytes(block[byte * elements + i] for i in range(elements) for byte in range(size))
    if flags & DELTA:
        unsigned = {1: "B", 4: "I", 8: "Q"}[size]
        bits = list(struct.unpack(f"<{len(block) // size}{unsigned}", block))
        for i in range(width, len(bits)):
            bits[i] = (bits[i] + bits[i - width]) % 2 ** (8 * size)
        block = struct.pack(f"<{len(bits)}{unsigned}", *bits)
    values = list(struct.unpack(f"<{len(block) // size}{kind}", block))
    return values * n if flags & ROW else values
