"""Healthy programs that differ in how they train."""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from tests.corpus import data
from tests.corpus.harness import Trial, healthy

_SPARSE = "sparse_categorical_crossentropy"


def _digits(t: Trial) -> tuple[np.ndarray, np.ndarray]:
    x, y = data.digits(t.rng)
    return x / 16, y


def _classifier(activation: str = "relu", **settings: object) -> keras.Model:
    return keras.Sequential(
        [
            layers.Input((64,)),
            layers.Dense(48, activation=activation, **settings),
            layers.Dense(24, activation=activation, **settings),
            layers.Dense(10, activation="softmax", dtype="float32"),
        ]
    )


def _fit(
    model: keras.Model,
    t: Trial,
    x: object,
    y: object,
    optimizer: object = None,
    loss: object = _SPARSE,
    epochs: int = 5,
    **more: object,
) -> None:
    model.compile(optimizer or t.optimizer(), loss=loss)
    model.fit(x, y, epochs=epochs, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0, **more)


@healthy(steady=True)
def converged_already(t: Trial) -> None:
    """Training goes on after it has converged: gradients and updates are tiny, and that is well."""
    x, y = _digits(t)
    model = _classifier()
    model.compile(keras.optimizers.Adam(5e-3), loss=_SPARSE)
    model.fit(x, y, epochs=25, batch_size=64, verbose=0)
    model.fit(x, y, epochs=5, batch_size=t.batch(64), callbacks=t.callbacks, verbose=0)


@healthy(steady=True)
def regression_at_its_noise(t: Trial) -> None:
    """A regression that is at the noise of its target: the loss does not fall any more."""
    x = t.rng.normal(size=(1500, 5)).astype("float32")
    y = x @ np.array([1, -2, 0.5, 0, 0.3]) + t.rng.normal(size=1500)
    model = keras.Sequential([layers.Input((5,)), layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.01), loss="mse")
    model.fit(x, y, epochs=12, batch_size=32, verbose=0)
    model.compile(t.optimizer(), loss="mse")
    model.fit(x, y, epochs=5, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


class WarmUp(keras.optimizers.schedules.LearningRateSchedule):
    """Rises from 0 for 50 steps, then falls as a cosine."""

    def __call__(self, step: tf.Tensor) -> tf.Tensor:
        step = tf.cast(step, tf.float32)
        return 4e-3 * tf.minimum(step / 50, 0.5 * (1 + tf.cos(3.14159 * tf.minimum(step / 300, 1.0))))

    def get_config(self) -> dict[str, object]:
        return {}


@healthy()
def warm_up_and_cosine(t: Trial) -> None:
    """A schedule that begins at 0 and ends near it."""
    _fit(_classifier(), t, *_digits(t), t.optimizer("adamw", WarmUp(), weight_decay=1e-3))


@healthy()
def fine_tuning_the_head(t: Trial) -> None:
    """A trained body is frozen, BatchNormalization and all; a new head learns."""
    x, y = _digits(t)
    body = keras.Sequential(
        [layers.Input((64,)), layers.Dense(48), layers.BatchNormalization(), layers.Activation("relu")], name="body"
    )
    first = keras.Sequential([body, layers.Dense(10, activation="softmax")])
    first.compile(keras.optimizers.Adam(5e-3), loss=_SPARSE)
    first.fit(x, y, epochs=4, verbose=0)
    body.trainable = False
    inputs = layers.Input((64,))
    model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(body(inputs, training=False)))
    _fit(model, t, x, (y >= 5).astype("float32"), t.optimizer(learning_rate=5e-3), "binary_crossentropy")


@healthy(steady=True)
def fine_tuning_everything_gently(t: Trial) -> None:
    """All layers thawed, Adam(1e-5): small updates, as advised."""
    x, y = _digits(t)
    model = _classifier()
    model.compile(keras.optimizers.Adam(3e-3), loss=_SPARSE)
    model.fit(x[:900], y[:900], epochs=8, verbose=0)
    _fit(model, t, x[900:], y[900:], t.optimizer(learning_rate=1e-5))


@healthy()
def mixed_float16(t: Trial) -> None:
    """mixed_float16 with its loss scale: a skipped step at the start is normal."""
    keras.config.set_dtype_policy("mixed_float16")
    _fit(_classifier(), t, *_digits(t), epochs=4)


@healthy()
def mixed_bfloat16(t: Trial) -> None:
    """mixed_bfloat16."""
    keras.config.set_dtype_policy("mixed_bfloat16")
    _fit(_classifier(), t, *_digits(t), epochs=4)


@healthy()
def accumulated_gradients(t: Trial) -> None:
    """Four batches make one update: three steps of four change nothing."""
    x, y = _digits(t)
    model = _classifier()
    model.compile(keras.optimizers.Adam(5e-3, gradient_accumulation_steps=4), loss=_SPARSE)
    model.fit(x, y, epochs=6, batch_size=t.batch(16), callbacks=t.callbacks, verbose=0)


@healthy()
def clipped_now_and_then(t: Trial) -> None:
    """clipnorm=1.0 as a safety net."""
    _fit(_classifier(), t, *_digits(t), t.optimizer(clipnorm=1.0))


@healthy()
def smoothed_labels(t: Trial) -> None:
    """Label smoothing: the loss ends far above 0."""
    x, y = _digits(t)
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=0.1)
    _fit(_classifier(), t, x, data.one_hot(y, 10), loss=loss)


@healthy()
def dropout_and_penalty(t: Trial) -> None:
    """Dropout(0.5) and a light L2 penalty."""
    model = keras.Sequential(
        [
            layers.Input((64,)),
            layers.Dense(96, activation="relu", kernel_regularizer=keras.regularizers.L2(1e-4)),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    _fit(model, t, *_digits(t))


@healthy()
def averaged_weights(t: Trial) -> None:
    """An exponential moving average of the weights."""
    _fit(_classifier(), t, *_digits(t), t.optimizer(use_ema=True, ema_momentum=0.95))


@healthy()
def nesterov_momentum(t: Trial) -> None:
    """SGD with Nesterov momentum."""
    _fit(_classifier("tanh"), t, *_digits(t), keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True))


@healthy()
def plateaus_and_early_stop(t: Trial) -> None:
    """ReduceLROnPlateau and EarlyStopping beside the callback."""
    x, y = _digits(t)
    model = _classifier()
    model.compile(t.optimizer(learning_rate=5e-3), loss=_SPARSE)
    others = [
        keras.callbacks.ReduceLROnPlateau(patience=2, factor=0.3),
        keras.callbacks.EarlyStopping(patience=4, restore_best_weights=True),
    ]
    model.fit(
        x[:1400],
        y[:1400],
        validation_data=(x[1400:], y[1400:]),
        epochs=12,
        batch_size=t.batch(32),
        callbacks=[*t.callbacks, *others],
        verbose=0,
    )


@healthy()
def several_steps_per_execution(t: Trial) -> None:
    """steps_per_execution=8."""
    x, y = _digits(t)
    model = _classifier()
    model.compile(t.optimizer(), loss=_SPARSE, steps_per_execution=8)
    model.fit(x, y, epochs=5, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@healthy()
def compiled_with_xla(t: Trial) -> None:
    """jit_compile=True."""
    x, y = _digits(t)
    model = _classifier()
    model.compile(t.optimizer(), loss=_SPARSE, jit_compile=True)
    model.fit(x[:1536], y[:1536], epochs=4, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@healthy()
def run_eagerly(t: Trial) -> None:
    """run_eagerly=True, as one does while debugging."""
    x, y = _digits(t)
    model = _classifier()
    model.compile(t.optimizer(learning_rate=5e-3), loss=_SPARSE, run_eagerly=True)
    model.fit(x[:640], y[:640], epochs=2, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


class OwnStep(keras.Model):
    """A subclassed model with a train_step of its own and arithmetic in `call`."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = layers.Dense(48, activation="relu")
        self.out = layers.Dense(10)

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        return self.out(self.hidden(inputs / 8.0 - 1.0))

    def train_step(self, batch: tuple[tf.Tensor, tf.Tensor]) -> dict[str, tf.Tensor]:
        x, y = batch
        with tf.GradientTape() as tape:
            loss = self.compute_loss(x, y, self(x, training=True))
        weights = self.trainable_variables
        self.optimizer.apply(tape.gradient(loss, weights), weights)
        return {"loss": loss}


@healthy()
def own_training_step(t: Trial) -> None:
    """0..16 digits, scaled inside `call`."""
    x, y = data.digits(t.rng)
    _fit(OwnStep(), t, x, y, loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))


@healthy()
def activity_penalty(t: Trial) -> None:
    """A sparse code: an L1 penalty on the activations."""
    _fit(_classifier(activity_regularizer=keras.regularizers.L1(1e-5)), t, *_digits(t))


@healthy()
def fitted_twice(t: Trial) -> None:
    """fit is called again with the same callback, to train a little more."""
    x, y = _digits(t)
    model = _classifier()
    model.compile(t.optimizer(), loss=_SPARSE)
    for _ in range(2):
        model.fit(x, y, epochs=3, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@healthy()
def batches_from_pydataset(t: Trial) -> None:
    """A PyDataset that shuffles after each epoch; the last batch is smaller."""
    x, y = _digits(t)
    size, rng = t.batch(32), t.rng

    class Batches(keras.utils.PyDataset):
        order = rng.permutation(len(x))

        def __len__(self) -> int:
            return -(-len(x) // size)

        def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
            rows = self.order[index * size : (index + 1) * size]
            return x[rows], y[rows]

        def on_epoch_end(self) -> None:
            self.order = rng.permutation(len(x))

    model = _classifier()
    model.compile(t.optimizer(), loss=_SPARSE)
    model.fit(Batches(), epochs=5, callbacks=t.callbacks, verbose=0)


@healthy()
def endless_generator(t: Trial) -> None:
    """A Python generator without end, steps_per_epoch."""
    x, y = _digits(t)
    size = t.batch(32)

    def batches() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        while True:
            rows = t.rng.integers(0, len(x), size)
            yield x[rows], y[rows]

    model = _classifier()
    model.compile(t.optimizer(), loss=_SPARSE)
    model.fit(batches(), steps_per_epoch=50, epochs=5, callbacks=t.callbacks, verbose=0)


@healthy(welcome=("repeated-batch", "overfitting"))
def one_batch_learned_by_heart(t: Trial) -> None:
    """The sanity test of every guide: can it learn one batch by heart?"""
    x, y = _digits(t)
    _fit(_classifier(), t, x[:32], y[:32], t.optimizer(learning_rate=3e-3), epochs=60)


@healthy(welcome=("repeated-batch",))
def full_batch_descent(t: Trial) -> None:
    """The whole small table is one batch, deliberately."""
    x, y = data.iris(t.rng)
    model = keras.Sequential([layers.Input((4,)), layers.Dense(16, activation="relu"), layers.Dense(3, "softmax")])
    model.compile(t.optimizer(learning_rate=0.02), loss=_SPARSE)
    model.fit(x, y, epochs=80, batch_size=150, callbacks=t.callbacks, verbose=0)


@healthy()
def self_normalising_depth(t: Trial) -> None:
    """Eight SELU layers with LeCun initialisation."""
    x, y = _digits(t)
    model = keras.Sequential([layers.Input((64,))])
    for _ in range(8):
        model.add(layers.Dense(32, activation="selu", kernel_initializer="lecun_normal"))
    model.add(layers.Dense(10, activation="softmax"))
    _fit(model, t, data.standardise(x), y)


@healthy()
def deep_residual_mlp(t: Trial) -> None:
    """Ten residual blocks with LayerNormalization and GELU."""
    x, y = _digits(t)
    inputs = layers.Input((64,))
    h = layers.Dense(32)(inputs)
    for _ in range(10):
        h = layers.Add()([h, layers.Dense(32, activation="gelu")(layers.LayerNormalization()(h))])
    model = keras.Model(inputs, layers.Dense(10, activation="softmax")(h))
    _fit(model, t, x, y, epochs=3)


@healthy()
def leaky_units(t: Trial) -> None:
    """LeakyReLU layers and He initialisation."""
    model = keras.Sequential([layers.Input((64,))])
    for _ in range(3):
        model.add(layers.Dense(32, kernel_initializer="he_normal"))
        model.add(layers.LeakyReLU(0.1))
    model.add(layers.Dense(10, activation="softmax"))
    _fit(model, t, *_digits(t))


@healthy()
def zero_initialised_gates(t: Trial) -> None:
    """Residual branches whose last layer begins at 0, as in many published models."""
    x, y = _digits(t)
    inputs = layers.Input((64,))
    h = layers.Dense(32, activation="relu")(inputs)
    for _ in range(2):
        branch = layers.Dense(32, activation="relu")(h)
        h = layers.Add()([h, layers.Dense(32, kernel_initializer="zeros")(branch)])
    model = keras.Model(inputs, layers.Dense(10, activation="softmax")(h))
    _fit(model, t, x, y)


@healthy(welcome=("input-drift",))
def curriculum(t: Trial) -> None:
    """Easy examples first: the noise grows from epoch to epoch."""
    x, y = _digits(t)
    model = _classifier()
    model.compile(t.optimizer(learning_rate=2e-3), loss=_SPARSE)
    noise = np.linspace(0.0, 0.3, 5).repeat(len(x))[:, None]
    easy_first = np.tile(x, (5, 1)) + (noise * t.rng.normal(size=(5 * len(x), 64))).astype("float32")
    model.fit(
        easy_first.astype("float32"),
        np.tile(y, 5),
        epochs=1,
        shuffle=False,
        batch_size=t.batch(32),
        callbacks=t.callbacks,
        verbose=0,
    )


@healthy()
def single_epoch_trial(t: Trial) -> None:
    """One epoch, to see whether it runs at all."""
    _fit(_classifier(), t, *_digits(t), t.optimizer(learning_rate=2e-3), epochs=1)


@healthy()
def noisy_labels(t: Trial) -> None:
    """A fifth of the labels is wrong: the loss cannot go near 0, and goes down all the same."""
    x, y = _digits(t)
    y = np.where(t.rng.random(len(y)) < 0.2, t.rng.integers(0, 10, len(y)), y)
    _fit(_classifier(), t, x, y)


@healthy()
def zero_heavy_relu(t: Trial) -> None:
    """A wide ReLU layer: half of it is off for any one example, as it should be."""
    x, y = data.mnist(t.rng, 1200)
    x = x.reshape(-1, 784).astype("float32") / 255
    model = keras.Sequential(
        [layers.Input((784,)), layers.Dense(256, activation="relu"), layers.Dense(10, activation="softmax")]
    )
    _fit(model, t, x, y)
