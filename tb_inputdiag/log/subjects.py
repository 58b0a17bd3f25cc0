"""The tensors, weights and layers of a run by name, each with its columns over steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np

from tb_inputdiag.errors import there_are
from tb_inputdiag.log.blocks import Array
from tb_inputdiag.log.series import Series, join_chunks, to_frame
from tb_inputdiag.numbers import whole
from tb_inputdiag.records import Layout, Role, Split, Stage

__all__ = ["HasSessions", "SessionColumns", "SubjectGroup", "SubjectSeries"]

_Place: TypeAlias = "int | slice"
"""Index in the table's row axis, or a range of the features or class counts."""

_WIDE = {"feature_min", "feature_max", "feature_mean", "feature_std"}


class SessionColumns(Protocol):
    """The columns of one session's tables."""

    @property
    def layouts(self) -> Mapping[int, Layout]:
        """Layout id -> what the rows of the samples' tables are."""

    def columns(self, stream: str, layout: int, names: Sequence[str]) -> list[tuple[Array, ...]]:
        """Returns some columns of each chunk of a table that belongs to one layout."""


class HasSessions(Protocol):
    """Something whose quantities are those of some sessions."""

    @property
    def sessions(self) -> Sequence[SessionColumns]:
        """The sessions, oldest first."""


class SubjectSeries:
    """One tensor, weight or layer: its columns are attributes, each a `Series`."""

    def __init__(self, group: SubjectGroup, name: str) -> None:
        self._group = group
        self.name = name

    def __getattr__(self, column: str) -> Series:
        columns: Mapping[str, str] = object.__getattribute__(self, "_group").columns
        if column not in columns:
            raise AttributeError(f"{column!r} is not recorded for {self._group.kind}; there are {', '.join(columns)}.")
        return self._group.series(self.name, columns[column])

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._group.columns]

    def __repr__(self) -> str:
        return f"<{self._group.kind} {self.name!r}: {', '.join(self._group.columns)}>"

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(self._group.columns)

    def to_pandas(self) -> Any:
        """Returns a `pandas.DataFrame` over steps with the columns that hold one number for each step.

        Raises:
            ImportError: if pandas is not installed.
        """
        series = {column: getattr(self, column) for column in self._group.columns}
        return to_frame({column: found for column, found in series.items() if found.values.ndim == 1 and len(found)})


class SubjectGroup(Mapping[str, SubjectSeries]):
    """Tensors, weights or layers by name: the inputs of a split, its gradients, ..."""

    def __init__(
        self,
        owner: HasSessions,
        kind: str,
        table: str,
        columns: Mapping[str, str],
        split: Split,
        role: Role | None = None,
        stage: Stage = "fed",
    ) -> None:
        self._owner = owner
        self.kind = kind
        self.columns = columns
        """Attribute -> column of the table."""
        self._table = table
        self._split = split
        self._role = role
        self._stage = stage

    def _names(self, layout: Layout) -> list[str | None]:
        """Returns the name of each row of the table; None for rows that are not in this group."""
        if layout.split != self._split:
            return []
        if self._table == "weights":
            return list(layout.weights)
        if self._table == "layers":
            return list(layout.layers)
        return [t.name if t.role == self._role and t.stage == self._stage else None for t in layout.tensors]

    def __iter__(self) -> Iterator[str]:
        names: dict[str, None] = {}
        for session in self._owner.sessions:
            for layout in session.layouts.values():
                names.update((name, None) for name in self._names(layout) if name is not None)
        return iter(names)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        return name in list(self)

    def __getitem__(self, name: str) -> SubjectSeries:
        names = list(self)
        if name not in names:
            raise KeyError(f"{name!r} is not among the {self.kind}.{there_are(str(name), names)}")
        return SubjectSeries(self, name)

    def __repr__(self) -> str:
        names = list(self)
        more = f", and {whole(len(names) - 12)} more" if len(names) > 12 else ""
        return f"<{self.kind}: {', '.join(names[:12]) or 'none'}{more}>"

    def _ipython_key_completions_(self) -> list[str]:
        return list(self)

    def series(self, name: str, column: str) -> Series:
        """Returns a column of the table for the row `name`."""
        joined = [self._of_session(session, name, column) for session in self._owner.sessions]
        filled = [series for series in joined if len(series)]
        if len(filled) <= 1 or len({series.values.shape[1:] for series in filled}) > 1:
            return filled[-1] if filled else joined[0]
        return Series(name, np.concatenate([s.step for s in filled]), np.concatenate([s.values for s in filled]))

    def _of_session(self, session: SessionColumns, name: str, column: str) -> Series:
        parts = []
        for layout in session.layouts.values():
            names = self._names(layout)
            if name not in names:
                continue
            place = self._place(layout, names.index(name), column)
            for seq, step, values in session.columns(self._table, layout.id, ("seq", "step", column)):
                parts.append((seq, step, values[:, place]))
        if len({part[2].shape[1:] for part in parts}) > 1:  # the number of features changed: keep the newest
            parts = [part for part in parts if part[2].shape[1:] == parts[-1][2].shape[1:]]
        return join_chunks(f"{name}.{column}", parts)

    @staticmethod
    def _place(layout: Layout, index: int, column: str) -> _Place:
        if column in _WIDE:
            return layout.feature_slice(index)
        if column == "class_counts":
            return layout.class_slice(index)
        return index
