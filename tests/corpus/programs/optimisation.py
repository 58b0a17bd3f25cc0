"""Faults of the way it trains: learning rates, gradients, activations, numbers that are none."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from tests.corpus import data
from tests.corpus.harness import Trial, broken

_SPARSE = "sparse_categorical_crossentropy"


def _digits(t: Trial) -> tuple[np.ndarray, np.ndarray]:
    x, y = data.digits(t.rng)
    return x / 16, y


def _classifier(activation: str = "relu", columns: int = 64) -> keras.Model:
    return keras.Sequential(
        [
            layers.Input((columns,)),
            layers.Dense(32, activation=activation),
            layers.Dense(32, activation=activation),
            layers.Dense(10, activation="softmax"),
        ]
    )


def _regressor(activation: str = "relu") -> keras.Model:
    return keras.Sequential([layers.Input((8,)), layers.Dense(32, activation=activation), layers.Dense(1)])


def _fit(
    model: keras.Model,
    t: Trial,
    x: object,
    y: object,
    optimizer: keras.optimizers.Optimizer | None = None,
    loss: object = _SPARSE,
    epochs: int = 4,
    batch: int = 32,
    **more: object,
) -> None:
    model.compile(optimizer or t.optimizer(), loss=loss)
    model.fit(x, y, epochs=epochs, batch_size=t.batch(batch), callbacks=t.callbacks, verbose=0, **more)


@broken("learning-rate-too-high")
def sgd_with_ten(t: Trial) -> None:
    """SGD(learning_rate=10)."""
    _fit(_classifier(), t, *_digits(t), keras.optimizers.SGD(10.0))


@broken("learning-rate-too-high")
def adam_with_one(t: Trial) -> None:
    """Adam(learning_rate=1.0), as in an example for SGD."""
    _fit(_classifier(), t, *_digits(t), keras.optimizers.Adam(1.0))


@broken("learning-rate-too-high", "non-finite-loss", "diverging-loss")
def regression_overshoots(t: Trial) -> None:
    """SGD with momentum and a rate of 1 on a regression: the loss leaves the range of floats."""
    x, y = data.regression(t.rng)
    _fit(_regressor(), t, x, y, keras.optimizers.SGD(1.0, momentum=0.9), "mse")


@broken("learning-rate-too-low")
def adam_with_a_billionth(t: Trial) -> None:
    """Adam(learning_rate=1e-9)."""
    _fit(_classifier(), t, *_digits(t), keras.optimizers.Adam(1e-9))


@broken("learning-rate-too-low")
def decayed_to_nothing(t: Trial) -> None:
    """ExponentialDecay(decay_steps=1, decay_rate=0.9), meant for epochs: 0 after a hundred steps."""
    schedule = keras.optimizers.schedules.ExponentialDecay(1e-3, decay_steps=1, decay_rate=0.9)
    _fit(_classifier(), t, *_digits(t), keras.optimizers.Adam(schedule), epochs=6)


@broken("vanishing-gradient")
def deep_sigmoid_network(t: Trial) -> None:
    """Ten sigmoid layers: the first ones get a millionth of the gradient."""
    x, y = _digits(t)
    model = keras.Sequential([layers.Input((64,))])
    for _ in range(10):
        model.add(layers.Dense(32, activation="sigmoid"))
    model.add(layers.Dense(10, activation="softmax"))
    _fit(model, t, x, y, t.optimizer("sgd", 0.1), epochs=6)


@broken("exploding-gradient", "degenerate-initialization")
def recurrent_gradients_explode(t: Trial) -> None:
    """SimpleRNN with ReLU and large recurrent weights over 60 steps."""
    x, y = data.waves(t.rng, 400, 60)
    model = keras.Sequential(
        [
            layers.Input((60, 1)),
            layers.SimpleRNN(24, activation="relu", recurrent_initializer=keras.initializers.Orthogonal(gain=2.0)),
            layers.Dense(1),
        ]
    )
    _fit(model, t, x, y, t.optimizer("sgd", 1e-3), "mse")


@broken("exploding-gradient", "learning-rate-too-high", "non-finite-loss")
def recurrent_network_blows_up(t: Trial) -> None:
    """A linear SimpleRNN over 80 steps: its loss is small at first, its gradients are not."""
    x, y = data.waves(t.rng, 500, 80)
    model = keras.Sequential(
        [
            layers.Input((80, 1)),
            layers.SimpleRNN(24, activation="linear", recurrent_initializer="identity"),
            layers.Dense(1),
        ]
    )
    _fit(model, t, x * 2, y, keras.optimizers.SGD(0.003), "mse", batch=16)


@broken("dead-relu")
def biases_far_below_zero(t: Trial) -> None:
    """A bias of -10 in a ReLU layer: all of its units are off for every example."""
    x, y = _digits(t)
    model = keras.Sequential(
        [
            layers.Input((64,)),
            layers.Dense(32, activation="relu", bias_initializer=keras.initializers.Constant(-10.0)),
            layers.Dense(10, activation="softmax"),
        ]
    )
    _fit(model, t, x, y)


@broken("dead-relu", "learning-rate-too-high", "stalled-loss", "constant-output")
def relus_die_in_one_step(t: Trial) -> None:
    """A deep ReLU network and a rate that kills most units in the first steps."""
    x, y = _digits(t)
    model = keras.Sequential([layers.Input((64,))])
    for _ in range(5):
        model.add(layers.Dense(32, activation="relu"))
    model.add(layers.Dense(10, activation="softmax"))
    _fit(model, t, x, y, keras.optimizers.Adam(0.3))


@broken("saturated-activation", "degenerate-initialization")
def tanh_saturated_from_the_start(t: Trial) -> None:
    """Weights drawn with a standard deviation of 2 in front of tanh."""
    x, y = _digits(t)
    model = keras.Sequential(
        [
            layers.Input((64,)),
            layers.Dense(32, activation="tanh", kernel_initializer=keras.initializers.RandomNormal(stddev=2.0)),
            layers.Dense(32, activation="tanh", kernel_initializer=keras.initializers.RandomNormal(stddev=2.0)),
            layers.Dense(10, activation="softmax"),
        ]
    )
    _fit(model, t, x, y)


@broken("non-finite-loss")
def own_loss_takes_log_of_zero(t: Trial) -> None:
    """-log(p) written by hand: p becomes 0."""
    x, y = data.cancer(t.rng)
    model = keras.Sequential(
        [layers.Input((30,)), layers.Dense(32, activation="relu"), layers.Dense(1), layers.Activation("sigmoid")]
    )

    def log_loss(y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
        y_true = tf.cast(y_true, y_pred.dtype)
        return -tf.reduce_mean(y_true * tf.math.log(y_pred) + (1 - y_true) * tf.math.log(1 - y_pred), axis=-1)

    _fit(model, t, data.standardise(x), y, keras.optimizers.Adam(0.03), log_loss, 30)


@broken("non-finite-gradient", "non-finite-loss")
def distance_of_equal_points(t: Trial) -> None:
    """sqrt of a sum of squares that is exactly 0: a finite loss with an infinite gradient."""
    x, y = data.regression(t.rng)
    model = _regressor()

    def root(y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
        return tf.sqrt(tf.reduce_sum(tf.square(tf.nn.relu(tf.abs(y_true - y_pred) - 0.01)), axis=-1))

    _fit(model, t, x, y, loss=root)


class UnitLength(layers.Layer):
    """Divides rows by their length."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return inputs / tf.norm(inputs, axis=-1, keepdims=True)


@broken("non-finite-activation", "non-finite-loss")
def rows_divided_by_their_length(t: Trial) -> None:
    """x / norm(x) in the model, and some rows are all 0."""
    x, y = data.regression(t.rng)
    x[t.rng.random(len(x)) < 0.02] = 0
    model = keras.Sequential([layers.Input((8,)), UnitLength(), layers.Dense(32, activation="tanh"), layers.Dense(1)])
    _fit(model, t, x, y, loss="mse")


class Logarithm(layers.Layer):
    """Takes logarithms."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return tf.math.log(inputs)


@broken("non-finite-activation", "non-finite-loss")
def logarithm_of_relu(t: Trial) -> None:
    """A layer of the user's own takes the logarithm of ReLU outputs, which are often 0."""
    x, y = data.regression(t.rng)
    model = keras.Sequential([layers.Input((8,)), layers.Dense(32, activation="relu"), Logarithm(), layers.Dense(1)])
    _fit(model, t, x, y, loss="mse")


@broken("always-clipped-gradient")
def clipped_on_every_step(t: Trial) -> None:
    """clipnorm=0.05, copied from elsewhere: every step is clipped, the gradient's length says nothing any more."""
    _fit(_classifier(), t, *_digits(t), keras.optimizers.SGD(0.5, clipnorm=0.05), epochs=6)


@broken("loss-spike")
def one_corrupt_batch(t: Trial) -> None:
    """Late in the epoch comes a file whose targets are in other units: a thousand times larger."""
    x, y = data.regression(t.rng, 6000)
    y[4800:4832] *= 1000
    model = _regressor()
    _fit(model, t, x, y, keras.optimizers.Adam(1e-3), "mse", 1, shuffle=False)


@broken("oscillating-loss", "learning-rate-too-high")
def jumps_over_the_valley(t: Trial) -> None:
    """SGD(0.3, momentum=0.9): the loss comes down to 0.6 and jumps back to 1.8, again and again."""
    _fit(_classifier(), t, *_digits(t), keras.optimizers.SGD(0.3, momentum=0.9), epochs=6)


@broken("overfitting")
def memorises_few_rows(t: Trial) -> None:
    """A wide network, 120 noisy rows: validation rises from the tenth epoch on."""
    x, y = data.blobs(t.rng, 300, 20, 3, spread=6.0)
    model = keras.Sequential(
        [
            layers.Input((20,)),
            layers.Dense(256, activation="relu"),
            layers.Dense(256, activation="relu"),
            layers.Dense(3, activation="softmax"),
        ]
    )
    _fit(model, t, x[:120], y[:120], epochs=25, batch=16, validation_data=(x[120:], y[120:]))


class Length(layers.Layer):
    """Gives the length of each row, whose gradient at 0 is not a number."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return tf.concat([inputs, tf.norm(inputs, axis=-1, keepdims=True)], axis=-1)


@broken("loss-scale-collapse", "non-finite-gradient")
def half_precision_never_steps(t: Trial) -> None:
    """mixed_float16, and a gradient that is NaN whatever the loss scale: every step is skipped."""
    keras.config.set_dtype_policy("mixed_float16")
    x, y = data.regression(t.rng)
    x[t.rng.random(len(x)) < 0.3] = 0
    model = keras.Sequential(
        [
            layers.Input((8,)),
            layers.Dense(32, activation="tanh", use_bias=False),
            Length(),
            layers.Dense(1, dtype="float32"),
        ]
    )
    _fit(model, t, x, y, loss="mse")


@broken("diverging-loss", "learning-rate-too-high")
def diverges_after_warm_up(t: Trial) -> None:
    """A schedule with a typing error: after 150 steps the rate grows a thousandfold."""
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([150], [1e-3, 3.0])
    x, y = data.regression(t.rng)
    _fit(_regressor(), t, x, y, keras.optimizers.SGD(schedule, momentum=0.9), "mse", 6)


@broken("non-finite-weight")
def checkpoint_of_a_diverged_run(t: Trial) -> None:
    """Training goes on from a checkpoint that was saved after the loss had become NaN."""
    x, y = _digits(t)
    model = _classifier("tanh")
    kernel, bias = model.layers[1].get_weights()
    kernel[3] = np.nan
    model.layers[1].set_weights([kernel, bias])
    _fit(model, t, x, y)
