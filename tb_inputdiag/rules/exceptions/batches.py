"""Batches of another size, rank or kind than the model computes with."""

from __future__ import annotations

import re

from tb_inputdiag.numbers import shape_text
from tb_inputdiag.records import ArgumentFacts, ShapesPicture
from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.kind import Case, Kind
from tb_inputdiag.rules.exceptions.programs import CLASSIFIER, mend, program
from tb_inputdiag.rules.exceptions.words import Words
from tb_inputdiag.rules.support.shapes import Shape, shape_in

__all__ = ["KINDS", "STATEFUL"]

_UNEQUAL = (
    Words("TensorFlow", "Incompatible shapes: {left} vs. {right} [["),
    Words("TensorFlow", "Incompatible shapes: {left} vs. {right} [Op"),
    Words("TensorFlow", "Incompatible shapes: {left} vs. {right}\n"),
    Words("TensorFlow", "Dimensions must be equal, but are {} for '{}' with input shapes: {left}, {right}."),
    Words("JAX", "got incompatible shapes for broadcasting: ({left}), ({right})."),
    Words("JAX", "Incompatible shapes for broadcasting: shapes=[({left}), ({right})]"),
    Words("PyTorch", "The size of tensor a ({left}) must match the size of tensor b ({right}) at non-singleton"),
)


STATEFUL = (
    Words(
        "Keras",
        "If an RNN is stateful, the batch size of the input sequences must be the same as the batch size of the "
        "initial state. - Expected batch size: {built}\n - Received batch size: {got}\n",
    ),
    Words(
        "Keras",
        "the batch size of the input sequences must be the same as the batch size of the initial state. {}"
        "Expected batch size: {built} - Received batch size: {got}\n",
    ),
)


def _pair(case: Case) -> tuple[Shape, Shape] | None:
    left, right = shape_in(case["left"]), shape_in(case["right"])
    return (left, right) if left and right else None


def _fixed_batch(case: Case) -> int | None:
    """Returns the number of examples that the model was built for; None if any number is right."""
    shapes = [t.shape for t in case.facts.inputs if t.shape] if case.facts is not None else []
    return shapes[0][0] if shapes and shapes[0] else None


def _data(case: Case) -> ArgumentFacts | None:
    return case.argument("x") or case.argument("validation_data")


def _rest(case: Case, size: int) -> int | None:
    """Returns the number of examples of the last, smaller batch, if that is what the message compares with `size`."""
    if case["built"]:  # of a stateful layer, which names two numbers
        x = _data(case)
        several = x is None or not x.shape or x.shape[0] is None or x.shape[0] > size
        fits = case["built"] == str(size) and case["got"].isdigit() and several
        return int(case["got"]) if fits and 0 < int(case["got"]) < size else None
    pair = _pair(case)
    if pair is None or pair[0][1:] != pair[1][1:]:
        return None
    firsts = {pair[0][0], pair[1][0]}
    rest = next((n for n in firsts if n is not None and n != size), None)
    return rest if size in firsts and rest is not None and rest % size else None


def _partial(case: Case) -> Finding | None:
    """The last batch of a model with a fixed batch size holds fewer examples."""
    size = _fixed_batch(case)
    rest = _rest(case, size) if size else None
    if not size or rest is None:
        return None
    x = _data(case)
    n = x.shape[0] if x is not None and x.shape and "validation_split" not in case.arguments else None
    given = [case.variable(name) for name in ("x", "y") if case.argument(name) is not None] or ["x"]
    if x is not None and x.yields_batches:
        fix = f"{case.variable('x')} = data.batch({size}, drop_remainder=True)  # drops the last, smaller batch"
    else:
        end = str(n // size * size) if n and n >= size else f"len({given[0]}) // {size} * {size}"
        fix = f"{', '.join(given)} = {', '.join(f'{name}[:{end}]' for name in given)}  # whole batches of {size}"
    return case.finding(
        f"The model was built for batches of {size} examples, and gets one of {rest}"
        f"{f', the rest of {n}' if n and n % size == rest else ''}.",
        f"{fix}\n# without stateful layers: keras.Input(shape=...) takes batches of any size",
        seen=f"{rest} examples",
        expected=f"{size} examples",
        subject="input:x",
        evidence={"batch_size": size, "rest": rest},
    )


def _stateful_on_torch(case: Case) -> Finding | None:
    layers = case.facts.layers if case.facts is not None else ()
    found = next((layer.class_name for layer in layers if layer.class_name in ("LSTM", "GRU", "SimpleRNN")), "")
    if not found or len(case.failure.lines) > 1:
        return None
    return case.finding(
        f"Keras changes the state of {found} in place, and PyTorch needs the old one for the gradient: a layer with "
        "stateful=True cannot be trained there.",
        f"keras.layers.{found}(...)  # without stateful=True: each batch starts anew\n"
        "# or train on another backend: KERAS_BACKEND=jax",
        seen="stateful=True",
        expected="stateful=False",
    )


def _weights(case: Case) -> Finding | None:
    """A table of weights, where the loss has one number for each example."""
    weights = case.argument("sample_weight")
    fed = [t.shape for t in case.fed("sample_weight") if t.shape]
    shape = (weights.shape if weights is not None else None) or (fed[0] if fed else None)
    target = next((t.shape for t in case.fed("target") if t.shape), None)
    pair = _pair(case)
    if shape is None or len(shape) < 2 or (shape[-1] or 0) < 2:
        return None
    if pair is not None and len(pair[0]) > 1 and not any(tuple(p[1:]) == tuple(shape[1:]) for p in pair):
        return None
    name = (weights.variable if weights is not None else "") or "sample_weight"
    axes = "axis=-1" if len(shape) == 2 else f"axis={tuple(range(1, len(shape)))}"
    y = case.variable("y")
    ids = target is not None and (len(target) == 1 or target[-1] == 1)
    fix = (
        f"{name} = np.take_along_axis({name}, {y}.reshape(-1, 1), axis=1)[:, 0]  # that of the example's class"
        if ids and len(shape) == 2
        else f"{name} = {name}.sum({axes})  # of one-hot labels times class weights: the weight of the class"
    )
    return case.finding(
        f"'{name}' has {shape[-1]} weights for each example, {shape_text(shape)}, and the loss takes one.",
        fix,
        seen=shape_text(shape),
        expected=shape_text(shape[:1]),
        subject="sample_weight:sample_weight",
        evidence={"shape": list(shape)},
        picture=ShapesPicture(seen=tuple(shape), expected=tuple(shape[:1])),
    )


def _unknown_rank(case: Case) -> Finding | None:
    """A data set whose elements have no known number of axes."""
    x = case.argument("x")
    if x is None or x.kind != "dataset" or "<unknown>" not in x.element_spec:
        return None
    built = case.facts.inputs[0].shape if case.facts is not None and len(case.facts.inputs) == 1 else None
    sizes = tuple(built) if built is not None else (None, 28, 28, 1)
    names = ("x", "y", "weight")[: x.parts]
    lost = {t.role for t in (*case.fed("input"), *case.fed("target")) if t.shape is None} or {"input"}
    codes = [*names]
    if "input" in lost:
        codes[0] = f"tf.ensure_shape(x, {sizes})"
    if "target" in lost and len(codes) > 1:
        codes[1] = "tf.ensure_shape(y, (None,))"
    name = case.variable("x")
    element = codes[0] if len(codes) == 1 else f"({', '.join(codes)})"
    return case.finding(
        f"'{name}' does not say how many axes its {'inputs' if 'input' in lost else 'targets'} have.",
        f"{name} = {name}.map(\n    lambda {', '.join(names)}: {element}\n)  # before {case.method}\n"
        f"# or, of one example, below tf.numpy_function or tf.py_function:\nx = tf.ensure_shape(x, {sizes[1:]})",
        seen="unknown shape",
        expected=shape_text(sizes),
        subject="data",
    )


def _ragged(case: Case) -> Finding | None:
    x = next((a for a in case.arguments.values() if "RaggedTensor" in f"{a.type} {a.element_spec}"), None)
    if x is None:
        return None
    name = x.variable or "x"
    fix = (
        f"{name} = {name}.map(lambda x, y: (x.to_tensor(), y))  # 0 fills up the shorter rows"
        if x.kind == "dataset"
        else f"{name} = {name}.to_tensor()  # 0 fills up the shorter rows; to_tensor(shape=(None, 100)): 100 columns"
    )
    layer = re.search(r"Exception encountered when calling (\w+)\.call", case.text)
    return case.finding(
        f"'{name}' is a RaggedTensor, whose rows differ in length, and {layer[1] if layer else 'the model'} "
        "computes with dense tensors.",
        f"{fix}\n# of TextVectorization: leave out ragged=True, and give output_sequence_length=100",
        seen="rows of different lengths",
        expected="rows of one length",
        subject="input:x",
    )


_STATEFUL = """\
model = keras.Sequential(
    [keras.Input((5, 1), batch_size=8), keras.layers.LSTM(4, stateful=True), keras.layers.Dense(1)]
)
model.compile(optimizer="adam", loss="mse")
x, y = np.random.rand(20, 5, 1), np.zeros(20)
"""
_TABLE = program(
    mend(CLASSIFIER, "sparse_", ""),
    "x, y = np.random.rand(6, 4), np.eye(3)[[0, 1, 2, 0, 1, 2]]\nweights = y * np.array([1.0, 2.0, 3.0])\n"
    "model.fit(x, y, sample_weight=weights)",
)
_LOST = """\
def read(number):
    return np.random.rand(4).astype("float32")

def load(number):
    return tf.numpy_function(read, [number], tf.float32), number

data = tf.data.Dataset.range(8).map(load).batch(4)
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
"""
_FIXED = "data = data.map(lambda x, y: (tf.ensure_shape(x, (None, 4)), y))\n"
_ROWS = """\
x, y = tf.ragged.constant([[1, 2, 3], [4], [5, 6]]), np.zeros((3, 1))
model = keras.Sequential(
    [keras.layers.Embedding(9, 4), keras.layers.Conv1D(1, 2, padding="same"), keras.layers.GlobalMaxPooling1D()]
)
model.compile(optimizer="adam", loss="mse")
"""
KINDS = (
    Kind(
        id="partial-batch",
        title="The last batch is smaller than the fixed batch size of the model",
        words=(*_UNEQUAL, *STATEFUL),
        cause="A model with a fixed batch size, as stateful layers need it, computes with whole batches only.",
        failing=_STATEFUL + "model.fit(x, y, batch_size=8, shuffle=False)\n",
        mended=_STATEFUL + "model.fit(x[:16], y[:16], batch_size=8, shuffle=False)\n",
        explain=_partial,
        rule="shape-mismatch",
        subject="input:x",
    ),
    Kind(
        id="stateful-training-on-pytorch",
        title="A stateful recurrent layer is trained on PyTorch",
        words=(
            Words("PyTorch", "one of the variables needed for gradient computation has been modified by an inplace"),
        ),
        cause="Keras stores the new state in the tensor that PyTorch keeps for the gradient of the old one.",
        failing=_STATEFUL + "model.fit(x[:16], y[:16], batch_size=8, shuffle=False)\n",
        mended=_STATEFUL.replace(", stateful=True", "") + "model.fit(x[:16], y[:16], batch_size=8, shuffle=False)\n",
        explain=_stateful_on_torch,
        backend="torch",
    ),
    Kind(
        id="table-of-sample-weights",
        title="sample_weight has several numbers for each example",
        words=_UNEQUAL,
        cause="The loss of an example is one number, which is multiplied by one weight.",
        failing=_TABLE,
        mended=mend(_TABLE, "sample_weight=weights", "sample_weight=weights.sum(axis=-1)"),
        explain=_weights,
        rule="shape-mismatch",
        subject="sample_weight:sample_weight",
    ),
    Kind(
        id="unknown-rank",
        title="A data set does not know how many axes its elements have",
        words=(
            Words("TensorFlow", "Cannot take the length of shape with unknown rank"),
            Words("TensorFlow", "as_list() is not defined on an unknown TensorShape"),
            Words("Keras", "'NoneType' object is not subscriptable"),
            Words("Keras", "object of type 'NoneType' has no len()"),
            Words("Keras", "'NoneType' object is not iterable"),
        ),
        cause="tf.numpy_function and tf.py_function may return anything, so their results have no known shape.",
        failing=_LOST + "model.fit(data)\n",
        mended=_LOST + _FIXED + "model.fit(data)\n",
        explain=_unknown_rank,
        rule="shape-mismatch",
        subject="data",
    ),
    Kind(
        id="ragged-tensor-in-a-layer",
        title="A layer gets a RaggedTensor",
        words=(
            Words("TensorFlow", "Failed to convert elements of tf.RaggedTensor("),
            Words("TensorFlow", "'RaggedTensor' object has no attribute"),
            Words("TensorFlow", "TypeError: object of type 'RaggedTensor' has no len()"),
            Words("TensorFlow", "RaggedTensor"),
        ),
        cause="Few layers of Keras 3 compute with ragged tensors. A dense one has rows of one length.",
        failing=_ROWS + "model.fit(x, y)\n",
        mended=_ROWS + "model.fit(x.to_tensor(), y)\n",
        explain=_ragged,
        rule="shape-mismatch",
        subject="input:x",
    ),
)
"""Kinds of this family."""
