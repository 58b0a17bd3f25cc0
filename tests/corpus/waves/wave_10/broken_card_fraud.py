"""Flag fraudulent card payments; the figures reported to the management are loss and accuracy.

Wrong: 1 payment in 120 is fraud, nothing is weighted or resampled, and accuracy is the only metric. The model learns to call everything
honest, which gives 99.2 % accuracy in the first epoch and finds practically no fraud.
Expected: class-imbalance, unsuitable-metric
"""
import keras
import numpy as np
from keras import layers
from sklearn.model_selection import train_test_split


def payments(n=9000, seed=77):
    rng = np.random.default_rng(seed)
    fraud = rng.random(n) < 1 / 120
    amount = rng.lognormal(3.2 + 0.7 * fraud, 1.0, n)
    hour = rng.integers(0, 24, n)
    night = rng.random(n) < np.where(fraud, 0.35, 0.15)
    hour = np.where(night, rng.integers(0, 6, n), hour)
    abroad = rng.random(n) < np.where(fraud, 0.2, 0.06)
    tries = rng.poisson(np.where(fraud, 0.4, 0.15))
    since_last = rng.exponential(np.where(fraud, 8.0, 20.0))
    x = np.stack([np.log(amount), np.sin(hour * np.pi / 12), np.cos(hour * np.pi / 12), abroad, tries, np.log1p(since_last)], axis=1)
    return x.astype("float32"), fraud.astype("float32")


def run(callbacks):
    keras.utils.set_random_seed(6)
    x, y = payments()
    x_train, x_val, y_train, y_val = train_test_split(x, y, test_size=0.25, stratify=y, random_state=3)
    mean, std = x_train.mean(axis=0), x_train.std(axis=0)
    x_train, x_val = (x_train - mean) / std, (x_val - mean) / std

    payment = keras.Input((6,), name="payment")
    h = layers.Dense(32, activation="selu", kernel_initializer="lecun_normal", name="first")(payment)
    h = layers.Dense(16, activation="selu", kernel_initializer="lecun_normal", name="second")(h)
    is_fraud = layers.Dense(1, activation="sigmoid", name="is_fraud")(h)
    model = keras.Model(payment, is_fraud)
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, validation_data=(x_val, y_val), epochs=6, batch_size=64, callbacks=callbacks, verbose=2)
    flagged = (model.predict(x_val, verbose=0) > 0.5).sum()
    print("payments flagged:", int(flagged), "frauds in the set:", int(y_val.sum()))
    return model


if __name__ == "__main__":
    run([])
