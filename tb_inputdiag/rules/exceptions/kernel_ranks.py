"""Convolutions that read tensors with another number of axes than their kernel is made for."""

from __future__ import annotations

from tb_inputdiag.numbers import shape_text
from tb_inputdiag.records import ShapesPicture
from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.kind import Case, Kind
from tb_inputdiag.rules.exceptions.model_inputs import model_input
from tb_inputdiag.rules.exceptions.words import Words
from tb_inputdiag.rules.support.shapes import Shape, parse_shape, tuple_code

__all__ = ["KINDS"]

_CHANNELS = (1, 3, 4)


def _kernel(case: Case) -> Finding | None:
    kernel, shape = parse_shape(case["kernel"]), parse_shape(case["shape"])
    if kernel is None or shape is None or len(kernel) < 3:
        return None
    layer = f"Conv{len(kernel) - 2}D({kernel[-1]}, {kernel[0]})"
    if len(shape) > len(kernel):
        fix = f"keras.layers.TimeDistributed(keras.layers.{layer})  # the same layer for each step of a video"
    else:
        fix = _fewer_axes(case, layer, shape, len(kernel))
    known = model_input(case)
    whole = f", of the {shape_text(known.shape)} that the model reads" if known is not None else ""
    each = f"each step, {shape_text(shape)}{whole}" if len(shape) < len(kernel) else shape_text(shape)
    return case.finding(
        f"{layer} reads {len(kernel)} axes, and gets {each}.",
        fix,
        seen=shape_text(shape),
        expected=f"{len(kernel)} axes",
        evidence={"shape": list(shape), "kernel": list(kernel)},
        picture=ShapesPicture(seen=shape, expected=(None,) * len(kernel)),
    )


def _fewer_axes(case: Case, layer: str, shape: Shape, rank: int) -> str:
    """Returns code for a layer in a TimeDistributed, which takes the axis of steps away: channels or steps are missing.

    A step that ends in 1, 3 or 4 values has its channels, so the axes are those of one picture, without steps.
    """
    known = model_input(case)
    name = known.data if known is not None else "x"
    read = known.shape if known is not None and len(known.shape) == rank else (None, "steps", *shape[1:])
    if len(shape) == rank - 1 > 2 and shape[-1] in _CHANNELS:
        sizes = ", ".join(map(str, read[1:]))
        return (
            f"keras.layers.{layer}  # without TimeDistributed: no axis counts steps\n"
            f"# a video has one axis more: keras.Input((steps, {sizes}))"
        )
    if len(shape) == rank - 1:
        given = tuple(size if isinstance(size, int) else None for size in read[1:])
        sizes = tuple_code((*given, 1)).replace("None", "steps" if given[0] is None else "None")
        return f"{name} = {name}[..., None]  # adds the channel axis\nkeras.Input({sizes})  # if the model has an Input"
    return f"keras.Input((steps, {', '.join(map(str, shape[1:]))}, ...))  # {rank + 1} axes with the batch"


KINDS = (
    Kind(
        id="kernel-of-other-rank",
        title="A convolution gets images with another number of axes",
        words=(
            Words(
                "Keras",
                "Kernel shape must have the same length as input, but received kernel of shape {kernel} and "
                "input of shape {shape}.\n",
            ),
            Words("Keras", "Kernel shape must have the same length as input"),
        ),
        cause="Conv2D reads (batch, height, width, channels). A video has one more axis, for time.",
        failing="model = keras.Sequential([keras.Input((10, 64, 64, 3)), keras.layers.Conv2D(4, 3)])\n",
        mended="conv = keras.layers.TimeDistributed(keras.layers.Conv2D(4, 3))\n"
        "model = keras.Sequential([keras.Input((10, 64, 64, 3)), conv])\n",
        explain=_kernel,
        rule="shape-mismatch",
    ),
)
"""Kinds of this family."""
