"""The array functions that reductions are written in: each backend implements `Namespace` once."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol, TypeAlias

from numpy.typing import NDArray

__all__ = ["Array", "DType", "Namespace", "Shape", "is_floating", "is_numeric", "static_size"]

Array: TypeAlias = Any
"""An array of the backend. Besides the functions of its namespace it has Python's operators ``+ - * / // % < > & | ~``
and ``^`` between arrays of one dtype."""

DType: TypeAlias = Literal["bool", "int32", "int64", "uint32", "float32", "float64"]

Shape: TypeAlias = tuple[int | None, ...]
"""A static shape: None is an axis whose length depends on the batch."""


class Namespace(Protocol):
    """What a backend must have.

    Axes are those of the static rank, which is known unless a method says so. A reduction over no axes (``None``) is
    over all of them, and returns a scalar.
    """

    # -- what an array is --------------------------------------------------------------------------

    def dtype(self, x: Array) -> str:
        """Returns the dtype's name, such as ``float16`` or ``uint8``."""

    def static_shape(self, x: Array) -> Shape | None:
        """Returns the shape as far as it is known before the step runs; None if not even the rank is."""

    def shape(self, x: Array) -> Array:
        """Returns ``float64[rank]``: the shape of this batch."""

    def size(self, x: Array, dtype: DType) -> Array:
        """Returns the number of values as a scalar."""

    def length(self, x: Array, axis: int, dtype: DType) -> Array:
        """Returns the length of an axis as a scalar."""

    def needs_static_sizes(self) -> bool:
        """Returns whether no size may depend on values, as under XLA; `all_unless` can't be used then."""

    # -- making arrays -----------------------------------------------------------------------------

    def constant(self, value: float | tuple[float, ...] | NDArray[Any], dtype: DType | str) -> Array:
        """Returns a constant: a scalar of a number, a vector of a tuple or of a NumPy array."""

    def fill(self, shape: tuple[int, ...], value: float, dtype: DType) -> Array:
        """Returns an array of one value."""

    def arange(self, n: Array) -> Array:
        """Returns ``0 .. n - 1`` in the dtype of the scalar `n`."""

    def cast(self, x: Array, dtype: DType) -> Array:
        """Returns the values in another dtype."""

    def float_bits(self, x: Array) -> Array:
        """Returns the bits of a float32 array as uint32."""

    # -- one value at a time -----------------------------------------------------------------------

    def equal(self, x: Array, y: Array) -> Array:
        """Returns where two arrays are equal."""

    def equals(self, x: Array, value: float) -> Array:
        """Returns where an array is a number."""

    def is_finite(self, x: Array) -> Array:
        """Returns where an array is neither NaN nor an infinity."""

    def is_nan(self, x: Array) -> Array:
        """Returns where an array is NaN."""

    def where(self, condition: Array, x: Array, y: Array) -> Array:
        """Returns `x` where the condition holds, else `y`; all three are broadcast."""

    def minimum(self, x: Array, y: Array) -> Array:
        """Returns the smaller of two values."""

    def maximum(self, x: Array, y: Array) -> Array:
        """Returns the larger of two values."""

    def absolute(self, x: Array) -> Array:
        """Returns magnitudes."""

    def square(self, x: Array) -> Array:
        """Returns squares."""

    def squared_difference(self, x: Array, y: Array) -> Array:
        """Returns ``(x - y) ** 2``."""

    def log(self, x: Array) -> Array:
        """Returns natural logarithms."""

    def floor(self, x: Array) -> Array:
        """Returns the next whole number below."""

    def round(self, x: Array) -> Array:
        """Returns the nearest whole number, of two the even one."""

    def shift_right(self, x: Array, bits: int) -> Array:
        """Returns the bits of unsigned integers, moved down."""

    # -- reductions --------------------------------------------------------------------------------

    def sum(self, x: Array, axes: tuple[int, ...] | None = None) -> Array:
        """Returns the sum, in the dtype of `x`."""

    def mean(self, x: Array) -> Array:
        """Returns the mean of all values; NaN of none."""

    def min(self, x: Array, axes: tuple[int, ...] | None = None) -> Array:
        """Returns the smallest value; the largest of the dtype if there is none."""

    def max(self, x: Array, axes: tuple[int, ...] | None = None) -> Array:
        """Returns the largest value; the smallest of the dtype if there is none."""

    def any(self, x: Array, axes: tuple[int, ...]) -> Array:
        """Returns where any value along the axes is true."""

    def argmax(self, x: Array) -> Array:
        """Returns the place of the largest value along the last axis."""

    def count(self, mask: Array) -> Array:
        """Returns how many values of a mask are true, exactly, as a float64 scalar."""

    def fraction(self, mask: Array) -> Array:
        """Returns the fraction of a mask that is true, as a float32 scalar; NaN of no values."""

    def half_squares(self, x: Array) -> Array:
        """Returns half the sum of squares of a floating array, in its dtype."""

    def counts_by_kind(self, x: Array) -> Array | None:
        """Returns ``float64[len(health.KINDS)]`` by a single operation, or None if the backend has no such
        operation."""

    # -- order and place ---------------------------------------------------------------------------

    def largest(self, x: Array, n: int | None) -> Array:
        """Returns the `n` largest values of a vector in falling order; None: all of them."""

    def places_of_largest(self, x: Array, n: int) -> Array:
        """Returns where the `n` largest values of a vector are, in falling order; of equal ones the first."""

    def take(self, x: Array, indices: Array, axis: int = 0) -> Array:
        """Returns the parts of an array at these indices along one axis."""

    def first(self, x: Array, n: int | Array) -> Array:
        """Returns ``x[:n]``."""

    def every(self, x: Array, n: int) -> Array:
        """Returns ``x[::n]``."""

    def all_unless(self, x: Array, nothing: Array) -> Array:
        """Returns all values in any shape, or none if the bool scalar `nothing` is true."""

    def unless(self, unneeded: Array, make: Callable[[], Array], n: int) -> Array:
        """Returns the ``float64[n]`` that `make` returns; anything if the bool scalar `unneeded` is true.

        Then they are not computed, where the backend can branch.
        """

    def reshape(self, x: Array, shape: tuple[int, ...]) -> Array:
        """Returns the values in another shape; one of its lengths may be -1."""

    def flatten_examples(self, x: Array) -> Array:
        """Returns ``[batch, values of an example]``, where the lengths may be known only when the step runs."""

    def transpose(self, x: Array, order: tuple[int, ...]) -> Array:
        """Returns the array with its axes in another order."""

    def stack(self, scalars: Sequence[Array]) -> Array:
        """Returns a vector of scalars."""

    def concat(self, arrays: Sequence[Array]) -> Array:
        """Returns arrays joined along their first axis."""


def is_floating(dtype: str) -> bool:
    """Returns whether a dtype is one of floating numbers, by its name."""
    return dtype.startswith(("float", "bfloat"))


def is_numeric(dtype: str) -> bool:
    """Returns whether a dtype has statistics: not strings, complex numbers, variants, resources or quantized
    numbers."""
    return is_floating(dtype) or dtype.startswith(("int", "uint", "bool"))


def static_size(shape: Shape | None) -> int | None:
    """Returns the number of values of a static shape; None if it is not known."""
    if shape is None:
        return None
    known = [length for length in shape if length is not None]
    return math.prod(known) if len(known) == len(shape) else None
