"""Preprocessing layers, metrics and NumPy functions that get data of another form than they take."""

from __future__ import annotations

import re

from tb_inputdiag.numbers import shape_text
from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.kind import Case, Kind, plainly
from tb_inputdiag.rules.exceptions.programs import mend
from tb_inputdiag.rules.exceptions.tensor_shapes import name_of
from tb_inputdiag.rules.exceptions.words import Words
from tb_inputdiag.rules.support.operands import broadcast_fix
from tb_inputdiag.rules.support.shapes import shape_in

__all__ = ["KINDS"]

_OF_TEXT = ("StringLookup", "TextVectorization")
_OF_NUMBERS = {"IntegerLookup": "whole numbers", "CategoryEncoding": "whole numbers", "Discretization": "numbers"}


def _text_columns(case: Case) -> Finding | None:
    shape = shape_in(case["shape"])
    columns = shape[-1] if shape else None
    name = next((a.variable for a in case.arguments.values() if a.variable and a.shape is not None), "x")
    return case.finding(
        f"TextVectorization takes one text for each example, and gets {shape_text(shape) if shape else 'several'}"
        f"{f': {columns} texts each' if columns else ''}.",
        f"{name} = {name}[:, 0]  # one column\n# or all columns as one text: "
        f'{name} = np.array([" ".join(row) for row in {name}])',
        seen=shape_text(shape) if shape else "several texts",
        expected="(None,) or (None, 1)",
        subject="input:x",
    )


def _numbers(case: Case) -> Finding | None:
    """Numbers in a layer that looks up text, or text in one that looks up numbers."""
    layer = case.failure.call.partition(".")[0]
    inside = re.search(r"Exception encountered when calling (\w+)\.call", case.text)
    layer = layer if layer in (*_OF_TEXT, "IntegerLookup") else (inside[1] if inside is not None else layer)
    held = [a for a in case.arguments.values() if a.name != "self" and (a.dtype or a.kind == "list")]
    name = next((a.variable for a in held if a.variable), "x")
    got = next((a.dtype for a in held if a.dtype), "") or case["type"]
    if layer in _OF_TEXT:
        fix = f"{name} = np.asarray({name}).astype(str)  # text, for adapt and for each call"
        fix += "\n# or keep the numbers: keras.layers.IntegerLookup()" if layer == "StringLookup" else ""
        expected = "text"
    elif layer in _OF_NUMBERS:
        fix = f"lookup = keras.layers.StringLookup()  # for text; {layer} takes {_OF_NUMBERS[layer]}"
        expected = _OF_NUMBERS[layer]
    else:
        return None
    return case.finding(
        f"{layer} takes {expected}, and '{name}' holds {'text' if expected != 'text' else got or 'numbers'}.",
        fix,
        seen=got or "another dtype",
        expected=expected,
        subject="input:x",
    )


def _two_axes(case: Case) -> Finding | None:
    true, predicted = shape_in(case["true"]), shape_in(case["predicted"])
    units = predicted[-1] if predicted and len(predicted) == 2 else None
    fix = (
        f"y_true = keras.utils.to_categorical(y_true, {units})  # class ids -> one column for each class"
        if units and units > 1 and true is not None and len(true) == 1
        else "y_true, y_pred = y_true[:, None], y_pred.reshape(len(y_pred), -1)  # (examples, 1)"
    )
    return case.finding(
        f"{case['metric'] or 'The metric'} compares tables (examples, columns), and gets "
        f"{shape_text(true) if true else '?'} and {shape_text(predicted) if predicted else '?'}.",
        fix,
        seen=case["true"],
        expected="2 axes",
        subject="target:y",
    )


def _concatenated(case: Case) -> Finding | None:
    a, b, axis = case["a"], case["b"], case["axis"]
    found = [x for x in case.arguments.values() if x.shape is not None and "/" in x.name]
    if len(found) >= 2 and len(found[0].shape or ()) != len(found[1].shape or ()):
        fix = broadcast_fix(found[0].shape or (), found[1].shape or (), ("a", "b"))
    elif a.isdigit() and b.isdigit():
        small = min(int(a), int(b))
        cut = ":, " * (int(axis) if axis.isdigit() else 0)
        larger = "a" if int(a) > int(b) else "b"
        fix = (
            f"np.concatenate([a, b], axis={axis})  # joins along the axis that differs, if all others are equal\n"
            f"# or the same size first: {larger} = {larger}[{cut}:{small}]"
        )
    else:
        fix = "print(a.shape, b.shape)  # the same number of axes; b[None] adds one in front, b[:, None] behind"
    return case.finding(
        f"Arrays are joined whose other axes differ{f': {a} and {b} on axis {axis}' if a else ''}.",
        fix,
        seen=b or "another shape",
        expected=a or "equal axes",
    )


def _vocabulary(case: Case) -> Finding | None:
    return case.finding(
        f"The vocabulary holds a term twice: {case['terms'][:60]}.",
        f"vocabulary=list(dict.fromkeys({name_of(case, (), 'words')}))  # each term once, in order",
        seen="a term twice",
        expected="each term once",
    )


def _inverse(case: Case) -> Finding | None:
    """A scaler of a whole table gets predictions of one column back."""
    line = case.failure.lines[-1] if case.failure.lines else ""
    found = re.search(r"(?:(\w+) = )?(\w+)\.inverse_transform\((\w+)", line)
    own, wide = shape_in(case["own"]), shape_in(case["wide"])
    if found is None or not own or not wide:
        return None
    scaler, values = found[2], found[3]
    name = found[1] or values
    return case.finding(
        f"'{scaler}' was fitted on {wide[-1]} columns, and '{values}' has {own[-1]}.",
        f"{name} = {values} * {scaler}.scale_[-1] + {scaler}.mean_[-1]\n"
        f"# of a StandardScaler; -1: the column that was predicted\n"
        f"# MinMaxScaler: {name} = ({values} - {scaler}.min_[-1]) / {scaler}.scale_[-1]",
        seen=f"{own[-1]} columns",
        expected=f"{wide[-1]} columns",
    )


_SCALED = """\
from sklearn.preprocessing import StandardScaler

scaler = StandardScaler().fit(np.random.rand(8, 4))
pred = np.zeros((2, 1), "float32")
pred = scaler.inverse_transform(pred)
"""
_CODES = """\
codes = np.array([10115, 20095, 10115])
lookup = keras.layers.StringLookup()
lookup.adapt(codes)
"""
_TEXTS = """\
x = np.array([["good", "film"], ["bad", "film"]])
vectorize = keras.layers.TextVectorization()
vectorize.adapt(x)
"""
_SCORE = "score = keras.metrics.F1Score()\ny = np.array([0, 1, 2])\nscore.update_state(y, np.eye(3))\n"
_JOIN = "a, b = np.ones((3, 4)), np.ones((3, 5))\nc = np.concatenate([a, b])\n"
KINDS = (
    Kind(
        id="inverse-of-a-scaler",
        title="A scaler of several columns gets predictions of one back",
        words=(
            Words(
                "NumPy", "non-broadcastable output operand with shape {own} doesn't match the broadcast shape {wide}\n"
            ),
        ),
        cause="A scaler keeps a mean and a scale for each column that it was fitted on, and returns as many.",
        failing=_SCALED,
        mended=mend(_SCALED, "scaler.inverse_transform(pred)", "pred * scaler.scale_[-1] + scaler.mean_[-1]"),
        explain=_inverse,
        rule="shape-mismatch",
        subject="data",
    ),
    Kind(
        id="several-texts-for-each-example",
        title="TextVectorization gets several texts for each example",
        words=(Words("Keras", "or the last shape dimension must be 1. Received: inputs.shape={shape} with"),),
        cause="The layer splits one text into words. A table of texts has several in each row.",
        failing=_TEXTS,
        mended=mend(_TEXTS, "adapt(x)", "adapt(x[:, 0])"),
        explain=_text_columns,
        rule="shape-mismatch",
        subject="input:x",
    ),
    Kind(
        id="numbers-in-a-lookup-of-text",
        title="A lookup layer of text gets numbers, or one of numbers gets text",
        words=(
            Words("TensorFlow", "Failed to convert a NumPy array to a Tensor (Unsupported object type {type})"),
            Words("TensorFlow", "Cast {type} to string is not supported"),
            Words("TensorFlow", "Cannot convert {} to EagerTensor of dtype string"),
            Words("TensorFlow", "Cast string to {type} is not supported"),
            Words("TensorFlow", "Value for attr 'T' of string is not in the list of allowed values"),
            Words("Python", "invalid literal for int() with base 10: {value}"),
        ),
        cause="StringLookup and TextVectorization read text, IntegerLookup and CategoryEncoding whole numbers.",
        failing=_CODES,
        mended=mend(_CODES, "adapt(codes)", "adapt(codes.astype(str))"),
        explain=_numbers,
        rule="dtype-mismatch",
        subject="input:x",
    ),
    Kind(
        id="term-twice-in-vocabulary",
        title="A vocabulary holds a term twice",
        words=(
            Words(
                "Keras", "The passed vocabulary has at least one repeated term. {} The repeated terms are: {terms}\n"
            ),
        ),
        cause="A term has one id.",
        failing='layer = keras.layers.StringLookup(vocabulary=["red", "blue", "red"])\n',
        mended='layer = keras.layers.StringLookup(vocabulary=["red", "blue"])\n',
        explain=_vocabulary,
    ),
    Kind(
        id="metric-of-tables",
        title="A metric needs tables and gets class ids or a vector",
        words=(
            Words(
                "Keras",
                "{metric} expects 2D inputs with shape (batch_size, output_dim){}Received input shapes: "
                "y_pred.shape={predicted} and y_true.shape={true}.\n",
            ),
        ),
        cause="F1Score, FBetaScore and R2Score have a value for each column.",
        failing=_SCORE,
        mended=mend(_SCORE, "update_state(y,", "update_state(np.eye(3)[y],"),
        explain=_two_axes,
        rule="shape-mismatch",
        subject="target:y",
    ),
    Kind(
        id="joined-arrays",
        title="Arrays are joined whose other axes differ",
        words=(
            Words(
                "NumPy",
                "the concatenation axis must match exactly, but along dimension {axis}, the array at index {} has "
                "size {a} and the array at index {} has size {b}\n",
            ),
            Words("NumPy", "all the input arrays must have same number of dimensions"),
            Words("JAX", "Cannot concatenate arrays with shapes that differ in dimensions other than"),
            Words("JAX", "Cannot concatenate arrays with different numbers of dimensions"),
            Words("PyTorch", "must match except in dimension {axis}. Expected size {a} but got size {b} for"),
            Words("PyTorch", "Tensors must have same number of dimensions: got {a} and {b}\n"),
        ),
        cause="Joining needs the same size on all axes but one.",
        failing=_JOIN,
        mended=mend(_JOIN, "[a, b])", "[a, b], axis=1)"),
        explain=_concatenated,
        rule="shape-mismatch",
    ),
    Kind(
        id="arithmetic-with-a-list",
        title="A Python list is computed with like an array",
        words=(
            Words("Python", "unsupported operand type(s) for {op}: 'list' and '{other}'"),
            Words("Python", "'list' object has no attribute '{name}'"),
            Words("Python", "can't multiply sequence by non-int of type 'float'"),
        ),
        cause="Lists know neither arithmetic nor shapes. NumPy makes an array of them.",
        failing="x = [0, 128, 255]\nx = x / 255\n",
        mended="x = [0, 128, 255]\nx = np.array(x) / 255\n",
        explain=lambda case: (
            plainly(
                "A Python list is used like an array.",
                "x = np.array(x)  # then: x / 255, x.shape, x.reshape(...), x.astype(...)",
                seen="a list",
                expected="an array",
                subject="input:x",
            )(case)
            if case["name"] in ("", "shape", "reshape", "astype", "ndim", "dtype", "mean", "max", "min", "flatten", "T")
            else None
        ),
        subject="input:x",
    ),
    Kind(
        id="strides-and-dilation",
        title="Strides and dilation are used together",
        words=(
            Words("Keras", "`strides > 1` not supported in conjunction with `dilation_rate > 1`"),
            Words("Keras", "Specifying `strides > 1` is not compatible with `dilation_rate > 1`"),
        ),
        cause="A convolution either leaves places out or spreads its kernel.",
        failing="layer = keras.layers.Conv2D(4, 3, strides=2, dilation_rate=2)\n",
        mended="layer = keras.layers.Conv2D(4, 3, dilation_rate=2)\n",
        explain=plainly(
            "A convolution has strides and a dilation_rate above 1.",
            "keras.layers.Conv2D(filters, 3, dilation_rate=2)  # without strides; MaxPooling2D() halves the size",
            seen="both",
            expected="one of them",
        ),
    ),
    Kind(
        id="one-of-several-arguments",
        title="Arguments that exclude each other",
        words=(
            Words("Keras", "Only one of {names} can be set"),
            Words("Keras", "You cannot pass both {names} at the same time"),
            Words("Keras", "Both {names} should not be set"),
        ),
        cause="The arguments say the same thing in different ways.",
        failing="optimizer = keras.optimizers.Adam(clipnorm=1.0, clipvalue=0.5)\n",
        mended="optimizer = keras.optimizers.Adam(clipnorm=1.0)\n",
        explain=plainly(
            "Only one of {names} can be given.",
            "keras.optimizers.Adam(clipnorm=1.0)  # one of them; leave the others out",
            seen="several",
            expected="one",
        ),
    ),
)
"""Kinds of this family."""
