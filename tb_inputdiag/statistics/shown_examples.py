"""The examples of a batch that an alert may name, kept to look at: as thumbnails, or as rows of numbers.

Which examples an alert names is known only when the rules have judged, and the batch is gone by then. So the step keeps
the *candidates*: of each input, target and sample weight the first examples with NaN or infinities, those with the
smallest and the largest value, and of each target those with the largest losses. For each candidate it keeps all of
these tensors. They lie behind the thumbnails of the first examples in the vector of pixels, which is read only if an
alert names one of them.

Of a row with more than `MAX_SHOWN_VALUES` values those around the one that stands out are kept.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import numpy as np

from tb_inputdiag.keras_vocabulary import image_axes
from tb_inputdiag.png import encode_png
from tb_inputdiag.records import F4, MAX_SHOWN_VALUES, MAX_SIDE, ShownExample, TensorLayout
from tb_inputdiag.statistics import thumbnails
from tb_inputdiag.statistics.namespace import Array, Namespace, is_floating, is_numeric, static_size
from tb_inputdiag.statistics.tensors import extreme_examples
from tb_inputdiag.statistics.thumbnails import ImageBlock

__all__ = ["Candidate", "Reason", "ShownBlock", "ShownLayout", "reduce", "shown", "shown_layout"]

MAX_TENSORS = 4
"""Inputs, targets and sample weights that are shown of an example."""
MAX_PLACES = 3
"""Examples that are shown of one alert."""
MAX_VALUES = 65_536
"""Most values of an example that is shown as a row. An image may have more."""
MAX_NUMBERS = 131_072
"""Numbers that are kept of a step. Tensors that would need more are left out."""
_KEPT = 2
"""Examples that are kept of each tensor for each `Reason`."""

Reason: TypeAlias = Literal["bad", "extreme", "loss"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An example that is kept of each batch.

    Attributes:
        tensor: Index of the tensor in which it stands out.
        by: Values that are not finite, the smallest or the largest value, or one of the largest losses.
        sign: -1 for the smallest value, 1 for the largest, else 0.
    """

    tensor: int
    by: Reason
    sign: int = 0


@dataclass(frozen=True, slots=True)
class ShownBlock:
    """Where the candidates lie in the vector of pixels, of one tensor.

    Attributes:
        tensor: Index of the tensor.
        start: Index of the first number.
        image: For images: where their thumbnails lie. None for rows.
        size: Values of an example. The first `width` are kept, or those around the one that stands out.
        width: Values that are kept of each.
    """

    tensor: int
    start: int
    image: ImageBlock | None
    size: int = 0
    width: int = 0


@dataclass(frozen=True, slots=True)
class ShownLayout:
    """What is kept of the candidates: their places, then a block for each tensor.

    Attributes:
        start: Index of the first place in the vector of pixels.
        candidates: The candidates, in the order of their places.
        blocks: The tensors that are shown.
        end: Index behind the last number.
    """

    start: int
    candidates: tuple[Candidate, ...]
    blocks: tuple[ShownBlock, ...]
    end: int


def shown_layout(layouts: Sequence[TensorLayout], start: int, losses: Sequence[int] = ()) -> ShownLayout | None:
    """Returns what is kept of a step with these tensors; None if nothing can be shown.

    Args:
        layouts: Of all tensors.
        start: Numbers of the vector of pixels before it.
        losses: Indices of targets whose largest losses are known.
    """
    fed = [i for i, layout in enumerate(layouts) if _is_shown(layout)][:MAX_TENSORS]
    candidates: list[Candidate] = []
    for index in fed:
        if is_floating(layouts[index].dtype):
            candidates += [Candidate(index, "bad")] * _KEPT
        if (static_size((layouts[index].shape or ())[1:]) or 0) <= extreme_examples.MAX_VALUES:
            candidates += [Candidate(index, "extreme", -1), Candidate(index, "extreme", 1)]
        if index in losses:
            candidates += [Candidate(index, "loss")] * _KEPT
    blocks: list[ShownBlock] = []
    end = start + len(candidates)
    for index in fed:
        block = _block(layouts[index], index, end, len(candidates))
        size = _numbers(block, len(candidates))
        if end + size - start <= MAX_NUMBERS:
            blocks.append(block)
            end += size
    return ShownLayout(start, tuple(candidates), tuple(blocks), end) if candidates and blocks else None


def _is_shown(layout: TensorLayout) -> bool:
    if layout.role not in ("input", "target", "sample_weight") or layout.stage != "fed" or layout.kind != "dense":
        return False
    if not layout.shape or not is_numeric(layout.dtype):
        return False
    size = static_size(layout.shape[1:])
    return size is not None and size > 0 and (size <= MAX_VALUES or _is_picture(layout))


def _is_picture(layout: TensorLayout) -> bool:
    axes = image_axes(layout.shape or ())
    return layout.role == "input" and axes is not None and axes.is_picture


def _block(layout: TensorLayout, index: int, start: int, n: int) -> ShownBlock:
    axes = image_axes(layout.shape or ()) if _is_picture(layout) else None
    if axes is None:
        size = static_size((layout.shape or ())[1:]) or 1
        return ShownBlock(index, start, None, size, min(size, MAX_SHOWN_VALUES))
    height, width = (min((layout.shape or ())[axis] or MAX_SIDE, MAX_SIDE) for axis in axes.sides)
    return ShownBlock(index, start, ImageBlock(index, (n, height, width, min(axes.channels, 3)), start, axes))


def _numbers(block: ShownBlock, n: int) -> int:
    """Returns how many numbers a block of `n` candidates has."""
    if block.image is not None:
        return block.image.size
    return n * block.width + (n if block.size > block.width else 0)


# -- in the step --------------------------------------------------------------------------------------


def reduce(
    xp: Namespace,
    layout: ShownLayout,
    tensors: Sequence[Array],
    places: Mapping[Reason, Mapping[int, Array]],
) -> Array:
    """Returns the numbers of a step, ``float32[layout.end - layout.start]``; NaN where there are none.

    Args:
        xp: The backend's functions.
        layout: What is kept.
        tensors: All tensors of the step.
        places: Reason -> index of a tensor -> a vector that begins with the places of its candidates: `bad_examples`,
            `extreme_examples`, `largest_losses`.
    """
    groups = dict.fromkeys((c.by, c.tensor) for c in layout.candidates)
    found = [xp.first(places[reason][index], _KEPT) for reason, index in groups]
    n = len(layout.candidates)
    kept = xp.reshape(xp.cast(xp.concat(found), "float32"), (n,))
    known = xp.is_finite(kept) & (kept > xp.constant(-0.5, "float32"))
    indices = xp.cast(xp.where(known, kept, xp.constant(0.0, "float32")), "int32")
    parts = [xp.where(known, kept, xp.constant(float("nan"), "float32"))]
    for block in layout.blocks:
        examples = _examples(xp, tensors[block.tensor], indices, n)
        if block.image is not None:
            parts.append(thumbnails.reduce(xp, examples, block.image))
        else:
            parts += _rows(xp, examples, block, layout.candidates)
    return xp.concat(parts)


def _examples(xp: Namespace, x: Array, indices: Array, n: int) -> Array:
    """Returns the examples at `n` indices; none of an empty batch."""
    length = (xp.static_shape(x) or (None,))[0]
    if length is not None:
        inside = xp.minimum(indices, xp.constant(max(length - 1, 0), "int32"))
        return xp.take(x, xp.first(inside, n if length else 0))
    there = xp.length(x, 0, "int32")
    one, most = xp.constant(1, "int32"), xp.constant(n, "int32")
    inside = xp.minimum(indices, xp.maximum(there - one, xp.constant(0, "int32")))
    return xp.take(x, xp.first(inside, xp.minimum(there * most, most)))


def _rows(xp: Namespace, examples: Array, block: ShownBlock, candidates: Sequence[Candidate]) -> list[Array]:
    """Returns the rows of the candidates one after the other, and before them where they begin unless all do at 0."""
    n, size, width = len(candidates), block.size, block.width
    rows = xp.reshape(xp.cast(examples, "float32"), (-1, size))
    rows = xp.reshape(xp.first(xp.concat([rows, xp.fill((n, size), float("nan"), "float32")]), n), (n, size))
    if size == width:
        return [xp.reshape(rows, (n * size,))]
    signs = np.asarray([[c.sign if c.tensor == block.tensor else 0] for c in candidates], np.float32)
    finite = xp.is_finite(rows)
    scores = xp.where(finite, rows, xp.constant(0.0, "float32")) * xp.constant(signs, "float32")
    best = xp.argmax(xp.where(finite, scores, xp.constant(float("inf"), "float32")))
    half, last = xp.constant(width // 2, "int32"), xp.constant(size - width, "int32")
    starts = xp.minimum(xp.maximum(xp.cast(best, "int32") - half, xp.constant(0, "int32")), last)
    offsets = xp.constant(np.arange(n) * size, "int32") + starts
    indices = xp.reshape(offsets, (n, 1)) + xp.constant(np.arange(width)[None], "int32")
    values = xp.take(xp.reshape(rows, (n * size,)), xp.reshape(indices, (n * width,)))
    return [xp.cast(starts, "float32"), values]


# -- on the host --------------------------------------------------------------------------------------


def shown(
    layout: ShownLayout, tensors: Sequence[TensorLayout], vector: F4, places: Sequence[int], subject: str
) -> tuple[ShownExample, ...]:
    """Returns the first of the examples that an alert names, as far as they were kept.

    Args:
        layout: What was kept.
        tensors: Layouts of all tensors.
        vector: The vector of pixels.
        places: The places of the examples in the batch.
        subject: The tensor that the alert is about, which comes first.
    """
    known = vector[layout.start : layout.start + len(layout.candidates)]
    blocks = sorted(layout.blocks, key=lambda block: tensors[block.tensor].subject != subject)
    found: list[ShownExample] = []
    for place in places:
        slots = [
            number
            for number in np.flatnonzero(known == place).tolist()
            if tensors[layout.candidates[number].tensor].subject == subject
        ]
        if slots and len({example.place for example in found}) < MAX_PLACES:
            taken = (_shown(block, tensors[block.tensor], vector, slots[0], layout) for block in blocks)
            found += [replace(example, place=place) for example in taken if example is not None]
    return tuple(found)


def _shown(block: ShownBlock, tensor: TensorLayout, vector: F4, slot: int, layout: ShownLayout) -> ShownExample | None:
    if block.image is not None:
        size = block.image.size // block.image.shape[0]
        one = replace(block.image, shape=(1, *block.image.shape[1:]), start=block.start + slot * size)
        drawn = thumbnails.pixels(one, vector, 1)
        if drawn is None:
            return None
        pixels, low, high = drawn
        png = base64.b64encode(encode_png(pixels[0])).decode("ascii")
        return ShownExample(subject=tensor.subject, place=0, png=png, low=low, high=high)
    start, first, n = block.start, 0, len(layout.candidates)
    if block.size > block.width:
        first = int(vector[start + slot])
        start += n
    values = vector[start + slot * block.width : start + (slot + 1) * block.width]
    return ShownExample(subject=tensor.subject, place=0, values=tuple(map(float, values)), first=first, size=block.size)
