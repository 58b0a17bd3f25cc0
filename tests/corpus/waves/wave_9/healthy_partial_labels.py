"""Toxicity screens: five assays per molecule, most of them never run. Missing results are -1 and are left out by the loss and metric."""
import numpy as np
import keras
from keras import layers, ops
from sklearn.model_selection import train_test_split

ASSAYS = 5


def molecules(n=5000, bits=256, seed=91):
    rng = np.random.default_rng(seed)
    fingerprint = (rng.random((n, bits)) < rng.beta(1, 6, bits)).astype("float32")
    effect = rng.normal(0, 1, (bits, ASSAYS)) * (rng.random((bits, ASSAYS)) < 0.15)
    score = fingerprint @ effect
    result = (score > np.quantile(score, 0.6, axis=0)).astype("float32")
    result[rng.random(result.shape) < 0.55] = -1.0
    return fingerprint, result


@keras.saving.register_keras_serializable("assays")
def masked_bce(y_true, logits):
    known = ops.cast(y_true >= 0, logits.dtype)
    y = ops.maximum(y_true, 0.0)
    each = ops.maximum(logits, 0.0) - logits * y + ops.log1p(ops.exp(-ops.abs(logits)))
    return ops.sum(each * known, axis=-1) / ops.maximum(ops.sum(known, axis=-1), 1.0)


class KnownAccuracy(keras.metrics.Metric):
    def __init__(self, name="known_accuracy", **kwargs):
        super().__init__(name=name, **kwargs)
        self.hits = self.add_weight(name="hits", initializer="zeros")
        self.seen = self.add_weight(name="seen", initializer="zeros")

    def update_state(self, y_true, logits, sample_weight=None):
        known = ops.cast(y_true >= 0, "float32")
        hit = ops.cast(ops.equal(y_true > 0.5, logits > 0), "float32")
        self.hits.assign_add(ops.sum(hit * known))
        self.seen.assign_add(ops.sum(known))

    def result(self):
        return self.hits / ops.maximum(self.seen, 1.0)


def run(callbacks):
    keras.utils.set_random_seed(92)
    x, y = molecules()
    x_train, x_val, y_train, y_val = train_test_split(x, y, test_size=0.2, random_state=0)
    inp = keras.Input((x.shape[1],), name="fingerprint")
    h = layers.Dense(96, activation="relu")(inp)
    h = layers.Dropout(0.3)(h)
    model = keras.Model(inp, layers.Dense(ASSAYS, name="assays")(h))
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss=masked_bce, metrics=[KnownAccuracy()])
    return model.fit(x_train, y_train, batch_size=50, epochs=8, validation_data=(x_val, y_val), callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
