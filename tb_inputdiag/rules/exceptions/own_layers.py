"""Layers and models of the user's own whose `call` combines or reshapes tensors that do not fit."""

from __future__ import annotations

import math
import re
from typing import TypeAlias

from tb_inputdiag.numbers import shape_text, whole
from tb_inputdiag.records import ShapesPicture, TensorLayout
from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.kind import Case, Kind
from tb_inputdiag.rules.exceptions.layer_calls import received
from tb_inputdiag.rules.exceptions.own_operands import operand_pair
from tb_inputdiag.rules.exceptions.programs import mend
from tb_inputdiag.rules.exceptions.words import Words
from tb_inputdiag.rules.support.operands import broadcast_fix
from tb_inputdiag.rules.support.shapes import Shape, parse_shape, shape_in

__all__ = ["KINDS"]

_CALLING = re.compile(r"Exception encountered when calling (\w+)\.call\(\)")
_Sizes: TypeAlias = "tuple[int | None, ...]"
_TRIED_SIZE = 83
"""What Keras takes for None on PyTorch, to find out a layer's output shape."""
_MULTIPLIED = re.compile(r"(?:matmul|dot|tensordot)\(.*?self\.(\w+)|@\s*self\.(\w+)")
"""A line that multiplies a tensor by a weight of the layer."""
_TWO_AXES = re.compile(r"[\[(]\s*([\w.]+(?:\[[^\]]*\])?)\s*,\s*([\w.]+(?:\[[^\]]*\])?)\s*,?\s*[\])]")
"""A shape of two axes in the assignment of a weight: ``(self.units, input_shape[-1])``."""


def _where(case: Case) -> tuple[str, str]:
    """Returns the class whose `call` raised, and the line of it that did; empty if they are unknown."""
    calling = _CALLING.search(case.text)
    line = case.failure.lines[-1] if len(case.failure.lines) > 1 else ""
    return (calling[1] if calling is not None else ""), line


def _inside(case: Case) -> Finding | None:
    """Two tensors inside the `call` of a layer that the user wrote, or of a merging layer."""
    layer, line = _where(case)
    left, right = shape_in(case["left"] or case["n"]), shape_in(case["right"] or case["m"])  # PyTorch: one axis of each
    if "Could not automatically infer" in case.text and case["n"]:  # Keras tries the layer with a size of its own
        left, right = (tuple(None if n == _TRIED_SIZE else n for n in shape or ()) for shape in (left, right))
    pair = operand_pair(case.failure)
    if not left or not right or left == right or _is_product(case):
        return None
    if pair is None and (not layer or "compile_loss" in case.text):
        return None
    sizes = [
        (a, b) for a, b in zip(reversed(left), reversed(right), strict=False) if a and b and a != b and 1 not in (a, b)
    ]
    x = next((t for t in case.fed("input") if t.shape is not None and sizes and sizes[0][0] in t.shape[1:]), None)
    x = x or next((t for t in case.fed("input") if t.shape is not None and sizes and sizes[0][1] in t.shape[1:]), None)
    fix = _bias(left, right, line) or (broadcast_fix(left, right) if pair is None else pair.fix(left, right))
    size = _unknown_size(left, right)
    if size and not sizes:
        fix = _known_size(case, size)
    if x is not None and x.shape is not None:
        fed = sizes[0][0] if sizes[0][0] in x.shape[1:] else sizes[0][1]
        made = sizes[0][1] if fed == sizes[0][0] else sizes[0][0]
        written = "" if pair is None else pair.size_fix(left, right)
        fix = _fed_size(case.code(x), x, fed or 0, made or 0, layer, written)
    return case.finding(
        f"{layer or 'A line of the program'} combines "
        f"{pair.shown(left, right) if pair is not None else _tensors(left, right)}{f', in {line}' if line else ''}.",
        fix,
        seen=shape_text(left),
        expected=shape_text(right),
        subject=f"input:{x.name}"
        if x is not None
        else (f"layer:{case.failure.where}" if case.failure.where else "model"),
        evidence={"left": list(left), "right": list(right)},
        picture=ShapesPicture(seen=left, expected=right, seen_label="one", expected_label="other"),
    )


def _unknown_size(left: Shape, right: Shape) -> int | None:
    """Returns the size that meets an axis of unknown size; None if there is none."""
    pairs = zip(reversed(left), reversed(right), strict=False)
    return next((a or b for a, b in pairs if (a is None) != (b is None) and (a or b or 1) > 1), None)


def _known_size(case: Case, size: int) -> str:
    """Returns code that names the size of an axis: on JAX, None fits nothing but itself and 1."""
    shape = next((shape for shape in received(case).values() if len(shape) > 1), (None, None))
    sizes = ", ".join(str(size if n is None else n) for n in shape[1:])
    return (
        f"keras.Input(({sizes}{',' if len(shape) == 2 else ''}))  # in place of None\n"
        f"x = x[:, :{size}]  # ids: keras.utils.pad_sequences(x, maxlen={size})"
    )


def _tensors(left: Shape, right: Shape) -> str:
    return f"tensors of shapes {shape_text(left)} and {shape_text(right)}"


def _bias(left: Shape, right: Shape, line: str) -> str:
    """Returns code for a weight that is added, and has the size of another axis; empty if there is none."""
    added = re.search(r"[+*-]\s*self\.(\w+)", line)
    if added is None or len(right) != 1 or len(left) < 2 or not left[-1]:
        return ""
    return f"self.{added[1]} = self.add_weight(shape=({left[-1]},))  # in build: one number for each of the last axis"


def _is_product(case: Case) -> bool:
    """Tells whether the tensors are multiplied as matrices, so that rows and columns count, not the last axes."""
    return re.search(r"= \w*MatMul\w*\[", case.text) is not None


def _fed_size(name: str, x: TensorLayout, fed: int, made: int, layer: str, written: str) -> str:
    """Returns code that gives an axis of the data the size that a layer was made for."""
    axis = 1 + list((x.shape or ())[1:]).index(fed)
    owner = layer or "the line"
    if axis == 1 and len(x.shape or ()) == 2 and "int" in x.dtype:
        first = f"{name} = keras.utils.pad_sequences({name}, maxlen={made})  # {owner} was made for {made}"
    else:
        first = f"{name} = {name}[{':, ' * axis}:{made}]  # {owner} was made for {made}"
    return f"{first}\n# or {written or f'make {owner} for {fed}, the size of axis {axis} of {name}'}"


def _product(case: Case) -> Finding | None:
    layer, line = _where(case)
    left, right = shape_in(case["left"]), shape_in(case["right"])
    if not layer or layer.endswith("Cell"):
        return None
    if not left and not right:  # JAX: only the sizes that differ
        left, right = _matrices(case, case["n"], case["m"])
    sizes = (left[-1], right[-2], right[-1]) if left and right and len(right) > 1 else (case["n"], case["m"], "units")
    if not all(sizes):
        return None
    columns, rows, last = sizes
    shown = f" {shape_text(left)} by {shape_text(right)}" if left and right else " matrices"
    found = _MULTIPLIED.search(line)
    if found is not None:  # an attribute of the innermost layer
        layer = _CALLING.findall(case.text)[-1]
    name = next(filter(None, found.groups()), "w") if found is not None else "w"
    exchanged = columns == last  # the rows are the units, and the columns the features
    pair = operand_pair(case.failure)
    made = next((o.made for o in (pair.right, pair.left) if o.code == f"self.{name}"), "") if pair is not None else ""
    written = _written_units(made, exchanged) or f"{rows if exchanged else last}"
    rest = ", ..." if made and made.count(",") > 1 else ""
    return case.finding(
        f"{layer} multiplies{shown}{f', in {line}' if line else ''}: {columns} columns and {rows} rows.",
        f"# in build(self, input_shape): {columns} rows for this input\n"
        f"self.{name} = self.add_weight(shape=(input_shape[-1], {written}){rest})"
        f"{'  # first the features, then the units' if exchanged else ''}",
        seen=f"{columns} columns",
        expected=f"{rows} rows",
        subject=f"layer:{case.failure.where}" if case.failure.where else "model",
        evidence={"columns": columns, "rows": rows},
    )


def _written_units(made: str, exchanged: bool) -> str:
    """Returns how the program writes the units of a weight with two axes; empty if it does not show.

    Args:
        made: The assignment of the weight.
        exchanged: Whether the units come first in it.
    """
    found = _TWO_AXES.search(made)
    return found[1 if exchanged else 2].strip() if found is not None else ""


def _matrices(case: Case, columns: str, rows: str) -> tuple[_Sizes | None, _Sizes | None]:
    """Returns the shapes of a tensor and a weight that a line of the program multiplies, if the weight is known."""
    pair = operand_pair(case.failure)
    weights = [] if pair is None else [v.shape for v in pair.right.variables if v.name == pair.right.code and v.shape]
    if len(weights) != 1 or len(weights[0]) != 2 or str(weights[0][0]) != rows or not columns.isdigit():
        return None, None
    return (None, int(columns)), tuple(weights[0])


def _reshaped(case: Case) -> Finding | None:
    layer, line = _where(case)
    shapes = [shape for shape in received(case).values() if len(shape) > 1 and None not in shape[1:]]
    if not layer or not shapes:
        return None
    shape = shapes[0]
    size = math.prod(n or 1 for n in shape[1:])
    got = parse_shape(case["got"]) if case["got"].startswith(("(", "[")) else None
    given = int(case["got"]) if case["got"].isdigit() else 0
    values = math.prod(n or 1 for n in got) if got is not None else given
    what = f"{whole(values)} values" if values else "a tensor"
    return case.finding(
        f"{layer} reshapes {what} into a shape that does not hold as many"
        f"{f', in {line}' if line else ''}. Each example has {whole(size)}: {shape_text(shape)}.",
        f"keras.ops.reshape(x, (-1, {size}))  # -1: the batch; the other sizes multiply to {size}",
        seen=f"{whole(size)} for each example",
        expected=case["wanted"] or "as many as the shape holds",
        subject=f"layer:{case.failure.where}" if case.failure.where else "model",
    )


def _added(case: Case) -> Finding | None:
    if case.method != "add_loss":
        return None
    loss = next((a.variable for a in case.arguments.values() if a.kind == "symbolic" and a.variable), "loss")
    return case.finding(
        f"add_loss of a model takes no symbolic tensor in Keras 3, and '{loss}' is one: a layer has to add it.",
        f"class AddLoss(keras.layers.Layer):\n    def call(self, x, {loss}):\n        self.add_loss({loss})\n"
        f"        return x\n\noutputs = AddLoss()(outputs, {loss})  # before keras.Model(inputs, outputs)\n"
        f"# leave out {case.called}; in a layer of your own: self.add_loss(...) in `call`",
        seen=f"{case.called}({loss})",
        expected="self.add_loss in the call of a layer",
    )


def _made_in_call(case: Case) -> Finding | None:
    line = case.failure.lines[-1] if case.failure.lines else ""
    made = re.search(r"self\.(\w+)\s*=\s*(.+)$", line)
    name, code = (made[1], made[2].strip()) if made else ("dense", "keras.layers.Dense(...)")
    return case.finding(
        f"A layer makes self.{name} in `call`, after it was built.",
        f"def __init__(self, ...):\n    super().__init__()\n    self.{name} = {code}\n# and in call: self.{name}(x)",
        seen="made in call",
        expected="made in __init__",
        evidence={"line": line},
    )


_ADDED = """\
x = keras.Input((4,))
y = keras.layers.Dense(2)(x)
model = keras.Model(x, y)
model.add_loss(keras.ops.mean(y))
"""
_IN_LAYER = """\
class AddLoss(keras.layers.Layer):
    def call(self, x, loss):
        self.add_loss(loss)
        return x

x = keras.Input((4,))
y = keras.layers.Dense(2)(x)
y = AddLoss()(y, keras.ops.mean(y))
model = keras.Model(x, y)
"""
_POSITIONS = """\
class Positions(keras.layers.Layer):
    def __init__(self, steps):
        super().__init__()
        self.tokens = keras.layers.Embedding(100, 16)
        self.places = keras.layers.Embedding(steps, 16)
        self.steps = steps

    def call(self, x):
        return self.tokens(x) + self.places(keras.ops.arange(self.steps))

x, y = np.ones((8, 60), "int32"), np.zeros(8)
model = keras.Sequential([Positions(50), keras.layers.GlobalAveragePooling1D(), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y)
"""
_PRODUCT = """\
class Linear(keras.layers.Layer):
    def __init__(self, units):
        super().__init__()
        self.w = self.add_weight(shape=(3, units))

    def call(self, x):
        return keras.ops.matmul(x, self.w)

y = Linear(5)(np.ones((2, 4), "float32"))
"""
_RESHAPE = """\
class Rows(keras.layers.Layer):
    def call(self, x):
        return keras.ops.reshape(x, (-1, 7))

y = Rows()(np.ones((2, 4)))
"""
_MADE_IN_CALL = """\
class Around(keras.layers.Layer):
    def call(self, x):
        self.dense = keras.layers.Dense(4)
        return x + self.dense(x)

inputs = keras.Input((4,))
model = keras.Model(inputs, Around()(inputs))
"""
_MADE_IN_INIT = """\
class Around(keras.layers.Layer):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(4)

    def call(self, x):
        return x + self.dense(x)

inputs = keras.Input((4,))
model = keras.Model(inputs, Around()(inputs))
"""
KINDS = (
    Kind(
        id="layer-made-in-call",
        title="A layer of your own makes a layer or a variable in call",
        words=(Words("Keras", "You cannot add new elements of state (variables or sub-layers) to a layer that is"),),
        cause="`call` runs for every batch. What a layer learns must be there once, before the first one.",
        failing=_MADE_IN_CALL,
        mended=_MADE_IN_INIT,
        explain=_made_in_call,
    ),
    Kind(
        id="shapes-inside-a-layer",
        title="A layer of your own combines tensors whose shapes do not fit",
        words=(
            Words("TensorFlow", "Dimensions must be equal, but are {} for '{}' with input shapes: {left}, {right}.\n"),
            Words("TensorFlow", "Incompatible shapes: {left} vs. {right} [Op"),
            Words("TensorFlow", "Incompatible shapes: {left} vs. {right}\n"),
            Words("JAX", "got incompatible shapes for broadcasting: ({left}), ({right}).\n"),
            Words("JAX", "Incompatible shapes for broadcasting: shapes=[({left}), ({right})]\n"),
            Words("PyTorch", "tensor a ({n}) must match the size of tensor b ({m}) at non-singleton dimension"),
            Words(
                "Keras", "Cannot broadcast shape, the failure dim has value {}. Input shapes are {left} and {right}.\n"
            ),
        ),
        cause="Inside of a layer, too, sizes must be equal from the last axis on, or one of them 1. A table for 50 "
        "positions does not fit 60 steps.",
        failing=_POSITIONS,
        mended=mend(_POSITIONS, "Positions(50)", "Positions(60)"),
        explain=_inside,
        rule="shape-mismatch",
    ),
    Kind(
        id="symbolic-loss-added-to-a-model",
        title="add_loss of a model gets a symbolic tensor",
        words=(Words("Keras", "NotImplementedError:"),),
        cause="Keras 3 collects the losses that layers add while they are called. Keras 2 took a tensor as well.",
        failing=_ADDED,
        mended=_IN_LAYER,
        explain=_added,
    ),
    Kind(
        id="product-inside-a-layer",
        title="A layer of your own multiplies matrices whose inner sizes differ",
        words=(
            Words("TensorFlow", "Matrix size-incompatible: In[0]: {left}, In[1]: {right} [Op"),
            Words("TensorFlow", "Matrix size-incompatible: In[0]: {left}, In[1]: {right}\n"),
            Words(
                "TensorFlow",
                "Dimensions must be equal, but are {} for '{}MatMul{}' with input shapes: {left}, {right}.",
            ),
            Words("Keras", "but received `x1.shape={left}` and `x2.shape={right}`"),
            Words("JAX", "dot_general requires contracting dimensions to have the same shape, got ({n},) and ({m},)."),
            Words("JAX", "matmul requires contracting dimension to match"),
            Words("PyTorch", "mat1 and mat2 shapes cannot be multiplied ({left} and {right})"),
        ),
        cause="A weight of a layer has as many rows as its input has features. `build` is told how many these are.",
        failing=_PRODUCT,
        mended=mend(_PRODUCT, "shape=(3, units)", "shape=(4, units)"),
        explain=_product,
        rule="shape-mismatch",
    ),
    Kind(
        id="reshape-inside-a-layer",
        title="A layer of your own reshapes a tensor to another number of values",
        words=(
            Words(
                "TensorFlow",
                "Input to reshape is a tensor with {got} values, but the requested shape requires a multiple of "
                "{wanted}\n",
            ),
            Words("TensorFlow", "Input to reshape is a tensor with {got} values, but the requested shape"),
            Words("TensorFlow", "must be evenly divisible by {wanted} but is {got} for '{}reshape"),
            Words("JAX", "cannot reshape array of shape {got} (size {}) into shape {wanted} ("),
            Words("PyTorch", "shape '{wanted}' is invalid for input of size {got}\n"),
            Words("Keras", "The total size of the tensor must be unchanged, however, the input size cannot by divided"),
        ),
        cause="A reshape arranges the values of a batch anew. It neither adds nor drops any.",
        failing=_RESHAPE,
        mended=mend(_RESHAPE, "(-1, 7)", "(-1, 4)"),
        explain=_reshaped,
        rule="shape-mismatch",
    ),
)
"""Kinds of this family."""
