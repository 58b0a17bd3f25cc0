"""The row: all numbers of one replica's step, one vector of float64, block after block.

Blocks that are reduced in float32 come after those in float64, so that they are cast all at once. `RowLayout` says
where each block lies. The probe writes by it, and the host reads by it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tb_inputdiag.records import F8, I8, MAX_EXAMPLE_IDS, TensorLayout
from tb_inputdiag.statistics import activations, gradients, health, largest_losses, target_copies, thumbnails, weights
from tb_inputdiag.statistics.namespace import Array, Namespace, static_size
from tb_inputdiag.statistics.step import N_STEP_SCALARS
from tb_inputdiag.statistics.tensors import tensor_statistics

__all__ = ["Block", "RowLayout", "RowWriter", "TensorBlock", "row_layout"]

_Precision = Literal["float64", "float32"]


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a row: `shape` numbers from `start` on, reduced in `dtype`."""

    start: int
    shape: tuple[int, ...]
    dtype: _Precision

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)

    def read(self, row: F8) -> F8:
        """Returns the numbers of a row in this block's shape; of several rows ``[..., size]`` with their axes first."""
        return row[..., self.start : self.start + self.size].reshape(*row.shape[:-1], *self.shape)


@dataclass(frozen=True, slots=True)
class TensorBlock:
    """The numbers of one statistic of all tensors.

    Attributes:
        block: All of them, one measured tensor after the other.
        places: ``[RAW_WIDTH, N]``: where in the row each number of each place of every tensor stands. A tensor that
            is a copy of another one has the other's.
    """

    block: Block
    places: I8

    def read(self, row: F8) -> F8:
        """Returns ``float64[RAW_WIDTH, N]``; of several rows ``[..., size]`` with their axes first."""
        return row[..., self.places]


@dataclass(frozen=True, slots=True)
class RowLayout:
    """Where each block of a row lies. T tensors, W weights, L layer calls."""

    step: Block
    """`step.StepScalars`."""
    tensors: Mapping[str, TensorBlock]
    """Of each `TensorStatistic`, by its name."""
    example_ids: Block
    labels: Block
    """Of the first examples, shown with thumbnails; NaN for those that have none."""
    target_copies: Block
    """``[comparisons, len(target_copies.NUMBERS)]``"""
    largest_losses: Block
    """``[pairs, largest_losses.WIDTH]``"""
    gradients: Block
    """``[W, len(gradients.NUMBERS)]``"""
    gradient_health: Block
    """``[W, len(health.KINDS)]``"""
    weights: Block
    """``[len(weights.NUMBERS), W]``"""
    weight_health: Block
    """``[W, len(health.KINDS)]``"""
    activations: Block
    """``[L, len(activations.NUMBERS)]``"""
    units: Block
    """Largest magnitude of each unit, layer by layer."""
    activation_health: Block
    """``[L, len(health.KINDS)]``"""
    moving_averages: Block
    """`moving_averages.NUMBERS` of each channel, layer by layer."""
    size: int
    """Numbers in the row."""


class _Allocator:
    """Hands out blocks of one dtype, one after the other."""

    def __init__(self, dtype: _Precision, start: int) -> None:
        self.dtype, self.end = dtype, start

    def block(self, *shape: int) -> Block:
        block = Block(self.end, shape, self.dtype)
        self.end += block.size
        return block


def row_layout(
    tensors: Sequence[TensorLayout],
    copies: Mapping[int, int],
    n_weights: int,
    units: Sequence[int],
    n_averages: int = 0,
    n_comparisons: int = 0,
    n_losses: int = 0,
) -> RowLayout:
    """Returns the layout of a step's rows.

    Args:
        tensors: All tensors that the step describes.
        copies: Index of a tensor that is not measured -> index of the earlier one that it equals.
        n_weights: Weights that are updated.
        units: For each layer call its number of units; 0 if there is one magnitude for all.
        n_averages: Numbers of moving averages.
        n_comparisons: Pairs of a target and an input that are compared.
        n_losses: Targets whose examples have losses that are known.
    """
    sizes = {
        statistic.NAME: [0 if i in copies else statistic.RAW_WIDTH * statistic.places(t) for i, t in enumerate(tensors)]
        for statistic in tensor_statistics()
    }
    wide = _Allocator("float64", 0)
    step = wide.block(N_STEP_SCALARS)
    blocks = {s.NAME: wide.block(sum(sizes[s.NAME])) for s in tensor_statistics() if s.DTYPE == "float64"}
    example_ids = wide.block(MAX_EXAMPLE_IDS)
    labels = wide.block(thumbnails.N_LABELS)
    compared = wide.block(n_comparisons, len(target_copies.NUMBERS))
    worst = wide.block(n_losses, largest_losses.WIDTH)
    kinds = len(health.KINDS)
    gradient_health, weight_health = wide.block(n_weights, kinds), wide.block(n_weights, kinds)
    activation_health = wide.block(len(units), kinds)
    narrow = _Allocator("float32", wide.end)
    blocks |= {s.NAME: narrow.block(sum(sizes[s.NAME])) for s in tensor_statistics() if s.DTYPE == "float32"}
    return RowLayout(
        step=step,
        tensors={
            s.NAME: _tensor_block(blocks[s.NAME], s.RAW_WIDTH, sizes[s.NAME], copies) for s in tensor_statistics()
        },
        example_ids=example_ids,
        labels=labels,
        target_copies=compared,
        largest_losses=worst,
        gradients=narrow.block(n_weights, len(gradients.NUMBERS)),
        gradient_health=gradient_health,
        weights=narrow.block(len(weights.NUMBERS), n_weights),
        weight_health=weight_health,
        activations=narrow.block(len(units), len(activations.NUMBERS)),
        units=narrow.block(sum(max(1, n) for n in units)),
        activation_health=activation_health,
        moving_averages=narrow.block(n_averages),
        size=narrow.end,
    )


def _tensor_block(block: Block, width: int, sizes: Sequence[int], copies: Mapping[int, int]) -> TensorBlock:
    stretches: list[I8] = []
    start = block.start
    for index, size in enumerate(sizes):
        if index in copies:
            stretches.append(stretches[copies[index]])
            continue
        stretches.append(np.arange(start, start + size, dtype=np.int64).reshape(width, -1))
        start += size
    return TensorBlock(block, np.concatenate([np.zeros((width, 0), np.int64), *stretches], 1))


class RowWriter:
    """Collects the blocks of a row.

    Args:
        xp: The backend's functions.
        layout: Where each block goes.
    """

    def __init__(self, xp: Namespace, layout: RowLayout) -> None:
        self._xp = xp
        self._layout = layout
        self._written: dict[int, tuple[Block, list[Array]]] = {}

    def put(self, block: Block, parts: Sequence[Array]) -> None:
        """Puts scalars, or vectors that together have as many numbers as the block.

        Raises:
            ValueError: for another number of values than the block has.
        """
        if block.size == 0:
            return
        scalars = self._xp.static_shape(parts[0]) == ()
        vectors = [self._xp.stack(parts)] if scalars else list(parts)
        sizes = [static_size(self._xp.static_shape(vector)) for vector in vectors]
        known = sum(size for size in sizes if size is not None)
        if known > block.size or (None not in sizes and known != block.size):
            raise ValueError(f"A block of {block.size} numbers was given {sizes}: {block}.")
        self._written[block.start] = block, vectors

    def row(self) -> Array:
        """Returns ``float64[layout.size]``.

        Raises:
            ValueError: if a block is missing.
        """
        in_order = [self._written[start] for start in sorted(self._written)]
        if sum(block.size for block, _ in in_order) != self._layout.size:
            raise ValueError(f"Blocks are missing from a row of {self._layout.size} numbers: {sorted(self._written)}.")
        wide = [vector for block, vectors in in_order if block.dtype == "float64" for vector in vectors]
        narrow = [vector for block, vectors in in_order if block.dtype == "float32" for vector in vectors]
        if narrow:
            wide.append(self._xp.cast(self._xp.concat(narrow), "float64"))
        return self._xp.concat(wide)
