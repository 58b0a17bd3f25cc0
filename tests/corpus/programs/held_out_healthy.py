"""Healthy programs that were written after the rules, to see what these say about programs they were not made with."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from tests.corpus import data
from tests.corpus.harness import Trial, healthy

_SPARSE = "sparse_categorical_crossentropy"


@healthy()
def simple_mnist_convnet(t: Trial) -> None:
    """keras.io's "Simple MNIST convnet": dropout before the head, large batches, a tenth held back."""
    x, y = data.mnist(t.rng, 2500)
    x = np.expand_dims(x.astype("float32") / 255, -1)
    model = keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(loss="categorical_crossentropy", optimizer=t.optimizer(), metrics=["accuracy"])
    y = keras.utils.to_categorical(y, 10)
    model.fit(x, y, batch_size=t.batch(128), epochs=3, validation_split=0.1, callbacks=t.callbacks, verbose=0)


@healthy()
def convolutions_without_bias(t: Trial) -> None:
    """Conv, BatchNormalization, ReLU blocks as in papers; digits of 0..16 divided by their maximum."""
    x, y = data.digits(t.rng)
    x = (x / x.max()).reshape(-1, 8, 8, 1)
    inputs = h = keras.Input((8, 8, 1))
    for filters in (16, 32, 32):
        h = layers.Conv2D(filters, 3, padding="same", use_bias=False)(h)
        h = layers.BatchNormalization()(h)
        h = layers.ReLU()(h)
    h = layers.GlobalAveragePooling2D()(h)
    model = keras.Model(inputs, layers.Dense(10)(h))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(t.optimizer("momentum", 0.05), loss=loss, metrics=["accuracy"])
    model.fit(x, y, batch_size=t.batch(64), epochs=4, callbacks=t.callbacks, verbose=0)


@healthy()
def cats_and_dogs_pipeline(t: Trial) -> None:
    """A cached, shuffled, repeated and prefetched pipeline with augmentation layers in front of Rescaling."""
    x, y = data.textures(t.rng, 400, classes=2)
    train = tf.data.Dataset.from_tensor_slices((x, y)).cache().shuffle(400, seed=t.seed).repeat().batch(t.batch(16))
    train = train.prefetch(tf.data.AUTOTUNE)
    model = keras.Sequential(
        [
            layers.Input((32, 32, 3)),
            layers.RandomFlip("horizontal"),
            layers.RandomZoom(0.1),
            layers.Rescaling(1.0 / 255),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(t.optimizer("rmsprop", 1e-3), loss="binary_crossentropy", metrics=["accuracy"])
    model.fit(train, steps_per_epoch=25, epochs=4, callbacks=t.callbacks, verbose=0)


@healthy()
def boston_style_regression(t: Trial) -> None:
    """The house prices of a well-known book: standardised columns, prices in thousands as they are, RMSprop, MAE."""
    x, y = data.houses(t.rng, 500)
    y = y / 20_000  # 2.5 .. 45
    model = keras.Sequential(
        [
            layers.Input((6,)),
            layers.Dense(64, activation="relu"),
            layers.Dense(64, activation="relu"),
            layers.Dense(1),
        ]
    )
    model.compile(optimizer=t.optimizer("rmsprop"), loss="mse", metrics=["mae"])
    model.fit(
        x[:400],
        y[:400],
        validation_data=(x[400:], y[400:]),
        epochs=20,
        batch_size=t.batch(16),
        callbacks=t.callbacks,
        verbose=0,
    )


@healthy()
def housing_with_huber_and_early_stop(t: Trial) -> None:
    """Longitude, latitude and incomes behind an adapted Normalization; target of 0.15..5; Huber; EarlyStopping."""
    n = 1500
    x = np.stack(
        [
            t.rng.uniform(-124, -114, n),
            t.rng.uniform(32, 42, n),
            t.rng.integers(1, 52, n),
            t.rng.lognormal(7.6, 0.7, n),
            t.rng.lognormal(1.3, 0.4, n),
        ],
        axis=1,
    ).astype("float32")
    y = (0.4 * x[:, 4] + 0.1 * (x[:, 1] - 32) + t.rng.normal(0, 0.2, n)).clip(0.15, 5).astype("float32")
    norm = layers.Normalization()
    norm.adapt(x[:1200])
    model = keras.Sequential([keras.Input((5,)), norm, layers.Dense(30, activation="relu"), layers.Dense(1)])
    model.compile(loss=keras.losses.Huber(), optimizer=t.optimizer(learning_rate=3e-3))
    model.fit(
        x,
        y,
        validation_split=0.2,
        epochs=15,
        batch_size=t.batch(32),
        verbose=0,
        callbacks=[*t.callbacks, keras.callbacks.EarlyStopping(patience=3, restore_best_weights=True)],
    )


@healthy(varies=False)
def exclusive_or(t: Trial) -> None:
    """XOR: four rows, one batch, many epochs."""
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], "float32")
    y = np.array([[0], [1], [1], [0]], "float32")
    model = keras.Sequential([layers.Input((2,)), layers.Dense(8, "tanh"), layers.Dense(1, "sigmoid")])
    model.compile(loss="binary_crossentropy", optimizer=keras.optimizers.Adam(0.05), metrics=["accuracy"])
    model.fit(x, y, batch_size=4, epochs=120, callbacks=t.callbacks, verbose=0)


@healthy(varies=False)
def two_x_minus_one(t: Trial) -> None:
    """The hello world of many courses: six numbers, one unit, SGD."""
    x = np.array([-1.0, 0.0, 1.0, 2.0, 3.0, 4.0], "float32")
    model = keras.Sequential([keras.Input(shape=(1,)), layers.Dense(units=1)])
    model.compile(optimizer="sgd", loss="mean_squared_error")
    model.fit(x, 2 * x - 1, epochs=150, callbacks=t.callbacks, verbose=0)


@healthy()
def newswires_in_large_batches(t: Trial) -> None:
    """Multi-hot rows of 2,000 words, 20 topics, batches of 512, RMSprop."""
    n, topics = 4000, 20
    y = t.rng.zipf(1.5, n) % topics
    words = (t.rng.zipf(1.2, (n, 60)) % 2000).astype(int)
    own = y[:, None] * 40 + 500 + t.rng.integers(0, 40, (n, 15))
    x = np.zeros((n, 2000), "float32")
    rows = np.arange(n)[:, None]
    x[rows, words] = 1
    x[rows, own] = 1
    model = keras.Sequential(
        [layers.Input((2000,)), layers.Dense(64, "relu"), layers.Dense(64, "relu"), layers.Dense(topics, "softmax")]
    )
    model.compile(t.optimizer("rmsprop"), loss=_SPARSE, metrics=["accuracy"])
    model.fit(
        x[1000:],
        y[1000:],
        epochs=6,
        batch_size=t.batch(512),
        validation_data=(x[:1000], y[:1000]),
        callbacks=t.callbacks,
        verbose=0,
    )


@healthy()
def weather_windows(t: Trial) -> None:
    """timeseries_dataset_from_array over standardised temperature, pressure and humidity; LSTM; MAE."""
    hours = np.arange(2500)
    series = np.stack(
        [
            10 + 8 * np.sin(hours / 24 * 2 * np.pi) + t.rng.normal(0, 1, 2500),
            990 + 5 * np.sin(hours / 170) + t.rng.normal(0, 1, 2500),
            60 + 20 * np.cos(hours / 24 * 2 * np.pi) + t.rng.normal(0, 4, 2500),
        ],
        axis=1,
    )
    series = ((series - series[:1800].mean(axis=0)) / series[:1800].std(axis=0)).astype("float32")
    make = keras.utils.timeseries_dataset_from_array
    train = make(series[:1770], series[30:1800, :1], 24, batch_size=t.batch(64), shuffle=True, seed=t.seed)
    val = make(series[1800:-30], series[1830:, :1], 24, batch_size=t.batch(64))
    inputs = keras.Input((24, 3))
    model = keras.Model(inputs, layers.Dense(1)(layers.LSTM(24)(inputs)))
    model.compile(t.optimizer(learning_rate=3e-3), loss="mae")
    model.fit(train, validation_data=val, epochs=5, callbacks=t.callbacks, verbose=0)


@healthy()
def characters_encoded_decoded(t: Trial) -> None:
    """keras.io's character seq2seq: one-hot characters into an LSTM encoder and decoder."""
    n, length, chars = 800, 8, 20
    source = t.rng.integers(1, chars, (n, length))
    target = source[:, ::-1]
    before = np.concatenate([np.zeros((n, 1), int), target[:, :-1]], axis=1)
    eye = np.eye(chars, dtype="float32")
    encoder_in, decoder_in = keras.Input((None, chars)), keras.Input((None, chars))
    _, h, c = layers.LSTM(48, return_state=True)(encoder_in)
    out, _, _ = layers.LSTM(48, return_sequences=True, return_state=True)(decoder_in, initial_state=[h, c])
    model = keras.Model([encoder_in, decoder_in], layers.Dense(chars, activation="softmax")(out))
    model.compile(t.optimizer("rmsprop", 5e-3), loss="categorical_crossentropy", metrics=["accuracy"])
    model.fit(
        [eye[source], eye[before]],
        eye[target],
        batch_size=t.batch(32),
        epochs=6,
        validation_split=0.2,
        callbacks=t.callbacks,
        verbose=0,
    )


@keras.saving.register_keras_serializable("held-out")
class TokenAndPosition(layers.Layer):
    def __init__(self, length: int, vocabulary: int, width: int) -> None:
        super().__init__()
        self.token = layers.Embedding(vocabulary, width)
        self.position = layers.Embedding(length, width)

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return self.token(x) + self.position(ops.arange(0, ops.shape(x)[-1], 1))


@healthy()
def text_classification_with_transformer(t: Trial) -> None:
    """keras.io's transformer block: token and position embeddings, attention, LayerNormalization, two softmax units."""
    x, y = data.reviews(t.rng, 800)
    inputs = keras.Input((30,))
    h = TokenAndPosition(30, 500, 24)(inputs)
    attended = layers.Dropout(0.1)(layers.MultiHeadAttention(2, 24)(h, h))
    h = layers.LayerNormalization(epsilon=1e-6)(h + attended)
    fed = layers.Dense(24)(layers.Dense(32, activation="relu")(h))
    h = layers.LayerNormalization(epsilon=1e-6)(h + fed)
    h = layers.Dropout(0.1)(layers.GlobalAveragePooling1D()(h))
    model = keras.Model(inputs, layers.Dense(2, activation="softmax")(layers.Dense(20, activation="relu")(h)))
    model.compile(optimizer=t.optimizer(), loss=_SPARSE, metrics=["accuracy"])
    model.fit(
        x[:640],
        y[:640],
        batch_size=t.batch(32),
        epochs=4,
        validation_data=(x[640:], y[640:]),
        callbacks=t.callbacks,
        verbose=0,
    )


class Sampling(layers.Layer):
    def __init__(self, seed: int) -> None:
        super().__init__()
        self.seed = keras.random.SeedGenerator(seed)

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        mean, log_var = inputs
        return mean + ops.exp(0.5 * log_var) * keras.random.normal(ops.shape(mean), seed=self.seed)


class VAE(keras.Model):
    def __init__(self, seed: int) -> None:
        super().__init__()
        self.body = keras.Sequential(
            [layers.Conv2D(16, 3, 2, "same", activation="relu"), layers.Flatten(), layers.Dense(16, "relu")]
        )
        self.mean, self.log_var, self.sample = layers.Dense(2), layers.Dense(2), Sampling(seed)
        self.decoder = keras.Sequential(
            [
                layers.Dense(14 * 14 * 8, "relu"),
                layers.Reshape((14, 14, 8)),
                layers.Conv2DTranspose(16, 3, 2, "same", activation="relu"),
                layers.Conv2DTranspose(1, 3, padding="same", activation="sigmoid"),
            ]
        )
        self.tracker = keras.metrics.Mean(name="loss")

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return [self.tracker]

    def train_step(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        with tf.GradientTape() as tape:
            h = self.body(x)
            mean, log_var = self.mean(h), self.log_var(h)
            made = self.decoder(self.sample((mean, log_var)))
            error = ops.mean(ops.sum(keras.losses.binary_crossentropy(x, made), axis=(1, 2)))
            kl = ops.mean(ops.sum(-0.5 * (1 + log_var - mean**2 - ops.exp(log_var)), axis=1))
            loss = error + kl
        self.optimizer.apply(tape.gradient(loss, self.trainable_weights), self.trainable_weights)
        self.tracker.update_state(loss)
        return {"loss": self.tracker.result()}


@healthy()
def vae_with_own_step(t: Trial) -> None:
    """keras.io's VAE: a train_step of its own, a loss summed over the pixels (hundreds), no targets."""
    x, _ = data.mnist(t.rng, 1500)
    model = VAE(t.seed)
    model.compile(optimizer=t.optimizer())
    model.fit(
        (x / 255.0).astype("float32")[..., None], epochs=3, batch_size=t.batch(64), callbacks=t.callbacks, verbose=0
    )


@healthy()
def vae_with_raw_sum(t: Trial) -> None:
    """A dense VAE in one Functional model, mean squared error against its input, a KL term by add_loss in a layer."""

    class Bottleneck(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.mean, self.log_var, self.sample = layers.Dense(3), layers.Dense(3), Sampling(t.seed)

        def call(self, h: tf.Tensor) -> tf.Tensor:
            mean, log_var = self.mean(h), self.log_var(h)
            self.add_loss(0.002 * ops.mean(-0.5 * (1 + log_var - mean**2 - ops.exp(log_var))))
            return self.sample((mean, log_var))

    x, _ = data.digits(t.rng)
    x = x / 16
    inputs = keras.Input((64,))
    h = Bottleneck()(layers.Dense(32, activation="relu")(inputs))
    model = keras.Model(inputs, layers.Dense(64, activation="sigmoid")(layers.Dense(32, activation="relu")(h)))
    model.compile(t.optimizer(learning_rate=3e-3), loss="mse")
    model.fit(x, x, epochs=10, batch_size=t.batch(64), callbacks=t.callbacks, verbose=0)


class GAN(keras.Model):
    def __init__(self, seed: int) -> None:
        super().__init__()
        self.discriminator = keras.Sequential(
            [
                layers.Conv2D(16, 4, 2, "same"),
                layers.LeakyReLU(0.2),
                layers.Conv2D(32, 4, 2, "same"),
                layers.LeakyReLU(0.2),
                layers.Flatten(),
                layers.Dropout(0.2),
                layers.Dense(1, "sigmoid"),
            ]
        )
        self.generator = keras.Sequential(
            [
                layers.Dense(7 * 7 * 16),
                layers.Reshape((7, 7, 16)),
                layers.Conv2DTranspose(32, 4, 2, "same"),
                layers.LeakyReLU(0.2),
                layers.Conv2DTranspose(16, 4, 2, "same"),
                layers.LeakyReLU(0.2),
                layers.Conv2D(1, 5, padding="same", activation="tanh"),
            ]
        )
        self.random = keras.random.SeedGenerator(seed)
        self.d_metric, self.g_metric = keras.metrics.Mean(name="d_loss"), keras.metrics.Mean(name="g_loss")

    def compile(self, d_optimizer: keras.Optimizer, g_optimizer: keras.Optimizer, loss_fn: keras.Loss) -> None:
        super().compile()
        self.d_optimizer, self.g_optimizer, self.loss_fn = d_optimizer, g_optimizer, loss_fn

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return [self.d_metric, self.g_metric]

    def train_step(self, real: tf.Tensor) -> dict[str, tf.Tensor]:
        n = ops.shape(real)[0]
        made = self.generator(keras.random.normal((n, 16), seed=self.random))
        both = ops.concatenate([made, real], axis=0)
        labels = ops.concatenate([ops.ones((n, 1)), ops.zeros((n, 1))], axis=0)
        labels += 0.05 * keras.random.uniform(ops.shape(labels), seed=self.random)
        with tf.GradientTape() as tape:
            d_loss = self.loss_fn(labels, self.discriminator(both))
        weights = self.discriminator.trainable_weights
        self.d_optimizer.apply_gradients(zip(tape.gradient(d_loss, weights), weights, strict=True))
        noise = keras.random.normal((n, 16), seed=self.random)
        with tf.GradientTape() as tape:
            g_loss = self.loss_fn(ops.zeros((n, 1)), self.discriminator(self.generator(noise)))
        weights = self.generator.trainable_weights
        self.g_optimizer.apply_gradients(zip(tape.gradient(g_loss, weights), weights, strict=True))
        self.d_metric.update_state(d_loss)
        self.g_metric.update_state(g_loss)
        return {"d_loss": self.d_metric.result(), "g_loss": self.g_metric.result()}


def fit_gan(t: Trial, x: np.ndarray) -> None:
    """Trains the GAN on images."""
    model = GAN(t.seed)
    model.compile(keras.optimizers.Adam(1e-4), keras.optimizers.Adam(1e-4), keras.losses.BinaryCrossentropy())
    model.fit(x.astype("float32")[..., None], epochs=2, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@healthy(steady=True)
def dcgan(t: Trial) -> None:
    """keras.io's DCGAN: two optimizers given to compile, two losses in the logs, none of them named loss."""
    x, _ = data.mnist(t.rng, 1200)
    fit_gan(t, (x.astype("float32") - 127.5) / 127.5)


class Triplet(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.embed = keras.Sequential([layers.Flatten(), layers.Dense(64, "relu"), layers.Dense(16)])
        self.tracker = keras.metrics.Mean(name="loss")

    def call(self, inputs: tuple[tf.Tensor, ...]) -> tuple[tf.Tensor, tf.Tensor]:
        a, p, n = (self.embed(x) for x in inputs)
        return ops.sum((a - p) ** 2, -1), ops.sum((a - n) ** 2, -1)

    def train_step(self, data: tuple[tuple[tf.Tensor, ...]]) -> dict[str, tf.Tensor]:
        (inputs,) = data
        with tf.GradientTape() as tape:
            near, far = self(inputs)
            loss = ops.mean(ops.maximum(near - far + 0.5, 0.0))
        weights = self.embed.trainable_weights
        self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        self.tracker.update_state(loss)
        return {"loss": self.tracker.result()}

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return [self.tracker]


@healthy()
def triplets(t: Trial) -> None:
    """keras.io's Siamese network: three images, a margin, a step of its own; the loss reaches 0 for many batches."""
    x, y = data.digits(t.rng)
    x = (x / 16).reshape(-1, 8, 8)
    place = {c: np.flatnonzero(y == c) for c in range(10)}
    positive = np.array([t.rng.choice(place[c]) for c in y])
    negative = np.array([t.rng.choice(place[(c + t.rng.integers(1, 10)) % 10]) for c in y])
    ds = tf.data.Dataset.from_tensor_slices((x, x[positive], x[negative])).shuffle(1024, seed=t.seed)
    # A data set of triples would be read as x, y, sample_weight.
    ds = ds.batch(t.batch(32)).map(lambda a, p, n: ((a, p, n),))
    model = Triplet()
    model.compile(optimizer=t.optimizer(learning_rate=1e-3))
    model.fit(ds, epochs=4, callbacks=t.callbacks, verbose=0)


@healthy()
def pets_segmentation(t: Trial) -> None:
    """keras.io's U-Net with separable convolutions and residuals: 0..255 inputs rescaled, three classes a pixel."""
    x, mask = data.discs(t.rng, 200)
    x = np.repeat(x, 3, axis=-1).astype("float32") / 255
    edge = np.abs(np.diff(mask[..., 0].astype(int), axis=1, prepend=0)) > 0
    trimap = np.where(edge[..., None], 2, mask).astype("uint8")
    inputs = keras.Input((32, 32, 3))
    h = layers.Activation("relu")(layers.BatchNormalization()(layers.Conv2D(16, 3, strides=2, padding="same")(inputs)))
    previous = h
    for filters in (24, 32):
        h = layers.Activation("relu")(h)
        h = layers.BatchNormalization()(layers.SeparableConv2D(filters, 3, padding="same")(h))
        h = layers.MaxPooling2D(3, strides=2, padding="same")(h)
        h = layers.add([h, layers.Conv2D(filters, 1, strides=2, padding="same")(previous)])
        previous = h
    for filters in (32, 24, 16):
        h = layers.Activation("relu")(h)
        h = layers.BatchNormalization()(layers.Conv2DTranspose(filters, 3, padding="same")(h))
        h = layers.UpSampling2D(2)(h)
        h = layers.add([h, layers.Conv2D(filters, 1, padding="same")(layers.UpSampling2D(2)(previous))])
        previous = h
    model = keras.Model(inputs, layers.Conv2D(3, 3, activation="softmax", padding="same")(h))
    model.compile(t.optimizer(learning_rate=1e-3), loss=_SPARSE)
    model.fit(x, trimap, epochs=4, batch_size=t.batch(16), callbacks=t.callbacks, verbose=0)


@healthy(welcome=("class-imbalance",))
def fraud_with_class_weights(t: Trial) -> None:
    """keras.io's credit card fraud: one in a hundred is fraud, class_weight by frequency, batches of 512."""
    n = 6000
    y = (t.rng.random(n) < 0.01).astype("uint8")[:, None]
    x = t.rng.normal(size=(n, 20)) + 1.5 * y
    x[:, 0] = np.exp(x[:, 0])
    x = ((x - x.mean(axis=0)) / x.std(axis=0)).astype("float32")
    count = np.bincount(y[:, 0])
    model = keras.Sequential(
        [
            layers.Input((20,)),
            layers.Dense(64, "relu"),
            layers.Dense(64, "relu"),
            layers.Dropout(0.3),
            layers.Dense(64, "relu"),
            layers.Dropout(0.3),
            layers.Dense(1, "sigmoid"),
        ]
    )
    model.compile(t.optimizer(learning_rate=1e-2), loss="binary_crossentropy", metrics=[keras.metrics.Recall()])
    model.fit(
        x[:5000],
        y[:5000],
        batch_size=t.batch(512),
        epochs=10,
        validation_data=(x[5000:], y[5000:]),
        class_weight={0: 1 / count[0], 1: 1 / count[1]},
        callbacks=t.callbacks,
        verbose=0,
    )


@healthy()
def heart_disease_features(t: Trial) -> None:
    """keras.io's structured data: strings and integers looked up, numbers normalised, all in the model."""
    n = 900
    age, chol = t.rng.integers(29, 78, n).astype("float32"), t.rng.normal(246, 50, n).astype("float32")
    thal = t.rng.choice(["fixed", "normal", "reversible"], n)
    ca = t.rng.integers(0, 4, n)
    y = ((age - 54) / 9 + (thal == "reversible") * 2 + ca + t.rng.normal(0, 1, n) > 2).astype("int64")
    x = {"age": age, "chol": chol, "thal": thal, "ca": ca}
    inputs = {
        "age": keras.Input((1,), name="age"),
        "chol": keras.Input((1,), name="chol"),
        "thal": keras.Input((1,), name="thal", dtype="string"),
        "ca": keras.Input((1,), name="ca", dtype="int64"),
    }
    encoded = []
    for name in ("age", "chol"):
        norm = layers.Normalization()
        norm.adapt(x[name][:, None])
        encoded.append(norm(inputs[name]))
    thal_lookup = layers.StringLookup(output_mode="multi_hot")
    thal_lookup.adapt(thal)
    ca_lookup = layers.IntegerLookup(output_mode="multi_hot")
    ca_lookup.adapt(ca)
    encoded += [thal_lookup(inputs["thal"]), ca_lookup(inputs["ca"])]
    h = layers.Dropout(0.5)(layers.Dense(32, activation="relu")(layers.concatenate(encoded)))
    model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(h))
    model.compile(t.optimizer(), "binary_crossentropy", metrics=["accuracy"])
    ds = tf.data.Dataset.from_tensor_slices(({k: v[:, None] for k, v in x.items()}, y))
    model.fit(ds.shuffle(n, seed=t.seed).batch(t.batch(32)), epochs=12, callbacks=t.callbacks, verbose=0)


@healthy()
def engine_noise_series(t: Trial) -> None:
    """keras.io's time series classification: z-scored series, Conv1D, BatchNormalization, ReduceLROnPlateau."""
    x, _ = data.waves(t.rng, 600)
    kind = t.rng.integers(0, 2, 600)
    x = x + 0.6 * kind[:, None, None] * np.sign(np.sin(np.arange(40) * 1.3))[None, :, None]
    x = ((x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True)).astype("float32")
    inputs = h = keras.Input((40, 1))
    for _ in range(3):
        h = layers.ReLU()(layers.BatchNormalization()(layers.Conv1D(24, 3, padding="same")(h)))
    model = keras.Model(inputs, layers.Dense(2, activation="softmax")(layers.GlobalAveragePooling1D()(h)))
    model.compile(t.optimizer(), loss=_SPARSE)
    model.fit(
        x,
        kind,
        batch_size=t.batch(32),
        epochs=24,
        validation_split=0.2,
        verbose=0,
        callbacks=[*t.callbacks, keras.callbacks.ReduceLROnPlateau(patience=2, factor=0.5)],
    )


@healthy()
def one_row_at_a_time(t: Trial) -> None:
    """Online learning: batches of one row, SGD."""
    x, y = data.iris(t.rng)
    x = data.standardise(x)
    model = keras.Sequential([layers.Input((4,)), layers.Dense(16, "relu"), layers.Dense(3, "softmax")])
    model.compile(t.optimizer("sgd", 0.01), loss=_SPARSE, metrics=["accuracy"])
    model.fit(x, y, batch_size=1, epochs=6, callbacks=t.callbacks, verbose=0)


@healthy()
def very_large_batches(t: Trial) -> None:
    """Five steps an epoch, 4,000 rows each, Adam(0.01)."""
    x, y = data.blobs(t.rng, 20_000)
    model = keras.Sequential([layers.Input((10,)), layers.Dense(32, "gelu"), layers.Dense(3)])
    model.compile(t.optimizer(learning_rate=1e-2), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(x, y, batch_size=t.batch(4000), epochs=10, callbacks=t.callbacks, verbose=0)


@healthy()
def mixture_density(t: Trial) -> None:
    """A negative log-likelihood of the user's own: the loss goes below 0, as densities may be above 1."""
    x = t.rng.uniform(-1, 1, (1500, 1)).astype("float32")
    y = (0.5 * np.sin(4 * x) + t.rng.normal(0, 0.05, x.shape)).astype("float32")

    def negative_log_likelihood(y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
        mean, log_std = y_pred[:, :1], y_pred[:, 1:]
        return 0.5 * ((y_true - mean) / ops.exp(log_std)) ** 2 + log_std

    model = keras.Sequential([layers.Input((1,)), layers.Dense(48, "tanh"), layers.Dense(48, "tanh"), layers.Dense(2)])
    model.compile(t.optimizer(learning_rate=3e-3), loss=negative_log_likelihood)
    model.fit(x, y, epochs=12, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@healthy()
def coordinates_to_colours(t: Trial) -> None:
    """An implicit image: (row, column) in -1..1 to a colour, sines as activations."""
    image, _ = data.textures(t.rng, 1)
    grid = np.stack(np.meshgrid(*[np.linspace(-1, 1, 32)] * 2, indexing="ij"), -1).reshape(-1, 2).astype("float32")
    colours = image[0].reshape(-1, 3).astype("float32") / 255

    def siren(units: int, first: bool = False) -> layers.Layer:
        limit = 1 / 2 if first else float(np.sqrt(6 / 64) / 15)
        return layers.Dense(
            units,
            activation=lambda v: ops.sin(15 * v),
            kernel_initializer=keras.initializers.RandomUniform(-limit, limit),
        )

    model = keras.Sequential([layers.Input((2,)), siren(64, True), siren(64), siren(64), layers.Dense(3)])
    model.compile(t.optimizer(learning_rate=1e-3), loss="mse")
    model.fit(grid, colours, epochs=12, batch_size=t.batch(128), callbacks=t.callbacks, verbose=0)


class TwoTowers(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.user, self.item = layers.Embedding(200, 16), layers.Embedding(300, 16)
        self.loss_fn = keras.losses.CategoricalCrossentropy(from_logits=True)
        self.tracker = keras.metrics.Mean(name="loss")

    def train_step(self, batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        with tf.GradientTape() as tape:
            scores = ops.matmul(self.user(batch["user"]), ops.transpose(self.item(batch["item"])))
            loss = self.loss_fn(tf.eye(tf.shape(scores)[0]), scores)
        self.optimizer.apply_gradients(
            zip(tape.gradient(loss, self.trainable_variables), self.trainable_variables, strict=True)
        )
        self.tracker.update_state(loss)
        return {"loss": self.tracker.result()}

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return [self.tracker]


@healthy()
def two_towers(t: Trial) -> None:
    """A retrieval model: user and item embeddings, the other items of the batch as negatives, ids only, no targets."""
    user = t.rng.integers(0, 200, 6000)
    item = (user + t.rng.integers(0, 3, 6000)) % 300
    ds = tf.data.Dataset.from_tensor_slices({"user": user, "item": item}).shuffle(6000, seed=t.seed)
    model = TwoTowers()
    model.compile(optimizer=t.optimizer(learning_rate=0.02))
    model.fit(ds.batch(t.batch(128)), epochs=5, callbacks=t.callbacks, verbose=0)


@healthy()
def skip_grams(t: Trial) -> None:
    """word2vec with negative samples: two embeddings, their dot product, a sigmoid loss on logits."""
    n, vocabulary = 8000, 150
    word = t.rng.integers(0, vocabulary, n)
    near = np.where(
        t.rng.random(n) < 0.9, (word // 10) * 10 + t.rng.integers(0, 10, n), t.rng.integers(0, vocabulary, n)
    )
    other = t.rng.integers(0, vocabulary, (n, 4))
    context = np.concatenate([near[:, None], other], axis=1)
    label = np.tile(np.array([1, 0, 0, 0, 0], "float32"), (n, 1))
    target, around = keras.Input((1,), dtype="int32"), keras.Input((5,), dtype="int32")
    e = layers.Embedding(vocabulary, 16, name="w2v")(target)
    c = layers.Embedding(vocabulary, 16)(around)
    score = layers.Flatten()(layers.Dot(axes=2)([e, c]))
    model = keras.Model([target, around], score)
    model.compile(t.optimizer(learning_rate=5e-3), loss=keras.losses.BinaryCrossentropy(from_logits=True))
    model.fit([word[:, None], context], label, batch_size=t.batch(64), epochs=4, callbacks=t.callbacks, verbose=0)


@healthy()
def raw_pixels_into_layer_norm(t: Trial) -> None:
    """0..255 into LayerNormalization over each image."""
    x, y = data.mnist(t.rng, 1500)
    model = keras.Sequential(
        [
            layers.Input((28, 28)),
            layers.Flatten(),
            layers.LayerNormalization(),
            layers.Dense(64, "relu"),
            layers.Dense(10, "softmax"),
        ]
    )
    model.compile(t.optimizer(), loss=_SPARSE)
    model.fit(x.astype("float32"), y, epochs=3, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@healthy()
def vision_schedule_with_warm_up(t: Trial) -> None:
    """An MLP mixer with AdamW, a linear warm-up from 0 and cosine decay to 0, label smoothing and clipping by norm."""
    x, y = data.mnist(t.rng, 1600)
    x = x[:, ::2, ::2].astype("float32") / 127.5 - 1
    steps = 1600 // t.batch(32) * 5
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, decay_steps=steps - steps // 5, warmup_target=2e-3, warmup_steps=steps // 5
    )
    inputs = keras.Input((14, 14))
    h = layers.Dense(32)(layers.Reshape((49, 4))(inputs))
    for _ in range(2):
        mixed = layers.Permute((2, 1))(layers.LayerNormalization()(h))
        mixed = layers.Dense(49)(layers.Dense(32, activation="gelu")(mixed))
        h = h + layers.Permute((2, 1))(mixed)
        h = h + layers.Dense(32)(layers.Dense(64, activation="gelu")(layers.LayerNormalization()(h)))
    h = layers.GlobalAveragePooling1D()(layers.LayerNormalization()(h))
    model = keras.Model(inputs, layers.Dense(10)(h))
    model.compile(
        keras.optimizers.AdamW(schedule, weight_decay=0.02, global_clipnorm=1.0),
        keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
        metrics=["accuracy"],
    )
    model.fit(x, keras.utils.to_categorical(y, 10), epochs=5, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@healthy()
def fit_in_a_loop(t: Trial) -> None:
    """Reinforcement-style: fit is called for one epoch over and over, on targets that the model itself provides."""
    model = keras.Sequential([layers.Input((4,)), layers.Dense(24, "relu"), layers.Dense(24, "relu"), layers.Dense(2)])
    model.compile(t.optimizer(learning_rate=1e-3), loss="mse")
    for _ in range(6):
        state = t.rng.normal(0, 0.5, (256, 4)).astype("float32")
        action = t.rng.integers(0, 2, 256)
        reward = (np.sign(state[:, 2]) == np.where(action == 0, -1, 1)).astype("float32")
        target = model.predict(state, verbose=0)
        target[np.arange(256), action] = reward
        model.fit(state, target, epochs=1, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@healthy()
def speech_commands(t: Trial) -> None:
    """TensorFlow's audio tutorial: spectrograms resized and normalised (adapted) inside the model, logits."""
    x, y = data.mels(t.rng, 400)
    x = np.abs(10 ** (x / 20)).astype("float32") * 30  # magnitudes, mostly near 0
    norm = layers.Normalization()
    norm.adapt(x)
    model = keras.Sequential(
        [
            layers.Input((24, 32, 1)),
            layers.Resizing(16, 16),
            norm,
            layers.Conv2D(16, 3, activation="relu"),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(3),
        ]
    )
    model.compile(t.optimizer(), keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    model.fit(x, y, epochs=6, batch_size=t.batch(16), callbacks=t.callbacks, verbose=0)


@healthy()
def half_precision_table(t: Trial) -> None:
    """mixed_float16 on a table, with the output kept in float32."""
    keras.config.set_dtype_policy("mixed_float16")
    x, y = data.regression(t.rng, 2500)
    model = keras.Sequential(
        [
            layers.Input((8,)),
            layers.Dense(64, "relu"),
            layers.Dense(64, "relu"),
            layers.Dense(1, dtype="float32"),
        ]
    )
    model.compile(t.optimizer(learning_rate=2e-3), loss="mse", metrics=["mae"])
    model.fit(x, y, epochs=6, batch_size=t.batch(64), callbacks=t.callbacks, verbose=0)


@healthy()
def ratios_and_logs(t: Trial) -> None:
    """Columns a user made by hand: log-amounts of 4..14, shares of 0..1, hour as sine and cosine, flags."""
    n = 2000
    amount, share = np.log(t.rng.lognormal(9, 1.5, n)), t.rng.beta(2, 5, n)
    hour = t.rng.integers(0, 24, n) / 24 * 2 * np.pi
    flag = (t.rng.random(n) < 0.05).astype(float)
    x = np.stack([amount, share, np.sin(hour), np.cos(hour), flag], axis=1)
    y = ((amount - 9) / 1.5 + 2 * share + flag > 0.6).astype("float32")
    model = keras.Sequential([layers.Input((5,)), layers.Dense(32, "relu"), layers.Dense(16, "relu"), layers.Dense(1)])
    model.compile(t.optimizer(), keras.losses.BinaryCrossentropy(from_logits=True), metrics=["accuracy"])
    model.fit(x, y, epochs=6, batch_size=t.batch(32), validation_split=0.2, callbacks=t.callbacks, verbose=0)


@healthy()
def clipped_lstm_language_model(t: Trial) -> None:
    """A stacked LSTM over words with global_clipnorm and a loss in nats over a 200-word vocabulary."""
    n, length = 600, 16
    step = t.rng.integers(1, 4, (n, 1))
    ids = (t.rng.integers(0, 200, (n, 1)) + step * np.arange(length + 1)) % 200
    model = keras.Sequential(
        [
            layers.Input((length,)),
            layers.Embedding(200, 24),
            layers.LSTM(32, return_sequences=True),
            layers.LSTM(32, return_sequences=True),
            layers.Dense(200),
        ]
    )
    model.compile(
        t.optimizer(learning_rate=5e-3, global_clipnorm=1.0),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    model.fit(ids[:, :-1], ids[:, 1:], epochs=8, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@healthy()
def long_after_convergence(t: Trial) -> None:
    """A small table fitted for far longer than needed; the loss reaches its floor of noise early."""
    x, y = data.regression(t.rng, 300, 4)
    model = keras.Sequential([layers.Input((4,)), layers.Dense(16, "tanh"), layers.Dense(1)])
    y = (np.tanh(x[:, 0]) + 0.1 * t.rng.normal(size=300)).astype("float32")
    model.compile(t.optimizer(learning_rate=5e-3), loss="mse")
    model.fit(x, y, epochs=120, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@healthy()
def thawed_after_head(t: Trial) -> None:
    """Transfer learning in two phases: head first, then everything with a hundredth of the rate, compiled anew."""
    x, y = data.mnist(t.rng, 1500)
    x = x.astype("float32")[..., None] / 255
    base = keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(16, 3, 2, activation="relu"),
            layers.BatchNormalization(),
            layers.Conv2D(32, 3, 2, activation="relu"),
            layers.GlobalAveragePooling2D(),
        ]
    )
    first = keras.Sequential([base, layers.Dense(10, "softmax")])
    first.compile("adam", _SPARSE)
    first.fit(x[:700], y[:700], epochs=4, verbose=0)
    base.trainable = False
    inputs = keras.Input((28, 28, 1))
    model = keras.Model(inputs, layers.Dense(10, "softmax")(layers.Dropout(0.2)(base(inputs, training=False))))
    model.compile(t.optimizer(learning_rate=1e-2), _SPARSE)
    model.fit(x[700:], y[700:], epochs=3, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)
    base.trainable = True
    model.compile(t.optimizer(learning_rate=1e-4), _SPARSE)
    model.fit(x[700:], y[700:], epochs=3, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)
