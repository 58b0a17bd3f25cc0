"""Files of models and weights."""

from __future__ import annotations

import re

from tb_inputdiag.numbers import shape_text
from tb_inputdiag.records import ShapesPicture
from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.kind import Case, Kind, plainly
from tb_inputdiag.rules.exceptions.programs import REGRESSION, mend, program
from tb_inputdiag.rules.exceptions.words import Words
from tb_inputdiag.rules.support.shapes import Shape, parse_shape
from tb_inputdiag.rules.support.text import join

__all__ = ["KINDS"]


def _file_name(case: Case) -> Finding | None:
    path = case["path"].split("\n")[0].strip().rstrip(".")
    stem = re.sub(r"(\.weights)?\.[A-Za-z]\w*$", "", path) or "model"
    weights = ".weights.h5" in case.text
    name = f"{stem}.weights.h5" if weights else f"{stem}.keras"
    call = "save_weights" if case.method == "save_weights" else "save"
    fix = (
        f'keras.callbacks.ModelCheckpoint("{name}"{", save_weights_only=True" if weights else ""})'
        if ("ModelCheckpoint" in case.failure.call or "filepath provided" in case.text)
        else f'{case.model}.{call}("{name}")'
    )
    return case.finding(
        f"'{path}' has not the ending that Keras 3 expects: "
        f"{'.weights.h5 for weights' if weights else '.keras for a model'}.",
        fix,
        seen=path,
        expected=name,
    )


def _not_found(case: Case) -> Finding | None:
    path = case["path"].strip("' ").rstrip(".")
    return case.finding(
        f"There is no file '{path}' to load.",
        f'import os; print(os.getcwd(), os.path.exists("{path}"))  # relative paths begin in the working directory',
        seen="no file",
        expected=path,
    )


def _saved_model(case: Case) -> Finding | None:
    path = case["path"].strip().rstrip(".")
    return case.finding(
        f"'{path}' is not a .keras or .h5 file. Keras 3 does not load folders in TensorFlow's SavedModel format.",
        f'layer = keras.layers.TFSMLayer(\n    "{path}", call_endpoint="serve"\n)  # of Keras 2: "serving_default"\n'
        "# TensorFlow only: KERAS_BACKEND=tensorflow\n"
        "# to go on training: save it again as .keras, with the Keras version that made it",
        seen="a SavedModel folder",
        expected="a .keras file",
    )


def _shapes(case: Case) -> Finding | None:
    own, saved = parse_shape(case["own"]), parse_shape(case["saved"])
    if own is None or saved is None:
        return None
    layer = case["layer"] or "a layer"
    array = next((a.variable for a in case.arguments.values() if a.shape == saved and a.variable), "")
    given = any(name.startswith("weights") for name in case.arguments)
    if given and not array:
        array = "matrix"
    if array and (case.method == "set_weights" or given):
        return _own_array(case, array, layer, own, saved)
    what = "set_weights" if "provided weight" in case.text else "the file"
    loads = re.search(r"load_weights\(([\w.]+)\)", case.failure.lines[-1] if case.failure.lines else "")
    skip = f"{case.model}.load_weights({loads[1] if loads else 'path'}, skip_mismatch=True)  # loads all others"
    fix = (
        f"# Build the model as it was when the weights were saved: '{layer}' must have weights of shape "
        f"{shape_text(saved)}.\n"
        f"keras.layers.Dense({saved[-1]})  # units of the saved layer; it read {saved[0]} features\n# or: {skip}"
        if len(saved) == 2
        else f"# Build the model as it was when the weights were saved: '{layer}' must have weights of shape "
        f"{shape_text(saved)}.\n{skip}"
    )
    if len(saved) == 2 and "A total of 1 objects" in case.text:  # a new head: the other layers are those of the file
        fix = f"{skip}; '{layer}' starts anew\n# or the layer of the file: keras.layers.Dense({saved[-1]})"
    return case.finding(
        f"The weight of '{layer}' has shape {shape_text(own)}, and that of {what} {shape_text(saved)}.",
        fix,
        seen=shape_text(saved),
        expected=shape_text(own),
        subject=f"layer:{layer}" if case["layer"] else "model",
        evidence={"shape": list(own), "saved_shape": list(saved)},
        picture=ShapesPicture(seen=saved, expected=own, seen_label="saved", expected_label="model"),
    )


def _own_array(case: Case, name: str, layer: str, own: Shape, saved: Shape) -> Finding:
    """The finding for an array of the user's own that becomes the weight of a layer."""
    differing = [axis for axis, (n, m) in enumerate(zip(own, saved, strict=False)) if n != m]
    known, owner = case.layer(layer), case.argument("self")
    names = f"{layer} {known.class_name if known is not None else ''} {owner.type if owner is not None else ''}"
    rows_left = len(own) == len(saved) == 2 and differing == [0] and (saved[0] or 0) > (own[0] or 0)
    return case.finding(
        f"'{name}' has shape {shape_text(saved)}, and the weight of '{layer}' {shape_text(own)}.",
        f"keras.layers.Embedding({saved[0]}, {saved[1]})  # '{layer}': a row for each row of {name}, 0 included"
        if rows_left and "embedding" in names.lower()
        else f"{name} = np.zeros({tuple(own)})  # the size of the layer, before it is filled: rows for all ids, "
        "0 included"
        if len(own) == len(saved) and differing
        else f"{name} = {name}.reshape({tuple(own)})",
        seen=shape_text(saved),
        expected=shape_text(own),
        subject=f"layer:{layer}",
        picture=ShapesPicture(seen=tuple(saved), expected=tuple(own)),
    )


def _other_layers(case: Case) -> Finding | None:
    given = case.argument("weights")
    if case.method == "set_weights" and given is not None and given.kind in ("array", "tensor"):
        name = given.variable or "matrix"
        return case.finding(
            f"set_weights takes a list of arrays, and '{name}' is one array: its {case['saved']} rows are taken for "
            "weights.",
            f"{case.called}([{name}])  # a list with one array for each weight",
            seen="an array",
            expected="a list of arrays",
        )
    saved, own = case["saved"], case["own"].rstrip(".")
    return case.finding(
        f"The weights are those of another architecture: {saved} where the model has {own}."
        if own
        else f"The weights are those of another architecture: {saved} of them could not be loaded.",
        "# must have the layers, in this order and size, that the weights were saved from\n"
        f"{case.model}.summary()\n{case.model}.load_weights(path, skip_mismatch=True)  # loads what fits",
        seen=saved,
        expected=own or "the layers of the file",
    )


def _custom(case: Case) -> Finding | None:
    name = case["name"].strip("'\" ").rstrip(".,")
    name = name.rpartition(">")[2] or name
    return case.finding(
        f"The file names '{name}', a class or function of your own that Keras does not know yet.",
        f'keras.saving.load_model(path, custom_objects={{"{name}": {name}}})\n'
        f"# or, before it is defined: @keras.saving.register_keras_serializable()",
        seen=name,
        expected="a registered name",
    )


def _legacy_loss(case: Case) -> Finding | None:
    name = case["name"].rpartition(".")[2]
    return case.finding(
        f"A .h5 file names the loss or metric '{name}' in a way that this version of Keras cannot read.",
        "model = keras.saving.load_model(path, compile=False)\n"
        'model.compile(optimizer="adam", loss="mse")  # compile again; or save as .keras',
        seen=f"'{name}' in a .h5 file",
        expected="compile=False, or a .keras file",
    )


_TWICE = """\
class Twice(keras.layers.Layer):
    def call(self, x):
        return x * 2

model = keras.Sequential([keras.Input((4,)), Twice()])
model.save("net.keras")
model = keras.saving.load_model("net.keras")
"""


def _left_out(case: Case) -> Finding | None:
    names = re.findall(r"'(\w+)'", case["names"])
    if not names:
        return None
    layer = case["layer"].rpartition(" ")[2].rpartition(".")[2]
    entries = ", ".join(f'"{name}": self.{name}' for name in names)
    return case.finding(
        f"get_config of {layer} leaves out {join(names)}, which its __init__ needs.",
        f"def get_config(self):  # of {layer}\n    return {{**super().get_config(), {entries}}}\n"
        "# then save the model again: the file does not hold them",
        seen=f"no {join(names)}",
        expected=join(names),
    )


_OF_THE_BASE = ("name", "trainable", "dtype", "activity_regularizer", "autocast", "reduction", "dynamic")
"""Arguments that Keras' own classes take, and hand to each class of the user's own when it is made again."""
_CONFIG_OF = re.compile(r"using config=\{(.*?)\}\.(?:\n|\Z)", re.DOTALL)


def _no_place(case: Case) -> Finding | None:
    """A class of the user's own whose __init__ has no place for what its config holds."""
    owner, name = case["owner"].rpartition(" ")[2].rpartition(".")[2], case["name"]
    made_again = "eserializ" in case.text or "Error when deserializing" in case.text
    if name in _OF_THE_BASE:
        return _without_kwargs(case, owner, name)
    if not made_again:
        return None
    return case.finding(
        f"get_config of {owner} returns '{name}', and its __init__ has no argument of this name.",
        f"def __init__(self, {name}, **kwargs):  # of {owner}: an argument for each key of get_config\n"
        f"    super().__init__(**kwargs)\n"
        f'# or rename the key "{name}" in get_config, and save the model again',
        seen=f"'{name}'",
        expected="the names of __init__'s arguments",
        evidence={"argument": name},
    )


def _without_kwargs(case: Case, owner: str, name: str) -> Finding:
    config = _CONFIG_OF.findall(case.text)
    keys = re.findall(r"'(\w+)':", re.sub(r"\{[^{}]*\}", "", config[-1])) if config else []
    own = [key for key in keys if key not in _OF_THE_BASE]
    words = ", ".join(["self", *own]) if config else "self, ..."
    return case.finding(
        f"__init__ of {owner} does not take '{name}', which every layer, loss and metric of Keras takes.",
        f"def __init__({words}, **kwargs):  # of {owner}\n    super().__init__(**kwargs)",
        seen=f"no '{name}'",
        expected="**kwargs",
        evidence={"argument": name},
    )


_LAMBDA = """\
model = keras.Sequential([keras.Input((4,)), keras.layers.Lambda(lambda x: x * 2)])
model.save("net.keras")
model = keras.saving.load_model("net.keras")
"""
_CONFIG = """\
class Around(keras.layers.Layer):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def call(self, x):
        return self.function(x)

model = keras.Sequential([keras.Input((4,)), Around(keras.layers.Dense(2))])
model.save("net.keras")
"""
_CONFIGURED = """\
class Around(keras.layers.Layer):
    def __init__(self, function, **kwargs):
        super().__init__(**kwargs)
        self.function = function

    def get_config(self):
        return {**super().get_config(), "function": keras.saving.serialize_keras_object(self.function)}

    def call(self, x):
        return self.function(x)

model = keras.Sequential([keras.Input((4,)), Around(keras.layers.Dense(2))])
model.save("net.keras")
"""
_LEFT_OUT = """\
@keras.saving.register_keras_serializable()
class Scaled(keras.layers.Layer):
    def __init__(self, factor, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, x):
        return self.factor * x

    def get_config(self):
        return super().get_config()

keras.Sequential([keras.Input((4,)), Scaled(2.0)]).save("net.keras")
model = keras.saving.load_model("net.keras")
"""
_NO_KWARGS = """\
class Scaled(keras.layers.Layer):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def call(self, x):
        return self.factor * x

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}

keras.Sequential([keras.Input((4,)), Scaled(2.0)]).save("net.keras")
model = keras.saving.load_model("net.keras", custom_objects={"Scaled": Scaled})
"""
_OTHER = """\
other = keras.Sequential([keras.Input((5,)), keras.layers.Dense(1)])
other.save_weights("net.weights.h5")
model.load_weights("net.weights.h5")
"""
_H5 = """\
model.save("net.h5")
model = keras.saving.load_model("net.h5")
"""
KINDS = (
    Kind(
        id="file-ending",
        title="The name of a file has not the ending that Keras expects",
        words=(
            Words("Keras", "The filename must end in `.weights.h5`. Received: filepath={path}"),
            Words("Keras", "Invalid filepath extension for saving. {}Received: filepath={path}"),
            Words(
                "Keras", "The filepath provided must end in `.keras` (Keras model format). Received: filepath={path}"
            ),
            Words(
                "Keras",
                "the filepath provided must end in `.weights.h5` (Keras weights format). Received: filepath={path}",
            ),
        ),
        cause="Keras 3 chooses the format by the name: `.keras` for a model, `.weights.h5` for weights.",
        failing=program(REGRESSION, 'model.save("my_model")'),
        mended=program(REGRESSION, 'model.save("my_model.keras")'),
        explain=_file_name,
    ),
    Kind(
        id="file-not-found",
        title="The file of a model or of its weights does not exist",
        words=(
            Words("Keras", "File not found: filepath={path}. Please ensure"),
            Words("Python", "Unable to synchronously open file (unable to open file: name = '{path}'"),
            Words("Python", "FileNotFoundError: [Errno 2] {}name = '{path}'"),
        ),
        cause="A relative path begins in the working directory, which is not always the folder of the program.",
        failing='model = keras.saving.load_model("no_such_model.keras")\n',
        mended=program(REGRESSION, 'model.save("model.keras")\nmodel = keras.saving.load_model("model.keras")'),
        explain=_not_found,
    ),
    Kind(
        id="saved-model-folder",
        title="A SavedModel folder is loaded as a Keras model",
        words=(
            Words("Keras", "File format not supported: filepath={path}. Keras 3 only supports"),
            Words("Keras", "Accessible as a folder: {path} is not supported"),
        ),
        cause="Keras 3 loads `.keras` and `.h5` files. What `model.export` writes can only predict.",
        failing=program(
            REGRESSION, 'model.export("exported", verbose=False)\nmodel = keras.saving.load_model("exported")'
        ),
        mended=program(
            REGRESSION,
            'model.export("exported", verbose=False)\n'
            'layer = keras.layers.TFSMLayer("exported", call_endpoint="serve")',
        ),
        explain=_saved_model,
    ),
    Kind(
        id="weights-of-another-shape",
        title="Weights of another shape",
        words=(
            Words(
                "Keras",
                "must match. variable.shape={own}, Received: value.shape={saved}. Target variable: <Variable "
                "path={}/{layer}/",
            ),
            Words("Keras", "must match. variable.shape={own}, Received: value.shape={saved}. Target"),
            Words("Keras", "(named {layer}){}Weight expects shape {own}. Received saved weight with shape {saved}\n"),
            Words("Keras", "Layer {layer} weight shape {own} is not compatible with provided weight shape {saved}."),
            Words(
                "TensorFlow",
                "Cannot assign value to variable ' {layer}:0': Shape mismatch.The variable shape {own}, "
                "and the assigned value shape {saved} are incompatible",
            ),
        ),
        cause="Weights fit only layers of the same size, which read inputs of the same size.",
        failing=program(REGRESSION, _OTHER),
        mended=program(REGRESSION, mend(_OTHER, "(5,)", "(4,)")),
        explain=_shapes,
    ),
    Kind(
        id="weights-of-other-layers",
        title="Weights of another architecture",
        words=(
            Words(
                "Keras",
                "Layer count mismatch when loading weights from file. Model expected {own} layers, found "
                "{saved} saved layers",
            ),
            Words("Keras", "You are trying to load a weight file containing {saved} layers into a model with {own}"),
            Words("Keras", "Layer '{layer}' expected {own} variables, but received {saved} variables during loading"),
            Words("Keras", "Weight count mismatch for layer #{n} (named {layer} in the current model{}"),
            Words(
                "Keras", "on layer '{layer}' with a weight list of length {saved}, but the layer was expecting {own}"
            ),
            Words("Keras", "A total of {saved} objects could not be loaded"),
        ),
        cause="Weights are stored layer by layer, so the model must have the layers that it had when they were saved.",
        failing=program(REGRESSION, "model.layers[0].set_weights([np.zeros((4, 1))])"),
        mended=program(REGRESSION, "model.layers[0].set_weights([np.zeros((4, 1)), np.zeros(1)])"),
        explain=_other_layers,
    ),
    Kind(
        id="init-without-kwargs",
        title="The __init__ of a class of your own does not take what its config holds",
        words=(
            Words("Python", "{owner}.__init__() got an unexpected keyword argument '{name}'"),
            Words("Python", "TypeError: __init__() got an unexpected keyword argument '{name}'"),
        ),
        cause="Keras makes the object again with all that get_config returned: its name, dtype and so on, too.",
        failing=_NO_KWARGS,
        mended=mend(mend(_NO_KWARGS, "factor):", "factor, **kwargs):"), "__init__()", "__init__(**kwargs)"),
        explain=_no_place,
    ),
    Kind(
        id="argument-not-in-config",
        title="get_config leaves out an argument of a class of your own",
        words=(
            Words("Keras", "Exception encountered: {layer}.__init__() missing {} positional argument{}: {names}\n"),
            Words("Keras", "deserializing class '{layer}' {} __init__() missing {} positional argument{}: {names}\n"),
        ),
        cause="Keras makes the object again from what get_config returned when it was saved or copied.",
        failing=_LEFT_OUT,
        mended=mend(_LEFT_OUT, "return super().get_config()", 'return {**super().get_config(), "factor": self.factor}'),
        explain=_left_out,
    ),
    Kind(
        id="get-config-missing",
        title="A class of your own has no get_config",
        words=(
            Words("Keras", "and therefore the object must override `get_config()`"),
            Words("Keras", "has arguments {names} in `__init__` and therefore must override `get_config`"),
            Words("Keras", "Layers with arguments in `__init__` must override `get_config`"),
        ),
        cause="To save or copy a layer, Keras needs the arguments of its __init__ as plain values.",
        failing=_CONFIG,
        mended=_CONFIGURED,
        explain=plainly(
            "A layer of your own has arguments that Keras cannot save by itself, and no get_config.",
            'def get_config(self):\n    return {**super().get_config(), "units": self.units}  # each argument of '
            "__init__, as a plain value\n# and: def __init__(self, units, **kwargs): super().__init__(**kwargs)",
            seen="no get_config",
            expected="get_config",
        ),
    ),
    Kind(
        id="lambda-is-unsafe",
        title="A Lambda layer is not loaded, because it could run any code",
        words=(
            Words("Keras", "Requested the deserialization of a `Lambda` layer whose `function` is a Python lambda"),
            Words("Keras", "Requested the deserialization of a Lambda layer with a Python `lambda` inside it"),
            Words("Keras", "This carries a potential risk of arbitrary code execution"),
        ),
        cause="The file holds the code of the lambda. Keras runs it only if you trust the file.",
        failing=_LAMBDA,
        mended=mend(_LAMBDA, 'load_model("net.keras")', 'load_model("net.keras", safe_mode=False)'),
        explain=plainly(
            "The file holds a Lambda layer, whose code Keras does not run unless you trust the file.",
            "keras.saving.load_model(path, safe_mode=False)  # only for a file of your own\n"
            "# better: a Layer class with @keras.saving.register_keras_serializable()",
            seen="safe_mode=True",
            expected="safe_mode=False",
        ),
    ),
    Kind(
        id="unreadable-loss-in-h5",
        title="A .h5 file names a loss or metric that Keras cannot read",
        words=(
            Words("Keras", "Could not deserialize '{name}' because it is not a KerasSaveable subclass"),
            Words(
                "Keras",
                "Could not locate function '{name}'. Make sure custom classes and functions are decorated "
                "with `@keras.saving.register_keras_serializable()`. If they are already decorated, make "
                "sure they are all imported so that the decorator is run before trying to load them. Full "
                "object config: {'module': 'keras.metrics'",
            ),
        ),
        cause='The old .h5 format stores names such as "mse", which Keras 3 looks up in another place.',
        failing=program(REGRESSION, _H5),
        mended=program(
            REGRESSION,
            mend(
                _H5,
                '("net.h5")\n',
                '("net.h5")\n',
            ).replace('load_model("net.h5")', 'load_model("net.h5", compile=False)'),
        ),
        explain=_legacy_loss,
    ),
    Kind(
        id="unknown-custom-object",
        title="A file names a class or function of your own",
        words=(
            Words("Keras", "Could not locate class '{name}'. Make sure"),
            Words("Keras", "Could not locate function '{name}'. Make sure"),
            Words("Keras", "Unknown layer: '{name}'. Please"),
            Words("Keras", "Unknown layer: {name}. Please ensure"),
            Words("Keras", "Unknown loss function: '{name}'. Please"),
            Words("Keras", "Unknown metric function: '{name}'. Please"),
            Words("Keras", "is not registered{}'registered_name': '{name}'"),
        ),
        cause="A file holds the names of classes and functions, not their code.",
        failing=_TWICE,
        mended=mend(_TWICE, 'load_model("net.keras")', 'load_model("net.keras", custom_objects={"Twice": Twice})'),
        explain=_custom,
    ),
)
"""Kinds of this family."""
