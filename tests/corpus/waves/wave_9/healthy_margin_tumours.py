"""A kernel-machine-like tumour classifier: random Fourier features and a linear unit, labels -1 and +1, squared hinge loss."""
import numpy as np
import keras
from keras import layers, ops, regularizers
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler


class RandomFourier(layers.Layer):
    """Fixed random features of a Gaussian kernel; these weights are meant to stay as drawn."""

    def __init__(self, size, gamma, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.size, self.gamma, self.seed = size, gamma, seed

    def build(self, shape):
        init = keras.initializers.RandomNormal(0.0, float(np.sqrt(2 * self.gamma)), seed=self.seed)
        self.w = self.add_weight(shape=(shape[-1], self.size), initializer=init, trainable=False, name="w")
        phase = keras.initializers.RandomUniform(0.0, 2 * np.pi, seed=self.seed + 1)
        self.b = self.add_weight(shape=(self.size,), initializer=phase, trainable=False, name="b")

    def call(self, x):
        return ops.cos(ops.matmul(x, self.w) + self.b) * float(np.sqrt(2.0 / self.size))


def sign_accuracy(y_true, y_pred):
    return ops.mean(ops.cast(ops.equal(ops.sign(y_true), ops.sign(y_pred)), "float32"))


def run(callbacks):
    keras.utils.set_random_seed(46)
    x, y = load_breast_cancer(return_X_y=True)
    y = np.where(y == 1, 1.0, -1.0).astype("float32")[:, None]
    x_train, x_val, y_train, y_val = train_test_split(x, y, test_size=0.25, stratify=y, random_state=9)
    scaler = StandardScaler().fit(x_train)
    model = keras.Sequential([
        keras.Input((30,)),
        RandomFourier(300, gamma=0.01),
        layers.Dense(1, kernel_regularizer=regularizers.L2(1e-4)),
    ])
    model.compile(optimizer=keras.optimizers.Adam(0.02), loss="squared_hinge", metrics=[sign_accuracy])
    return model.fit(scaler.transform(x_train), y_train, batch_size=16, epochs=15,
                     validation_data=(scaler.transform(x_val), y_val), callbacks=callbacks, verbose=2)


if __name__ == "__main__":
    run([])
