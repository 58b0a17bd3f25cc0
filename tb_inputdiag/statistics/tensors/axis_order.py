"""Whether an input was reshaped where its axes had to be swapped. ``reshape`` keeps the order of values in memory.

An example of shape ``[C, time]`` that was reshaped to ``[time, C]`` is still C stretches in memory, one after another.
So its values jump at the multiples of ``time`` alone: at its *seams*. The same holds for ``[C, height, width]`` and
``[height, width, C]``. The differences of neighbours in memory at the seams are compared with those around them.

- `seam_rank` is the fraction 0..1 of differences around a seam that are smaller than the one at the seam. Three groups
  of them are looked at: those of neighbouring channels, those a time step or pixel away, and those a row of pixels
  away. The smallest of the three counts, of the median seam; of two seams the lower one, so that a single event at one
  of them does not count. In the right order it is 0.5 or less, because a difference is as large one step before and
  after. Of smooth stretches it is near 1.
- `seam_wrap_ratio` is the mean square of the differences from the last channel to the first one of the next step,
  divided by that of neighbouring channels in one step, around the seams. 1 if both are neighbours in one stretch.
- `seam_step_ratio` is the mean square of the differences from a step to the next in the same channel, divided by the
  same. Near 0 in smooth data in the right order.

All are of at most `MAX_EXAMPLES` examples and `MAX_VALUES` differences, and NaN for what is not a dense input with two
to `MAX_CHANNELS` channels on its last axis and at least four times as many steps or rows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.records import F8, I8, TensorLayout
from tb_inputdiag.statistics.namespace import Array, Namespace
from tb_inputdiag.statistics.numpy_namespace import NUMPY
from tb_inputdiag.statistics.tensors import Values, as_reduced, values_of

MAX_EXAMPLES = 32
MAX_VALUES = 65_536
MAX_CHANNELS = 64
MAX_SAMPLED = 1024
"""Examples of a whole data set that are compared."""

NAME = "axis_order"
NUMBERS = ("examples", "rank", "within", "wrap", "step")
WIDTH = RAW_WIDTH = len(NUMBERS)
DTYPE: Literal["float64"] = "float64"
ABSENT = (0.0, *[float("nan")] * (WIDTH - 1))


@dataclass(frozen=True, slots=True)
class Seams:
    """Which differences of an example's values, in the order of memory, are compared.

    Attributes:
        size: Values of an example.
        to: ``int64[seams, K]``: the later value of each pair, the seam itself first.
        back: ``int64[K]``: how far before it the other one is.
        groups: ``float64[K, groups]``: means of the ranks within a group.
        squares: ``float64[K, 3]``: means of squares: within a step, at the wrap, from step to step.
    """

    size: int
    to: I8
    back: I8
    groups: F8
    squares: F8

    @property
    def examples(self) -> int:
        """How many examples are compared at most."""
        return min(MAX_EXAMPLES, max(1, MAX_VALUES // self.to.size))


def seams_of(layout: TensorLayout) -> Seams | None:
    """Returns what is compared of a tensor; None if it cannot be judged."""
    shape = layout.shape[1:] if layout.shape else ()
    if layout.role != "input" or layout.stage != "fed" or layout.kind != "dense" or len(shape) not in (2, 3):
        return None
    known = tuple(length for length in shape if length is not None)
    if len(known) < len(shape) or not 2 <= known[-1] <= MAX_CHANNELS or known[0] < 4 * known[-1]:
        return None
    return _seams(known)


@cache
def _seams(shape: tuple[int, ...]) -> Seams:
    channels, steps = shape[-1], math.prod(shape[:-1])
    near = [sign * i for i in range(1, channels) for sign in (-1, 1)]
    around = [-channels, channels]
    rows = [-shape[1] * channels, shape[1] * channels] if len(shape) == 3 and shape[1] > 1 else []
    neighbours = [0, *near, *around, *rows]
    ends = [*neighbours, -1, channels]  # the last two pairs are a step apart, on either side of the seam
    back = [1] * len(neighbours) + [channels] * 2

    def mean_of(offsets: list[int]) -> F8:
        return np.asarray([(i in offsets) / len(offsets) for i in neighbours] + [0.0, 0.0])

    step = np.asarray([0.0] * len(neighbours) + [0.5, 0.5])
    within, wrap = mean_of(near), mean_of(around)
    groups = [within, wrap, *([mean_of(rows)] if rows else [])]
    return Seams(
        size=channels * steps,
        to=np.arange(1, channels)[:, None] * steps + np.asarray(ends),
        back=np.asarray(back),
        groups=np.stack(groups, 1),
        squares=np.stack([within, wrap, step], 1),
    )


def examples(layout: TensorLayout) -> int:
    """Returns how many examples of a batch are compared at most."""
    seams = seams_of(layout)
    return 0 if seams is None else seams.examples


def places(layout: TensorLayout) -> int:
    """Returns 1: the tensor itself."""
    return 1


def reduce(xp: Namespace, values: Values) -> Array:
    """Returns `NUMBERS` of one tensor."""
    seams = seams_of(values.layout)
    if seams is None:
        return xp.constant(ABSENT, "float64")
    count, pairs = seams.to.shape
    x = xp.reshape(xp.first(values.array, seams.examples), (-1, seams.size))

    def at(positions: I8) -> Array:
        return xp.cast(xp.take(x, xp.constant(positions.ravel().astype(np.int32), "int32"), 1), "float64")

    steps = xp.reshape(at(seams.to) - at(seams.to - seams.back), (-1, count, pairs))
    sizes = xp.absolute(steps)
    seam = xp.take(sizes, xp.constant((0,), "int32"), 2)
    larger = xp.cast(seam > sizes, "float64") - xp.cast(sizes > seam, "float64")
    examples = xp.length(x, 0, "float64")
    half = xp.constant(0.5, "float64")
    by_seam = xp.reshape(xp.sum(larger, (0,)) / examples, (count, pairs, 1)) * _constant(xp, seams.groups)
    ranks = xp.largest(xp.min(xp.sum(by_seam, (1,)), (1,)), None)
    middle = xp.mean(xp.take(ranks, xp.constant((count // 2,), "int32")))
    squares = xp.reshape(xp.sum(xp.square(steps), (0, 1)), (pairs, 1)) * _constant(xp, seams.squares)
    means = xp.sum(squares, (0,)) / (examples * xp.constant(float(count), "float64"))
    return xp.concat([xp.stack([examples, half + half * middle]), means])


def _constant(xp: Namespace, table: F8) -> Array:
    return xp.reshape(xp.constant(table.ravel(), "float64"), table.shape)


finish = as_reduced


def of_whole(rows: NDArray[Any], layout: TensorLayout) -> F8:
    """Returns `NUMBERS` of at most `MAX_SAMPLED` examples of a whole data set, ``float64[WIDTH, 1]``.

    Args:
        rows: Examples in random order.
        layout: What they are.
    """
    at_once = examples(layout)
    if not at_once or not len(rows):
        return np.asarray(ABSENT)[:, None]
    rows = rows[:MAX_SAMPLED]
    parts = [rows[start : start + at_once] for start in range(0, len(rows), at_once)]
    values = [values_of(NUMPY, part, layout, NUMPY.shape(part)) for part in parts]
    return merge([np.asarray(reduce(NUMPY, value))[:, None] for value in values], [len(part) for part in parts])


def merge(parts: Sequence[F8], batch_sizes: Sequence[float]) -> F8:
    """Returns `NUMBERS` of the global batch: the means of all examples that were compared."""
    tables = [part for part in parts if (part[0] > 0).any()]
    if len(tables) < 2:
        return (tables or parts)[0].copy()
    examples = np.stack([part[0] for part in tables])
    total = examples.sum(0)
    share = np.where(total > 0, examples / np.maximum(total, 1), np.nan)
    means = [np.where(n == 0, 0.0, part[1:] * n) for part, n in zip(tables, share, strict=True)]
    return np.concatenate([total[None], np.where(total > 0, np.sum(means, 0), np.nan)])


def columns(numbers: F8) -> Mapping[str, NDArray[Any]]:
    """Returns ``seam_rank``, ``seam_wrap_ratio`` and ``seam_step_ratio``, ``[T]``."""
    _, rank, within, wrap, step = numbers
    divisor = np.where(within > 0, within, np.nan)
    return {"seam_rank": rank, "seam_wrap_ratio": wrap / divisor, "seam_step_ratio": step / divisor}


def reference(x: NDArray[Any], layout: TensorLayout) -> Mapping[str, NDArray[Any]]:
    """Returns the columns by NumPy, a seam at a time."""
    nothing = dict.fromkeys(("seam_rank", "seam_wrap_ratio", "seam_step_ratio"), np.asarray(np.nan))
    seams = seams_of(layout)
    if seams is None or not len(x):
        return nothing
    channels, steps = x.shape[-1], math.prod(x.shape[1:-1])
    flat = np.asarray(x[: seams.examples], np.float64).reshape(len(x[: seams.examples]), -1)
    near = [i for i in range(-channels + 1, channels) if i]
    row = x.shape[2] * channels if x.ndim == 4 else 0
    groups = [near, [-channels, channels]] + ([[-row, row]] if row > channels else [])
    ranks, squares = [], []
    for seam in range(steps, channels * steps, steps):
        difference = np.diff(flat, axis=1)[:, seam - 1]

        def beside(i: int, seam: int = seam) -> NDArray[Any]:
            found: NDArray[Any] = flat[:, seam + i] - flat[:, seam + i - 1]
            return found

        signs = [[np.sign(abs(difference) - abs(beside(i))).mean() for i in group] for group in groups]
        ranks.append(min(0.5 + 0.5 * np.mean(group) for group in signs))
        step = [flat[:, seam + i] - flat[:, seam + i - channels] for i in (-1, channels)]
        squares.append([np.square(v).mean() for v in ([beside(i) for i in near], [*map(beside, groups[1])], step)])
    within, wrap, step_square = np.mean(squares, 0)
    divisor = within if within > 0 else np.nan
    found = {
        "seam_rank": sorted(ranks)[(len(ranks) - 1) // 2],
        "seam_wrap_ratio": wrap / divisor,
        "seam_step_ratio": step_square / divisor,
    }
    return {name: np.asarray(value) for name, value in found.items()}
