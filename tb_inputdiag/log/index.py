"""Finds the payloads of a session in event files or in events from elsewhere, and notes which are missing.

Files are scanned once from front to back, and then only where they grow. Every frame's checksum is verified; nothing is
decoded. After damage, the scan continues at the next frame, so only the damaged events are lost.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from tb_inputdiag.errors import LogCorruptError, LogVersionError
from tb_inputdiag.log import framing
from tb_inputdiag.log.codec import HEAD, STREAMS, Chunk, Head, Header, Tag, parse_tag, peek
from tb_inputdiag.log.files import ByteSource
from tb_inputdiag.log.outline import read_outline

__all__ = ["Damage", "EventFile", "SessionIndex", "StoredPayload", "index_events"]

_WINDOW = 4 << 20
_parse_tag: Callable[[str], Tag | None] = functools.lru_cache(maxsize=64)(parse_tag)


class StoredPayload(NamedTuple):
    """One payload of a session."""

    stream: str
    step: int
    """Number of the event within the session."""
    header: Header
    read: Callable[[int, int], bytes]
    """Reads the file that holds the payload: `ByteSource.read`."""
    offset: int
    length: int
    quick: bool = True
    """Whether loading it fetches no more of a remote file than was fetched already."""

    def load(self) -> Chunk:
        """Returns the payload, decoded as far as its header.

        Raises:
            LogCorruptError: if it is damaged.
        """
        return Chunk(self.stream, self.step, self.read(self.offset, self.length))

    @property
    def key(self) -> tuple[int, int, int, int]:
        """Equal for the chunks of the tables of the same samples."""
        header = self.header
        return header.layout, header.first, header.last, header.rows


@dataclass
class Damage:
    """What is wrong with the bytes of a file or session."""

    frames: int = 0
    """Events whose checksum is wrong, or that do not decode."""
    skipped_bytes: int = 0
    """Bytes between frames that belong to none."""
    tail_bytes: int = 0
    """Bytes of an incomplete last event: it is being written, or was cut off."""
    newer: int = 0
    """Events in the format of a newer version."""
    messages: list[str] = field(default_factory=list)
    """The first few reasons."""

    def add(self, error: Exception | str, *, newer: bool = False) -> None:
        """Counts an event that cannot be read."""
        if newer:
            self.newer += 1
        else:
            self.frames += 1
        if len(self.messages) < 5 and str(error) not in self.messages:
            self.messages.append(str(error))


class SessionIndex:
    """The payloads of one session by stream, in the order of their numbers."""

    def __init__(self, session: str) -> None:
        self.session = session
        self.payloads: dict[str, list[StoredPayload]] = {stream: [] for stream in STREAMS}
        self.unknown: dict[str, int] = {}
        """Stream that this version does not know -> payloads."""
        self.damage = Damage()
        self.schema = 0
        """The newest schema version found."""
        self._head: StoredPayload | None = None
        self._decoded_head: Head | None = None
        self._numbers: dict[str, set[int]] = {stream: set() for stream in STREAMS}

    def add(self, payload: StoredPayload) -> None:
        """Adds a payload, unless it is there already."""
        stream, header = payload.stream, payload.header
        if header.schema > self.schema:
            self.schema = header.schema
        numbers = self._numbers.get(stream)
        if numbers is not None:
            if header.number not in numbers:
                numbers.add(header.number)
                self.payloads[stream].append(payload)
        elif stream == "head" and header.kind == HEAD:
            if self._head is None or payload.step > self._head.step:
                self._head, self._decoded_head = payload, None
        else:
            self.unknown[stream] = self.unknown.get(stream, 0) + 1

    def stored(self) -> Iterator[StoredPayload]:
        """Yields the payloads of all streams that this version knows, and the newest head."""
        for payloads in self.payloads.values():
            yield from payloads
        if self._head is not None:
            yield self._head

    @property
    def head(self) -> Head | None:
        """The last counts that the writer wrote."""
        if self._decoded_head is None and self._head is not None:
            try:
                self._decoded_head = self._head.load().head()
            except LogCorruptError as error:
                self.damage.add(error)
                self._head = None
        return self._decoded_head

    def missing(self) -> dict[str, int]:
        """Returns stream -> number of payloads that are known to have been written and are not here."""
        head = self.head
        lost = {}
        for stream, payloads in self.payloads.items():
            written = head.events.get(stream, 0) if head else 0
            written = max([written, *(payload.header.number + 1 for payload in payloads[-1:])])
            if written > len(payloads):
                lost[stream] = written - len(payloads)
        return lost


def index_events(session: str, events: Iterable[tuple[str, int, bytes]]) -> SessionIndex:
    """Returns the index of payloads that come from elsewhere than a file, such as TensorBoard's data provider.

    Args:
        session: Other sessions' events are left out.
        events: (tag, step, payload) in any order within a tag, tags of one stream in order.
    """
    index = SessionIndex(session)
    for name, step, data in events:
        tag = _parse_tag(name)
        if tag is None or tag.session != session:
            continue
        try:
            index.add(StoredPayload(tag.stream, step, peek(data), functools.partial(_part, data), 0, len(data)))
        except LogCorruptError as error:
            index.damage.add(error)
        except LogVersionError as error:
            index.damage.add(error, newer=True)
    for payloads in index.payloads.values():
        payloads.sort(key=lambda payload: payload.header.number)
    return index


def _part(data: bytes, offset: int, length: int) -> bytes:
    return bytes(data[offset : offset + length])


class EventFile:
    """One event file, scanned as far as it goes.

    Args:
        source: Its bytes.
        sessions: Gets what is found in the file, by session id. The files of a run share it: a session may go on in
            another file.
    """

    def __init__(self, source: ByteSource, sessions: dict[str, SessionIndex] | None = None) -> None:
        self.source = source
        self.sessions: dict[str, SessionIndex] = {} if sessions is None else sessions
        self._read = source.read
        self.forget()

    def forget(self) -> None:
        """Forgets what was scanned; the next `refresh` begins anew. What is in `sessions` stays there."""
        self.found: set[str] = set()
        """Ids of the sessions of which something is in the file."""
        self.damage = Damage()
        self.events = 0
        """Events of any kind whose checksums are right."""
        self._offset = 0
        self._size = 0

    @property
    def size(self) -> int:
        """Size of the file in bytes when it was last read."""
        return self._size

    @property
    def replaced(self) -> bool:
        """Whether another file took its place, as it is shorter now.

        Raises:
            OSError: if the file cannot be read.
        """
        return self.source.size() < self._size

    def refresh(self) -> bool:
        """Scans what was appended since the last call. Returns whether there was anything.

        Raises:
            OSError: if the file cannot be read.
        """
        size = self.source.size()
        if size == self._size:
            return False
        outline = None if self._size else self.source.outline()
        self._size = size
        if outline is None or not self._adopt(outline, size):
            self._scan(size)
        return True

    def _adopt(self, data: bytes, size: int) -> bool:
        """Takes from its outline what is in the file. Returns whether the outline is about the file as it is."""
        outline = read_outline(data)
        if outline is None or outline.size != size:
            return False
        for row in outline.payloads:
            extent = row.offset, row.length
            self._add(row.session, row.stream, row.step, row.header, extent, quick=extent in outline.parts)
        self.source.keep(outline.parts)
        self.events, self._offset = outline.events, size
        return True

    def _scan(self, size: int) -> None:
        base = self._offset
        buffer = self.source.read(base, _WINDOW)
        at = 0
        while base + at + framing.HEADER <= size:
            if at + framing.HEADER > len(buffer):
                base, buffer, at = base + at, self.source.read(base + at, _WINDOW), 0
                if len(buffer) < framing.HEADER:
                    break
            length = framing.frame_length(buffer, at)
            if length is None:
                base, buffer, at = self._resume(base, buffer, at, size)
                continue
            whole = framing.HEADER + length + framing.FOOTER
            if base + at + whole > size:
                break
            if at + whole > len(buffer):
                base, buffer, at = base + at, self.source.read(base + at, max(_WINDOW, whole)), 0
                if whole > len(buffer):
                    break
            if framing.verify_frame(buffer, at, length):
                self.events += 1
                self._take(buffer, at + framing.HEADER, length, base)
            else:
                self.damage.add("The checksum of an event does not match its bytes.")
            at += whole
        self._offset = base + at
        self.damage.tail_bytes = size - self._offset

    def _resume(self, base: int, buffer: bytes, at: int, size: int) -> tuple[int, bytes, int]:
        """Finds the next frame after damage. Returns base, buffer and place at which to continue."""
        start = base + at
        at += 1
        while True:
            found = framing.find_frame(buffer, at)
            if found is not None:
                self.damage.skipped_bytes += base + found - start
                return base, buffer, found
            keep = max(at, len(buffer) - framing.HEADER + 1)  # a frame may start in the last bytes
            base, at = base + keep, 0
            buffer = self.source.read(base, _WINDOW)
            if len(buffer) < framing.HEADER:
                self.damage.skipped_bytes += size - start
                return size, b"", 0

    def _take(self, buffer: bytes, start: int, length: int, base: int) -> None:
        try:
            event = framing.parse_event(buffer, start, start + length)
            tag = None if event is None else _parse_tag(event.tag)
            if event is None or tag is None:
                return  # it belongs to another plugin, or is the file's version
            header = peek(buffer, event.start)
            extent = base + event.start, event.end - event.start
            self._add(tag.session, tag.stream, event.step, header, extent)
        except LogCorruptError as error:
            self.damage.add(error)
        except LogVersionError as error:
            self.damage.add(error, newer=True)

    def _add(
        self, session: str, stream: str, step: int, header: Header, extent: tuple[int, int], *, quick: bool = True
    ) -> None:
        self.found.add(session)
        index = self.sessions.get(session)
        if index is None:
            index = self.sessions[session] = SessionIndex(session)
        index.add(StoredPayload(stream, step, header, self._read, *extent, quick))
