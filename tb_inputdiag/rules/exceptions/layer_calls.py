"""Layers that are called with tensors whose sizes do not fit each other, or those of the layer's weights."""

from __future__ import annotations

import re

from tb_inputdiag.numbers import shape_text
from tb_inputdiag.records import ShapesPicture
from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.batches import STATEFUL
from tb_inputdiag.rules.exceptions.kind import Case, Kind, plainly
from tb_inputdiag.rules.exceptions.programs import mend
from tb_inputdiag.rules.exceptions.words import Words
from tb_inputdiag.rules.support.shapes import Shape, all_shapes, parse_shape

__all__ = ["KINDS"]

_GATES = {"LSTM": 4, "GRU": 3, "SimpleRNN": 1}
"""Cell -> columns of its kernel for each unit."""
_CONTRACTED = re.compile(r"contracting dimensions to have the same shape, got \((\d+),\) and \((\d+),\)")
"""JAX's words for a product: columns of the tensor, rows of the kernel."""
_ARGUMENT = re.compile(r"•\s*(\w+)=[^•]*?shape=(\([^)]*\)|\[[^\]]*\])")


def received(case: Case) -> dict[str, Shape]:
    """Returns the shapes of the arguments that Keras lists below the message of a layer's exception."""
    listed = case.text.partition("Arguments received by")[2]
    found = {name: parse_shape(shape) for name, shape in _ARGUMENT.findall(listed)}
    return {name: shape for name, shape in found.items() if shape is not None}


def _picture(seen: Shape, expected: Shape) -> ShapesPicture:
    return ShapesPicture(seen=tuple(seen), expected=tuple(expected))


def _attention_mask(case: Case) -> Finding | None:
    shapes = received(case)
    query, value, mask = shapes.get("query"), shapes.get("value"), shapes.get("attention_mask")
    if query is None or value is None or mask is None:
        return None
    wanted = (query[0], query[1], value[1])
    if len(mask) == 3 and all(a in (b, 1, None) for a, b in zip(mask, wanted, strict=True)):
        return None
    if len(mask) == 2 and mask[-1] == value[1]:
        fix = "mask = mask[:, None, :]  # (batch, 1, steps): the same mask for each query"
    elif len(mask) >= 3 and mask[-1] == value[1]:
        zeros = ", ".join(["0"] * (len(mask) - 2))
        fix = f"mask = mask[:, {zeros}][:, None, :]  # (batch, 1, steps): one mask for all heads"
    else:
        fix = f"mask = keras.ops.ones({tuple(wanted)}, bool)  # True where a query may look at a step"
    return case.finding(
        f"attention_mask has shape {shape_text(mask)}, and needs (batch, queries, steps): "
        f"{shape_text(wanted)}, or 1 in "
        "place of the queries.",
        fix,
        seen=shape_text(mask),
        expected=shape_text(wanted),
        evidence={"shape": list(mask), "expected_shape": list(wanted)},
        picture=_picture(mask, wanted),
    )


def _state(case: Case) -> Finding | None:
    cell = case["cell"].rpartition(" ")[2].removesuffix("Cell")
    gates = _GATES.get(cell)
    by_torch = re.sub(r"\b(\d+)x(\d+)\b", r"(\1, \2)", case.text)
    states = re.search(r"•\s*(?:states|initial_state)=(.*)", case.text)
    of_states = all_shapes(states[1]) if states is not None else []
    sizes = [s[-1] for s in of_states]
    # a state of a batch can look like a kernel: 8 examples of 32 numbers, as of 8 units with 4 gates
    others = [s for s in all_shapes(by_torch) if s not in of_states]
    kernels = [s for s in others if len(s) == 2 and gates and s[0] and s[1] == s[0] * gates]
    by_jax = _CONTRACTED.search(case.text)
    units = kernels[0][0] if kernels else (int(by_jax[2]) if gates and by_jax is not None else None)
    size = sizes[0] if sizes else None
    if not units or not size or size == units or (by_jax is not None and int(by_jax[1]) != size):
        return None
    return case.finding(
        f"{cell} has {units} units, and its initial state has {size}.",
        f"keras.layers.{cell}({size}, ...)  # as many units as the state has: a Bidirectional encoder joins two\n"
        f"# or make the state smaller: keras.layers.Dense({units})(state)",
        seen=f"{size} in the state",
        expected=f"{units} units",
        evidence={"units": units, "state": size},
    )


def _normalization(case: Case) -> Finding | None:
    shapes = received(case)
    inputs = shapes.get("inputs") or next(iter(shapes.values()), None)
    others = [s for s in all_shapes(case.text.partition("Arguments received")[0]) if len(s) >= 1]
    sizes = {s[-1] for s in others if s[-1]} | {int(n) for n in re.findall(r"tensor [ab] \((\d+)\)", case.text)}
    if inputs is None or inputs[-1] is None or not sizes - {inputs[-1]}:
        return None
    adapted = max(sizes - {inputs[-1]}, key=lambda n: n or 0)
    x = next((t for t in case.fed("input") if t.shape is not None), None)
    name = case.code(x) if x is not None else "x"
    return case.finding(
        f"Normalization was adapted to {adapted} columns, and reads {inputs[-1]}.",
        f"normalizer.adapt({name})  # the same columns that the model reads, without the target",
        seen=f"{inputs[-1]} columns",
        expected=f"{adapted} columns",
        subject=f"input:{x.name}" if x is not None else "input:x",
        evidence={"shape": list(inputs), "columns": adapted},
    )


def _stateful(case: Case) -> Finding | None:
    built, got = case["built"], case["got"]
    x = next((t for t in case.fed("input") if t.shape is not None), None)
    name = case.variable("x") if case.argument("x") is not None else (case.code(x) if x is not None else "x")
    more = got.isdigit() and built.isdigit() and int(got) < int(built)
    fix = (
        f"{case.model}.{case.method}(np.repeat({name}, {built}, axis=0)[:{built}], batch_size={built})[:{got}]"
        if more and got == "1"
        else f"{case.model}.{case.method}({name}, batch_size={built})  # a whole number of batches of {built} examples"
    )
    return case.finding(
        f"A stateful layer keeps the states of batches of {built or '?'} examples, and gets a batch of {got or '?'}.",
        f"{fix}\n# or a second model with batch_size={got or 1} and the same weights: "
        "other.set_weights(model.get_weights())",
        seen=f"{got} examples",
        expected=f"{built} examples",
        subject="input:x",
    )


def _inputs_list(case: Case) -> Finding | None:
    name = case["layer"].strip(" '\"") or "Attention"
    return case.finding(
        f"{name} takes a list: [query, value] or [query, value, key].",
        f"keras.layers.{name}()([query, value])  # self-attention: [x, x]",
        seen=case["received"][:40] or "another input",
        expected="[query, value]",
    )


def _missing(case: Case) -> Finding | None:
    names = [word.strip("' ") for word in re.split(r",|and", case["names"])]
    name = next(filter(None, names), "")
    layer = case["layer"] or "layer"
    first = "query" if name == "value" else "inputs"
    if layer.startswith(("tuple", "function")) or not name:
        return None
    if "__init__" in case.text:
        layer = layer.rpartition(" ")[2]
        return case.finding(
            f"{layer} is made without '{name}', which it needs.",
            f"{layer}({name}=...)  # see help({layer})",
            seen=f"no '{name}'",
            expected=f"{layer}({name}=...)",
        )
    return case.finding(
        f"{layer} is called without '{name}'.",
        "keras.layers.MultiHeadAttention(num_heads, key_dim)(x, x)  # query and value; self-attention: both the same"
        if name == "value"
        else f"layer({first}, {name})  # every argument of `call` without a default",
        seen=f"no '{name}'",
        expected=f"call(..., {name})",
    )


_MASK = """\
x = np.ones((8, 10, 16))
mask = np.ones((8, 10), bool)
y = keras.layers.MultiHeadAttention(4, 16)(x, x, attention_mask=np.repeat(mask[:, None], 4, 1))
"""
_STATE = """\
x, states = np.ones((8, 5, 4)), [np.ones((8, 32)), np.ones((8, 32))]
y = keras.layers.LSTM(16)(x, initial_state=states)
"""
_ADAPT = """\
table = np.random.rand(8, 4)
x, y = table[:, :3], table[:, 3]
normalizer = keras.layers.Normalization()
normalizer.adapt(table)
model = keras.Sequential([normalizer, keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
model.fit(x, y)
"""
_STATEFUL = """\
model = keras.Sequential([keras.Input((5, 1), batch_size=8), keras.layers.LSTM(4, stateful=True)])
window = np.random.rand(1, 5, 1)
model.predict(window)
"""
KINDS = (
    Kind(
        id="attention-mask-shape",
        title="The mask of an attention layer has another shape",
        words=(Words("Keras", "Arguments received by MultiHeadAttention.call(): {}attention_mask={}shape={shape}"),),
        cause="attention_mask says for each query which steps of the value it may look at.",
        failing=_MASK,
        mended=mend(_MASK, "np.repeat(mask[:, None], 4, 1)", "mask[:, None, :]"),
        explain=_attention_mask,
        rule="shape-mismatch",
    ),
    Kind(
        id="size-of-the-initial-state",
        title="The initial state of a recurrent layer has another size than its units",
        words=(
            Words("Keras", "Exception encountered when calling {cell}Cell.call()"),
            Words("Keras", "Exception encountered when calling {cell}.call()"),
            Words("Keras", "An `initial_state` was passed that is not compatible with `cell.state_size`"),
        ),
        cause="Each unit starts from one number of the state. The states of a Bidirectional layer are twice as long.",
        failing=_STATE,
        mended=mend(_STATE, "LSTM(16)", "LSTM(32)"),
        explain=_state,
        rule="shape-mismatch",
    ),
    Kind(
        id="adapted-to-other-columns",
        title="Normalization was adapted to another number of columns",
        words=(Words("Keras", "Exception encountered when calling Normalization.call()"),),
        cause="`adapt` keeps a mean and a variance for each column, so it needs the columns that the model reads.",
        failing=_ADAPT,
        mended=mend(_ADAPT, "adapt(table)", "adapt(x)"),
        explain=_normalization,
        rule="shape-mismatch",
    ),
    Kind(
        id="stateful-batch-size",
        title="A stateful layer gets a batch of another size",
        words=(
            *STATEFUL,
            Words(
                "Keras",
                "it should have a number of samples that can be divided by the batch size. Found: {got} samples",
            ),
        ),
        cause="A stateful layer keeps one state for each place in the batch.",
        failing=_STATEFUL,
        mended=mend(_STATEFUL, "predict(window)", "predict(np.repeat(window, 8, axis=0))[:1]"),
        explain=_stateful,
        rule="shape-mismatch",
    ),
    Kind(
        id="attention-inputs",
        title="An attention layer is not called with query and value",
        words=(
            Words(
                "Keras",
                "{layer} layer must be called on a list of inputs, namely [query, value]{}Received: inputs={received}",
            ),
            Words("Keras", "{layer} layer accepts inputs list of length 2 or 3, namely [query, value]"),
        ),
        cause="Attention looks up for each query what the values hold. In self-attention both are the same tensor.",
        failing="x = np.ones((2, 5, 4))\ny = keras.layers.Attention()(x)\n",
        mended="x = np.ones((2, 5, 4))\ny = keras.layers.Attention()([x, x])\n",
        explain=_inputs_list,
        rule="shape-mismatch",
    ),
    Kind(
        id="argument-of-call-missing",
        title="A layer is called without one of its tensors",
        words=(
            Words("Python", "{layer}.__init__() missing {} required positional argument{}: {names}\n"),
            Words("Python", "{layer}.call() missing {} required positional argument{}: {names}\n"),
            Words("Python", "missing a required argument: {names}\n"),
            Words("Python", "missing a required positional argument: {names}\n"),
        ),
        cause="MultiHeadAttention takes query and value. A layer of your own takes what its `call` names.",
        failing="x = np.ones((2, 5, 4))\ny = keras.layers.MultiHeadAttention(2, 4)(x)\n",
        mended="x = np.ones((2, 5, 4))\ny = keras.layers.MultiHeadAttention(2, 4)(x, x)\n",
        explain=_missing,
    ),
    Kind(
        id="value-and-key-steps",
        title="Value and key of an attention layer have different lengths",
        words=(
            Words("Keras", "except the last one, must be equal. Received: value_shape={value} and key_shape={key}\n"),
        ),
        cause="Each step of the value has a key. The third argument is the key; by default it is the value.",
        failing="q, v, k = np.ones((2, 5, 8)), np.ones((2, 6, 8)), np.ones((2, 7, 8))\n"
        "y = keras.layers.MultiHeadAttention(2, 4)(q, v, k)\n",
        mended="q, v, k = np.ones((2, 5, 8)), np.ones((2, 6, 8)), np.ones((2, 6, 8))\n"
        "y = keras.layers.MultiHeadAttention(2, 4)(q, v, k)\n",
        explain=plainly(
            "The value has shape {value}, and the key {key}: their steps must be equally many.",
            "layer(query, value)  # the key is the value; the order of the arguments is query, value, key",
            seen="{key}",
            expected="{value}",
        ),
        rule="shape-mismatch",
    ),
    Kind(
        id="groups-and-channels",
        title="Channels cannot be divided into groups",
        words=(
            Words(
                "Keras",
                "The number of filters must be evenly divisible by the number of groups. Received: {received}\n",
            ),
            Words(
                "Keras",
                "The number of input channels must be evenly divisible by the number of groups. Received {received}\n",
            ),
            Words("Keras", "Number of groups ({groups}) must be a multiple of the number of channels ({channels})"),
            Words("Keras", "Number of groups ({groups}) cannot be more than the number of channels ({channels})"),
        ),
        cause="Each group holds the same number of channels.",
        failing="x = np.ones((2, 8, 8, 6))\ny = keras.layers.GroupNormalization(groups=4)(x)\n",
        mended="x = np.ones((2, 8, 8, 6))\ny = keras.layers.GroupNormalization(groups=3)(x)\n",
        explain=plainly(
            "The channels cannot be divided into groups: {received}{groups} groups, {channels} channels.",
            "groups=2  # must divide the channels of the input, and the filters",
            seen="{groups} groups",
            expected="a divisor of the channels",
        ),
        rule="shape-mismatch",
    ),
    Kind(
        id="several-outputs-in-sequential",
        title="A layer of a Sequential model takes or returns several tensors",
        words=(
            Words("Keras", "All layers in a Sequential model should have a single output tensor"),
            Words(
                "Keras",
                "can only have a single required positional argument, the input tensor. Layer {layer} has multiple",
            ),
            Words("Keras", "Sequential model {} has no layers. Call `model.add(layer)`"),
        ),
        cause="Sequential passes one tensor from layer to layer.",
        failing="model = keras.Sequential([keras.Input((5, 4)), keras.layers.MultiHeadAttention(2, 4)])\n",
        mended="x = keras.Input((5, 4))\nmodel = keras.Model(x, keras.layers.MultiHeadAttention(2, 4)(x, x))\n",
        explain=plainly(
            "A Sequential model passes one tensor on, and a layer takes or returns more than one.",
            "inputs = keras.Input((5, 4))\nx = keras.layers.MultiHeadAttention(2, 4)(inputs, inputs)\n"
            "model = keras.Model(inputs, x)  # a Functional model",
            seen="several tensors",
            expected="one tensor",
        ),
    ),
    Kind(
        id="second-input-in-sequential",
        title="A Sequential model gets a second Input",
        words=(Words("Keras", "has already been configured to use input shape {shape}. You cannot"),),
        cause="The first layer of a Sequential model fixes the shape of its input.",
        failing="model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])\nmodel.add(keras.Input((3,)))\n",
        mended=(
            "model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])\nmodel.add(keras.layers.Dense(2))\n"
        ),
        explain=plainly(
            "The model has an Input already, of shape {shape}.",
            "model = keras.Sequential([keras.Input((4,)), ...])  # one Input, in front; none later",
            seen="a second Input",
            expected="one Input",
        ),
    ),
    Kind(
        id="permute-dims",
        title="Permute does not name each axis once",
        words=(Words("Keras", "Invalid permutation argument `dims` for Permute Layer{}Received dims={dims}\n"),),
        cause="The axes of Permute begin at 1, because that of the batch, 0, stays in front.",
        failing="x = np.ones((2, 5, 4))\ny = keras.layers.Permute((1, 0))(x)\n",
        mended="x = np.ones((2, 5, 4))\ny = keras.layers.Permute((2, 1))(x)\n",
        explain=plainly(
            "Permute got dims={dims}, which does not name each axis of an example once, beginning at 1.",
            "keras.layers.Permute((2, 1))  # axes of an example count from 1; the batch axis is not among them",
            seen="{dims}",
            expected="each axis once, from 1 on",
        ),
        rule="shape-mismatch",
    ),
    Kind(
        id="layer-around-no-layer",
        title="Bidirectional or TimeDistributed is given a tensor or a number, not a layer",
        words=(
            Words(
                "Keras",
                "Please initialize `{wrapper}` layer with a `keras.layers.Layer` instance. Received: {received}\n",
            ),
            Words("Keras", "supplied to Wrapper isn't a supported layer type"),
        ),
        cause="A wrapper is given the layer itself. The wrapper is then called on the tensor.",
        failing="x = keras.Input((5, 4))\ny = keras.layers.Bidirectional(keras.layers.LSTM(3)(x))\n",
        mended="x = keras.Input((5, 4))\ny = keras.layers.Bidirectional(keras.layers.LSTM(3))(x)\n",
        explain=plainly(
            "{wrapper} got something that is not a layer: the brackets stand in the wrong place.",
            "keras.layers.Bidirectional(keras.layers.LSTM(32))(x)  # the layer inside, the tensor behind",
            seen="{received}",
            expected="a layer",
        ),
    ),
    Kind(
        id="axis-of-a-layer",
        title="A layer normalizes or reads an axis that its input does not have",
        words=(
            Words("Keras", "Axis {axis} is out of bounds for input shape {shape}. Received: axis"),
            Words(
                "Keras",
                "All `axis` values must be in the range [-ndim, ndim). Received inputs with ndim={rank}, "
                "while axis={axis}\n",
            ),
            Words(
                "Keras",
                "`TimeDistributed` Layer should be passed an `input_shape` with at least 3 dimensions, "
                "received: {shape}\n",
            ),
        ),
        cause="Axes count from 0, the batch. -1 is the last one, that of the features.",
        failing="x = np.ones((2, 4))\ny = keras.layers.TimeDistributed(keras.layers.Dense(3))(x)\n",
        mended="x = np.ones((2, 5, 4))\ny = keras.layers.TimeDistributed(keras.layers.Dense(3))(x)\n",
        explain=lambda case: case.finding(
            f"The layer needs axis {case['axis']} of its input, and that has shape {case['shape']}."
            if case["axis"]
            else f"TimeDistributed needs (batch, steps, ...), and gets {case['shape']}.",
            "axis=-1  # the features"
            if case["axis"]
            else "x = x[:, None]  # adds the axis of steps; or use the layer without TimeDistributed",
            seen=case["shape"] or f"{case['rank']} axes",
            expected=f"axis {case['axis']}" if case["axis"] else "at least 3 axes",
        ),
        rule="shape-mismatch",
    ),
)
"""Kinds of this family."""
