"""Layers and models that are put together from the wrong things."""

from __future__ import annotations

import re

from tb_inputdiag.errors import did_you_mean
from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.kind import Case, Kind, plainly
from tb_inputdiag.rules.exceptions.programs import mend
from tb_inputdiag.rules.exceptions.words import Words
from tb_inputdiag.rules.support.text import join

__all__ = ["KINDS"]


def _not_a_layer(case: Case) -> Finding | None:
    text = case["received"]
    name = re.search(r"<class '([\w.]+)'>", text) or re.search(r"<([\w.]+)", text)
    path = name[1] if name else "an object"
    short = path.rpartition(".")[2]
    if "of type <class 'type'>" in case.text:
        fix, message = f"keras.layers.{short}()", f"{short} is the class, not a layer: its brackets are missing."
    elif "list" in case.text and text.lstrip().startswith("["):
        fix, message = (
            "keras.Sequential([first, *layers])  # the star puts the layers themselves into the list",
            ("A list of layers stands where a layer should."),
        )
    elif "KerasTensor" in text:
        fix = "model.add(keras.layers.Dense(3))  # the layer, without calling it on a tensor"
        message = "The output of a layer stands where a layer should: Sequential calls its layers itself."
    elif path.split(".")[0] not in ("keras", "an object"):
        library = "tensorflow.python.keras" if "tensorflow.python" in path else path.split(".")[0]
        fix = f"from keras.layers import {short}  # not from {library}"
        message = f"{short} comes from {library}, another Keras than the one of the model."
    else:
        fix, message = "keras.layers.Lambda(function)  # around a function", f"{path} is not a layer."
    return case.finding(message, fix, seen=path, expected="an object of keras.Layer")


def _input(case: Case) -> Finding | None:
    received = case["received"].split("(of type")[0].strip()
    if "KerasTensor" in received and case.method == "__call__":
        return None
    if received in ("None", "'None'"):
        fix, message = (
            "x = layer(inputs)  # what is None here: a function that does not return its result?",
            (f"Layer '{case['layer'] or 'a layer'}' is called on None."),
        )
    elif received.startswith("<") and "KerasTensor" not in received:
        name = re.search(r"<(\w+)", received)
        short = name[1] if name else "Layer"
        fix = f"keras.layers.{short}()(inputs)  # call it on its input first: x = layer(x)"
        message = f"A layer is called on the layer {short}, not on its output."
    else:
        fix, message = "x = keras.ops.convert_to_tensor(x)", f"A layer is called on {received[:60]}, not on a tensor."
    return case.finding(message, fix, seen=received[:40], expected="a tensor")


def _shape(case: Case) -> Finding | None:
    text = re.sub(r"(\d+)\.\d+", r"\1", case["shape"].strip("'\" ").rstrip("'."))  # of a division
    number = re.fullmatch(r"\d+", text)
    sizes = re.findall(r"\d+", text)
    fix = (
        f"keras.Input(({text},))  # a tuple: one size for each axis, without the batch axis"
        if number
        else (
            f"keras.Input(({', '.join(sizes)}{',' if len(sizes) == 1 else ''}))  # whole numbers, no batch axis"
            if sizes and "None" not in text
            else "keras.Input((28, 28, 1))  # a tuple of whole numbers, without the batch axis"
        )
    )
    shown = case["shape"].strip("'\" ").rstrip("'.")
    return case.finding(f"{shown or 'This'} is not a shape.", fix, seen=text, expected="a tuple of whole numbers")


def _whole(case: Case) -> Finding | None:
    value = case["value"].split("\n")[0].strip().rstrip(".")
    what = case["what"]
    if not what and "cannot be interpreted as an integer" in case.text:
        return _divided(case)
    what = what or "units"
    if value.strip("'\"").isdigit() and int(value.strip("'\"")) > 0:
        value = value.strip("'\"")
        return case.finding(
            f"`{what}` is the text '{value}', and must be a whole number.",
            f"{what}={value}  # without quotes; of a file or an input: int(text)",
            seen=f"'{value}'",
            expected=value,
        )
    number = re.fullmatch(r"-?\d+\.0*", value)
    whole = value.partition(".")[0] if number else ""
    fix = f"{what}={whole}  # // divides without a rest: 128 // 2, not 128 / 2" if number else f"{what}=32"
    return case.finding(
        f"`{what}` must be a whole number above 0, and is {value}.", fix, seen=value, expected="a whole number above 0"
    )


_NOT_SIZES = ("rate", "learning_rate", "alpha", "momentum", "epsilon", "axis", "factor", "seed")
_DIVISION = re.compile(r"(?<!/)\s*/\s*(?![/=])")


def _divided(case: Case) -> Finding | None:
    """A float where Python or the library counts: an argument, or a division in the program's own line."""
    given = [a for a in case.arguments.values() if a.kind == "number" and isinstance(a.value, float)]
    sizes = [a for a in given if a.name not in _NOT_SIZES]
    line = case.failure.lines[-1].partition(": ")[2] if case.failure.lines else ""
    if sizes and "/" not in sizes[0].name:
        what, value = sizes[0].name, sizes[0].value
        fix = f"{what}={value:.0f}  # // divides without a rest: 128 // 2, not 128 / 2"
        message = f"`{what}` is {value}, and must be a whole number."
    elif _DIVISION.search(line) is not None:
        fix = f"{_DIVISION.sub(' // ', line)}  # // divides without a rest"
        message = f"A division gives a float where a whole number is needed, in {case.failure.lines[-1]}."
    else:
        fix = f"{line or 'int(n)'}  # int(...) around the number that is a float; n // 2 in place of n / 2"
        message = f"A float stands where a whole number is needed{f', in {line}' if line else ''}."
    return case.finding(message, fix, seen="a float", expected="a whole number", evidence={"line": line})


def _no_layer(case: Case) -> Finding | None:
    names, wanted = re.findall(r"'([^']+)'", case["names"]), case["name"].strip("'\" ")
    layers = case.facts.layers if case.facts is not None else ()
    kind, _, number = wanted.rpartition("_") if wanted.rpartition("_")[2].isdigit() else (wanted, "", "0")
    alike = [x.name for x in layers if x.class_name.lower() == kind.replace("_", "").lower() and x.name in names]
    hint = did_you_mean(wanted, names).partition("'")[2].rpartition("'")[0]
    place = int(number) if number.isdigit() else 0
    right = (alike[place] if place < len(alike) else alike[-1]) if alike else hint or (names[-1] if names else "...")
    return case.finding(
        f"The model has no layer '{wanted}', only {join([repr(name) for name in names], 8)}.",
        f'{case.model}.get_layer("{right}")  # names count on in each session: give a layer that you look up a `name`',
        seen=wanted,
        expected=join(names, 4),
    )


_MERGING = frozenset(
    {"Concatenate", "Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Dot", "Attention"}
)


def _disconnected(case: Case) -> Finding | None:
    """An output comes from another Input: from one of several, or from the Input of an old model."""
    tensors = [a for a in case.arguments.values() if a.kind == "symbolic"]
    inputs = [a for a in tensors if a.name.startswith("inputs")]
    outputs = [a for a in tensors if a.name.startswith("outputs")]
    given = inputs[0].variable if inputs and inputs[0].variable else "new_input"
    line = case.failure.lines[-1] if case.failure.lines else ""
    nested = re.search(r"((\w+)\.get_layer\([^()]*\)\.output)", line)
    if nested is not None:
        inner, base = nested.groups()
        return case.finding(
            f"The layer belongs to '{base}', and its output is computed from the Input of '{base}', not from that of "
            "the model around it.",
            f"keras.Model({base}.input, [{inner}, {base}.output])\n"
            f"# the whole model's output: head({base}.output), with the layers behind it",
            seen="another Input",
            expected=f"{base}.input",
        )
    merged = any(not _MERGING.isdisjoint(a.layers) for a in outputs)
    if merged or len(inputs) != 1 or not outputs:
        message = "An output is computed from an Input that is not among the inputs of the model."
        fix = "model = keras.Model(inputs=[a, b], outputs=...)  # every Input that the outputs need"
    else:
        last = outputs[0].variable or "outputs"
        message = f"'{last}' is not computed from '{given}': it comes from another Input, as that of an old model."
        fix = (
            f"x = base_model({given})  # in place of base_model.output: call the model, and build on x\n"
            f"# or the Input that {last} comes from: keras.Model(base_model.input, {last})"
        )
    return case.finding(message, fix, seen="another Input", expected="the Inputs that the outputs come from")


_GRAPH_OF = re.compile(r"(\w+)\.(?:output|input)\b")


def _not_built(case: Case) -> Finding | None:
    of_graph = _GRAPH_OF.search(case.failure.lines[-1] if case.failure.lines else "")
    if of_graph is not None and "has never been called and thus has no defined" in case.text:
        name = of_graph[1]
        message = f"{name} has not been called on a tensor yet, so its {of_graph[0].rpartition('.')[2]} does not exist."
        fix = (
            f"x = {name}(inputs)  # inputs: a keras.Input(...); build on x\n"
            f"# of a Sequential that begins with a keras.Input: {name}.inputs, {name}.outputs"
        )
    else:
        message = "The model has no weights yet, because the shape of its input is not known."
        fix = (
            "keras.Sequential([keras.Input(x.shape[1:]), ...])  # an Input as the first layer\n"
            f"# or, of a class of your own: {case.model}(x[:1])  # call it once"
        )
    return case.finding(message, fix, seen="no input shape", expected="keras.Input(...) first")


_DUPLICATE = """\
inputs = keras.Input((4,))
x = keras.layers.Dense(4, name="hidden")(inputs)
model = keras.Model(inputs, keras.layers.Dense(4, name="hidden")(x))
"""
_CLASS = "model = keras.Sequential([keras.Input((28, 28)), keras.layers.Flatten, keras.layers.Dense(10)])\n"
_LAYER = "inputs = keras.Input((4,))\nflat = keras.layers.Flatten()\nx = keras.layers.Dense(4)(flat)\n"
KINDS = (
    Kind(
        id="not-a-layer",
        title="Something that is not a layer stands in a model",
        words=(
            Words(
                "Keras", "Only instances of `keras.Layer` can be added to a Sequential model. Received: {received}\n"
            ),
            Words("Keras", "The added layer must be an instance of class Layer. Found: {received}"),
            Words("Keras", "The added layer must be an instance of class Layer. Received: layer={received}"),
        ),
        cause="Sequential takes objects of `keras.Layer`: not classes, not tensors, not layers of `tf_keras` or "
        "`tensorflow.python.keras`.",
        failing=_CLASS,
        mended=mend(_CLASS, "keras.layers.Flatten,", "keras.layers.Flatten(),"),
        explain=_not_a_layer,
    ),
    Kind(
        id="layer-called-on-no-tensor",
        title="A layer is called on something that is not a tensor",
        words=(
            Words(
                "Keras",
                "Only input tensors may be passed as positional arguments. The following argument value "
                "should be passed as a keyword argument: {received}\n",
            ),
            Words(
                "Keras",
                "Inputs to a layer should be tensors. Got '{received}' (of type {type}) as input for layer '{layer}'",
            ),
            Words("Keras", "Inputs to a layer should be tensors. Got: {received}"),
            Words("Keras", "was called with an input that isn't a symbolic tensor. Received type: {received}"),
        ),
        cause="A layer is called on tensors: on `keras.Input(...)` or on the output of another layer.",
        failing=_LAYER,
        mended=mend(_LAYER, "(flat)", "(flat(inputs))"),
        explain=_input,
    ),
    Kind(
        id="not-a-shape",
        title="A shape is not a tuple of whole numbers",
        words=(
            Words("Keras", "Cannot convert '{shape}' to a shape. Found invalid"),
            Words("Keras", "Cannot convert '{shape}' to a shape"),
            Words("Keras", "'int' object is not iterable"),
        ),
        cause="The shape of an Input has one size for each axis of an example: `(784,)`, `(28, 28, 1)`.",
        failing="model = keras.Sequential([keras.Input(shape=784), keras.layers.Dense(10)])\n",
        mended="model = keras.Sequential([keras.Input(shape=(784,)), keras.layers.Dense(10)])\n",
        explain=lambda case: _shape(case) if "None" not in case["shape"] else None,
    ),
    Kind(
        id="size-is-not-a-whole-number",
        title="A size is not a whole number",
        words=(
            Words(
                "Keras", "Received an invalid value for `{what}`, expected a positive integer. Received: {}={value}\n"
            ),
            Words(
                "Keras",
                "Received an invalid value for argument `{what}`, expected a positive integer. Received {value}\n",
            ),
            Words(
                "Keras",
                "Invalid value for argument `{what}`. Expected a strictly positive value. Received {}={value}\n",
            ),
            Words("Keras", "The `{what}` argument must be a tuple of {n} integers. Received: {value}"),
            Words("Python", "'{type}' object cannot be interpreted as an integer"),
        ),
        cause="`/` gives a float in Python. Use `//` for sizes.",
        failing="n = 128 / 2\nlayer = keras.layers.Dense(n)\n",
        mended="n = 128 // 2\nlayer = keras.layers.Dense(n)\n",
        explain=_whole,
    ),
    Kind(
        id="duplicate-names",
        title="Two layers have the same name",
        words=(
            Words("Keras", 'The name "{name}" is used {n} times in the model. All operation names should be unique'),
            Words("Keras", 'The name "{name}" is used {n} times in the model. All layer names should be unique'),
            Words("Keras", "All layers added to a Sequential model should have unique names. Name '{name}' is already"),
        ),
        cause="Layers are found by their names, in files of weights for example.",
        failing=_DUPLICATE,
        mended=mend(_DUPLICATE, 'Dense(4, name="hidden")(x)', 'Dense(4, name="hidden_2")(x)'),
        explain=plainly(
            "Two layers are named '{name}'.",
            'name="{name}_2"  # for one of them; or leave `name` out',
            seen="{name} twice",
            expected="a name of its own for each layer",
        ),
    ),
    Kind(
        id="no-such-layer",
        title="get_layer does not find a layer",
        words=(Words("Keras", "No such layer: {name}. Existing layers are: {names}.\n"),),
        cause="A layer without a name is called after its class and a number that counts on in each session.",
        failing="model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, name='price')])\n"
        "layer = model.get_layer('dense_1')\n",
        mended="model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, name='price')])\n"
        "layer = model.get_layer('price')\n",
        explain=_no_layer,
    ),
    Kind(
        id="model-of-arrays",
        title="keras.Model gets arrays, not Inputs",
        words=(
            Words("Keras", "All `inputs` values must be KerasTensors"),
            Words("Keras", "All `outputs` values must be KerasTensors"),
            Words("Keras", "Input tensors to a Functional must come from `keras.Input`"),
            Words("Keras", "Input tensors to a Model must come from `keras.layers.Input`"),
        ),
        cause="A Functional model is described with `keras.Input`s. Data comes in with `fit`.",
        failing="x = np.ones((2, 4))\nmodel = keras.Model(x, keras.layers.Dense(1)(x))\n",
        mended="x = keras.Input((4,))\nmodel = keras.Model(x, keras.layers.Dense(1)(x))\n",
        explain=plainly(
            "The inputs or outputs of keras.Model are values, not symbolic tensors that begin at a keras.Input.",
            "inputs = keras.Input(x.shape[1:])\nmodel = keras.Model(inputs, layers(inputs))  # then model.fit(x, ...)",
            seen="arrays or tensors with values",
            expected="keras.Input",
        ),
    ),
    Kind(
        id="disconnected-graph",
        title="An output does not depend on the inputs of the model",
        words=(
            Words("Keras", "is not connected to `inputs`"),
            Words("Keras", "`inputs` not connected to `outputs`"),
            Words("Keras", "Graph disconnected: cannot obtain value for tensor"),
        ),
        cause="Each Input that an output is computed from belongs into `keras.Model(inputs=[...])`. The output of "
        "an old model, `base.output`, is computed from that model's own Input.",
        failing="a, b = keras.Input((4,)), keras.Input((4,))\nmodel = keras.Model(a, keras.layers.Dense(1)(b))\n",
        mended="a, b = keras.Input((4,)), keras.Input((4,))\nmodel = keras.Model(b, keras.layers.Dense(1)(b))\n",
        explain=_disconnected,
    ),
    Kind(
        id="not-built",
        title="The model is not built yet",
        words=(
            Words("Keras", "but the layer isn't built"),
            Words("Keras", "was never built and thus it doesn't have any variables"),
            Words("Keras", "You must build the layer before accessing"),
            Words("Keras", "This model has not yet been built"),
            Words("Keras", "has no defined inputs yet"),
            Words("Keras", "has no defined outputs yet"),
            Words("Keras", "has no defined input shape yet"),
            Words("PyTorch", "'Sequential' object has no attribute 'input"),
            Words("PyTorch", "'Sequential' object has no attribute 'output"),
            Words("Keras", "has no defined output shape yet"),
            Words("Keras", "has never been called and thus has no defined {what}"),
            Words("Keras", "You are saving a model that has not yet been built"),
            Words("Keras", "You are loading weights into a model that has not yet been built"),
            Words("Keras", "Weights for model {name} have not yet been created"),
            Words(
                "Keras",
                "Unable to load weights saved in HDF5 format into a subclassed Model which has not created "
                "its variables yet",
            ),
            Words("Keras", "The layer {name} has never been called"),
        ),
        cause="Weights are made when the shape of the input is known: from a `keras.Input`, or from the first batch.",
        failing="model = keras.Sequential([keras.layers.Dense(3)])\nmodel.count_params()\n",
        mended="model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])\nmodel.count_params()\n",
        explain=_not_built,
    ),
    Kind(
        id="stateful-without-batch-size",
        title="A stateful recurrent layer does not know its batch size",
        words=(
            Words("Keras", "When using `stateful=True` in a RNN, the batch size must be static"),
            Words("Keras", "If a RNN is stateful, it needs to know its batch size"),
        ),
        cause="A stateful layer keeps a state for each example of a batch, so all batches have the same size.",
        failing="model = keras.Sequential([keras.Input((10, 3)), keras.layers.LSTM(4, stateful=True)])\n",
        mended="model = keras.Sequential([keras.Input((10, 3), batch_size=8), keras.layers.LSTM(4, stateful=True)])\n",
        explain=plainly(
            "A recurrent layer with stateful=True does not know how many examples a batch has.",
            "keras.Input((10, 3), batch_size=8)  # and fit(..., batch_size=8)",
            seen="any batch size",
            expected="a fixed batch size",
        ),
    ),
)
"""Kinds of this family."""
