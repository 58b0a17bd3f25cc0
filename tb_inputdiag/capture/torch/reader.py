"""How PyTorch's tensors are read: all of them are dense."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeAlias

import keras
import numpy as np
import torch

from tb_inputdiag.capture.names import backend_value
from tb_inputdiag.capture.observations import FullShape
from tb_inputdiag.capture.tensor_layout import tensor_layout
from tb_inputdiag.capture.torch.namespace import TorchNamespace
from tb_inputdiag.records import Kind, Role, TensorLayout
from tb_inputdiag.statistics.namespace import Namespace

__all__ = ["Tensor", "TorchReader", "kind_of"]

Tensor: TypeAlias = torch.Tensor

_WITHOUT_FLOAT64 = ("mps",)
"""Devices that lack float64, of which rows are made. What is on them is reduced on the CPU."""


def kind_of(leaf: Any) -> Kind | None:
    """Returns the kind of a leaf of a batch, None for what is not a dense tensor or array of numbers."""
    if isinstance(leaf, torch.Tensor):
        is_dense = leaf.layout is torch.strided and not leaf.is_nested and not leaf.is_quantized
        return "dense" if is_dense else None
    if isinstance(leaf, np.ndarray) and leaf.dtype.kind in "biuf" and leaf.dtype.isnative:
        return "dense" if isinstance(getattr(torch, leaf.dtype.name, None), torch.dtype) else None
    return None


class TorchReader:
    """`TensorReader` for PyTorch.

    Args:
        model: The model, on whose device its tensors are reduced.
    """

    def __init__(self, model: keras.Model) -> None:
        self._device = _device(model)
        self.xp: Namespace = TorchNamespace(self._device)

    def here(self, leaf: Any) -> Tensor:
        """Returns a tensor or array without its graph, on the device where it is reduced.

        It shares the memory of the original if that is there already.
        """
        return torch.as_tensor(leaf).detach().to(self._device)

    def kept(self, leaf: Any) -> Tensor:
        """Returns a copy: the step may change the original in place."""
        if isinstance(leaf, np.ndarray):
            # PyTorch takes no arrays with negative strides, and warns of those that cannot be written
            return torch.as_tensor(np.array(leaf, order="C"), device=self._device)
        return torch.as_tensor(leaf).detach().to(self._device, copy=True)

    def layout(self, name: str, role: Role, tensor: Tensor, full_shape: FullShape | None = None) -> TensorLayout:
        """Returns the layout of a tensor or array, whose first axis is taken for that of examples."""
        layout = tensor_layout(name, role, tensor)
        shape = (None, *layout.shape[1:]) if layout.shape else layout.shape
        return replace(layout, shape=shape, dtype=layout.dtype.removeprefix("torch."))

    def values(self, tensor: Tensor) -> Tensor:
        """Returns the tensor."""
        return tensor

    def shape(self, tensor: Tensor) -> Tensor:
        """Returns the shape."""
        return self.xp.shape(tensor)

    def examples(self, tensor: Tensor) -> Tensor | None:
        """Returns the length of the first axis, None for a single number."""
        return self.xp.length(tensor, 0, "float64") if tensor.ndim else None

    def readable(self, tensor: Tensor) -> Tensor:
        """Returns the tensor: to read one does not change a step that runs eagerly."""
        return tensor


def _device(model: keras.Model) -> torch.device:
    """Returns the device of a model's first weight, or the CPU if that cannot reduce."""
    device: torch.device = next((backend_value(v).device for v in model.variables), torch.device("cpu"))
    return torch.device("cpu") if device.type in _WITHOUT_FLOAT64 else device
