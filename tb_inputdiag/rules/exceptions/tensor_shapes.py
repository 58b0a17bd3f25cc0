"""Functions that combine or reshape tensors whose shapes do not fit."""

from __future__ import annotations

import math
import re

from tb_inputdiag.numbers import count, shape_text, whole
from tb_inputdiag.records import ArgumentFacts, ShapesPicture
from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.kind import Case, Kind
from tb_inputdiag.rules.exceptions.programs import mend
from tb_inputdiag.rules.exceptions.words import Words
from tb_inputdiag.rules.support.operands import broadcast_fix, filled_shape, product_fix
from tb_inputdiag.rules.support.shapes import Shape, all_shapes, parse_shape, reshape_fix, shape_in

__all__ = ["KINDS"]

_OF_FIT = ("fit", "evaluate", "predict", "train_on_batch", "test_on_batch", "predict_on_batch")
_RESHAPE_CALL = re.compile(r"(\w*)\.reshape\(([^)]*)\)")
"""A call of NumPy's method in a line of the program: the variable, and the sizes."""
_OF_METRICS = ("fit", "evaluate", "train_on_batch", "test_on_batch")
_OF_WEIGHTS = ("set_weights", "load_weights", "load_model")


def of_a_function(case: Case) -> bool:
    """Tells whether a function on tensors raised, not a layer or a step."""
    own = case.argument("self")
    of_layer = own is not None and own.kind in ("layer", "model")
    return not (of_layer or case.failure.where or "Exception encountered when calling" in case.text) and (
        case.method not in _OF_FIT or not case.failure.call
    )


def tensors(case: Case) -> list[ArgumentFacts]:
    """Returns the arguments that have a shape, and their parts, in the order of the call."""
    return [a for a in case.arguments.values() if a.shape is not None and a.kind in ("array", "tensor", "symbolic")]


def name_of(case: Case, shape: Shape, default: str, taken: str = "") -> str:
    """Returns what the user calls the argument with a shape."""
    found = (a.variable for a in tensors(case) if tuple(a.shape or ()) == tuple(shape) and a.variable != taken)
    return next(filter(None, found), default)


def _names(case: Case, left: Shape, right: Shape) -> tuple[str, str]:
    first = name_of(case, left, "a")
    return first, name_of(case, right, "b", first)


def _pair(case: Case) -> tuple[tuple[int | None, ...], tuple[int | None, ...]] | None:
    left, right = shape_in(case["left"]), shape_in(case["right"])
    if not left or not right:
        found = [a.shape for a in tensors(case) if a.shape is not None]
        left, right = found[:2] if len(found) >= 2 else (None, None)
    return (left, right) if left is not None and right is not None else None


def _pictured(case: Case, message: str, fix: str, left: Shape, right: Shape) -> Finding:
    return case.finding(
        message,
        fix,
        seen=shape_text(left),
        expected=shape_text(right),
        evidence={"left": list(left), "right": list(right)},
        picture=ShapesPicture(seen=tuple(left), expected=tuple(right), seen_label="one", expected_label="other"),
    )


def _product(case: Case) -> Finding | None:
    if not of_a_function(case) or case.method == "einsum":
        return None
    pair = _pair(case)
    if pair is None:
        return _product_of_unknown(case)
    left, right = pair
    rows = right[-2] if len(right) > 1 else None
    return _pictured(
        case,
        f"A matrix product needs as many columns on the left as rows on the right, and gets {shape_text(left)} and "
        f"{shape_text(right)}{f': {left[-1]} columns and {rows} rows' if rows and len(left) > 1 else ''}.",
        product_fix(left, right, _names(case, left, right)),
        left,
        right,
    )


def _product_of_unknown(case: Case) -> Finding | None:
    """Returns what the words alone say; None if they do not even have the sizes."""
    columns, rows = case["n"], case["m"]
    if not (columns and rows):
        return None
    return case.finding(
        f"A matrix product needs as many columns on the left as rows on the right, and gets {columns} columns and "
        f"{rows} rows.",
        f"print(a.shape, b.shape)  # the last axis of a, {columns}, must be the last but one of b, {rows}\n"
        f"# in a model: a layer reads {columns} features and was built for {rows}, see keras.Input(({rows},))",
        seen=f"{columns} columns",
        expected=f"{rows}",
    )


def _stacked(case: Case) -> Finding | None:
    pair = _pair(case)
    if pair is None:
        return case.finding(
            "Arrays of different shapes are stacked.",
            "print({x.shape for x in arrays})\n"
            'arrays = keras.utils.pad_sequences(arrays, padding="post", dtype="float32")  # rows of different lengths',
            seen="different shapes",
            expected="one shape",
        )
    left, right = pair
    a, b = _names(case, left, right)
    if len(left) != len(right):
        fix = broadcast_fix(left, right, (a, b))
    else:
        fix = (
            f"keras.ops.concatenate([{a}, {b}], axis=-1)  # joins along an axis that is there already\n"
            f"# or make them equal first: {broadcast_fix(left, right, (a, b)).splitlines()[0].partition('  #')[0]}"
        )
    return _pictured(
        case,
        f"Stacking needs tensors of one shape, and gets {shape_text(left)} and {shape_text(right)}.",
        fix,
        left,
        right,
    )


def _reshaped(case: Case) -> Finding | None:
    if not of_a_function(case):
        return None
    source = parse_shape(case["got"]) if case["got"].startswith(("(", "[")) else None
    given_size = int(case["got"]) if case["got"].isdigit() else 0
    size = math.prod(n or 1 for n in source) if source is not None else given_size
    given = [a.value for a in case.arguments.values() if isinstance(a.value, list)]
    target = parse_shape(case["wanted"]) if case["wanted"].startswith(("(", "[")) else None
    target = target or (tuple(n for n in given[0] if isinstance(n, int)) if given else None)
    if not size or target is None:
        return None
    name = next((a.variable for a in tensors(case) if a.variable), "x")
    line = case.failure.lines[-1] if case.failure.lines else ""
    called = _RESHAPE_CALL.search(line) if not case.failure.call else None
    if called is not None:
        name = called[1] or name
        target = (-1, *target) if "-1" in called[2] and -1 not in target else target
    shape = filled_shape(size, target)
    held = math.prod(n for n in target if n is not None and n > 0)
    several = "a multiple of " if any(n is None or n < 0 for n in target) else ""
    return case.finding(
        f"'{name}' holds {whole(size)} values, and the shape {shape_text(target)} needs {several}{whole(held)}.",
        f"{name} = {name}.reshape{shape}" if called is not None else f"{name} = keras.ops.reshape({name}, {shape})",
        seen=f"{whole(size)} values",
        expected=f"{several}{whole(held)}",
        evidence={"values": size, "target_shape": list(target)},
    )


def _combined(case: Case) -> Finding | None:
    pair = _pair(case)
    if not of_a_function(case) or "compile_loss" in case.text:
        return None
    if pair is None and case["n"] and case["m"]:
        return case.finding(
            f"Two tensors have {case['n']} and {case['m']} values on axis {case['axis']}, and cannot be combined.",
            "print(a.shape, b.shape)  # from the last axis on: sizes must be equal, or one of them 1\n"
            "b = b[..., None]  # adds an axis, if the last one of b belongs to another one of a",
            seen=case["n"],
            expected=case["m"],
        )
    if pair is None or pair[0] == pair[1]:
        return None
    left, right = pair
    return _pictured(
        case,
        f"Tensors of shapes {shape_text(left)} and {shape_text(right)} cannot be combined element by element: from the "
        "last axis on, sizes must be equal, or one of them 1.",
        broadcast_fix(left, right, _names(case, left, right)),
        left,
        right,
    )


def _bias(case: Case) -> Finding | None:
    bias, value = parse_shape(case["bias"]), parse_shape(case["value"])
    if not bias or not value:
        return None
    return _pictured(
        case,
        f"The bias has {bias[0]} values, and the tensor {shape_text(value)} has {value[-1]} on its last axis.",
        f"{name_of(case, bias, 'bias')} = tf.Variable(tf.zeros(({value[-1]},)))",
        bias,
        value,
    )


def _channels(case: Case) -> Finding | None:
    pair = _pair(case)
    if pair is None:
        return None
    images, kernel = pair if len(pair[0]) >= 3 else pair[::-1]
    if len(images) != 4 or len(kernel) != 4:
        return None
    name = name_of(case, kernel, "kernel")
    wanted = (*kernel[:2], images[-1], kernel[-1])
    return _pictured(
        case,
        f"The kernel {shape_text(kernel)} reads {kernel[2]} channels, and the images {shape_text(images)} have "
        f"{images[-1]}.",
        f"{name} = tf.Variable(tf.random.normal({wanted}))  # height, width, channels in, channels out",
        images,
        kernel,
    )


def _feed(case: Case) -> Finding | None:
    got, expected = parse_shape(case["got"]), parse_shape(case["expected"])
    if got is None or expected is None:
        return None
    fed = next((a for a in case.arguments.values() if tuple(a.shape or ()) == got and a.variable), None)
    name = fed.variable if fed is not None else "x"
    return _pictured(
        case,
        f"The placeholder has shape {shape_text(expected)}, and is fed with {shape_text(got)}.",
        reshape_fix(name, got, expected)
        or f"tf.compat.v1.placeholder(tf.float32, (None, {', '.join(map(str, got[1:]))}))",
        got,
        expected,
    )


def _of_a_metric(case: Case, own: Shape, value: Shape) -> Finding | None:
    """A metric that keeps a number for each column, such as R2Score, of targets with more columns than units."""
    targets = [t for t in case.fed("target") if t.shape]
    if len(targets) != 1 or tuple((targets[0].shape or ())[1:]) != tuple(value) or len(value) != 1:
        return None
    y = case.code(targets[0])
    return case.finding(
        f"'{y}' has {value[0]} columns, and the last layer {count(own[0] or 0, 'unit')}: a metric "
        "keeps a number for each.",
        f"keras.layers.Dense({value[0]})  # last layer: one unit for each column of {y}",
        seen=f"{value[0]} columns",
        expected=f"{own[0]}",
        subject=f"target:{targets[0].name}",
    )


def _assigned(case: Case) -> Finding | None:
    own, value = parse_shape(case["own"]), parse_shape(case["value"])
    if own is None or value is None or not case.failure.call or case.method in _OF_WEIGHTS:
        return None
    if case.method in _OF_METRICS:
        return _of_a_metric(case, own, value)
    variable = case.variable("self") if case.argument("self") is not None else "variable"
    name = name_of(case, value, "value")
    fix = (
        f"{variable}.assign({name}.reshape({own}))"
        if math.prod(n or 1 for n in own) == math.prod(n or 1 for n in value) and len(own) != len(value)
        else (
            f"{variable}.assign(keras.ops.transpose({name}))"
            if tuple(own) == tuple(value[::-1]) and len(own) == 2
            else f"{variable} = tf.Variable({name})  # a new one: the shape of a variable stays what it was"
        )
    )
    return _pictured(
        case, f"A variable of shape {shape_text(own)} gets a value of shape {shape_text(value)}.", fix, value, own
    )


def _equation(case: Case) -> Finding | None:
    if "Matrix size" in case.text and case.method != "einsum":
        return None
    found = all_shapes(case.text)
    shapes = [a.shape for a in tensors(case) if a.shape is not None] or found
    equation = next((str(a.value) for a in case.arguments.values() if a.kind == "text"), "")
    shown = " and ".join(map(shape_text, shapes[:2]))
    fix = f"# Each letter has one size: in {equation!r}, " if equation else "# Each letter has one size. "
    letters = equation.partition("->")[0].split(",")
    if len(letters) == len(shapes) and all(len(a) == len(b) for a, b in zip(letters, shapes, strict=True)):
        sizes: dict[str, set[int | None]] = {}
        for word, shape in zip(letters, shapes, strict=True):
            for letter, size in zip(word.strip(), shape, strict=True):
                sizes.setdefault(letter, set()).add(size)
        wrong = {k: v for k, v in sizes.items() if len(v) > 1}
        text = "; ".join(f"'{k}' is {' and '.join(map(str, sorted(v, key=str)))}" for k, v in wrong.items())
        other = next((c for c in "bdefghlmn" if c not in equation), "n")
        first = next(iter(wrong), "")
        fix = (
            f"# In {equation!r}, {text}.\n# transpose one tensor, or name the axis differently: {first!r} -> {other!r}"
        )
    return case.finding(
        f"The equation of einsum does not fit tensors of shapes {shown or '?'}.",
        fix,
        seen=shown or "?",
        expected=equation or "one size for each letter",
    )


_MATMUL = "a, b = tf.ones((3, 4)), tf.ones((3, 5))\nc = tf.matmul(a, b)\n"
_ADD = "x, bias = keras.ops.ones((3, 4)), keras.ops.ones((3,))\ny = x + bias\n"
_STACK = "a, b = np.ones((3, 4)), np.ones((3, 5))\nc = keras.ops.stack([a, b])\n"
_RESHAPE = "x = np.ones((3, 4))\ny = keras.ops.reshape(x, (5, 2))\n"
_BIAS = "x, bias = tf.ones((2, 4)), tf.zeros((3,))\ny = tf.nn.bias_add(x, bias)\n"
_KERNEL = "x, kernel = tf.ones((2, 28, 28, 3)), tf.ones((3, 3, 1, 4))\ny = tf.nn.conv2d(x, kernel, 1, 'SAME')\n"
_FEED = """\
with tf.Graph().as_default(), tf.compat.v1.Session() as session:
    images = tf.compat.v1.placeholder(tf.float32, (None, 784))
    x = np.ones((10, 28, 28))
    session.run(images * 2, {images: x})
"""
_ASSIGN = "weight, value = tf.Variable(tf.ones((3, 4))), tf.ones((4, 3))\nweight.assign(value)\n"
_EINSUM = "a, b = np.ones((3, 4)), np.ones((5, 6))\nc = keras.ops.einsum('ij,jk->ik', a, b)\n"
KINDS = (
    Kind(
        id="matrix-product",
        title="The inner sizes of a matrix product differ",
        words=(
            Words("TensorFlow", "Matrix size-incompatible: In[0]: {left}, In[1]: {right} [Op"),
            Words("TensorFlow", "Matrix size-incompatible: In[0]: {left}, In[1]: {right}\n"),
            Words("TensorFlow", "In[0] ndims must be >= 2"),
            Words("TensorFlow", "In[1] ndims must be >= 2"),
            Words("TensorFlow", "In[0] mismatch In[1] shape: {} vs. {}: {left} {right} 0 0"),
            Words(
                "TensorFlow", "Shape must be rank 2 but is rank {} for '{}MatMul{}' with input shapes: {left}, {right}."
            ),
            Words(
                "TensorFlow",
                "Dimensions must be equal, but are {} for '{}MatMul{}' with input shapes: {left}, {right}.",
            ),
            Words(
                "Keras",
                "Inner dimensions (`x1.shape[-1]` and `x2.shape[-2]`) must be equal, but received "
                "`x1.shape={left}` and "
                "`x2.shape={right}`",
            ),
            Words("Keras", "Shape must match on the last axis of `x1` and {}`x1.shape={left}` and x2.shape=`{right}`"),
            Words("JAX", "dot_general requires contracting dimensions to have the same shape, got ({n},) and ({m},)."),
            Words("JAX", "dot_general requires contracting dimensions to have the same shape"),
            Words("JAX", "matmul requires contracting dimension to match"),
            Words("PyTorch", "mat1 and mat2 shapes cannot be multiplied ({left} and {right})"),
            Words("PyTorch", "Expected size for first two dimensions of batch2 tensor to be"),
            Words("PyTorch", "size mismatch, got input"),
            Words("NumPy", "matmul: Input operand 1 has a mismatch in its core dimension"),
            Words("NumPy", "shapes {left} and {right} not aligned"),
        ),
        cause="Row by column: the product of shapes (n, k) and (k, m) has shape (n, m). Both k must be the same.",
        failing=_MATMUL,
        mended=mend(_MATMUL, "tf.matmul(a, b)", "tf.matmul(a, b, transpose_a=True)"),
        explain=_product,
        rule="shape-mismatch",
    ),
    Kind(
        id="combined-shapes",
        title="Two tensors cannot be combined element by element",
        words=(
            Words("TensorFlow", "Incompatible shapes: {left} vs. {right} [Op"),
            Words("TensorFlow", "Dimensions must be equal, but are {} for '{}' with input shapes: {left}, {right}.\n"),
            Words("TensorFlow", "condition {left}, then {right}, and else {} must be broadcastable"),
            Words("JAX", "got incompatible shapes for broadcasting: ({left}), ({right}).\n"),
            Words("JAX", "Incompatible shapes for broadcasting: shapes=[({left}), ({right})]\n"),
            Words(
                "PyTorch", "tensor a ({n}) must match the size of tensor b ({m}) at non-singleton dimension {axis}\n"
            ),
            Words("NumPy", "operands could not be broadcast together with shapes {left} {right}\n"),
            Words(
                "Keras", "Cannot broadcast shape, the failure dim has value {}. Input shapes are {left} and {right}.\n"
            ),
        ),
        cause="+, -, *, where and the like combine values at the same place. An axis of length 1 is repeated.",
        failing=_ADD,
        mended=mend(_ADD, "x + bias", "x + bias[:, None]"),
        explain=_combined,
        rule="shape-mismatch",
    ),
    Kind(
        id="stacked-shapes",
        title="Tensors of different shapes are stacked",
        words=(
            Words(
                "TensorFlow",
                "Shapes of all inputs must match: values[0].shape = {left} != values[{}].shape = {right} [",
            ),
            Words("TensorFlow", "Shapes of all inputs must match"),
            Words("TensorFlow", "Dimension {} in both shapes must be equal, but are {} for '{}stack"),
            Words("JAX", "All input arrays must have the same shape"),
            Words(
                "PyTorch", "stack expects each tensor to be equal size, but got {left} at entry 0 and {right} at entry"
            ),
            Words("NumPy", "all input arrays must have the same shape"),
            Words("Keras", "Every value in `x` must have the same shape"),
        ),
        cause="stack puts tensors along a new axis, so they must have the same shape. concatenate joins along an axis.",
        failing=_STACK,
        mended=mend(_STACK, "stack([a, b])", "concatenate([a, b], axis=-1)"),
        explain=_stacked,
        rule="shape-mismatch",
    ),
    Kind(
        id="reshape-of-a-tensor",
        title="A reshape asks for another number of values than there are",
        words=(
            Words("TensorFlow", "Input to reshape is a tensor with {got} values, but the requested shape"),
            Words("TensorFlow", "Cannot reshape a tensor with {got} elements to shape {wanted} ("),
            Words("JAX", "cannot reshape array of shape {got} (size {}) into shape {wanted} ("),
            Words("PyTorch", "shape '{wanted}' is invalid for input of size {got}\n"),
            Words("NumPy", "cannot reshape array of size {got} into shape {wanted}\n"),
        ),
        cause="A reshape arranges values anew. It neither adds nor drops any, so both shapes hold equally many.",
        failing=_RESHAPE,
        mended=mend(_RESHAPE, "(5, 2)", "(6, 2)"),
        explain=_reshaped,
        rule="shape-mismatch",
    ),
    Kind(
        id="bias-size",
        title="A bias has another size than the last axis",
        words=(
            Words(
                "TensorFlow",
                "Must provide as many biases as the last dimension of the input tensor: {bias} vs. {value} [",
            ),
            Words(
                "TensorFlow", "Must provide as many biases as the {}channel dimension of the input tensor: {bias} vs. "
            ),
        ),
        cause="A bias is added to each value of the last axis.",
        failing=_BIAS,
        mended=mend(_BIAS, "tf.zeros((3,))", "tf.zeros((4,))"),
        explain=_bias,
        rule="shape-mismatch",
    ),
    Kind(
        id="channels-of-a-kernel",
        title="A convolution's kernel reads another number of channels",
        words=(
            Words("TensorFlow", "output depth must be evenly divisible by number of groups"),
            Words("TensorFlow", "input depth must be evenly divisible by filter depth"),
            Words("TensorFlow", "Depth of input ({}) is not a multiple of input depth of filter"),
            Words("Keras", "The number of input channels must match the kernel's input channels"),
            Words("JAX", "conv_general_dilated lhs feature dimension size divided by feature_group_count must equal"),
            Words("PyTorch", "weight of size {left}, expected input{right} to have"),
        ),
        cause="A kernel has the shape (height, width, channels of the input, channels of the output).",
        failing=_KERNEL,
        mended=mend(_KERNEL, "(3, 3, 1, 4)", "(3, 3, 3, 4)"),
        explain=_channels,
        rule="shape-mismatch",
    ),
    Kind(
        id="placeholder-shape",
        title="A placeholder is fed with another shape",
        words=(Words("TensorFlow", "Cannot feed value of shape {got} for Tensor {}, which has shape {expected}\n"),),
        cause="A placeholder takes arrays of its shape. None stands for any size.",
        failing=_FEED,
        mended=mend(_FEED, "np.ones((10, 28, 28))", "np.ones((10, 28, 28)).reshape(-1, 784)"),
        explain=_feed,
        rule="shape-mismatch",
    ),
    Kind(
        id="assigned-shape",
        title="A variable is assigned a value of another shape",
        words=(
            Words("TensorFlow", "Shape mismatch.The variable shape {own}, and the assigned value shape {value} are"),
            Words(
                "TensorFlow", "Cannot update variable with shape {own} using a Tensor with shape {value}, shapes must"
            ),
            Words("Keras", "must match. variable.shape={own}, Received: value.shape={value}. Target"),
        ),
        cause="The shape of a variable is fixed when it is made.",
        failing=_ASSIGN,
        mended=mend(_ASSIGN, "tf.ones((4, 3))", "tf.ones((3, 4))"),
        explain=_assigned,
        rule="shape-mismatch",
    ),
    Kind(
        id="einsum-shapes",
        title="The equation of einsum does not fit the shapes",
        words=(
            Words(
                "TensorFlow", "Expected dimension {n} at axis {axis} of the input shaped {shape} but got dimension {m}"
            ),
            Words(
                "Keras", "Number of dimensions in the subscript does not match the number of dimensions in the operand"
            ),
            Words("JAX", "Size of label '{letter}' for operand {n} ({m}) does not match previous terms"),
            Words("PyTorch", "einsum(): subscript {letter} has size {n} for operand {m} which does not broadcast"),
            Words("PyTorch", "einsum(): the number of subscripts in the equation"),
            Words("TensorFlow", "Expected input {n} to have rank {m} but got"),
            Words("TensorFlow", "Matrix size-incompatible: In[0]: {}, In[1]: {} [Op"),
            Words("NumPy", "einstein sum subscripts string contains too many subscripts for operand"),
        ),
        cause="A letter of the equation stands for an axis, and for one size in all tensors.",
        failing=_EINSUM,
        mended=mend(_EINSUM, "np.ones((5, 6))", "np.ones((4, 6))"),
        explain=_equation,
        rule="shape-mismatch",
    ),
)
"""Kinds of this family."""
