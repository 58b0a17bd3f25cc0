"""The array namespace of NumPy: runs a reduction without a backend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.statistics.namespace import DType, Namespace

__all__ = ["NUMPY"]

_Array = NDArray[Any]


class _NumpyNamespace:
    """`Namespace` for NumPy arrays. Wrap calls in ``np.errstate(all="ignore")``: undefined values are NaN."""

    def dtype(self, x: _Array) -> str:
        """Returns the dtype's name."""
        return str(x.dtype.name)

    def static_shape(self, x: _Array) -> tuple[int | None, ...] | None:
        """Returns the shape."""
        return x.shape

    def shape(self, x: _Array) -> _Array:
        """Returns the shape as a vector."""
        return np.asarray(x.shape, np.float64)

    def size(self, x: _Array, dtype: DType) -> _Array:
        """Returns the number of values."""
        return np.asarray(x.size, dtype)

    def length(self, x: _Array, axis: int, dtype: DType) -> _Array:
        """Returns the length of an axis."""
        return np.asarray(x.shape[axis], dtype)

    def needs_static_sizes(self) -> bool:
        """Returns False."""
        return False

    def constant(self, value: float | tuple[float, ...] | _Array, dtype: DType | str) -> _Array:
        """Returns an array of these numbers."""
        return np.asarray(value, dtype)

    def fill(self, shape: tuple[int, ...], value: float, dtype: DType) -> _Array:
        """Returns an array of one value."""
        return np.full(shape, value, dtype)

    def arange(self, n: _Array) -> _Array:
        """Returns indices."""
        return np.arange(int(n), dtype=n.dtype)

    def cast(self, x: _Array, dtype: DType) -> _Array:
        """Returns the values in another dtype."""
        return np.asarray(x, dtype)

    def float_bits(self, x: _Array) -> _Array:
        """Returns the bits of float32 numbers."""
        return np.frombuffer(np.ascontiguousarray(x).tobytes(), np.uint32).reshape(x.shape)

    def equal(self, x: _Array, y: _Array) -> _Array:
        """Returns where arrays are equal."""
        return np.equal(x, y)

    def equals(self, x: _Array, value: float) -> _Array:
        """Returns where an array is a number."""
        return np.asarray(np.equal(x, np.asarray(value, x.dtype)))

    def is_finite(self, x: _Array) -> _Array:
        """Returns where an array is finite."""
        return np.isfinite(x)

    def is_nan(self, x: _Array) -> _Array:
        """Returns where an array is NaN."""
        return np.isnan(x)

    def where(self, condition: _Array, x: _Array, y: _Array) -> _Array:
        """Returns values of either array."""
        return np.where(condition, x, y)

    def minimum(self, x: _Array, y: _Array) -> _Array:
        """Returns the smaller values."""
        return np.asarray(np.minimum(x, y))

    def maximum(self, x: _Array, y: _Array) -> _Array:
        """Returns the larger values."""
        return np.asarray(np.maximum(x, y))

    def absolute(self, x: _Array) -> _Array:
        """Returns magnitudes."""
        return np.asarray(np.abs(x))

    def square(self, x: _Array) -> _Array:
        """Returns squares."""
        return np.asarray(np.square(x))

    def squared_difference(self, x: _Array, y: _Array) -> _Array:
        """Returns squares of differences."""
        return np.asarray(np.square(x - y))

    def log(self, x: _Array) -> _Array:
        """Returns natural logarithms."""
        return np.asarray(np.log(x))

    def floor(self, x: _Array) -> _Array:
        """Returns whole numbers below."""
        return np.asarray(np.floor(x))

    def round(self, x: _Array) -> _Array:
        """Returns the nearest whole numbers."""
        return np.asarray(np.rint(x))

    def shift_right(self, x: _Array, bits: int) -> _Array:
        """Returns bits moved down."""
        return np.asarray(np.right_shift(x, np.asarray(bits, x.dtype)))

    def sum(self, x: _Array, axes: tuple[int, ...] | None = None) -> _Array:
        """Returns the sum in the dtype of `x`."""
        return np.asarray(x.sum(axes, dtype=x.dtype))

    def mean(self, x: _Array) -> _Array:
        """Returns the mean; NaN of no values."""
        return np.asarray(x.sum(dtype=x.dtype) / np.asarray(x.size, x.dtype))

    def min(self, x: _Array, axes: tuple[int, ...] | None = None) -> _Array:
        """Returns the smallest value."""
        return np.asarray(x.min(axes, initial=np.inf))

    def max(self, x: _Array, axes: tuple[int, ...] | None = None) -> _Array:
        """Returns the largest value."""
        return np.asarray(x.max(axes, initial=-np.inf))

    def any(self, x: _Array, axes: tuple[int, ...]) -> _Array:
        """Returns where any value is true."""
        return np.asarray(np.any(x, axes))

    def argmax(self, x: _Array) -> _Array:
        """Returns places of the largest values."""
        return np.asarray(np.argmax(x, -1))

    def count(self, mask: _Array) -> _Array:
        """Returns how many are true."""
        return np.asarray(np.count_nonzero(mask), np.float64)

    def fraction(self, mask: _Array) -> _Array:
        """Returns which part is true."""
        return np.asarray(np.float64(np.count_nonzero(mask)) / np.asarray(mask).size, np.float32)

    def half_squares(self, x: _Array) -> _Array:
        """Returns half the sum of squares."""
        if x.dtype not in (np.float32, np.float64):
            return np.asarray(np.square(x).sum(dtype=x.dtype) / np.asarray(2, x.dtype))
        flat = x.reshape(-1)
        # unlike a sum of squares, this needs no memory for them
        return np.asarray(np.dot(flat, flat) / np.asarray(2, x.dtype))

    def counts_by_kind(self, x: _Array) -> _Array | None:
        """Returns None."""
        return None

    def largest(self, x: _Array, n: int | None) -> _Array:
        """Returns the largest values."""
        return np.sort(x)[::-1][:n]

    def places_of_largest(self, x: _Array, n: int) -> _Array:
        """Returns where the largest values are."""
        return np.argsort(-x, kind="stable")[:n]

    def take(self, x: _Array, indices: _Array, axis: int = 0) -> _Array:
        """Returns parts of an array."""
        return np.take(x, indices, axis)

    def first(self, x: _Array, n: Any) -> _Array:
        """Returns the first rows."""
        return x[: int(n)]

    def every(self, x: _Array, n: int) -> _Array:
        """Returns every n-th row."""
        return x[::n]

    def all_unless(self, x: _Array, nothing: _Array) -> _Array:
        """Returns all values or none."""
        return x.reshape(-1)[: 0 if nothing else None]

    def unless(self, unneeded: _Array, make: Callable[[], _Array], n: int) -> _Array:
        """Returns numbers, or zeros where they are not needed."""
        return np.zeros(n) if unneeded else make()

    def reshape(self, x: _Array, shape: tuple[int, ...]) -> _Array:
        """Returns the values in another shape."""
        return x.reshape(shape)

    def flatten_examples(self, x: _Array) -> _Array:
        """Returns a row for each example."""
        return x.reshape(len(x), x.size // max(len(x), 1))

    def transpose(self, x: _Array, order: tuple[int, ...]) -> _Array:
        """Returns the array with its axes in another order."""
        return np.transpose(x, order)

    def stack(self, scalars: Sequence[_Array]) -> _Array:
        """Returns a vector of scalars."""
        # for scalars, `np.stack` takes ten times as long
        return np.array(scalars)

    def concat(self, arrays: Sequence[_Array]) -> _Array:
        """Returns arrays joined."""
        return np.concatenate(arrays)


NUMPY: Namespace = _NumpyNamespace()
