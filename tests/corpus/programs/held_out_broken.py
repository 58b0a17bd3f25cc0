"""Broken programs that were written after the rules, to see what these say about programs they were not made with."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from tests.corpus import data
from tests.corpus.harness import Trial, broken
from tests.corpus.programs.backbones import as_if_pretrained
from tests.corpus.programs.held_out_healthy import VAE, TokenAndPosition, fit_gan

_SPARSE = "sparse_categorical_crossentropy"


def _dense(columns: int, *units: int, last: str | None = None, hidden: str = "relu") -> keras.Sequential:
    model = keras.Sequential([layers.Input((columns,)), *[layers.Dense(u, activation=hidden) for u in units[:-1]]])
    model.add(layers.Dense(units[-1], activation=last))
    return model


@broken("label-out-of-range", "output-activation-mismatch")
def sparse_loss_over_one_sigmoid(t: Trial) -> None:
    """Dense(1, sigmoid) with sparse_categorical_crossentropy for 0 and 1: class 1 of 1."""
    x, y = data.moons(t.rng)
    model = _dense(2, 16, 16, 1, last="sigmoid")
    model.compile(t.optimizer(), loss=_SPARSE, metrics=["accuracy"])
    model.fit(x, y, epochs=3, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("shape-mismatch", "target-shape-broadcast", "label-loss-mismatch", raises=True)
def squared_error_on_class_ids(t: Trial) -> None:
    """Three softmax units and mse against the ids 0, 1, 2."""
    x, y = data.iris(t.rng)
    model = _dense(4, 16, 3, last="softmax")
    model.compile(t.optimizer(), loss="mse", metrics=["accuracy"])
    model.fit(x, y, epochs=10, batch_size=t.batch(16), callbacks=t.callbacks, verbose=0)


@broken("output-activation-mismatch")
def sigmoid_then_from_logits(t: Trial) -> None:
    """A sigmoid at the output and BinaryCrossentropy(from_logits=True), copied from two tutorials."""
    x, y = data.textures(t.rng, 300, classes=2)
    model = keras.Sequential(
        [
            layers.Input((32, 32, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(8, 3, activation="relu"),
            layers.MaxPooling2D(4),
            layers.Flatten(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(t.optimizer(), keras.losses.BinaryCrossentropy(from_logits=True), metrics=["accuracy"])
    model.fit(x, y, epochs=3, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("output-activation-mismatch")
def relu_answers_yes_or_no(t: Trial) -> None:
    """Dense(1, activation="relu") and binary_crossentropy."""
    x, y = data.cancer(t.rng)
    model = _dense(30, 32, 1, last="relu")
    model.compile(t.optimizer(), "binary_crossentropy", metrics=["accuracy"])
    model.fit(data.standardise(x), y, epochs=6, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("unscaled-target")
def salaries_with_sgd(t: Trial) -> None:
    """Salaries of 20,000 to 200,000 with SGD(0.01): the loss is inf after a few steps."""
    x, _ = data.regression(t.rng)
    salary = 60_000 + 20_000 * x[:, 0] + 8_000 * x[:, 1] ** 2
    model = _dense(8, 32, 1)
    model.compile(t.optimizer("sgd", 0.01), "mse", metrics=["mae"])
    model.fit(x, salary, epochs=4, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("unscaled-target")
def populations_with_mae(t: Trial) -> None:
    """Inhabitants of cities, 1,000 to 5,000,000, mean absolute error, Adam: it would take days."""
    x, _ = data.regression(t.rng)
    people = np.exp(10 + x[:, 0] + 0.5 * x[:, 1])
    model = _dense(8, 64, 64, 1)
    model.compile(t.optimizer(), "mae")
    model.fit(x, people, validation_split=0.2, epochs=6, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("feature-scale-disparity", "unnormalized-input")
def diabetes_as_it_comes(t: Trial) -> None:
    """scikit-learn's diabetes unscaled: age, sex 1..2, blood pressure, cholesterol up to 300; target divided by 100."""
    x, y = data.diabetes(t.rng)
    model = _dense(10, 32, 16, 1)
    model.compile(t.optimizer(), "mse")
    model.fit(x, y / 100, epochs=8, batch_size=t.batch(16), callbacks=t.callbacks, verbose=0)


@broken("unnormalized-input", "target-out-of-range")
def raw_pixels_in_and_out(t: Trial) -> None:
    """A convolutional autoencoder, sigmoid at the end, that gets and shall give 0..255."""
    x, _ = data.mnist(t.rng, 1000)
    x = x.astype("float32")[..., None]
    model = keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(16, 3, 2, "same", activation="relu"),
            layers.Conv2D(8, 3, 2, "same", activation="relu"),
            layers.Conv2DTranspose(16, 3, 2, "same", activation="relu"),
            layers.Conv2DTranspose(1, 3, 2, "same", activation="sigmoid"),
        ]
    )
    model.compile(t.optimizer(), "mse")
    model.fit(x, x, epochs=2, batch_size=t.batch(64), callbacks=t.callbacks, verbose=0)


@broken("unnormalized-input", "target-out-of-range")
def vae_of_raw_pixels(t: Trial) -> None:
    """keras.io's VAE without the division by 255."""
    x, _ = data.mnist(t.rng, 1000)
    model = VAE(t.seed)
    model.compile(optimizer=t.optimizer())
    model.fit(x.astype("float32")[..., None], epochs=2, batch_size=t.batch(64), callbacks=t.callbacks, verbose=0)


@broken("unnormalized-input")
def gan_of_raw_pixels(t: Trial) -> None:
    """A GAN whose generator ends in tanh and whose real images are 0..255."""
    x, _ = data.mnist(t.rng, 1000)
    fit_gan(t, x)


@broken("unnormalized-input")
def siamese_on_raw_pixels(t: Trial) -> None:
    """Two images of 0..255, shared layers, a distance, a sigmoid."""
    x, y = data.mnist(t.rng, 1600)
    x = x.astype("float32").reshape(-1, 784)
    tower = keras.Sequential([layers.Input((784,)), layers.Dense(64, "relu"), layers.Dense(32, "relu")])
    left, right = keras.Input((784,), name="left"), keras.Input((784,), name="right")
    gap = layers.Lambda(lambda pair: ops.abs(pair[0] - pair[1]))([tower(left), tower(right)])
    model = keras.Model([left, right], layers.Dense(1, activation="sigmoid")(gap))
    model.compile(t.optimizer(), "binary_crossentropy")
    half = len(x) // 2
    same = (y[:half] == y[half:]).astype("float32")
    model.fit([x[:half], x[half:]], same, epochs=4, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("label-out-of-range")
def trimap_from_one(t: Trial) -> None:
    """The pets' masks are 1, 2, 3, and nobody subtracted 1: three classes a pixel."""
    x, mask = data.discs(t.rng, 160)
    trimap = mask + 1
    trimap[:, ::7] = 3
    model = keras.Sequential(
        [
            layers.Input((32, 32, 1)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(8, 3, padding="same", activation="relu"),
            layers.Conv2D(8, 3, padding="same", activation="relu"),
            layers.Conv2D(3, 1, activation="softmax"),
        ]
    )
    model.compile(t.optimizer(), loss=_SPARSE)
    model.fit(x, trimap, epochs=2, batch_size=t.batch(16), callbacks=t.callbacks, verbose=0)


@broken("unnormalized-input")
def share_prices_near_150(t: Trial) -> None:
    """Windows of closing prices of 100 to 200 dollars into an LSTM; the target is scaled, the input was forgotten."""
    walk = 150 + np.cumsum(t.rng.normal(0, 1.2, 1600)).clip(-45, 45)
    x = np.lib.stride_tricks.sliding_window_view(walk, 30)[:-1, :, None].astype("float32")
    y = ((walk[30:] - 150) / 20).astype("float32")
    model = keras.Sequential([layers.Input((30, 1)), layers.LSTM(32), layers.Dense(1)])
    model.compile(t.optimizer(), "mse")
    model.fit(x, y, epochs=4, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("unnormalized-input")
def percentages(t: Trial) -> None:
    """Twelve columns of 0..100 per cent, straight into dense layers."""
    x = t.rng.uniform(0, 100, (1500, 12)).astype("float32")
    y = (x[:, :3].mean(axis=1) > x[:, 3:6].mean(axis=1)).astype("float32")
    model = _dense(12, 32, 16, 1, last="sigmoid")
    model.compile(t.optimizer(), "binary_crossentropy", metrics=["accuracy"])
    model.fit(x, y, epochs=6, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("feature-scale-disparity", "unnormalized-input")
def used_cars(t: Trial) -> None:
    """Year of make, kilometres, litres, doors: as in the table; the price in units of ten thousand."""
    n = 1500
    year, km = t.rng.integers(1998, 2022, n), t.rng.uniform(0, 250_000, n)
    litres, doors = t.rng.uniform(1, 4, n), t.rng.choice([3, 5], n)
    price = ((year - 1998) / 10 + litres / 2 - km / 200_000 + t.rng.normal(0, 0.1, n)).astype("float32")
    ds = tf.data.Dataset.from_tensor_slices((np.stack([year, km, litres, doors], 1).astype("float32"), price))
    model = _dense(4, 32, 1)
    model.compile(t.optimizer(), "mae")
    model.fit(ds.shuffle(n, seed=t.seed).batch(t.batch(32)), epochs=6, callbacks=t.callbacks, verbose=0)


@broken("unnormalized-input", "integer-input", "feature-scale-disparity")
def category_codes_into_dense(t: Trial) -> None:
    """LabelEncoder's codes of products 0..4999 and shops 0..299 as if they were magnitudes."""
    n = 2000
    x = np.stack([t.rng.integers(0, 5000, n), t.rng.integers(0, 300, n)], axis=1)
    taste = np.random.default_rng(3).normal(size=5000)
    y = (taste[x[:, 0]] > 0).astype("int64")
    model = _dense(2, 64, 64, 1, last="sigmoid")
    model.compile(t.optimizer(), "binary_crossentropy", metrics=["accuracy"])
    model.fit(x, y, epochs=5, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("token-out-of-range", raises=True)
def sentences_longer_than_positions(t: Trial) -> None:
    """Position embeddings for 20 words, sentences of 30."""
    x, y = data.reviews(t.rng, 400)
    inputs = keras.Input((None,), dtype="int32")
    h = TokenAndPosition(20, 500, 16)(inputs)
    h = layers.GlobalAveragePooling1D()(layers.MultiHeadAttention(2, 16)(h, h))
    model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(h))
    model.compile(t.optimizer(), "binary_crossentropy")
    model.fit(x, y, epochs=1, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("label-loss-mismatch", "output-activation-mismatch")
def softmax_over_many_tags(t: Trial) -> None:
    """Six tags, several of which may be true, with softmax and categorical_crossentropy."""
    x = t.rng.normal(size=(1500, 12)).astype("float32")
    y = (x @ np.random.default_rng(2).normal(size=(12, 6)) + t.rng.normal(0, 0.5, (1500, 6)) > 0).astype("float32")
    model = _dense(12, 32, 6, last="softmax")
    model.compile(t.optimizer(), "categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, epochs=5, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("bad-sample-weight")
def weights_rounded_to_nothing(t: Trial) -> None:
    """Sample weights below 1 that were cast to integers."""
    x, y = data.regression(t.rng)
    weight = t.rng.uniform(0.1, 0.9, len(x)).astype("int64")
    model = _dense(8, 32, 1)
    model.compile(t.optimizer(), "mse")
    model.fit(x, y, sample_weight=weight, epochs=3, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("learning-rate-too-high")
def convolutions_with_half(t: Trial) -> None:
    """RMSprop(0.5) on a convolutional network: a factor of 500 too much."""
    x, y = data.mnist(t.rng, 1200)
    model = keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(16, 3, 2, activation="relu"),
            layers.Conv2D(16, 3, 2, activation="relu"),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(t.optimizer("rmsprop", 0.5), loss=_SPARSE, metrics=["accuracy"])
    model.fit(x[..., None], y, epochs=3, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("learning-rate-too-low")
def lstm_with_a_tenth_of_a_millionth(t: Trial) -> None:
    """SGD(1e-7) on a sequence: "it does not learn"."""
    x, y = data.waves(t.rng, 800)
    model = keras.Sequential([layers.Input((40, 1)), layers.LSTM(24), layers.Dense(1)])
    model.compile(t.optimizer("sgd", 1e-7), "mse")
    model.fit(x, y, epochs=3, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("single-class-batch")
def folders_one_after_the_other(t: Trial) -> None:
    """Files listed folder by folder, from_tensor_slices, batch, and no shuffle."""
    x, y = data.textures(t.rng, 360)
    order = np.argsort(y, kind="stable")
    ds = tf.data.Dataset.from_tensor_slices((x[order].astype("float32") / 255, y[order])).batch(t.batch(12)).prefetch(2)
    model = keras.Sequential(
        [
            layers.Input((32, 32, 3)),
            layers.Conv2D(8, 3, 2, activation="relu"),
            layers.Conv2D(16, 3, 2, activation="relu"),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(t.optimizer(), loss=_SPARSE, metrics=["accuracy"])
    model.fit(ds, epochs=3, callbacks=t.callbacks, verbose=0)


@broken("repeated-batch")
def take_left_in_from_debugging(t: Trial) -> None:
    """ds.take(1).repeat() left in from debugging, many steps an epoch."""
    x, y = data.mnist(t.rng, 2000)
    ds = tf.data.Dataset.from_tensor_slices((x.reshape(-1, 784).astype("float32") / 255, y)).batch(t.batch(32))
    model = _dense(784, 64, 10, last="softmax")
    model.compile(t.optimizer(), loss=_SPARSE, metrics=["accuracy"])
    model.fit(
        ds.take(1).repeat(),
        steps_per_epoch=40,
        epochs=3,
        validation_data=ds.skip(40).take(5),
        callbacks=t.callbacks,
        verbose=0,
    )


@broken("stalled-loss")
def labels_shuffled_alone(t: Trial) -> None:
    """np.random.shuffle(y) after the images were shuffled: labels belong to other images."""
    x, y = data.blobs(t.rng, 3000, classes=4)
    t.rng.shuffle(y)
    model = _dense(10, 16, 4, last="softmax")
    model.compile(t.optimizer(), loss=_SPARSE, metrics=["accuracy"])
    model.fit(x, y, epochs=6, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("non-finite-input")
def gaps_in_validation_only(t: Trial) -> None:
    """fillna on the training table only: the validation columns hold NaN."""
    x, y = data.regression(t.rng)
    val = x[1200:].copy()
    val[t.rng.random(val.shape) < 0.05] = np.nan
    model = _dense(8, 32, 1)
    model.compile(t.optimizer(), "mse")
    model.fit(
        x[:1200],
        y[:1200],
        validation_data=(val, y[1200:]),
        epochs=4,
        batch_size=t.batch(32),
        callbacks=t.callbacks,
        verbose=0,
    )


@broken("non-finite-loss")
def relative_error_of_zero_sales(t: Trial) -> None:
    """RMSPE of the user's own: divides by the target, which is 0 now and then."""
    x, y = data.regression(t.rng)
    sales = np.maximum(np.round(2 + 2 * y), 0).astype("float32")

    def rmspe(y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
        return ops.sqrt(ops.mean(ops.square((y_true - y_pred) / y_true)))

    model = _dense(8, 32, 1)
    model.compile(t.optimizer(), loss=rmspe)
    model.fit(x, sales, epochs=3, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("non-finite-gradient", "non-finite-loss")
def distance_of_equal_pairs(t: Trial) -> None:
    """sqrt(sum of squares) of pairs, some of which are the same picture twice: finite, but its gradient is not."""
    x, y = data.digits(t.rng)
    x = x / 16
    other = t.rng.permutation(len(x))
    other[::40] = np.arange(len(x))[::40]
    tower = keras.Sequential([layers.Input((64,)), layers.Dense(32, "relu"), layers.Dense(8)])
    a, b = keras.Input((64,)), keras.Input((64,))
    gap = layers.Lambda(lambda pair: ops.sqrt(ops.sum((pair[0] - pair[1]) ** 2, -1, keepdims=True)))(
        [tower(a), tower(b)]
    )
    model = keras.Model([a, b], gap)

    def contrastive(same: tf.Tensor, d: tf.Tensor) -> tf.Tensor:
        return ops.mean(same * d + (1 - same) * ops.maximum(1 - d, 0) ** 2)

    model.compile(t.optimizer(), contrastive)
    same = (y == y[other]).astype("float32")[:, None]
    model.fit([x, x[other]], same, epochs=3, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("exploding-gradient", "non-finite-loss", "non-finite-gradient", "degenerate-initialization", "diverging-loss")
def relu_recurrence_over_120_steps(t: Trial) -> None:
    """SimpleRNN(activation="relu") with Glorot weights over 120 steps of a walk."""
    x = np.cumsum(t.rng.normal(0, 0.3, (600, 120, 1)), axis=1).astype("float32")
    y = x[:, -1] + 0.5 * x[:, 60]
    rnn = layers.SimpleRNN(64, activation="relu", recurrent_initializer=keras.initializers.RandomNormal(stddev=0.3))
    model = keras.Sequential([layers.Input((120, 1)), rnn, layers.Dense(1)])
    model.compile(t.optimizer("sgd", 0.01), "mse")
    model.fit(x, y, epochs=3, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("vanishing-gradient")
def sigmoids_all_the_way_down(t: Trial) -> None:
    """Nine convolutions with sigmoid units, as LeNet had them, but deeper."""
    x, y = data.mnist(t.rng, 1000)
    model = keras.Sequential([layers.Input((28, 28, 1)), layers.Rescaling(1 / 255)])
    for i in range(9):
        model.add(layers.Conv2D(12, 3, strides=2 if i in (1, 4) else 1, padding="same", activation="sigmoid"))
    model.add(layers.Flatten())
    model.add(layers.Dense(10, activation="softmax"))
    model.compile(t.optimizer("momentum", 0.01), loss=_SPARSE, metrics=["accuracy"])
    model.fit(x[..., None], y, epochs=3, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("single-example-normalization", varies=False)
def normalised_over_one_row(t: Trial) -> None:
    """BatchNormalization with batches of one row: (x - x) / 0 is 0 for every row."""
    x, y = data.regression(t.rng, 400)
    model = keras.Sequential(
        [layers.Input((8,)), layers.Dense(16), layers.BatchNormalization(), layers.ReLU(), layers.Dense(1)]
    )
    model.compile(t.optimizer(), "mse")
    model.fit(x, y, epochs=1, batch_size=1, callbacks=t.callbacks, verbose=0)


@broken("preprocessing-mismatch", slow=True)
def efficientnet_v2_without_its_preprocessing(t: Trial) -> None:
    """include_preprocessing=False, and 0..255 all the same."""
    x, y = data.textures(t.rng, 64)
    base = keras.applications.EfficientNetV2B0(
        include_top=False, weights=None, input_shape=(64, 64, 3), include_preprocessing=False, pooling="avg"
    )
    as_if_pretrained(base, t)
    model = keras.Sequential([base, layers.Dense(3, activation="softmax")])
    model.compile(t.optimizer(), loss=_SPARSE)
    big = np.kron(x, np.ones((1, 2, 2, 1)))
    model.fit(big, y, epochs=2, batch_size=t.batch(16), callbacks=t.callbacks, verbose=0)


@broken("train-validation-skew")
def columns_in_another_order(t: Trial) -> None:
    """The validation table was read with its columns in another order."""
    x, y = data.census(t.rng)
    scaled = np.stack([x[:, 0] / 80, np.log(x[:, 1]), x[:, 2] / 20, (x[:, 3] - 40) / 8], axis=1).astype("float32")
    model = _dense(4, 32, 1, last="sigmoid")
    model.compile(t.optimizer(), "binary_crossentropy")
    model.fit(
        scaled[:1500],
        y[:1500],
        validation_data=(scaled[1500:, [1, 0, 3, 2]], y[1500:]),
        epochs=5,
        batch_size=t.batch(32),
        callbacks=t.callbacks,
        verbose=0,
    )


@broken("channel-order")
def grey_images_from_torch(t: Trial) -> None:
    """(batch, 3, 28, 28) from a torchvision loader's array, and a model with padding="same" that takes it."""
    x, y = data.textures(t.rng, 300, size=28)
    x = (x.astype("float32") / 255).transpose(0, 3, 1, 2)
    inputs = keras.Input((None, None, 28))
    h = layers.Conv2D(16, 3, padding="same", activation="relu")(inputs)
    h = layers.Conv2D(16, 3, padding="same", activation="relu")(h)
    model = keras.Model(inputs, layers.Dense(3, activation="softmax")(layers.GlobalMaxPooling2D()(h)))
    model.compile(t.optimizer(), loss=_SPARSE)
    model.fit(x, y, epochs=4, batch_size=t.batch(16), callbacks=t.callbacks, verbose=0)


@broken("target-shape-broadcast", "shape-mismatch")
def forgot_return_sequences(t: Trial) -> None:
    """A value for each of 24 steps is wanted, and the last LSTM gives one."""
    x, _ = data.waves(t.rng, 500, 24)
    y = np.roll(x, -1, axis=1)[..., 0]
    model = keras.Sequential([layers.Input((24, 1)), layers.LSTM(16), layers.Dense(1)])
    model.compile(t.optimizer(), "mse")
    model.fit(x, y, epochs=3, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("dominant-regularization")
def heavy_lasso(t: Trial) -> None:
    """L1(0.1) on wide layers: hundreds of times the data loss."""
    x, y = data.regression(t.rng)
    penalty = keras.regularizers.L1(0.1)
    model = keras.Sequential(
        [
            layers.Input((8,)),
            layers.Dense(128, "relu", kernel_regularizer=penalty),
            layers.Dense(128, "relu", kernel_regularizer=penalty),
            layers.Dense(1),
        ]
    )
    model.compile(t.optimizer(), "mse")
    model.fit(x, y, epochs=5, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("overfitting")
def learned_by_heart(t: Trial) -> None:
    """Sixty noisy rows, 50,000 weights, a hundred epochs."""
    x, y = data.blobs(t.rng, 400, 20, spread=6.0)
    model = _dense(20, 256, 128, 3, last="softmax")
    model.compile(t.optimizer(learning_rate=2e-3), loss=_SPARSE, metrics=["accuracy"])
    model.fit(
        x[:60],
        y[:60],
        validation_data=(x[60:], y[60:]),
        epochs=60,
        batch_size=t.batch(16),
        callbacks=t.callbacks,
        verbose=0,
    )


@broken("target-out-of-range")
def landmarks_in_pixels(t: Trial) -> None:
    """Facial landmarks in pixels, 0..32, with a sigmoid at the output."""
    x, mask = data.discs(t.rng, 240)
    row, column = np.mgrid[0:32, 0:32]
    area = mask[..., 0].sum(axis=(1, 2))
    y = np.stack([(mask[..., 0] * g).sum(axis=(1, 2)) / area for g in (row, column)], axis=1).astype("float32")
    model = keras.Sequential(
        [
            layers.Input((32, 32, 1)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(8, 3, 2, activation="relu"),
            layers.Conv2D(16, 3, 2, activation="relu"),
            layers.Flatten(),
            layers.Dense(2, activation="sigmoid"),
        ]
    )
    model.compile(t.optimizer(), "mse")
    model.fit(x, y, epochs=4, batch_size=t.batch(16), callbacks=t.callbacks, verbose=0)


@broken("unnormalized-input")
def raw_frames_of_a_game(t: Trial) -> None:
    """Four stacked frames of 0..255 into the convolutions of a value network, Huber loss."""
    x = t.rng.integers(0, 256, (800, 20, 20, 4)).astype("uint8")
    y = (x[:, 10:, :, 3].mean(axis=(1, 2)) / 255).astype("float32")
    y = np.stack([y, 1 - y, y * 0], axis=1)
    model = keras.Sequential(
        [
            layers.Input((20, 20, 4)),
            layers.Conv2D(16, 4, 2, activation="relu"),
            layers.Conv2D(16, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(32, "relu"),
            layers.Dense(3),
        ]
    )
    model.compile(t.optimizer(learning_rate=2.5e-4), keras.losses.Huber())
    model.fit(x, y, epochs=3, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("loss-scale-collapse", "non-finite-loss", "non-finite-activation")
def half_precision_exponential(t: Trial) -> None:
    """An exp without a bound in float16: its gradients overflow at any loss scale."""
    keras.config.set_dtype_policy("mixed_float16")
    x, y = data.regression(t.rng)
    model = keras.Sequential(
        [
            layers.Input((8,)),
            layers.Dense(32),
            layers.Lambda(lambda v: ops.exp(4 * v)),
            layers.Dense(1, dtype="float32"),
        ]
    )
    model.compile(t.optimizer(), "mse")
    model.fit(x, y, epochs=3, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)
