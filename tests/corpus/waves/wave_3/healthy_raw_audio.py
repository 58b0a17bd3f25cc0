"""Recognises siren, chirp and hum from raw 16-bit samples; the scaling to -1..1 is the first layer of the model."""
import numpy as np
import tensorflow as tf
import keras
from keras import layers

RATE, LENGTH = 4000, 2000
KINDS = ["hum", "chirp", "siren"]


def clip(kind, rng):
    t = np.arange(LENGTH) / RATE
    base = rng.uniform(200, 500)
    if kind == "hum":
        freq = np.full(LENGTH, base)
    elif kind == "chirp":
        freq = base + rng.uniform(800, 1400) * t
    else:
        freq = base + 150 * np.sin(2 * np.pi * rng.uniform(5, 8) * t)
    wave = np.sin(2 * np.pi * np.cumsum(freq) / RATE + rng.uniform(0, 6))
    wave += rng.normal(0, 0.2, LENGTH)
    loud = rng.uniform(3000, 14000)
    return (wave * loud).clip(-32768, 32767).astype("int16")


def stream(n, seed):
    def produce():
        rng = np.random.default_rng(seed)
        for _ in range(n):
            k = int(rng.integers(0, 3))
            yield clip(KINDS[k], rng), k

    spec = (tf.TensorSpec((LENGTH,), tf.int16), tf.TensorSpec((), tf.int64))
    data = tf.data.Dataset.from_generator(produce, output_signature=spec)
    return data.apply(tf.data.experimental.assert_cardinality(n))


def build():
    return keras.Sequential([
        keras.Input((LENGTH,), dtype="int16"),
        layers.Rescaling(1.0 / 32768),
        layers.Reshape((LENGTH, 1)),
        layers.STFTSpectrogram(mode="log", frame_length=128, frame_step=64, trainable=False),
        layers.BatchNormalization(),
        layers.Conv1D(24, 5, activation="relu"),
        layers.MaxPooling1D(2),
        layers.Conv1D(24, 5, activation="relu"),
        layers.GlobalMaxPooling1D(),
        layers.Dense(3),
    ])


def run(callbacks):
    keras.utils.set_random_seed(31)
    train = stream(960, 1).cache().shuffle(960).batch(24)
    val = stream(180, 2).batch(24).cache()
    model = build()
    model.compile(optimizer="adam", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
                  metrics=["accuracy"])
    return model.fit(train, validation_data=val, epochs=5, callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    print(run([]).history)
