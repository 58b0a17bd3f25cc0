"""Code that makes the shapes of two operands fit."""

from __future__ import annotations

import math

from tb_inputdiag.rules.support.shapes import Shape, tuple_code

__all__ = ["broadcast_fix", "filled_shape", "product_fix"]


def _alike(a: int | None, b: int | None) -> bool:
    return a is None or b is None or a == b


def _fit(left: Shape, right: Shape) -> bool:
    return len(left) == len(right) and all(map(_alike, left, right))


def broadcast_fix(left: Shape, right: Shape, names: tuple[str, str] = ("a", "b")) -> str:
    """Returns code that lets two tensors be combined element by element.

    Args:
        left: Shape of the first tensor.
        right: Shape of the second one, which cannot be broadcast with it.
        names: What the user calls the two.
    """
    a, b = names
    if len(left) != len(right):
        (long, short), name = ((left, right), b) if len(left) > len(right) else ((right, left), a)
        missing = len(long) - len(short)
        if tuple(long[: len(short)]) == tuple(short):
            return f"{name} = {name}[..., {', '.join(['None'] * missing)}]  # adds the last {_axes(missing)}"
        if len(short) > 1 and long[0] == short[0] and all(map(_alike, long[missing + 1 :], short[1:])):
            return f"{name} = {name}[:, {', '.join(['None'] * missing)}]  # adds {_axes(missing)} after the first"
        if len(short) == 1:
            return (
                f"# {name} needs the shape ({long[-1]},): one value for each of the last axis of {_other(a, b, name)}"
            )
        return f"print({a}.shape, {b}.shape)  # from the last axis on: sizes must be equal, or one of them 1"
    axes = [i for i, (m, n) in enumerate(zip(left, right, strict=True)) if not _alike(m, n) and 1 not in (m, n)]
    if len(left) == 2 and None not in (*left, *right) and _fit(left, right[::-1]):
        return f"{b} = keras.ops.transpose({b})  # rows and columns are exchanged"
    axis = axes[0] if axes else len(left) - 1
    larger, smaller = (a, b) if (left[axis] or 0) > (right[axis] or 0) else (b, a)
    size = min(left[axis] or 0, right[axis] or 0)
    return (
        f"{larger} = {larger}[{':, ' * axis}:{size}]  # as many as {smaller} has on axis {axis}\n"
        f"# or make {smaller} with {max(left[axis] or 0, right[axis] or 0)} there"
    )


def _other(a: str, b: str, name: str) -> str:
    return b if name == a else a


def _axes(n: int) -> str:
    return "axis" if n == 1 else f"{n} axes"


def product_fix(left: Shape, right: Shape, names: tuple[str, str] = ("a", "b")) -> str:
    """Returns code that lets two tensors be multiplied as matrices.

    Args:
        left: Shape of the first tensor.
        right: Shape of the second one.
        names: What the user calls the two.
    """
    a, b = names
    if len(left) == 1:
        return f"{a} = {a}[None]  # a matrix with one row"
    if len(right) == 1:
        return f"{b} = {b}[:, None]  # a matrix with one column"
    rows = right[-2]
    inner = math.prod(n or 0 for n in left[1:])
    if len(left) > 2 and rows and inner == rows:
        return f"{a} = keras.ops.reshape({a}, (-1, {rows}))  # one row for each example"
    if _alike(left[-1], right[-1]):
        return f"keras.ops.matmul({a}, keras.ops.swapaxes({b}, -1, -2))  # tf.matmul: transpose_b=True"
    if _alike(left[-2], rows):
        return f"keras.ops.matmul(keras.ops.swapaxes({a}, -1, -2), {b})  # tf.matmul: transpose_a=True"
    wanted = (*right[:-2], left[-1], right[-1])
    return (
        f"# {b} needs the shape {tuple_code(wanted)}: as many rows as {a} has columns.\n"
        f"{b} = keras.random.normal({tuple_code(wanted)})  # if it is a weight; or give {a} {rows} columns"
    )


def filled_shape(size: int, target: Shape) -> tuple[int, ...]:
    """Returns a shape like `target` that holds `size` values.

    Args:
        size: Number of values.
        target: A shape that does not hold as many. None or -1 stands for an axis of any size.
    """
    sizes = [-1 if n is None else n for n in target]
    for axis in reversed(range(len(sizes))):
        others = math.prod(n for i, n in enumerate(sizes) if i != axis and n > 0)
        if sizes[axis] < 0 or not others or size % others:
            continue
        size_of_axis = _divisor(size // others, sizes[axis]) if -1 in sizes else size // others
        return tuple(size_of_axis if i == axis else n for i, n in enumerate(sizes))
    if len(sizes) == 3:
        for channels in (sizes[2], 1, 3):
            side = math.isqrt(size // max(channels, 1))
            if side * side * channels == size:
                return side, side, channels
    return (-1, sizes[-1]) if sizes and sizes[-1] > 0 and size % sizes[-1] == 0 else (-1,)


def _divisor(size: int, wanted: int) -> int:
    """Returns the divisor of `size` that is nearest to `wanted`."""
    if wanted == 3:  # colours where there are none
        return 1
    low = next((n for n in range(min(wanted, size), 0, -1) if size % n == 0), 1)
    high = next((n for n in range(max(wanted, 1), size + 1) if size % n == 0), size)
    return low if wanted - low <= high - wanted and low > 1 else high
