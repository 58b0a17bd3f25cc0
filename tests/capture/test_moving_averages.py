"""A probed step tells how far moving averages are from the batch, in all ways to run it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers as L

from tb_inputdiag import InputDiagnostics, read
from tb_inputdiag.records import Sample
from tb_inputdiag.statistics import moving_averages
from tests.modes.harness import fresh

COLUMNS = ("moving_mean_shift", "moving_std_factor")
WAYS = {"graph": {"jit_compile": False}, "XLA": {"jit_compile": True}, "eager": {"run_eagerly": True}}


class Inference(L.Layer):
    """Normalizes by the averages in training, too."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.norm = L.BatchNormalization(name="norm")

    def call(self, x: Any) -> Any:
        return self.norm(x, training=False)


def trained(folder: Path, model: keras.Model, x: np.ndarray, steps: int = 1, **how: Any) -> dict[str, dict[str, float]]:
    """Returns layer -> what the last sample says of its averages."""
    model.compile("sgd", "mse", **how)
    model.fit(x, np.zeros((len(x), 1)), batch_size=len(x), epochs=steps, verbose=0, callbacks=[recorder(folder)])
    session = read(folder).run.session
    sample = [record for record in session.records() if isinstance(record, Sample)][-1]
    assert sample.layers is not None
    rows = session.layouts[sample.layout].layers
    return {name: {c: float(getattr(sample.layers, c)[i]) for c in COLUMNS} for i, name in enumerate(rows)}


def recorder(folder: Path) -> InputDiagnostics:
    return InputDiagnostics(folder, every=1, verbose=0)


@pytest.mark.parametrize("how", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("width", [3, 100])
def test_averages_are_compared_with_the_batch(tmp_path: Path, how: dict[str, Any], width: int) -> None:
    fresh()
    x = np.random.default_rng(0).normal(3, 2, (64, width)).astype("float32")
    norm = L.BatchNormalization(momentum=0.8, name="norm")
    model = keras.Sequential([L.Input((width,)), norm, L.Dense(1, name="dense")])
    found = trained(tmp_path, model, x, steps=3, **how)
    expected = moving_averages.reference(x, np.asarray(norm.moving_mean), np.asarray(norm.moving_variance))
    assert found["norm"] == pytest.approx(expected, rel=1e-3)
    assert found["norm"]["moving_mean_shift"] > 0.5
    assert np.isnan(list(found["dense"].values())).all()


@pytest.mark.parametrize("how", WAYS.values(), ids=WAYS)
def test_a_layer_that_is_called_twice_moves_twice(tmp_path: Path, how: dict[str, Any]) -> None:
    fresh()
    x = np.random.default_rng(0).normal(3, 2, (64, 3)).astype("float32")
    norm, inputs = L.BatchNormalization(momentum=0.8, name="norm"), L.Input((3,))
    outputs = L.Dense(1)(L.Add()([norm(inputs), norm(inputs)]))
    found = trained(tmp_path, keras.Model(inputs, outputs), x, **how)
    expected = moving_averages.reference(x, np.asarray(norm.moving_mean), np.asarray(norm.moving_variance))
    rows = [row for name, row in found.items() if name.startswith("norm")]
    assert rows
    assert all(row == pytest.approx(expected, rel=1e-3) for row in rows)


@pytest.mark.parametrize("how", WAYS.values(), ids=WAYS)
def test_averages_that_stay_as_they_are_say_nothing(tmp_path: Path, how: dict[str, Any]) -> None:
    fresh()
    x = np.random.default_rng(0).normal(3, 2, (16, 3)).astype("float32")
    inputs = L.Input((3,))
    frozen = L.BatchNormalization(name="frozen", trainable=False)(inputs)
    found = trained(tmp_path, keras.Model(inputs, L.Dense(1)(Inference(name="inference")(frozen))), x, **how)
    assert np.isnan([*found["frozen"].values(), *found["inference/norm"].values()]).all()
