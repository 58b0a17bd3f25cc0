"""A step of softmax regression, whose every number NumPy can compute by hand, is logged alike on every backend."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers as L

from tb_inputdiag import InputDiagnostics
from tb_inputdiag.capture.backend import backend
from tests.modes.harness import fresh, records_of
from tests.modes.oracle import assert_batch
from tests.modes.rows import Seen

WAYS = ["as usual", *(["reduced by XLA"] if keras.config.backend() == "jax" else [])]
RATE, N, FEATURES, CLASSES = 0.5, 16, 6, 3


@pytest.fixture(autouse=True, params=WAYS)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a CPU, JAX leaves small arrays to NumPy; large ones, and all on a GPU, are reduced by XLA."""
    if request.param == "reduced by XLA":
        monkeypatch.setattr("tb_inputdiag.capture.jax.trace._MOST_RAW_VALUES", 0)


def step(tmp_path: Path) -> tuple[Seen, dict[str, np.ndarray]]:
    """Trains for one step of SGD; returns what was logged, and the numbers that went in."""
    fresh()
    draw = np.random.default_rng(0)
    x = draw.normal(2, 1, (N, FEATURES)).astype(np.float32)
    y = draw.integers(0, CLASSES, N)
    kernel, bias = draw.normal(size=(FEATURES, CLASSES)).astype(np.float32), np.ones(CLASSES, np.float32)
    model = keras.Sequential([L.Input((FEATURES,)), L.Rescaling(0.5), L.Dense(CLASSES, "softmax", name="top")])
    model.set_weights([kernel, bias])
    model.compile(keras.optimizers.SGD(RATE), "sparse_categorical_crossentropy")
    callback = InputDiagnostics(tmp_path, verbose=0, every=1)
    model.fit(x, y, batch_size=N, verbose=0, shuffle=False, callbacks=[callback])
    seen = Seen(records_of(tmp_path), str(tmp_path), callback, model)
    return seen, {"x": x, "y": y, "kernel": kernel, "bias": bias}


def by_hand(of: dict[str, np.ndarray]) -> dict[str, Any]:
    """Returns prediction, loss and gradients of that step in float64."""
    x = of["x"].astype(np.float64) * 0.5
    scores = x @ of["kernel"] + of["bias"]
    p = np.exp(scores - scores.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    error = (p - np.eye(CLASSES)[of["y"]]) / N
    loss = -np.log(p[np.arange(N), of["y"]]).mean()
    return {"x": x, "p": p, "loss": loss, "kernel": x.T @ error, "bias": error.sum(0)}


def test_the_batch_is_described_as_numpy_describes_it(tmp_path: Path) -> None:
    seen, of = step(tmp_path)
    sample = seen.samples()[0]
    assert_batch(sample, seen.layouts[sample.layout], {"input:x": of["x"], "target:y": of["y"]})


def test_what_the_first_layer_reads_and_what_it_predicts(tmp_path: Path) -> None:
    seen, of = step(tmp_path)
    expected, sample = by_hand(of), seen.samples()[0]
    layout = seen.layouts[sample.layout]
    (entry,) = sample.views(layout, stage="entry")
    (prediction,) = sample.views(layout, "prediction")
    assert (entry.layout.layer, entry.layout.sources, entry.layout.same_as_fed) == ("top", ("x",), False)
    for view, values in ((entry, expected["x"]), (prediction, expected["p"])):
        np.testing.assert_allclose([view.mean, view.std], [values.mean(), values.std()], rtol=1e-5)
        np.testing.assert_allclose([view.min, view.max], [values.min(), values.max()], rtol=1e-5)
        assert view.layout.shape is not None
        assert view.layout.shape[1:] == values.shape[1:]


def test_loss_gradients_and_updates(tmp_path: Path) -> None:
    seen, of = step(tmp_path)
    expected, sample = by_hand(of), seen.samples()[0]
    table = sample.weights
    assert table is not None
    assert seen.layouts[sample.layout].weights == ("top/kernel", "top/bias")
    norms = np.asarray([np.linalg.norm(expected[name]) for name in ("kernel", "bias")])
    sizes = np.asarray([np.linalg.norm(of[name]) for name in ("kernel", "bias")])
    np.testing.assert_allclose(sample.loss, expected["loss"], rtol=1e-5)
    np.testing.assert_allclose(sample.learning_rate, RATE)
    np.testing.assert_allclose(table.gradient_norm, norms, rtol=1e-4)
    np.testing.assert_allclose(table.gradient_max_abs[0], abs(expected["kernel"]).max(), rtol=1e-4)
    np.testing.assert_allclose(table.weight_norm, sizes, rtol=1e-5)
    np.testing.assert_allclose(table.update_ratio, RATE * norms / sizes, rtol=1e-3)


def test_layers(tmp_path: Path) -> None:
    seen, of = step(tmp_path)
    expected, sample = by_hand(of), seen.samples()[0]
    layout = seen.layouts[sample.layout]
    assert layout.layers == ("rescaling", "top")
    assert sample.layers is not None
    np.testing.assert_allclose(sample.layers.mean, [expected["x"].mean(), 1 / CLASSES], rtol=1e-5)
    np.testing.assert_allclose(sample.layers.std, [expected["x"].std(), expected["p"].std()], rtol=1e-4)


def test_the_log_names_the_backend(tmp_path: Path) -> None:
    seen, _ = step(tmp_path)
    versions = seen.records[0].versions
    name = keras.config.backend()
    assert versions[name] == backend().versions()[name]
    assert {"tensorflow", "jax", "torch"} & set(versions) == {name}
