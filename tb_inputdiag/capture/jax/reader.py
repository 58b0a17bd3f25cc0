"""How JAX's arrays are read: all of them are dense."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jax
import numpy as np

from tb_inputdiag.capture.jax.namespace import JAX
from tb_inputdiag.capture.jax.tags import Array
from tb_inputdiag.capture.observations import FullShape
from tb_inputdiag.capture.tensor_layout import tensor_layout
from tb_inputdiag.records import Kind, Role, TensorLayout
from tb_inputdiag.statistics.namespace import Namespace

__all__ = ["JaxReader", "kind_of"]


def kind_of(leaf: Any) -> Kind | None:
    """Returns the kind of a leaf of a batch, None for what is not an array of numbers."""
    if isinstance(leaf, jax.Array) or (isinstance(leaf, np.ndarray) and leaf.dtype.kind in "biuf"):
        return "dense"
    return None


class JaxReader:
    """`TensorReader` for JAX.

    Args:
        xp: What reduces the arrays: JAX in a program, or NumPy on the host.
    """

    def __init__(self, xp: Namespace = JAX) -> None:
        self.xp = xp

    def layout(self, name: str, role: Role, tensor: Array, full_shape: FullShape | None = None) -> TensorLayout:
        """Returns the layout of an array, whose first axis is taken for that of examples.

        A step is compiled for one size of batches, but is the same for others.
        """
        layout = tensor_layout(name, role, tensor)
        return replace(layout, shape=(None, *layout.shape[1:])) if layout.shape else layout

    def values(self, tensor: Array) -> Array:
        """Returns the array."""
        return tensor

    def shape(self, tensor: Array) -> Array:
        """Returns the shape."""
        return self.xp.shape(tensor)

    def examples(self, tensor: Array) -> Array | None:
        """Returns the length of the first axis, None for a single number."""
        return self.xp.length(tensor, 0, "float64") if tensor.ndim else None

    def readable(self, tensor: Array) -> Array:
        """Returns the array: nothing of ours is part of the user's program."""
        return tensor
