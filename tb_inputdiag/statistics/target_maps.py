"""How well a map of targets, such as the mask of a picture, lies on the picture.

A target with one number for each pixel is compared with each channel of the input: 1 minus the square of their
correlation over the pixels of at most `MAX_EXAMPLES` examples, 0..1, after each example's own mean was taken from both.
0: the target is a channel, multiplied and moved; 1: they have nothing to do with each other. The channel with the
smallest number counts. NaN without pixels that differ.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.statistics.namespace import Array, Namespace, Shape

__all__ = ["MAX_EXAMPLES", "examples", "map_sizes", "reduce", "reference"]

MAX_EXAMPLES = 32
MAX_VALUES = 65_536
"""Values of the input that are compared, at least those of one example."""
_MAX_CHANNELS = 4


def map_sizes(target: Shape, source: Shape) -> tuple[int, int] | None:
    """Returns the pixels and the channels of an input that a target has a number for each pixel of; None if it has not.

    Args:
        target: Static shape without the batch axis: ``(height, width)`` or ``(height, width, 1)``.
        source: Static shape without the batch axis: ``(height, width, channels)``, at most four channels.
    """
    if len(source) != 3 or len(target) not in (2, 3) or (len(target) == 3 and target[2] != 1):
        return None
    height, width, channels = source
    if not height or not width or not channels or target[:2] != (height, width) or min(height, width) < 2:
        return None
    return (height * width, channels) if channels <= _MAX_CHANNELS else None


def examples(pixels: int, channels: int) -> int:
    """Returns how many examples are compared at most."""
    return min(MAX_EXAMPLES, max(1, MAX_VALUES // (pixels * channels)))


def reduce(xp: Namespace, target: Array, source: Array, pixels: int, channels: int) -> Array:
    """Returns the number of this module as a float64 scalar.

    Args:
        xp: The backend's functions.
        target: ``[examples, height, width]`` or with a last axis of one.
        source: ``[examples, height, width, channels]``.
        pixels: Height times width.
        channels: Channels of the source.
    """
    y = xp.reshape(xp.cast(target, "float64"), (-1, pixels, 1))
    x = xp.reshape(xp.cast(source, "float64"), (-1, pixels, channels))
    zero, one = xp.constant(0.0, "float64"), xp.constant(1.0, "float64")
    y, x = (xp.where(xp.is_finite(v), v, zero) for v in (y, x))
    scale = xp.constant(1.0 / pixels, "float64")
    y = y - xp.reshape(xp.sum(y, (1,)) * scale, (-1, 1, 1))
    x = x - xp.reshape(xp.sum(x, (1,)) * scale, (-1, 1, channels))
    yy, xx, xy = xp.sum(xp.square(y)), xp.sum(xp.square(x), (0, 1)), xp.sum(x * y, (0, 1))
    tiny = xp.constant(1e-300, "float64")
    varies = (xx > tiny) & (yy > tiny)
    like = xp.where(varies, xp.square(xy) / xp.maximum(xx * yy, tiny), -one)
    best = xp.max(like)
    return xp.where(best < zero, xp.constant(np.nan, "float64"), one - best)


def reference(target: NDArray[Any], source: NDArray[Any]) -> float:
    """Returns the same by NumPy's own correlation, a channel at a time."""
    y = np.nan_to_num(np.asarray(target, np.float64), posinf=0.0, neginf=0.0).reshape(len(target), -1)
    y = (y - y.mean(1, keepdims=True)).ravel()
    found = []
    for channel in np.moveaxis(np.asarray(source, np.float64), -1, 0):
        x = np.nan_to_num(channel, posinf=0.0, neginf=0.0).reshape(len(channel), -1)
        x = (x - x.mean(1, keepdims=True)).ravel()
        if x.any() and y.any():
            found.append(1 - float(x @ y) ** 2 / float(x @ x) / float(y @ y))
    return min(found, default=float("nan"))
