"""Code for fixes that turn the received shape into the expected one."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

__all__ = [
    "Shape",
    "all_shapes",
    "examples_fit",
    "fits",
    "output_fix",
    "parse_shape",
    "rank_fix",
    "reshape_fix",
    "shape_in",
    "target_fix",
    "tuple_code",
]

Shape = Sequence[int | None]
_SHAPES = re.compile(r"(?<!\w)[(\[](?:\s*(?:None|\?|\d+)\s*,?)+[)\]]")


def parse_shape(text: str) -> tuple[int | None, ...] | None:
    """Returns a shape from its text in an exception, such as ``(None, 28, 28, 1)`` or ``[16,10]``, or None."""
    inner = text.strip()[1:-1].strip().rstrip(",")
    if not re.fullmatch(r"[\d\sNone,?]*", inner):
        return None
    words = [word.strip() for word in inner.split(",")] if inner else []
    return tuple(int(word) if word.isdigit() else None for word in words)


def shape_in(text: str) -> tuple[int | None, ...] | None:
    """Returns a shape from its text with or without brackets, and in PyTorch's way: ``(2, 4)``, ``2, 4``, ``2x4``."""
    inner = text.strip().strip("()[]")
    return parse_shape(f"({inner.replace('x', ',') if re.fullmatch(r'[0-9x]+', inner) else inner})")


def all_shapes(text: str) -> list[tuple[int | None, ...]]:
    """Returns the shapes in a text, such as ``(None, 28, 28, 1)`` or ``[16,10]``, in their order."""
    found = [parse_shape(part) for part in _SHAPES.findall(text)]
    return [shape for shape in found if shape is not None]


def fits(shape: Shape, expected: Shape) -> bool:
    """Tells whether two shapes have equal axes, as far as these are known."""
    return len(shape) == len(expected) and all(
        want is None or have is None or want == have for have, want in zip(shape, expected, strict=True)
    )


def examples_fit(shape: Shape, expected: Shape) -> bool:
    """Tells whether two shapes fit that may count different numbers of examples on their first axis."""
    return len(shape) == len(expected) and fits(shape[1:], expected[1:])


def tuple_code(shape: Shape) -> str:
    """Returns a shape as code: ``(8,)``, ``(None, 4)``."""
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def _size(shape: Shape) -> int | None:
    return math.prod(n for n in shape if n is not None) if None not in shape else None


def reshape_fix(name: str, got: Shape, expected: Shape) -> str:
    """Returns code that turns shape `got` into shape `expected`; empty if no such code is known.

    Args:
        name: What the user calls the tensor.
        got: Shape of the batch that was fed, with its batch axis.
        expected: Expected shape, with its batch axis.
    """
    if not got or not expected or fits(got, expected):
        return ""
    rest, want = tuple(got[1:]), tuple(expected[1:])
    if fits(got, want) and None not in got:
        return f"{name} = {name}[None]  # adds the batch axis: the model expects batches, this is one example"
    if fits((*got, 1), expected):
        return f"{name} = {name}[..., None]  # adds the channel axis"
    if fits((got[0], 1, *rest), expected):
        return f"{name} = {name}[:, None]  # adds an axis of length 1"
    if len(rest) == len(want) == 2 and fits((rest[1], rest[0]), want):
        return f"{name} = {name}.transpose(0, 2, 1)  # swaps steps and features"
    if len(rest) == len(want) >= 2:
        if fits((*rest[1:], rest[0]), want) and rest[0] in (1, 2, 3, 4, None):
            return f"{name} = np.moveaxis({name}, 1, -1)  # channels first -> channels last"
        if fits((rest[-1], *rest[:-1]), want) and rest[-1] in (1, 2, 3, 4, None):
            return f"{name} = np.moveaxis({name}, -1, 1)  # channels last -> channels first"
        if rest[-1] == 3 and want[-1] == 1 and fits((*rest[:-1], 1), want):
            return f"{name} = {name}.mean(axis=-1, keepdims=True)  # colour -> grey"
        if rest[-1] == 1 and want[-1] == 3 and fits((*rest[:-1], 3), want):
            return f"{name} = np.repeat({name}, 3, axis=-1)  # grey -> colour"
        if rest[-1] == 4 and want[-1] == 3 and fits((*rest[:-1], 3), want):
            return f"{name} = {name}[..., :3]  # drops the alpha channel"
    if None not in got and len(got) == len(want) - 1 and fits((*got, 1), want) and len(got) > 1:
        return f"{name} = {name}[None, ..., None]  # adds the batch axis and the channel axis: this is one example"
    if None not in (*got, *want) and got[0] != 1 and len(want) != len(rest) and _size(got) == _size(want):
        return f"{name} = {name}.reshape(1, {', '.join(map(str, want))})  # a batch of one example"
    size = _size(rest)
    unknown = [n for n in want if n is None]
    known = math.prod(n for n in want if n is not None)
    if size is not None and ((not unknown and size == known) or (len(unknown) == 1 and known and size % known == 0)):
        target = ", ".join(str(size // known) if n is None else str(n) for n in want)
        return f"{name} = {name}.reshape(-1, {target})" if want else f"{name} = {name}.reshape(-1)"
    if len(rest) == len(want) == 3 and rest[-1] == want[-1] and None not in want:
        layer = f"keras.layers.Resizing({want[0]}, {want[1]})"
        return f"{layer}  # first in the model, or: tf.image.resize({name}, {want[:2]})"
    return ""


def rank_fix(name: str, got: Shape, rank: int) -> str:
    """Returns code that gives a tensor another number of axes.

    Args:
        name: What the user calls the tensor.
        got: Shape of the batch that came, with its batch axis.
        rank: Number of axes that is needed, with the batch axis; not that of `got`.
    """
    if rank == len(got) + 1:
        steps = f"\n# or, with several features per step:\n{name} = {name}.reshape(-1, n_steps, n_features)"
        return f"{name} = {name}[..., None]  # adds an axis of length 1{steps if rank == 3 else ''}"
    if rank == len(got) - 1 == 2:
        return f"{name} = {name}.reshape(-1, {got[2]})"
    if rank == len(got) - 1:
        return f"{name} = {name}[..., 0]  # or flatten: keras.layers.Flatten()"
    return f"{name} = {name}.reshape(-1, {', '.join(['...'] * (rank - 1))})  # {rank} axes with the batch axis"


def output_fix(target: Shape, output: Shape) -> str:
    """Returns code that gives an output the height, width or steps of its target; both with the batch axis."""
    factors = {a / b for a, b in zip(target[1:-1], output[1:-1], strict=True) if a and b}
    factor = factors.pop() if len(factors) == 1 else 0.0
    if factor > 1 and factor.is_integer():
        return f"keras.layers.UpSampling{len(target) - 2}D({int(factor)})  # before the last layer"
    extra = [b - a if a and b else -1 for a, b in zip(target[1:-1], output[1:-1], strict=True)]
    if min(extra) >= 0 and all(more < (size or 0) for more, size in zip(extra, target[1:-1], strict=True)):
        crop = ", ".join(f"(0, {more})" for more in extra)
        return f"keras.layers.Cropping{len(extra)}D({crop if len(extra) == 1 else f'({crop})'})  # as the last layer"
    return '# Make the output as large as the target: padding="same", and upsample as often as you downsample.'


def target_fix(name: str, target: Shape, prediction: Shape, *, whole: bool) -> str:
    """Returns code that makes a target and its prediction comparable, or an empty string.

    Args:
        name: What the user calls the target.
        target: Its shape with the batch axis.
        prediction: The shape of the prediction with the batch axis.
        whole: Whether the target holds integers, which may be class ids.
    """
    if len(target) == 3 and len(prediction) == 2 and target[1] and target[2] and target[2] > 1:
        return (
            f"keras.layers.Dense({target[1] * target[2]}), keras.layers.Reshape(({target[1]}, {target[2]}))"
            "  # as the last layers"
        )
    if len(target) == len(prediction) == 2:
        return f"keras.layers.Dense({target[1]})  # last layer: one unit for each column of {name}"
    if len(target) == 1 and len(prediction) == 2:
        if whole and prediction[1] != 1:
            return (
                f'model.compile(..., loss="sparse_categorical_crossentropy")  # for class ids in {name}\n'
                f"# or, to predict a number: keras.layers.Dense(1) as last layer, {name}[:, None]"
            )
        return f"keras.layers.Dense(1)  # last layer, with {name}[:, None]: one number per example"
    return reshape_fix(name, target, prediction)
