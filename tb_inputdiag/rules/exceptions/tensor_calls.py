"""Functions of TensorFlow, JAX, PyTorch and keras.ops that get something else than they take."""

from __future__ import annotations

from tb_inputdiag.numbers import shape_text
from tb_inputdiag.records import ShapesPicture
from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.kind import Case, Kind, plainly
from tb_inputdiag.rules.exceptions.programs import mend
from tb_inputdiag.rules.exceptions.tensor_shapes import name_of, of_a_function, tensors
from tb_inputdiag.rules.exceptions.words import Words
from tb_inputdiag.rules.support.operands import filled_shape
from tb_inputdiag.rules.support.shapes import parse_shape

__all__ = ["KINDS"]

_MAKERS = (
    "zeros",
    "ones",
    "fill",
    "reshape",
    "constant",
    "broadcast_to",
    "eye",
    "Variable",
    "normal",
    "uniform",
    "full",
)


def _logits(case: Case) -> Finding | None:
    labels, logits = parse_shape(case["labels"]), parse_shape(case["logits"])
    if labels is None or not logits or not of_a_function(case) or (not labels and len(logits) > 1):
        return None
    if len(labels) == 2 and labels[0] == 1 != logits[0] == labels[1]:  # class ids, with the axis that TensorFlow adds
        labels = labels[1:]
    name = name_of(case, labels, "labels")
    given = f"labels={name}, logits={name_of(case, logits, 'logits', taken=name)}"
    one_hot = ""
    units = logits[-1] if logits else None
    sparse = "sparse" in case.method or "rank" in case.text
    if sparse and len(labels) == len(logits) and labels[-1] == logits[-1]:
        one_hot = f": '{name}' is one-hot, and the function takes class ids, {shape_text(labels[:-1])}"
        fix = (
            f"tf.nn.softmax_cross_entropy_with_logits(\n    {given}\n)\n"
            f"# or keep the function: {name} = keras.ops.argmax({name}, axis=-1)"
        )
    elif sparse and len(labels) == len(logits) and labels[-1] == 1:
        fix = f"{name} = keras.ops.squeeze({name}, axis=-1)  # one class id for each example"
    elif len(labels) == len(logits) - 1:
        fix = (
            f"tf.nn.sparse_softmax_cross_entropy_with_logits(\n    {given}\n)  # for class ids\n"
            f"# or keep the function: {name} = keras.ops.one_hot({name}, {units})"
        )
    elif len(labels) == len(logits) and labels[:-1] == logits[:-1]:
        fix = f"keras.layers.Dense({labels[-1]})  # the layer that makes the logits: one unit for each column of {name}"
    else:
        fix = f"# {name} and logits must hold the same examples.\nlogits = keras.ops.reshape(logits, ({labels[0]}, -1))"
    return case.finding(
        f"The labels have shape {shape_text(labels)}, and the logits {shape_text(logits)}{one_hot}.",
        fix,
        seen=shape_text(labels),
        expected=shape_text(logits[:-1]) if sparse else shape_text(logits),
        subject="target:y",
        picture=ShapesPicture(seen=labels, expected=logits, seen_label="labels", expected_label="logits"),
    )


def _none_in_shape(case: Case) -> Finding | None:
    if case.method not in _MAKERS:
        return None
    line = case.failure.lines[-1] if case.failure.lines else ""
    return case.finding(
        f"The shape that {case.failure.call} gets holds None: the size of the batch is not known before data comes.",
        "batch = keras.ops.shape(x)[0]  # in `call` of a layer; a number when data comes\n"
        f"{case.failure.call}((batch, 3))  # of a variable: whole numbers only",
        seen="None in a shape",
        expected="whole numbers",
        evidence={"line": line} if line else None,
    )


def _constant(case: Case) -> Finding | None:
    shape = parse_shape(case["shape"])
    if shape is None or not case["n"].isdigit():
        return None
    return case.finding(
        f"A constant gets {case['n']} values, and its shape {shape_text(shape)} does not hold as many.",
        f"tf.constant(values, shape={filled_shape(int(case['n']), shape)})  # or leave `shape` out",
        seen=f"{case['n']} values",
        expected=shape_text(shape),
    )


def _image(case: Case) -> Finding | None:
    found = [a for a in tensors(case) if a.shape is not None]
    if not found or not of_a_function(case):
        return None
    shape, name = found[0].shape or (), found[0].variable or "images"
    if len(shape) not in (2, 3):
        return None
    fix = (
        f"{name} = {name}[..., None]  # adds the channel axis"
        if len(shape) == 2 or shape[-1] not in (1, 3, 4)
        else (f"{name} = {name}[None]  # adds the batch axis")
    )
    return case.finding(
        f"{case.failure.call} reads (batch, height, width, channels), and '{name}' has shape {shape_text(shape)}.",
        fix,
        seen=shape_text(shape),
        expected="4 axes",
        picture=ShapesPicture(seen=shape, expected=(None, None, None, None)),
    )


def _gathered(case: Case) -> Finding | None:
    if not of_a_function(case) or not case.failure.call.startswith(("tf.", "take", "gather")):
        return None
    n = int(case["size"]) if case["size"].isdigit() else 0
    return case.finding(
        f"{case.failure.call} looks up the row {case['index']}, and there are {n}: 0 to {n - 1}.",
        f"indices = keras.ops.clip(indices, 0, {n - 1})  # or indices - 1, if they count from 1; or a "
        "table of more rows",
        seen=case["index"],
        expected=f"0 to {n - 1}",
    )


def _list(case: Case) -> Finding | None:
    if case["type"] not in ("list", "tuple", "int", "float") or not case.failure.call:
        return None
    given = [a for a in case.arguments.values() if a.kind in ("list", "number") and "/" not in a.name]
    name = next((a.variable or a.name for a in given), "x")
    return case.finding(
        f"{case.failure.call} takes tensors, and '{name}' is a Python {case['type']}.",
        f"{name} = np.array({name})",
        seen=case["type"],
        expected="an array",
    )


_LOGITS = (
    "labels, logits = tf.one_hot([0, 1], 3), tf.ones((2, 4))\n"
    "loss = tf.nn.softmax_cross_entropy_with_logits(labels, logits)\n"
)
_ASSIGN = "x = keras.ops.zeros((3,))\nx[0] = 1.0\n"
_LOOP = """\
@tf.function
def grown():
    x = tf.zeros((1,))
    for _ in tf.range(3):
        x = tf.concat([x, x], axis=0)
    return x

print(grown())
"""
_SIGNED = """\
@tf.function(input_signature=[tf.TensorSpec((None, 3), tf.float32)])
def double(x):
    return 2 * x

print(double(tf.ones((2, 4))))
"""
_APPLY = """\
weight = keras.Variable([1.0])
optimizer = keras.optimizers.SGD()
gradients = [keras.ops.convert_to_tensor([0.5])]
optimizer.apply_gradients(gradients)
"""
KINDS = (
    Kind(
        id="labels-and-logits",
        title="Labels and logits have different shapes",
        words=(
            Words("TensorFlow", "logits and labels must be broadcastable: logits_size={logits} labels_size={labels} ["),
            Words(
                "TensorFlow",
                "must equal `logits.shape.rank - 1`. Received: labels.shape={labels} of rank {} and "
                "logits.shape={logits} of rank",
            ),
            Words("TensorFlow", "`logits` and `labels` must have the same shape, received ({logits} vs {labels}).\n"),
            Words(
                "TensorFlow",
                "logits and labels must have the same first dimension, got logits shape {logits} and "
                "labels shape {labels} [",
            ),
            Words("TensorFlow", "Rank mismatch: Rank of labels (received {}) should equal rank of logits minus 1"),
            Words("PyTorch", "Expected input batch_size ({}) to match target batch_size"),
        ),
        cause="Class ids have one axis less than the logits. One-hot labels have the same shape.",
        failing=_LOGITS,
        mended=mend(_LOGITS, "tf.ones((2, 4))", "tf.ones((2, 3))"),
        explain=_logits,
        rule="shape-mismatch",
        subject="target:y",
    ),
    Kind(
        id="none-in-a-shape",
        title="A shape holds None",
        words=(
            Words(
                "TensorFlow",
                "Attempt to convert a value (None) with an unsupported type (<class 'NoneType'>) to a Tensor",
            ),
            Words("Keras", "`shape` argument cannot contain `None`"),
            Words("Python", "'NoneType' object cannot be interpreted as an integer"),
            Words("JAX", "Shapes must be 1D sequences of concrete values of integer type, got (None"),
        ),
        cause="None stands for any size in a model's shapes. A tensor or a variable has a size.",
        failing="x = tf.zeros((None, 3))\n",
        mended="x = tf.zeros((8, 3))\n",
        explain=_none_in_shape,
        rule="shape-mismatch",
    ),
    Kind(
        id="constant-shape",
        title="A constant gets another number of values than its shape holds",
        words=(
            Words(
                "TensorFlow",
                "Eager execution of tf.constant with unsupported shape. {} has {n} elements, but got "
                "`shape` {shape} with",
            ),
        ),
        cause="The values of a constant fill its shape.",
        failing="x = tf.constant([1, 2, 3, 4], shape=(3,))\n",
        mended="x = tf.constant([1, 2, 3, 4], shape=(4,))\n",
        explain=_constant,
        rule="shape-mismatch",
    ),
    Kind(
        id="axes-of-an-image",
        title="A function on images gets another number of axes",
        words=(
            Words("TensorFlow", "'images' must have either 3 or 4 dimensions"),
            Words("TensorFlow", "'image' (shape {}) must be at least three-dimensional"),
            Words("TensorFlow", "Input must be 4 or 5-dimensional"),
            Words("TensorFlow", "input must be 4-dimensional"),
            Words("Keras", "Invalid images rank: expected rank 3 (single image) or rank 4"),
            Words("Keras", "Expected image tensor to have rank 3 (single image) or 4"),
            Words("Keras", "Expected image array to have rank 3 (single image)"),
            Words("Keras", "Expected an image array with shape `(height, width, channels)`"),
        ),
        cause="Grey images have a channel axis of length 1.",
        failing="image = np.ones((28, 28))\nsmall = keras.ops.image.resize(image, (10, 10))\n",
        mended="image = np.ones((28, 28, 1))\nsmall = keras.ops.image.resize(image, (10, 10))\n",
        explain=_image,
        rule="shape-mismatch",
    ),
    Kind(
        id="row-beyond-a-table",
        title="gather looks up a row that does not exist",
        words=(Words("TensorFlow", "= {index} is not in [0, {size})"),),
        cause="Rows count from 0.",
        failing="table = tf.ones((3, 4))\nrows = tf.gather(table, [1, 3])\n",
        mended="table = tf.ones((3, 4))\nrows = tf.gather(table, [0, 2])\n",
        explain=_gathered,
        rule="shape-mismatch",
    ),
    Kind(
        id="list-in-place-of-a-tensor",
        title="A function on tensors gets a Python list",
        words=(
            Words("Python", "'{type}' object has no attribute 'shape'"),
            Words("Python", "'{type}' object has no attribute 'dtype'"),
        ),
        cause="Losses and functions read shape and dtype of their tensors. Lists have none.",
        failing="y = [0, 1, 1]\nloss = keras.losses.sparse_categorical_crossentropy(y, np.full((3, 2), 0.5))\n",
        mended=(
            "y = np.array([0, 1, 1])\nloss = keras.losses.sparse_categorical_crossentropy(y, np.full((3, 2), 0.5))\n"
        ),
        explain=_list,
    ),
    Kind(
        id="assignment-to-a-tensor",
        title="A value is assigned to a part of a tensor",
        words=(
            Words("Python", "Tensor' object does not support item assignment"),
            Words("Python", "Variable' object does not support item assignment"),
            Words("JAX", "arrays are immutable and do not support in-place item assignment"),
            Words("JAX", "object does not support item assignment. JAX arrays are immutable"),
        ),
        cause="Tensors do not change. A function makes a new one, and NumPy's arrays can be changed.",
        failing=_ASSIGN,
        mended=mend(_ASSIGN, "x[0] = 1.0", "x = keras.ops.slice_update(x, (0,), np.ones(1, 'float32'))"),
        explain=plainly(
            "A part of a tensor is assigned a value, and tensors cannot be changed.",
            "x = keras.ops.where(mask, value, x)  # or keras.ops.slice_update(x, start, values)\n"
            "# before training: x = np.array(x); x[0] = 1.0",
            seen="x[i] = value",
            expected="a new tensor",
        ),
    ),
    Kind(
        id="length-of-a-symbolic-tensor",
        title="len() of a symbolic tensor",
        words=(
            Words("Python", "object of type 'KerasTensor' has no len()"),
            Words("TensorFlow", "len is not well defined for a symbolic Tensor"),
        ),
        cause="The size of the batch is not known while the model is built.",
        failing="x = keras.Input((4,))\nn = len(x)\n",
        mended="x = keras.Input((4,))\nn = x.shape[1]\n",
        explain=plainly(
            "len() asks a symbolic tensor for the size of its batch, which is not known yet.",
            "n = keras.ops.shape(x)[0]  # the batch, when data comes; x.shape[1] for the other axes",
            seen="len(x)",
            expected="keras.ops.shape(x)[0]",
        ),
    ),
    Kind(
        id="shape-changes-in-a-loop",
        title="The shape or dtype of a variable changes in a loop or in a branch",
        words=(
            Words("TensorFlow", "'{name}' has shape {before} before the loop, but shape {after} after one iteration"),
            Words("TensorFlow", "'{name}' has dtype {before} before the loop, but dtype {after} after one iteration"),
            Words("TensorFlow", "'{name}' has dtype {before} in the main branch, but dtype {after} in the else branch"),
            Words("TensorFlow", "'{name}' must also be initialized in the {after} branch"),
            Words("JAX", "scan body function carry input and carry output must have equal types"),
            Words("Keras", "`true_fn` and `false_fn` should return outputs of the same kind"),
        ),
        cause="tf.function traces a loop once, so all its turns have the same shapes and dtypes.",
        failing=_LOOP,
        mended=mend(
            _LOOP,
            "    for",
            "    for",
        ).replace(
            "        x = tf.concat",
            "        tf.autograph.experimental.set_loop_options(shape_invariants=[(x, tf.TensorShape([None]))])\n"
            "        x = tf.concat",
        ),
        explain=plainly(
            "'{name}' is {before} at first, and {after} after a turn of the loop or in the other branch.",
            "tf.autograph.experimental.set_loop_options(\n    shape_invariants=[({name}, tf.TensorShape([None]))]\n"
            ')  # first line of the loop; of a dtype: keras.ops.cast({name}, "float32") on both sides',
            seen="{after}",
            expected="{before}",
        ),
        rule="shape-mismatch",
    ),
    Kind(
        id="input-signature",
        title="A tf.function gets another shape or dtype than its signature says",
        words=(
            Words(
                "TensorFlow",
                "Can not cast TensorSpec(shape={got}, dtype={}, name={}) to TensorSpec(shape={expected}, dtype={type},",
            ),
            Words("TensorFlow", "Python inputs incompatible with input_signature"),
        ),
        cause="input_signature fixes the shapes and dtypes that the function takes. None stands for any size.",
        failing=_SIGNED,
        mended=mend(_SIGNED, "tf.ones((2, 4))", "tf.ones((2, 3))"),
        explain=plainly(
            "The function is called with shape {got}, and its signature says {expected}.",
            "@tf.function(input_signature=[tf.TensorSpec({got}, tf.float32)])  # or no signature\n"
            "# or give it what it takes: shape {expected}, {type}",
            seen="{got}",
            expected="{expected}",
        ),
        rule="shape-mismatch",
    ),
    Kind(
        id="gradients-without-variables",
        title="apply_gradients gets gradients without their variables",
        words=(
            Words("Python", "not enough values to unpack (expected 2, got {n})"),
            Words("Python", "too many values to unpack (expected 2)"),
            Words("Python", "iteration over a 0-d"),
        ),
        cause="apply_gradients takes pairs of a gradient and its variable.",
        failing=_APPLY,
        mended=mend(_APPLY, "apply_gradients(gradients)", "apply_gradients(zip(gradients, [weight]))"),
        explain=lambda case: (
            plainly(
                "apply_gradients takes pairs of a gradient and its variable.",
                "optimizer.apply_gradients(zip(gradients, model.trainable_variables))",
                seen="gradients alone",
                expected="pairs",
                subject="optimizer",
            )(case)
            if case.method == "apply_gradients"
            else None
        ),
        subject="optimizer",
    ),
    Kind(
        id="text-is-not-a-number",
        title="Text that is not a number is converted to one",
        words=(
            Words("TensorFlow", "StringToNumberOp could not correctly convert string: {value} ["),
            Words("TensorFlow", "StringToNumberOp could not correctly convert string: {value}\n"),
            Words("pandas", 'Unable to parse string "{value}" at position'),
        ),
        cause="One of the texts is empty, a name or a sign for missing.",
        failing="x = tf.constant(['1.5', '?'])\ny = tf.strings.to_number(x)\n",
        mended="x = tf.constant(['1.5', '0'])\ny = tf.strings.to_number(x)\n",
        explain=plainly(
            "'{value}' is not a number.",
            'x = pd.to_numeric(pd.Series(x), errors="coerce").fillna(0)  # what is not a number becomes NaN, then 0',
            seen="{value}",
            expected="a number",
            subject="input:x",
        ),
        rule="dtype-mismatch",
        subject="input:x",
    ),
)
"""Kinds of this family."""
