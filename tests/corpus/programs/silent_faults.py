"""Faults that raise nothing and leave a loss that falls, each beside a healthy program of its kind."""

from __future__ import annotations

from collections.abc import Iterator

import keras
import numpy as np
from keras import layers, ops

from tests.corpus import data
from tests.corpus.harness import Trial, broken, healthy

_BINARY = "binary_crossentropy"
_SPARSE = "sparse_categorical_crossentropy"


def _network(columns: int, units: int = 1, activation: str | None = "sigmoid") -> keras.Model:
    hidden = layers.Dense(32, activation="relu")
    return keras.Sequential([layers.Input((columns,)), hidden, layers.Dense(units, activation=activation)])


def _followed(t: Trial, follower: keras.callbacks.Callback, epochs: int = 8, optimizer: str = "adam") -> None:
    x, y = data.cancer(t.rng)
    model = _network(x.shape[1])
    model.compile(t.optimizer(optimizer), loss=_BINARY, metrics=["accuracy"])
    model.fit(
        data.standardise(x),
        y,
        validation_split=0.2,
        epochs=epochs,
        batch_size=t.batch(32),
        callbacks=[*t.callbacks, follower],
        verbose=0,
    )


@broken("unsuitable-monitor")
def stops_when_the_loss_falls(t: Trial) -> None:
    """EarlyStopping on val_loss with mode="max"."""
    _followed(t, keras.callbacks.EarlyStopping(monitor="val_loss", mode="max", patience=2))


@broken("unsuitable-monitor")
def keeps_the_least_accurate_weights(t: Trial) -> None:
    """ModelCheckpoint on val_accuracy with mode="min"."""
    path = t.folder / "best.weights.h5"
    _followed(
        t,
        keras.callbacks.ModelCheckpoint(
            path, monitor="val_accuracy", mode="min", save_best_only=True, save_weights_only=True
        ),
    )


@broken("unsuitable-monitor")
def stops_by_a_loss_that_nobody_computes(t: Trial) -> None:
    """EarlyStopping on val_loss, and fit has no validation data."""
    x, y = data.blobs(t.rng)
    model = _network(10, 3, "softmax")
    model.compile(t.optimizer(), loss=_SPARSE)
    stop = keras.callbacks.EarlyStopping(patience=2)
    model.fit(x, y, epochs=6, batch_size=t.batch(32), callbacks=[*t.callbacks, stop], verbose=0)


@healthy()
def stops_by_validation_accuracy(t: Trial) -> None:
    """EarlyStopping on val_accuracy, the best weights restored."""
    _followed(t, keras.callbacks.EarlyStopping(monitor="val_accuracy", patience=6, restore_best_weights=True), 20)


@broken("learning-rate-too-low")
def cut_to_a_tenth_each_epoch(t: Trial) -> None:
    """A LearningRateScheduler divides the rate by ten after each epoch instead of after each ten."""
    lowered = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.1 if epoch else rate)
    _followed(t, lowered, epochs=20)


@healthy()
def cut_to_a_tenth_when_at_rest(t: Trial) -> None:
    """ReduceLROnPlateau lowers the rate where the loss has come to rest."""
    _followed(t, keras.callbacks.ReduceLROnPlateau(monitor="loss", factor=0.1, patience=3), epochs=40)


@broken("unbounded-loss")
def difference_without_a_square(t: Trial) -> None:
    """A loss of one's own: the mean of y_true - y_pred."""
    x, y = data.regression(t.rng)
    model = _network(8, 1, None)
    model.compile(t.optimizer(learning_rate=3e-3), loss=lambda y_true, y_pred: ops.mean(y_true - y_pred))
    model.fit(x, y[:, None], epochs=8, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@healthy()
def narrow_density(t: Trial) -> None:
    """The logarithm of a density of fixed width: the loss falls below zero, and predictions stay with the targets."""
    x, y = data.regression(t.rng)
    model = _network(8, 1, None)

    def loss(y_true: object, y_pred: object) -> object:
        return ops.mean(0.5 * ops.square((y_true - y_pred) / 0.1) + np.log(0.1) + 0.92)

    model.compile(t.optimizer(), loss=loss)
    model.fit(x, y[:, None], epochs=8, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


def _read(t: Trial, *, unknown: bool) -> None:
    x, y = data.reviews(t.rng)
    if unknown:
        x = np.where((x > 0) & (t.rng.random(x.shape) < 0.9), 1, x)
    pooled = [layers.Embedding(500, 16, mask_zero=True), layers.GlobalAveragePooling1D()]
    model = keras.Sequential([*pooled, layers.Dense(1, activation="sigmoid")])
    model.compile(t.optimizer(learning_rate=5e-3), loss=_BINARY)
    model.fit(x, y, epochs=5, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("unknown-token")
def vocabulary_of_other_texts(t: Trial) -> None:
    """Nine of ten words are not in the vocabulary, and have the id 1."""
    _read(t, unknown=True)


@healthy()
def vocabulary_of_these_texts(t: Trial) -> None:
    """The same texts with all of their words."""
    _read(t, unknown=False)


@broken("token-out-of-range")
def ids_scaled_like_pixels(t: Trial) -> None:
    """Ids are divided by the size of the vocabulary before the Embedding."""
    x, y = data.reviews(t.rng)
    model = keras.Sequential(
        [layers.Embedding(500, 16), layers.GlobalAveragePooling1D(), layers.Dense(1, activation="sigmoid")]
    )
    model.compile(t.optimizer(), loss=_BINARY)
    model.fit(x.astype("float32") / 500, y, epochs=3, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


def _batches(t: Trial, x: np.ndarray, y: np.ndarray, *, anew: bool) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    scaled = data.standardise(x)
    while True:
        rows = t.rng.integers(0, len(x), t.batch(16))
        yield (data.standardise(x[rows]) if anew else scaled[rows]), y[rows]


def _from_batches(t: Trial, *, anew: bool) -> None:
    x, y = data.census(t.rng)
    model = _network(4)
    model.compile(t.optimizer(), loss=_BINARY)
    model.fit(_batches(t, x, y, anew=anew), steps_per_epoch=80, epochs=4, callbacks=t.callbacks, verbose=0)


@broken("per-batch-scaling")
def scaler_fitted_to_each_batch(t: Trial) -> None:
    """A generator calls fit_transform for each batch."""
    _from_batches(t, anew=True)


@healthy()
def scaler_fitted_once(t: Trial) -> None:
    """The same generator with a scaler of all rows."""
    _from_batches(t, anew=False)


@broken("output-activation-mismatch")
def softmax_over_the_batch(t: Trial) -> None:
    """Softmax(axis=0)."""
    x, y = data.digits(t.rng)
    model = keras.Sequential(
        [layers.Input((64,)), layers.Dense(32, activation="relu"), layers.Dense(10), layers.Softmax(axis=0)]
    )
    model.compile(t.optimizer(), loss=_SPARSE)
    model.fit(x / 16, y, epochs=4, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("ineffective-weights")
def weights_upside_down(t: Trial) -> None:
    """class_weight in proportion to the counts instead of against them."""
    x, y = data.blobs(t.rng, 2000, classes=2)
    kept = (y == 0) | (t.rng.random(len(y)) < 0.15)
    x, y = x[kept], y[kept]
    model = _network(10)
    model.compile(t.optimizer(), loss=_BINARY)
    counts = np.bincount(y)
    weights = {c: float(n / counts.min()) for c, n in enumerate(counts)}
    model.fit(x, y, class_weight=weights, epochs=5, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("validation-at-chance")
def vocabulary_anew_for_validation(t: Trial) -> None:
    """A second lookup numbers the words of the validation texts in another order."""
    x, y = data.reviews(t.rng, 1200)
    others = np.concatenate([[0], 1 + t.rng.permutation(499)])
    pooled = [layers.Embedding(500, 16), layers.GlobalAveragePooling1D()]
    model = keras.Sequential([*pooled, layers.Dense(1, activation="sigmoid")])
    model.compile(t.optimizer(learning_rate=1e-2), loss=_BINARY, metrics=["accuracy"])
    held_out = (others[x[900:]], y[900:])
    model.fit(
        x[:900], y[:900], validation_data=held_out, epochs=8, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0
    )


@broken("validation-at-chance", "overfitting")
def labels_in_another_order(t: Trial) -> None:
    """The labels were shuffled without the images: each is learned by heart."""
    x, y = data.digits(t.rng)
    model = keras.Sequential([layers.Input((64,)), layers.Dense(256, activation="relu"), layers.Dense(10, "softmax")])
    model.compile(t.optimizer(learning_rate=5e-3), loss=_SPARSE, metrics=["accuracy"])
    y = t.rng.permutation(y)
    model.fit(
        x[:500] / 16,
        y[:500],
        validation_data=(x[500:700] / 16, y[500:700]),
        epochs=40,
        batch_size=t.batch(32),
        callbacks=t.callbacks,
        verbose=0,
    )


class _Code(layers.Layer):
    """Draws from the code, and adds its distance from the prior to the loss."""

    def __init__(self, weight: float) -> None:
        super().__init__()
        self.weight = weight
        self.seed = keras.random.SeedGenerator(1)

    def call(self, inputs: tuple[keras.KerasTensor, keras.KerasTensor]) -> keras.KerasTensor:
        mean, log_var = inputs
        self.add_loss(-self.weight * ops.mean(ops.sum(1 + log_var - ops.square(mean) - ops.exp(log_var), axis=-1)))
        return mean + ops.exp(0.5 * log_var) * keras.random.normal(ops.shape(mean), seed=self.seed)


def _autoencode(t: Trial, weight: float) -> None:
    x, _ = data.digits(t.rng)
    x = x / 16
    inputs = keras.Input((64,))
    hidden = layers.Dense(64, activation="relu")(inputs)
    code = _Code(weight)([layers.Dense(4, name="z_mean")(hidden), layers.Dense(4, name="z_log_var")(hidden)])
    outputs = layers.Dense(64, activation="sigmoid")(layers.Dense(64, activation="relu")(code))
    model = keras.Model(inputs, outputs)
    model.compile(t.optimizer(learning_rate=3e-3), loss="mse")
    model.fit(x, x, epochs=10, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("posterior-collapse")
def kl_term_against_a_mean_over_pixels(t: Trial) -> None:
    """The KL term is summed over the code, and the error is a mean over 64 pixels."""
    _autoencode(t, 0.5)


@healthy()
def kl_term_of_the_same_measure(t: Trial) -> None:
    """Both terms are divided by the number of pixels."""
    _autoencode(t, 0.5 / 256)
