"""What a step does with the batch: weights that nothing reads, and targets that are paired with all predictions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers as L

from tb_inputdiag import InputDiagnostics, read
from tb_inputdiag.records import TensorLayout
from tests.modes.harness import fresh

_Loss = Callable[[Any, Any, Any], Any]


class OwnStep(keras.Model):
    """Trains with a loss of targets, predictions and weights."""

    own_loss: _Loss

    def train_step(self, data: Any) -> dict[str, Any]:
        x, y, weight = data
        with tf.GradientTape() as tape:
            loss = type(self).own_loss(y, self(x, training=True), weight)
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return {"loss": loss}


def layouts(folder: Path, loss: _Loss, y: np.ndarray, **how: Any) -> dict[str, TensorLayout]:
    """Returns role -> layout, of a step with this loss."""
    fresh()
    inputs = L.Input((3,))
    model = type("Own", (OwnStep,), {"own_loss": staticmethod(loss)})(inputs, L.Dense(1)(inputs))
    model.compile("sgd", **how)
    x = np.random.default_rng(0).normal(size=(16, 3)).astype("float32")
    weight = np.linspace(0.5, 1, 16).astype("float32")
    model.fit(x, y, sample_weight=weight, batch_size=8, verbose=0, callbacks=[InputDiagnostics(folder, verbose=0)])
    session = read(folder).run.session
    return {t.role: t for layout in session.layouts.values() for t in layout.tensors if t.stage == "fed"}


def all_pairs(y: Any, y_pred: Any, weight: Any) -> Any:
    return tf.reduce_mean(tf.abs(tf.cast(y, tf.float32) - y_pred))


def weighted(y: Any, y_pred: Any, weight: Any) -> Any:
    return tf.reduce_mean(tf.abs(tf.reshape(y, (-1, 1)) - y_pred) * weight[:, None])


Y = np.random.default_rng(1).normal(size=16).astype("float32")


@pytest.mark.parametrize("jit", [False, True])
def test_a_target_that_meets_all_predictions(tmp_path: Path, jit: bool) -> None:
    found = layouts(tmp_path, all_pairs, Y, jit_compile=jit)
    assert len(found["target"].broadcast_to or ()) == 2
    assert found["sample_weight"].unread


def test_targets_and_weights_that_are_used_as_they_should_be(tmp_path: Path) -> None:
    found = layouts(tmp_path, weighted, Y, jit_compile=False)
    assert found["target"].broadcast_to is None
    assert not found["sample_weight"].unread


def test_targets_of_the_shape_of_predictions(tmp_path: Path) -> None:
    assert layouts(tmp_path, all_pairs, Y[:, None], jit_compile=False)["target"].broadcast_to is None
