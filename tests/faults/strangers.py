"""Logs as somebody writes them who means harm: ``python -m tests.faults.strangers KIND FOLDER TIMES`` tries one kind.

Each log is given to the reader, every command, the report and the cards of notebooks. It must not run, open a file that
it names, take 20 s or 500 MB, or end in a traceback.
"""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import html.parser
import io
import json
import random
import resource
import signal
import struct
import sys
import typing
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import tb_inputdiag
from tb_inputdiag.cli import main as command_line
from tb_inputdiag.errors import LogError
from tb_inputdiag.log import codec
from tb_inputdiag.log.blocks import ALIAS, FILL, crc32c
from tb_inputdiag.log.tables import TABLES
from tb_inputdiag.log.writer import LogWriter
from tb_inputdiag.notebook import cards
from tb_inputdiag.records import Alert, Images, ModelFacts, Record, SavedBatch
from tests.faults import mutation
from tests.faults.trials import COMMANDS, run_command, use_everything
from tests.log import synthetic

SECONDS = 20
MEGABYTES = 500
HEADER_BYTES = len(codec.pack_payload(codec.HEAD, 0, -1, [], b"", b""))

_ATTACKS = (
    '<img src=x onerror="window.hit=1">',
    "<script>window.hit=1</script>",
    "\"><svg onload=alert(1)>'",
    "javascript:alert(1)",
    "</style></pre></td><iframe src=//x>",
    "\x1b]0;title\x07\x1b[2J\x1b[31m",
    "\u202egnp.exe",
    "\0\x08\x0b\r\n",
    "{{7*7}}${7*7}`id`$(id)%s%n",
    "](javascript:alert(1)) | a | b |\n# x",
    "&lt;b&gt;&#60;script&#62;",
    "x" * 100_000,
)
_FORMULAS = ('=cmd|"/c calc"!A1', "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("//x")')
_SHAPES = ((0, 8, 8, 1), (4, 0, 0, 3), (2, 3000, 3000, 3), (100_000, 2, 2, 1), (3, 8, 8, 7), (4,), (2, 8, 8))
_PATHS = (
    "/etc/passwd",
    "../../../etc/passwd",
    "~/.ssh/id_rsa",
    "file:///etc/passwd",
    "..\\..\\boot.ini",
    "\0",
)


def _poisoned(value: Any, hint: Any, rng: random.Random, texts: tuple[str, ...], rate: float) -> Any:
    """Returns a value with some of its texts replaced. What may only be one of a few words stays."""
    arguments = typing.get_args(hint)
    if hint is str and isinstance(value, str):
        return rng.choice(texts) + value * rng.randint(0, 1) if rng.random() < rate else value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        hints = typing.get_type_hints(type(value))
        found = {
            f.name: _poisoned(getattr(value, f.name), hints[f.name], rng, texts, rate)
            for f in dataclasses.fields(value)
        }
        return dataclasses.replace(value, **found)
    if isinstance(value, tuple) and arguments:
        return tuple(_poisoned(item, arguments[0], rng, texts, rate) for item in value)
    if isinstance(value, dict):
        return {
            _poisoned(key, str, rng, texts, rate / 2): _poisoned(item, str, rng, texts, rate)
            for key, item in value.items()
        }
    return value


def _records(rng: random.Random) -> list[Record]:
    return list(synthetic.records(synthetic.Spec(samples=6, weights=3, seed=rng.randrange(1000))))


def _written(home: Path, items: Iterable[Record]) -> None:
    writer = LogWriter(home, session="20261123T231405-1a2b3c")
    for record in items:
        # what cannot be written is left out, as in any run
        with contextlib.suppress(LogError, ValueError, TypeError):
            writer.write(record)
    writer.close()


def _texts(texts: tuple[str, ...], rate: float) -> Callable[[Path, random.Random], None]:
    def write(home: Path, rng: random.Random) -> None:
        _written(home, (_poisoned(record, type(record), rng, texts, rate) for record in _records(rng)))

    return write


def _numbers(home: Path, rng: random.Random) -> None:
    """Numbers that no training has."""
    strange = (float("nan"), float("inf"), -float("inf"), 1e308, -1e308, 5e-324, 2**62, -(2**62), -1, 10**400)

    def changed(record: Record) -> Record:
        found: dict[str, Any] = {}
        for field in dataclasses.fields(record):
            value = getattr(record, field.name)
            if isinstance(value, float) and rng.random() < 0.3:
                found[field.name] = float(rng.choice(strange[:6]))
            elif type(value) is int and rng.random() < 0.2:
                found[field.name] = int(rng.choice(strange[6:]))
            elif isinstance(value, np.ndarray) and value.dtype.kind == "f" and rng.random() < 0.3:
                with np.errstate(over="ignore"):
                    found[field.name] = np.full_like(value, rng.choice(strange[:4]))
        if isinstance(record, Alert):
            found["evidence"] = {name: rng.choice(strange) for name in record.evidence}
        return dataclasses.replace(record, **found)

    _written(home, map(changed, _records(rng)))


def _nested(home: Path, rng: random.Random) -> None:
    """Lists and objects within each other."""

    def deep(depth: int) -> Any:
        made: Any = "<b>"
        for _ in range(depth):
            made = [made] if rng.random() < 0.5 else {"key": made}
        return made

    def changed(record: Record) -> Record:
        depth = rng.choice((5, 50, 120, 200, 300, 400, 900))
        if isinstance(record, Alert):
            return dataclasses.replace(record, evidence={"nested": deep(depth)})
        if isinstance(record, ModelFacts):
            return dataclasses.replace(record, loss={"nested": deep(depth)}, optimizer=deep(2) and {"a": deep(depth)})
        return record

    _written(home, map(changed, _records(rng)))


def _edited(home: Path, change: Callable[[codec.Tag, bytes], bytes]) -> None:
    """Writes a sane log, and replaces payloads by others with right checksums."""
    path = synthetic.write(home, synthetic.Spec(samples=12, weights=3), per_flush=3)
    path.write_bytes(mutation.with_payloads(path.read_bytes(), change))


def _bomb(table: str, rng: random.Random) -> bytes:
    """Returns a chunk of a few bytes that stands for as many numbers as it may name."""
    rows = 2 ** rng.randint(4, 27)
    schema = TABLES[table]
    sizes = {dim for _, dims in schema.values() for dim in dims if isinstance(dim, str)}
    values = [rows, *(2 ** rng.randint(0, 12) for _ in range(len(sizes) - 1))]
    directory = struct.pack(f"<B{len(values)}IB", len(values), *values, len(schema))
    for kind, _ in schema.values():
        directory += bytes([FILL]) + bytes(np.dtype(kind).itemsize)
    payload = codec.pack_payload(codec.TABLE, 0, 0, [0], directory, b"")
    return _announcing(payload, rows)


def _announcing(payload: bytes, rows: int) -> bytes:
    """Returns a payload whose header names other rows, with a right checksum."""
    found = bytearray(payload)
    length = codec.peek(payload).length
    struct.pack_into("<I", found, HEADER_BYTES - 4, rows)
    struct.pack_into("<I", found, 4, crc32c(bytes(found[8:length])))
    assert codec.peek(bytes(found)).rows == rows
    return bytes(found)


def _documents(rng: random.Random) -> bytes:
    """Returns documents that unfold: brackets, zeros, and arrays of any announced shape."""
    plain = rng.choice(
        (
            b"[" + b"[]," * 3_000_000 + b"[]]",
            b"[" * 1_000_000,
            b'[[0,"Alert",{"id":' + b"9" * 5_000 + b"}]]",
            b'[[0,"Images",{"pixels":{"$array":[0,"<u1",[1099511627776,1,1]]}}]]',
            b'[[0,"Images",{"pixels":{"$array":[0,"|O",[1]]}}]]',
            b'[[0,"Images",{"pixels":{"$array":[-1,"<f8",[-1]]}}]]',
            json.dumps([[0, "Alert", {"message": "x" * 4_000_000}]]).encode(),
        )
    )
    arrays = [zlib.compress(bytes(rng.choice((0, 8, 2**24))))]
    parts = [zlib.compress(plain), *arrays]
    directory = b"".join(struct.pack("<2I", len(part), crc32c(part)) for part in parts)
    return codec.pack_payload(codec.DOCUMENTS, 0, -1, [0], directory, b"".join(parts))


def _bombs(home: Path, rng: random.Random) -> None:
    def change(tag: codec.Tag, payload: bytes) -> bytes:
        if rng.random() < 0.5:
            return payload
        if tag.stream in TABLES:
            return _bomb(tag.stream, rng)
        return payload if tag.stream == "head" else _documents(rng)

    _edited(home, change)


def _circles(home: Path, rng: random.Random) -> None:
    """Columns that say they equal one another."""

    def change(tag: codec.Tag, payload: bytes) -> bytes:
        if tag.stream not in TABLES or rng.random() < 0.3:
            return payload
        schema = TABLES[tag.stream]
        sizes = {dim for _, dims in schema.values() for dim in dims if isinstance(dim, str)}
        directory = struct.pack(f"<B{len(sizes)}IB", len(sizes), *([3] * len(sizes)), len(schema))
        for _ in schema:
            directory += bytes([ALIAS, rng.randrange(len(schema) + 3)])
        return codec.pack_payload(codec.TABLE, 0, 0, range(3), directory, b"")

    _edited(home, change)


def _images(home: Path, rng: random.Random) -> None:
    """Thumbnails of any size and type."""

    def changed(record: Record) -> Record:
        if not isinstance(record, Images):
            return record
        labels = tuple(rng.choices(_ATTACKS[:6], k=3))
        made = dataclasses.replace(record, low=float("nan"), labels=labels)
        # a record refuses such pixels, and a file does not
        object.__setattr__(made, "pixels", np.zeros(rng.choice(_SHAPES), rng.choice(("u1", "f4", "i8"))))
        return made

    _written(home, map(changed, _records(rng)))


def _paths(home: Path, rng: random.Random) -> None:
    """Files that a log names."""

    def more() -> Iterator[Record]:
        for record in _records(rng):
            yield _poisoned(record, type(record), rng, _PATHS, 0.3)
        yield SavedBatch(step=3, wall_time=0.0, split="train", path=rng.choice(_PATHS), size_bytes=-1)

    _written(home, more())


KINDS: dict[str, Callable[[Path, random.Random], None]] = {
    "markup and control characters": _texts(_ATTACKS, 0.3),
    "formulas": _texts(_FORMULAS, 0.5),
    "numbers": _numbers,
    "nesting": _nested,
    "data that unfolds": _bombs,
    "columns in circles": _circles,
    "images": _images,
    "paths": _paths,
}
"""Kind -> writes a log of it into a folder."""


class _Markup(html.parser.HTMLParser):
    """The elements and attributes of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[tuple[str, str]] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add((tag, ""))
        self.found.update((tag, name) for name, _ in attrs)
        for name, value in attrs:
            assert not name.startswith("on"), f"<{tag} {name}>"
            target = name in ("href", "src", "action", "xlink:href")
            assert not target or not str(value).strip().lower().startswith(("javascript:", "http:", "//")), value


def markup(text: str) -> set[tuple[str, str]]:
    """Returns the (element, attribute) pairs of a page; raises if one of them runs code."""
    parser = _Markup()
    parser.feed(text)
    return parser.found


def pages(logs: Path) -> Iterator[str]:
    """Yields the report, and the cards of notebooks."""
    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()):
        if command_line(["report", str(logs), "-o", "-"]) == 0:
            yield out.getvalue()
    log = tb_inputdiag.read(logs)
    yield cards.log_html(log)
    for run in log.runs:
        yield cards.run_html(run)
        for session in run.sessions:
            yield cards.session_html(session)
            yield from map(cards.alert_html, session.alert_history)


def _no_formula(logs: Path) -> None:
    """Raises if a cell of an exported table is a formula."""
    csv.field_size_limit(1 << 30)
    for table in ("inputs", "alerts", "weights"):
        with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()):
            command_line(["export", str(logs), table])
        for row in csv.reader(io.StringIO(out.getvalue())):
            for cell in row:
                number = cell.lstrip("-").replace(".", "").replace("e", "").replace("+", "").replace("-", "")
                assert not cell.startswith(("=", "+", "@", "\t", "\r", "-")) or number.isalnum(), cell


def _too_slow(*_: object) -> None:
    raise AssertionError(f"It takes longer than {SECONDS} s.")


def attempt(kind: str, folder: Path, seed: int, known: set[tuple[str, str]]) -> None:
    """Writes one log and uses it in every way. Raises if it does any harm."""
    home = folder / f"{seed:03d}"
    KINDS[kind](home, random.Random(seed))
    opened: list[str] = []
    _watch.append(opened)
    signal.alarm(SECONDS)
    with contextlib.suppress(LogError):
        use_everything(home)
        for page in pages(home):
            extra = markup(page) - known
            assert not extra, f"{kind} {seed}: the page has {extra}"
    for command in COMMANDS:
        run_command(command, home, what=f"{seed} ({kind})")
    _no_formula(home)
    signal.alarm(0)
    _watch.clear()
    strange = [path for path in opened if any(bad in path for bad in ("passwd", "id_rsa", "boot.ini"))]
    assert not strange, f"{kind} {seed}: it opened {strange}"


_watch: list[list[str]] = []


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open" and _watch:
        _watch[-1].append(str(arguments[0]))


def known_markup(folder: Path) -> set[tuple[str, str]]:
    """Returns the elements and attributes of the pages of a log without harm."""
    synthetic.write(folder, synthetic.Spec(samples=40, weights=3))
    return set().union(*map(markup, pages(folder)))


def main() -> None:
    """Tries one kind so many times; prints the memory that it took, in MB."""
    kind, folder, times = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    known = known_markup(folder / "sane")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sys.addaudithook(_audit)
    signal.signal(signal.SIGALRM, _too_slow)
    for seed in range(times):
        attempt(kind, folder, seed, known)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown < MEGABYTES, f"{kind}: it took {grown:.0f} MB"
    print(f"{grown:.0f}")


if __name__ == "__main__":
    main()
