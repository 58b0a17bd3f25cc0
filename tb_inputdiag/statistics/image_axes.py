"""Which axes of a batch of images mean what, from its shape alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["ImageAxes", "image_axes"]

MIN_SIDE = 8
"""Shortest side of an image: the smallest in use are digits of 8 x 8. Smaller maps are boards and feature maps."""


@dataclass(frozen=True, slots=True)
class ImageAxes:
    """Axes of a batch of images. Indices count the batch axis, which is 0."""

    channel: int
    sides: tuple[int, ...]
    """Height and width."""
    channels: int
    """Size of the channel axis, 1, 3 or 4."""

    @property
    def channels_first(self) -> bool:
        """Whether channels come before the sides, as in ``data_format="channels_first"``."""
        return self.channel == 1


def image_axes(shape: Sequence[int | None]) -> ImageAxes | None:
    """Returns the axes of a batch of images, or None if the shape is not that of images.

    Args:
        shape: Shape with the batch axis, e.g. ``(None, 28, 28, 1)``. A side of None has any size.
    """
    if len(shape) != 4:
        return None
    for channel, sides in ((3, (1, 2)), (1, (2, 3))):
        channels = shape[channel]
        large = all((side := shape[axis]) is None or side >= MIN_SIDE for axis in sides)
        if channels in (1, 3, 4) and large:
            return ImageAxes(channel, sides, channels)
    return None
