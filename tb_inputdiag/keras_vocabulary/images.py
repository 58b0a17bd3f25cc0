"""What an image looks like: its shape, and the range of its pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["FLAT_IMAGE_COLUMNS", "MIN_SIDE", "PIXEL_PEAKS", "ImageAxes", "image_axes", "pixel_peak"]

MIN_SIDE = 8
"""Shortest side of an image: the smallest in use are digits of 8 x 8. Smaller maps are boards and feature maps."""
PIXEL_PEAKS = (255, 4095, 65535)
"""Largest value of a pixel of 8, 12 and 16 bits."""
FLAT_IMAGE_COLUMNS = frozenset({784, 3072, 12288})
"""Numbers of columns that only flattened images have: 28 x 28, 32 x 32 x 3, 64 x 64 x 3."""

_CHANNELS_LAST = (1, 2, 3, 4)
_CHANNELS_FIRST = (1, 3, 4)
"""Without 2: two of something (the images of a pair, two time steps) stand in front as often as two channels do."""
_OVERSHOOT = 1.05
"""Resampled pixels go beyond their range: bicubic kernels overshoot at edges, and some scales end at 256."""


@dataclass(frozen=True, slots=True)
class ImageAxes:
    """Which axes of a batch of images or videos mean what. Indices count the batch axis, which is 0."""

    channel: int
    sides: tuple[int, ...]
    """Two axes for images (height, width), three for videos and volumes."""
    channels: int
    """Size of the channel axis, 1 to 4."""

    @property
    def channels_first(self) -> bool:
        """Whether channels come before the sides, as in ``data_format="channels_first"``."""
        return self.channel == 1

    @property
    def is_picture(self) -> bool:
        """Whether one example can be shown as a picture: grey, colour, or colour with transparency."""
        return len(self.sides) == 2 and self.channels != 2


def image_axes(shape: Sequence[int | None]) -> ImageAxes | None:
    """Returns the axes of a batch of images or videos, or None if the shape is not that of images.

    Four or five axes with 1 to 4 channels, and all sides of at least `MIN_SIDE` pixels. Feature maps have more
    channels; tables and series have fewer axes.

    Args:
        shape: Shape with the batch axis, e.g. ``(None, 28, 28, 1)``. A side of None has any size; a channel axis of
            None does not count as one.
    """
    if len(shape) not in (4, 5):
        return None
    last = len(shape) - 1
    for channel, known in ((last, _CHANNELS_LAST), (1, _CHANNELS_FIRST)):
        sides = tuple(axis for axis in range(1, len(shape)) if axis != channel)
        size = shape[channel]
        if (
            size is not None
            and size in known
            and all((side := shape[axis]) is None or side >= MIN_SIDE for axis in sides)
        ):
            return ImageAxes(channel=channel, sides=sides, channels=size)
    return None


def pixel_peak(low: float, high: float) -> int | None:
    """Returns the largest value that this kind of pixel has, 255, 4095 or 65535; None if these are not raw pixels.

    Args:
        low: Smallest value that was seen.
        high: Largest value that was seen. Up to 1, the pixels are scaled already.
    """
    if not low >= 0 or high <= 1:
        return None
    return next((peak for peak in PIXEL_PEAKS if high <= _OVERSHOOT * peak), None)
