"""Data sets and generators whose elements are not what `fit` expects."""

from __future__ import annotations

import ast

from tb_inputdiag.numbers import shape_text
from tb_inputdiag.records import ShapesPicture
from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.generator_code import (
    BATCH_OF_ONE,
    giver_of,
    giving_word,
    holds_one,
    with_batch_axis,
    yielded_parts,
)
from tb_inputdiag.rules.exceptions.kind import Case, Kind, plainly
from tb_inputdiag.rules.exceptions.programs import REGRESSION, TWO_INPUTS, mend, program
from tb_inputdiag.rules.exceptions.words import Words
from tb_inputdiag.rules.support.shape_errors import InputShapeError, read_shape_error
from tb_inputdiag.rules.support.shapes import Shape, fits, tuple_code

__all__ = ["KINDS", "SHAPE_WORDS"]

SHAPE_WORDS = (
    Words("Keras", "incompatible"),
    Words("Keras", "Invalid input shape"),
    Words("Keras", "expected min_ndim="),
    Words("Keras", "expected ndim="),
    Words("Keras", "same shape"),
    Words("Keras", "must have rank"),
    Words("TensorFlow", "Negative dimension size"),
    Words("Keras", "Computed output size would be negative"),
    Words("TensorFlow", "Dimensions must be equal"),
    Words("TensorFlow", "Incompatible shapes"),
    Words("TensorFlow", "Shape must be"),
    Words("TensorFlow", "Matrix size-incompatible"),
    Words("TensorFlow", "ndims must be"),
    Words("TensorFlow", "must be rank"),
    Words("PyTorch", "mat1 and mat2 shapes cannot be multiplied"),
    Words("JAX", "contracting dimensions"),
    Words("Keras", "Exception encountered when calling"),
    Words("Python", "tuple index out of range"),
    Words("Python", "list index out of range"),
)


def _compared(case: Case) -> tuple[str, tuple[int | None, ...], tuple[int | None, ...]] | None:
    """Returns the name of a data set's variable, what an element holds and what the model was built for."""
    x = case.argument("x")
    fed = case.fed("input")
    error = read_shape_error(case.text)
    held_out = case.argument("validation_data")
    if held_out is not None and held_out.kind == "dataset" and case.facts is not None and case.facts.inputs:
        spec = f"shape={error.got}" if isinstance(error, InputShapeError) else ""
        known = spec in held_out.element_spec and not (x is not None and spec in x.element_spec)
        built = case.facts.inputs[0].shape
        if spec and known and isinstance(error, InputShapeError) and built is not None:
            return held_out.variable or "validation_data", error.got, built
    if x is None or x.kind != "dataset" or case.facts is None or not fed or not case.facts.inputs:
        return None
    shape, built = fed[0].shape, case.facts.inputs[0].shape
    if shape is None or built is None or len(fed) != len(case.facts.inputs):
        return None
    return x.variable or "dataset", shape, built


def _unbatched(case: Case) -> Finding | None:
    compared = _compared(case)
    if compared is None:
        return None
    name, shape, built = compared
    if len(shape) != len(built) - 1 or not fits(shape, built[1:]):
        return None
    return case.finding(
        f"The elements of '{name}' are single examples of shape {shape_text(shape)}, not batches {shape_text(built)}.",
        f"{name} = {name}.batch(32)",
        seen=shape_text(shape),
        expected=shape_text(built),
        subject="input:x",
        evidence={"shape": list(shape), "expected_shape": list(built)},
        picture=ShapesPicture(seen=shape, expected=built),
    )


def _twice(case: Case) -> Finding | None:
    compared = _compared(case)
    if compared is None:
        return None
    name, shape, built = compared
    if not _has_a_second_batch_axis(shape, built):
        return None
    return case.finding(
        f"'{name}' is batched twice: its elements have shape {shape_text(shape)}, and the model reads "
        f"{shape_text(built)}.",
        f"{name} = {name}.unbatch().batch(32)  # or leave out the second .batch(...)",
        seen=shape_text(shape),
        expected=shape_text(built),
        subject="input:x",
        evidence={"shape": list(shape), "expected_shape": list(built)},
        picture=ShapesPicture(seen=shape, expected=built),
    )


def _has_a_second_batch_axis(shape: Shape, built: Shape) -> bool:
    """Tells whether elements have one axis more than the model reads, behind that of the batch."""
    return len(shape) == len(built) + 1 > 1 and fits(shape[2:], built[1:])


def _signature_with_batch(case: Case) -> Finding | None:
    """The inputs have an axis more than the model reads, of unknown size, and the targets only that of the batch."""
    compared, inputs, targets = _compared(case), case.fed("input"), case.fed("target")
    if compared is None or not inputs or len(targets) != 1 or not targets[0].shape:
        return None
    name, shape, built = compared
    longer = shape[:2] == (None, None) and _has_a_second_batch_axis(shape, built)
    if not longer or inputs[0].shape != shape or targets[0].shape[1:2] == (None,):
        return None
    one = tuple_code(shape[2:])
    return case.finding(
        f"The inputs of '{name}' have an axis too many, {shape_text(shape)}, and its targets, "
        f"{shape_text(targets[0].shape)}, do not: the signature of the inputs has a batch axis.",
        f"tf.TensorSpec(shape={one}, dtype=tf.{inputs[0].dtype})"
        "  # in output_signature: one example, without a batch axis\n"
        f"# if an example is a sequence of such: keras.Input({tuple_code(shape[1:])}), and layers that read steps",
        seen=shape_text(shape),
        expected=shape_text(built),
        subject=f"input:{inputs[0].name}",
        evidence={"shape": list(shape), "expected_shape": list(built)},
        picture=ShapesPicture(seen=shape, expected=built),
    )


def _lost_parts(case: Case) -> Finding | None:
    """An element (a, b, y) is read as input, target and weights."""
    x = case.argument("x")
    facts = case.facts
    if x is None or x.kind != "dataset" or facts is None or len(facts.inputs) < 2:
        return None
    parts = x.parts
    if parts != len(facts.inputs) + 1:
        return None
    name = x.variable or "dataset"
    letters = [f"x{number + 1}" for number in range(parts - 1)]
    inside = ", ".join(letters)
    return case.finding(
        f"Each element of '{name}' has {parts} parts, which Keras reads as (x, y, sample_weight), not as "
        f"{parts - 1} inputs and a target.",
        f"{name} = {name}.map(lambda {inside}, y: (({inside}), y))",
        seen=f"({inside}, y)",
        expected=f"(({inside}), y)",
        subject="data",
    )


def _generator_lists(case: Case) -> Finding | None:
    received = case["received"]
    lists = received.startswith(("[array", "[<tf", "[tensor"))
    if lists or "[array(" in received[:20]:
        return case.finding(
            "The generator yields a list. Keras takes only a tuple apart into inputs and targets.",
            "yield x, y  # not: yield [x, y]",
            seen="a list",
            expected="a tuple (x, y)",
            subject="data",
        )
    return case.finding(
        "The generator yields inputs without targets.",
        "yield x, y  # inputs and targets; to predict: yield (x,)",
        seen="x",
        expected="a tuple (x, y)",
        subject="data",
    )


def _no_targets(case: Case) -> Finding | None:
    y, x = case.argument("y"), case.argument("x")
    given = y is not None and y.kind != "none"
    trains = case.method in ("fit", "evaluate", "train_on_batch", "test_on_batch")
    counted = "cannot be interpreted as an integer" in case.text
    if not trains or given or counted or not case.failure.arguments:
        return None
    if x is not None and x.kind == "dataset" and x.parts > 1:
        return None
    name = x.variable or "dataset" if x is not None and x.kind == "dataset" else case.variable("x")
    is_data = x is not None and x.yields_batches
    fix = (
        f"{name} = tf.data.Dataset.zip(({name}, labels))  # labels: a data set that is batched alike\n"
        f"# or, for an autoencoder: {name}.map(lambda x: (x, x))"
        if x is not None and x.kind == "dataset"
        else ("yield x, y" if is_data else f"{case.model}.{case.method}({name}, y)  # autoencoder: ({name}, {name})")
    )
    return case.finding(
        f"{case.method} got no targets, and the compiled loss compares predictions with targets.",
        fix,
        seen="x",
        expected="x and y",
        subject="data",
    )


def _single(case: Case) -> Finding | None:
    x = case.argument("x")
    whole = x is not None and x.kind == "pydataset"
    if not case["value"]:
        return _without_batch_axis(case)
    yielded = yielded_parts(x) if x is not None else []
    known = len(yielded) == 2
    inputs, targets = (ast.unparse(part) for part in yielded) if known else ("x", "y")
    stacked = with_batch_axis(yielded[0]) if known else "x[None]"
    is_one = known and holds_one(yielded[1])
    label = f"np.array({targets})" if is_one else f"np.array([{targets}])"
    one = f"yield {stacked}, {label}  {BATCH_OF_ONE}"
    several = f"{giving_word(x)} {inputs}, np.array({targets})  # a list of labels becomes one array"
    listed = known and isinstance(yielded[1], ast.List | ast.ListComp)
    either = (
        f"{several}\n# or, of a single example: {one}"
        if whole or listed
        else f"{one}\n# or, of a list of labels: {several}"
    )
    return case.finding(
        f"{'__getitem__' if whole else 'The generator'} yields {case['value']}, a number without a batch "
        "axis, where an "
        "array of a batch is needed: a list of numbers, or a single example.",
        one if is_one else either,
        seen=f"the number {case['value']}",
        expected="an array with a batch axis",
        subject="data",
    )


def _without_batch_axis(case: Case) -> Finding | None:
    """JAX and PyTorch do not look at the numbers of an element before the model does."""
    x = case.argument("x")
    if x is None or x.kind not in ("pydataset", "generator") or len(case.failure.lines) > 1:
        return None
    give = giving_word(x)
    return case.finding(
        f"{giver_of(x)} {give}s numbers where an array of a batch is needed: the first axis counts examples.",
        f"{give} x, np.array(y)  # a list of labels becomes one array\n"
        f"# or, of a single example: {give} x[None], np.array([y])",
        seen="numbers",
        expected="an array with a batch axis",
        subject="data",
    )


def _split(case: Case) -> Finding | None:
    x, share = case.argument("x"), case.argument("validation_split")
    batches = x.cardinality if x is not None and x.cardinality is not None and x.cardinality > 1 else 0
    part = share.value if share is not None and isinstance(share.value, float) else 0.2
    n = max(1, round(batches * part)) if batches else 1
    name = case.variable("x")
    return case.finding(
        f"validation_split works for arrays only, and '{name}' is a data "
        f"set{f' of {batches} batches' if batches else ''}.",
        f"n = {n}  # batches for validation\n"
        f"{case.model}.{case.method}({name}.skip(n), validation_data={name}.take(n))  # shuffle only after this",
        seen="a data set",
        expected="arrays",
        subject="data",
    )


def _validation(case: Case) -> Finding | None:
    data = case.argument("validation_data")
    if data is None:
        return None
    name = data.variable or "x_val"
    if data.kind in ("array", "frame", "series", "tensor"):
        return case.finding(
            "validation_data is one array, not inputs and targets.",
            f"{case.model}.fit(..., validation_data=({name}, y_val))",
            seen=data.type,
            expected="a tuple (x_val, y_val)",
            subject="data",
        )
    if data.kind == "list" and data.length == 1:
        return case.finding(
            "validation_data has inputs without targets, so no validation loss can be computed.",
            f"{case.model}.fit(..., validation_data=(x_val, y_val))",
            seen="(x_val,)",
            expected="(x_val, y_val)",
            subject="data",
        )
    return None


_GENERATOR = """
def batches():
    while True:
        yield np.random.rand(5, 4), np.zeros(5)

model.fit(batches(), steps_per_epoch=2)
"""
_DATA = "data = tf.data.Dataset.from_tensor_slices((np.random.rand(10, 4), np.zeros(10)))\n"
_SPEC = program(
    REGRESSION,
    """\
def examples():
    for number in range(8):
        yield np.full(4, number), number

signature = tf.TensorSpec((None, 4), tf.float32), tf.TensorSpec((), tf.float32)
data = tf.data.Dataset.from_generator(examples, output_signature=signature)
model.fit(data.batch(2))
""",
)
KINDS = (
    Kind(
        id="unbatched-dataset",
        title="A tf.data.Dataset is not batched",
        words=SHAPE_WORDS,
        cause="`fit` uses each element of a data set as a batch. It does not batch data sets itself.",
        failing=program(REGRESSION, _DATA + "model.fit(data)"),
        mended=program(REGRESSION, _DATA + "model.fit(data.batch(5))"),
        explain=_unbatched,
        rule="shape-mismatch",
    ),
    Kind(
        id="signature-with-a-batch-axis",
        title="A signature gives one example a batch axis",
        words=SHAPE_WORDS,
        cause="`output_signature` describes what the generator yields. `.batch` adds the batch axis to that.",
        failing=_SPEC,
        mended=mend(_SPEC, "(None, 4)", "(4,)"),
        explain=_signature_with_batch,
        rule="shape-mismatch",
    ),
    Kind(
        id="dataset-batched-twice",
        title="A tf.data.Dataset is batched twice",
        words=SHAPE_WORDS,
        cause="A second `.batch` puts batches into batches. Data sets of `keras.utils` are batched already.",
        failing=program(REGRESSION, _DATA + "data = data.batch(5)\nmodel.fit(data.batch(2))"),
        mended=program(REGRESSION, _DATA + "data = data.batch(5)\nmodel.fit(data)"),
        explain=_twice,
        rule="shape-mismatch",
    ),
    Kind(
        id="inputs-not-grouped",
        title="The inputs in a data set's elements are not grouped",
        words=(
            Words("Keras", "expects {expected} input(s), but it received {received} input tensors"),
            Words("Keras", "expects {expected} named input(s) with keys {keys}, but it received {received} input"),
            Words("Keras", "structure of `inputs` doesn't match"),
            Words("Keras", "Data is expected to be in format"),
        ),
        cause="A tuple is read as (x, y) or (x, y, sample_weight). Several inputs are one part of it.",
        failing=program(
            TWO_INPUTS, "data = tf.data.Dataset.from_tensor_slices((ages, places, y)).batch(4)\nmodel.fit(data)"
        ),
        mended=program(
            TWO_INPUTS, "data = tf.data.Dataset.from_tensor_slices(((ages, places), y)).batch(4)\nmodel.fit(data)"
        ),
        explain=_lost_parts,
        subject="data",
    ),
    Kind(
        id="targets-beside-dataset",
        title="Targets are given beside a data set",
        words=(
            Words("Keras", "When providing `x` as a {what}, `y` should not be passed"),
            Words("Keras", "`y` argument is not supported when using"),
        ),
        cause="A data set or generator yields inputs and targets together.",
        failing=program(
            REGRESSION,
            "x = tf.data.Dataset.from_tensor_slices(np.random.rand(10, 4)).batch(5)\nmodel.fit(x, np.zeros(10))",
        ),
        mended=program(
            REGRESSION,
            "x = tf.data.Dataset.from_tensor_slices(np.random.rand(10, 4)).batch(5)\n"
            "y = tf.data.Dataset.from_tensor_slices(np.zeros(10)).batch(5)\n"
            "model.fit(tf.data.Dataset.zip((x, y)))",
        ),
        explain=plainly(
            "y is given beside '{x}', which is a data set and has to yield the targets itself.",
            "{model}.{method}(tf.data.Dataset.zip(({x}, y_dataset)))  # or yield x, y from the generator",
            seen="x and y",
            expected="x that yields (x, y)",
        ),
        subject="data",
    ),
    Kind(
        id="validation-split-of-dataset",
        title="validation_split is used with a data set",
        words=(Words("Keras", "`validation_split` is only supported for {what}."),),
        cause="Keras splits arrays by their length. It does not know how to cut a data set or a generator in two.",
        failing=program(REGRESSION, _DATA + "data = data.batch(5)\nmodel.fit(data, validation_split=0.5)"),
        mended=program(
            REGRESSION, _DATA + "data = data.batch(5)\nmodel.fit(data.skip(1), validation_data=data.take(1))"
        ),
        explain=_split,
        subject="data",
    ),
    Kind(
        id="endless-dataset",
        title="A data set has no end and steps_per_epoch is missing",
        words=(
            Words("Keras", "When passing an infinitely repeating dataset, {}must specify {}`steps_per_epoch`"),
            Words("Keras", "you must specify {}number of steps"),
            Words("Keras", "infinite dataset"),
        ),
        cause="An epoch ends with the data. A data set that repeats for ever needs another end.",
        failing=program(
            REGRESSION,
            _DATA + "data = data.repeat().batch(5)\nmodel.fit(data.take(2))\n"
            'raise ValueError("When passing an infinitely repeating dataset, you must specify the '
            '`steps_per_epoch` argument.")  # Keras 2; Keras 3 trains for ever',
        ),
        mended=program(REGRESSION, _DATA + "data = data.repeat().batch(5)\nmodel.fit(data, steps_per_epoch=2)"),
        explain=plainly(
            "'{x}' repeats for ever, so no epoch would end.",
            "{model}.{method}({x}, steps_per_epoch=len(x_train) // batch_size)",
            seen="no steps_per_epoch",
            expected="steps_per_epoch",
        ),
        subject="data",
    ),
    Kind(
        id="generator-without-tuples",
        title="A generator yields a list, or inputs without targets",
        words=(
            Words("Keras", "the generator must return a tuple{}Received: {received}"),
            Words("Keras", "the output of the generator should be a tuple {}Found: {received}"),
        ),
        cause="Keras takes only a tuple apart into inputs, targets and sample weights.",
        failing=program(
            REGRESSION,
            mend(_GENERATOR, "yield np.random.rand(5, 4), np.zeros(5)", "yield [np.random.rand(5, 4), np.zeros(5)]"),
        ),
        mended=program(REGRESSION, _GENERATOR),
        explain=_generator_lists,
        subject="data",
    ),
    Kind(
        id="generator-of-single-examples",
        title="A generator yields single examples, not batches",
        words=(
            Words("Keras", "the arrays must be at least rank 1. Received: {value} of rank 0"),
            Words("Python", "IndexError: tuple index out of range"),
        ),
        cause="Keras uses each element of a generator as a batch. The first axis of each array counts examples.",
        failing=program(REGRESSION, mend(_GENERATOR, "np.random.rand(5, 4), np.zeros(5)", "np.random.rand(4), 1.0")),
        mended=program(
            REGRESSION, mend(_GENERATOR, "np.random.rand(5, 4), np.zeros(5)", "np.random.rand(1, 4), np.ones(1)")
        ),
        explain=_single,
        subject="data",
    ),
    Kind(
        id="too-many-parts",
        title="A batch has more than three parts",
        words=(Words("Keras", "Data is expected to be in format `x`, `(x,)`, `(x, y)`, or `(x, y, sample_weight)`"),),
        cause="A batch is (x, y) or (x, y, sample_weight). Several inputs, or several targets, are one part.",
        failing=program(REGRESSION, mend(_GENERATOR, "np.zeros(5)", "np.zeros(5), np.ones(5), np.ones(5)")),
        mended=program(REGRESSION, mend(_GENERATOR, "np.zeros(5)", "np.zeros(5), np.ones(5)")),
        explain=plainly(
            "A batch has more than the parts x, y and sample_weight.",
            "yield (x1, x2), y  # several inputs are one part: a tuple, a list or a dict; and so are several targets",
            seen="more than 3 parts",
            expected="(x, y) or (x, y, sample_weight)",
        ),
        subject="data",
    ),
    Kind(
        id="validation-data-without-targets",
        title="validation_data has no targets",
        words=(
            Words("Keras", "None values not supported"),
            Words("JAX", "None is not a valid value for jnp.array"),
            Words("PyTorch", "Invalid dtype: object"),
            Words("Keras", "Data is expected to be in format"),
            Words("Keras", "Attempt to convert a value (None)"),
            Words("Keras", "Unrecognized data type"),
            Words("Keras", "Data cardinality is ambiguous"),
            Words("Python", "values to unpack"),
        ),
        cause="The validation loss compares predictions with targets, too.",
        failing=program(REGRESSION, "x = np.random.rand(8, 4)\nmodel.fit(x, np.zeros(8), validation_data=(x,))"),
        mended=program(
            REGRESSION, "x = np.random.rand(8, 4)\nmodel.fit(x, np.zeros(8), validation_data=(x, np.zeros(8)))"
        ),
        explain=_validation,
        subject="data",
    ),
    Kind(
        id="missing-targets",
        title="The targets are missing",
        words=(
            Words("TensorFlow", "None values not supported"),
            Words("Keras", "y_true and y_pred have different structures.{}y_true: None"),
            Words("Keras", "Attempt to convert a value (None) with an unsupported type"),
            Words("Keras", "You must provide {}target"),
            Words("Keras", "Target data is missing"),
            Words("JAX", "None is not a valid value for jnp.array"),
            Words("PyTorch", "Invalid dtype: object"),
            Words("JAX", "NoneType"),
            Words("Python", "'NoneType' object has no attribute 'shape'"),
            Words("Python", "'NoneType' object has no attribute 'dtype'"),
        ),
        cause="The loss that was compiled compares predictions with targets.",
        failing=program(REGRESSION, "x = np.random.rand(10, 4)\nmodel.fit(x)"),
        mended=program(REGRESSION, "x = np.random.rand(10, 4)\nmodel.fit(x, np.zeros(10))"),
        explain=_no_targets,
        subject="data",
    ),
)
"""Kinds of this family."""
