"""Small copies of image-like inputs, with their labels.

A thumbnail has at most `MAX_SIDE` pixels a side: evenly spaced rows and columns are taken. It has one channel or
three, and each set of thumbnails is scaled to the range of its own finite values.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass

import numpy as np

from tb_inputdiag.keras_vocabulary import ImageAxes, image_axes
from tb_inputdiag.numbers import format_number
from tb_inputdiag.records import F4, F8, MAX_SIDE, U8, TensorLayout
from tb_inputdiag.statistics.namespace import Array, Namespace, is_numeric
from tb_inputdiag.statistics.selection import numeric

__all__ = ["N_LABELS", "ImageBlock", "image_blocks", "labels", "pixels", "reduce", "shown_labels"]

MAX_TENSORS = 4
"""Inputs that get thumbnails."""
N_LABELS = 8
"""Targets kept beside thumbnails."""


@dataclass(frozen=True, slots=True)
class ImageBlock:
    """Where one tensor's thumbnails lie in the vector of pixels.

    Attributes:
        tensor: Index of the tensor.
        shape: ``(examples, height, width, channels)``.
        start: Index of the first pixel.
        axes: Those of the tensor.
    """

    tensor: int
    shape: tuple[int, int, int, int]
    start: int
    axes: ImageAxes

    @property
    def size(self) -> int:
        """How many numbers they are."""
        return int(np.prod(self.shape, dtype=np.int64))


def image_blocks(layouts: Sequence[TensorLayout], copies: Container[int], examples: int) -> tuple[ImageBlock, ...]:
    """Returns where the thumbnails of image-like inputs lie.

    Args:
        layouts: Of all tensors, with the shapes of the whole tensors.
        copies: Indices of tensors that equal another one.
        examples: Examples to keep.
    """
    found: list[ImageBlock] = []
    start = 0
    for index, layout in enumerate(layouts):
        if layout.role != "input" or layout.kind != "dense" or index in copies or not is_numeric(layout.dtype):
            continue
        axes = image_axes(layout.shape or ())
        if axes is None or not axes.is_picture or len(found) == MAX_TENSORS:
            continue
        height, width = (min((layout.shape or ())[axis] or MAX_SIDE, MAX_SIDE) for axis in axes.sides)
        found.append(ImageBlock(index, (examples, height, width, min(axes.channels, 3)), start, axes))
        start += found[-1].size
    return tuple(found)


def reduce(xp: Namespace, x: Array, block: ImageBlock) -> Array:
    """Returns a tensor's thumbnails as a float32 vector; examples that a small batch does not have are NaN."""
    examples, height, width, channels = block.shape
    x = xp.first(x, examples)
    if block.axes.channels_first:
        x = xp.transpose(x, (0, 2, 3, 1))
    x = xp.cast(x[..., :channels] if channels < block.axes.channels else x, "float32")
    for axis, side in ((1, height), (2, width)):
        if (xp.static_shape(x) or ())[axis] != side:
            # a side of unknown length may be shorter: then some pixels are taken twice
            indices = xp.constant(np.arange(side), "int32") * xp.length(x, axis, "int32") // xp.constant(side, "int32")
            x = xp.take(x, indices, axis)
    missing = xp.fill(block.shape, float("nan"), "float32")
    return xp.reshape(xp.first(xp.concat([x, missing]), examples), (block.size,))


def pixels(block: ImageBlock, vector: F4, examples: int) -> tuple[U8, float, float] | None:
    """Returns a tensor's thumbnails ``uint8[n, height, width, channels]`` and the values of black and of white.

    None if no value is finite.

    Args:
        block: Where they lie.
        vector: The pixels of all tensors.
        examples: Size of the batch.
    """
    values = vector[block.start : block.start + block.size].reshape(block.shape)[:examples]
    finite = values[np.isfinite(values)]
    if not finite.size:
        return None
    low, high = float(finite.min()), float(finite.max())
    scaled = (np.nan_to_num(values, nan=low, posinf=high, neginf=low) - low) * (255.0 / ((high - low) or 1.0))
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8), low, high


def labels(xp: Namespace, target: Array | None, n_classes: int) -> Array:
    """Returns ``float64[N_LABELS]``: the classes of the first examples; NaN where there are none.

    Args:
        xp: The backend's functions.
        target: ``[batch]``, ``[batch, 1]`` or rows of `n_classes`; None, or one with more axes, has no labels.
        n_classes: Number of classes.
    """
    nothing = xp.constant((float("nan"),) * N_LABELS, "float64")
    shape = xp.static_shape(target) if target is not None else None
    if shape is None or not 1 <= len(shape) <= 2:
        return nothing
    ids = numeric(xp, xp.first(target, N_LABELS))
    if len(shape) == 2 and shape[-1] == n_classes and n_classes > 1:
        ids = xp.argmax(ids)
    ids = xp.cast(xp.reshape(ids, (-1,)), "float64")
    return xp.first(xp.concat([ids, nothing]), N_LABELS)


def shown_labels(known: F8, examples: int) -> tuple[str, ...]:
    """Returns the labels of the first examples as text."""
    return tuple(format_number(label) for label in known[:examples] if not np.isnan(label))
