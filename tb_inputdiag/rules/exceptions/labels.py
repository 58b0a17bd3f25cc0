"""Targets whose shape does not fit the predictions and the loss."""

from __future__ import annotations

import itertools
import re

from tb_inputdiag.numbers import shape_text
from tb_inputdiag.records import ArgumentFacts, ShapesPicture
from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.kind import Case, Kind
from tb_inputdiag.rules.exceptions.programs import CLASSIFIER, CONVOLUTION, TEXTS, mend, program
from tb_inputdiag.rules.exceptions.words import Words
from tb_inputdiag.rules.support.shapes import output_fix, parse_shape
from tb_inputdiag.rules.support.text import join
from tb_inputdiag.statistics.namespace import Shape

__all__ = ["KINDS"]
_SHAPES = (
    Words(
        "Keras",
        "Argument `output` must have rank (ndim) `target.ndim - 1`. Received: target.shape={target}, "
        "output.shape={output}\n",
    ),
    Words("Keras", "must have the same rank (ndim). Received: target.shape={target}, output.shape={output}\n"),
    Words(
        "Keras", "must have the same shape up until the last dimension: target.shape={target}, output.shape={output}\n"
    ),
    Words("Keras", "must have the same shape. Received: target.shape={target}, output.shape={output}\n"),
    Words("Keras", "`logits` and `labels` must have the same shape, received ({output} vs {target}"),
    Words("TensorFlow", "Shapes {target} and {output} are incompatible"),
    Words("TensorFlow", "logits and labels must be broadcastable: logits_size={output} labels_size={target}\n"),
    Words("PyTorch", "Target size ({target}) must be the same as input size ({output})"),
)


def _shapes(case: Case) -> tuple[Shape, Shape] | None:
    """Returns the shapes of target and output with their batch axes."""
    texts = [case[name].removeprefix("torch.Size(").rstrip(")") for name in ("target", "output")]
    found = [parse_shape(_whole(text)) for text in texts]
    if found[0] is None or found[1] is None:
        return None
    return found[0], found[1]


def _is_sparse(case: Case) -> bool:
    """Tells whether the loss takes class ids."""
    return "target.ndim - 1" in case.text or "same shape up until the last dimension" in case.text


def _is_crossentropy(case: Case) -> bool:
    """Tells whether the model was compiled with a crossentropy; also True if that is not known."""
    return case.facts is None or "crossentropy" in str(case.facts.loss)


def _whole(text: str) -> str:
    inner = text.strip("()[] ,")
    return f"({inner},)" if inner else "()"


def _name(case: Case) -> str:
    targets = case.fed("target")
    return case.code(targets[0]) if len(targets) == 1 else case.variable("y")


def _compared(case: Case, message: str, fix: str, target: Shape, output: Shape) -> Finding:
    targets = case.fed("target")
    return case.finding(
        message,
        fix,
        seen=shape_text(target),
        expected=shape_text(output),
        subject=f"target:{targets[0].name if targets else 'y'}",
        evidence={"shape": list(target), "prediction_shape": list(output)},
        picture=ShapesPicture(seen=target, expected=output, seen_label="target", expected_label="prediction"),
    )


def _more_axes(case: Case) -> Finding | None:
    """The output keeps places or steps, and there is one target for each example."""
    shapes = _shapes(case)
    if shapes is None:
        return None
    target, output = shapes
    one = len(target) == 1 or (len(target) == 2 and target[-1] in (1, output[-1]))
    layers = list(case.facts.layers) if case.facts is not None else []
    elsewhere = "Incompatible shapes" in case.text and "compile_loss" not in case.text
    if not one or len(output) < 3 or elsewhere:
        return None
    recurrent = [x for x in layers if x.class_name in ("LSTM", "GRU", "SimpleRNN", "Bidirectional")]
    if len(output) == 3 and recurrent:
        layer = recurrent[-1].class_name
        fix = f"keras.layers.{layer}(...)  # the last recurrent layer: without return_sequences=True"
    elif len(output) == 3:
        fix = "keras.layers.GlobalAveragePooling1D()  # before the last Dense; or Flatten()"
    elif any("Flatten" in x.class_name or "Global" in x.class_name for x in layers):
        fix = "keras.layers.Flatten()  # before the first Dense layer"
    else:
        fix = "keras.layers.Flatten()  # before the last Dense; or GlobalAveragePooling2D()"
    return _compared(
        case,
        f"The model predicts {shape_text(output)}, a prediction for each step or place, and '{_name(case)}' has one "
        f"target for each example, {shape_text(target)}.",
        fix,
        target,
        output,
    )


def _other_number(case: Case) -> Finding | None:
    """Targets for another number of examples than the model predicts: `train_on_batch` does not count them."""
    shapes = _shapes(case)
    if shapes is None or not shapes[0] or not shapes[1]:
        return None
    target, output = shapes
    given, made = target[0], output[0]
    rests = {tuple(output[1:]), tuple(output[1:-1]), (*output[1:-1], 1)} | ({()} if output[1:] == (1,) else set())
    if given is None or made is None or given == made or tuple(target[1:]) not in rests:
        return None
    fed = [t.shape[0] for t in case.fed("input") if t.shape]
    targets = [t.shape[0] for t in case.fed("target") if t.shape]
    of_the_loss = any(words in case.text for words in ("compile_loss", "target", "labels"))
    data = case.argument("x")
    unequal = data if data is not None and data.yields_batches and None in (fed or [None]) else None
    # TensorFlow does not always name the operation
    named = of_the_loss or given in targets
    if not named and (unequal is None or case.failure.where):
        return None
    y, x = _name(case), case.variable("x")
    times, rest = divmod(made, given) if made > given else divmod(given, made)
    if unequal is not None:
        return _unequal_batch(case, unequal, target, output)
    if not rest and fed[:1] and fed[:1] == targets[:1]:
        return _joined_axes(case, target, output)
    if made > given and not rest:
        cut = f"{x}, {y} = {x}[:{given}], {y}[:{given}]  # if the first ones belong together"
        repeated = f"{y} = np.concatenate([{', '.join([y] * times)}])  # the same ones for each part of {x}"
        of_a_gan = (
            f"{y} = np.concatenate([np.ones({_code(target)}), np.zeros({_code(target)})])  # real, then made ones"
        )
        fix = f"{of_a_gan}\n# or: {repeated}" if times == 2 and output[-1] == 1 else f"{cut}\n# or: {repeated}"
    else:
        fix = f"{x}, {y} = {x}[:{min(given, made)}], {y}[:{min(given, made)}]  # if the first ones belong together"
    return _compared(
        case,
        f"'{y}' holds targets for {given} examples, {shape_text(target)}, and the model predicts {made}, "
        f"{shape_text(output)}.",
        fix,
        target,
        output,
    )


def _unequal_batch(case: Case, data: ArgumentFacts, target: Shape, output: Shape) -> Finding:
    """A batch of a data set or a generator whose inputs and targets are unequally many."""
    few, many = sorted((target[0] or 0, output[0] or 0))
    times, rest = divmod(many, few)
    place = "__getitem__" if data.kind == "pydataset" else data.variable or "the generator"
    fix = (
        f"y = np.concatenate([{', '.join(['y'] * times)}])  # in {place}: x holds each example {times} times"
        if not rest
        else f"x, y = x[:{few}], y[:{few}]  # in {place}: if the first ones belong together"
    )
    return _compared(
        case,
        f"A batch of '{data.variable or 'x'}' has {many} examples in one part and {few} in the other: inputs and "
        "targets must be as many.",
        f"print(len(x), len(y))  # of the batch\n{fix}",
        target,
        output,
    )


def _joined_axes(case: Case, target: Shape, output: Shape) -> Finding:
    """The model has as many examples as targets, and its own reshape makes others of them."""
    fix = "keras.ops.reshape(x, (keras.ops.shape(x)[0], -1))  # keeps the batch axis"
    return _compared(
        case,
        f"The model makes {output[0]} predictions of {target[0]} examples, {shape_text(output)}: a reshape inside "
        "moves values into the batch axis.",
        f"{fix}\n# better: keras.layers.Reshape(...) and Flatten(), which never touch the batch axis",
        target,
        output,
    )


def _code(shape: Shape) -> str:
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def _swapped(case: Case) -> Finding | None:
    """The targets of several outputs in another order than the outputs."""
    fed, facts = case.fed("target"), case.facts
    if facts is None or not 2 <= len(fed) == len(facts.outputs) <= 4:
        return None
    outputs = [output.shape for output in facts.outputs]
    if any(t.shape is None for t in fed) or any(shape is None for shape in outputs):
        return None
    if all(_is_target_of(t.shape or (), shape or ()) for t, shape in zip(fed, outputs, strict=True)):
        return None
    for order in itertools.permutations(fed):
        if all(_is_target_of(t.shape or (), shape or ()) for t, shape in zip(order, outputs, strict=True)):
            words = ", ".join(case.code(t) for t in order)
            names = join([output.name for output in facts.outputs])
            return case.finding(
                f"The targets stand in another order than the model's outputs: {names}.",
                f"{case.called}({case.variable('x')}, [{words}], ...)",
                seen=", ".join(shape_text(t.shape) for t in fed if t.shape),
                expected=", ".join(shape_text(shape) for shape in outputs if shape),
                subject=f"target:{fed[0].name}",
            )
    return None


def _is_target_of(target: Shape, output: Shape) -> bool:
    """Tells whether a target has the shape of an output, or one class id or number in place of its last axis."""
    return tuple(target[1:]) in (tuple(output[1:]), tuple(output[1:-1]), (*output[1:-1], 1))


def _one_hot(case: Case) -> Finding | None:
    shapes = _shapes(case)
    if shapes is None or not _is_sparse(case):
        return None
    target, output = shapes
    if len(target) != len(output) or target[-1] != output[-1] or target[-1] in (None, 1):
        return None
    y = _name(case)
    return _compared(
        case,
        f"'{y}' is one-hot, {shape_text(target)}, and sparse_categorical_crossentropy expects class ids, "
        f"{shape_text(target[:-1])}.",
        f'{case.model}.compile(..., loss="categorical_crossentropy")\n# or keep the loss: {y} = {y}.argmax(axis=-1)',
        target,
        target[:-1],
    )


def _each_step(case: Case) -> Finding | None:
    """There is a target for each step, and the last recurrent layer returns only the last one."""
    shapes = _shapes(case)
    inputs = [t.shape for t in case.fed("input") if t.shape is not None and len(t.shape) == 3]
    if shapes is None or not inputs or len(shapes[1]) != 2:
        return None
    target, output = shapes
    layers = case.facts.layers if case.facts is not None else ()
    recurrent = [x.class_name for x in layers if x.class_name in ("LSTM", "GRU", "SimpleRNN", "Bidirectional")]
    if len(target) not in (2, 3) or target[1] != inputs[0][1] or not recurrent or target[1] == output[1]:
        return None
    return _compared(
        case,
        f"'{_name(case)}' has a target for each of the {target[1]} steps, {shape_text(target)}, and the model predicts "
        f"once for each example, {shape_text(output)}.",
        f"keras.layers.{recurrent[-1]}(..., return_sequences=True)  # the last recurrent layer",
        target,
        output,
    )


def _several_labels(case: Case) -> Finding | None:
    """A table of labels against a sparse loss."""
    shapes = _shapes(case)
    if shapes is None or not _is_sparse(case):
        return None
    target, output = shapes
    if len(target) != 2 or len(output) != 2 or target[1] in (None, 1):
        return None
    y, columns, units = _name(case), target[1], output[1]
    return _compared(
        case,
        f"'{y}' has {columns} columns, and sparse_categorical_crossentropy expects one class id for each example.",
        f"{y} = {y}.argmax(axis=-1)  # if the {columns} columns are one-hot; then: keras.layers.Dense({columns})\n"
        f'# several labels at once: keras.layers.Dense({columns}, activation="sigmoid"), '
        f'loss="binary_crossentropy" (now {units} units)',
        target,
        output,
    )


def _ids(case: Case) -> Finding | None:
    shapes = _shapes(case)
    if shapes is None:
        return None
    target, output = shapes
    ids = len(target) == len(output) - 1 or (len(target) == len(output) and target[-1] == 1)
    if not ids or output[-1] in (None, 1) or _is_sparse(case):
        return None
    y, units = _name(case), output[-1]
    binary = "binary" in _loss(case)
    fix = (
        f'keras.layers.Dense(1, activation="sigmoid")  # last layer: one unit for classes 0 and 1\n'
        f'# or keep {units} units with softmax: loss="sparse_categorical_crossentropy"'
        if binary and (units or 0) <= 2
        else f'{case.model}.compile(..., loss="sparse_categorical_crossentropy")  # for class ids\n'
        f"# or keep the loss: {y} = keras.utils.to_categorical({y}, {units})"
    )
    return _compared(
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


def _width(case: Case) -> Finding | None:
    shapes = _shapes(case)
    if shapes is None:
        return None
    target, output = shapes
    if len(target) != len(output) or target[1:-1] != output[1:-1] or target[-1] == output[-1]:
        return None
    units = target[-1]
    y = _name(case)
    fix = f"keras.layers.Dense({units})  # last layer: one unit for each column of {y}"
    if len(target) == 4:
        fix = f"keras.layers.Conv2D({units}, 1)  # last layer: one channel for each of {y}"
    if output[-1] == 1 and (units or 0) > 1 and _is_crossentropy(case):
        fix = f'keras.layers.Dense({units}, activation="softmax")  # last layer: one unit for each column of {y}\n' + (
            f"# or, with class ids 0 and 1: {y} = {y}.argmax(axis=-1)"
        )
    have = f"{output[-1]} {'unit' if output[-1] == 1 else 'units'}"
    return _compared(
        case,
        f"'{y}' has {units} columns, {shape_text(target)}, and the output has {have}, {shape_text(output)}.",
        fix,
        target,
        output,
    )


def _places(case: Case) -> Finding | None:
    shapes = _shapes(case)
    if shapes is None:
        return None
    target, output = shapes
    if _is_sparse(case) and len(target) == 2 and len(output) == 3 and target[1] != output[1] and output[1]:
        return _other_steps(case, target, output)
    if len(target) != len(output) or len(target) < 3 or target[1:-1] == output[1:-1]:
        return None
    return _compared(
        case,
        f"'{_name(case)}' has shape {shape_text(target)}, and the output has shape {shape_text(output)}.",
        output_fix(target, output),
        target,
        output,
    )


def _other_steps(case: Case, target: Shape, output: Shape) -> Finding:
    y, steps = _name(case), output[1]
    return _compared(
        case,
        f"'{y}' has a label for each of {target[1]} steps, {shape_text(target)}, and the model predicts {steps} steps, "
        f"{shape_text(output)}.",
        f'{y} = keras.utils.pad_sequences({y}, maxlen={steps}, padding="post")  # as the inputs were padded',
        target,
        output,
    )


def _fewer_axes(case: Case) -> Finding | None:
    shapes = _shapes(case)
    if shapes is None:
        return None
    target, output = shapes
    if len(target) <= len(output) or len(output) < 1:
        return None
    y = _name(case)
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
    return _compared(
        case,
        f"'{y}' has {len(target)} axes, {shape_text(target)}, and the output has {len(output)}, {shape_text(output)}.",
        fix,
        target,
        output,
    )


def _beyond(case: Case) -> Finding | None:
    """A class id in PyTorch's words. The rule itself reads those of TensorFlow, which list all ids of the batch."""
    if not case["value"].removeprefix("-").isdigit():
        return None
    y, value = _name(case), int(case["value"])
    fix = (
        f"{y} = {y} - 1  # if classes count from 1\n# or a unit for each class: keras.layers.Dense({value + 1})"
        if value >= 0
        else f"classes, {y} = np.unique({y}, return_inverse=True)  # ids 0, 1, 2, ...\n"
        f"# or, if {value} means 'no label':\n"
        f"keras.losses.SparseCategoricalCrossentropy(ignore_class={value})"
    )
    units = next(iter(case.facts.output_units.values()), None) if case.facts is not None else None
    return case.finding(
        f"'{y}' holds the class id {value}, "
        + (
            f"but the output has {units} units: ids must be 0 to {units - 1}." if units else "which no unit stands for."
        ),
        fix,
        seen=str(value),
        expected=f"0 to {units - 1}" if units else "below the number of units",
        subject="target:y",
    )


def _no_row(case: Case) -> Finding | None:
    """An id without a row in PyTorch's words. The rule itself reads those of TensorFlow, which name it."""
    layers = case.facts.layers if case.facts is not None else ()
    rows = next((x.config.get("input_dim") for x in layers if x.class_name == "Embedding"), None)
    inputs = case.fed("input")
    x = case.code(inputs[0]) if len(inputs) == 1 else "x"
    return case.finding(
        f"The model looks up an id that the Embedding does not have{f': it has {rows} rows' if rows else ''}.",
        f"keras.layers.Embedding(input_dim=int({x}.max()) + 1, ...)  # the largest id + 1",
        seen="a larger id",
        expected=f"below {rows}" if rows else "below input_dim",
        subject=f"input:{inputs[0].name if inputs else 'x'}",
    )


def _sequences(case: Case) -> Finding | None:
    y = _name(case)
    # in a graph, the batch size is a tensor
    shape, length = (parse_shape(re.sub(r"<[^>]*>", "None", case[name])) for name in ("target", "output"))
    if case["output"] and length is not None:
        return case.finding(
            f"CTC reads (batch, steps, characters) from the model, and gets {shape_text(length)}.",
            "keras.layers.Dense(characters + 1)  # behind LSTM(..., return_sequences=True); 0 is the blank",
            seen=shape_text(length),
            expected="(batch, steps, characters)",
            subject="model",
        )
    if shape is None:
        return None
    hot = len(shape) == 3
    return case.finding(
        f"CTC takes the numbers of the characters, (batch, length), and '{y}' has shape {shape_text(shape)}"
        f"{': it is one-hot' if hot else ''}.",
        f"{y} = {y}.argmax(axis=-1)  # one-hot -> numbers; or leave out to_categorical"
        if hot
        else f"{y} = np.reshape({y}, (len({y}), -1))  # one row for each example; 0 fills up the shorter ones",
        seen=shape_text(shape),
        expected="(batch, length)",
        subject=f"target:{y}" if not case.fed("target") else f"target:{case.fed('target')[0].name}",
    )


_GAN = """\
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, activation="sigmoid")])
model.compile(optimizer="adam", loss="binary_crossentropy")
real, made = np.random.rand(8, 4), np.random.rand(8, 4)
x, y = np.concatenate([real, made]), np.ones((8, 1))
model.train_on_batch(x, y)
"""
_SPOKEN = """\
model = keras.Sequential([keras.Input((16, 4)), keras.layers.Dense(5)])
model.compile(optimizer="adam", loss=keras.losses.CTC())
x, y = np.random.rand(8, 16, 4), np.eye(5)[np.ones((8, 3), int)]
model.fit(x, y)
"""
_SWAPPED = """\
inputs = keras.Input((4,))
animal = keras.layers.Dense(3, activation="softmax", name="animal")(inputs)
box = keras.layers.Dense(4, name="box")(inputs)
model = keras.Model(inputs, [animal, box])
model.compile(optimizer="adam", loss=["sparse_categorical_crossentropy", "mse"])
x, labels, boxes = np.random.rand(6, 4), np.array([0, 1, 2, 0, 1, 2]), np.random.rand(6, 4)
model.fit(x, [boxes, labels])
"""
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
        id="one-hot-sequences-with-ctc",
        title="CTC gets something else than the numbers of characters",
        words=(
            Words(
                "Keras",
                "Targets `y_true` are expected to be a tensor of shape `(batch_size, max_length)` in integer format. "
                "Received: y_true.shape={target}\n",
            ),
            Words(
                "Keras",
                "Logits `y_pred` are expected to be a tensor of shape `(batch_size, max_length, num_classes)`. "
                "Received: y_pred.shape={output}\n",
            ),
        ),
        cause="CTC finds by itself at which step a character stands. It takes the text as numbers, and 0 is the blank.",
        failing=_SPOKEN,
        mended=mend(_SPOKEN, "np.eye(5)[np.ones((8, 3), int)]", "np.ones((8, 3), int)"),
        explain=_sequences,
        rule="label-loss-mismatch",
    ),
    Kind(
        id="targets-in-another-order",
        title="The targets stand in another order than the outputs",
        words=(
            *_SHAPES,
            Words("TensorFlow", "Dimensions must be equal, but are {} for '{}compile_loss"),
            Words("TensorFlow", "Incompatible shapes: {target} vs. {output}\n"),
            Words("JAX", "Incompatible shapes for broadcasting: shapes=[({target}), ({output})]\n"),
            Words("JAX", "got incompatible shapes for broadcasting: ({target}), ({output}).\n"),
            Words("PyTorch", "tensor a ({target}) must match the size of tensor b ({output}) at"),
        ),
        cause="A list of targets is read in the order of `model.outputs`.",
        failing=_SWAPPED,
        mended=mend(_SWAPPED, "[boxes, labels]", "[labels, boxes]"),
        explain=_swapped,
        rule="label-loss-mismatch",
    ),
    Kind(
        id="targets-for-other-examples",
        title="There are targets for fewer or more examples than the model predicts",
        words=(
            *_SHAPES,
            Words(
                "TensorFlow",
                "logits and labels must have the same first dimension, got logits shape {output} and labels shape "
                "{target}\n",
            ),
            Words("TensorFlow", "Incompatible shapes: {target} vs. {output} [["),
            Words("TensorFlow", "Incompatible shapes: {target} vs. {output}\n"),
            Words(
                "TensorFlow",
                "Dimensions must be equal, but are {} for '{}' with input shapes: {target}, {output}.\n",
            ),
            Words("PyTorch", "tensor a ({target}) must match the size of tensor b ({output}) at {} dimension 0"),
            Words("JAX", "Incompatible shapes for broadcasting: shapes=[({target}), ({output})]\n"),
            Words("JAX", "got incompatible shapes for broadcasting: ({target}), ({output}).\n"),
        ),
        cause="`fit` counts the examples of arrays. `train_on_batch`, generators and your own steps give them as they "
        "are.",
        failing=_GAN,
        mended=mend(_GAN, "np.ones((8, 1))", "np.concatenate([np.ones((8, 1)), np.zeros((8, 1))])"),
        explain=_other_number,
        rule="shape-mismatch",
    ),
    Kind(
        id="prediction-for-each-place",
        title="The model predicts for each step or place, and there is one target for each example",
        words=(
            *_SHAPES,
            Words("TensorFlow", "Incompatible shapes: {target} vs. {output} [["),
            Words("TensorFlow", "Incompatible shapes: {target} vs. {output}\n"),
        ),
        cause="Dense works on the last axis. Without Flatten or pooling all other axes are still there at the end.",
        failing=program(
            mend(CONVOLUTION, "        keras.layers.Flatten(),\n", ""),
            "x, y = np.random.rand(8, 28, 28, 1), np.zeros(8)\nmodel.fit(x, y)",
        ),
        mended=program(CONVOLUTION, "x, y = np.random.rand(8, 28, 28, 1), np.zeros(8)\nmodel.fit(x, y)"),
        explain=_more_axes,
        rule="target-shape-broadcast",
    ),
    Kind(
        id="one-hot-labels-with-sparse-loss",
        title="One-hot labels with a sparse loss",
        words=_SHAPES,
        cause="sparse_categorical_crossentropy takes class ids, categorical_crossentropy takes one-hot labels.",
        failing=program(CLASSIFIER, _HOT),
        mended=program(mend(CLASSIFIER, "sparse_", ""), _HOT),
        explain=_one_hot,
        rule="label-loss-mismatch",
    ),
    Kind(
        id="target-for-each-step",
        title="There is a target for each step, and the model predicts once",
        words=_SHAPES,
        cause="A recurrent layer returns its last output only, unless return_sequences is True.",
        failing=_EACH_STEP,
        mended=mend(_EACH_STEP, "LSTM(8)", "LSTM(8, return_sequences=True)"),
        explain=_each_step,
        rule="shape-mismatch",
    ),
    Kind(
        id="several-labels-with-sparse-loss",
        title="Several labels for each example with a sparse loss",
        words=_SHAPES,
        cause="sparse_categorical_crossentropy takes one class id for each example.",
        failing=program(CLASSIFIER, "x, y = np.random.rand(6, 4), np.zeros((6, 2), int)\nmodel.fit(x, y)"),
        mended=program(CLASSIFIER, "x, y = np.random.rand(6, 4), np.zeros((6, 2), int)\nmodel.fit(x, y.argmax(-1))"),
        explain=_several_labels,
        rule="label-loss-mismatch",
    ),
    Kind(
        id="class-ids-with-categorical-loss",
        title="Class ids with a loss that expects one column for each unit",
        words=_SHAPES,
        cause="categorical_crossentropy and binary_crossentropy compare each unit with a column of the targets.",
        failing=program(mend(CLASSIFIER, "sparse_", ""), _IDS),
        mended=program(CLASSIFIER, _IDS),
        explain=_ids,
        rule="label-loss-mismatch",
    ),
    Kind(
        id="units-and-columns",
        title="The last layer has another number of units than the targets have columns",
        words=_SHAPES,
        cause="Each unit of the last layer predicts one column of the targets.",
        failing=_WIDE,
        mended=mend(_WIDE, "Dense(3", "Dense(5"),
        explain=_width,
        rule="label-loss-mismatch",
    ),
    Kind(
        id="output-of-another-size",
        title="Output and target differ in height, width or steps",
        words=_SHAPES,
        cause='Convolutions without `padding="same"` take away a border, and pooling makes smaller.',
        failing=_MASKS,
        mended=mend(_MASKS, "Conv2D(1, 3,", 'Conv2D(1, 3, padding="same",'),
        explain=_places,
        rule="shape-mismatch",
    ),
    Kind(
        id="target-with-more-axes",
        title="The target has more axes than the output",
        words=_SHAPES,
        cause="The loss compares each prediction with a target of the same shape.",
        failing=_AXES,
        mended=mend(_AXES, "fit(x, y)", "fit(x, y[..., 0])"),
        explain=_fewer_axes,
        rule="shape-mismatch",
    ),
    Kind(
        id="label-out-of-range",
        title="A class id is larger than the output has units",
        words=(
            Words("TensorFlow", "Received a label value of {value} which is outside the valid range of"),
            Words("PyTorch", "Target {value} is out of bounds"),
            Words("PyTorch", "device-side assert triggered"),
        ),
        cause="Class ids count from 0, so n units take the ids 0 to n - 1.",
        failing=program(CLASSIFIER, "x, y = np.random.rand(6, 4), np.array([1, 2, 3, 1, 2, 3])\nmodel.fit(x, y)"),
        mended=program(CLASSIFIER, "x, y = np.random.rand(6, 4), np.array([1, 2, 3, 1, 2, 3])\nmodel.fit(x, y - 1)"),
        explain=_beyond,
        by_rule=lambda case: "is out of bounds" not in case.text,
        rule="label-out-of-range",
    ),
    Kind(
        id="token-out-of-range",
        title="An id is larger than an Embedding has rows",
        words=(
            Words("TensorFlow", "= {id} is not in [0, {rows})"),
            Words("PyTorch", "index out of range in self"),
        ),
        cause="An Embedding of n rows takes the ids 0 to n - 1. Id 0 is often padding, so words begin at 1.",
        failing=program(TEXTS, "x = np.array([[1, 2, 50]] * 4)\nmodel.fit(x, np.zeros(4))"),
        mended=program(
            mend(TEXTS, "Embedding(50", "Embedding(51"), "x = np.array([[1, 2, 50]] * 4)\nmodel.fit(x, np.zeros(4))"
        ),
        explain=_no_row,
        by_rule=lambda case: "index out of range in self" not in case.text,
        rule="token-out-of-range",
    ),
)
"""Kinds of this family."""
