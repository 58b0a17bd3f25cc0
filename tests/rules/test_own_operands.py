"""Operands that do not fit, in lines of the user's own: the fix has the names of that line, and mends the program."""

from __future__ import annotations

import linecache

import keras
import numpy as np
import pytest

from tb_inputdiag.recording.explanations import explain_exception
from tb_inputdiag.records import Alert

_LAYER = """\
class Own(keras.layers.Layer):
    def __init__(self, steps=20):
        super().__init__()
        self.steps = steps
        self.table = keras.layers.Embedding(steps, 4)

    def call(self, inputs):
        first, second = inputs, inputs * 2
        {line}

y = {made}(keras.Input((32, 4)))
"""
_LOSS = """\
WEIGHTS = 3

def weighted(y_true, y_pred):
    w = keras.ops.ones((WEIGHTS,))
    return keras.ops.mean(keras.ops.square(y_true - y_pred) * w, axis=-1)

model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
model.compile("sgd", loss=weighted)
model.fit(np.ones((8, 4)), np.ones((8, 2)), verbose=0)
"""


def run(program: str) -> None:
    linecache.cache["own.py"] = (len(program), None, program.splitlines(keepends=True), "own.py")
    exec(compile(program, "own.py", "exec"), {"keras": keras, "np": np, "__name__": "__main__"})


def explained(program: str) -> Alert:
    with pytest.raises(Exception) as caught:  # noqa: PT011  # any exception: which one is the backend's affair
        run(program)
    return explain_exception(caught.value)[0]


def layer(line: str, made: str = "Own()") -> str:
    return _LAYER.format(line=line, made=made)


@pytest.mark.parametrize(
    ("program", "wrong", "right"),
    [
        (layer("return first + self.table(keras.ops.arange(self.steps))"), "steps=20", "steps=32"),
        (layer("return first + self.table(keras.ops.arange(self.steps))", "Own(7)"), "Own(7)", "Own(32)"),
        (layer("return keras.ops.add(first, keras.ops.ones((31, 4)))"), "(31, 4)", "(32, 4)"),
        (layer("first *= keras.ops.ones((31, 4))\n        return first"), "(31, 4)", "(32, 4)"),
        (layer("return keras.ops.where(first > 0, first, 0) * keras.ops.ones((6,))"), "(6,)", "(4,)"),
        (_LOSS, "WEIGHTS = 3", "WEIGHTS = 2"),
    ],
)
def test_the_size_is_changed_where_it_is_written(program: str, wrong: str, right: str) -> None:
    alert = explained(program)
    assert alert.evidence["kind"] == "shapes-inside-a-layer"
    assert right in alert.fix.splitlines()[0]
    run(program.replace(wrong, right))


def test_a_random_tensor_takes_the_shape_of_the_variable_that_it_is_combined_with() -> None:
    program = layer("noise = keras.random.normal((8, 3))\n        return second + noise")
    alert = explained(program)
    assert alert.fix.startswith("noise = keras.random.normal(keras.ops.shape(second))\n")
    assert "second (None, 32, 4) with noise (8, 3)" in alert.message


def test_operands_without_a_written_size_are_named() -> None:
    program = layer("return second + keras.ops.reshape(keras.ops.arange(inputs.shape[1] * 5.0), (-1, len('three')))")
    alert = explained(program)
    assert "second (None, 32, 4) with keras.ops.reshape(" in alert.message
    assert "b = " not in alert.fix
    assert alert.fix.startswith("right = keras.ops.reshape(")
