"""Arguments of `fit` that are of the wrong sort."""

from __future__ import annotations

import re

from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.kind import Case, Kind, plainly
from tb_inputdiag.rules.exceptions.programs import REGRESSION, mend, program
from tb_inputdiag.rules.exceptions.words import Words

__all__ = ["KINDS"]

_NUMBERS = ("batch_size", "steps_per_epoch", "epochs", "validation_steps", "initial_epoch", "validation_batch_size")


def _float(case: Case) -> Finding | None:
    wrong = [(a.name, a.value) for a in case.arguments.values() if a.name in _NUMBERS and isinstance(a.value, float)]
    if not wrong:
        return None
    name, value = wrong[0]
    return case.finding(
        f"{name} is {value}, which is not a whole number.",
        f"{name}={value:.0f}  # // divides without a rest: len(x) // 32, not len(x) / 32",
        seen=str(value),
        expected="a whole number",
    )


_EPOCHS = "model.fit(np.ones((8, 4)), np.ones(8), batch_size=8 / 2)\n"
_CALLBACK = "model.fit(np.ones((8, 4)), np.ones(8), callbacks=[keras.callbacks.EarlyStopping])\n"


def _beside(case: Case) -> Finding | None:
    data = [
        a for a in case.arguments.values() if a.kind in ("array", "frame", "series", "tensor") and "/" not in a.name
    ]
    if len(data) < 3 or not any(a.name in _NUMBERS for a in data):
        return None
    names = [a.variable or a.name for a in data]
    return case.finding(
        f"{case.method} got {len(data)} arrays one after the other, and takes the third for {data[2].name}.",
        f"{case.model}.{case.method}([{', '.join(names[:-1])}], {names[-1]})  # several inputs are one list",
        seen=", ".join(names),
        expected="[inputs], targets",
        subject="data",
    )


def _class_weight(case: Case) -> Finding | None:
    given = case.argument("class_weight")
    if given is None or given.kind in ("dict", "none"):
        return None
    name = given.variable or "weights"
    size = given.length if given.kind == "list" else (given.shape or (None,))[0]
    return case.finding(
        f"class_weight is a {given.type.rpartition('.')[2]} of {size or 'several'} numbers, and {case.method} takes a "
        "dict: class id -> weight.",
        f"class_weight=dict(enumerate({name}))  # {{0: weight of class 0, 1: ...}}",
        seen=given.type,
        expected="dict",
        subject="class_weight",
    )


_LOGGED = re.compile(r"logs(?:\.get\(|\[)\s*['\"](\w+)['\"]")


def _log(case: Case) -> Finding | None:
    line = case.failure.lines[-1] if case.failure.lines else ""
    asked = _LOGGED.search(line)
    name = asked[1] if asked is not None else case["name"]
    if (asked is None and "logs" not in line) or not name:
        return None
    head, tail = ("val_", name[4:]) if name.startswith("val_") else ("", name)
    known = _SHORT.get(tail, "loss" if tail == name else "accuracy")
    return case.finding(
        f"A callback reads logs['{name}'], and there is no such value.",
        f'logs.get("{head}{known}")  # the names that fit prints: {head}{known}, loss, ...; of validation with val_\n'
        "# it needs that metric in compile(metrics=[...]), and validation_data for val_",
        seen=name,
        expected=f"{head}{known}",
        evidence={"line": line},
    )


_SHORT = {
    "acc": "accuracy",
    "accuracy": "loss",
    "mse": "loss",
    "mean_squared_error": "mse",
    "mean_absolute_error": "mae",
}
_STOP = """
class Stop(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        if logs.get("error") < 0.5:
            self.model.stop_training = True

model.fit(np.ones((8, 4)), np.ones(8), callbacks=[Stop()])
"""
_BALANCED = """\
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, activation="sigmoid")])
model.compile(optimizer="adam", loss="binary_crossentropy")
weights = np.array([0.6, 2.5])
model.fit(np.ones((8, 4)), np.array([0, 1] * 4), class_weight=weights)
"""
_ASIDE = """\
a, b = keras.Input((4,)), keras.Input((4,))
model = keras.Model([a, b], keras.layers.Dense(1)(keras.layers.Subtract()([a, b])))
model.compile(optimizer="adam", loss="mse")
left, right, y = np.random.rand(8, 4), np.random.rand(8, 4), np.zeros(8)
model.fit(left, right, y)
"""
KINDS = (
    Kind(
        id="missing-log",
        title="A callback reads a log that does not exist",
        words=(
            Words("Python", "not supported between instances of 'NoneType' and"),
            Words("Python", "' and 'NoneType'"),
            Words("Python", "unsupported format string passed to NoneType.__format__"),
            Words("Python", "KeyError: '{name}'\n"),
        ),
        cause="The names in logs are those of the loss and the metrics. logs.get returns None for others.",
        failing=program(REGRESSION, _STOP),
        mended=program(REGRESSION, mend(_STOP, '"error"', '"loss"')),
        explain=_log,
    ),
    Kind(
        id="class-weight-is-no-dict",
        title="class_weight is an array or a list",
        words=(Words("Python", "object has no attribute 'get'"), Words("Python", "object has no attribute 'items'")),
        cause="Keras looks up the weight of each class id. compute_class_weight of scikit-learn returns an array.",
        failing=_BALANCED,
        mended=mend(_BALANCED, "class_weight=weights", "class_weight=dict(enumerate(weights))"),
        explain=_class_weight,
        subject="class_weight",
    ),
    Kind(
        id="inputs-one-by-one",
        title="Several inputs are given one after the other",
        words=(Words("NumPy", "The truth value of an array with more than one element is ambiguous"),),
        cause="The first argument of `fit` holds all inputs, the second one the targets, the third one is batch_size.",
        failing=_ASIDE,
        mended=mend(_ASIDE, "fit(left, right, y)", "fit([left, right], y)"),
        explain=_beside,
        subject="data",
    ),
    Kind(
        id="argument-is-a-float",
        title="batch_size, epochs or steps_per_epoch is a float",
        words=(
            Words("Python", "'float' object cannot be interpreted as an integer"),
            Words("TensorFlow", "Expected int{bits} passed to parameter '{name}' of op '{op}', got [{value}]"),
            Words("TensorFlow", "Expected int{bits}, but got {value} of type 'float'"),
            Words("Python", "slice indices must be integers"),
            Words("PyTorch", "should be a positive integer value, but got {name}={value}\n"),
        ),
        cause="`/` gives a float in Python, also of whole numbers.",
        failing=program(REGRESSION, _EPOCHS),
        mended=program(REGRESSION, mend(_EPOCHS, "8 / 2", "8 // 2")),
        explain=_float,
    ),
    Kind(
        id="callback-is-not-an-object",
        title="A callback is a class or a name",
        words=(
            Words("Python", "set_model() missing 1 required positional argument: 'model'"),
            Words("Python", "'{type}' object has no attribute 'set_model'"),
            Words("Python", "set_params() missing 1 required positional argument"),
        ),
        cause="`callbacks` takes objects of `keras.callbacks.Callback`: the brackets make one.",
        failing=program(REGRESSION, _CALLBACK),
        mended=program(REGRESSION, mend(_CALLBACK, "EarlyStopping]", 'EarlyStopping("loss")]')),
        explain=plainly(
            "callbacks holds a class or a name, not an object of a callback.",
            'callbacks=[keras.callbacks.EarlyStopping(monitor="val_loss")]  # with brackets',
            seen="a class or a name",
            expected="an object",
        ),
    ),
)
"""Kinds of this family."""
