"""Map land cover on small radar scenes; unlabelled pixels have the value 255, which the loss is told to ignore."""
import keras
import numpy as np
from keras import layers, ops

SIZE = 32
VOID = 255


def scene(rng):
    yy, xx = np.mgrid[0:SIZE, 0:SIZE]
    angle, shift = rng.uniform(0, np.pi), rng.uniform(-4, 4)
    side = (xx - 16) * np.cos(angle) + (yy - 16) * np.sin(angle) + shift
    cover = np.where(side < 0, 0, 1)
    cy, cx = rng.uniform(6, 26, 2)
    lake = (yy - cy) ** 2 + (xx - cx) ** 2 < rng.uniform(25, 70)
    cover[lake] = 2
    mean = np.array([0.45, 0.75, 0.1])[cover]
    rough = np.array([0.06, 0.16, 0.03])[cover]
    bands = np.stack([mean + rng.normal(0, 1, mean.shape) * rough, 1 - mean + rng.normal(0, 0.15, mean.shape)], axis=-1)
    unknown = rng.random(cover.shape) < 0.25
    return bands, np.where(unknown, VOID, cover)


def scenes(n, seed):
    rng = np.random.default_rng(seed)
    pairs = [scene(rng) for _ in range(n)]
    return np.stack([b for b, _ in pairs]).astype("float32"), np.stack([c for _, c in pairs]).astype("int32")


def labelled_accuracy(y_true, y_pred):
    y_true = ops.cast(y_true, "int32")
    guess = ops.cast(ops.argmax(y_pred, axis=-1), "int32")
    known = ops.cast(ops.not_equal(y_true, VOID), "float32")
    right = ops.cast(ops.equal(guess, y_true), "float32")
    return ops.sum(right * known) / ops.sum(known)


def run(callbacks):
    keras.utils.set_random_seed(48)
    x, y = scenes(480, 1)
    x_val, y_val = scenes(80, 2)
    bands = keras.Input((SIZE, SIZE, 2), name="bands")
    h = layers.Conv2D(16, 3, padding="same", activation="relu", name="c1")(bands)
    h = layers.Conv2D(24, 3, padding="same", dilation_rate=2, activation="relu", name="c2")(h)
    h = layers.Conv2D(24, 3, padding="same", activation="relu", name="c3")(h)
    cover = layers.Conv2D(3, 1, name="cover")(h)
    model = keras.Model(bands, cover)
    model.compile(
        optimizer=keras.optimizers.Adam(2e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=VOID),
        metrics=[labelled_accuracy],
    )
    model.fit(x, y, batch_size=16, epochs=7, validation_data=(x_val, y_val), callbacks=callbacks, verbose=2)
    return model


if __name__ == "__main__":
    run([])
