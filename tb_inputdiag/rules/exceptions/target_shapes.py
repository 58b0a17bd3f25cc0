"""Targets whose axes, columns or classes do not fit the predictions and the loss."""

from __future__ import annotations

from tb_inputdiag.numbers import shape_text
from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.kind import Case, Kind
from tb_inputdiag.rules.exceptions.programs import CLASSIFIER, CONVOLUTION, mend, program
from tb_inputdiag.rules.exceptions.target_and_output import OUTPUT_WORDS, by_shapes, compared, target_name
from tb_inputdiag.rules.exceptions.words import Words
from tb_inputdiag.rules.support.output_sizes import size_fix
from tb_inputdiag.statistics.namespace import Shape

__all__ = ["KINDS", "prediction_for_each_place"]


def _is_sparse(case: Case) -> bool:
    """Tells whether the loss takes class ids."""
    return "target.ndim - 1" in case.text or "same shape up until the last dimension" in case.text


def _is_crossentropy(case: Case) -> bool:
    """Tells whether the model was compiled with a crossentropy; also True if that is not known."""
    return case.facts is None or "crossentropy" in str(case.facts.loss)


def _recurrent(case: Case) -> list[str]:
    """Returns the classes of the recurrent layers of the model, in their order."""
    layers = case.facts.layers if case.facts is not None else ()
    return [x.class_name for x in layers if x.class_name in ("LSTM", "GRU", "SimpleRNN", "Bidirectional")]


def _more_axes(case: Case, target: Shape, output: Shape) -> Finding | None:
    elsewhere = "Incompatible shapes" in case.text and "compile_loss" not in case.text
    return None if elsewhere else prediction_for_each_place(case, target, output)


def prediction_for_each_place(case: Case, target: Shape, output: Shape) -> Finding | None:
    """Returns the finding that an output keeps places or steps, and there is one target for each example.

    Args:
        case: The exception.
        target: Shape of the target, with the batch axis.
        output: Shape of the prediction, with the batch axis.
    """
    one = len(target) == 1 or (len(target) == 2 and target[-1] in (1, output[-1]))
    layers = list(case.facts.layers) if case.facts is not None else []
    if not one or len(output) < 3:
        return None
    recurrent = _recurrent(case)
    if len(output) == 3 and recurrent:
        fix = f"keras.layers.{recurrent[-1]}(...)  # the last recurrent layer: without return_sequences=True"
    elif len(output) == 3:
        fix = "keras.layers.GlobalAveragePooling1D()  # before the last Dense; or Flatten()"
    elif any("Flatten" in x.class_name or "Global" in x.class_name for x in layers):
        fix = "keras.layers.Flatten()  # before the first Dense layer"
    else:
        fix = "keras.layers.Flatten()  # before the last Dense; or GlobalAveragePooling2D()"
    return compared(
        case,
        f"The model predicts {shape_text(output)}, a prediction for each step or place, and '{target_name(case)}' has "
        f"one target for each example, {shape_text(target)}.",
        fix,
        target,
        output,
    )


def _one_hot(case: Case, target: Shape, output: Shape) -> Finding | None:
    if not _is_sparse(case) or len(target) != len(output) or target[-1] != output[-1] or target[-1] in (None, 1):
        return None
    y = target_name(case)
    return compared(
        case,
        f"'{y}' is one-hot, {shape_text(target)}, and sparse_categorical_crossentropy expects class ids, "
        f"{shape_text(target[:-1])}.",
        f'{case.model}.compile(..., loss="categorical_crossentropy")\n# or keep the loss: {y} = {y}.argmax(axis=-1)',
        target,
        target[:-1],
    )


def _each_step(case: Case, target: Shape, output: Shape) -> Finding | None:
    """There is a target for each step, and the last recurrent layer returns only the last one."""
    inputs = [t.shape for t in case.fed("input") if t.shape is not None and len(t.shape) == 3]
    if not inputs or len(output) != 2:
        return None
    recurrent = _recurrent(case)
    if len(target) not in (2, 3) or target[1] != inputs[0][1] or not recurrent or target[1] == output[1]:
        return None
    return compared(
        case,
        f"'{target_name(case)}' has a target for each of the {target[1]} steps, {shape_text(target)}, and the model "
        f"predicts once for each example, {shape_text(output)}.",
        f"keras.layers.{recurrent[-1]}(..., return_sequences=True)  # the last recurrent layer",
        target,
        output,
    )


def _several_labels(case: Case, target: Shape, output: Shape) -> Finding | None:
    """A table of labels against a sparse loss."""
    if not _is_sparse(case) or len(target) != 2 or len(output) != 2 or target[1] in (None, 1):
        return None
    y, columns, units = target_name(case), target[1], output[1]
    return compared(
        case,
        f"'{y}' has {columns} columns, and sparse_categorical_crossentropy expects one class id for each example.",
        f"{y} = {y}.argmax(axis=-1)  # if the {columns} columns are one-hot; then: keras.layers.Dense({columns})\n"
        f'# several labels at once: keras.layers.Dense({columns}, activation="sigmoid"), '
        f'loss="binary_crossentropy" (now {units} units)',
        target,
        output,
    )


def _ids(case: Case, target: Shape, output: Shape) -> Finding | None:
    ids = len(target) == len(output) - 1 or (len(target) == len(output) and target[-1] == 1)
    if not ids or output[-1] in (None, 1) or _is_sparse(case):
        return None
    y, units = target_name(case), output[-1]
    binary = "binary" in _loss(case)
    fix = (
        f'keras.layers.Dense(1, activation="sigmoid")  # last layer: one unit for classes 0 and 1\n'
        f'# or keep {units} units with softmax: loss="sparse_categorical_crossentropy"'
        if binary and (units or 0) <= 2
        else f'{case.model}.compile(..., loss="sparse_categorical_crossentropy")  # for class ids\n'
        f"# or keep the loss: {y} = keras.utils.to_categorical({y}, {units})"
    )
    return compared(
        case,
        f"'{y}' has one number for each example, {shape_text(target)}, and the output has {units} units, "
        f"{shape_text(output)}.",
        fix,
        target,
        output,
    )


def _loss(case: Case) -> str:
    loss = case.facts.loss if case.facts is not None else None
    return str(loss.get("name", "")) if isinstance(loss, dict) else ""


def _width(case: Case, target: Shape, output: Shape) -> Finding | None:
    if len(target) != len(output) or target[1:-1] != output[1:-1] or target[-1] == output[-1]:
        return None
    units = target[-1]
    y = target_name(case)
    fix = f"keras.layers.Dense({units})  # last layer: one unit for each column of {y}"
    if len(target) == 4:
        fix = f"keras.layers.Conv2D({units}, 1)  # last layer: one channel for each of {y}"
    if output[-1] == 1 and (units or 0) > 1 and _is_crossentropy(case):
        fix = f'keras.layers.Dense({units}, activation="softmax")  # last layer: one unit for each column of {y}\n' + (
            f"# or, with class ids 0 and 1: {_class_ids(case, y)}"
        )
    have = f"{output[-1]} {'unit' if output[-1] == 1 else 'units'}"
    return compared(
        case,
        f"'{y}' has {units} columns, {shape_text(target)}, and the output has {have}, {shape_text(output)}.",
        fix,
        target,
        output,
    )


def _class_ids(case: Case, y: str) -> str:
    """Returns code that makes class ids of one-hot targets; of a folder's images, the argument that asks for them."""
    x = case.argument("x")
    if x is None or not x.yields_batches:
        return f"{y} = {y}.argmax(axis=-1)"
    if "_dataset_from_directory(" in x.made:
        return 'label_mode="binary" in the call that reads the folder'
    return (
        f"{x.variable or 'dataset'}.map(lambda x, y: (x, y[:, 1:]))"
        if x.kind == "dataset"
        else "yield x, y.argmax(axis=-1)"
    )


def _places(case: Case, target: Shape, output: Shape) -> Finding | None:
    if _is_sparse(case) and len(target) == 2 and len(output) == 3 and target[1] != output[1] and output[1]:
        return _other_steps(case, target, output)
    ids = _is_sparse(case) and len(target) == len(output) - 1 >= 3
    places = (*target, 1) if ids else target
    if len(places) != len(output) or len(places) < 3 or places[1:-1] == output[1:-1]:
        return None
    return compared(
        case,
        f"'{target_name(case)}' has shape {shape_text(target)}, and the output has shape {shape_text(output)}.",
        size_fix(case.facts.layers if case.facts is not None else (), places, output),
        target,
        output,
    )


def _other_steps(case: Case, target: Shape, output: Shape) -> Finding:
    y, steps = target_name(case), output[1]
    return compared(
        case,
        f"'{y}' has a label for each of {target[1]} steps, {shape_text(target)}, and the model predicts {steps} steps, "
        f"{shape_text(output)}.",
        f'{y} = keras.utils.pad_sequences({y}, maxlen={steps}, padding="post")  # as the inputs were padded',
        target,
        output,
    )


def _fewer_axes(case: Case, target: Shape, output: Shape) -> Finding | None:
    if len(target) <= len(output) or len(output) < 1:
        return None
    y = target_name(case)
    if target[-1] == 1 and len(target) == len(output) + 1:
        fix = f"{y} = {y}[..., 0]"
    elif len(output) == 2 and len(target) == 3:
        fix = (
            f"keras.layers.LSTM(..., return_sequences=True)  # a prediction for each of the {target[1]} steps of {y}\n"
            f"# or one target for each example: {y} = {y}[:, -1]"
        )
    elif len(output) == 2:
        fix = f"{y} = {y}.reshape(len({y}), -1)  # and keras.layers.Dense({y}.shape[1]) as last layer"
    else:
        fix = f"print({y}.shape, {case.model}.output_shape)  # must be equal"
    return compared(
        case,
        f"'{y}' has {len(target)} axes, {shape_text(target)}, and the output has {len(output)}, {shape_text(output)}.",
        fix,
        target,
        output,
    )


_IDS = "x, y = np.random.rand(6, 4), np.array([0, 1, 2, 0, 1, 2])\nmodel.fit(x, y)"
_HOT = "x, y = np.random.rand(6, 4), np.eye(3)[[0, 1, 2, 0, 1, 2]]\nmodel.fit(x, y)"
_WIDE = program(
    mend(CLASSIFIER, "sparse_", ""), "x, y = np.random.rand(6, 4), np.eye(5)[[0, 1, 2, 3, 4, 0]]\nmodel.fit(x, y)"
)
_MASKS = """\
model = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Conv2D(1, 3, activation="sigmoid")])
model.compile(optimizer="adam", loss="binary_crossentropy")
x, masks = np.random.rand(4, 32, 32, 3), np.zeros((4, 32, 32, 1))
model.fit(x, masks)
"""
_AXES = """\
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, activation="softmax")])
model.compile(optimizer="adam", loss="categorical_crossentropy")
x, y = np.random.rand(6, 4), np.zeros((6, 2, 2))
model.fit(x, y)
"""
_EACH_STEP = """\
model = keras.Sequential([keras.Input((10, 4)), keras.layers.LSTM(8), keras.layers.Dense(5, activation="softmax")])
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
x, y = np.random.rand(6, 10, 4), np.zeros((6, 10), int)
model.fit(x, y)
"""
KINDS = (
    Kind(
        id="prediction-for-each-place",
        title="The model predicts for each step or place, and there is one target for each example",
        words=(
            *OUTPUT_WORDS,
            Words("TensorFlow", "Incompatible shapes: {target} vs. {output} [["),
            Words("TensorFlow", "Incompatible shapes: {target} vs. {output}\n"),
        ),
        cause="Dense works on the last axis. Without Flatten or pooling all other axes are still there at the end.",
        failing=program(
            mend(CONVOLUTION, "        keras.layers.Flatten(),\n", ""),
            "x, y = np.random.rand(8, 28, 28, 1), np.zeros(8)\nmodel.fit(x, y)",
        ),
        mended=program(CONVOLUTION, "x, y = np.random.rand(8, 28, 28, 1), np.zeros(8)\nmodel.fit(x, y)"),
        explain=by_shapes(_more_axes),
        rule="target-shape-broadcast",
    ),
    Kind(
        id="one-hot-labels-with-sparse-loss",
        title="One-hot labels with a sparse loss",
        words=OUTPUT_WORDS,
        cause="sparse_categorical_crossentropy takes class ids, categorical_crossentropy takes one-hot labels.",
        failing=program(CLASSIFIER, _HOT),
        mended=program(mend(CLASSIFIER, "sparse_", ""), _HOT),
        explain=by_shapes(_one_hot),
        rule="label-loss-mismatch",
    ),
    Kind(
        id="target-for-each-step",
        title="There is a target for each step, and the model predicts once",
        words=OUTPUT_WORDS,
        cause="A recurrent layer returns its last output only, unless return_sequences is True.",
        failing=_EACH_STEP,
        mended=mend(_EACH_STEP, "LSTM(8)", "LSTM(8, return_sequences=True)"),
        explain=by_shapes(_each_step),
        rule="shape-mismatch",
    ),
    Kind(
        id="several-labels-with-sparse-loss",
        title="Several labels for each example with a sparse loss",
        words=OUTPUT_WORDS,
        cause="sparse_categorical_crossentropy takes one class id for each example.",
        failing=program(CLASSIFIER, "x, y = np.random.rand(6, 4), np.zeros((6, 2), int)\nmodel.fit(x, y)"),
        mended=program(CLASSIFIER, "x, y = np.random.rand(6, 4), np.zeros((6, 2), int)\nmodel.fit(x, y.argmax(-1))"),
        explain=by_shapes(_several_labels),
        rule="label-loss-mismatch",
    ),
    Kind(
        id="class-ids-with-categorical-loss",
        title="Class ids with a loss that expects one column for each unit",
        words=OUTPUT_WORDS,
        cause="categorical_crossentropy and binary_crossentropy compare each unit with a column of the targets.",
        failing=program(mend(CLASSIFIER, "sparse_", ""), _IDS),
        mended=program(CLASSIFIER, _IDS),
        explain=by_shapes(_ids),
        rule="label-loss-mismatch",
    ),
    Kind(
        id="units-and-columns",
        title="The last layer has another number of units than the targets have columns",
        words=OUTPUT_WORDS,
        cause="Each unit of the last layer predicts one column of the targets.",
        failing=_WIDE,
        mended=mend(_WIDE, "Dense(3", "Dense(5"),
        explain=by_shapes(_width),
        rule="label-loss-mismatch",
    ),
    Kind(
        id="output-of-another-size",
        title="Output and target differ in height, width or steps",
        words=OUTPUT_WORDS,
        cause='Convolutions without `padding="same"` take away a border, and pooling makes smaller.',
        failing=_MASKS,
        mended=mend(_MASKS, "Conv2D(1, 3,", 'Conv2D(1, 3, padding="same",'),
        explain=by_shapes(_places),
        rule="shape-mismatch",
    ),
    Kind(
        id="target-with-more-axes",
        title="The target has more axes than the output",
        words=OUTPUT_WORDS,
        cause="The loss compares each prediction with a target of the same shape.",
        failing=_AXES,
        mended=mend(_AXES, "fit(x, y)", "fit(x, y[..., 0])"),
        explain=by_shapes(_fewer_axes),
        rule="shape-mismatch",
    ),
)
"""Kinds of this family."""
