"""Predicts the 10 %, 50 % and 90 % quantile of delivery minutes with the pinball loss."""
import numpy as np
import keras
from keras import layers, ops

QUANTILES = (0.1, 0.5, 0.9)


@keras.saving.register_keras_serializable()
class Pinball(keras.losses.Loss):
    def call(self, y_true, y_pred):
        q = ops.convert_to_tensor(QUANTILES, dtype=y_pred.dtype)
        miss = ops.cast(y_true, y_pred.dtype) - y_pred        # (batch, 1) against (batch, 3)
        return ops.mean(ops.maximum(q * miss, (q - 1.0) * miss), axis=-1)


def deliveries(n, seed):
    rng = np.random.default_rng(seed)
    km = rng.gamma(2.0, 2.0, n)
    hour = rng.integers(9, 22, n)
    rain = rng.random(n) < 0.25
    rush = ((hour >= 17) & (hour <= 19)).astype(float)
    centre = 8 + 3.0 * km + 6 * rush + 4 * rain
    spread = 1 + 0.5 * km + 3 * rush
    minutes = centre + spread * rng.gamma(2.0, 1.0, n)
    x = np.stack([km / 4 - 1, np.sin(hour * np.pi / 12), np.cos(hour * np.pi / 12), rush, rain], axis=1)
    return x.astype("float32"), minutes.astype("float32")[:, None]


def run(callbacks):
    keras.utils.set_random_seed(29)
    x, y = deliveries(5000, 1)
    vx, vy = deliveries(1000, 2)
    inp = keras.Input((5,))
    h = layers.Dense(48, activation="elu")(inp)
    h = layers.Dense(48, activation="elu")(h)
    low = layers.Dense(1, bias_initializer=keras.initializers.Constant(float(np.quantile(y, 0.1))))(h)
    steps = layers.Dense(2, activation="softplus")(h)         # the quantiles cannot cross
    out = ops.cumsum(layers.Concatenate()([low, steps]), axis=-1)
    model = keras.Model(inp, out)
    model.compile(optimizer=keras.optimizers.Adam(3e-3), loss=Pinball())
    hist = model.fit(x, y, validation_data=(vx, vy), batch_size=64, epochs=14, callbacks=callbacks, verbose=0)
    below = (vy <= model.predict(vx, verbose=0)).mean(axis=0)
    print("share of deliveries below each quantile:", below.round(3))
    return hist


if __name__ == "__main__":
    run([])
