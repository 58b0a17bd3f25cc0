"""Each logged quantity as an array over steps, by the names that the user knows.

::

    run.loss                              # every step's loss
    run.inputs["image"].mean              # of the sampled batches, as fed
    run.entries["image"].max              # as the first trainable layer reads them
    run.gradients["conv2d/kernel"].norm
    run.split("validation").inputs["image"].mean
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.errors import ConfigurationError, there_are
from tb_inputdiag.log.blocks import Array
from tb_inputdiag.records import COLUMNS, Layout, Role, Split, Stage

if TYPE_CHECKING:
    from tb_inputdiag.log.stored_session import StoredSession

__all__ = ["Group", "Quantities", "Row", "Series", "SplitQuantities"]

_Place: TypeAlias = "int | slice"
"""Index in the table's row axis, or a range of the features or class counts."""

_WIDE = {"feature_min", "feature_max", "feature_mean", "feature_std"}


class Series:
    """Values over steps. NumPy takes it for its values: ``np.nanmax(run.loss)``."""

    __slots__ = ("name", "step", "values")

    def __init__(self, name: str, step: NDArray[np.int64], values: Array) -> None:
        self.name = name
        self.step = step
        """``[n]``: the optimizer's iterations."""
        self.values = values
        """``[n, ...]``."""

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        if copy:
            return np.array(self.values, dtype)
        return np.asarray(self.values, dtype)

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.values)

    def __getitem__(self, item: Any) -> Any:
        return self.values[item]

    def __repr__(self) -> str:
        if not len(self):
            return f"<Series {self.name}: empty>"
        return f"<Series {self.name}: {len(self):,} values, steps {self.step[0]:,}..{self.step[-1]:,}>"

    def to_pandas(self) -> Any:
        """Returns a `pandas.Series` over steps; a `pandas.DataFrame` where each step has several values.

        Raises:
            ImportError: if pandas is not installed.
        """
        pandas = _pandas()
        index = pandas.Index(self.step, name="step")
        if self.values.ndim == 1:
            return pandas.Series(self.values, index=index, name=self.name)
        return pandas.DataFrame(self.values.reshape(len(self), -1), index=index)


def _pandas() -> Any:
    try:
        import pandas
    except ImportError:
        raise ImportError("to_pandas() needs pandas: pip install 'tb-inputdiag[pandas]'.") from None
    return pandas


def _join(name: str, parts: Sequence[tuple[Array, Array, Array]]) -> Series:
    """Returns a series from (seq, step, values) of chunks of one session."""
    if not parts:
        return Series(name, np.zeros(0, np.int64), np.zeros(0))
    seq, step, values = (np.concatenate([part[i] for part in parts]) for i in range(3))
    if len(seq) > 1 and not (seq[1:] > seq[:-1]).all():  # chunks of several layouts
        order = np.argsort(seq, kind="stable")
        step, values = step[order], values[order]
    return Series(name, step, values)


class Row:
    """One tensor, weight or layer: its columns are attributes, each a `Series`."""

    def __init__(self, group: Group, name: str) -> None:
        self._group = group
        self.name = name

    def __getattr__(self, column: str) -> Series:
        columns: Mapping[str, str] = object.__getattribute__(self, "_group").columns
        if column not in columns:
            raise AttributeError(f"{column!r} is not recorded of {self._group.kind}; there are {', '.join(columns)}.")
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
        """Returns a `pandas.DataFrame` over steps with the columns that hold one number a step.

        Raises:
            ImportError: if pandas is not installed.
        """
        series = {column: getattr(self, column) for column in self._group.columns}
        return _frame({column: found for column, found in series.items() if found.values.ndim == 1 and len(found)})


class Group(Mapping[str, Row]):
    """Rows by name: the inputs of a split, its gradients, ..."""

    def __init__(
        self,
        owner: Quantities,
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
        """Returns the name of each row of the table; None for those that are not of this group."""
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

    def __getitem__(self, name: str) -> Row:
        names = list(self)
        if name not in names:
            raise KeyError(f"{name!r} is not among the {self.kind}.{there_are(str(name), names)}")
        return Row(self, name)

    def __repr__(self) -> str:
        names = list(self)
        more = f", and {len(names) - 12:,} more" if len(names) > 12 else ""
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

    def _of_session(self, session: StoredSession, name: str, column: str) -> Series:
        parts = []
        for layout in session.layouts.values():
            names = self._names(layout)
            if name not in names:
                continue
            place = self._place(layout, names.index(name), column)
            for seq, step, values in session.columns(self._table, layout.id, ("seq", "step", column)):
                parts.append((seq, step, values[:, place]))
        if len({part[2].shape[1:] for part in parts}) > 1:  # the tensor's features changed: the newest count
            parts = [part for part in parts if part[2].shape[1:] == parts[-1][2].shape[1:]]
        return _join(f"{name}.{column}", parts)

    @staticmethod
    def _place(layout: Layout, index: int, column: str) -> _Place:
        if column in _WIDE:
            return layout.feature_slice(index)
        if column == "class_counts":
            return layout.class_slice(index)
        return index


_TENSOR_COLUMNS = {name: name for name in COLUMNS["tensors"] if name != "example_ids"}
_GRADIENT_COLUMNS = {
    "norm": "gradient_norm",
    "max_abs": "gradient_max_abs",
    "zero_fraction": "gradient_zero_fraction",
    "nonfinite_count": "gradient_nonfinite_count",
    "clipped_norm": "clipped_gradient_norm",
}
_WEIGHT_COLUMNS = {"norm": "weight_norm", "nonfinite_count": "weight_nonfinite_count", "update_ratio": "update_ratio"}
_LAYER_COLUMNS = {name: name for name in COLUMNS["layers"]}
SCALARS = tuple(name for name in COLUMNS["sample"] if name not in ("layout", "step"))
"""Quantities that a sample has one of."""


class SplitQuantities:
    """The quantities of one split: ``train``, ``validation`` or ``predict``."""

    def __init__(self, owner: Quantities, split: Split) -> None:
        self._owner = owner
        self._split = split

    def _tensors(self, kind: str, role: Role, stage: Stage = "fed") -> Group:
        return Group(self._owner, kind, "tensors", _TENSOR_COLUMNS, self._split, role, stage)

    @property
    def inputs(self) -> Group:
        """The inputs as the step got them."""
        return self._tensors("inputs", "input")

    @property
    def entries(self) -> Group:
        """The inputs as the first trainable layer reads them."""
        return self._tensors("entries", "input", "entry")

    @property
    def targets(self) -> Group:
        """The targets."""
        return self._tensors("targets", "target")

    @property
    def predictions(self) -> Group:
        """The model's outputs."""
        return self._tensors("predictions", "prediction")

    @property
    def sample_weights(self) -> Group:
        """The sample weights."""
        return self._tensors("sample_weights", "sample_weight")

    @property
    def gradients(self) -> Group:
        """Gradients by weight."""
        return Group(self._owner, "gradients", "weights", _GRADIENT_COLUMNS, self._split)

    @property
    def weights(self) -> Group:
        """Weights: norm and relative size of the update."""
        return Group(self._owner, "weights", "weights", _WEIGHT_COLUMNS, self._split)

    @property
    def activations(self) -> Group:
        """Layers' outputs, in forward order."""
        return Group(self._owner, "activations", "layers", _LAYER_COLUMNS, self._split)

    def scalar(self, name: str) -> Series:
        """Returns what each sample has one of, such as ``learning_rate``; see `SCALARS`.

        Raises:
            ConfigurationError: if nothing is called so.
        """
        if name not in SCALARS:
            raise ConfigurationError(f"scalar() takes one of {', '.join(SCALARS)}. Received: {name!r}.")
        found = []
        for session in self._owner.sessions:
            parts = []
            for layout in session.layouts.values():
                if layout.split == self._split:
                    parts += session.columns("samples", layout.id, ("seq", "step", name))
            found.append(_join(name, [(part[0], part[1], part[2]) for part in parts]))
        return _in_a_row(name, found)

    def to_pandas(self) -> Any:
        """Returns a `pandas.DataFrame` over steps with the samples' scalars.

        Raises:
            ImportError: if pandas is not installed.
        """
        return _frame({name: self.scalar(name) for name in SCALARS})


def _frame(columns: Mapping[str, Series]) -> Any:
    """Returns the columns, each ``[n]``, as a `pandas.DataFrame` over steps."""
    pandas = _pandas()
    steps = next((series.step for series in columns.values()), np.zeros(0, np.int64))
    if all(np.array_equal(series.step, steps) for series in columns.values()):
        data = {name: series.values for name, series in columns.items()}
        return pandas.DataFrame(data, index=pandas.Index(steps, name="step"))
    # parts of some columns are lost: what is left is put together by step
    left = {name: series.to_pandas().groupby(level="step").last() for name, series in columns.items()}
    return pandas.DataFrame(left).rename_axis("step")


def _in_a_row(name: str, series: Sequence[Series]) -> Series:
    filled = [item for item in series if len(item)]
    if len(filled) == 1:
        return filled[0]
    if not filled:
        return Series(name, np.zeros(0, np.int64), np.zeros(0))
    return Series(name, np.concatenate([s.step for s in filled]), np.concatenate([s.values for s in filled]))


class Quantities(SplitQuantities):
    """The quantities of one or several sessions; those of training, unless `split` is asked."""

    def __init__(self) -> None:
        super().__init__(self, "train")

    @property
    def sessions(self) -> tuple[StoredSession, ...]:
        """The sessions whose values are put in a row."""
        raise NotImplementedError

    def split(self, split: Split) -> SplitQuantities:
        """Returns the quantities of a split.

        Raises:
            ConfigurationError: if there is no such split.
        """
        if split not in ("train", "validation", "predict"):
            raise ConfigurationError(f"split must be 'train', 'validation' or 'predict'. Received: {split!r}.")
        return SplitQuantities(self, split)

    @property
    def loss(self) -> Series:
        """The loss of every training step; of the sampled ones if no other was logged."""
        found = []
        for session in self.sessions:
            parts = [(step, step, loss) for step, loss in session.columns("losses", -1, ("step", "loss"))]
            found.append(_join("loss", parts))
        return _in_a_row("loss", found) if any(map(len, found)) else self.scalar("loss")

    @property
    def sampled_loss(self) -> Series:
        """The loss of the sampled training steps, with penalties."""
        return self.scalar("loss")

    @property
    def learning_rate(self) -> Series:
        """At the sampled steps."""
        return self.scalar("learning_rate")

    @property
    def gradient_norm(self) -> Series:
        """The global norm, before clipping, at the sampled steps."""
        return self.scalar("gradient_norm")

    @property
    def step_time_s(self) -> Series:
        """Seconds that a step took, at the sampled steps."""
        return self.scalar("step_time_s")
