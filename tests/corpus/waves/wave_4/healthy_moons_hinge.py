"""A large-margin classifier for two noisy moons: labels -1/+1, linear output, hinge."""
import keras
from keras import layers, ops
from sklearn.datasets import make_moons


class RandomFourier(layers.Layer):
    """Fixed random cosines, an approximate RBF kernel."""

    def __init__(self, units, gamma=2.0, **kwargs):
        super().__init__(**kwargs)
        self.units, self.gamma = units, gamma

    def build(self, shape):
        self.w = self.add_weight(
            shape=(shape[-1], self.units), trainable=False, name="w",
            initializer=keras.initializers.RandomNormal(stddev=(2 * self.gamma) ** 0.5, seed=5),
        )
        self.b = self.add_weight(
            shape=(self.units,), trainable=False, name="b",
            initializer=keras.initializers.RandomUniform(0, 6.2832, seed=6),
        )

    def call(self, x):
        return ops.cos(ops.matmul(x, self.w) + self.b) * (2.0 / self.units) ** 0.5


def right_side(y_true, score):
    return ops.mean(ops.cast(ops.equal(ops.sign(y_true), ops.sign(score)), "float32"))


def run(callbacks):
    keras.utils.set_random_seed(47)
    x, y = make_moons(2500, noise=0.18, random_state=2)
    y = (2 * y - 1).astype("float32")[:, None]
    x = x.astype("float32")
    model = keras.Sequential(
        [
            keras.Input((2,)),
            RandomFourier(128),
            layers.Dense(1, kernel_regularizer=keras.regularizers.L2(1e-5)),
        ]
    )
    model.compile(keras.optimizers.Adam(2e-2), loss="hinge", metrics=[right_side])
    return model.fit(
        x[:2000], y[:2000], batch_size=50, epochs=10,
        validation_data=(x[2000:], y[2000:]), callbacks=callbacks, verbose=2,
    )


if __name__ == "__main__":
    run([])
