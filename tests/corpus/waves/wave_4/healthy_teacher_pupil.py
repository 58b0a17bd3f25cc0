"""Distil an ensemble of three digit readers into a tiny one, on soft targets only."""
import keras
import numpy as np
from keras import layers, ops
from sklearn.datasets import load_digits

TEMPERATURE = 3.0


def teacher(seed):
    return keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(
                96, activation="relu",
                kernel_initializer=keras.initializers.HeNormal(seed),
            ),
            layers.Dropout(0.2),
            layers.Dense(10),
        ]
    )


def agree(y_true, y_pred):
    """Share of pictures on which pupil and teachers choose the same digit."""
    same = ops.equal(ops.argmax(y_true, -1), ops.argmax(y_pred, -1))
    return ops.mean(ops.cast(same, "float32"))


def run(callbacks):
    keras.utils.set_random_seed(58)
    data = load_digits()
    x = (data.data / 16.0).astype("float32")
    order = np.random.default_rng(5).permutation(len(x))
    x, y = x[order], data.target[order]
    known, unlabelled, held_out = slice(0, 500), slice(0, 1450), slice(1450, None)

    logits = 0.0
    for seed in range(3):
        expert = teacher(seed)
        expert.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        expert.fit(x[known], y[known], epochs=20, verbose=0)
        logits = logits + expert.predict(x, verbose=0) / 3
    soft = np.exp(logits / TEMPERATURE)
    soft /= soft.sum(1, keepdims=True)

    pupil = keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(16, activation="relu"),
            layers.Dense(10),
            layers.Rescaling(1 / TEMPERATURE),
            layers.Softmax(),
        ]
    )
    pupil.compile(
        keras.optimizers.Adam(5e-3), loss="kl_divergence", metrics=[agree]
    )
    return pupil.fit(
        x[unlabelled], soft[unlabelled], batch_size=32, epochs=15,
        validation_data=(x[held_out], soft[held_out]), callbacks=callbacks, verbose=2,
    )


if __name__ == "__main__":
    run([])
