"""What only PyTorch has: its generator, its graphs, its compiler, and tensors that are changed in place."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import torch
from keras import layers as L
from torch.optim import optimizer as native

from tb_inputdiag import InputDiagnostics
from tb_inputdiag.records import ModelFacts, Sample
from tests.backends.torch import rows
from tests.modes.harness import assert_same_history, assert_same_weights, fresh, records_of, run_row, weights_of
from tests.modes.oracle import assert_batch
from tests.modes.rows import EVERYTHING, Row, Seen, split


def _row(name: str, build: Callable[[], Any], **more: Any) -> Row:
    data = rows.table()
    arguments = {"sees": EVERYTHING, "every": 1, "batches": lambda: split(data, rows.BATCH), **more}
    arguments.setdefault("fit", lambda model, callbacks: rows.fit(model, data, callbacks))
    return Row(id=name, group="", mode=name, build=build, **arguments)


class ChangesInPlace(rows.OwnStep):
    """A model that overwrites its batch, its first layer's input and its prediction."""

    def call(self, x: Any) -> Any:
        """Runs the model."""
        x.mul_(0.5)
        scaled = x + 1
        return self.outputs_of(self.hidden(scaled))

    def train_step(self, data: Any) -> Any:
        """Runs a step."""
        x, y = data[:2]
        self.zero_grad()
        outputs = self(x)
        outputs.clamp_(-1, 1)
        loss = torch.square(outputs - y).mean()
        loss.backward()
        with torch.no_grad():
            self.optimizer.apply([v.value.grad for v in self.trainable_weights], self.trainable_weights)
        return {"loss": loss.detach()}


def _compiled(model: Any, **options: Any) -> Any:
    model.compile("sgd", "mse", **options)
    return model


def test_batch_that_is_changed_in_place_is_recorded_as_fed(tmp_path: Path) -> None:
    fresh()
    model = _compiled(ChangesInPlace())
    callback = InputDiagnostics(tmp_path, every=1, verbose=0)
    rows.fit(model, rows.table(), [callback], epochs=1)
    records = records_of(tmp_path)
    seen = Seen(records, str(tmp_path), callback, model)
    for sample, batch in zip(seen.samples(), split(rows.table(), rows.BATCH), strict=True):
        layout = seen.layouts[sample.layout]
        assert_batch(sample, layout, batch)
        assert not list(sample.views(layout, "prediction")), "a prediction that was overwritten"
    facts = [r for r in records if isinstance(r, ModelFacts)][-1]
    assert "torch_in_place" in [d.accessor for d in facts.degraded]


def _train_on_batches(model: Any, callback: InputDiagnostics | None) -> list[Any]:
    losses = []

    def loop() -> None:
        for batch in split(rows.pictures(), rows.BATCH):
            losses.append(model.train_on_batch(batch["input:x"], batch["target:y"]))
        losses.append(model.evaluate(rows.pictures()["input:x"], rows.pictures()["target:y"], verbose=0))
        losses.append(model.predict(rows.pictures()["input:x"], verbose=0))

    if callback is None:
        loop()
    else:
        with callback.watch(model):
            loop()
    return losses


def test_train_on_batch_evaluate_and_predict(tmp_path: Path) -> None:
    fresh()
    plain = rows.cnn()
    expected = _train_on_batches(plain, None)
    fresh()
    model = rows.cnn()
    callback = InputDiagnostics(tmp_path, every=1, verbose=0)
    found = _train_on_batches(model, callback)
    for a, b in zip(expected, found, strict=True):
        assert np.array_equal(a, b)
    assert_same_weights(weights_of(plain), weights_of(model))
    seen = Seen(records_of(tmp_path), str(tmp_path), callback, model)
    assert seen.samples("validation")
    assert seen.samples("predict")
    for sample, batch in zip(seen.samples(), split(rows.pictures(), rows.BATCH), strict=True):
        assert_batch(sample, seen.layouts[sample.layout], batch)
        entries = list(sample.views(seen.layouts[sample.layout], stage="entry"))
        assert [e.layout.sources for e in entries] == [("x",)], "arrays are followed, too"


class Generator(keras.callbacks.Callback):  # type: ignore[misc]  # Keras ships no types
    """Notes PyTorch's generator and gradients after each step."""

    def __init__(self) -> None:
        super().__init__()
        self.states: list[torch.Tensor] = []
        self.gradients: list[list[np.ndarray]] = []
        self.held: list[weakref.ref[Any]] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Notes them."""
        gradients = [variable.value.grad for variable in self.model.trainable_variables]
        self.states.append(torch.get_rng_state())
        self.gradients.append([gradient.numpy().copy() for gradient in gradients])
        self.held += map(weakref.ref, gradients)


@pytest.mark.filterwarnings("error:The given NumPy array")
def test_arrays_that_are_reversed_or_read_only(tmp_path: Path) -> None:
    fresh()
    model = rows.mlp()
    x, y = rows.table()["input:x"][::-1], rows.table()["target:y"].copy()
    y.flags.writeable = False
    with InputDiagnostics(tmp_path, every=1, verbose=0).watch(model):
        model.train_on_batch(x, y)
    seen = Seen(records_of(tmp_path), str(tmp_path), None, model)
    (sample,) = seen.samples()
    assert_batch(sample, seen.layouts[sample.layout], {"input:x": x, "target:y": y})


def test_nothing_is_drawn_and_nothing_is_left(tmp_path: Path) -> None:
    """The generator, `.grad`, the classes and the graphs are as they are without the callback."""
    methods = (keras.layers.Layer.__call__, keras.optimizers.Optimizer.apply)
    noted = []
    for callbacks in ([], [InputDiagnostics(tmp_path, every=1, verbose=0)]):
        fresh()
        model, generator = rows.cnn(), Generator()
        rows.fit(model, rows.pictures(), [*callbacks, generator])
        noted.append(generator)
        model.zero_grad()
        gc.collect()
        assert not [reference for reference in generator.held if reference() is not None]
    plain, watched = noted
    for a, b in zip(plain.states, watched.states, strict=True):
        assert torch.equal(a, b)
    for one, other in zip(plain.gradients, watched.gradients, strict=True):
        assert_same_weights(one, other)
    assert (keras.layers.Layer.__call__, keras.optimizers.Optimizer.apply) == methods
    assert not native._global_optimizer_pre_hooks


def test_another_thread_is_not_observed(tmp_path: Path) -> None:
    fresh()
    other, model = rows.mlp(), rows.mlp()
    failures: list[BaseException] = []
    done = threading.Event()

    def predict() -> None:
        try:
            while not done.wait(0.001):
                other(rows.table()["input:x"])
        except BaseException as exc:
            failures.append(exc)

    thread = threading.Thread(target=predict)
    thread.start()
    try:
        rows.fit(model, rows.table(), [InputDiagnostics(tmp_path, every=1, verbose=0)])
    finally:
        done.set()
        thread.join()
    assert not failures
    layouts = Seen(records_of(tmp_path), str(tmp_path), None, model).layouts
    assert {len(layout.layers) for layout in layouts.values()} == {2}


def test_exception_names_batch_and_layer(tmp_path: Path) -> None:
    class Raises(rows.OwnStep):
        def call(self, x: Any) -> Any:
            if x.device.type != "meta":  # Keras builds the model on that device
                x = torch.cat([x, x], -1)
            return super().call(x)

    fresh()
    callback = InputDiagnostics(tmp_path, verbose=0)
    with pytest.raises(ValueError, match="incompatible") as raised:
        rows.fit(_compiled(Raises()), rows.table(), [callback])
    assert raised.value.__notes__  # type: ignore[attr-defined]  # Python 3.11
    failure = next(r for r in records_of(tmp_path) if type(r).__name__ == "Failure")
    assert failure.where == "dense"
    assert [layout.name for layout in failure.fed] == ["x", "y"]
    assert failure.reached[0].shape[-1] == 10


def test_failure_of_ours_leaves_training_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tb_inputdiag.capture.torch import layer_calls

    def broken(*args: object) -> None:
        raise RuntimeError("planted")

    fresh()
    plain = rows.mlp()
    history = rows.fit(plain, rows.table(), [])
    monkeypatch.setattr(layer_calls.TorchLayerCalls, "_observe_activation", broken)
    fresh()
    model = rows.mlp()
    with pytest.warns(UserWarning, match="planted"):
        watched = rows.fit(model, rows.table(), [InputDiagnostics(tmp_path, every=1, verbose=0)])
    assert_same_history(history, watched)
    assert_same_weights(weights_of(plain), weights_of(model))


def test_compiled_step_is_seen_from_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """To compile takes minutes on small machines, and does not change who calls whom."""
    monkeypatch.setattr(torch, "compile", lambda function: function)
    sees = EVERYTHING - {"outputs", "entry", "layers", "loss"}
    seen = run_row(_row("compiled", lambda: rows.mlp(jit_compile=True), sees=sees), tmp_path)
    assert "torch_compile" in [d.accessor for d in seen.facts.degraded]
    from_outside: list[Sample] = seen.samples()
    fresh()
    eager = run_row(_row("eager", rows.mlp), tmp_path / "eager")
    for a, b in zip(from_outside, eager.samples(), strict=True):
        assert a.weights is not None
        assert b.weights is not None
        for column in ("gradient_norm", "weight_norm", "update_ratio"):
            assert np.array_equal(getattr(a.weights, column), getattr(b.weights, column)), column


def test_activations_agree_with_numpy(tmp_path: Path) -> None:
    from tb_inputdiag.statistics import activations

    fresh()
    model = keras.Sequential([keras.Input((5,)), L.Dense(8, activation="relu", name="first"), L.Dense(1)])
    model.compile(keras.optimizers.SGD(0.0), "mse")
    rows.fit(model, rows.table(), [InputDiagnostics(tmp_path, every=1, verbose=0)], epochs=1)
    seen = Seen(records_of(tmp_path), str(tmp_path), None, model)
    for sample, batch in zip(seen.samples(), split(rows.table(), rows.BATCH), strict=True):
        outputs = np.asarray(keras.ops.convert_to_numpy(model.layers[0](batch["input:x"])))
        expected = activations.reference(outputs, unit_axis=1)
        assert sample.layers is not None
        for name, number in expected.items():
            np.testing.assert_allclose(getattr(sample.layers, name)[0], number, rtol=1e-5, err_msg=name)
