"""Whether the numbers of a target say where in a picture something lies.

What lies in a picture is where its pixels differ from their mean: the *centroid* of an example is the mean place of its
pixels along the width, and along the height, weighted by the square of this difference. Each is compared with each
number of the target over at most `MAX_EXAMPLES` examples. `across_residual` is 1 minus the square of the correlation of
the horizontal centroid with the number that is most like it, 0..1, and `across_number` the index of that number.
`down_residual` and `down_number` are those of the vertical centroid. Pictures of a single colour are left out.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.keras_vocabulary import image_axes
from tb_inputdiag.records import F8
from tb_inputdiag.statistics.namespace import Array, Namespace, Shape

__all__ = ["COLUMNS", "MAX_EXAMPLES", "grid", "picture_sizes", "reduce", "reference"]

MAX_EXAMPLES = 64
MAX_NUMBERS = 16
"""Numbers of a target: four corners of two coordinates, twice."""
_MAX_SIDE = 32
"""Rows and columns of pixels that are read, evenly spaced."""
COLUMNS = ("across_residual", "across_number", "down_residual", "down_number")
_BLANK = 1e-12
"""Sum of squares of a picture of one colour."""


def picture_sizes(target: Shape, source: Shape) -> tuple[int, int, int] | None:
    """Returns height, width and channels of a picture in which a target may name places; None for anything else.

    Args:
        target: Static shape without the batch axis: ``(k,)`` with 2 to `MAX_NUMBERS` numbers.
        source: Static shape without the batch axis: ``(height, width, channels)``.
    """
    axes = image_axes((None, *source))
    if axes is None or len(axes.sides) != 2 or axes.channels_first:
        return None
    if len(target) != 1 or not 2 <= (target[0] or 0) <= MAX_NUMBERS:
        return None
    height, width, channels = source
    return (height, width, channels) if height and width and channels else None


def grid(side: int) -> NDArray[np.int64]:
    """Returns the rows, or the columns, of pixels that are read."""
    return np.unique(np.linspace(0, side - 1, min(side, _MAX_SIDE)).round().astype(np.int64))


def reduce(xp: Namespace, target: Array, source: Array, sizes: tuple[int, int, int], numbers: int) -> list[Array]:
    """Returns `COLUMNS` as float64 scalars.

    Args:
        xp: The backend's functions.
        target: ``[examples, numbers]``.
        source: ``[examples, height, width, channels]``.
        sizes: Height, width and channels.
        numbers: Of a target.
    """
    height, width, channels = sizes
    rows, across = grid(height), grid(width)
    x = xp.take(xp.take(source, xp.constant(rows, "int32"), 1), xp.constant(across, "int32"), 2)
    x, y = xp.cast(x, "float64"), xp.reshape(xp.cast(target, "float64"), (-1, numbers))
    zero, one, tiny = (xp.constant(value, "float64") for value in (0.0, 1.0, 1e-300))
    x = xp.where(xp.is_finite(x), x, zero)
    mean = xp.sum(x, (1, 2)) * xp.constant(1.0 / (len(rows) * len(across)), "float64")
    weight = xp.sum(xp.square(x - xp.reshape(mean, (-1, 1, 1, channels))), (3,))
    total = xp.sum(weight, (1, 2))
    used = xp.cast(xp.reshape(total > xp.constant(_BLANK, "float64"), (-1, 1)), "float64")
    used = used * xp.cast(xp.is_finite(y), "float64")
    n = xp.maximum(xp.sum(used, (0,)), one)
    y = xp.where(xp.is_finite(y), y, zero)
    dy = (y - xp.sum(y * used, (0,)) / n) * used
    yy = xp.sum(xp.square(dy), (0,))
    found: list[Array] = []
    for places, other in ((across, 1), (rows, 2)):
        moment = xp.sum(xp.sum(weight, (other,)) * xp.constant(places.astype(np.float64), "float64"), (1,))
        centroid = xp.reshape(moment / xp.maximum(total, tiny), (-1, 1))
        dc = (centroid - xp.sum(centroid * used, (0,)) / n) * used
        cc = xp.sum(xp.square(dc), (0,))
        varies = (yy > tiny) & (cc > tiny)
        like = xp.where(varies, xp.square(xp.sum(dy * dc, (0,))) / xp.maximum(yy * cc, tiny), zero)
        found += [one - xp.max(like), xp.cast(xp.argmax(like), "float64")]
    return found


def reference(target: NDArray[Any], source: NDArray[Any]) -> list[float]:
    """Returns the same by NumPy, a picture and a number at a time."""
    y = np.asarray(target, np.float64)
    x = np.nan_to_num(np.asarray(source, np.float64), posinf=0.0, neginf=0.0)
    rows, across = grid(x.shape[1]), grid(x.shape[2])
    x = x[:, rows][:, :, across]
    weights = [((picture - picture.mean((0, 1))) ** 2).sum(-1) for picture in x]
    seen = np.array([weight.sum() > _BLANK for weight in weights], bool)
    found: list[float] = []
    for places, axis in ((across, 0), (rows, 1)):
        centroids = np.array([np.average(places, weights=w.sum(axis)) if w.sum() > _BLANK else 0.0 for w in weights])
        like = [_squared_correlation(centroids, number, seen & np.isfinite(number)) for number in y.T]
        found += [1 - max(like), float(np.argmax(like))]
    return found


def _squared_correlation(x: F8, y: F8, used: NDArray[np.bool_]) -> float:
    x, y = x[used], y[used]
    return float(np.corrcoef(x, y)[0, 1] ** 2) if len(x) and np.ptp(x) and np.ptp(y) else 0.0
