"""Models that compare two things: a contrastive loss with labels the other way round, and healthy ones like it."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
from keras import layers, ops

from tests.corpus import data
from tests.corpus.harness import Trial, broken, healthy


def _contrastive(different: keras.KerasTensor, distance: keras.KerasTensor) -> keras.KerasTensor:
    """Pulls pairs of label 0 together, and pushes pairs of label 1 apart."""
    apart = ops.square(ops.maximum(1 - distance, 0))
    return ops.mean((1 - different) * ops.square(distance) + different * apart, axis=-1)


def _focal(y: keras.KerasTensor, p: keras.KerasTensor) -> keras.KerasTensor:
    p = ops.clip(p, 1e-6, 1 - 1e-6)
    return -ops.mean(y * (1 - p) ** 2 * ops.log(p) + (1 - y) * p**2 * ops.log(1 - p), axis=-1)


def _pairs(t: Trial, x: np.ndarray, y: np.ndarray, n: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Returns pairs of rows, half of them of one class, and 1 for these."""
    a, b = t.rng.integers(0, len(x), (2, n))
    b[::2] = [t.rng.choice(np.flatnonzero(y == y[i])) for i in a[::2]]
    return [x[a], x[b]], (y[a] == y[b]).astype("float32")[:, None]


def _compare(
    t: Trial,
    label: Callable[[np.ndarray], np.ndarray],
    head: Callable[[keras.KerasTensor], keras.KerasTensor],
    loss: Callable[[keras.KerasTensor, keras.KerasTensor], keras.KerasTensor],
) -> None:
    """Trains a distance between digits."""
    x, y = data.digits(t.rng)
    x = x / 16
    train, same = _pairs(t, x[:1400], y[:1400], 3000)
    held_out, held_out_same = _pairs(t, x[1400:], y[1400:], 600)
    tower = keras.Sequential([layers.Input((64,)), layers.Dense(96, activation="relu"), layers.Dense(16)])
    left, right = keras.Input((64,)), keras.Input((64,))
    squares = ops.square(tower(left) - tower(right))
    model = keras.Model([left, right], head(squares))
    model.compile(t.optimizer(), loss=loss)
    model.fit(
        train,
        label(same),
        validation_data=(held_out, label(held_out_same)),
        epochs=10,
        batch_size=t.batch(64),
        callbacks=t.callbacks,
        verbose=0,
    )


def _distance(squares: keras.KerasTensor) -> keras.KerasTensor:
    return ops.sqrt(ops.sum(squares, axis=-1, keepdims=True) + 1e-6)


@broken("reversed-pair-labels")
def pairs_labelled_the_other_way_round(t: Trial) -> None:
    """The labels say 1 for the same digit, and the loss takes 1 for another one."""
    _compare(t, lambda same: same, _distance, _contrastive)


@healthy()
def pairs_with_validation(t: Trial) -> None:
    """The same with the labels that the loss expects."""
    _compare(t, lambda same: 1 - same, _distance, _contrastive)


@healthy()
def learned_likeness_of_pairs(t: Trial) -> None:
    """A layer with weights turns differences into a likeness; before training it may have either sign."""
    _compare(t, lambda same: same, layers.Dense(1, activation="sigmoid"), _focal)
