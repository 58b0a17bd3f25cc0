"""A fuzz target for the decoder of logs: ``make fuzz`` runs it for ten minutes, ``MINUTES=1 make fuzz`` for one.

Needs atheris, which `make fuzz` installs. Coverage leads the mutations, and checksums are made right, so that they
reach what is behind them. The decoder may raise `LogError` and nothing else.
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from typing import Any

import atheris

with atheris.instrument_imports(include=["tb_inputdiag.log", "tb_inputdiag.records"]):
    from tb_inputdiag.errors import LogError
    from tb_inputdiag.log import codec
    from tb_inputdiag.log.blocks import crc32c
    from tb_inputdiag.log.tables import TABLES

HEADER_BYTES = len(codec.pack_payload(codec.HEAD, 0, -1, [], b"", b""))
STREAMS = (*codec.STREAMS, "head")


def _with_checksum(data: bytes) -> bytes:
    """Returns a payload whose header's checksum is right, as far as it has a header."""
    try:
        length = codec.peek(data).length
    except LogError:
        return data
    if not HEADER_BYTES <= length <= len(data):
        return data
    return data[:4] + struct.pack("<I", crc32c(data[8:length])) + data[8:]


def decode(data: bytes) -> None:
    """Decodes one payload in every way; the first byte chooses its stream."""
    if not data:
        return
    stream = STREAMS[data[0] % len(STREAMS)]
    try:
        chunk = codec.Chunk(stream, 0, _with_checksum(data[1:]))
        if stream == "head":
            chunk.head()
        elif stream == "losses":
            chunk.losses()
        elif stream in TABLES:
            for name in chunk.columns:
                assert len(chunk.columns[name]) <= 1 << 27
        else:
            chunk.documents()
    except LogError:
        pass


def seeds(folder: Path) -> None:
    """Writes the payloads of a sane log as the first inputs."""
    from tests.faults import mutation
    from tests.log import synthetic

    path = synthetic.write(folder / "log", synthetic.Spec(samples=12, weights=3), per_flush=3)
    corpus = folder / "corpus"
    corpus.mkdir()

    def keep(tag: Any, payload: bytes) -> bytes:
        number = STREAMS.index(tag.stream)
        (corpus / f"{tag.stream}-{tag.segment}-{len(payload)}").write_bytes(bytes([number]) + payload)
        return payload

    mutation.with_payloads(path.read_bytes(), keep)


if __name__ == "__main__":
    place = Path(sys.argv.pop(1))
    if not (place / "corpus").exists():
        seeds(place)
    atheris.Setup([*sys.argv, str(place / "corpus"), "-rss_limit_mb=1500", "-timeout=20"], decode)
    atheris.Fuzz()
