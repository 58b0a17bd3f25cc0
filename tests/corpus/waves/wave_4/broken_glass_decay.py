"""Predict the refractive index of glass from its recipe, with a decaying rate.

Wrong: ExponentialDecay counts optimizer steps, but decay_steps was meant in epochs
(decay_steps=1, rate 0.9). After about a hundred steps, less than two epochs, the
learning rate is practically zero and the rest of the training does nothing.

Expected: learning-rate-too-low
"""
import keras
import numpy as np
from keras import layers
from sklearn.preprocessing import QuantileTransformer

OXIDES = ["SiO2", "Na2O", "CaO", "PbO", "B2O3", "Al2O3", "BaO"]


def melts(n, seed):
    rng = np.random.default_rng(seed)
    share = rng.dirichlet([9, 2, 2, 1.5, 2, 1, 1], n)
    index = (
        1.458 + 0.12 * share[:, 1] + 0.27 * share[:, 2] + 0.65 * share[:, 3]
        + 0.08 * share[:, 4] * (share[:, 4] < 0.15) + 0.45 * share[:, 6]
        - 1.2 * share[:, 3] * share[:, 1] + rng.normal(0, 0.002, n)
    )
    return share, index


def run(callbacks):
    keras.utils.set_random_seed(21)
    x, y = melts(2400, 1)
    x_val, y_val = melts(500, 2)
    quantiles = QuantileTransformer(n_quantiles=100, output_distribution="normal").fit(x)
    x, x_val = quantiles.transform(x), quantiles.transform(x_val)
    center, spread = y.mean(), y.std()
    y, y_val = (y - center) / spread, (y_val - center) / spread

    inputs = keras.Input((len(OXIDES),), name="recipe")
    h = inputs
    for units in (48, 48):
        h = layers.Dense(units, activation="swish")(h)
    outputs = layers.Dense(1, name="index")(h)
    model = keras.Model(inputs, outputs)
    schedule = keras.optimizers.schedules.ExponentialDecay(
        initial_learning_rate=1e-3, decay_steps=1, decay_rate=0.9
    )
    model.compile(keras.optimizers.Adam(schedule), loss="mse", metrics=["mae"])
    return model.fit(
        x, y, batch_size=40, epochs=15, validation_data=(x_val, y_val),
        callbacks=callbacks, verbose=2,
    )


if __name__ == "__main__":
    run([])
