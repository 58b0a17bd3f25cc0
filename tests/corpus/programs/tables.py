"""Healthy programs on tables."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from tests.corpus import data
from tests.corpus.harness import Trial, healthy

_SPARSE = "sparse_categorical_crossentropy"


def _network(columns: int, units: int = 1, activation: str | None = None, hidden: str = "relu") -> keras.Model:
    return keras.Sequential(
        [
            layers.Input((columns,)),
            layers.Dense(32, activation=hidden),
            layers.Dense(16, activation=hidden),
            layers.Dense(units, activation=activation),
        ]
    )


def _fit(
    model: keras.Model, t: Trial, x: object, y: object, loss: object = "mse", epochs: int = 6, **more: object
) -> None:
    model.compile(t.optimizer(), loss=loss)
    model.fit(x, y, epochs=epochs, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0, **more)


@healthy()
def iris_dense(t: Trial) -> None:
    """Flowers in centimetres: raw, but of about unit scale."""
    x, y = data.iris(t.rng)
    model = _network(4, 3, "softmax")
    model.compile(t.optimizer(learning_rate=0.01), loss=_SPARSE, metrics=["accuracy"])
    model.fit(x, y, epochs=15, batch_size=t.batch(16), callbacks=t.callbacks, verbose=0)


@healthy()
def wine_adapted(t: Trial) -> None:
    """Raw columns behind an adapted Normalization layer."""
    x, y = data.wine(t.rng)
    norm = layers.Normalization()
    norm.adapt(x)
    model = keras.Sequential([layers.Input((13,)), norm, *_network(13, 3, "softmax").layers])
    model.compile(t.optimizer(learning_rate=5e-3), loss=_SPARSE)
    model.fit(x, y, epochs=8, batch_size=t.batch(16), callbacks=t.callbacks, verbose=0)


@healthy()
def cancer_standardised(t: Trial) -> None:
    """Standardised by hand, validation with the same mean and deviation."""
    x, y = data.cancer(t.rng)
    x = (x - x[:450].mean(axis=0)) / x[:450].std(axis=0)
    _fit(_network(30, 1, "sigmoid"), t, x[:450], y[:450], "binary_crossentropy", 8, validation_data=(x[450:], y[450:]))


@healthy()
def cancer_batchnorm_first(t: Trial) -> None:
    """Raw columns into BatchNormalization."""
    x, y = data.cancer(t.rng)
    model = keras.Sequential([layers.Input((30,)), layers.BatchNormalization(), *_network(30, 1, "sigmoid").layers])
    _fit(model, t, x, y, "binary_crossentropy", 8)


@healthy()
def diabetes_regression(t: Trial) -> None:
    """Columns and target standardised, tanh units."""
    x, y = data.diabetes(t.rng)
    _fit(_network(10, hidden="tanh"), t, data.standardise(x), data.standardise(y), epochs=15)


@healthy()
def heavy_tails(t: Trial) -> None:
    """Student-t columns: single values beyond 12 sigma."""
    x = data.standardise(t.rng.standard_t(2.5, (2000, 8)))
    y = np.tanh(x[:, 0] + x[:, 1]) + 0.1 * t.rng.normal(size=2000)
    _fit(_network(8), t, x, y)


@healthy()
def one_hot_beside_numbers(t: Trial) -> None:
    """Standardised numbers and rare one-hot columns in one table."""
    x, y = data.regression(t.rng)
    city = t.rng.choice(12, len(x), p=np.array([30, 20, 15, 10, 8, 6, 4, 3, 2, 1, 0.6, 0.4]) / 100)
    y = y + 0.2 * (city % 3)
    _fit(_network(20), t, np.concatenate([x, data.one_hot(city, 12)], axis=1), y)


@healthy()
def named_inputs_with_embeddings(t: Trial) -> None:
    """A dict of inputs: category ids into embeddings, numbers beside them."""
    n = 2000
    shop, item = t.rng.integers(0, 20, n), t.rng.integers(0, 50, n)
    price = t.rng.normal(size=(n, 2)).astype("float32")
    taste = np.random.default_rng(5).normal(size=(20, 50))
    y = (taste[shop, item] + price[:, 0]).astype("float32")
    inputs = {
        "shop": layers.Input((1,), dtype="int32", name="shop"),
        "item": layers.Input((1,), dtype="int32", name="item"),
        "price": layers.Input((2,), name="price"),
    }
    h = layers.Concatenate()(
        [
            layers.Flatten()(layers.Embedding(20, 8)(inputs["shop"])),
            layers.Flatten()(layers.Embedding(50, 8)(inputs["item"])),
            inputs["price"],
        ]
    )
    model = keras.Model(inputs, layers.Dense(1)(layers.Dense(32, activation="relu")(h)))
    model.compile(t.optimizer(learning_rate=5e-3), loss="mse")
    x = {"shop": shop[:, None], "item": item[:, None], "price": price}
    model.fit(x, y, epochs=8, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@healthy()
def matrix_factorisation(t: Trial) -> None:
    """Ratings as the product of two embeddings: no activation anywhere, on purpose."""
    user, film = t.rng.integers(0, 60, 4000), t.rng.integers(0, 40, 4000)
    hidden = np.random.default_rng(6)
    rating = 3.5 + (hidden.normal(size=(60, 3))[user] * hidden.normal(size=(40, 3))[film]).sum(axis=1) * 0.6
    u, f = layers.Input((), dtype="int32"), layers.Input((), dtype="int32")
    product = layers.Dot(axes=1)([layers.Embedding(60, 8)(u), layers.Embedding(40, 8)(f)])
    model = keras.Model([u, f], layers.Dense(1)(product))
    model.compile(t.optimizer(learning_rate=0.01), loss="mse")
    model.fit([user, film], rating, epochs=8, batch_size=t.batch(64), callbacks=t.callbacks, verbose=0)


@healthy()
def several_labels(t: Trial) -> None:
    """Six labels, each true or not: sigmoids with binary cross-entropy."""
    x, _ = data.regression(t.rng)
    y = (x[:, :6] + x[:, 1:7] > -0.5).astype("float32")
    _fit(_network(8, 6, "sigmoid"), t, x, y, "binary_crossentropy")


@healthy()
def counts_with_poisson(t: Trial) -> None:
    """Counts as the target, exp at the output, Poisson loss."""
    x, y = data.regression(t.rng)
    _fit(_network(8, 1, "exponential"), t, x, t.rng.poisson(np.exp(0.7 * y + 0.5)).astype("float32"), "poisson", 8)


@healthy()
def positive_target_with_softplus(t: Trial) -> None:
    """Waiting times: a positive target, softplus at the output, mean absolute error."""
    x, y = data.regression(t.rng)
    _fit(_network(8, 1, "softplus"), t, x, np.exp(0.6 * y), "mae", 8)


@healthy()
def quantile_regression(t: Trial) -> None:
    """A pinball loss of the user's own, three quantiles."""
    x, y = data.regression(t.rng)
    q = np.array([0.1, 0.5, 0.9], dtype="float32")

    def pinball(y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
        error = y_true - y_pred
        return tf.reduce_mean(tf.maximum(q * error, (q - 1) * error), axis=-1)

    _fit(_network(8, 3), t, x, y[:, None], pinball, 8)


@healthy()
def support_vector_labels(t: Trial) -> None:
    """Labels -1 and 1 with the hinge loss and tanh: right, here."""
    x, y = data.moons(t.rng)
    model = _network(2, 1, "tanh")
    model.compile(t.optimizer(learning_rate=5e-3), loss="hinge")
    model.fit(x, 2 * y - 1, epochs=8, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@healthy(welcome=("class-imbalance",))
def rare_class_weighted(t: Trial) -> None:
    """Four in a hundred, and class_weight makes up for it."""
    x = t.rng.normal(size=(3000, 8)).astype("float32")
    y = (x[:, 0] + x[:, 1] > 2.5).astype("float32")
    _fit(_network(8, 1, "sigmoid"), t, x, y, "binary_crossentropy", class_weight={0: 0.5, 1: 12.0})


@healthy()
def weighted_rows(t: Trial) -> None:
    """Sample weights between 0 and 1, some of them 0."""
    x, y = data.regression(t.rng)
    weight = t.rng.uniform(0, 1, len(x)).astype("float32")
    weight[t.rng.random(len(x)) < 0.1] = 0
    _fit(_network(8), t, x, y, sample_weight=weight)


@healthy()
def logged_incomes(t: Trial) -> None:
    """Incomes and counts after log1p: 0..14, not centred."""
    x, y = data.census(t.rng)
    x = np.concatenate([np.log1p(x[:, 1:2]), (x[:, [0, 2, 3]] / [50, 12, 40])], axis=1).astype("float32")
    model = _network(4, 1, "sigmoid")
    model.compile(t.optimizer(learning_rate=3e-3), loss="binary_crossentropy")
    model.fit(x, y, epochs=10, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@healthy()
def bag_of_words(t: Trial) -> None:
    """Multi-hot rows of 500 columns, most of which are 0 in nearly every row."""
    tokens, y = data.reviews(t.rng)
    x = np.zeros((len(tokens), 500), "float32")
    x[np.arange(len(tokens))[:, None], tokens] = 1
    x[:, 0] = 0
    _fit(_network(500, 1, "sigmoid"), t, x, y, "binary_crossentropy")


@healthy()
def wide_and_deep(t: Trial) -> None:
    """A linear path beside a deep one."""
    x, y = data.regression(t.rng)
    inputs = layers.Input((8,))
    deep = layers.Dense(16, activation="relu")(layers.Dense(32, activation="relu")(inputs))
    model = keras.Model(inputs, layers.Add()([layers.Dense(1)(inputs), layers.Dense(1)(deep)]))
    _fit(model, t, x, y)


@healthy()
def linear_regression(t: Trial) -> None:
    """One Dense layer: linear because it is meant to be."""
    x = t.rng.normal(size=(1500, 5)).astype("float32")
    y = x @ np.array([1, -2, 0.5, 0, 0.3]) + 0.1 * t.rng.normal(size=1500)
    model = keras.Sequential([layers.Input((5,)), layers.Dense(1)])
    model.compile(t.optimizer("sgd", 0.05), loss="mse")
    model.fit(x, y, epochs=3, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@healthy()
def binned_and_crossed(t: Trial) -> None:
    """Discretization and CategoryEncoding in the data set's map."""
    x, y = data.census(t.rng)
    bins = layers.Discretization([30, 40, 50, 60, 70], output_mode="one_hot")
    income = layers.Discretization(list(np.quantile(x[:, 1], [0.2, 0.4, 0.6, 0.8])), output_mode="one_hot")
    rows = tf.data.Dataset.from_tensor_slices((x, y)).batch(t.batch(32))
    rows = rows.map(lambda r, label: (tf.concat([bins(r[:, :1]), income(r[:, 1:2])], axis=-1), label))
    model = keras.Sequential([layers.Dense(16, activation="relu"), layers.Dense(1, activation="sigmoid")])
    model.compile(t.optimizer(learning_rate=5e-3), loss="binary_crossentropy")
    model.fit(rows, epochs=8, callbacks=t.callbacks, verbose=0)


@healthy(welcome=("integer-input",))
def small_counts(t: Trial) -> None:
    """Counts of 0..8 as floats, mostly 0."""
    x = t.rng.poisson(0.6, (1500, 20)).astype("float32")
    y = (x[:, :5].sum(axis=1) > x[:, 5:10].sum(axis=1)).astype("int64")
    _fit(_network(20, 2), t, x, y, keras.losses.SparseCategoricalCrossentropy(from_logits=True))


@healthy()
def physics_in_small_units(t: Trial) -> None:
    """Currents of a few microampere into BatchNormalization: small by nature."""
    x, y = data.regression(t.rng)
    model = keras.Sequential([layers.Input((8,)), layers.BatchNormalization(epsilon=1e-14), *_network(8).layers])
    _fit(model, t, x * np.float32(3e-6), y)


@healthy()
def answers_of_yes_and_no(t: Trial) -> None:
    """Six flags: 64 different rows at most, so that equal rows in training and validation are natural."""
    x = t.rng.integers(0, 2, (1500, 6))
    y = (x @ np.array([2.0, -1.5, 1.0, 1.0, -2.0, 0.5]) + t.rng.normal(0, 0.5, 1500) > 0.5).astype("int64")
    _fit(_network(6, 1, "sigmoid"), t, x, y, "binary_crossentropy", validation_split=0.1)


@healthy()
def integers_encoded_in_the_model(t: Trial) -> None:
    """int64 columns: ages into an adapted Normalization, codes into CategoryEncoding, both in the model."""
    n = 1500
    age, job = t.rng.integers(18, 90, n), t.rng.integers(0, 9, n)
    y = (age / 30 + (job % 3) + t.rng.normal(0, 0.3, n) > 3).astype("int64")
    norm = layers.Normalization(axis=None)
    norm.adapt(age)
    inputs = {
        "age": layers.Input((1,), dtype="int64", name="age"),
        "job": layers.Input((1,), dtype="int64", name="job"),
    }
    encoded = layers.CategoryEncoding(9, output_mode="one_hot")(inputs["job"])
    h = layers.Dense(16, activation="relu")(layers.Concatenate()([norm(inputs["age"]), encoded]))
    model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(h))
    _fit(model, t, {"age": age[:, None], "job": job[:, None]}, y, "binary_crossentropy", 8)


@healthy()
def oversampled_after_the_split(t: Trial) -> None:
    """One in twenty is rare: its training rows are drawn again and again to balance the classes; validation is not."""
    x, y = data.blobs(t.rng, 2000, classes=2)
    rare = np.flatnonzero(y == 1)[:50]
    common = np.flatnonzero(y == 0)[:900]
    again = t.rng.permutation(np.concatenate([common[:800], t.rng.choice(rare[:40], 800)]))
    held = np.concatenate([common[800:], rare[40:]])
    _fit(
        _network(10, 1, "sigmoid"),
        t,
        x[again],
        y[again],
        "binary_crossentropy",
        5,
        validation_data=(x[held], y[held]),
    )
