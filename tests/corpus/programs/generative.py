"""Healthy programs that learn representations or make things: losses of their own, training steps of their own."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from tests.corpus import data
from tests.corpus.harness import Trial, healthy


def _pixels(t: Trial, n: int = 1500) -> np.ndarray:
    x, _ = data.mnist(t.rng, n)
    return x.reshape(-1, 784).astype("float32") / 255


@healthy()
def dense_autoencoder(t: Trial) -> None:
    """Pixels of 0..1 through 32 units and back, sigmoid and binary cross-entropy."""
    x = _pixels(t)
    model = keras.Sequential(
        [layers.Input((784,)), layers.Dense(32, activation="relu"), layers.Dense(784, activation="sigmoid")]
    )
    model.compile(t.optimizer(), loss="binary_crossentropy")
    model.fit(x, x, epochs=6, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@healthy()
def denoising_autoencoder(t: Trial) -> None:
    """Noisy images in, clean ones out, convolutions and their transposes."""
    x = _pixels(t, 800).reshape(-1, 28, 28, 1)
    noisy = (x + t.rng.normal(0, 0.3, x.shape)).clip(0, 1).astype("float32")
    model = keras.Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(8, 3, strides=2, padding="same", activation="relu"),
            layers.Conv2DTranspose(8, 3, strides=2, padding="same", activation="relu"),
            layers.Conv2D(1, 3, padding="same", activation="sigmoid"),
        ]
    )
    model.compile(t.optimizer(learning_rate=3e-3), loss="mse")
    model.fit(noisy, x, epochs=4, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@healthy()
def table_autoencoder(t: Trial) -> None:
    """A linear bottleneck of two units for standardised wines."""
    x = data.standardise(data.wine(t.rng)[0])
    model = keras.Sequential(
        [
            layers.Input((13,)),
            layers.Dense(8, activation="tanh"),
            layers.Dense(2),
            layers.Dense(8, activation="tanh"),
            layers.Dense(13),
        ]
    )
    model.compile(t.optimizer(learning_rate=0.01), loss="mse")
    model.fit(x, x, epochs=15, batch_size=t.batch(16), callbacks=t.callbacks, verbose=0)


class Sampling(layers.Layer):
    """Draws from the posterior, and adds its divergence from the prior to the loss."""

    def __init__(self) -> None:
        super().__init__()
        self.seeds = keras.random.SeedGenerator(0)

    def call(self, inputs: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        mean, log_var = inputs
        self.add_loss(-0.5 * ops.mean(1 + log_var - ops.square(mean) - ops.exp(log_var)) * 8 / 784)
        return mean + ops.exp(0.5 * log_var) * keras.random.normal(ops.shape(mean), seed=self.seeds)


@healthy()
def variational_autoencoder(t: Trial) -> None:
    """A VAE as a Functional model with add_loss."""
    x = _pixels(t)
    inputs = layers.Input((784,))
    h = layers.Dense(64, activation="relu")(inputs)
    z = Sampling()([layers.Dense(8)(h), layers.Dense(8)(h)])
    outputs = layers.Dense(784, activation="sigmoid")(layers.Dense(64, activation="relu")(z))
    model = keras.Model(inputs, outputs)
    model.compile(t.optimizer(), loss="binary_crossentropy")
    model.fit(x, x, epochs=6, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


class Gan(keras.Model):
    """The GAN of the Keras guide: two optimizers, a train_step of its own."""

    def __init__(self, generator: keras.Model, discriminator: keras.Model) -> None:
        super().__init__()
        self.generator, self.discriminator = generator, discriminator
        self.seeds = keras.random.SeedGenerator(1)

    def compile(self, d_optimizer: keras.optimizers.Optimizer, g_optimizer: keras.optimizers.Optimizer) -> None:
        super().compile(optimizer=d_optimizer)
        self.g_optimizer = g_optimizer
        self.loss_fn = keras.losses.BinaryCrossentropy(from_logits=True)

    def train_step(self, real: tf.Tensor) -> dict[str, tf.Tensor]:
        n = tf.shape(real)[0]
        fake = self.generator(keras.random.normal((n, 8), seed=self.seeds))
        with tf.GradientTape() as tape:
            scores = self.discriminator(tf.concat([fake, real], axis=0))
            d_loss = self.loss_fn(tf.concat([tf.zeros((n, 1)), tf.ones((n, 1))], axis=0), scores)
        weights = self.discriminator.trainable_weights
        self.optimizer.apply_gradients(zip(tape.gradient(d_loss, weights), weights, strict=True))
        with tf.GradientTape() as tape:
            scores = self.discriminator(self.generator(keras.random.normal((n, 8), seed=self.seeds)))
            g_loss = self.loss_fn(tf.ones((n, 1)), scores)
        weights = self.generator.trainable_weights
        self.g_optimizer.apply_gradients(zip(tape.gradient(g_loss, weights), weights, strict=True))
        return {"d_loss": d_loss, "g_loss": g_loss}


@healthy(steady=True)
def adversarial_network(t: Trial) -> None:
    """A GAN on two-dimensional points; neither loss needs to fall."""
    x, _ = data.moons(t.rng, 2000)
    generator = keras.Sequential([layers.Input((8,)), layers.Dense(32, activation="relu"), layers.Dense(2)])
    discriminator = keras.Sequential([layers.Input((2,)), layers.Dense(32), layers.LeakyReLU(0.2), layers.Dense(1)])
    gan = Gan(generator, discriminator)
    gan.compile(t.optimizer(), t.optimizer())
    gan.fit(x, epochs=4, batch_size=t.batch(64), callbacks=t.callbacks, verbose=0)


@healthy()
def siamese_pairs(t: Trial) -> None:
    """Pairs of digits, shared weights, contrastive loss."""
    x, y = data.digits(t.rng)
    x = x / 16
    a, b = t.rng.integers(0, len(x), (2, 1500))
    b[::2] = [t.rng.choice(np.flatnonzero(y == y[i])) for i in a[::2]]
    same = (y[a] == y[b]).astype("float32")
    encoder = keras.Sequential([layers.Input((64,)), layers.Dense(32, activation="relu"), layers.Dense(8)])
    left, right = layers.Input((64,), name="left"), layers.Input((64,), name="right")
    squares = ops.sum(ops.square(encoder(left) - encoder(right)), axis=-1, keepdims=True)
    model = keras.Model([left, right], ops.sqrt(squares + 1e-6))

    def contrastive(y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
        apart = ops.square(ops.maximum(1 - y_pred, 0))
        return ops.mean(y_true * ops.square(y_pred) + (1 - y_true) * apart, axis=-1)

    model.compile(t.optimizer(learning_rate=3e-3), loss=contrastive)
    inputs = {"left": x[a], "right": x[b]}
    model.fit(inputs, same, epochs=6, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


class Contrast(keras.Model):
    """Two noisy views of a row must find each other in the batch (InfoNCE); there is no target."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = keras.Sequential([layers.Dense(32, activation="relu"), layers.Dense(8)])
        self.noise = layers.GaussianNoise(0.1, seed=3)

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        h = self.encoder(self.noise(inputs, training=training))
        return h / (ops.norm(h, axis=-1, keepdims=True) + 1e-6)

    def train_step(self, inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        with tf.GradientTape() as tape:
            a, b = self(inputs, training=True), self(inputs, training=True)
            logits = ops.matmul(a, ops.transpose(b)) / 0.2
            each = keras.losses.sparse_categorical_crossentropy(ops.arange(ops.shape(a)[0]), logits, from_logits=True)
            loss = ops.mean(each)
        weights = self.trainable_weights
        self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return {"loss": loss}


@healthy()
def contrastive_views(t: Trial) -> None:
    """Self-supervised learning with a train_step of its own and no labels."""
    x, _ = data.digits(t.rng)
    model = Contrast()
    model.compile(t.optimizer(learning_rate=3e-3))
    model.fit(x / 16, epochs=5, batch_size=t.batch(64), callbacks=t.callbacks, verbose=0)


class Distiller(keras.Model):
    """A student that learns from a frozen teacher's answers, through compute_loss."""

    def __init__(self, teacher: keras.Model, student: keras.Model) -> None:
        super().__init__()
        teacher.trainable = False
        self.teacher, self.student = teacher, student

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        return self.student(inputs, training=training)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):  # type: ignore[no-untyped-def]  # Keras' signature
        soft = ops.softmax(self.teacher(x, training=False) / 3)
        hard = keras.losses.sparse_categorical_crossentropy(y, y_pred, from_logits=True)
        return ops.mean(hard + keras.losses.kl_divergence(soft, ops.softmax(y_pred / 3)))


@healthy()
def distillation(t: Trial) -> None:
    """Half of the model is frozen on purpose: the teacher."""
    x, y = data.digits(t.rng)
    x = x / 16
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    teacher = keras.Sequential([layers.Input((64,)), layers.Dense(64, activation="relu"), layers.Dense(10)])
    teacher.compile(keras.optimizers.Adam(5e-3), loss=loss)
    teacher.fit(x, y, epochs=3, verbose=0)
    student = keras.Sequential([layers.Input((64,)), layers.Dense(16, activation="relu"), layers.Dense(10)])
    model = Distiller(teacher, student)
    model.compile(t.optimizer(learning_rate=3e-3))
    model.fit(x, y, epochs=6, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@healthy()
def upscaling(t: Trial) -> None:
    """Super-resolution: a residual on the enlarged image, mean absolute error."""
    x, _ = data.textures(t.rng, 200)
    x = x / np.float32(255)
    small = x.reshape(200, 16, 2, 16, 2, 3).mean(axis=(2, 4))
    inputs = layers.Input((16, 16, 3))
    large = layers.UpSampling2D(interpolation="bilinear")(inputs)
    detail = layers.Conv2D(16, 5, padding="same", activation="relu")(large)
    model = keras.Model(inputs, layers.Add()([large, layers.Conv2D(3, 3, padding="same")(detail)]))
    model.compile(t.optimizer(learning_rate=3e-3), loss="mae")
    model.fit(small, x, epochs=5, batch_size=t.batch(16), callbacks=t.callbacks, verbose=0)
