"""Finds the kernels in a weight table, and the layer of each weight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.records import Layout, ModelFacts, WeightFacts, WeightTable

__all__ = ["KernelRows", "is_kernel", "kernel_rows", "lost_before"]


@dataclass(frozen=True, slots=True)
class KernelRows:
    """Rows of the weight table that hold kernels."""

    rows: NDArray[np.intp]
    """Rows of weights with two axes or more, in forward order."""
    layer_rows: NDArray[np.intp]
    """For each of `rows`, the position of its layer in forward order."""
    weights: tuple[WeightFacts | None, ...]
    """Facts of every row of the table; None for weights that the model's facts do not name."""
    layers: tuple[str, ...]
    """Layer of every row of the table; empty if unknown."""


def is_kernel(weight: WeightFacts) -> bool:
    """Returns whether a weight multiplies its input. (Biases of attention have two axes, too.)"""
    part = weight.name.rpartition("/")[2]
    return len(weight.shape) >= 2 and not part.endswith(("bias", "gamma", "beta", "scale"))


def lost_before(table: WeightTable) -> NDArray[np.bool_]:
    """Returns which weights held NaN or infinities before the step.

    Elements are counted after the update; the norm is taken before it.
    """
    lost: NDArray[np.bool_] = (table.weight_nonfinite_count > 0) & ~np.isfinite(table.weight_norm)
    return lost


def kernel_rows(layout: Layout, facts: ModelFacts | None) -> KernelRows:
    """Returns the kernels of a layout."""
    by_name = {weight.name: weight for weight in facts.weights} if facts is not None else {}
    weights = tuple(by_name.get(name) for name in layout.weights)
    layers = tuple(
        weight.layer if weight is not None else name.rpartition("/")[0]
        for name, weight in zip(layout.weights, weights, strict=True)
    )
    order: dict[str, int] = {}
    known = tuple(layer.name for layer in facts.layers) if facts is not None else ()
    for name in layout.layers or known:
        order.setdefault(name.partition("#")[0], len(order))
    # Without a forward order, use the order of creation: most models are built front to back.
    places = [order.get(layer, len(order) + row) for row, layer in enumerate(layers)]
    kernels = [row for row, weight in enumerate(weights) if weight is not None and is_kernel(weight)]
    kernels.sort(key=lambda row: places[row])
    return KernelRows(
        rows=np.asarray(kernels, np.intp),
        layer_rows=np.asarray([places[row] for row in kernels], np.intp),
        weights=weights,
        layers=layers,
    )
