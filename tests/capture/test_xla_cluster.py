"""A step that XLA compiles is measured from outside: the records are those of the same step without XLA."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers as L

from tb_inputdiag import InputDiagnostics
from tb_inputdiag.capture.tensorflow import xla_cluster
from tb_inputdiag.console import InputDiagWarning
from tests.modes.harness import assert_same_history, assert_same_weights, fresh, records_of, weights_of
from tests.modes.rows import Seen

BATCH = 8


class Normalized(keras.Model):
    """Changes its input before it is read, and makes a variable when it is first called."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = L.Dense(6, activation="relu")
        self.out = L.Dense(3, activation="softmax")

    def call(self, x: Any) -> Any:
        return self.out(self.hidden(x / 255.0))


def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (4 * BATCH, 5)).astype(np.float32), rng.integers(0, 3, 4 * BATCH)


def train(jit: bool, log_dir: Path | None, model: Any = None, **settings: Any) -> tuple[Any, Any]:
    fresh()
    model = Normalized() if model is None else model()
    settings = {"optimizer": "adam", "loss": "sparse_categorical_crossentropy", **settings}
    model.compile(**settings, jit_compile=jit)
    callbacks = [] if log_dir is None else [InputDiagnostics(log_dir, every=1, verbose=0)]
    with warnings.catch_warnings():
        warnings.simplefilter("error", InputDiagWarning)
        history = model.fit(*data(), batch_size=BATCH, shuffle=False, epochs=2, verbose=0, callbacks=callbacks).history
    return model, history


def samples(log_dir: Path) -> list[Any]:
    return Seen(records_of(log_dir), str(log_dir), None, None, ()).samples()


def assert_alike(a: Any, b: Any) -> None:
    for table in ("tensors", "weights", "layers"):
        for name in (of_a := getattr(a, table)).__slots__:
            np.testing.assert_allclose(
                getattr(of_a, name), getattr(getattr(b, table), name), rtol=1e-4, atol=1e-6, err_msg=f"{table}.{name}"
            )
    assert a.loss == pytest.approx(b.loss, rel=1e-5)
    assert a.learning_rate == b.learning_rate


@pytest.mark.parametrize("gradient_elements", [xla_cluster.GRADIENT_ELEMENTS, 4])
@pytest.mark.parametrize("settings", [{}, {"optimizer": keras.optimizers.SGD, "clipnorm": 0.01}])
def test_records_are_those_of_the_step_without_xla(
    tmp_path: Path, monkeypatch: Any, gradient_elements: int, settings: dict[str, Any]
) -> None:
    monkeypatch.setattr(xla_cluster, "GRADIENT_ELEMENTS", gradient_elements)

    def optimizer() -> dict[str, Any]:
        return {"optimizer": settings["optimizer"](0.1, clipnorm=settings["clipnorm"])} if settings else {}

    model, history = train(True, tmp_path / "xla", **optimizer())
    plain, expected = train(True, None, **optimizer())
    assert_same_history(expected, history)
    assert_same_weights(weights_of(plain), weights_of(model))
    train(False, tmp_path / "graph", **optimizer())
    for a, b in zip(samples(tmp_path / "xla"), samples(tmp_path / "graph"), strict=True):
        assert_alike(a, b)
        if settings:
            assert a.clipped_gradient_norm < a.gradient_norm


def test_the_first_examples_of_large_tensors_are_measured(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(xla_cluster, "TENSOR_ELEMENTS", 16)
    train(True, tmp_path)
    first = samples(tmp_path)[0]
    seen = Seen(records_of(tmp_path), str(tmp_path), None, None, ())
    layout = next(r for r in seen.records if type(r).__name__ == "Layout")
    tensors = {f"{t.stage}:{t.role}": i for i, t in enumerate(layout.tensors)}
    for key, examples, width in (("entry:input", 3, 5), ("fed:input", 8, 5), ("fed:prediction", 5, 3)):
        row = tensors[key]
        assert layout.tensors[row].shape == (BATCH, width)
        assert list(first.tensors.shape[row][:2]) == [BATCH, width]
        assert first.tensors.count[row] == examples * width, key
    x = data()[0][:3] / 255
    assert first.tensors.mean[tensors["entry:input"]] == pytest.approx(x.mean(), rel=1e-5)


def test_a_value_that_is_not_finite_in_a_large_gradient_is_counted(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(xla_cluster, "GRADIENT_ELEMENTS", 4)

    def model() -> Any:
        return keras.Sequential([L.Input((5,)), L.Dense(1, name="dense")])

    def sized(y: Any, y_pred: Any) -> Any:
        return tf.reduce_mean(y_pred) * np.float32(3e38) * 10

    train(True, tmp_path, model=model, loss=sized)
    first = samples(tmp_path)[0]
    assert first.weights.gradient_nonfinite_count[0] == 5


def test_only_the_users_step_is_compiled_by_xla(tmp_path: Path, monkeypatch: Any) -> None:
    compiled: list[Any] = []
    original = tf.function

    def function(func: Any = None, **settings: Any) -> Any:
        made = original(func, **settings)
        if settings.get("jit_compile"):
            compiled.append(made)
        return made

    monkeypatch.setattr(tf, "function", function)
    train(True, tmp_path)
    graphs = [made.graph for function in compiled for made in function._list_all_concrete_functions()]
    operations = [{operation.type for operation in graph.get_operations()} for graph in graphs]
    assert operations
    assert all("MatMul" in types and "TopKV2" not in types for types in operations)
