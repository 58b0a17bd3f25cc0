"""Tables to the JSON of curves and heat maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tensorboard_plugin.inputdiag.encoding import numbers, pack_grid
from tensorboard_plugin.inputdiag.payload_types import Grid, SeriesGroup, Values
from tensorboard_plugin.inputdiag.pyramid import Buckets
from tensorboard_plugin.inputdiag.store import SessionStore
from tensorboard_plugin.inputdiag.tables import Group, Table

__all__ = ["Held", "Quantity", "format_grid", "format_group"]

_LINEAR = frozenset({"dead_fraction", "saturated_fraction", "zero_fraction", "gradient_zero_fraction", "mean"})
"""Columns whose heat map is not logarithmic."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """One curve that a client asks for."""

    text: str
    """As asked for; the key in the answer."""
    stream: str
    split: str
    row: str
    column: str


@dataclass(frozen=True, slots=True)
class Held:
    """What a client holds of a group."""

    width: int = 0
    buckets: int = 0


def _logged(store: SessionStore, table: Table) -> int:
    head = store.facts.head
    return max(head.rows.get(table.stream, 0) if head else 0, table.rows_read)


def _wall(store: SessionStore, buckets: Buckets) -> list[float | None]:
    wall = buckets.wall if np.isfinite(buckets.wall).all() else store.wall_of(buckets.step)
    return numbers(wall, 13)


def format_group(
    store: SessionStore, table: Table, group: Group, wanted: Mapping[str, int], points: int, held: Held
) -> SeriesGroup:
    """Returns some series of a group.

    Args:
        store: The session.
        table: The table the group belongs to.
        group: The group.
        wanted: Key in the answer -> number of the series.
        points: Most buckets.
        held: What the client has already.
    """
    columns = list(wanted.values())
    buckets = group.pyramid.read(columns, points, have_width=held.width, have=held.buckets)
    split = next(name for name, candidate in table.groups.items() if candidate is group)
    single = buckets.width == 1
    values = {
        key: Values(
            mean=numbers(buckets.mean[:, at]),
            min=[] if single else numbers(buckets.min[:, at]),
            max=[] if single else numbers(buckets.max[:, at]),
            bad=np.flatnonzero(buckets.bad[:, at]).tolist(),
        )
        for at, key in enumerate(wanted)
    }
    return SeriesGroup(
        stream=f"{table.stream}:{split}",
        width=buckets.width,
        first=buckets.first,
        samples=table.rows_read,
        expected=_logged(store, table),
        step=buckets.step.tolist(),
        last=[] if single else buckets.last.tolist(),
        wall=_wall(store, buckets),
        values=values,
    )


def format_grid(
    store: SessionStore, table: Table, group: Group, rows: Sequence[str], column: str, points: int, held: Held
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
        expected=_logged(store, table),
        step=buckets.step.tolist(),
        last=[] if buckets.width == 1 else buckets.last.tolist(),
        log=log,
        low=low,
        high=high,
        cells=cells,
    )
