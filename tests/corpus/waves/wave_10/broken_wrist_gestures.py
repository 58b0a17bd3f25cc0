"""Recognise five wrist gestures from three acceleration channels with a 1D convolution net trained from scratch.

Wrong: the learning rate is 1e-7 (the number was taken from the epsilon of another recipe). The weights practically do not move and
the loss stays at ln(5) for the whole training.
Expected: learning-rate-too-low
"""
import keras
import numpy as np
import tensorflow as tf
from keras import layers

STEPS = 60


def gesture(kind, rng):
    t = np.linspace(0, 1, STEPS)
    speed = rng.uniform(0.85, 1.15)
    curves = {
        0: (np.sin(6 * np.pi * t * speed), 0 * t, 0 * t),
        1: (0 * t, np.sin(6 * np.pi * t * speed), 0 * t),
        2: (np.sin(4 * np.pi * t * speed), np.cos(4 * np.pi * t * speed), 0 * t),
        3: (0 * t, 0 * t, np.exp(-((t - 0.5) / 0.08) ** 2) * 2),
        4: (t - 0.5, 0 * t, np.sin(12 * np.pi * t * speed)),
    }
    return np.stack(curves[kind], axis=-1) * rng.uniform(0.8, 1.2) + rng.normal(0, 0.25, (STEPS, 3))


def recordings(n, seed):
    rng = np.random.default_rng(seed)
    kinds = rng.integers(0, 5, n)
    return np.stack([gesture(k, rng) for k in kinds]).astype("float32"), kinds.astype("int32")


def conv_block(x, filters, index):
    x = layers.Conv1D(filters, 5, padding="same", name=f"conv_{index}")(x)
    x = layers.LayerNormalization(name=f"norm_{index}")(x)
    x = layers.Activation("relu", name=f"relu_{index}")(x)
    return layers.MaxPooling1D(name=f"pool_{index}")(x)


def run(callbacks):
    keras.utils.set_random_seed(5)
    x_train, y_train = recordings(1500, 1)
    x_val, y_val = recordings(300, 2)
    train = tf.data.Dataset.from_tensor_slices((x_train, y_train)).shuffle(1500).batch(32).prefetch(2)
    val = tf.data.Dataset.from_tensor_slices((x_val, y_val)).batch(100)

    motion = keras.Input((STEPS, 3), name="motion")
    x = conv_block(motion, 16, 1)
    x = conv_block(x, 32, 2)
    x = layers.GlobalAveragePooling1D(name="mean_over_time")(x)
    kind = layers.Dense(5, activation="softmax", name="gesture")(x)
    model = keras.Model(motion, kind)
    model.compile(keras.optimizers.Adam(learning_rate=1e-7), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(train, validation_data=val, epochs=10, callbacks=callbacks, verbose=2)
    return model


if __name__ == "__main__":
    run([])
