"""Exceptions that no step raised: what is found out about them, and what becomes of it."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from keras import layers as L

import tb_inputdiag
from tb_inputdiag.capture.failed_call import failed_call
from tb_inputdiag.console import InputDiagWarning
from tb_inputdiag.errors import ConfigurationError
from tb_inputdiag.recording import explanations
from tb_inputdiag.recording.explanations import explain_exception
from tb_inputdiag.records import Alert, ArgumentFacts, Failure, ModelFacts, SessionEnd
from tb_inputdiag.settings import check


def compiled(*shape: int) -> keras.Model:
    model = keras.Sequential([L.Input(shape), L.Dense(2)])
    model.compile("sgd", "mse")
    return model


def raised(program: Callable[[], Any]) -> Exception:
    """Returns the exception of a program."""
    try:
        program()
    except Exception as exc:
        return exc
    raise AssertionError("the program did not raise")


def unequal() -> Exception:
    model, images, labels = compiled(4), np.zeros((10, 4)), np.zeros((9, 2), np.float32)
    return raised(lambda: model.fit(images, y=labels, batch_size=2, verbose=0))


def facts_of(exc: Exception) -> dict[str, ArgumentFacts]:
    return {argument.name: argument for argument in failed_call(exc).arguments}


def test_the_call_and_its_arguments_are_found():
    call = failed_call(unequal())
    assert (call.call, call.place) == ("Sequential.fit", "data")
    facts = {argument.name: argument for argument in call.arguments}
    assert set(facts) == {"self", "x", "y", "batch_size", "verbose"}
    assert (facts["x"].shape, facts["x"].dtype, facts["x"].type) == ((10, 4), "float64", "numpy.ndarray")
    assert (facts["y"].shape, facts["y"].dtype) == ((9, 2), "float32")
    assert facts["batch_size"].value == 2
    assert [(t.name, t.role, t.shape) for t in call.fed] == [("x", "input", (10, 4)), ("y", "target", (9, 2))]
    assert "model.fit(images, y=labels" in call.lines[0]


def test_arguments_have_the_users_names():
    model, images = compiled(4), np.zeros((10, 4))
    try:
        model.fit(images, np.zeros(9))
    except ValueError as exc:
        facts = facts_of(exc)
    assert (facts["self"].variable, facts["x"].variable, facts["y"].variable) == ("model", "images", "")


def test_text_columns_of_a_table_are_named():
    frame = pd.DataFrame({"age": [1.0, 2.0], "city": ["a", "b"]})
    facts = facts_of(raised(lambda: compiled(2).fit(frame, np.zeros((2, 2)), verbose=0)))
    assert facts["x"].kind == "frame"
    assert facts["x"].text_columns == ("city",)


def test_elements_of_lists_are_described():
    facts = facts_of(raised(lambda: compiled(2).fit([[1, 2], [3]], np.zeros((2, 2)), verbose=0)))
    assert (facts["x"].kind, facts["x"].shape) == ("list", (2, None))
    assert facts["x"].equal_shapes is False


def test_a_dataset_is_described_without_reading_it():
    def never() -> Any:
        raise AssertionError("the data were read")
        yield

    data = tf.data.Dataset.from_generator(never, output_signature=tf.TensorSpec((3,), tf.float32)).repeat()
    facts = facts_of(raised(lambda: compiled(4).fit(data, np.zeros(3), verbose=0)))
    assert facts["x"].kind == "dataset"
    assert facts["x"].cardinality == -1


@pytest.mark.parametrize(
    ("program", "call", "place"),
    [
        (lambda: compiled(4).compile("no_such_optimizer"), "Sequential.compile", "compile"),
        (lambda: L.Dense(2.5), "Dense", "build"),
        (lambda: keras.Sequential([L.Input((4,)), L.Conv2D(1, 3)]), "Sequential", "build"),
        (lambda: keras.saving.load_model("/nowhere.keras"), "load_model", "load"),
        (lambda: compiled(4).load_weights("/nowhere.weights.h5"), "Sequential.load_weights", "load"),
        (lambda: compiled(4)(np.zeros((2, 5))), "Sequential.__call__", "build"),
        (lambda: tf.concat([np.zeros(3), np.zeros((2, 2))], 0), "tf.concat", "other"),
        (lambda: [][1], "", "other"),
    ],
)
def test_the_place_is_known(program: Callable[[], Any], call: str, place: str):
    found = failed_call(raised(program))
    assert (found.call, found.place) == (call, place)


def test_frames_that_keras_does_not_filter_are_read_as_well():
    keras.config.disable_traceback_filtering()
    try:
        call = failed_call(unequal())
    finally:
        keras.config.enable_traceback_filtering()
    assert call.call == "Sequential.fit"


def test_an_exception_gets_notes_and_a_run(tmp_path: Path):
    exc = unequal()
    alerts = explain_exception(exc, log_dir=str(tmp_path))
    assert [alert.rule for alert in alerts] == ["shape-mismatch"]
    assert "9" in exc.__notes__[0]
    assert str(tmp_path) in exc.__notes__[-1]
    session = tb_inputdiag.read(tmp_path).run.session
    kinds = [type(record) for record in session.records()]
    assert kinds[1] is ModelFacts
    assert {Failure, Alert} <= set(kinds)
    assert kinds[-1] is SessionEnd
    (failure,) = session.failures
    assert failure.arguments == failed_call(exc).arguments


def test_an_exception_is_explained_once(tmp_path: Path):
    exc = unequal()
    alerts = explain_exception(exc)
    notes = list(exc.__notes__)
    assert explain_exception(exc, log_dir=str(tmp_path)) == alerts
    assert exc.__notes__ == notes
    assert not list(tmp_path.iterdir())


def test_the_callback_and_a_hook_explain_an_exception_once(tmp_path: Path):
    model = compiled(4)
    callback = tb_inputdiag.InputDiagnostics(tmp_path, verbose=0)
    exc = raised(lambda: model.fit(np.zeros((4, 5)), np.zeros((4, 2)), verbose=0, callbacks=[callback]))
    notes = list(exc.__notes__)
    alerts = explain_exception(exc)
    assert exc.__notes__ == notes
    assert [alert.rule for alert in alerts] == ["shape-mismatch"]
    (failure,) = tb_inputdiag.read(tmp_path).run.session.failures
    assert (failure.call, failure.place) == ("Sequential.fit", "step")


@pytest.mark.parametrize("exc", [KeyboardInterrupt(), SystemExit(1), ConfigurationError("ours"), KeyError("theirs")])
def test_what_is_not_of_keras_is_left_alone(exc: BaseException, tmp_path: Path):
    assert explain_exception(exc, log_dir=str(tmp_path)) == []
    assert not hasattr(exc, "__notes__")
    assert not list(tmp_path.iterdir())


def test_settings_are_respected(tmp_path: Path):
    heard: list[Alert] = []
    settings = check(tmp_path, "auto", 0.01, ["-shape-mismatch"], heard.append, None, 0, False, 0)
    assert not any(alert.rule == "shape-mismatch" for alert in explain_exception(unequal(), settings=settings))
    settings = check(tmp_path, "auto", 0.01, None, heard.append, None, 0, False, 0)
    exc = unequal()
    assert explain_exception(exc, settings=settings) == heard[-1:]
    assert not hasattr(exc, "__notes__")


def test_a_failure_of_the_explanation_is_reported_and_raises_nothing(monkeypatch: pytest.MonkeyPatch):
    def broken(exc: BaseException) -> Any:
        raise RuntimeError("ours")

    monkeypatch.setattr(explanations, "failed_call", broken)
    with pytest.warns(InputDiagWarning, match="ours"):
        assert explain_exception(unequal()) == []


def test_a_log_that_cannot_be_written_is_reported(tmp_path: Path):
    (tmp_path / "file").write_text("")
    exc = unequal()
    with pytest.warns(InputDiagWarning, match="could not be written"):
        assert explain_exception(exc, log_dir=str(tmp_path / "file"))
    assert exc.__notes__


def test_an_explained_exception_can_be_pickled():
    exc = ValueError("Data cardinality is ambiguous. 'x' sizes: 3\n'y' sizes: 2\n")
    explain_exception(exc)
    assert str(pickle.loads(pickle.dumps(exc))) == str(exc)
