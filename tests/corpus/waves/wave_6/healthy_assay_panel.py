"""Toxicity panel of six assays from molecule fingerprints; untested assays are -1 and are left out of loss and metric."""
import keras
import numpy as np
from keras import layers, ops

BITS, ASSAYS = 256, 6


def library(n, seed):
    rng = np.random.default_rng(seed)
    fixed = np.random.default_rng(15)
    usage = fixed.beta(1, 12, BITS)
    w = fixed.normal(0, 1.2, (BITS, ASSAYS)) * (fixed.random((BITS, ASSAYS)) < 0.12)
    x = (rng.random((n, BITS)) < usage).astype("float32")
    raw = x @ w
    y = (raw + rng.normal(0, 0.3, raw.shape) > 0.6).astype("float32")
    y[rng.random(y.shape) < 0.4] = -1.0
    return x, y


def masked_bce(y, p):
    known = ops.cast(y >= 0, "float32")
    t = ops.maximum(y, 0.0)
    p = ops.clip(p, 1e-6, 1 - 1e-6)
    bce = -(t * ops.log(p) + (1 - t) * ops.log(1 - p))
    return ops.sum(bce * known) / ops.maximum(ops.sum(known), 1.0)


class MaskedAccuracy(keras.metrics.Metric):
    def __init__(self, name="known_accuracy", **kwargs):
        super().__init__(name=name, **kwargs)
        self.hits = self.add_weight(name="hits", initializer="zeros")
        self.total = self.add_weight(name="total", initializer="zeros")

    def update_state(self, y, p, sample_weight=None):
        known = ops.cast(y >= 0, "float32")
        right = ops.cast(ops.equal(ops.cast(p > 0.5, "float32"), y), "float32")
        self.hits.assign_add(ops.sum(right * known))
        self.total.assign_add(ops.sum(known))

    def result(self):
        return self.hits / (self.total + 1e-7)


def run(callbacks):
    keras.utils.set_random_seed(15)
    x, y = library(2400, 1)
    xv, yv = library(600, 2)
    model = keras.Sequential([
        keras.Input((BITS,)),
        layers.Dense(64, activation="gelu"),
        layers.Dropout(0.25),
        layers.Dense(ASSAYS, activation="sigmoid"),
    ])
    model.compile(keras.optimizers.Adam(2e-3), loss=masked_bce, metrics=[MaskedAccuracy()])
    model.fit(x, y, validation_data=(xv, yv), batch_size=32, epochs=8, verbose=2, callbacks=callbacks)
    return model
