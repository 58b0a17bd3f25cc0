"""One column of a table as bytes: small, checked, and decoded on its own.

A column is an array ``[rows, ...]``. Nearly all columns are constant, equal another column, or vary in a few bits. The
flags of a block say which of these was used. Everything works on the bits of the values, so NaN and the sign of zero
survive.
"""

from __future__ import annotations

import zlib
from typing import Any, TypeAlias

import google_crc32c
import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.errors import LogCorruptError
from tb_inputdiag.numbers import whole

__all__ = [
    "ALIAS",
    "DELTA",
    "FILL",
    "MAX_ELEMENTS",
    "ROW",
    "SHUFFLE",
    "ZLIB",
    "crc32c",
    "decode_column",
    "encode_column",
]

FILL = 1
"""The payload is one element: all are equal."""
ROW = 2
"""The payload is one row: all rows are equal."""
ALIAS = 4
"""The payload is the index (u8) of an earlier column of the same table with the same bits."""
DELTA = 8
"""Rows after the first are differences of bit patterns, modulo 2 to the bits of an element."""
SHUFFLE = 16
"""First the first bytes of all elements, then the second bytes, and so on."""
ZLIB = 32

MAX_ELEMENTS = 1 << 27
"""More elements than this in one block mean damage: the writer makes chunks of a few MB."""
_MIN_COMPRESS = 64
"""Shorter payloads rarely get smaller."""
_FEW_BYTES = 4096
"""Up to this size, one transposed copy is faster than one pass for each byte of a number."""
_LEVEL = 5
"""zlib level: on shuffled statistics 6 to 9 take up to 3 times as long for 1 % less."""

Array: TypeAlias = NDArray[Any]


def crc32c(data: bytes) -> int:
    """Returns the CRC-32C of `data`."""
    return int(google_crc32c.value(data))


def encode_column(array: Array, *, delta: bool = False) -> tuple[int, bytes]:
    """Returns (flags, payload) of a column.

    Args:
        array: ``[rows, ...]``, little-endian and C-contiguous.
        delta: The rows vary slowly or regularly: store differences.
    """
    if array.size == 0:
        return 0, b""
    bits = array.view(f"u{array.dtype.itemsize}")
    flat = bits.reshape(-1)
    if (flat == flat[0]).all():
        return FILL, flat[:1].tobytes()
    flags = 0
    if len(bits) > 1:
        if array.ndim > 1 and (bits[1:] == bits[0]).all():
            flags, flat = ROW, bits[0].reshape(-1)
        elif delta:
            flags = DELTA
            flat = np.concatenate([bits[:1], bits[1:] - bits[:-1]]).reshape(-1)
    plain = flat.tobytes()
    if len(plain) >= _MIN_COMPRESS:
        shuffled = flat.view(np.uint8).reshape(-1, bits.itemsize).T.tobytes() if bits.itemsize > 1 else plain
        packed = zlib.compress(shuffled, _LEVEL)
        if len(packed) < len(plain):
            return flags | ZLIB | (SHUFFLE if bits.itemsize > 1 else 0), packed
    return flags, plain


def decode_column(flags: int, payload: bytes, dtype: np.dtype[Any], shape: tuple[int, ...]) -> Array:
    """Returns the array that `encode_column` received. ``ALIAS`` is resolved by the table, not here.

    Args:
        flags: As encoded.
        payload: As encoded.
        dtype: Little-endian.
        shape: ``[rows, ...]``.

    Raises:
        LogCorruptError: if the payload does not fit.
    """
    size = 1
    for n in shape:
        size *= n
    if size > MAX_ELEMENTS:
        raise LogCorruptError(f"A block announces {whole(size)} values. It can hold at most {whole(MAX_ELEMENTS)}.")
    if size == 0:
        return np.zeros(shape, dtype)
    if flags & ~(FILL | ROW | DELTA | SHUFFLE | ZLIB) or (flags & DELTA and flags & (FILL | ROW)):
        raise LogCorruptError(f"Block flags {flags:#x} are not those of an encoder.")
    count = 1 if flags & FILL else size // shape[0] if flags & ROW else size
    plain: bytes | Array = _inflate(payload, count * dtype.itemsize) if flags & ZLIB else payload
    if len(plain) != count * dtype.itemsize:
        raise LogCorruptError(f"A block holds {len(plain)} bytes; expected {count * dtype.itemsize}.")
    if flags & SHUFFLE:
        plain = _unshuffle(plain, dtype.itemsize)
    if flags & DELTA:
        bits = np.frombuffer(plain, f"<u{dtype.itemsize}").reshape(shape)
        return np.cumsum(bits, axis=0, dtype=bits.dtype).view(dtype)
    values = np.frombuffer(plain, dtype)
    if flags & FILL:
        return np.full(shape, values[0], dtype)
    if flags & ROW:
        return np.broadcast_to(values.reshape(shape[1:]), shape)
    return values.reshape(shape)


def _unshuffle(plain: bytes | Array, itemsize: int) -> bytes | Array:
    """Returns the bytes with those of each number together again."""
    planes = np.frombuffer(plain, np.uint8).reshape(itemsize, -1)
    if planes.size <= _FEW_BYTES:
        return planes.T.tobytes()
    # for large blocks, one pass for each byte is three times as fast
    out = np.empty(planes.shape[::-1], np.uint8)
    for at, plane in enumerate(planes):
        out[:, at] = plane
    out.setflags(write=False)
    return out


def _inflate(payload: bytes, size: int) -> bytes:
    inflater = zlib.decompressobj()
    try:
        plain = inflater.decompress(payload, size + 1)
    except zlib.error as error:
        raise LogCorruptError(f"A compressed block does not decompress: {error}.") from None
    if not inflater.eof:
        raise LogCorruptError(f"A compressed block does not hold the {size} bytes that were announced.")
    return plain
