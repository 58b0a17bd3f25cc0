"""Healthy programs on text, time series and sound."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from tests.corpus import data
from tests.corpus.harness import Trial, healthy

_BINARY = "binary_crossentropy"
_SPARSE = "sparse_categorical_crossentropy"


def _fit(
    model: keras.Model,
    t: Trial,
    x: object,
    y: object,
    loss: object = _BINARY,
    epochs: int = 5,
    learning_rate: float = 5e-3,
    **more: object,
) -> None:
    model.compile(t.optimizer(learning_rate=learning_rate), loss=loss)
    model.fit(x, y, epochs=epochs, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0, **more)


@healthy()
def averaged_embeddings(t: Trial) -> None:
    """Embedding, average, sigmoid."""
    x, y = data.reviews(t.rng)
    model = keras.Sequential(
        [layers.Embedding(500, 16), layers.GlobalAveragePooling1D(), layers.Dense(1, activation="sigmoid")]
    )
    _fit(model, t, x, y, epochs=8)


@healthy()
def masked_lstm(t: Trial) -> None:
    """Padding is masked by Embedding(mask_zero=True)."""
    x, y = data.reviews(t.rng)
    model = keras.Sequential(
        [layers.Embedding(500, 16, mask_zero=True), layers.LSTM(16), layers.Dense(1, activation="sigmoid")]
    )
    _fit(model, t, x, y)


@healthy()
def bidirectional_gru(t: Trial) -> None:
    """A bidirectional GRU with logits."""
    x, y = data.reviews(t.rng, 600, 20)
    model = keras.Sequential(
        [layers.Embedding(500, 16), layers.Bidirectional(layers.GRU(8)), layers.Dropout(0.3), layers.Dense(1)]
    )
    _fit(model, t, x, y, keras.losses.BinaryCrossentropy(from_logits=True), 6)


@healthy()
def convolved_text(t: Trial) -> None:
    """Conv1D over embeddings, maximum over time."""
    x, y = data.reviews(t.rng)
    model = keras.Sequential(
        [
            layers.Embedding(500, 16),
            layers.Conv1D(16, 5, activation="relu"),
            layers.GlobalMaxPooling1D(),
            layers.Dense(2, activation="softmax"),
        ]
    )
    _fit(model, t, x, y, _SPARSE)


@healthy()
def strings_into_the_model(t: Trial) -> None:
    """TextVectorization inside the model: the batches are strings."""
    x, y = data.sentences(t.rng)
    vectorize = layers.TextVectorization(max_tokens=100, output_sequence_length=12)
    vectorize.adapt(x.astype(str))
    rows = tf.data.Dataset.from_tensor_slices((x.astype(str), y)).shuffle(600, seed=t.seed).batch(t.batch(32))
    model = keras.Sequential(
        [
            layers.Input((), dtype="string"),
            vectorize,
            layers.Embedding(100, 8),
            layers.GlobalAveragePooling1D(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(t.optimizer(learning_rate=0.01), loss=_BINARY)
    model.fit(rows, epochs=6, callbacks=t.callbacks, verbose=0)


@healthy()
def transformer_with_additive_mask(t: Trial) -> None:
    """Attention written by hand; an input of 0 and -inf hides the padding."""
    x, y = data.reviews(t.rng, 600, 20)
    bias = np.where(x == 0, -np.inf, 0).astype("float32")
    tokens, mask = layers.Input((20,), dtype="int32", name="tokens"), layers.Input((20,), name="mask")
    h = layers.Embedding(500, 16)(tokens)
    scores = ops.matmul(layers.Dense(16)(h), ops.transpose(layers.Dense(16)(h), (0, 2, 1))) / 4
    weights = layers.Softmax()(scores + mask[:, None, :])
    h = layers.LayerNormalization()(h + ops.matmul(weights, layers.Dense(16)(h)))
    model = keras.Model([tokens, mask], layers.Dense(1, activation="sigmoid")(layers.GlobalAveragePooling1D()(h)))
    _fit(model, t, {"tokens": x, "mask": bias}, y, epochs=6)


@healthy()
def character_model(t: Trial) -> None:
    """Next-character prediction: a class id for every position."""
    text = "the quick brown fox jumps over the lazy dog and then sleeps in the warm sun " * 40
    letters = sorted(set(text))
    ids = np.array([letters.index(c) for c in text])
    start = t.rng.integers(0, len(ids) - 33, 640)
    windows = ids[start[:, None] + np.arange(33)]
    model = keras.Sequential(
        [
            layers.Embedding(len(letters), 16),
            layers.GRU(32, return_sequences=True),
            layers.Dense(len(letters)),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    _fit(model, t, windows[:, :-1], windows[:, 1:], loss)


@healthy()
def reversing_sequences(t: Trial) -> None:
    """An encoder and a decoder with teacher forcing: two token inputs."""
    source = t.rng.integers(2, 12, (800, 8))
    target = source[:, ::-1]
    shifted = np.concatenate([np.ones((800, 1), int), target[:, :-1]], axis=1)
    a, b = layers.Input((8,), dtype="int32", name="source"), layers.Input((8,), dtype="int32", name="shifted")
    _, state = layers.GRU(48, return_state=True)(layers.Embedding(12, 16)(a))
    h = layers.GRU(48, return_sequences=True)(layers.Embedding(12, 16)(b), initial_state=state)
    model = keras.Model({"source": a, "shifted": b}, layers.Dense(12, activation="softmax")(h))
    _fit(model, t, {"source": source, "shifted": shifted}, target, _SPARSE, 8)


@healthy()
def tagging_with_position_weights(t: Trial) -> None:
    """A tag for every word; sample weights of 0 where there is padding."""
    x, _ = data.reviews(t.rng, 600, 20)
    y = np.where(x < 20, 1, np.where(x < 40, 2, 0)) * (x > 0)
    model = keras.Sequential(
        [layers.Embedding(500, 16), layers.Conv1D(16, 3, padding="same", activation="relu"), layers.Dense(3, "softmax")]
    )
    _fit(model, t, x, y, _SPARSE, sample_weight=(x > 0).astype("float32"))


@healthy()
def tfidf_rows(t: Trial) -> None:
    """TF-IDF weights: small, sparse, never negative."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts, y = data.sentences(t.rng)
    x = TfidfVectorizer().fit_transform(texts).toarray().astype("float32")
    model = keras.Sequential([layers.Dense(16, activation="relu"), layers.Dense(1, activation="sigmoid")])
    _fit(model, t, x, y, epochs=6)


@healthy()
def forecast_with_lstm(t: Trial) -> None:
    """The next value of a sine of unit size."""
    x, y = data.waves(t.rng)
    model = keras.Sequential([layers.Input((40, 1)), layers.LSTM(16), layers.Dense(1)])
    _fit(model, t, x, y, "mse", 6)


@healthy()
def several_steps_ahead(t: Trial) -> None:
    """Eight values ahead at once, from two layers of GRU."""
    x, _ = data.waves(t.rng)
    model = keras.Sequential(
        [layers.Input((32, 1)), layers.GRU(16, return_sequences=True), layers.GRU(16), layers.Dense(8)]
    )
    _fit(model, t, x[:, :32], x[:, 32:, 0], "mae", 6)


@healthy()
def dilated_convolutions(t: Trial) -> None:
    """Causal convolutions with growing dilation; a value for every step."""
    x, _ = data.waves(t.rng)
    model = keras.Sequential([layers.Input((39, 1))])
    for dilation in (1, 2, 4):
        model.add(layers.Conv1D(12, 3, padding="causal", dilation_rate=dilation, activation="relu"))
    model.add(layers.Conv1D(1, 1))
    _fit(model, t, x[:, :-1], x[:, 1:], "mse")


@healthy()
def sensors_batchnorm_first(t: Trial) -> None:
    """Accelerations with a spread of 10 into BatchNormalization."""
    x, y = data.motions(t.rng)
    model = keras.Sequential(
        [
            layers.Input((48, 3)),
            layers.BatchNormalization(),
            layers.Conv1D(16, 7, activation="relu"),
            layers.GlobalAveragePooling1D(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    _fit(model, t, x, y, _SPARSE)


@healthy()
def log_mels_batchnorm_first(t: Trial) -> None:
    """Log-mel spectrograms of -80..0 dB into BatchNormalization and convolutions."""
    x, y = data.mels(t.rng)
    model = keras.Sequential(
        [
            layers.Input((24, 32, 1)),
            layers.BatchNormalization(),
            layers.Conv2D(8, 3, strides=2, activation="relu"),
            layers.Conv2D(16, 3, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    _fit(model, t, x, y, _SPARSE, 4, 1e-3)


@healthy()
def raw_waveforms(t: Trial) -> None:
    """Sound of -1..1, 800 samples, strided convolutions."""
    y = t.rng.integers(0, 2, 400)
    pace = np.where(y, 0.35, 0.1)[:, None]
    x = 0.5 * np.sin(pace * np.arange(800) + t.rng.uniform(0, 6.3, (400, 1))) + t.rng.normal(0, 0.1, (400, 800))
    model = keras.Sequential(
        [
            layers.Input((800, 1)),
            layers.Conv1D(8, 32, strides=8, activation="relu"),
            layers.Conv1D(16, 8, strides=4, activation="relu"),
            layers.GlobalAveragePooling1D(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    _fit(model, t, x[..., None].astype("float32"), y)


@healthy()
def ragged_series_masked(t: Trial) -> None:
    """Series of different lengths, padded with 0 at the end and masked."""
    x, y = data.motions(t.rng)
    x = x / 12
    x[np.arange(48)[None] >= t.rng.integers(24, 49, len(x))[:, None]] = 0
    model = keras.Sequential(
        [layers.Input((48, 3)), layers.Masking(0.0), layers.GRU(16), layers.Dense(3, activation="softmax")]
    )
    _fit(model, t, x, y, _SPARSE, 8)


@healthy()
def stateful_recurrence(t: Trial) -> None:
    """A stateful LSTM over one long series, unshuffled, one batch after the other."""
    series = np.sin(np.arange(8 * 60 * 10 + 1) * 0.2).astype("float32")
    x = series[:-1].reshape(8, 60, 10, 1).transpose(1, 0, 2, 3).reshape(480, 10, 1)
    y = series[1:].reshape(8, 60, 10)[:, :, -1].T.reshape(480, 1)
    model = keras.Sequential([layers.Input(batch_shape=(8, 10, 1)), layers.LSTM(12, stateful=True), layers.Dense(1)])
    model.compile(t.optimizer(learning_rate=5e-3), loss="mse")
    model.fit(x, y, epochs=4, batch_size=8, shuffle=False, callbacks=t.callbacks, verbose=0)


@healthy()
def anomalies_by_reconstruction(t: Trial) -> None:
    """A recurrent autoencoder: the target is the input."""
    x, _ = data.waves(t.rng)
    x = x[:, :24]
    model = keras.Sequential(
        [
            layers.Input((24, 1)),
            layers.LSTM(12),
            layers.RepeatVector(24),
            layers.LSTM(12, return_sequences=True),
            layers.TimeDistributed(layers.Dense(1)),
        ]
    )
    _fit(model, t, x, x, "mse", 8)
