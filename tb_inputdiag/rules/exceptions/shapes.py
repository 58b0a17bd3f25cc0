"""Shapes of the data against those that the model was built for."""

from __future__ import annotations

from tb_inputdiag.numbers import shape_text, whole
from tb_inputdiag.records import ShapesPicture, TensorLayout
from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.datasets import SHAPE_WORDS
from tb_inputdiag.rules.exceptions.kind import Case, Kind
from tb_inputdiag.rules.exceptions.order import INPUTS_IN_ANOTHER_ORDER
from tb_inputdiag.rules.exceptions.programs import CONVOLUTION, REGRESSION, program
from tb_inputdiag.rules.exceptions.words import Words
from tb_inputdiag.rules.support.shapes import examples_fit, reshape_fix
from tb_inputdiag.statistics.namespace import Shape

__all__ = ["KINDS"]


def _examples_in_input(case: Case) -> Finding | None:
    """The model was built with `Input(x.shape)`."""
    fed, facts = case.fed("input"), case.facts
    if facts is None or len(fed) != 1 or len(facts.inputs) != 1:
        return None
    got, built = fed[0].shape, facts.inputs[0].shape
    targets = [t.shape[0] for t in case.fed("target") if t.shape]
    x, y = case.argument("x"), case.argument("y")
    if x is not None and y is not None and x.shape and y.shape:  # a batch holds fewer examples than the Input counts
        got, targets = x.shape, [y.shape[0]]
    if not got or not built or tuple(built[1:]) != tuple(got) or targets[:1] != [got[0]]:
        return None
    name = case.code(fed[0])
    reader = next((layer.class_name for layer in facts.layers if layer.class_name != "InputLayer"), "")
    steps = f"{name} = {name}[..., None]  # {reader} reads steps of features\n" if _needs_steps(reader, got) else ""
    return case.finding(
        f"The model was built for inputs of shape {shape_text(built)}: its Input counts the {whole(got[0] or 0)} "
        f"examples of '{name}' as an axis.",
        f"{steps}keras.Input({name}.shape[1:])",
        seen=shape_text(got),
        expected=shape_text(built),
        subject=f"input:{fed[0].name}",
        evidence={"shape": list(got), "expected_shape": list(built)},
        picture=ShapesPicture(seen=got, expected=built),
    )


def _needs_steps(layer_class: str, shape: Shape) -> bool:
    return len(shape) == 2 and layer_class in ("LSTM", "GRU", "SimpleRNN", "Bidirectional", "Conv1D")


def _alike(shape: Shape, built: Shape) -> bool:
    """Tells whether Keras takes a shape for another one: it adds or drops a last axis of length 1."""
    longer, shorter = (shape, built) if len(shape) > len(built) else (built, shape)
    return examples_fit(shape, built) or (longer[-1:] == (1,) and examples_fit(longer[:-1], shorter))


def _fed_against_built(case: Case) -> Finding | None:
    fed, facts = case.fed("input"), case.facts
    if facts is None or not fed or len(fed) != len(facts.inputs):
        return None
    for tensor, made in zip(fed, facts.inputs, strict=True):
        got, built = tensor.shape, made.shape
        if got is not None and built is not None and not _alike(got, built):
            return _not_as_built(case, tensor, got, built)
    return None


def _not_as_built(case: Case, tensor: TensorLayout, got: Shape, built: Shape) -> Finding:
    name = case.code(tensor)
    fix = reshape_fix(name, got, built)
    data = case.argument("validation_data/0")
    if fix and data is not None and data.variable and data.shape is not None and data.shape[1:] == tuple(got[1:]):
        fix += f"\n{reshape_fix(data.variable, data.shape, built)}"
    later = case.failure.split in ("predict", "validation") or case.method in ("evaluate", "predict")
    if not fix and later and len(got) == len(built) == 2:
        fix = (
            f"# The model was trained with {built[1]} columns. With frames, before they become arrays:\n"
            f"{name} = {name}.reindex(columns=x_train.columns, fill_value=0)\n"
            f"# or the same encoding for both: get_dummies on all rows, then split"
        )
        fitted = case.argument("x")
        if fitted is not None and ".fit_transform(" in fitted.made:
            again = fitted.made.replace(".fit_transform(", ".transform(")
            fix = f"{again}  # fitted once, on the training data"
        elif (got[1] or 0) > (built[1] or 0):
            fix = f"{name} = {name}[:, :{built[1]}]  # the {built[1]} columns that the model was trained with\n{fix}"
    if not fix:
        sizes = ", ".join(map(str, got[1:])) + ("," if len(got) == 2 else "")
        fix = f"keras.Input(({sizes}))  # if the data is right: build the model for its shape"
    shown = (None, *got[1:]) if len(got) >= len(built) else got
    return case.finding(
        f"'{name}' has shape {shape_text(shown)} ({tensor.dtype}), but the model was built for {shape_text(built)}.",
        fix,
        seen=shape_text(shown),
        expected=shape_text(built),
        subject=f"input:{tensor.name}",
        evidence={"shape": list(got), "expected_shape": list(built), "dtype": tensor.dtype},
        picture=ShapesPicture(seen=shown, expected=built),
    )


def _validation_shape(case: Case) -> Finding | None:
    """The training data fits the model, and the validation data does not."""
    facts, fed = case.facts, case.fed("input")
    data = case.argument("validation_data/0")
    if facts is None or data is None or data.shape is None or len(fed) != 1 or len(facts.inputs) != 1:
        return None
    built = facts.inputs[0].shape
    if built is None or fed[0].shape is None or not _alike(fed[0].shape, built) or _alike(data.shape, built):
        return None
    name = data.variable or "x_val"
    return case.finding(
        f"The validation inputs '{name}' have shape {shape_text(data.shape)}, and the training inputs "
        f"{shape_text(fed[0].shape)}.",
        reshape_fix(name, data.shape, built) or f"{name} = {name}[..., :{built[-1]}]  # as in training",
        seen=shape_text(data.shape),
        expected=shape_text(built),
        subject=f"input:{fed[0].name}",
        evidence={"shape": list(data.shape), "expected_shape": list(built)},
        picture=ShapesPicture(seen=data.shape, expected=built),
    )


KINDS = (
    Kind(
        id="examples-in-input-shape",
        title="keras.Input counts the examples",
        words=SHAPE_WORDS,
        cause="The shape of an Input is that of one example. Keras adds the batch axis itself.",
        failing="""\
x, y = np.random.rand(8, 28, 28), np.zeros(8)
model = keras.Sequential([keras.Input(x.shape), keras.layers.Flatten(), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y)
""",
        mended="""\
x, y = np.random.rand(8, 28, 28), np.zeros(8)
model = keras.Sequential([keras.Input(x.shape[1:]), keras.layers.Flatten(), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y)
""",
        explain=_examples_in_input,
        rule="shape-mismatch",
    ),
    INPUTS_IN_ANOTHER_ORDER,
    Kind(
        id="input-shape",
        title="The data has another shape than the model was built for",
        words=(
            Words("Keras", "Expected shape {expected}, but input has incompatible shape {got}"),
            Words("Keras", "expected shape={expected}, found shape={got}"),
            Words("Keras", "is incompatible with the layer: expected axis {axis} of input shape to have value {size}"),
            Words("TensorFlow", "Matrix size-incompatible: In[0]: {left}, In[1]: {right}"),
            *SHAPE_WORDS,
        ),
        cause="The weights of a layer fit one number of features. So the model takes inputs of one shape only.",
        failing=program(CONVOLUTION, "x = np.random.rand(8, 784)\nmodel.fit(x, np.zeros(8))"),
        mended=program(CONVOLUTION, "x = np.random.rand(8, 784)\nmodel.fit(x.reshape(-1, 28, 28, 1), np.zeros(8))"),
        explain=_fed_against_built,
        rule="shape-mismatch",
    ),
    Kind(
        id="validation-shape",
        title="The validation data has another shape than the training data",
        words=SHAPE_WORDS,
        cause="The model that was built for the training data also reads the validation data.",
        failing=program(
            REGRESSION,
            "x, x_val = np.random.rand(8, 4), np.random.rand(8, 3)\n"
            "model.fit(x, np.zeros(8), validation_data=(x_val, np.zeros(8)))",
        ),
        mended=program(
            REGRESSION,
            "x, x_val = np.random.rand(8, 4), np.random.rand(8, 4)\n"
            "model.fit(x, np.zeros(8), validation_data=(x_val, np.zeros(8)))",
        ),
        explain=_validation_shape,
        rule="shape-mismatch",
    ),
)
"""Kinds of this family."""
