"""What a step passes to its optimizer arrives there as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers as L

from tb_inputdiag import InputDiagnostics
from tb_inputdiag.records import Sample
from tests.modes.harness import assert_same_weights, fresh, records_of, weights_of


class AppliesToIterator(keras.Model):
    """Gives its optimizer the variables as an iterator, which can be read once."""

    def __init__(self) -> None:
        super().__init__()
        self.out = L.Dense(1)

    def call(self, x: Any) -> Any:
        return self.out(x)

    def train_step(self, data: Any) -> Any:
        x, y = data
        with tf.GradientTape() as tape:
            loss = self.compute_loss(x, y, self(x, training=True))
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(gradients, iter(self.trainable_variables))
        return {"loss": loss}


def train(callbacks: list[Any]) -> keras.Model:
    fresh()
    model = AppliesToIterator()
    model.compile(keras.optimizers.SGD(0.1), "mse")
    x = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
    model.fit(x, x[:, :1], batch_size=4, shuffle=False, verbose=0, callbacks=callbacks)
    return model


def test_variables_may_be_given_as_an_iterator(tmp_path: Path) -> None:
    plain, watched = train([]), train([InputDiagnostics(tmp_path, every=1, verbose=0)])
    assert_same_weights(weights_of(plain), weights_of(watched))
    samples = [record for record in records_of(tmp_path) if isinstance(record, Sample)]
    assert len(samples) == 2
    assert all(sample.gradient_norm > 0 for sample in samples)
