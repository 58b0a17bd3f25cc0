"""The life of a callback and of its model: whatever ends a fit, the callback leaves nothing behind."""

from __future__ import annotations

import copy
import gc
import pickle
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import keras_tuner
import numpy as np
import pytest

from tb_inputdiag import InputDiagnostics
from tb_inputdiag.capture import model_probes
from tb_inputdiag.capture.twin import Twin
from tb_inputdiag.console import width_of
from tb_inputdiag.log.reader import read
from tb_inputdiag.recording.explanations import explain_exception
from tb_inputdiag.recording.recorder import Recorder
from tb_inputdiag.records import Failure, Layout, Sample, SessionEnd
from tests.modes.harness import (
    assert_same_history,
    assert_same_weights,
    attributes,
    fresh,
    records_of,
    weights_of,
)
from tests.modes.models import BATCH, STEPS, N, fit_table, regressor, table
from tests.modes.rows import BACKENDS, mode

GROUP = "Life of a callback"


def silent(log_dir: Any, **settings: Any) -> InputDiagnostics:
    return InputDiagnostics(str(log_dir), **{"every": 2, "verbose": 0, **settings})


def ends(log_dir: Any) -> list[SessionEnd]:
    return [r for r in records_of(log_dir) if isinstance(r, SessionEnd)]


def per_execution(n: int) -> int:
    """Returns as many steps per execution on TensorFlow; Keras refuses them on PyTorch, other tests try them on JAX."""
    return n if keras.config.backend() == "tensorflow" else 1


def steps(log_dir: Any, split: str = "train") -> list[list[int]]:
    """Returns the sampled steps of each session."""
    found = []
    for run in read(log_dir).runs:
        for session in run.sessions:
            found.append([r.step for r in session.records() if isinstance(r, Sample) and r.split == split])
    return found


@pytest.fixture
def untouched() -> dict[str, type]:
    """What hangs on a model after a fit without the callback."""
    fresh()
    model = regressor()
    fit_table(model, [])
    return attributes(model)


def without(train: Callable[[Any, list[Any]], Any]) -> tuple[Any, list[np.ndarray]]:
    """Returns the result of training without the callback."""
    fresh()
    model = regressor()
    return train(model, []), weights_of(model)


@mode(GROUP, "Several fits with one callback: one run", on=BACKENDS)
def test_fit_twice(tmp_path: Path, untouched: dict[str, type]) -> None:
    def train(model: Any, callbacks: list[Any]) -> Any:
        fit_table(model, callbacks)
        return fit_table(model, callbacks)

    expected = without(train)
    fresh()
    model = regressor()
    history = train(model, [silent(tmp_path)])
    assert_same_history(expected[0], history)
    assert_same_weights(expected[1], weights_of(model))
    assert steps(tmp_path) == [[0, 2, 4, 6, 8, 10]]
    assert [e.status for e in ends(tmp_path)] == ["finished"] * 2
    assert attributes(model) == untouched


def test_the_step_is_traced_once(tmp_path: Path) -> None:
    """TensorFlow traces a step twice that makes variables: the optimizer's and the metrics' are made outside of it."""
    fresh()

    class Counting(keras.Sequential):
        traced = 0

        def train_step(self, data: Any) -> Any:
            type(self).traced += 1
            return super().train_step(data)

    x, y = np.zeros((32, 4), np.float32), np.zeros((32, 1), np.float32)
    model = Counting([keras.layers.Input(x.shape[1:]), keras.layers.Dense(1)])
    model.compile("adam", "mse", metrics=["mae"], weighted_metrics=["mse"])
    model.fit(x, y, epochs=1, verbose=0, callbacks=[silent(tmp_path, every=1)])
    assert Counting.traced == 1
    assert records_of(tmp_path)


def test_noise_does_not_come_from_the_batch(tmp_path: Path) -> None:
    """Noise that is as large as the batch has its shape only: the layer that reads it reads no input."""
    fresh()

    class Noisy(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.maker, self.judge = keras.layers.Dense(2, name="maker"), keras.layers.Dense(1, name="judge")

        def call(self, x: Any) -> Any:
            made = self.maker(keras.random.normal((keras.ops.shape(x)[0], 3)))
            return self.judge(x) + keras.ops.sum(made, axis=-1, keepdims=True)

    x, y = np.zeros((32, 4), np.float32), np.zeros((32, 1), np.float32)
    model = Noisy()
    model.compile("sgd", "mse")
    model.fit(x, y, epochs=1, verbose=0, callbacks=[silent(tmp_path)])
    (layout,) = [r for r in records_of(tmp_path) if isinstance(r, Layout)]
    assert [t.layer for t in layout.tensors if t.stage == "entry"] == ["judge"]


@mode(GROUP, "One callback for two models, one after the other", on=BACKENDS)
def test_two_models(tmp_path: Path) -> None:
    fresh()
    callback = silent(tmp_path)
    for _ in range(2):
        fit_table(regressor(), [callback])
    assert steps(tmp_path) == [[0, 2, 4], [0, 2, 4]]


@mode(GROUP, "A later fit without the callback runs Keras' own function", on=BACKENDS)
def test_fit_again_without(tmp_path: Path) -> None:
    fresh()
    model = regressor()
    fit_table(model, [silent(tmp_path)])
    function = model.train_function
    assert not isinstance(function, Twin)
    fit_table(model, [])
    assert model.train_function is function
    assert steps(tmp_path) == [[0, 2, 4]]


@mode(GROUP, "`initial_epoch`", on=BACKENDS)
def test_initial_epoch(tmp_path: Path) -> None:
    fresh()
    fit_table(regressor(), [silent(tmp_path)], epochs=5, initial_epoch=4)
    assert {r.epoch for r in records_of(tmp_path) if isinstance(r, Sample)} == {4}


@mode(GROUP, "`BackupAndRestore`: a resumed run continues in the same log_dir, at its step", on=BACKENDS)
@pytest.mark.parametrize("ours_first", [True, False])
def test_resume(tmp_path: Path, ours_first: bool) -> None:
    class Stops(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            if epoch == 1:
                raise RuntimeError("lost the machine")

    def callbacks() -> list[Any]:
        found = [silent(tmp_path / "logs"), keras.callbacks.BackupAndRestore(str(tmp_path / "backup"))]
        return found if ours_first else found[::-1]

    fresh()
    with pytest.raises(RuntimeError):
        fit_table(regressor(), [*callbacks(), Stops()], epochs=2)
    gc.collect()
    fresh()
    fit_table(regressor(), callbacks(), epochs=2)
    assert steps(tmp_path / "logs") == [[0, 2, 4], [6, 8, 10]]
    assert [e.status for e in ends(tmp_path / "logs")] == ["failed", "finished"]


@mode(GROUP, "`EarlyStopping`, `stop_training`", on=BACKENDS)
def test_stopped_early(tmp_path: Path, untouched: dict[str, type]) -> None:
    def train(model: Any, callbacks: list[Any]) -> Any:
        stop = keras.callbacks.EarlyStopping("loss", baseline=1e-9, patience=1)
        return fit_table(model, [*callbacks, stop], epochs=5)

    expected = without(train)
    fresh()
    model = regressor()
    assert_same_history(expected[0], train(model, [silent(tmp_path)]))
    assert_same_weights(expected[1], weights_of(model))
    assert ends(tmp_path)[0].status == "finished"
    assert attributes(model) == untouched


class _Raises(keras.callbacks.Callback):
    def __init__(self, exception: BaseException, batch: int = 3) -> None:
        super().__init__()
        self.exception, self.batch = exception, batch

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        if batch == self.batch:
            raise self.exception


@mode(GROUP, "Exceptions and KeyboardInterrupt, in another callback", on=BACKENDS)
@pytest.mark.parametrize("exception", [ValueError("of the user"), KeyboardInterrupt()])
def test_exception_in_another_callback(tmp_path: Path, untouched: dict[str, type], exception: BaseException) -> None:
    fresh()
    model, callback = regressor(), silent(tmp_path)
    with pytest.raises(type(exception)) as caught:
        fit_table(model, [callback, _Raises(exception)])
    assert caught.value is exception
    exception.__traceback__ = None
    del caught
    gc.collect()
    # what `fit` leaves behind without us: no history, as it never came to its end
    left = {k: v for k, v in attributes(model).items() if untouched.get(k) is not v}
    assert not left, left
    assert ends(tmp_path)[0].status in ("failed", "interrupted")
    expected = table()
    assert np.isfinite(model.evaluate(expected["input:x"], expected["target:y"], verbose=0))
    fit_table(model, [callback])
    assert steps(tmp_path)[1][0] == 4


@mode(GROUP, "Exceptions in the data", on=BACKENDS)
def test_exception_in_the_data(tmp_path: Path, untouched: dict[str, type]) -> None:
    def batches() -> Iterator[Any]:
        data = table()
        for i in range(3):
            yield data["input:x"][i : i + 4], data["target:y"][i : i + 4]
        raise OSError("the disk with the data is gone")

    fresh()
    model = regressor()
    with pytest.raises(Exception, match="the disk with the data is gone") as caught:
        model.fit(batches(), steps_per_epoch=5, epochs=1, verbose=0, callbacks=[silent(tmp_path)])
    explain_exception(caught.value)  # as at the end of a program: on PyTorch it is not the step that reads the data
    assert ends(tmp_path)[0].status == "failed"
    assert [r.exception for r in records_of(tmp_path) if isinstance(r, Failure)]
    assert not isinstance(model.train_function, Twin)
    assert {k for k in attributes(model) if k not in untouched} == set()


@mode(GROUP, "KeyboardInterrupt in the middle of a step", on=BACKENDS)
@pytest.mark.parametrize("batch", [1, 2], ids=["unsampled", "sampled"])
def test_interrupted_in_a_step(tmp_path: Path, batch: int) -> None:
    def interrupt(*args: Any, **kwargs: Any) -> Any:
        raise KeyboardInterrupt

    class Interrupts(keras.callbacks.Callback):
        def on_train_batch_begin(self, index: int, logs: Any = None) -> None:
            if index == batch:
                self.model.layers[0].call = interrupt

    fresh()
    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", run_eagerly=True)
    with pytest.raises(KeyboardInterrupt):
        fit_table(model, [silent(tmp_path), Interrupts()])
    (end,) = ends(tmp_path)
    assert (end.status, end.step) == ("interrupted", batch - 1)
    assert not isinstance(model.train_function, Twin)


@mode(
    GROUP,
    "`ModelCheckpoint`, `model.save`, `clone_model`, copies of the model while it trains: nothing of ours in them",
    on=BACKENDS,
)
def test_saved_while_training(tmp_path: Path) -> None:
    class Saves(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if batch == 2:
                self.model.save(tmp_path / "m.keras")
                self.copied = copy.deepcopy(self.model)
                self.pickled = pickle.loads(pickle.dumps(self.model))
                self.cloned = keras.models.clone_model(self.model)
                self.config = self.model.get_config()

    fresh()
    model, saves = regressor(), Saves()
    checkpoint = keras.callbacks.ModelCheckpoint(str(tmp_path / "c.keras"), save_freq=2)
    fit_table(model, [silent(tmp_path / "logs"), saves, checkpoint])
    for other in (keras.models.load_model(tmp_path / "m.keras"), saves.copied, saves.pickled, saves.cloned):
        assert not isinstance(other.train_function, Twin)
        assert other.train_function is None
        if not other.compiled:
            other.compile("sgd", "mse")
        assert np.isfinite(fit_table(other, [])["loss"]).all()
    assert (tmp_path / "c.keras").exists()


@mode(GROUP, "KerasTuner: a run for each trial", on=BACKENDS)
def test_keras_tuner(tmp_path: Path) -> None:
    def build(choices: Any) -> Any:
        model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(choices.Int("units", 2, 6))])
        model.add(keras.layers.Dense(1))
        model.compile(keras.optimizers.Adam(choices.Choice("rate", [0.1, 0.01])), "mse")
        return model

    def search(name: str, callbacks: list[Any]) -> list[Any]:
        fresh()
        tuner = keras_tuner.RandomSearch(build, "loss", max_trials=2, seed=1, directory=tmp_path, project_name=name)
        arrays = table()
        tuner.search(arrays["input:x"], arrays["target:y"], epochs=2, verbose=0, callbacks=callbacks)
        return [(trial.hyperparameters.values, trial.score) for trial in tuner.oracle.trials.values()]

    assert search("plain", []) == search("watched", [silent(tmp_path / "logs")])
    assert [end.status for end in ends(tmp_path / "logs")] == ["finished"] * 2


@mode(GROUP, "Copying and pickling the callback, as other tuners do", on=BACKENDS)
def test_copies_of_the_callback(tmp_path: Path) -> None:
    original = silent(tmp_path)
    for _ in range(2):
        for callback in (copy.deepcopy(original), pickle.loads(pickle.dumps(original))):
            fresh()
            fit_table(regressor(), [callback])
            assert callback.log_dir == original.log_dir
    fit_table(regressor(), [original])
    assert isinstance(copy.deepcopy(original), InputDiagnostics)
    assert steps(tmp_path) == [[0, 2, 4]] * 5


@mode(GROUP, "Two callbacks of ours at once: each has its log", on=BACKENDS)
def test_two_callbacks(tmp_path: Path, untouched: dict[str, type]) -> None:
    expected = without(lambda m, c: fit_table(m, c, validation_split=0.25))
    fresh()
    model = regressor()
    both = [silent(tmp_path / "a"), silent(tmp_path / "b", every=3)]
    assert_same_history(expected[0], fit_table(model, both, validation_split=0.25))
    assert_same_weights(expected[1], weights_of(model))
    assert steps(tmp_path / "a") == [[0, 2]]
    assert steps(tmp_path / "b") == [[0, 3]]
    assert not isinstance(model.train_function, Twin)


@mode(GROUP, "Fits in several threads", on=BACKENDS)
def test_threads(tmp_path: Path) -> None:
    fresh()
    models = [regressor() for _ in range(3)]
    trouble: list[BaseException] = []

    def train(k: int) -> None:
        try:
            fit_table(models[k], [silent(tmp_path / str(k))] if k < 2 else [])
        except BaseException as exc:
            trouble.append(exc)

    threads = [threading.Thread(target=train, args=(k,)) for k in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not trouble
    assert steps(tmp_path / "0") == steps(tmp_path / "1") == [[0, 2, 4]]
    first = next(r for r in records_of(tmp_path / "0") if isinstance(r, Sample))
    assert first.weights is not None
    assert len(first.weights.gradient_norm) == 4


@mode(
    GROUP,
    "`evaluate` and `predict` with the callback: part of the run, compared with the training before",
    sees=frozenset({"inputs", "targets", "outputs", "entry", "layers", "loss"}),
    note="targets and loss for `evaluate` only",
    on=BACKENDS,
)
@pytest.mark.parametrize("n", [1, 3])
def test_evaluate_and_predict(tmp_path: Path, n: int) -> None:
    fresh()
    data = table()
    model = regressor(steps_per_execution=per_execution(n))
    callback = silent(tmp_path, every=1)
    fit_table(model, [callback])
    plain = model.evaluate(data["input:x"], data["target:y"], batch_size=BATCH, verbose=0)
    watched = model.evaluate(data["input:x"], data["target:y"], batch_size=BATCH, verbose=0, callbacks=[callback])
    assert plain == watched
    outputs = model.predict(data["input:x"], batch_size=BATCH, verbose=0)
    shown = model.predict(data["input:x"], batch_size=BATCH, verbose=0, callbacks=[callback])
    assert np.array_equal(outputs, shown)
    (session,) = read(tmp_path).run.sessions
    assert [call.mode for call in session.calls] == ["evaluate", "predict"]
    for split in ("validation", "predict"):
        samples = [r for r in session.records() if isinstance(r, Sample) and r.split == split]
        # on JAX a smaller last batch is not sampled
        assert [s.step for s in samples] == [STEPS] * (STEPS - (keras.config.backend() == "jax"))
        for k, sample in enumerate(samples):
            view = next(sample.views(session.layouts[sample.layout], "input"))
            assert view.mean == pytest.approx(data["input:x"][BATCH * k : BATCH * k + BATCH].mean(), abs=1e-6)
    assert session.status == "finished"
    assert not isinstance(model.test_function, Twin)
    assert not isinstance(model.predict_function, Twin)


@mode(GROUP, "Loops of `train_on_batch`, with `watch(model)`", on=BACKENDS)
def test_train_on_batch(tmp_path: Path) -> None:
    def train(model: Any) -> list[Any]:
        data = table()
        return [
            model.train_on_batch(data["input:x"][i : i + BATCH], data["target:y"][i : i + BATCH])
            for i in range(0, N, BATCH)
        ]

    fresh()
    model = regressor(steps_per_execution=per_execution(3))
    expected = train(model), weights_of(model), attributes(model)
    fresh()
    model = regressor(steps_per_execution=per_execution(3))
    with silent(tmp_path).watch(model):
        found = train(model)
    assert np.array_equal(expected[0], found)
    assert_same_weights(expected[1], weights_of(model))
    assert {k: v for k, v in attributes(model).items() if expected[2].get(k) is not v and "function" not in k} == {}
    assert steps(tmp_path) == [[0, 2, 4]]
    fit_table(model, [])


@mode(GROUP, "`watch(model)` around a `fit` that raises before it calls a callback (distribution strategies)")
def test_watch_around_fit(tmp_path: Path) -> None:
    fresh()
    model = regressor()
    with pytest.raises(ValueError, match="shape") as caught, silent(tmp_path).watch(model):
        model.fit(np.zeros((8, 7), np.float32), np.zeros(8), verbose=0)
    diagnosis, *_ = caught.value.__notes__
    assert "shape-mismatch" in diagnosis
    assert max(map(len, diagnosis.splitlines())) <= width_of(sys.stderr)
    assert [r.fed[0].shape for r in records_of(tmp_path) if isinstance(r, Failure)] == [(None, 7)]
    assert not isinstance(model.train_function, Twin)


def ours() -> list[Any]:
    """Returns what of ours is in memory; TensorFlow keeps closures of earlier tests, with a callback in them."""
    from tb_inputdiag.capture.tensorflow.probed_step import ProbedStep

    gc.collect()
    return [o for o in gc.get_objects() if isinstance(o, Recorder | Twin | ProbedStep | model_probes.ModelProbes)]


def test_nothing_is_left_in_memory(tmp_path: Path) -> None:
    fresh()
    before = len(ours())
    model = regressor()
    callback = silent(tmp_path)
    fit_table(model, [callback])
    references = [weakref.ref(model)]
    del model, callback
    keras.backend.clear_session()
    assert len(ours()) == before, ours()
    assert references[0]() is None
    assert not list(model_probes._probes)


def test_memory_does_not_grow(tmp_path: Path) -> None:
    """100 fits of one model with one callback each leave no object behind, and the process does not grow."""

    def resident() -> int:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * 4096

    fresh()
    before = len(ours())
    model = regressor(run_eagerly=True)
    data = table()
    x, y = data["input:x"][:4], data["target:y"][:4]
    sizes = []
    for k in range(100):
        model.fit(x, y, batch_size=4, verbose=0, callbacks=[silent(tmp_path / str(k))])
        if k in (29, 99):
            gc.collect()
            sizes.append(resident())
    assert len(ours()) == before, ours()
    assert sizes[1] - sizes[0] < 40e6, sizes
