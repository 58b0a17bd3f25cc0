"""The array namespace of PyTorch.

PyTorch lacks most operations on unsigned 32-bit numbers, which fingerprints are made of: `_Unsigned` has them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from tb_inputdiag.statistics.namespace import Array, DType, Namespace

__all__ = ["TORCH", "TorchNamespace"]

_MASK = 0xFFFFFFFF


class _Unsigned:
    """Unsigned 32-bit numbers, kept in the lower half of int64."""

    dtype = "uint32"

    def __init__(self, wide: torch.Tensor) -> None:
        self.wide = wide & _MASK

    @property
    def shape(self) -> torch.Size:
        return self.wide.shape

    def __getitem__(self, place: Any) -> _Unsigned:
        return _Unsigned(self.wide[place])

    def __add__(self, other: _Unsigned) -> _Unsigned:
        return _Unsigned(self.wide + other.wide)

    def __mul__(self, other: _Unsigned) -> _Unsigned:
        # the upper half of the product overflows, the lower one is right
        return _Unsigned(self.wide * other.wide)

    def __xor__(self, other: _Unsigned) -> _Unsigned:
        return _Unsigned(self.wide ^ other.wide)


class TorchNamespace:
    """`Namespace` for tensors of PyTorch.

    Args:
        device: Where constants are made: that of the tensors to be reduced.
    """

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self._device = torch.device(device)

    # -- what an array is --------------------------------------------------------------------------

    def dtype(self, x: Array) -> str:
        """Returns the dtype's name."""
        return str(x.dtype).removeprefix("torch.")

    def static_shape(self, x: Array) -> tuple[int | None, ...] | None:
        """Returns the shape."""
        return tuple(x.shape)

    def shape(self, x: Array) -> Array:
        """Returns the shape as a vector."""
        return torch.tensor(tuple(x.shape), dtype=torch.float64, device=self._device)

    def size(self, x: Array, dtype: DType) -> Array:
        """Returns the number of values."""
        return self.constant(x.numel(), dtype)

    def length(self, x: Array, axis: int, dtype: DType) -> Array:
        """Returns the length of an axis."""
        return self.constant(x.shape[axis], dtype)

    def needs_static_sizes(self) -> bool:
        """Returns whether to wait for no value: on a GPU, a size that depends on one stops the stream."""
        return bool(self._device.type != "cpu")

    # -- making arrays -----------------------------------------------------------------------------

    def constant(self, value: float | tuple[float, ...] | NDArray[Any], dtype: DType | str) -> Array:
        """Returns a constant."""
        if dtype == "uint32":
            return _Unsigned(torch.as_tensor(np.asarray(value).astype(np.int64), device=self._device))
        if dtype in ("uint16", "uint64"):  # NumPy's, which PyTorch can hold but hardly compute with
            return torch.as_tensor(np.asarray(value).astype(np.int64), device=self._device)
        # a copy: PyTorch would share the memory of a NumPy array, and warns if that is read-only
        return torch.tensor(value, dtype=getattr(torch, dtype), device=self._device)

    def fill(self, shape: tuple[int, ...], value: float, dtype: DType) -> Array:
        """Returns an array of one value."""
        return torch.full(shape, value, dtype=getattr(torch, dtype), device=self._device)

    def arange(self, n: Array) -> Array:
        """Returns indices."""
        return torch.arange(int(n), dtype=n.dtype, device=self._device)

    def cast(self, x: Array, dtype: DType) -> Array:
        """Returns the values in another dtype."""
        return (x.wide if isinstance(x, _Unsigned) else x).to(getattr(torch, dtype))

    def float_bits(self, x: Array) -> Array:
        """Returns the bits of float32 numbers."""
        return _Unsigned(x.contiguous().view(torch.int32).to(torch.int64))

    # -- one value at a time -----------------------------------------------------------------------

    def equal(self, x: Array, y: Array) -> Array:
        """Returns where arrays are equal."""
        return torch.eq(x, y)

    def equals(self, x: Array, value: float) -> Array:
        """Returns where an array is a number."""
        return torch.eq(x, value)

    def is_finite(self, x: Array) -> Array:
        """Returns where an array is finite."""
        return torch.isfinite(x)

    def is_nan(self, x: Array) -> Array:
        """Returns where an array is NaN."""
        return torch.isnan(x)

    def where(self, condition: Array, x: Array, y: Array) -> Array:
        """Returns values of either array."""
        return torch.where(condition, x, y)

    def minimum(self, x: Array, y: Array) -> Array:
        """Returns the smaller values."""
        return torch.minimum(x, y)

    def maximum(self, x: Array, y: Array) -> Array:
        """Returns the larger values."""
        return torch.maximum(x, y)

    def absolute(self, x: Array) -> Array:
        """Returns magnitudes."""
        return torch.abs(x)

    def square(self, x: Array) -> Array:
        """Returns squares."""
        return torch.square(x)

    def squared_difference(self, x: Array, y: Array) -> Array:
        """Returns squares of differences."""
        return torch.square(x - y)

    def log(self, x: Array) -> Array:
        """Returns natural logarithms."""
        return torch.log(x)

    def floor(self, x: Array) -> Array:
        """Returns whole numbers below."""
        return torch.floor(x)

    def round(self, x: Array) -> Array:
        """Returns the nearest whole numbers."""
        return torch.round(x)

    def shift_right(self, x: Array, bits: int) -> Array:
        """Returns bits moved down."""
        return _Unsigned(x.wide >> bits)

    # -- reductions --------------------------------------------------------------------------------

    def sum(self, x: Array, axes: tuple[int, ...] | None = None) -> Array:
        """Returns the sum."""
        if isinstance(x, _Unsigned):
            return _Unsigned(x.wide.sum(_all(x.wide, axes)))
        return x.sum(_all(x, axes), dtype=x.dtype)

    def mean(self, x: Array) -> Array:
        """Returns the mean."""
        return x.mean()

    def min(self, x: Array, axes: tuple[int, ...] | None = None) -> Array:
        """Returns the smallest value."""
        return _with_extreme(x, axes, np.inf).amin(_all(x, axes))

    def max(self, x: Array, axes: tuple[int, ...] | None = None) -> Array:
        """Returns the largest value."""
        return _with_extreme(x, axes, -np.inf).amax(_all(x, axes))

    def any(self, x: Array, axes: tuple[int, ...]) -> Array:
        """Returns where any value is true."""
        return torch.any(x, axes) if axes else x

    def argmax(self, x: Array) -> Array:
        """Returns places of the largest values."""
        return torch.argmax(x, -1)

    def count(self, mask: Array) -> Array:
        """Returns how many are true."""
        return torch.count_nonzero(mask).to(torch.float64)

    def fraction(self, mask: Array) -> Array:
        """Returns which part is true."""
        return (torch.count_nonzero(mask).to(torch.float64) / mask.numel()).to(torch.float32)

    def half_squares(self, x: Array) -> Array:
        """Returns half the sum of squares."""
        if x.dtype not in (torch.float32, torch.float64):
            return torch.square(x).sum() / 2
        flat = x.reshape(-1)
        # unlike a sum of squares, this needs no memory for them
        return torch.dot(flat, flat) / 2

    def counts_by_kind(self, x: Array) -> Array | None:
        """Returns None."""
        return None

    # -- order and place ---------------------------------------------------------------------------

    def largest(self, x: Array, n: int | None) -> Array:
        """Returns the largest values."""
        return torch.sort(x, descending=True).values[:n]

    def places_of_largest(self, x: Array, n: int) -> Array:
        """Returns where the largest values are."""
        return torch.sort(x, descending=True, stable=True).indices[:n]

    def take(self, x: Array, indices: Array, axis: int = 0) -> Array:
        """Returns parts of an array."""
        return x.index_select(axis % x.ndim, indices)

    def first(self, x: Array, n: int | Array) -> Array:
        """Returns the first rows."""
        return x[: int(n)]

    def every(self, x: Array, n: int) -> Array:
        """Returns every n-th row."""
        return x[::n]

    def all_unless(self, x: Array, nothing: Array) -> Array:
        """Returns all values or none."""
        return x.reshape(-1)[: 0 if nothing else None]

    def unless(self, unneeded: Array, make: Callable[[], Array], n: int) -> Array:
        """Returns numbers, or zeros where they are not needed; on a GPU all, see `needs_static_sizes`."""
        if self.needs_static_sizes() or not unneeded:
            return make()
        return self.fill((n,), 0.0, "float64")

    def reshape(self, x: Array, shape: tuple[int, ...]) -> Array:
        """Returns the values in another shape."""
        return x.reshape(shape)

    def flatten_examples(self, x: Array) -> Array:
        """Returns a row for each example."""
        return x.reshape(x.shape[0], x.numel() // max(x.shape[0], 1))

    def transpose(self, x: Array, order: tuple[int, ...]) -> Array:
        """Returns the array with its axes in another order."""
        return x.permute(order)

    def stack(self, scalars: Sequence[Array]) -> Array:
        """Returns a vector of scalars."""
        return torch.stack(list(scalars))

    def concat(self, arrays: Sequence[Array]) -> Array:
        """Returns arrays joined."""
        return torch.cat(list(arrays))


def _all(x: torch.Tensor, axes: tuple[int, ...] | None) -> tuple[int, ...]:
    return tuple(range(x.ndim)) if axes is None else axes


def _with_extreme(x: torch.Tensor, axes: tuple[int, ...] | None, value: float) -> torch.Tensor:
    """Returns a tensor that has at least one value to reduce along each axis: the identity, if it had none."""
    shape = list(x.shape)
    empty = [axis for axis in _all(x, axes) if shape[axis] == 0]
    if not empty:
        return x
    for axis in empty:
        shape[axis] = 1
    return torch.full(shape, value, dtype=x.dtype, device=x.device)


TORCH: Namespace = TorchNamespace()
"""That of the CPU."""
