"""Estimates the heating load of buildings with an MLP and a cosine learning-rate decay.

Wrong: decay_steps is given in epochs, but the schedule counts batches. The rate is zero after 30 batches, in the
first epoch, and the 29 epochs after it do nothing.
Expected: learning-rate-too-low
"""
import keras
import numpy as np
from keras import layers
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

EPOCHS = 30


def buildings(n=3200):
    rng = np.random.default_rng(31)
    area = rng.uniform(60, 400, n)
    height = rng.choice([2.4, 2.7, 3.5], n)
    glazing = rng.uniform(0.05, 0.5, n)
    insulation = rng.gamma(4, 3, n)
    orientation = rng.uniform(0, 2 * np.pi, n)
    year = rng.integers(1900, 2024, n)
    load = (area * height * 0.05 * (1 + 2.5 * glazing * (1 - 0.4 * np.cos(orientation)))
            / (0.6 + 0.06 * insulation) * (1 + (2024 - year) / 150) + rng.normal(0, 2, n))
    x = np.column_stack([area, height, glazing, insulation, np.sin(orientation), np.cos(orientation), year])
    return x, load


def run(callbacks):
    keras.utils.set_random_seed(12)
    x, y = buildings()
    x_train, x_val, y_train, y_val = train_test_split(x, y, test_size=0.2, random_state=0)
    xs, ys = StandardScaler(), StandardScaler()
    x_train, x_val = xs.fit_transform(x_train), xs.transform(x_val)
    y_train = ys.fit_transform(y_train[:, None])
    y_val = ys.transform(y_val[:, None])

    schedule = keras.optimizers.schedules.CosineDecay(initial_learning_rate=1e-3, decay_steps=EPOCHS)
    inp = keras.Input((x.shape[1],))
    h = layers.Dense(64, activation="gelu")(inp)
    h = layers.Dense(64, activation="gelu")(h)
    h = layers.Add()([h, layers.Dense(64)(inp)])
    model = keras.Model(inp, layers.Dense(1)(h))
    model.compile(keras.optimizers.AdamW(schedule, weight_decay=1e-4), loss="mse", metrics=["mae"])
    return model.fit(x_train, y_train, batch_size=32, epochs=EPOCHS, validation_data=(x_val, y_val),
                     callbacks=callbacks, verbose=2)
