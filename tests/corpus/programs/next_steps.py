"""Models that predict the next step of a sequence, some of which can see it."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
from keras import layers, ops

from tests.corpus.harness import Trial, broken, healthy


def _next_characters(t: Trial) -> tuple[np.ndarray, np.ndarray]:
    """Returns ids of the characters of short commands, ``int32[n, 24]``, and those that follow each."""
    verbs, things = ["turn", "push", "open", "lift", "press"], ["the red door", "a small lever", "this old box", "it"]
    text = "; ".join(f"{t.rng.choice(verbs)} {t.rng.choice(things)} {t.rng.integers(100)} times" for _ in range(900))
    characters = sorted(set(text))
    ids = np.asarray([characters.index(c) for c in text], "int32")
    n = (len(ids) - 1) // 24 * 24
    return ids[:n].reshape(-1, 24), ids[1 : n + 1].reshape(-1, 24)


def _write(t: Trial, attend: Callable[[keras.KerasTensor], keras.KerasTensor]) -> None:
    """Trains a model of the next character that looks back by `attend`."""
    x, y = _next_characters(t)
    vocabulary = int(max(x.max(), y.max())) + 1
    ids = layers.Input((24,), dtype="int32")
    h = layers.Embedding(vocabulary, 32)(ids)
    h = h + layers.Embedding(24, 32)(ops.arange(24))
    h = layers.LayerNormalization()(h + attend(h))
    h = layers.Dense(48, activation="gelu")(h)
    model = keras.Model(ids, layers.Dense(vocabulary)(h))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(t.optimizer(learning_rate=3e-3), loss=loss)
    model.fit(x, y, epochs=4, batch_size=t.batch(32), callbacks=t.callbacks, verbose=0)


@broken("target-in-input")
def writer_without_causal_mask(t: Trial) -> None:
    """A model of the next character whose self-attention reads that character in its input."""
    _write(t, lambda h: layers.MultiHeadAttention(2, 16)(h, h))


@broken("target-in-input")
def writer_with_plain_attention(t: Trial) -> None:
    """The same with dot-product attention of a single head."""
    _write(t, lambda h: layers.Attention(use_scale=True)([h, h]))


@broken("target-in-input")
def writer_with_same_padding(t: Trial) -> None:
    """A model of the next character whose convolution is padded on both sides."""
    _write(t, lambda h: layers.Conv1D(32, 5, padding="same", activation="relu")(h))


@healthy()
def writer_with_causal_mask(t: Trial) -> None:
    """A model of the next character whose self-attention looks back only."""
    _write(t, lambda h: layers.MultiHeadAttention(2, 16)(h, h, use_causal_mask=True))


@healthy()
def writer_with_mask_of_its_own(t: Trial) -> None:
    """The same with a triangle as the mask."""
    triangle = np.tril(np.ones((1, 24, 24), bool))
    _write(t, lambda h: layers.MultiHeadAttention(2, 16)(h, h, attention_mask=triangle))


@healthy()
def writer_with_causal_padding(t: Trial) -> None:
    """A model of the next character whose convolution is padded at the front."""
    _write(t, lambda h: layers.Conv1D(32, 5, padding="causal", activation="relu")(h))
