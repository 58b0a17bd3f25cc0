"""Small copies of image-like inputs."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from tb_inputdiag.capture.tensor_layout import static_shape
from tb_inputdiag.capture.tensorflow import selection
from tb_inputdiag.records import TensorLayout

__all__ = ["ImagePart", "thumbnails"]

IMAGE_SIDE = 64
"""Pixels of a thumbnail's side, at most: every so many rows and columns are taken."""
MAX_IMAGE_TENSORS = 4


@dataclass(slots=True)
class ImagePart:
    """Where one tensor's thumbnails lie in the image variable."""

    tensor: int
    shape: tuple[int, int, int, int]
    start: int
    channels_first: bool


def thumbnails(
    tensors: Sequence[Any], layouts: Sequence[TensorLayout], copies: Container[int], images: int
) -> tuple[list[ImagePart], Any]:
    """Returns where the thumbnails of image-like inputs lie in a vector, and that vector; None without any.

    Args:
        tensors: What a step looks at.
        layouts: Of the same tensors.
        copies: Indices of tensors that equal another one.
        images: Examples to keep.
    """
    found: list[ImagePart] = []
    parts: list[Any] = []
    start = 0
    for index, (tensor, layout) in enumerate(zip(tensors, layouts, strict=True)):
        if layout.role != "input" or layout.kind != "dense" or index in copies:
            continue
        if len(found) == MAX_IMAGE_TENSORS or not selection.is_numeric(tensor):
            continue
        shape = static_shape(tensor)
        if shape is None or len(shape) != 4:
            continue
        first = layout.feature_axis == 1
        height, width, channels = (shape[2], shape[3], shape[1]) if first else (shape[1], shape[2], shape[3])
        if channels not in (1, 3, 4) or any(side is not None and side < 4 for side in (height, width)):
            continue
        picked = _thumbnails(tensor, images, height, width, min(channels, 3), first)
        size = (images, *picked.shape[1:])
        found.append(ImagePart(index, size, start, first))
        parts.append(tf.reshape(picked, [-1]))
        start += int(np.prod(size))
    return found, tf.concat(parts, 0) if parts else None


def _thumbnails(x: Any, images: int, height: int | None, width: int | None, channels: int, first: bool) -> Any:
    x = x[:images]
    if first:
        x = tf.transpose(x, [0, 2, 3, 1])
    x = tf.cast(x[..., :channels], tf.float32)
    sides = [min(side or IMAGE_SIDE, IMAGE_SIDE) for side in (height, width)]
    for axis, kept in enumerate(sides, 1):
        actual = tf.shape(x)[axis]
        x = tf.gather(x, tf.range(kept) * actual // kept, axis=axis)
    missing = images - tf.shape(x)[0]
    # examples that a small batch does not have are NaN
    x = tf.pad(x, [[0, missing], [0, 0], [0, 0], [0, 0]], constant_values=float("nan"))
    return tf.ensure_shape(x, [images, *sides, channels])
