"""The array namespace of JAX: reductions that are traced into one program.

All sizes are static. So constants, and whatever is computed from sizes alone, are NumPy arrays, which cost no equation.
Everything is to be called inside `wide`, because JAX drops float64 otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.statistics.namespace import Array, DType, Namespace

_USERS_CHOICE = bool(jax.config.jax_enable_x64)

__all__ = ["JAX", "narrow", "wide"]


def wide() -> AbstractContextManager[None]:
    """Lets JAX have float64 and int64 in this thread while a block runs."""
    context: AbstractContextManager[None] = jax.enable_x64(True)
    return context


def narrow() -> AbstractContextManager[None]:
    """Gives JAX its default of numbers of at most 32 bits in this thread while a block runs, unless the user chose
    more."""
    context: AbstractContextManager[None] = jax.enable_x64(_USERS_CHOICE)
    return context


class _JaxNamespace:
    """`Namespace` for JAX arrays."""

    # -- what an array is --------------------------------------------------------------------------

    def dtype(self, x: Array) -> str:
        """Returns the dtype's name."""
        return str(x.dtype)

    def static_shape(self, x: Array) -> tuple[int | None, ...] | None:
        """Returns the shape."""
        return tuple(x.shape)

    def shape(self, x: Array) -> Array:
        """Returns the shape as a vector."""
        return np.asarray(x.shape, np.float64)

    def size(self, x: Array, dtype: DType) -> Array:
        """Returns the number of values."""
        return np.asarray(x.size, dtype)

    def length(self, x: Array, axis: int, dtype: DType) -> Array:
        """Returns the length of an axis."""
        return np.asarray(x.shape[axis], dtype)

    def needs_static_sizes(self) -> bool:
        """Returns True: XLA compiles everything."""
        return True

    # -- making arrays -----------------------------------------------------------------------------

    def constant(self, value: float | tuple[float, ...] | NDArray[Any], dtype: DType | str) -> Array:
        """Returns a constant."""
        return np.asarray(value, dtype)

    def fill(self, shape: tuple[int, ...], value: float, dtype: DType) -> Array:
        """Returns an array of one value."""
        return jnp.full(shape, value, dtype)

    def arange(self, n: Array) -> Array:
        """Returns indices."""
        return np.arange(int(n), dtype=n.dtype)

    def cast(self, x: Array, dtype: DType) -> Array:
        """Returns the values in another dtype."""
        return x.astype(dtype)

    def float_bits(self, x: Array) -> Array:
        """Returns the bits of float32 numbers."""
        return jax.lax.bitcast_convert_type(x, jnp.uint32)

    # -- one value at a time -----------------------------------------------------------------------

    def equal(self, x: Array, y: Array) -> Array:
        """Returns where arrays are equal."""
        return jnp.equal(x, y)

    def equals(self, x: Array, value: float) -> Array:
        """Returns where an array is a number."""
        return jnp.equal(x, np.asarray(value, x.dtype))

    def is_finite(self, x: Array) -> Array:
        """Returns where an array is finite."""
        return jnp.isfinite(x)

    def is_nan(self, x: Array) -> Array:
        """Returns where an array is NaN."""
        return jnp.isnan(x)

    def where(self, condition: Array, x: Array, y: Array) -> Array:
        """Returns values of either array."""
        return jnp.where(condition, x, y)

    def minimum(self, x: Array, y: Array) -> Array:
        """Returns the smaller values."""
        return jnp.minimum(x, y)

    def maximum(self, x: Array, y: Array) -> Array:
        """Returns the larger values."""
        return jnp.maximum(x, y)

    def absolute(self, x: Array) -> Array:
        """Returns magnitudes."""
        return jnp.abs(x)

    def square(self, x: Array) -> Array:
        """Returns squares."""
        return x * x

    def squared_difference(self, x: Array, y: Array) -> Array:
        """Returns squares of differences."""
        return jnp.square(x - y)

    def log(self, x: Array) -> Array:
        """Returns natural logarithms."""
        return jnp.log(x)

    def floor(self, x: Array) -> Array:
        """Returns whole numbers below."""
        return jnp.floor(x)

    def round(self, x: Array) -> Array:
        """Returns the nearest whole numbers."""
        return jnp.rint(x)

    def shift_right(self, x: Array, bits: int) -> Array:
        """Returns bits moved down."""
        return jnp.right_shift(x, np.asarray(bits, x.dtype))

    # -- reductions --------------------------------------------------------------------------------

    def sum(self, x: Array, axes: tuple[int, ...] | None = None) -> Array:
        """Returns the sum."""
        return jnp.sum(x, axes, dtype=x.dtype)

    def mean(self, x: Array) -> Array:
        """Returns the mean, added up in float64: XLA adds one value after the other on a CPU."""
        return (jnp.sum(x, dtype=np.float64) / np.asarray(x.size, np.float64)).astype(x.dtype)

    def min(self, x: Array, axes: tuple[int, ...] | None = None) -> Array:
        """Returns the smallest value."""
        return jnp.min(x, axes, initial=_extreme(x, np.inf))

    def max(self, x: Array, axes: tuple[int, ...] | None = None) -> Array:
        """Returns the largest value."""
        return jnp.max(x, axes, initial=_extreme(x, -np.inf))

    def any(self, x: Array, axes: tuple[int, ...]) -> Array:
        """Returns where any value is true."""
        return jnp.any(x, axes)

    def argmax(self, x: Array) -> Array:
        """Returns places of the largest values."""
        return jnp.argmax(x, -1)

    def count(self, mask: Array) -> Array:
        """Returns how many are true."""
        return jnp.sum(mask, dtype=np.int64 if mask.size >= 2**31 else np.int32).astype(np.float64)

    def fraction(self, mask: Array) -> Array:
        """Returns which part is true."""
        return (self.count(mask) / np.asarray(mask.size, np.float64)).astype(np.float32)

    def half_squares(self, x: Array) -> Array:
        """Returns half the sum of squares, added up in float64."""
        return (jnp.sum(x * x, dtype=np.float64) * np.asarray(0.5, np.float64)).astype(x.dtype)

    def counts_by_kind(self, x: Array) -> Array | None:
        """Returns None."""
        return None

    # -- order and place ---------------------------------------------------------------------------

    def largest(self, x: Array, n: int | None) -> Array:
        """Returns the largest values."""
        return jnp.sort(x)[::-1] if n is None else jax.lax.top_k(x, n)[0]

    def places_of_largest(self, x: Array, n: int) -> Array:
        """Returns where the largest values are."""
        return jax.lax.top_k(x, n)[1]

    def take(self, x: Array, indices: Array, axis: int = 0) -> Array:
        """Returns parts of an array."""
        return jnp.take(x, indices, axis, mode="clip")

    def first(self, x: Array, n: int | Array) -> Array:
        """Returns the first rows."""
        return x[: int(n)]

    def every(self, x: Array, n: int) -> Array:
        """Returns every n-th row."""
        return x[::n]

    def all_unless(self, x: Array, nothing: Array) -> Array:
        """Cannot be used.

        Raises:
            TypeError: always, see `needs_static_sizes`.
        """
        raise TypeError("Under JAX no size may depend on values.")

    def unless(self, unneeded: Array, make: Callable[[], Array], n: int) -> Array:
        """Returns the numbers: what is not needed costs little where XLA compiles it with the rest."""
        return make()

    def reshape(self, x: Array, shape: tuple[int, ...]) -> Array:
        """Returns the values in another shape."""
        return jnp.reshape(x, shape)

    def flatten_examples(self, x: Array) -> Array:
        """Returns a row for each example."""
        return jnp.reshape(x, (x.shape[0], x.size // max(x.shape[0], 1)))

    def transpose(self, x: Array, order: tuple[int, ...]) -> Array:
        """Returns the array with its axes in another order."""
        return jnp.transpose(x, order)

    def stack(self, scalars: Sequence[Array]) -> Array:
        """Returns a vector of scalars."""
        return jnp.stack(scalars)

    def concat(self, arrays: Sequence[Array]) -> Array:
        """Returns arrays joined."""
        return arrays[0] if len(arrays) == 1 else jnp.concatenate(arrays)


def _extreme(x: Array, value: float) -> Any:
    """Returns the identity of a smallest (inf) or largest (-inf) value in the dtype of `x`."""
    if jnp.issubdtype(x.dtype, jnp.floating):
        return np.asarray(value, x.dtype)
    if x.dtype == bool:
        return value > 0
    return jnp.iinfo(x.dtype).max if value > 0 else jnp.iinfo(x.dtype).min


JAX: Namespace = _JaxNamespace()
