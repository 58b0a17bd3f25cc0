"""Two heads from an electronic nose: which gas, and how concentrated. Sixteen metal-oxide sensors in ohm.

Wrong: the training rows are standardised, but the validation rows handed to fit are still in ohm; the training curves look fine and
the validation loss is absurd, which is then taken for overfitting.
Expected: train-validation-skew
"""
import numpy as np
import keras
from keras import layers, regularizers
from sklearn.preprocessing import StandardScaler


def campaign(n=3000, seed=31):
    rng = np.random.default_rng(seed)
    gas = rng.integers(0, 4, n)
    ppm = rng.uniform(5, 300, n)
    sensitivity = np.random.default_rng(1).uniform(0.1, 0.9, (4, 16))
    rest = np.random.default_rng(2).uniform(8_000, 90_000, 16)
    resistance = rest * (1 + ppm[:, None] / 40) ** -sensitivity[gas]
    resistance *= rng.normal(1, 0.04, resistance.shape)
    return resistance.astype("float32"), gas, (np.log(ppm) - 4.8).astype("float32")


def nose():
    inp = keras.Input((16,), name="sensors")
    x = layers.Dense(64, activation="swish", kernel_regularizer=regularizers.L2(1e-5))(inp)
    x = layers.Dense(64, activation="swish", kernel_regularizer=regularizers.L2(1e-5))(x)
    which = layers.Dense(4, activation="softmax", name="gas")(x)
    much = layers.Dense(1, name="log_ppm")(layers.Dense(16, activation="swish")(x))
    return keras.Model(inp, {"gas": which, "log_ppm": much})


def run(callbacks):
    keras.utils.set_random_seed(77)
    x, gas, ppm = campaign()
    order = np.random.permutation(len(x))
    tr, va = order[:2400], order[2400:]
    scaler = StandardScaler()
    x_train = scaler.fit_transform(x[tr])
    x_valid = x[va]

    model = nose()
    model.compile(optimizer=keras.optimizers.AdamW(3e-3, weight_decay=1e-4),
                  loss={"gas": "sparse_categorical_crossentropy", "log_ppm": "mse"},
                  loss_weights={"gas": 1.0, "log_ppm": 0.5},
                  metrics={"gas": ["accuracy"], "log_ppm": ["mae"]})
    return model.fit(x_train, {"gas": gas[tr], "log_ppm": ppm[tr]}, batch_size=48, epochs=8,
                     validation_data=(x_valid, {"gas": gas[va], "log_ppm": ppm[va]}), callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
