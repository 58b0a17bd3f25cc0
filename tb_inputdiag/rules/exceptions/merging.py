"""Layers that join or reshape tensors whose sizes do not fit."""

from __future__ import annotations

import math

from tb_inputdiag.numbers import shape_text, whole
from tb_inputdiag.records import ArgumentFacts, ShapesPicture
from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.kind import Case, Kind, plainly
from tb_inputdiag.rules.exceptions.words import Words
from tb_inputdiag.rules.support.operands import filled_shape
from tb_inputdiag.rules.support.shapes import all_shapes, parse_shape, shape_in
from tb_inputdiag.statistics.namespace import Shape

__all__ = ["KINDS"]


def _concatenate(case: Case) -> Finding | None:
    shapes = all_shapes(case["shapes"])
    if len(shapes) < 2:
        return None
    first, other = (
        shapes[0],
        next((s for s in shapes[1:] if len(s) != len(shapes[0]) or s[1:-1] != shapes[0][1:-1]), shapes[1]),
    )
    return case.finding(
        f"Concatenate got tensors of shapes {' and '.join(shape_text(s) for s in (first, other))}, which differ "
        f"{'in their number of axes' if len(first) != len(other) else 'in another axis than the last'}.",
        _in_every_round(case, first, other) or _concatenate_fix(first, other, _joined_names(case, first, other)),
        seen=shape_text(other),
        expected=shape_text(first),
        evidence={"shapes": [list(shape) for shape in shapes]},
        picture=ShapesPicture(seen=other, expected=first, seen_label="one", expected_label="other"),
    )


def _joined(case: Case, shape: Shape) -> ArgumentFacts | None:
    """Returns the variable of a shape among the tensors that are joined."""
    return next((a for a in case.arguments.values() if a.variable and a.shape == shape and "/" in a.name), None)


def _joined_names(case: Case, first: Shape, other: Shape) -> tuple[str, str]:
    """Returns the variables of two tensors; empty if they are unknown."""
    a, b = _joined(case, first), _joined(case, other)
    return a.variable if a is not None else "", b.variable if b is not None else ""


def _in_every_round(case: Case, first: Shape, other: Shape) -> str:
    """Returns code for images that are joined in a loop or in a function, where other rounds have other sizes.

    A variable that no assignment makes is that of a loop or a parameter. Empty without one.
    """
    a, b = _joined(case, first), _joined(case, other)
    if a is None or b is None or (a.made and b.made) or len(first) != 4 or len(other) != 4:
        return ""
    if None in first[1:3] + other[1:3]:
        return ""
    small, large = (a, b) if (first[1] or 0) < (other[1] or 0) else (b, a)
    name = small.variable
    return (
        f"{name} = keras.layers.Resizing(*{large.variable}.shape[1:3])({name})  # before it is joined, each time\n"
        "# or an input that can be halved as often as it is pooled"
    )


def _concatenate_fix(first: Shape, other: Shape, names: tuple[str, str] = ("", "")) -> str:
    if len(first) != len(other):
        longer, shorter = (first, other) if len(first) > len(other) else (other, first)
        if len(longer) == 4 and len(shorter) == 2:
            return (
                "keras.layers.GlobalAveragePooling2D()  # or Flatten(), on the tensor with 4 axes, before Concatenate"
            )
        if len(longer) == 3 and len(shorter) == 2:
            return (
                "keras.layers.GlobalAveragePooling1D()  # or Flatten(), on the tensor with 3 axes\n"
                f"# or keras.layers.RepeatVector({longer[1]})(b)  # the tensor with 2 axes, once for each step"
            )
        return f"keras.layers.Flatten()  # on the tensor of shape {shape_text(longer)}, before Concatenate"
    if len(first) == 4 and None not in first[1:3] + other[1:3]:
        return _border(first, other, names)
    if len(first) == 3 and first[1] and other[1]:
        if first[2] == other[2]:
            return "keras.layers.Concatenate(axis=1)  # joins the steps; the features are equally many"
        extra = abs(first[1] - other[1])
        return f"keras.layers.Cropping1D((0, {extra}))  # on the longer one; or ZeroPadding1D on the other"
    differing = [axis for axis, (a, b) in enumerate(zip(first, other, strict=True)) if a != b]
    return f"keras.layers.Concatenate(axis={differing[0] if differing else -1})"


def _border(first: Shape, other: Shape, names: tuple[str, str]) -> str:
    """Returns code that gives two stacks of images the same height and width."""
    heights, widths = (first[1] or 0, other[1] or 0), (first[2] or 0, other[2] or 0)
    is_first = heights[0] < heights[1] or widths[0] < widths[1]
    smaller, name = ("first", names[0]) if is_first else ("second", names[1])
    made, of = (f"{name} = ", f"({name})") if name else ("", "")
    tall, low, wide, narrow = max(heights), min(heights), max(widths), min(widths)
    if low and narrow and tall % low == 0 and wide % narrow == 0 and tall // low == wide // narrow > 1:
        return f"{made}keras.layers.UpSampling2D({tall // low}){of}  # on the {smaller} one, before it is joined"
    down, right = tall - low, wide - narrow
    if max(down, right) <= 4:
        return (
            f"{made}keras.layers.ZeroPadding2D(((0, {down}), (0, {right}))){of}  # on the {smaller} one, before it is "
            "joined\n"
            '# or padding="same" in every convolution, and an input that can be halved as often as it is pooled'
        )
    return f"{made}keras.layers.Resizing({tall}, {wide}){of}  # on the {smaller} one, before it is joined"


def _element_wise(case: Case) -> Finding | None:
    shapes = all_shapes(case["shapes"]) or all_shapes(case.text)
    if len(shapes) < 2:
        return None
    first, other = shapes[0], shapes[1]
    return case.finding(
        f"Tensors of shapes {shape_text(first)} and {shape_text(other)} cannot be combined element by element.",
        _element_fix(first, other),
        seen=shape_text(other),
        expected=shape_text(first),
        evidence={"shapes": [list(shape) for shape in shapes]},
        picture=ShapesPicture(seen=other, expected=first, seen_label="one", expected_label="other"),
    )


def _element_fix(first: Shape, other: Shape) -> str:
    """Returns code for shapes without their batch axis."""
    if len(first) != len(other):
        longer = first if len(first) > len(other) else other
        shorter = other if longer is first else first
        if len(longer) == 2 and len(shorter) == 1 and longer[0]:
            return (
                f"b = keras.layers.RepeatVector({longer[0]})(keras.layers.Dense({longer[1]})(b))"
                f"  # the tensor {shape_text(shorter)}, once for each step"
            )
        if len(longer) == 3:
            return f"keras.layers.GlobalAveragePooling2D()  # on the tensor {shape_text(longer)}; or Flatten()"
        return f"keras.layers.Flatten()  # on the tensor {shape_text(longer)}, then Dense with the units of the other"
    if len(first) == 3 and None not in (*first[:2], *other[:2]):
        if first[:2] == other[:2]:
            few, many = sorted((first, other), key=lambda shape: shape[2] or 0)
            return f"keras.layers.Conv2D({many[2]}, 1)  # on the tensor {shape_text(few)}: as many channels"
        border = max(abs((a or 0) - (b or 0)) for a, b in zip(first[:2], other[:2], strict=True))
        if first[2] == other[2] and border <= 6:
            small = min(first, other, key=lambda shape: (shape[0] or 0, shape[1] or 0))
            return f'keras.layers.Conv2D(..., padding="same")  # in the branch {shape_text(small)}: keeps the size'
        tall, low = max(first[0] or 0, other[0] or 0), max(1, min(first[0] or 0, other[0] or 0))
        small = first if (first[0] or 0) < (other[0] or 0) else other
        channels = (
            ""
            if first[2] == other[2]
            else f"\nkeras.layers.Conv2D({max(first[2] or 0, other[2] or 0)}, 1)  # as many channels"
        )
        if tall % low == 0:
            return (
                f"keras.layers.UpSampling2D({tall // low})  # on the tensor {shape_text(small)}\n"
                f"# or strides={tall // low} in a Conv2D on the other{channels}"
            )
        return f"keras.layers.Resizing({tall}, {max(first[1] or 0, other[1] or 0)})  # on {shape_text(small)}{channels}"
    return f"keras.layers.Dense({first[-1]})  # on the tensor {shape_text(other)}: as many features as the other has"


def _dot(case: Case) -> Finding | None:
    left, right = shape_in(case["left"]), shape_in(case["right"])
    if not left or not right:
        return None
    tensors = [a for a in case.arguments.values() if a.kind in ("symbolic", "tensor", "array") and "/" in a.name]
    names = [a.variable for a in tensors[:2] if a.variable]
    a, b = names if len(names) == 2 else ("a", "b")
    return case.finding(
        f"Dot multiplies axis {case['i']} of '{a}', {case['n']} numbers, with axis {case['j']} of '{b}', "
        f"{case['m']} numbers: the shapes are {shape_text(left)} and {shape_text(right)}.",
        _dot_fix(left, right, (a, b), tensors[1].layers if len(tensors) > 1 else ()),
        seen=f"{case['m']} numbers",
        expected=f"{case['n']} numbers",
        evidence={"shapes": [list(left), list(right)]},
        picture=ShapesPicture(seen=right, expected=left, seen_label=b, expected_label=a),
    )


def _dot_fix(left: Shape, right: Shape, names: tuple[str, str], layers: tuple[str, ...]) -> str:
    """Returns code that gives a Dot layer two axes of one size: other axes, or another size of the last one."""
    axes = [(i, j) for i in range(1, len(left)) for j in range(1, len(right)) if left[i] and left[i] == right[j]]
    if axes:
        i, j = axes[-1]
        return f"keras.layers.Dot(axes={i if i == j else (i, j)})([{', '.join(names)}])  # {left[i]} numbers in both"
    made = next((name for name in reversed(layers) if name in ("Embedding", "Dense", "LSTM", "GRU")), "Dense")
    size = left[-1]
    if made == "Embedding":
        return f"keras.layers.Embedding(rows, {size})  # the one of {names[1]}: as wide as that of {names[0]}"
    if made == "Dense" and layers and layers[-1] == "Dense":
        return f"keras.layers.Dense({size})  # the one that makes {names[1]}: as many units as {names[0]} has numbers"
    return f"{names[1]} = keras.layers.Dense({size})({names[1]})  # as many numbers as {names[0]} has"


def _reshape(case: Case) -> Finding | None:
    got, target = parse_shape(case["got"]), parse_shape(case["target"])
    if got is None or target is None:
        return None
    size = math.prod(n or 1 for n in got)
    wanted = math.prod(n or 1 for n in target)
    return case.finding(
        f"Reshape gets {whole(size)} values, {shape_text(got)}, and its target {shape_text(target)} holds "
        f"{whole(wanted)}.",
        f"keras.layers.Reshape({filled_shape(size, target)})",
        seen=f"{whole(size)} values",
        expected=f"{whole(wanted)} values",
        subject="model",
        evidence={"shape": list(got), "target_shape": list(target)},
        picture=ShapesPicture(seen=got, expected=target),
    )


def _axis_of_none(case: Case) -> Finding | None:
    return case.finding(
        "A Dense layer, or another one with weights, reads an axis whose size is not known (None), so its weights "
        "have no shape.",
        "keras.layers.GlobalAveragePooling1D()  # in place of Flatten: works for any number of steps\n"
        "# of images: GlobalAveragePooling2D(); or give keras.Input the size: keras.Input((100, 4))",
        seen="None",
        expected="a number",
        subject="model",
    )


KINDS = (
    Kind(
        id="concatenate-shapes",
        title="Concatenate gets tensors of different sizes",
        words=(
            Words(
                "Keras",
                "`Concatenate` layer requires inputs with matching shapes except for the concatenation axis. "
                "Received: input_shape={shapes}\n",
            ),
            Words("Keras", "`Concatenate` layer requires inputs with matching shapes except for the {}axis. {shapes}"),
            Words("TensorFlow", "ConcatOp : Dimension {axis} in both shapes must be equal: shape[0] = {shapes}"),
            Words("TensorFlow", "ConcatOp : Ranks of all input tensors should match: shape[0] = {shapes}"),
            Words("TensorFlow", "Dimension {axis} in both shapes must be equal, but are {sizes}. Shapes are {shapes}"),
            Words("PyTorch", "Sizes of tensors must match except in dimension {axis}."),
            Words("JAX", "Cannot concatenate arrays with shapes that differ in dimensions other than"),
        ),
        cause="Concatenate joins along one axis. All other axes must have the same size.",
        failing="a, b = keras.Input((32, 32, 8)), keras.Input((31, 31, 8))\nx = keras.layers.Concatenate()([a, b])\n",
        mended="a, b = keras.Input((32, 32, 8)), keras.Input((31, 31, 8))\n"
        "b = keras.layers.ZeroPadding2D(((0, 1), (0, 1)))(b)\nx = keras.layers.Concatenate()([a, b])\n",
        explain=_concatenate,
        rule="shape-mismatch",
    ),
    Kind(
        id="element-wise-shapes",
        title="Add, Multiply or an operator gets tensors of different shapes",
        words=(
            Words("Keras", "Inputs have incompatible shapes. Received shapes {shapes}"),
            Words("Keras", "Operands could not be broadcast together with shapes {shapes}"),
            Words("Keras", "Cannot broadcast shape, the failure dim has value {}. Input shapes {shapes}"),
            Words("Keras", "shapes are not broadcastable: {shapes}"),
            Words("Keras", "Cannot do batch_dot on inputs with {}. Received: {shapes}"),
        ),
        cause="These layers combine values at the same place, so the tensors must have the same shape.",
        failing="a, b = keras.Input((16,)), keras.Input((8,))\nx = keras.layers.Add()([a, b])\n",
        mended="a, b = keras.Input((16,)), keras.Input((8,))\nx = keras.layers.Add()([a, keras.layers.Dense(16)(b)])\n",
        explain=_element_wise,
        rule="shape-mismatch",
    ),
    Kind(
        id="dot-axes",
        title="Dot multiplies axes of different sizes",
        words=(
            Words(
                "Keras",
                "Incompatible input shapes: axis values {n} (at axis {i}) != {m} (at axis {j}). Full input shapes: "
                "({left}), ({right})\n",
            ),
        ),
        cause="A dot product multiplies number by number, and adds them up.",
        failing="a, b = keras.Input((32,)), keras.Input((50,))\nx = keras.layers.Dot(axes=1)([a, b])\n",
        mended="a, b = keras.Input((32,)), keras.Input((50,))\n"
        "x = keras.layers.Dot(axes=1)([a, keras.layers.Dense(32)(b)])\n",
        explain=_dot,
        rule="shape-mismatch",
    ),
    Kind(
        id="merge-not-a-list",
        title="A merging layer is called without a list",
        words=(
            Words("Keras", "merge layer should be called on a list of"),
            Words("Keras", "A `Concatenate` layer should be called on a list of at least {least} input"),
            Words("Keras", "layer should be called on a list of"),
            Words("Python", "TypeError: too many positional arguments"),
        ),
        cause="Add, Concatenate, Multiply, Dot and Average take one argument: the list of tensors.",
        failing="a, b = keras.Input((16,)), keras.Input((16,))\nx = keras.layers.Concatenate()(a, b)\n",
        mended="a, b = keras.Input((16,)), keras.Input((16,))\nx = keras.layers.Concatenate()([a, b])\n",
        explain=plainly(
            "A layer that joins tensors is not called with one list of tensors.",
            "keras.layers.Concatenate()([a, b])  # a list: the brackets are part of the call",
            seen="tensors one by one",
            expected="a list of tensors",
        ),
        rule="shape-mismatch",
    ),
    Kind(
        id="reshape-size",
        title="Reshape does not keep the number of values",
        words=(
            Words(
                "Keras",
                "The total size of the tensor must be unchanged. Received: input_shape={got}, target_shape={target}\n",
            ),
            Words("Keras", "total size of new array must be unchanged, input_shape = {got}, output_shape = {target}"),
        ),
        cause="Reshape arranges the values of each example anew. It neither adds nor drops any.",
        failing="model = keras.Sequential([keras.Input((784,)), keras.layers.Reshape((28, 28, 3))])\n",
        mended="model = keras.Sequential([keras.Input((784,)), keras.layers.Reshape((28, 28, 1))])\n",
        explain=_reshape,
        rule="shape-mismatch",
    ),
    Kind(
        id="axis-of-unknown-size",
        title="A layer with weights reads an axis of unknown size",
        words=(
            Words("Keras", "Shapes used to initialize variables must be fully-defined (no `None` dimensions)"),
            Words("Keras", "The last dimension of the inputs to {}`Dense`{} should be defined"),
            Words("Keras", "The channel dimension of the inputs should be defined"),
            Words("Keras", "Cannot convert '{}None{}' to a shape"),
            Words("TensorFlow", "Dimension value must be integer or None or have an __index__ method"),
        ),
        cause="Weights are made for the features of the input. Flatten of an axis of any length gives any number.",
        failing="model = keras.Sequential(\n"
        "    [keras.Input((None, 4)), keras.layers.Flatten(), keras.layers.Dense(1)]\n)\n",
        mended="model = keras.Sequential(\n"
        "    [keras.Input((None, 4)), keras.layers.GlobalAveragePooling1D(), keras.layers.Dense(1)]\n)\n",
        explain=_axis_of_none,
        rule="shape-mismatch",
    ),
)
"""Kinds of this family."""
