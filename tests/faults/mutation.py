"""Event files as bad disks, bad transfers and bad writers leave them."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterator

from tensorboard.compat.proto import event_pb2

from tb_inputdiag.errors import LogError
from tb_inputdiag.log import framing
from tb_inputdiag.log.blocks import crc32c
from tb_inputdiag.log.codec import Tag, parse_tag, peek

_CHECKED_FROM = 8
"""A payload's checksum is that of its header from here on, in the four bytes before."""

Mutation = Callable[[bytearray, random.Random], bytearray]


def mutate(data: bytes, seed: int) -> tuple[str, bytes]:
    """Returns (what was done, the file): one to four mutations of one kind."""
    rng = random.Random(seed)
    kind = sorted(KINDS)[seed % len(KINDS)]
    found = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        found = KINDS[kind](found, rng)
    return kind, bytes(found)


def flip_payload(data: bytes, stream: str, where: float) -> bytes:
    """Returns the file with one bit wrong in the second payload of a stream, behind right checksums.

    Args:
        data: The file.
        stream: Which payloads, e.g. ``tensors``.
        where: Place of the bit: 0 the first of what follows the header, 1 the end.
    """
    found = 0

    def change(events: list[bytes]) -> list[bytes]:
        nonlocal found
        for at, message in enumerate(events):
            event = event_pb2.Event.FromString(message)
            if not event.summary.value or f"/{stream}/" not in event.summary.value[0].tag:
                continue
            found += 1
            if found == 2:
                tensor = event.summary.value[0].tensor
                content = bytearray(tensor.tensor_content)
                start = peek(bytes(content)).length
                content[start + int(where * (len(content) - start))] ^= 1
                tensor.tensor_content = bytes(content)
                events[at] = event.SerializeToString()
        return events

    return bytes(_rewritten(bytearray(data), change))


def _place(data: bytearray, rng: random.Random) -> int:
    return rng.randrange(max(1, len(data)))


def _flip(data: bytearray, rng: random.Random) -> bytearray:
    for _ in range(rng.randint(1, 8)):
        if data:
            data[_place(data, rng)] ^= 1 << rng.randrange(8)
    return data


def _delete(data: bytearray, rng: random.Random) -> bytearray:
    at = _place(data, rng)
    del data[at : at + rng.randint(1, 2000)]
    return data


def _insert(data: bytearray, rng: random.Random) -> bytearray:
    at = _place(data, rng)
    data[at:at] = rng.randbytes(rng.randint(1, 2000))
    return data


def _zero(data: bytearray, rng: random.Random) -> bytearray:
    at = _place(data, rng)
    size = min(rng.randint(1, 4096), len(data) - at)
    data[at : at + size] = bytes(size)
    return data


def _cut(data: bytearray, rng: random.Random) -> bytearray:
    return data[: _place(data, rng)]


def _frames(data: bytes | bytearray) -> Iterator[bytes]:
    data, at = bytes(data), 0
    while at + framing.HEADER <= len(data):
        length = framing.frame_length(data, at)
        if length is None:
            return
        yield data[at + framing.HEADER : at + framing.HEADER + length]
        at += framing.HEADER + length + framing.FOOTER


def _rewritten(data: bytearray, change: Callable[[list[bytes]], list[bytes]]) -> bytearray:
    """Returns a file whose checksums are right: what is wrong in it is met behind them."""
    return bytearray(b"".join(map(framing.frame, change(list(_frames(data))))))


def with_payloads(data: bytes, change: Callable[[Tag, bytes], bytes]) -> bytes:
    """Returns a file whose payloads of ours are others, behind right checksums."""

    def changed(events: list[bytes]) -> list[bytes]:
        return [_with_payload(event_pb2.Event.FromString(message), change) for message in events]

    return bytes(_rewritten(bytearray(data), changed))


def _with_payload(event: event_pb2.Event, change: Callable[[Tag, bytes], bytes]) -> bytes:
    tag = parse_tag(event.summary.value[0].tag) if event.summary.value else None
    if tag is not None:
        tensor = event.summary.value[0].tensor
        tensor.tensor_content = change(tag, tensor.tensor_content)
    return bytes(event.SerializeToString())


def _shuffle(data: bytearray, rng: random.Random) -> bytearray:
    def change(events: list[bytes]) -> list[bytes]:
        rng.shuffle(events)
        return events

    return _rewritten(data, change)


def _repeat(data: bytearray, rng: random.Random) -> bytearray:
    return _rewritten(data, lambda events: [event for event in events for _ in range(rng.choice((0, 1, 1, 2)))])


def _wrong_message(data: bytearray, rng: random.Random) -> bytearray:
    def change(events: list[bytes]) -> list[bytes]:
        for _ in range(min(len(events), 8)):
            at = rng.randrange(len(events))
            broken = bytearray(events[at])
            for _ in range(rng.randint(1, 8)):
                if broken:
                    broken[_place(broken, rng)] = rng.randrange(256)
            events[at] = bytes(broken)
        return events

    return _rewritten(data, change)


def _edited(data: bytearray, rng: random.Random, edit: Callable[[event_pb2.Event], None]) -> bytearray:
    def change(events: list[bytes]) -> list[bytes]:
        for _ in range(min(len(events), 8)):
            at = rng.randrange(len(events))
            event = event_pb2.Event()
            try:
                event.MergeFromString(events[at])
            except Exception:  # broken already by an earlier mutation
                continue
            if event.summary.value:
                edit(event)
                events[at] = event.SerializeToString()
        return events

    return _rewritten(data, change)


def _wrong_payload(data: bytearray, rng: random.Random) -> bytearray:
    def edit(event: event_pb2.Event) -> None:
        tensor = event.summary.value[0].tensor
        content = bytearray(tensor.tensor_content)
        for _ in range(rng.randint(1, 6)):
            if content:
                # the first bytes say how long each part is and of which kind
                content[rng.randrange(len(content)) if rng.random() < 0.4 else rng.randrange(min(64, len(content)))] = (
                    rng.randrange(256)
                )
        if rng.random() < 0.3:
            content = content[: _place(content, rng)]
        tensor.tensor_content = bytes(content)

    return _edited(data, rng, edit)


def _lying_payload(data: bytearray, rng: random.Random) -> bytearray:
    """Payloads whose own checksum is right, too, and whose counts, lengths and numbers are not."""

    def edit(event: event_pb2.Event) -> None:
        tensor = event.summary.value[0].tensor
        content = bytearray(tensor.tensor_content)
        try:
            length = peek(bytes(content)).length
        except LogError:  # broken already by an earlier mutation
            return
        places = range(_CHECKED_FROM, min(length, len(content)) - 4, 4)
        if not places:
            return
        for _ in range(rng.randint(1, 2)):
            struct.pack_into("<I", content, rng.choice(places), rng.choice((0, 1, 7, 10**6, 2**31, 2**32 - 1)))
        struct.pack_into("<I", content, _CHECKED_FROM - 4, crc32c(bytes(content[_CHECKED_FROM:length])))
        tensor.tensor_content = bytes(content)

    return _edited(data, rng, edit)


def _wrong_tag(data: bytearray, rng: random.Random) -> bytearray:
    def edit(event: event_pb2.Event) -> None:
        value = event.summary.value[0]
        session, _, rest = value.tag.partition("/")
        stream, _, segment = rest.partition("/")
        value.tag = rng.choice(
            [
                f"{session}/{stream}/{10 ** rng.randint(1, 25)}",
                f"{session}/nothing/{segment}",
                f"{session}/losses/{segment}",
                f"../../{stream}/{segment}",
                f"{session}/{stream}/-1",
                "\u202e<script>/\0/0",
                "",
                "x" * 5000,
            ]
        )

    return _edited(data, rng, edit)


def _wrong_step(data: bytearray, rng: random.Random) -> bytearray:
    def edit(event: event_pb2.Event) -> None:
        event.step = rng.choice((-(2**63), -1, 0, 2**63 - 1, rng.randrange(10**6)))
        event.wall_time = rng.choice((float("nan"), float("inf"), -1e300, 0.0, event.wall_time))

    return _edited(data, rng, edit)


def _wrong_tensor(data: bytearray, rng: random.Random) -> bytearray:
    def edit(event: event_pb2.Event) -> None:
        tensor = event.summary.value[0].tensor
        tensor.dtype = rng.choice((0, 1, 3, 4, 7, 9))
        if rng.random() < 0.5:
            tensor.tensor_shape.dim.add().size = rng.choice((0, -1, 2, 2**40))
        if rng.random() < 0.3:
            tensor.string_val.append(b"text")

    return _edited(data, rng, edit)


KINDS: dict[str, Mutation] = {
    "bits flipped": _flip,
    "bytes deleted": _delete,
    "bytes inserted": _insert,
    "bytes zeroed": _zero,
    "cut off": _cut,
    "events shuffled": _shuffle,
    "events repeated or lost": _repeat,
    "messages wrong behind right checksums": _wrong_message,
    "payloads wrong behind right checksums": _wrong_payload,
    "sizes that lie behind right checksums": _lying_payload,
    "tags wrong": _wrong_tag,
    "steps and times wrong": _wrong_step,
    "tensors of wrong type and shape": _wrong_tensor,
}
