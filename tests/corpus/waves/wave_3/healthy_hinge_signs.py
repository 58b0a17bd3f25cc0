"""Support-vector-like classifier: labels -1 and +1, random Fourier features, squared hinge loss, linear output."""
import numpy as np
import keras
from keras import layers, ops
from sklearn.datasets import make_moons
from sklearn.model_selection import train_test_split


@keras.saving.register_keras_serializable()
class FourierFeatures(layers.Layer):
    """Fixed random cosines, the classic approximation of an RBF kernel."""

    def __init__(self, units, gamma=2.0, **kwargs):
        super().__init__(**kwargs)
        self.units, self.gamma = units, gamma

    def build(self, shape):
        self.freq = self.add_weight(shape=(shape[-1], self.units), trainable=False, name="freq",
                                    initializer=keras.initializers.RandomNormal(stddev=(2 * self.gamma) ** 0.5))
        self.phase = self.add_weight(shape=(self.units,), trainable=False, name="phase",
                                     initializer=keras.initializers.RandomUniform(0.0, 2 * np.pi))

    def call(self, x):
        return ops.cos(ops.matmul(x, self.freq) + self.phase) * (2.0 / self.units) ** 0.5


def side(y_true, y_pred):
    return ops.mean(ops.cast(ops.equal(ops.sign(y_true), ops.sign(y_pred)), "float32"))


def run(callbacks):
    keras.utils.set_random_seed(70)
    x, y = make_moons(3000, noise=0.18, random_state=7)
    y = (2.0 * y - 1.0).astype("float32")[:, None]
    x_train, x_test, y_train, y_test = train_test_split(x.astype("float32"), y, test_size=0.2, random_state=1)
    svm = keras.Sequential([
        keras.Input((2,)),
        FourierFeatures(200),
        layers.Dense(1, kernel_regularizer=keras.regularizers.L2(1e-4)),
    ])
    svm.compile(optimizer=keras.optimizers.Adam(1e-2), loss="squared_hinge", metrics=[side])
    return svm.fit(x_train, y_train, validation_data=(x_test, y_test), batch_size=50, epochs=12,
                   callbacks=callbacks, verbose=0)


if __name__ == "__main__":
    print(run([]).history)
