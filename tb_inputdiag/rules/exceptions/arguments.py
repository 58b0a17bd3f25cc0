"""Arguments of `fit` that are of the wrong sort."""

from __future__ import annotations

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


_ASIDE = """\
a, b = keras.Input((4,)), keras.Input((4,))
model = keras.Model([a, b], keras.layers.Dense(1)(keras.layers.Subtract()([a, b])))
model.compile(optimizer="adam", loss="mse")
left, right, y = np.random.rand(8, 4), np.random.rand(8, 4), np.zeros(8)
model.fit(left, right, y)
"""
KINDS = (
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
