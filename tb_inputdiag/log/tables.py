"""Tables of samples and losses as bytes: many rows in one chunk, one block for each column.

The body of a chunk is: one byte, the number of sizes, then the sizes (u32); one byte, the number of columns, then for
each column its flags (u8) and either the one element (``FILL``), the index of another column (``ALIAS``, u8), or length
(u32) and CRC-32C (u32) of its payload. All of this is part of the header, under its checksum. The payloads follow.
"""

from __future__ import annotations

import itertools
import math
import struct
from collections.abc import Iterator, Mapping

import numpy as np

from tb_inputdiag.errors import LogCorruptError
from tb_inputdiag.log.blocks import ALIAS, FILL, MAX_ELEMENTS, Array, crc32c, decode_column, encode_column
from tb_inputdiag.numbers import size_bytes
from tb_inputdiag.records import COLUMNS, Split

__all__ = ["PARTS", "SPLITS", "TABLES", "Columns", "EncodedColumns", "encode_table"]

SPLITS: tuple[Split, ...] = ("train", "validation", "predict")
"""The column ``split`` of the samples holds an index into this."""

PARTS = {"weights": 1, "layers": 2}
"""Bits of the column ``parts`` of the samples: the tables that a sample has."""

_KEYS: Mapping[str, tuple[str, tuple[str | int, ...]]] = {"seq": ("i8", ("R",)), "step": ("i8", ("R",))}

TABLES: Mapping[str, Mapping[str, tuple[str, tuple[str | int, ...]]]] = {
    "samples": {
        "seq": ("i8", ("R",)),
        "split": ("u1", ("R",)),
        "parts": ("u1", ("R",)),
        **{name: (dtype, ("R", *shape)) for name, (dtype, shape) in COLUMNS["sample"].items()},
    },
    **{
        table: {**_KEYS, **{name: (dtype, ("R", *shape)) for name, (dtype, shape) in COLUMNS[table].items()}}
        for table in ("tensors", "weights", "layers")
    },
    "losses": {
        "seq": ("i8", ("R",)),
        "epoch": ("i4", ("R",)),
        "n": ("i8", ("R",)),
        "step": ("i8", ("N",)),
        "loss": ("f4", ("N",)),
    },
}
"""Stream -> column -> (NumPy dtype, shape). ``R`` rows; ``N`` losses of all rows one after the other."""

_DTYPES = {
    kind: np.dtype(kind).newbyteorder("<") for table in TABLES.values() for kind in {kind for kind, _ in table.values()}
}
_SIZES = {
    "samples": ("R",),
    "tensors": ("R", "T", "F", "C"),
    "weights": ("R", "W"),
    "layers": ("R", "L"),
    "losses": ("R", "N"),
}
_MAX_BYTES = 1 << 29
"""Bytes of all columns of a chunk. The writer makes chunks of a few MB."""
_FREE_BYTES = 1 << 21
_MOST_PER_BYTE = 1 << 14
"""Bytes of columns for each byte of a chunk. A frozen model with a thousand weights, nearly all of whose columns are
constant, has about 10,000; more means that somebody wants a small file to fill the memory."""
_SLOW = frozenset({"wall_time", "weight_norm", "cost_s", "learning_rate"})
"""Floats that vary slowly from sample to sample, so that differences of their bits are small. (Integers always do.)"""


def _sizes_of(table: str, columns: Mapping[str, Array]) -> dict[str, int]:
    """Returns the sizes that the columns have, e.g. ``{"R": 40, "W": 12}``."""
    found: dict[str, int] = {}
    for name, (_, shape) in TABLES[table].items():
        for size, n in zip(shape, columns[name].shape, strict=True):
            if isinstance(size, str):
                found.setdefault(size, n)
    return {size: found[size] for size in _SIZES[table]}


def encode_table(table: str, columns: Mapping[str, Array]) -> tuple[bytes, bytes]:
    """Returns (directory, payloads) of a chunk.

    Args:
        table: A key of `TABLES`.
        columns: Every column of it.

    Raises:
        ValueError: if shapes do not agree.
    """
    sizes = _sizes_of(table, columns)
    directory = bytearray(struct.pack(f"<B{len(sizes)}IB", len(sizes), *sizes.values(), len(TABLES[table])))
    payloads: list[bytes] = []
    seen: dict[tuple[str, bytes], int] = {}
    for index, (name, (kind, dims)) in enumerate(TABLES[table].items()):
        dtype = _DTYPES[kind]
        array = np.ascontiguousarray(columns[name], dtype)
        shape = tuple(sizes[n] if isinstance(n, str) else n for n in dims)
        if array.shape != shape:
            raise ValueError(f"Column {table}.{name} must have the shape {shape}. Received: {array.shape}.")
        flags, payload = encode_column(array, delta=kind[0] in "iu" or name in _SLOW)
        if flags & FILL:
            directory += bytes([flags]) + payload
            continue
        earlier = seen.setdefault((f"{kind}{shape}{flags}", payload), index)
        if payload and earlier != index:
            directory += bytes([ALIAS, earlier])
            continue
        directory += struct.pack("<BII", flags, len(payload), crc32c(payload))
        payloads.append(payload)
    return bytes(directory), b"".join(payloads)


def _refuse_bomb(table: str, sizes: Mapping[str, int], encoded: int) -> None:
    """Raises if a chunk announces far more numbers than it has bytes for: a constant column is a few bytes."""
    announced = 0
    for kind, dims in TABLES[table].values():
        announced += _DTYPES[kind].itemsize * math.prod(sizes[n] if isinstance(n, str) else n for n in dims)
    if announced > min(_MAX_BYTES, _FREE_BYTES + _MOST_PER_BYTE * encoded):
        raise LogCorruptError(
            f"A chunk of {table} announces {size_bytes(announced)} of numbers, and has {size_bytes(encoded)} of data."
        )


class Columns(Mapping[str, Array]):
    """The columns of one chunk of a table by name.

    Args:
        table: A key of `TABLES`.
        sizes: What the letters in the columns' shapes stand for, e.g. ``{"R": 40, "W": 12}``.
    """

    def __init__(self, table: str, sizes: Mapping[str, int]) -> None:
        self.table = table
        self.sizes = sizes

    def __iter__(self) -> Iterator[str]:
        return iter(TABLES[self.table])

    def __len__(self) -> int:
        return len(TABLES[self.table])


class EncodedColumns(Columns):
    """The columns of one chunk, each decoded on access.

    Args:
        table: A key of `TABLES`.
        directory: As encoded; its checksum was verified.
        payloads: As encoded.
        rows: Number of rows that the header announces.

    Raises:
        LogCorruptError: here if the directory does not decode; on access if a column does not decode.
    """

    def __init__(self, table: str, directory: bytes, payloads: bytes, rows: int) -> None:
        self._payloads = payloads
        self._schema = TABLES[table]
        try:
            n_sizes = directory[0]
            values = struct.unpack_from(f"<{n_sizes}I", directory, 1)
            sizes = dict(zip(_SIZES[table], values, strict=False))
            if len(sizes) < len(_SIZES[table]) or sizes["R"] != rows or max(values) > MAX_ELEMENTS:
                raise LogCorruptError(f"The sizes {values} of a chunk of {table} do not fit its {rows} rows.")
            _refuse_bomb(table, sizes, len(directory) + len(payloads))
            self._blocks = dict(self._read_directory(directory, 1 + 4 * n_sizes, self._schema))
        except (struct.error, IndexError) as error:
            raise LogCorruptError(f"The directory of a chunk of {table} does not decode: {error}.") from None
        super().__init__(table, sizes)

    def _read_directory(
        self, directory: bytes, at: int, schema: Mapping[str, tuple[str, tuple[str | int, ...]]]
    ) -> Iterator[tuple[str, tuple[int, int, bytes | int, int]]]:
        """Yields name -> (flags, start, element or index or end, checksum) of each known column."""
        count, start, at = directory[at], 0, at + 1
        # Columns beyond the known ones come from a newer schema and are left out.
        for name, (kind, _) in itertools.islice(schema.items(), count):
            flags = directory[at]
            if flags & FILL:
                size = _DTYPES[kind].itemsize
                element = directory[at + 1 : at + 1 + size]
                yield name, (flags, 0, element, 0)
                at += 1 + size
            elif flags & ALIAS:
                yield name, (flags, 0, directory[at + 1], 0)
                at += 2
            else:
                length, checksum = struct.unpack_from("<II", directory, at + 1)
                yield name, (flags, start, start + length, checksum)
                start, at = start + length, at + 9

    def __getitem__(self, name: str) -> Array:
        kind, dims = self._schema[name]
        dtype = _DTYPES[kind]
        shape = tuple([self.sizes[n] if isinstance(n, str) else n for n in dims])
        block = self._blocks.get(name)
        if block is None:  # an older log lacks it
            return np.full(shape, np.nan if dtype.kind == "f" else 0, dtype)
        flags, start, end, checksum = block
        if flags & ALIAS:
            names = list(self._schema)
            if not isinstance(end, int) or end >= names.index(name) or self._schema[names[end]][0] != kind:
                raise LogCorruptError(f"Column {self.table}.{name} refers to a column that it cannot equal.")
            same = self[names[end]]
            # compare sizes, not their names: there may be as many classes as features
            if same.shape != shape:
                raise LogCorruptError(f"Column {self.table}.{name} refers to a column of another shape.")
            return same
        if isinstance(end, bytes):
            return decode_column(flags, end, dtype, shape)
        payload = self._payloads[start:end]
        if len(payload) != end - start or crc32c(payload) != checksum:
            raise LogCorruptError(f"The checksum of column {self.table}.{name} does not fit its bytes.")
        return decode_column(flags, payload, dtype, shape)
