"""A small transformer block with a long warm-up (160 of 250 steps): the first steps are tiny on purpose."""
import keras
import numpy as np
from keras import layers, ops


@keras.saving.register_keras_serializable("wave2")
class WarmUp(keras.optimizers.schedules.LearningRateSchedule):
    def __init__(self, peak, steps):
        self.peak, self.steps = peak, steps

    def __call__(self, step):
        step = ops.cast(step, "float32") + 1.0
        return self.peak * ops.minimum(step / self.steps, ops.sqrt(self.steps / step))

    def get_config(self):
        return {"peak": self.peak, "steps": self.steps}


def run(callbacks):
    rng = np.random.default_rng(23)
    keras.utils.set_random_seed(23)
    # does the sequence hold more of the letters 1..5 or of the letters 6..10?
    y = rng.integers(0, 2, 2000)
    p = np.where(y[:, None] == 1, 0.68, 0.32)
    low = rng.uniform(size=(2000, 20)) < p
    x = np.where(low, rng.integers(1, 6, (2000, 20)), rng.integers(6, 11, (2000, 20)))

    ids = keras.Input((20,), dtype="int32")
    e = layers.Embedding(11, 16)(ids)
    a = layers.MultiHeadAttention(2, 8, dropout=0.1)(e, e)
    h = layers.LayerNormalization()(e + a)
    f = layers.Dense(16)(layers.Dense(32, activation="gelu")(h))
    h = layers.LayerNormalization()(h + f)
    out = layers.Dense(1, activation="sigmoid")(layers.GlobalAveragePooling1D()(h))
    model = keras.Model(ids, out)
    model.compile(keras.optimizers.AdamW(WarmUp(2e-3, 160), weight_decay=1e-3, clipnorm=1.0), "binary_crossentropy",
                  metrics=["accuracy"])
    model.fit(x[:1600], y[:1600], batch_size=32, epochs=5, validation_data=(x[1600:], y[1600:]), callbacks=callbacks,
              verbose=0)
