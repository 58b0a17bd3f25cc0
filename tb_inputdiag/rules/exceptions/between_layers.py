"""Tensors between layers, and operands of an operation, whose shapes do not fit."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from tb_inputdiag.numbers import shape_text
from tb_inputdiag.records import ShapesPicture, TensorLayout
from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.channel_order import WINDOW_WORDS
from tb_inputdiag.rules.exceptions.kind import Case, Kind
from tb_inputdiag.rules.exceptions.programs import mend
from tb_inputdiag.rules.exceptions.target_shapes import prediction_for_each_place
from tb_inputdiag.rules.exceptions.words import Words
from tb_inputdiag.rules.support.output_sizes import size_fix
from tb_inputdiag.rules.support.shape_errors import AxisError, RankError, read_shape_error
from tb_inputdiag.rules.support.shapes import parse_shape, reshape_fix, shape_in, target_fix
from tb_inputdiag.statistics.namespace import Shape

__all__ = ["KINDS"]
_RECURRENT = ("LSTM", "GRU", "SimpleRNN", "Bidirectional", "RNN", "ConvLSTM2D")
_NEAR = 4
"""Layers in front of one that may have dropped the steps."""
_FLAT = ("Flatten", "GlobalAveragePooling1D", "GlobalMaxPooling1D", "GlobalAveragePooling2D", "GlobalMaxPooling2D")


def _before(case: Case, layer: str) -> str:
    """Returns the class of what stands before a layer, empty if it is unknown."""
    above = layer.rpartition("/")[0]
    known = case.facts.layers if case.facts is not None else ()
    layers = [item for item in known if item.name.rpartition("/")[0] == above]
    place = next((i for i, item in enumerate(layers) if item.name == layer), None)
    if place is not None and place > 0:
        return _dropped_by([item.class_name for item in layers[:place]])
    symbolic = [a for a in case.arguments.values() if a.kind == "symbolic" and a.layers]
    if symbolic and case.method == "__call__":
        return _dropped_by(symbolic[0].layers)
    chain = next((a.layers for a in case.arguments.values() if a.layers), ())
    if case.method == "add" and chain:
        return _dropped_by(chain)
    kind = re.sub(r"_\d+$", "", layer).replace("_", "")
    at = [i for i, name in enumerate(chain) if name.lower() == kind]
    return _dropped_by(chain[: at[-1]]) if at and at[-1] > 0 else ""


def _dropped_by(chain: Sequence[str]) -> str:
    """Returns the class of the last layer that removes axes, among the last few; else that of the very last one."""
    near = [name for name in chain[-_NEAR:] if name in _RECURRENT or name in _FLAT]
    return near[-1] if near else chain[-1]


def _is_data(case: Case, got: Shape) -> TensorLayout | None:
    """Returns the fed input that has this shape, if the layer reads it directly."""
    return next((t for t in case.fed("input") if t.shape is not None and tuple(t.shape[1:]) == tuple(got[1:])), None)


def _rank(case: Case) -> Finding | None:
    error = read_shape_error(case.text)
    if not isinstance(error, RankError):
        return None
    before, data = _before(case, error.layer), _is_data(case, error.got)
    known = case.layer(error.layer)
    layer_class = known.class_name if known is not None else _class_of(error.layer)
    fix = _rank_fix(case, error, before, data, layer_class)
    name = case.code(data) if data is not None else ""
    source = f"'{name}'" if name else (f"The output of {before}" if before else "What it reads")
    subject = f"input:{data.name}" if data is not None else ("input:x" if not before else f"layer:{error.layer}")
    return case.finding(
        f"Layer '{error.layer}' reads tensors with {error.bound}{error.rank} axes. {source} has shape "
        f"{shape_text(error.got)}, with {len(error.got)} axes.",
        fix,
        seen=shape_text(error.got),
        expected=f"{error.bound}{error.rank} axes",
        subject=subject,
        evidence={"shape": list(error.got), "expected_rank": error.rank, "layer": error.layer, "before": before},
        picture=ShapesPicture(seen=error.got, expected=(None,) * error.rank),
    )


def _class_of(name: str) -> str:
    return re.sub(r"_\d+$", "", name).replace("_", "")


def _rank_fix(case: Case, error: RankError, before: str, data: TensorLayout | None, layer_class: str) -> str:
    got, rank = error.got, error.rank
    sizes = ", ".join(map(str, got[1:]))
    if before in _RECURRENT and rank == len(got) + 1:
        inner = "keras.layers.LSTM(..., return_sequences=True)"
        layer = f"Bidirectional({inner})" if before == "Bidirectional" else f"{before}(..., return_sequences=True)"
        return f"keras.layers.{layer}  # in front of '{error.layer}'"
    if before in _FLAT and rank > len(got):
        return f"# Put {before} behind '{error.layer}': it removes the axes that '{error.layer}' reads.\n" + (
            f"keras.layers.{before}()  # after the last convolution, pooling or recurrent layer"
        )
    name = case.code(data) if data is not None else "x"
    made_of = _sides(got) if rank == 4 and len(got) == 2 else None
    if made_of is not None:
        shape = ", ".join(map(str, made_of))
        layer = f"keras.layers.Reshape(({shape}))  # before '{error.layer}'"
        return f"{name} = {name}.reshape(-1, {shape})\n# or, in the model: {layer}" if not before else layer
    batch = rank == 4 and len(got) == 3 and got[0] is not None and got[-1] in (1, 3)
    if batch and before in ("", "InputLayer"):
        return f"{name} = {name}[None]  # adds the batch axis: this is one image"
    if "convlstm" in layer_class.lower() and rank == len(got) + 1:
        return f"{name} = {name}[:, None]  # adds the axis of steps\nkeras.Input((1, {sizes}))  # where there is one"
    if rank == len(got) + 1:
        if before in ("", "InputLayer"):
            return _longer_input(name, got, rank, "lstm" in layer_class.lower() or "gru" in layer_class.lower())
        return f"keras.layers.Reshape(({sizes}, 1))  # before '{error.layer}'"
    if rank == len(got) - 1 == 3:
        if None not in got[1:3]:
            steps = (got[1] or 0) * (got[2] or 0)
            return f"keras.layers.Reshape(({steps}, {got[3]}))  # before '{error.layer}'"
        return f"keras.layers.TimeDistributed(keras.layers.Flatten())  # before '{error.layer}'"
    if rank == len(got) - 1 == 2:
        return f"keras.layers.Flatten()  # before '{error.layer}'"
    if rank == 2 and len(got) == 1:
        return f"{name} = {name}[None]  # adds the batch axis"
    if rank < len(got):
        return f"keras.layers.Flatten()  # before '{error.layer}'"
    ones = ", ".join(["1"] * (rank - len(got)))
    return f"keras.layers.Reshape(({sizes}, {ones}))  # before '{error.layer}': {rank} axes with the batch axis"


def _longer_input(name: str, got: Shape, rank: int, recurrent: bool) -> str:
    sizes = ", ".join(map(str, got[1:]))
    comment = "one feature for each step" if recurrent else "adds the channel axis"
    return f"{name} = {name}[..., None]  # {comment}\nkeras.Input(({sizes}, 1))  # if the model has an Input"


def _sides(got: Shape) -> tuple[int, int, int] | None:
    """Returns height, width and channels of the square image that has this many values."""
    size = got[1] or 0
    for channels in (1, 3, 4):
        side = math.isqrt(size // channels)
        if size % channels == 0 and side > 1 and side * side * channels == size:
            return side, side, channels
    for channels in (512, 256, 128, 64, 32, 16, 8):
        side = math.isqrt(size // channels)
        if size % channels == 0 and side > 1 and side * side * channels == size:
            return side, side, channels
    return None


def _negative(case: Case) -> Finding | None:
    shape = parse_shape(case["shape"]) if case["shape"] else None
    layer = case.failure.where or (re.search(r"calling (\w+)\.call", case.text) or ["", ""])[1]
    if case.method == "__init__" or not layer:
        owner = case.argument("self")
        layer = layer or (owner.type.rpartition(".")[2] if owner is not None and owner.kind == "layer" else "")
    seen = f" of shape {shape_text(shape)}" if shape else ""
    return case.finding(
        f"{f'Layer {layer!r}' if layer else 'A layer'} has a window that is larger than what is left of its "
        f"input{seen}.",
        'keras.layers.Conv2D(..., padding="same")  # keeps height and width; of pooling layers as well\n'
        "# or leave out a pooling layer, or use larger images: each 2x2 pooling halves them",
        seen=shape_text(shape) if shape else "too few rows, columns or steps",
        expected="at least as large as the window",
        subject="model",
        evidence={"layer": layer, "shape": list(shape) if shape else []},
    )


def _overlap(case: Case, true: int, predicted: int, units: int) -> Finding:
    """The finding for MeanIoU or IoU, which flatten both class maps before they compare them."""
    which = "y_pred" if predicted > true else "y_true"
    code = f"num_classes={units or '...'}, sparse_{which}=False"
    what = "the prediction has a score for each class" if which == "y_pred" else "the targets are one-hot"
    return case.finding(
        f"A metric such as MeanIoU compares class ids, {true} with {predicted}: {what}.",
        f"keras.metrics.MeanIoU({code})  # takes the largest of the {units or 'scores'}; IoU has this argument as well",
        seen=str(predicted),
        expected=str(true),
        subject="target:y",
        evidence={"true": true, "predicted": predicted},
    )


def _metric(case: Case) -> Finding | None:
    metrics = case.facts.metrics if case.facts is not None else ()
    units = next(iter(case.facts.output_units.values()), 0) if case.facts is not None else 0
    y = case.variable("y")
    left, right = shape_in(case["left"]), shape_in(case["right"])
    # PyTorch names no operation: the sizes tell that one has a number for each unit of the other
    by_units = bool(metrics and left and right and units > 1 and right[0] == (left[0] or 0) * units)
    if not by_units and not re.search(r"LogicalAnd|logical_and|\band got incompatible", case.text):
        return None
    if left and right and len(left) == len(right) == 1 and left[0] and right[0] and case["axis"] in ("", "0"):
        return _overlap(case, left[0], right[0], units)
    return case.finding(
        f"A metric such as Precision or Recall compares each of the {units or 'several'} units with a column of '{y}', "
        f"which holds class ids.",
        f'{case.model}.compile(..., metrics=["accuracy"])  # for class ids\n'
        f"# or one-hot labels: {y} = keras.utils.to_categorical({y}, {units or '...'}), "
        f'loss="categorical_crossentropy"',
        seen="class ids",
        expected="one column for each unit",
        subject="target:y",
        evidence={"metrics": list(metrics)},
    )


def _compared(case: Case) -> Finding | None:
    """Target and output, where the exception itself does not name them: on JAX and PyTorch."""
    if case.failure.where:
        return None
    outputs = [t.shape for t in case.facts.outputs if t.shape is not None] if case.facts is not None else []
    targets = case.fed("target")
    if len(outputs) != 1 or len(targets) != 1 or targets[0].shape is None:
        return None
    have, want = targets[0].shape, outputs[0]
    if have[1:] == want[1:] or (len(have) == 1 and want[1:] == (1,)):
        return None
    each_place = prediction_for_each_place(case, have, want)
    if each_place is not None:
        return each_place
    name = case.code(targets[0])
    fix = ""
    if case.facts is not None and len(have) == len(want) > 2 and have[1:-1] != want[1:-1]:
        fix = size_fix(case.facts.layers, have, want)
    return case.finding(
        f"The loss cannot compare '{name}' of shape {shape_text(have)} with predictions of shape {shape_text(want)}.",
        fix
        or target_fix(name, have, want, whole="int" in targets[0].dtype)
        or f"{name} = {name}.reshape(...)  # the shape of the predictions is {shape_text(want)}",
        seen=shape_text(have),
        expected=shape_text(want),
        subject=f"target:{targets[0].name}",
        evidence={"shape": list(have), "prediction_shape": list(want)},
        picture=ShapesPicture(seen=have, expected=want, seen_label="target", expected_label="prediction"),
    )


def _axis(case: Case) -> Finding | None:
    error = read_shape_error(case.text)
    if not isinstance(error, AxisError):
        return None
    data = _is_data(case, error.got)
    name = case.code(data) if data is not None else "x"
    expected: list[int | None] = [None] * len(error.got)
    expected[error.axis] = error.size
    size = error.got[error.axis]
    fix = reshape_fix(name, error.got, tuple(expected))
    if not fix or (len(error.got) > 2 and "reshape" in fix):
        fix = _axis_fix(case, error, name, size, data)
    return case.finding(
        f"Layer '{error.layer}' was built for {error.size} values on axis {error.axis}, and now reads "
        f"{shape_text(error.got)}.",
        fix,
        seen=shape_text(error.got),
        expected=shape_text(tuple(expected)),
        subject=f"input:{data.name}"
        if data is not None
        else ("input:x" if case.fed("input") or not case.failure.call else f"layer:{error.layer}"),
        evidence={"shape": list(error.got), "expected_shape": expected, "layer": error.layer},
        picture=ShapesPicture(seen=error.got, expected=tuple(expected)),
    )


def _axis_fix(case: Case, error: AxisError, name: str, size: int | None, data: TensorLayout | None) -> str:
    if data is None and case.fed("input"):
        return (
            f"# What reaches '{error.layer}' is made from {case.code(case.fed('input')[0])} "
            f"{shape_text(case.fed('input')[0].shape or ())}: give it the shape that the model was built with.\n"
            f"keras.Input({case.code(case.fed('input')[0])}.shape[1:])  # a new model for this data"
        )
    return (
        f"{name} = {name}[..., :{error.size}]  # the {error.size} features that '{error.layer}' was built for\n"
        f"# or a new model for {size} features: keras.Input(({', '.join(map(str, error.got[1:]))},))"
    )


_METRIC = """\
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=[keras.metrics.Precision()])
model.fit(np.random.rand(6, 4), np.array([0, 1, 2, 0, 1, 2]))
"""
_OPERANDS = """\
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
model.compile(optimizer="adam", loss="mse")
model.fit(np.random.rand(6, 4), np.random.rand(6, 3))
"""
_RESHAPE = """\
class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(1)

    def call(self, x):
        return self.dense(keras.ops.reshape(x, (-1, 7)))

model = Net()
model.compile(optimizer="adam", loss="mse")
model.fit(np.random.rand(4, 6), np.zeros(4))
"""
KINDS = (
    Kind(
        id="number-of-axes",
        title="A layer reads a tensor with another number of axes",
        words=(
            Words("Keras", "is incompatible with the layer: expected ndim={rank}, found ndim={found}"),
            Words("Keras", "is incompatible with the layer: expected min_ndim={rank}, found ndim={found}"),
            Words("Keras", "is incompatible with the layer: expected max_ndim={rank}, found ndim={found}"),
            Words("Keras", "is incompatible with the layer: : expected min_ndim={rank}, found ndim={found}"),
            Words("Keras", "Error when checking input: expected {layer} to have {rank} dimensions, but got array with"),
        ),
        cause="Dense reads (batch, features), recurrent layers and Conv1D (batch, steps, features), Conv2D (batch, "
        "height, width, channels).",
        failing="""\
model = keras.Sequential(
    [keras.Input((10, 3)), keras.layers.LSTM(8), keras.layers.LSTM(4), keras.layers.Dense(1)]
)
""",
        mended="""\
model = keras.Sequential(
    [keras.Input((10, 3)), keras.layers.LSTM(8, return_sequences=True), keras.layers.LSTM(4), keras.layers.Dense(1)]
)
""",
        explain=_rank,
        rule="shape-mismatch",
    ),
    Kind(
        id="size-of-an-axis",
        title="A layer reads a tensor with another number of features",
        words=(
            Words("Keras", "is incompatible with the layer: expected axis {axis} of input shape to have value {size}"),
            Words("PyTorch", "mat1 and mat2 shapes cannot be multiplied"),
        ),
        cause="A layer makes its weights for the features of its first input, and keeps them.",
        failing="dense = keras.layers.Dense(3)\ndense(np.ones((2, 4)))\ndense(np.ones((2, 5)))\n",
        mended="dense = keras.layers.Dense(3)\ndense(np.ones((2, 4)))\ndense(np.ones((2, 5))[..., :4])\n",
        explain=_axis,
        rule="shape-mismatch",
    ),
    Kind(
        id="window-larger-than-input",
        title="A convolution or pooling window is larger than its input",
        words=WINDOW_WORDS,
        cause="Without padding each convolution takes away a border, and each pooling divides height and width.",
        failing="""\
model = keras.Sequential(
    [keras.Input((8, 8, 1)), keras.layers.Conv2D(4, 5), keras.layers.MaxPooling2D(), keras.layers.Conv2D(4, 5)]
)
""",
        mended="""\
model = keras.Sequential(
    [
        keras.Input((8, 8, 1)),
        keras.layers.Conv2D(4, 5),
        keras.layers.MaxPooling2D(),
        keras.layers.Conv2D(4, 5, padding="same"),
    ]
)
""",
        explain=_negative,
        rule="shape-mismatch",
    ),
    Kind(
        id="metric-of-other-labels",
        title="A metric expects another form of labels than the loss",
        words=(
            Words("TensorFlow", "Incompatible shapes: {left} vs. {right} [[{{node LogicalAnd"),
            Words(
                "TensorFlow",
                "Dimensions must be equal, but are {} for '{}node LogicalAnd{}' with input shapes: {left}, {right}.",
            ),
            Words("TensorFlow", "node LogicalAnd"),
            Words("JAX", "and got incompatible shapes for broadcasting: ({left}), ({right}).\n"),
            Words("JAX", "and got incompatible shapes for broadcasting"),
            Words("Keras", "Shapes {left} and {right} are incompatible"),
            Words(
                "PyTorch",
                "tensor a ({left}) must match the size of tensor b ({right}) at non-singleton dimension {axis}\n",
            ),
        ),
        cause="Precision, Recall and AUC compare each unit with a column of the targets, and class ids have one "
        "column. MeanIoU and IoU compare class ids, unless sparse_y_pred is False.",
        failing=_METRIC,
        mended=mend(_METRIC, "keras.metrics.Precision()", '"accuracy"'),
        explain=_metric,
        rule="shape-mismatch",
    ),
    Kind(
        id="operands-of-different-shapes",
        title="An operation gets two tensors whose shapes do not fit",
        words=(
            Words("TensorFlow", "Dimensions must be equal, but are {left} and {right} for"),
            Words("TensorFlow", "Incompatible shapes: {left} vs. {right}"),
            Words("TensorFlow", "required broadcastable shapes"),
            Words("JAX", "Incompatible shapes for broadcasting"),
            Words("JAX", "got incompatible shapes for broadcasting"),
            Words("PyTorch", "The size of tensor a ({left}) must match the size of tensor b ({right})"),
            Words("NumPy", "operands could not be broadcast together with shapes"),
        ),
        cause="Operators combine values at the same place. In a loss, the target has another shape than the output.",
        failing=_OPERANDS,
        mended=mend(_OPERANDS, "Dense(2)", "Dense(3)"),
        explain=_compared,
        by_rule=lambda case: read_shape_error(case.text) is not None,
        rule="shape-mismatch",
    ),
    Kind(
        id="reshape-in-the-model",
        title="A reshape in the model gets another number of values",
        words=(
            Words("TensorFlow", "Input to reshape is a tensor with {got} values, but the requested shape has {wanted}"),
            Words(
                "TensorFlow",
                "Input to reshape is a tensor with {got} values, but the requested shape requires a "
                "multiple of {wanted}",
            ),
            Words("TensorFlow", "must be evenly divisible by {wanted} but is {got} for"),
            Words("JAX", "cannot reshape array of shape"),
            Words("PyTorch", "shape '{wanted}' is invalid for input of size {got}"),
            Words("NumPy", "cannot reshape array of size {got} into shape {wanted}"),
        ),
        cause="A reshape arranges the values of a batch anew. It neither adds nor drops any.",
        failing=_RESHAPE,
        mended=mend(_RESHAPE, "(-1, 7)", "(-1, 6)"),
        explain=None,
        rule="shape-mismatch",
    ),
)
"""Kinds of this family."""
