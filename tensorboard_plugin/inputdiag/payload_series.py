"""Tables to the JSON of curves and heat maps."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tb_inputdiag.records import EpochEnd
from tensorboard_plugin.inputdiag.cached_session import CachedSession
from tensorboard_plugin.inputdiag.decimated import DecimatedTable, SplitSeries
from tensorboard_plugin.inputdiag.encoding import numbers, pack_grid
from tensorboard_plugin.inputdiag.payload_types import Grid, QuantityValues, SeriesGroup
from tensorboard_plugin.inputdiag.pyramid import Buckets, Pyramid
from tensorboard_plugin.inputdiag.series_keys import EPOCHS

__all__ = ["HeldBuckets", "format_epochs", "format_grid", "format_group"]

_LINEAR = frozenset({"dead_fraction", "saturated_fraction", "zero_fraction", "gradient_zero_fraction", "mean"})
"""Columns with a linear heat map."""
_MOST_EPOCHS = 4096
"""Most buckets of epochs; a power of two. Runs of many short fits have more epochs."""


@dataclass(frozen=True, slots=True)
class HeldBuckets:
    """The buckets of a group that a client has already."""

    width: int = 0
    buckets: int = 0


def _logged(session: CachedSession, table: DecimatedTable) -> int:
    head = session.records.head
    return max(head.rows.get(table.stream, 0) if head else 0, table.rows_read)


def _wall(session: CachedSession, buckets: Buckets) -> list[float | None]:
    wall = buckets.wall if np.isfinite(buckets.wall).all() else session.wall_of(buckets.step)
    return numbers(wall, 13)


def format_group(
    session: CachedSession,
    table: DecimatedTable,
    group: SplitSeries,
    wanted: Mapping[str, int],
    points: int,
    held: HeldBuckets,
) -> SeriesGroup:
    """Returns some series of a group.

    Args:
        session: The session.
        table: The table the group belongs to.
        group: The group.
        wanted: Key in the answer -> number of the series.
        points: Most buckets.
        held: What the client has already.
    """
    buckets = group.pyramid.read(list(wanted.values()), points, have_width=held.width, have=held.buckets)
    split = next(name for name, candidate in table.groups.items() if candidate is group)
    return _format(session, f"{table.stream}:{split}", wanted, buckets, table.rows_read, _logged(session, table))


def format_epochs(session: CachedSession, wanted: Mapping[str, str], points: int) -> SeriesGroup:
    """Returns some of Keras' logs of each epoch, always from the first one.

    Args:
        session: The session.
        wanted: Key in the answer -> name in the logs.
        points: Most buckets.
    """
    ends = [item.record for item in session.records.epochs if isinstance(item.record, EpochEnd)]
    values = np.array([[float(end.logs.get(name, math.nan)) for name in wanted.values()] for end in ends])
    pyramid = Pyramid(len(wanted), _MOST_EPOCHS)
    pyramid.append(
        values,
        np.array([end.step for end in ends], np.int64),
        np.array([end.wall_time for end in ends], np.float64),
    )
    return _format(session, EPOCHS, wanted, pyramid.read(list(range(len(wanted))), points), len(ends), len(ends))


def _format(
    session: CachedSession, stream: str, wanted: Iterable[str], buckets: Buckets, read: int, logged: int
) -> SeriesGroup:
    single = buckets.width == 1
    values = {
        key: QuantityValues(
            mean=numbers(buckets.mean[:, at]),
            min=[] if single else numbers(buckets.min[:, at]),
            max=[] if single else numbers(buckets.max[:, at]),
            bad=np.flatnonzero(buckets.bad[:, at]).tolist(),
        )
        for at, key in enumerate(wanted)
    }
    return SeriesGroup(
        stream=stream,
        width=buckets.width,
        first=buckets.first,
        samples=read,
        expected=logged,
        step=buckets.step.tolist(),
        last=[] if single else buckets.last.tolist(),
        wall=_wall(session, buckets),
        values=values,
    )


def format_grid(
    session: CachedSession,
    table: DecimatedTable,
    group: SplitSeries,
    rows: Sequence[str],
    column: str,
    points: int,
    held: HeldBuckets,
) -> Grid:
    """Returns one column of all rows of a group."""
    columns = [at for row in rows if (at := group.series(row, column)) is not None]
    buckets = group.pyramid.read(columns, points, have_width=held.width, have=held.buckets)
    log = column not in _LINEAR
    cells, low, high = pack_grid(buckets.max.T, buckets.bad.T, log=log)
    return Grid(
        width=buckets.width,
        first=buckets.first,
        samples=table.rows_read,
        expected=_logged(session, table),
        step=buckets.step.tolist(),
        last=[] if buckets.width == 1 else buckets.last.tolist(),
        log=log,
        low=low,
        high=high,
        cells=cells,
    )
