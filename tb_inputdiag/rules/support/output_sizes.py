"""Code that gives an output the height, width or steps of its target, found in the layers that make it."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence

from tb_inputdiag.records import LayerFacts
from tb_inputdiag.rules.support.shapes import Shape, output_fix

__all__ = ["size_fix"]

_MOST_NAMED = 3
"""Layers that a fix names one by one."""


def size_fix(layers: Sequence[LayerFacts], target: Shape, output: Shape) -> str:
    """Returns code that gives an output the height, width or steps of its target.

    If convolutions without padding have taken away what is missing, the code is these layers with
    ``padding="same"``. That is found by computing the sizes that the layers in front of the output would then have.

    Args:
        layers: Those of the model, in forward order.
        target: Shape of the target with the batch axis, and with as many axes as `output`.
        output: Shape of the output.
    """
    chain = _chain(layers, output)
    unpadded = [layer for layer in chain if _is_unpadded(layer)]
    choices = [[layer] for layer in reversed(unpadded)] + [unpadded[-n:] for n in range(2, len(unpadded) + 1)]
    for chosen in choices:
        if _sizes(chain, {layer.name for layer in chosen}) == tuple(target[1:-1]):
            return _padded(chosen)
    fix = output_fix(target, output)
    if fix.startswith("#") and len(output) == 4 and None not in target[1:-1]:
        return f"keras.layers.Resizing({target[1]}, {target[2]})  # as the last layer\n{fix}"
    return fix


def _chain(layers: Sequence[LayerFacts], output: Shape) -> list[LayerFacts]:
    """Returns the layers in front of the output that follow each other, the last one last."""
    containers = {layer.parent for layer in layers}
    chain: list[LayerFacts] = []
    read: Shape | None = output
    for layer in reversed(layers):
        if layer.name in containers or layer.class_name == "InputLayer":
            continue
        made, given = layer.output_shape, layer.input_shape
        if read is None or made is None or given is None or tuple(made[1:]) != tuple(read[1:]):
            break
        if len(given) != len(made) or None in (*given[1:-1], *made[1:-1]):
            break
        chain.insert(0, layer)
        read = given
    return chain


def _is_unpadded(layer: LayerFacts) -> bool:
    kernel = layer.config.get("kernel_size")
    is_convolution = (
        "Conv" in layer.class_name and "Transpose" not in layer.class_name and "LSTM" not in layer.class_name
    )
    return is_convolution and layer.config.get("padding") == "valid" and isinstance(kernel, list) and max(kernel) > 1


def _sizes(chain: Sequence[LayerFacts], padded: Collection[str]) -> tuple[int, ...] | None:
    """Returns the sizes of the output if some layers were padded; None if a layer is not understood."""
    sizes = _places(chain[0].input_shape)
    for layer in chain:
        found = [_size(layer, axis, size, layer.name in padded) for axis, size in enumerate(sizes)]
        sizes = tuple(size for size in found if size is not None)
        if len(sizes) < len(found):
            return None
    return sizes


def _places(shape: Shape | None) -> tuple[int, ...]:
    return tuple(size or 0 for size in (shape or ())[1:-1])


def _size(layer: LayerFacts, axis: int, size: int, padded: bool) -> int | None:
    """Returns the size that a layer makes of another one than it now reads; None if that is unknown.

    A formula counts only if it also gives what the layer makes of the size that it now reads. So a dilation, or a
    pool that is larger than its stride, is not taken for something else.
    """
    now, made = _places(layer.input_shape)[axis], _places(layer.output_shape)[axis]
    stride, kernel = _setting(layer, "strides", axis, 1), _setting(layer, "kernel_size", axis, 0)
    if padded:
        return math.ceil(size / stride)
    if size == now:
        return made
    factor, _ = divmod(made, now)
    formulas: tuple[Callable[[int], int], ...] = (
        lambda n: n,
        lambda n: math.ceil(n / stride),
        lambda n: (n - (kernel or stride)) // stride + 1,
        lambda n: n * factor,
        lambda n: (n - 1) * stride + kernel,
        lambda n: n + made - now,
    )
    return next((formula(size) for formula in formulas if formula(now) == made), None)


def _setting(layer: LayerFacts, name: str, axis: int, default: int) -> int:
    """Returns a setting that is one number, or one for each axis."""
    value = layer.config.get(name, default)
    if isinstance(value, list) and axis < len(value):
        value = value[axis]
    return value if isinstance(value, int) else default


def _padded(chosen: Sequence[LayerFacts]) -> str:
    """Returns code for layers with padding."""
    lines = [f"{_code(layer)}  # in place of '{layer.name.rpartition('/')[2]}'" for layer in chosen[:_MOST_NAMED]]
    if len(chosen) > _MOST_NAMED:
        lines.append(f'# and padding="same" in {len(chosen) - _MOST_NAMED} more convolutions behind them')
    return "\n".join(lines)


def _code(layer: LayerFacts) -> str:
    kernel, stride = layer.config.get("kernel_size"), layer.config.get("strides")
    sizes = tuple(kernel) if isinstance(kernel, list) else kernel
    filters, activation = layer.config.get("filters"), layer.config.get("activation")
    given = [str(item) for item in (filters, sizes) if item is not None]
    strides = tuple(n for n in stride if isinstance(n, int)) if isinstance(stride, list) else ()
    if max(strides, default=1) > 1:
        given.append(f"strides={strides}")
    if activation not in (None, "linear"):
        given.append(f'activation="{activation}"')
    return f'keras.layers.{layer.class_name}({", ".join(given)}, padding="same")'
