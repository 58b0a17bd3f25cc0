"""Outline lakes on small height maps, trained straight on the Dice score.

Wrong: the Dice loss rounds the predictions first, "as the score is for hard masks".
Rounding has no gradient, so the optimizer finds no gradient for any weight.

Raises: ValueError
Expected: zero-gradient, program-error
"""
import keras
import numpy as np
from keras import layers, ops
from scipy.ndimage import gaussian_filter


def maps(n, seed, size=32):
    rng = np.random.default_rng(seed)
    height = np.stack(
        [gaussian_filter(rng.normal(size=(size, size)), 4, mode="wrap") for _ in range(n)]
    )
    height /= height.std(axis=(1, 2), keepdims=True)
    mask = (height < -0.6).astype("float32")
    seen = height + 0.3 * rng.normal(size=height.shape)
    return seen.astype("float32")[..., None], mask[..., None]


@keras.saving.register_keras_serializable("lakes")
def dice_loss(y_true, y_pred):
    hard = ops.round(y_pred)
    overlap = ops.sum(y_true * hard, axis=(1, 2, 3))
    total = ops.sum(y_true, axis=(1, 2, 3)) + ops.sum(hard, axis=(1, 2, 3))
    return 1.0 - ops.mean((2.0 * overlap + 1.0) / (total + 1.0))


def unet():
    inputs = keras.Input((32, 32, 1))
    a = layers.Conv2D(8, 3, padding="same", activation="relu")(inputs)
    b = layers.MaxPooling2D()(a)
    b = layers.Conv2D(16, 3, padding="same", activation="relu")(b)
    c = layers.UpSampling2D(interpolation="bilinear")(b)
    c = layers.Concatenate()([a, c])
    c = layers.Conv2D(8, 3, padding="same", activation="relu")(c)
    outputs = layers.Conv2D(1, 1, activation="sigmoid")(c)
    return keras.Model(inputs, outputs)


def run(callbacks):
    keras.utils.set_random_seed(23)
    x, y = maps(600, 1)
    x_val, y_val = maps(100, 2)
    model = unet()
    model.compile(
        keras.optimizers.Adam(3e-3), loss=dice_loss, metrics=["binary_accuracy"]
    )
    return model.fit(
        x, y, batch_size=16, epochs=5, validation_data=(x_val, y_val),
        callbacks=callbacks, verbose=2,
    )


if __name__ == "__main__":
    run([])
