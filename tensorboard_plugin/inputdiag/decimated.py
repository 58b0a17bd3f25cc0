"""The tables of a session, decimated for the charts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.log.codec import Chunk
from tb_inputdiag.log.tables import Columns
from tb_inputdiag.records import Layout
from tensorboard_plugin.inputdiag.pyramid import Pyramid
from tensorboard_plugin.inputdiag.tensor_stats import TensorStats

__all__ = ["CHARTED_COLUMNS", "QUANTILES", "STREAMS", "DecimatedTable", "SplitSeries", "tensor_row"]

Array = NDArray[Any]

QUANTILES: Mapping[str, int] = {"q05": 2, "q25": 8, "q50": 16, "q75": 24, "q95": 30}
"""Series made of a tensor's quantiles -> which of the 33; 2/32 and 30/32 are the nearest to 5 and 95 %."""

CHARTED_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "samples": (
        "loss",
        "gradient_norm",
        "clipped_gradient_norm",
        "learning_rate",
        "step_time_s",
        "loss_scale",
        "penalty",
    ),
    "losses": ("loss",),
    "tensors": ("min", "max", "mean", "std", *QUANTILES, "nan_count", "inf_count", "zero_fraction"),
    "weights": (
        "gradient_norm",
        "update_ratio",
        "weight_norm",
        "gradient_max_abs",
        "gradient_zero_fraction",
        "gradient_nonfinite_count",
        "weight_nonfinite_count",
    ),
    "layers": (
        *("std", "mean", "max_abs", "dead_fraction", "saturated_fraction", "zero_fraction", "nonfinite_count"),
        *("moving_mean_shift", "moving_std_factor"),
    ),
}
"""Stream -> series that are kept of each row: those of the page's own charts, and those that rules name as curves."""
STREAMS = tuple(CHARTED_COLUMNS)
_NONFINITE = {"weights": "gradient_nonfinite_count", "layers": "nonfinite_count"}
_CELLS = 1 << 20
"""Numbers in the buckets of one group, 17 MB: bounds the memory of a model with many layers."""
_CAPACITY = {"samples": 4096, "losses": 4096, "tensors": 1024, "weights": 1024, "layers": 1024}


def tensor_row(role: str, stage: str, name: str) -> str:
    """Returns the name of a tensor's row."""
    return f"{role}:{stage}:{name}"


class JoinedColumns(Mapping[str, Array]):
    """Columns of several chunks, concatenated. Each column is decoded once, on first use."""

    def __init__(self, parts: Sequence[Columns]) -> None:
        self.parts = parts
        self._decoded: dict[str, Array] = {}

    def __getitem__(self, name: str) -> Array:
        found = self._decoded.get(name)
        if found is None:
            arrays = [part[name] for part in self.parts]
            found = self._decoded[name] = arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self.parts[0])

    def __len__(self) -> int:
        return len(self.parts[0])


@dataclass(slots=True)
class SplitSeries:
    """The rows of one table in one split. They share their steps."""

    columns: tuple[str, ...]
    rows: dict[str, int]
    pyramid: Pyramid
    epoch: int = 0
    last_loss: float = float("nan")

    def series(self, row: str, column: str) -> int | None:
        """Returns the number of a series in the pyramid, or None if there is no such row or column."""
        index = self.rows.get(row)
        if index is None or column not in self.columns:
            return None
        return index * len(self.columns) + self.columns.index(column)


@dataclass(slots=True)
class SegmentSteps:
    """The steps that the samples of a segment cover."""

    segment: int
    first_step: int
    last_step: int


@dataclass(slots=True)
class DecimatedTable:
    """One stream of a session.

    With `low` and `high` only the samples of these steps are kept, to zoom in on them.
    """

    stream: str
    low: int | None = None
    high: int | None = None
    groups: dict[str, SplitSeries] = field(default_factory=dict)
    extents: dict[int, SegmentSteps] = field(default_factory=dict)
    stats: TensorStats = field(default_factory=TensorStats)
    """Of the stream ``tensors``."""
    rows_read: int = 0

    @property
    def nbytes(self) -> int:
        """Memory in bytes, approximately."""
        return sum(group.pyramid.nbytes for group in self.groups.values()) + self.stats.nbytes

    def add(self, chunks: Sequence[tuple[int, Chunk]], layout: Layout | None) -> None:
        """Adds the samples of chunks of one layout. If it raises, none is added.

        Args:
            chunks: Pairs of segment and chunk, in their order.
            layout: Theirs; None for losses.

        Raises:
            LogCorruptError: if one does not decode.
        """
        columns = JoinedColumns([chunk.columns for _, chunk in chunks])
        step: Array = np.asarray(columns["step"], np.int64)
        values, names, split = self._values(columns, layout)
        wall = np.asarray(columns["wall_time"]) if self.stream == "samples" else np.full(len(step), np.nan)
        epoch = int(columns["epoch"][-1]) if self.stream == "samples" and len(step) else 0
        keep: Any = slice(None)
        if self.low is not None and self.high is not None:
            keep = (step >= self.low) & (step <= self.high)
        elif self.stream == "tensors" and layout is not None and len(step):
            self.stats.add(columns, _last_part(columns), layout)
        end = 0
        for segment, chunk in chunks:
            # A row of the stream ``losses`` holds several losses.
            start, end = end, end + chunk.columns.sizes["N" if self.stream == "losses" else "R"]
            self._note_extent(segment, step[start:end])
        self.rows_read += sum(chunk.header.rows for _, chunk in chunks)
        if len(step) == 0:
            return
        group = self._group(split, names)
        if self.stream == "samples":
            group.epoch, group.last_loss = epoch, float(values[-1, 0, 0])
        wide = np.full((len(step), group.pyramid.columns), np.nan, np.float32)
        width = len(group.columns)
        at = np.asarray([group.rows[name] for name in names], np.intp)
        for number in range(width):
            wide[:, at * width + number] = values[:, :, number]
        group.pyramid.append(wide[keep], step[keep], wall[keep])

    def _note_extent(self, segment: int, step: Array) -> None:
        if len(step) == 0:
            return
        low, high = int(step.min()), int(step.max())
        old = self.extents.get(segment)
        if old is not None:
            low, high = min(low, old.first_step), max(high, old.last_step)
        self.extents[segment] = SegmentSteps(segment, low, high)

    def _values(self, columns: Mapping[str, Array], layout: Layout | None) -> tuple[Array, Sequence[str], str]:
        """Returns (values ``[samples, rows, columns]``, names of the rows, split)."""
        names = CHARTED_COLUMNS[self.stream]
        split = layout.split if layout is not None else "train"
        if self.stream == "losses":
            return _finite_or_inf(columns["loss"])[:, None, None], [""], "losses"
        if self.stream == "samples":
            parts = [np.asarray(columns[name], np.float32) for name in names]
            for number in (0, 1):  # NaN in a loss or gradient means not finite, not unknown
                if split == "train":
                    parts[number] = _finite_or_inf(parts[number])
            return np.stack(parts, axis=-1)[:, None, :], [""], split
        assert layout is not None
        if self.stream == "tensors":
            quantiles = columns["quantiles"]
            parts = [columns[name] if name not in QUANTILES else quantiles[:, :, QUANTILES[name]] for name in names]
            rows = [tensor_row(t.role, t.stage, t.name) for t in layout.tensors]
            return np.stack([np.asarray(part, np.float32) for part in parts], axis=-1), rows, split
        parts = [np.asarray(columns[name], np.float32) for name in names]
        bad = np.asarray(columns[_NONFINITE[self.stream]]) > 0
        parts[0] = np.where(bad & ~np.isfinite(parts[0]), np.float32(np.inf), parts[0])
        return np.stack(parts, axis=-1), layout.weights if self.stream == "weights" else layout.layers, split

    def _group(self, split: str, names: Sequence[str]) -> SplitSeries:
        group = self.groups.get(split)
        columns = CHARTED_COLUMNS[self.stream]
        if group is None:
            capacity = _CAPACITY[self.stream]
            while capacity > 64 and capacity * len(names) * len(columns) > _CELLS:
                capacity //= 2
            group = self.groups[split] = SplitSeries(columns, {}, Pyramid(0, capacity))
        for name in names:
            group.rows.setdefault(name, len(group.rows))
        group.pyramid.widen(len(group.rows) * len(columns))
        return group


def _last_part(columns: JoinedColumns) -> Mapping[str, Array]:
    """Returns the columns of the newest chunk that has rows."""
    return next(part for part in reversed(columns.parts) if part.sizes["R"])


def _finite_or_inf(values: Array) -> Array:
    values = np.asarray(values, np.float32)
    return np.where(np.isnan(values), np.float32(np.inf), values)
