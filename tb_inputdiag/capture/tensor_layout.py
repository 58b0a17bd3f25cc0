"""Names, shapes and dtypes of tensors, for every backend."""

from __future__ import annotations

from typing import Any

from tb_inputdiag.records import Kind, Role, TensorLayout

__all__ = ["static_shape", "tensor_layout"]


def static_shape(tensor: Any) -> tuple[int | None, ...] | None:
    """Returns the shape of a tensor or array, with None for axes of unknown size; None if its rank is unknown."""
    shape = getattr(tensor, "shape", None)
    if shape is None:
        return None
    try:
        return tuple(None if n is None else int(n) for n in shape)
    except (ValueError, TypeError):
        return None


def tensor_layout(name: str, role: Role, tensor: Any, kind: Kind = "dense") -> TensorLayout:
    """Returns the layout of a tensor or array."""
    dtype = getattr(tensor, "dtype", None)
    return TensorLayout(
        name=name,
        role=role,
        shape=static_shape(tensor),
        dtype=getattr(dtype, "name", None) or str(dtype),
        kind=kind,
    )
