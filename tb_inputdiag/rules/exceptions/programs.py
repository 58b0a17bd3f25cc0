"""Beginnings that the programs of several kinds share."""

from __future__ import annotations

__all__ = ["CLASSIFIER", "CONVOLUTION", "REGRESSION", "TEXTS", "TWO_INPUTS", "TWO_OUTPUTS", "mend", "program"]

REGRESSION = """\
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
model.compile(optimizer="adam", loss="mse")
"""
CLASSIFIER = """\
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax")])
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
"""
CONVOLUTION = """\
model = keras.Sequential(
    [
        keras.Input((28, 28, 1)),
        keras.layers.Conv2D(4, 3),
        keras.layers.Flatten(),
        keras.layers.Dense(10, activation="softmax"),
    ]
)
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
"""
TEXTS = """\
model = keras.Sequential(
    [keras.layers.Embedding(50, 4), keras.layers.GlobalAveragePooling1D(), keras.layers.Dense(1)]
)
model.compile(optimizer="adam", loss="mse")
"""
TWO_INPUTS = """\
age = keras.Input((4,), name="age")
place = keras.Input((2,), name="place")
joined = keras.layers.Concatenate()([age, place])
model = keras.Model([age, place], keras.layers.Dense(1)(joined))
model.compile(optimizer="adam", loss="mse")
ages, places, y = np.random.rand(8, 4), np.random.rand(8, 2), np.zeros(8)
"""
TWO_OUTPUTS = """\
inputs = keras.Input((4,))
price = keras.layers.Dense(1, name="price")(inputs)
size = keras.layers.Dense(1, name="size")(inputs)
model = keras.Model(inputs, [price, size])
x, prices, sizes = np.random.rand(8, 4), np.zeros(8), np.ones(8)
"""


def program(beginning: str, text: str) -> str:
    """Returns a program that goes on after a common beginning."""
    return beginning + text.strip("\n") + "\n"


def mend(text: str, old: str, new: str) -> str:
    """Returns a program with one part replaced.

    Raises:
        ValueError: if the program has no such part.
    """
    if old not in text:
        raise ValueError(f"the program has no part {old!r}")
    return text.replace(old, new)
