"""The log as TensorBoard's data provider lists it: sessions, their streams, and the bytes of their events.

Only names that the provider has listed are read, so nothing from a browser reaches a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from tensorboard.data import provider

from tb_inputdiag.log.codec import PLUGIN_NAME, parse_tag

__all__ = ["ListedSession", "LogProvider", "ProvidedEvent", "display_run"]

_ALL = 1 << 20
"""More than any tag holds, so that the provider does not downsample."""


def display_run(run: str) -> str:
    """Returns the user's name of a run, without the log's subfolder: ``exp`` for ``exp/inputdiag``."""
    if run == PLUGIN_NAME:
        return "."
    return run[: -len(PLUGIN_NAME) - 1] or "." if run.endswith("/" + PLUGIN_NAME) else run


class ProvidedEvent(NamedTuple):
    """One event."""

    stream: str
    segment: int
    step: int
    wall: float
    data: bytes


@dataclass(slots=True)
class ListedSession:
    """A session as listed: its names and newest events, not its data."""

    run: str
    session: str
    streams: dict[str, dict[int, tuple[int, float]]] = field(default_factory=dict)
    """Stream -> segment -> (step, wall time) of its newest event."""

    @property
    def id(self) -> str:
        """Its id in the routes."""
        return f"{self.run}/{self.session}"

    @property
    def last_event_time(self) -> float:
        """Wall time of the newest event."""
        return max((wall for segments in self.streams.values() for _, wall in segments.values()), default=0.0)

    def newest(self, stream: str) -> int:
        """Returns the step of the newest event of a stream, or -1."""
        return max((step for step, _ in self.streams.get(stream, {}).values()), default=-1)


class LogProvider:
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

    def scan(self) -> dict[str, ListedSession]:
        """Returns all sessions by `ListedSession.id`. Tags of other plugins are left out."""
        listing = self._provider.list_tensors(self._ctx, experiment_id=self._experiment, plugin_name=PLUGIN_NAME)
        found: dict[str, ListedSession] = {}
        for run, tags in listing.items():
            for name, series in tags.items():
                tag = parse_tag(name)
                if tag is None:
                    continue
                session = found.setdefault(f"{run}/{tag.session}", ListedSession(run, tag.session))
                session.streams.setdefault(tag.stream, {})[tag.segment] = (series.max_step, series.max_wall_time)
        return found

    def read(self, tags: ListedSession, segments: Iterable[tuple[str, int]]) -> Iterator[ProvidedEvent]:
        """Yields the events of some (stream, segment), each stream's in their order.

        A segment that TensorBoard cannot decode yields one event without data.

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
            # TensorBoard decodes the tensors itself. One with a wrong type or shape makes the whole read fail, so the
            # damaged segment is found by reading them one by one.
            for stream, segment in wanted:
                try:
                    yield from self._read(tags, [(stream, segment)])
                except (ValueError, TypeError):
                    step, wall = tags.streams.get(stream, {}).get(segment, (0, 0.0))
                    yield ProvidedEvent(stream, segment, step, wall, b"")

    def _read(self, tags: ListedSession, wanted: Sequence[tuple[str, int]]) -> list[ProvidedEvent]:
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
            ProvidedEvent(stream, segment, datum.step, datum.wall_time, _as_bytes(datum.numpy))
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
