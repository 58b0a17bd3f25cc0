"""TensorFlow's kinds of tensors: dense, ragged, sparse and strings; and how they are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import tensorflow as tf

from tb_inputdiag.capture.names import flatten
from tb_inputdiag.capture.observations import FullShape
from tb_inputdiag.capture.tensor_layout import tensor_layout
from tb_inputdiag.capture.tensorflow import ops
from tb_inputdiag.capture.tensorflow.namespace import TENSORFLOW
from tb_inputdiag.capture.tensorflow.ops import Tensor
from tb_inputdiag.records import Kind, Role, TensorLayout
from tb_inputdiag.statistics.namespace import Namespace

__all__ = ["TensorFlowReader", "is_tensor", "kind_of", "layout_of", "layouts_of", "values_of"]


def is_tensor(leaf: Any) -> bool:
    """Tells whether a leaf of a batch is a tensor of any kind."""
    return isinstance(leaf, tf.Tensor | tf.RaggedTensor | tf.SparseTensor)


def kind_of(tensor: Tensor) -> Kind:
    """Returns the kind of a tensor: dense, ragged, sparse or string."""
    if isinstance(tensor, tf.RaggedTensor):
        return "ragged"
    if isinstance(tensor, tf.SparseTensor):
        return "sparse"
    return "string" if getattr(tensor, "dtype", None) == tf.string else "dense"


def values_of(tensor: Tensor) -> Tensor:
    """Returns the dense tensor of stored values of a dense, ragged or sparse tensor."""
    if isinstance(tensor, tf.RaggedTensor):
        return tensor.flat_values
    return tensor.values if isinstance(tensor, tf.SparseTensor) else tensor


def layout_of(name: str, role: Role, tensor: Tensor, full_shape: FullShape | None = None) -> TensorLayout:
    """Returns the layout of a tensor of any kind.

    Args:
        name: Name of the tensor.
        role: What it is to the model.
        tensor: The tensor, or its first examples.
        full_shape: Shape of the whole, where `tensor` is only its first examples.
    """
    layout = tensor_layout(name, role, tensor, kind_of(tensor))
    return layout if full_shape is None else replace(layout, shape=full_shape.static)


def layouts_of(structure: Any) -> tuple[TensorLayout, ...]:
    """Returns the layouts of the tensors among a layer call's arguments: ``inputs``, or ``inputs/0`` and so on."""
    return tuple(_numbered([leaf for _, leaf in flatten(structure) if is_tensor(leaf)]))


def _numbered(tensors: list[Tensor]) -> Iterator[TensorLayout]:
    for index, tensor in enumerate(tensors):
        yield layout_of(f"inputs/{index}" if len(tensors) > 1 else "inputs", "input", tensor)


@dataclass(frozen=True, slots=True)
class TensorFlowReader:
    """`TensorReader` for TensorFlow."""

    readable: Callable[[Tensor], Tensor]
    """Returns a tensor of the same values that can be read without changing the step."""
    xp: Namespace = TENSORFLOW

    def layout(self, name: str, role: Role, tensor: Tensor, full_shape: FullShape | None = None) -> TensorLayout:
        """Returns the layout of a tensor of any kind."""
        return layout_of(name, role, tensor, full_shape)

    def values(self, tensor: Tensor) -> Tensor:
        """Returns the stored values."""
        return values_of(tensor)

    def shape(self, tensor: Tensor) -> Tensor:
        """Returns the shape in this batch; that of a tensor of unknown rank is empty."""
        if isinstance(tensor, tf.RaggedTensor):
            return ops.cast(tensor.bounding_shape(out_type=tf.int64), tf.float64)
        if isinstance(tensor, tf.SparseTensor):
            return ops.cast(tensor.dense_shape, tf.float64)
        return tf.zeros([0], tf.float64) if tensor.shape.rank is None else TENSORFLOW.shape(tensor)

    def examples(self, tensor: Tensor) -> Tensor | None:
        """Returns the number of examples, None if the tensor has no axis of them."""
        if isinstance(tensor, tf.RaggedTensor):
            return ops.cast(tensor.nrows(), tf.float64)
        if isinstance(tensor, tf.SparseTensor):
            return ops.cast(tensor.dense_shape[0], tf.float64)
        return TENSORFLOW.length(tensor, 0, "float64") if tensor.shape.rank else None
