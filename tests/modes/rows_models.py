"""Kinds of models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import layers as L

from tests.modes.models import (
    BATCH,
    STEPS,
    N,
    compiled,
    convolutional,
    fit_pictures,
    fit_table,
    pictures,
    table_batches,
)
from tests.modes.rows import EVERYTHING, NOT_TORCH, Row, Seen, dense, labels, split

GROUP = "Models"


def unbuilt() -> Any:
    return compiled(keras.Sequential([L.Dense(4, activation="tanh", name="a"), L.Dense(1, name="b")]), optimizer="adam")


def shared() -> Any:
    """One layer called twice, and a model inside a model."""
    layer = L.Dense(3, activation="relu", name="shared")
    inner = keras.Sequential(
        [L.Input((3,)), L.Dense(3, name="inside"), L.BatchNormalization(name="norm")], name="inner"
    )
    x = L.Input((3,), name="x")
    return compiled(keras.Model(x, L.Dense(1, name="top")(inner(layer(layer(x))))))


def _calls(seen: Seen) -> None:
    layers = seen.layouts[seen.samples()[0].layout].layers
    assert "shared" in layers
    assert "shared#2" in layers
    assert "inner/inside" in layers


def frozen() -> Any:
    return compiled(
        keras.Sequential([L.Input((3,)), L.Dense(4, name="fixed", trainable=False), L.Dense(1, name="top")])
    )


def _only_top(seen: Seen) -> None:
    assert seen.layouts[seen.samples()[0].layout].weights == ("top/kernel", "top/bias")


def nothing_to_train() -> Any:
    model = keras.Sequential([L.Input((3,)), L.Dense(1, name="fixed", trainable=False)])
    return compiled(model)


def lora() -> Any:
    model = keras.Sequential([L.Input((3,)), L.Dense(4, name="a"), L.Dense(1, name="b")])
    model.layers[0].enable_lora(2)
    return compiled(model)


def _lora(seen: Seen) -> None:
    names = {w.split("/")[-1] for w in seen.layouts[seen.samples()[0].layout].weights if w.startswith("a/")}
    assert {"lora_kernel_a", "lora_kernel_b"} <= names
    assert "kernel" not in names


def recurrent() -> Any:
    words = L.Input((6,), dtype="int32", name="words")
    h = L.Embedding(20, 4, mask_zero=True, name="embedding")(words)
    h = L.Bidirectional(L.LSTM(3, return_sequences=True), name="both")(h)
    return compiled(
        keras.Model(words, L.Dense(1, activation="sigmoid", name="top")(L.GRU(3, name="gru")(h))), "mse", "rmsprop"
    )


def attention() -> Any:
    words = L.Input((6,), dtype="int32", name="words")
    h = L.Embedding(20, 4, name="embedding")(words)
    h = L.LayerNormalization(name="norm")(h + L.MultiHeadAttention(2, 2, dropout=0.1, name="attention")(h, h))
    return compiled(keras.Model(words, L.Dense(1, name="top")(L.GlobalAveragePooling1D()(h))), "mse", "adam")


def _words() -> dict[str, np.ndarray]:
    return {"input:words": labels(N * 6, 20).reshape(N, 6).astype(np.int32), "target:y": dense((N, 1))}


def _fit_words(model: Any, callbacks: list[Any]) -> Mapping[str, Any]:
    return _fit(_words(), model, callbacks)


def _fit(data: dict[str, np.ndarray], model: Any, callbacks: list[Any]) -> Mapping[str, Any]:
    x, y = data.values()
    return dict(model.fit(x, y, batch_size=BATCH, shuffle=False, verbose=0, callbacks=callbacks).history)


def _films() -> dict[str, np.ndarray]:
    return {"input:x": dense((8, 3, 5, 5, 1)), "target:y": dense((8, 1))}


def films() -> Any:
    return compiled(
        keras.Sequential([L.Input((3, 5, 5, 1)), L.ConvLSTM2D(2, 3, name="film"), L.Flatten(), L.Dense(1, name="top")])
    )


def _photos() -> dict[str, np.ndarray]:
    return {"input:x": dense((6, 32, 32, 3)), "target:y": labels(6, 3)}


def mobilenet() -> Any:
    model = keras.applications.MobileNet(input_shape=(32, 32, 3), alpha=0.25, weights=None, classes=3)
    return compiled(model, "sparse_categorical_crossentropy", "sgd")


def branches(**settings: Any) -> Any:
    """Returns a model in which the graph optimizer reorders sums and products, if nobody reads their middle."""
    x = L.Input((3,))
    a, b, c, d = (L.Dense(3, name=name)(x) for name in "abcd")
    y = L.Add()([a, L.Dense(3, activation="relu")(x), L.Dense(3)(x), L.Dropout(0.1)(b)])
    y = L.Rescaling(0.37)(L.Rescaling(0.3, offset=0.1)(L.Add()([y, c, x])))
    y = L.Multiply()([L.Rescaling(0.77)(y), d, L.Rescaling(1.9)(d)])
    y = L.Average()([L.BatchNormalization()(y), a, c])
    e, f, g = (L.Dense(3, name=name)(y) for name in "efg")
    y = L.Add()([L.LayerNormalization()(L.Add()([e, f, g])), e, f])
    y = L.Reshape((3, 1))(y)
    y = L.EinsumDense("abc,cd->abd", (3, 4), bias_axes="d")(y)
    y = L.Add()([y, L.EinsumDense("abc,cd->abd", (3, 4), bias_axes="d")(y)])
    return compiled(keras.Model(x, L.Dense(1, name="top")(L.Flatten()(y))), **settings)


def normalized() -> Any:
    scale = L.Normalization(name="scale")
    scale.adapt(np.float32([[0, 10, 20], [2, 30, 60]]))
    return compiled(keras.Sequential([L.Input((3,)), scale, L.GaussianNoise(0.1), L.Dense(1, name="top")]))


def _scaled(seen: Seen) -> None:
    sample = seen.samples()[0]
    layout = seen.layouts[sample.layout]
    fed, entry = next(sample.views(layout, "input", "fed")), next(sample.views(layout, "input", "entry"))
    assert entry.layout.layer == "top"
    assert abs(fed.mean - entry.mean) > 0.1


def _table_row(row_id: str, mode: str, build: Any, **more: Any) -> Row:
    settings: dict[str, Any] = {"batches": table_batches, "steps": STEPS, **more}
    return Row(row_id, GROUP, mode, build, fit_table, **settings)


ROWS = [
    _table_row("unbuilt", "Sequential, Functional, subclassed, not built yet", unbuilt),
    _table_row("shared", "Shared layers, nested models", shared, expect=_calls),
    _table_row("frozen", "Frozen layers, LoRA", frozen, expect=_only_top),
    _table_row("lora", "", lora, expect=_lora),
    _table_row("nothing-to-train", "No trainable weights", nothing_to_train, sees=EVERYTHING - {"gradients"}),
    _table_row(
        "normalization", "Preprocessing layers in front: the data before and after them", normalized, expect=_scaled
    ),
    Row(
        "convolutions",
        GROUP,
        "Convolutions, BatchNormalization, Dropout",
        convolutional,
        fit_pictures,
        lambda: split(pictures(), BATCH),
        steps=STEPS,
    ),
    Row(
        "recurrent",
        GROUP,
        "Embedding, LSTM, GRU, Bidirectional, ConvLSTM",
        recurrent,
        _fit_words,
        lambda: split(_words(), BATCH),
        steps=STEPS,
        note="a recurrent layer as a whole, not its time steps",
    ),
    Row("convlstm", GROUP, "", films, lambda m, c: _fit(_films(), m, c), lambda: split(_films(), BATCH), steps=2),
    Row(
        "attention",
        GROUP,
        "Attention, LayerNormalization",
        attention,
        _fit_words,
        lambda: split(_words(), BATCH),
        steps=STEPS,
    ),
    Row(
        "mobilenet",
        GROUP,
        "`keras.applications`: MobileNet",
        mobilenet,
        lambda m, c: _fit(_photos(), m, c),
        lambda: split(_photos(), BATCH),
        steps=2,
        on=("tensorflow", "torch"),
        note="JAX: not among the tests, because compiling it takes a minute; the test passed when it was run by hand",
    ),
    _table_row(
        "branches",
        "sums, products and averages of branches, skip connections",
        branches,
        every=1,
        note="an activation is left out where reading it could change the order of a sum of three or more terms",
    ),
    _table_row("branches-jit", "", lambda: branches(jit_compile=True), every=1, on=NOT_TORCH),
]
