"""The log as TensorBoard's data provider shows it: sessions, their streams, and the bytes of their events.

Only names that the provider itself has listed are ever asked for, so nothing from a browser gets near a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from tensorboard.data import provider

from tb_inputdiag.log.codec import PLUGIN_NAME, parse_tag

__all__ = ["RawEvent", "SessionTags", "Source", "display_run"]

_ALL = 1 << 20
"""More than any tag holds: the provider must not thin out what it has."""


def display_run(run: str) -> str:
    """Returns the run's name without the folder that the log lives in: ``exp/inputdiag`` is the user's ``exp``."""
    if run == PLUGIN_NAME:
        return "."
    return run[: -len(PLUGIN_NAME) - 1] or "." if run.endswith("/" + PLUGIN_NAME) else run


class RawEvent(NamedTuple):
    """One event."""

    stream: str
    segment: int
    step: int
    wall: float
    data: bytes


@dataclass(slots=True)
class SessionTags:
    """What there is of a session, by name only."""

    run: str
    session: str
    streams: dict[str, dict[int, tuple[int, float]]] = field(default_factory=dict)
    """Stream -> segment -> (step, wall time) of its newest event."""

    @property
    def id(self) -> str:
        """What the routes call it."""
        return f"{self.run}/{self.session}"

    @property
    def heard(self) -> float:
        """Wall time of the newest event."""
        return max((wall for segments in self.streams.values() for _, wall in segments.values()), default=0.0)

    def newest(self, stream: str) -> int:
        """Returns the step of the newest event of a stream, or -1."""
        return max((step for step, _ in self.streams.get(stream, {}).values()), default=-1)


class Source:
    """Lists and reads the events of one experiment.

    Args:
        data_provider: TensorBoard's.
        experiment: TensorBoard's experiment id.
        ctx: TensorBoard's request context.
    """

    def __init__(self, data_provider: Any, experiment: str, ctx: Any) -> None:
        self._provider = data_provider
        self._experiment = experiment
        self._ctx = ctx

    def scan(self) -> dict[str, SessionTags]:
        """Returns the sessions there are, by `SessionTags.id`. Tags that are none of ours are left out."""
        listing = self._provider.list_tensors(self._ctx, experiment_id=self._experiment, plugin_name=PLUGIN_NAME)
        found: dict[str, SessionTags] = {}
        for run, tags in listing.items():
            for name, series in tags.items():
                tag = parse_tag(name)
                if tag is None:
                    continue
                session = found.setdefault(f"{run}/{tag.session}", SessionTags(run, tag.session))
                session.streams.setdefault(tag.stream, {})[tag.segment] = (series.max_step, series.max_wall_time)
        return found

    def read(self, tags: SessionTags, segments: Iterable[tuple[str, int]]) -> Iterator[RawEvent]:
        """Yields the events of some (stream, segment), each stream's in their order.

        Of a segment that TensorBoard itself cannot decode, one event without data.

        Args:
            tags: The session, as listed.
            segments: Pairs of stream and segment.
        """
        wanted = sorted(set(segments))
        if not wanted:
            return
        try:
            yield from self._read(tags, wanted)
        except (ValueError, TypeError):
            # TensorBoard decodes tensors on its own, and a single one that lies about its type or shape makes the whole
            # read fail: what it hits is found segment by segment.
            for stream, segment in wanted:
                try:
                    yield from self._read(tags, [(stream, segment)])
                except (ValueError, TypeError):
                    step, wall = tags.streams.get(stream, {}).get(segment, (0, 0.0))
                    yield RawEvent(stream, segment, step, wall, b"")

    def _read(self, tags: SessionTags, wanted: Sequence[tuple[str, int]]) -> list[RawEvent]:
        names = {(stream, segment): f"{tags.session}/{stream}/{segment}" for stream, segment in wanted}
        answer = self._provider.read_tensors(
            self._ctx,
            experiment_id=self._experiment,
            plugin_name=PLUGIN_NAME,
            downsample=_ALL,
            run_tag_filter=provider.RunTagFilter(runs=[tags.run], tags=list(names.values())),
        )
        series = answer.get(tags.run, {})
        return [
            RawEvent(stream, segment, datum.step, datum.wall_time, _as_bytes(datum.numpy))
            for (stream, segment), name in names.items()
            for datum in series.get(name, ())
        ]


def _as_bytes(value: Any) -> bytes:
    array = np.asarray(value)
    if array.dtype.kind not in "OS":
        return array.tobytes()
    # A tensor of strings holds the payload as its single element.
    element = array.reshape(-1)[0] if array.size else b""
    return bytes(element) if isinstance(element, bytes) else b""
