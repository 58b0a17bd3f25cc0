"""Kinds of exceptions: each through the real program, and from its message alone."""

from __future__ import annotations

import linecache
import re
import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from tb_inputdiag.capture.argument_facts import argument_facts
from tb_inputdiag.capture.failed_call import failed_call
from tb_inputdiag.console import InputDiagWarning
from tb_inputdiag.errors import ExplanationError
from tb_inputdiag.recording.explanations import explain_exception
from tb_inputdiag.recording.failures import warn_of_rule
from tb_inputdiag.records import Failure, Severity
from tb_inputdiag.rules import RuleEngine, exceptions
from tb_inputdiag.rules.catalogue import all_rules
from tb_inputdiag.rules.exceptions import all_kinds, diagnose
from tb_inputdiag.rules.exceptions.kind import Case, Kind
from tb_inputdiag.rules.exceptions.words import Words, match

KINDS = {kind.id: kind for kind in all_kinds()}
RAISED_HERE = [kind.id for kind in all_kinds() if kind.backend in ("", "tensorflow")]
"""The others run on their backend in tests/backends/test_kinds.py."""
_NAMES = {"keras": keras, "np": np, "pd": pd, "tf": tf, "__name__": "__main__"}
NEEDS_ARGUMENTS = {
    "arguments-of-a-loss",
    "array-of-objects",
    "argument-is-a-float",
    "assigned-shape",
    "axes-of-an-image",
    "channels-in-front",
    "channels-of-a-kernel",
    "class-weight-is-no-dict",
    "dataset-batched-twice",
    "einsum-shapes",
    "embedding-of-one-hot-rows",
    "example-without-batch-axis",
    "examples-in-input-shape",
    "generator-without-batch-axis",
    "gradients-without-variables",
    "input-shape",
    "inputs-one-by-one",
    "target-for-each-step",
    "targets-in-another-order",
    "inputs-in-another-order",
    "inverse-of-a-scaler",
    "inputs-not-grouped",
    "list-in-place-of-a-tensor",
    "length-of-a-pydataset",
    "list-of-examples",
    "missing-log",
    "missing-targets",
    "none-in-a-shape",
    "none-in-data",
    "numbers-in-a-lookup-of-text",
    "numbers-with-a-sign-for-missing",
    "order-of-axes",
    "one-entry-for-each-axis",
    "partial-batch",
    "ragged-lists",
    "ragged-tensor-in-a-layer",
    "reshape-of-a-tensor",
    "row-beyond-a-table",
    "shapes-inside-a-layer",
    "signature-with-a-batch-axis",
    "table-of-sample-weights",
    "symbolic-loss-added-to-a-model",
    "text-column",
    "text-labels",
    "unbatched-dataset",
    "unknown-rank",
    "validation-data-without-targets",
    "validation-shape",
    "values-of-a-result",
}
"""Kinds that differ from others by what came, not by the words."""


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    keras.utils.disable_interactive_logging()
    keras.backend.clear_session()
    yield
    keras.utils.enable_interactive_logging()


def run(kind: Kind, program: str) -> None:
    linecache.cache[f"{kind.id}.py"] = (len(program), None, program.splitlines(keepends=True), f"{kind.id}.py")
    exec(compile(program, f"{kind.id}.py", "exec"), dict(_NAMES))  # a program of the catalogue


def failure(kind: Kind) -> Exception:
    try:
        run(kind, kind.failing)
    except Exception as exc:
        return exc
    raise AssertionError("the program did not raise")


def message_of(exc: Exception) -> Failure:
    return Failure(step=0, wall_time=0.0, split="train", exception=type(exc).__name__, message=str(exc), place="other")


@pytest.mark.parametrize("kind", RAISED_HERE)
def test_each_kind_is_found_by_its_failing_program_and_by_the_message_alone(kind: str) -> None:
    exc = failure(KINDS[kind])
    alerts = explain_exception(exc)
    assert alerts, f"{type(exc).__name__}: {exc}"
    first = alerts[0]
    assert first.rule == KINDS[kind].rule
    assert first.severity is Severity.ERROR
    assert [alert.rule for alert in alerts] == [first.rule]
    assert first.evidence.get("kind", kind) == kind
    assert first.fix
    assert [line for line in first.fix.splitlines() if len(line) > 69] == [], "it fits a terminal of 80 columns"
    if kind not in NEEDS_ARGUMENTS:
        found = diagnose(message_of(exc), None)
        assert found is not None
        assert found.kind.id == kind


@pytest.mark.parametrize("kind", KINDS)
def test_the_mended_program_runs(kind: str) -> None:
    run(KINDS[kind], KINDS[kind].mended)


@pytest.mark.parametrize(("value", "fix"), [(10, "Dense(11)"), (-1, "(ignore_class=-1)")])
def test_a_class_id_in_the_words_of_pytorch(value: int, fix: str) -> None:
    found = diagnose(message_of(IndexError(f"Target {value} is out of bounds.")), None)
    assert found is not None
    assert found.kind.id == "label-out-of-range"
    assert found.finding is not None
    assert fix in found.finding.fix
    assert f"holds the class id {value}, which no unit stands for." in found.finding.message


def test_ids_and_rules_are_those_that_exist() -> None:
    assert len(KINDS) == len(all_kinds())
    assert {kind.rule for kind in all_kinds()} <= {rule.id for rule in all_rules()}
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_texts_are_sentences(kind: str) -> None:
    found = KINDS[kind]
    assert not found.title.endswith(".")
    assert found.cause.endswith(".")
    assert all(words.shown.strip() for words in found.words)


def test_words_have_holes_and_ends_of_lines() -> None:
    words = Words("Keras", "sizes: {x}\n")
    assert match((words,), "sizes: (3, 4)\nmore") == {"x": "(3, 4)"}
    assert match((words,), "sizes: (3, 4)") == {"x": "(3, 4)"}
    assert match((Words("Keras", "a {} b  {c} d"),), "a x\ny b 1\n d") == {"c": "1"}
    assert match((words,), "size") is None
    assert words.shown == "sizes: ..."


def test_an_exception_of_no_kind_gets_what_is_known_and_no_guess() -> None:
    class Odd(keras.Model):
        def call(self, x: object) -> object:
            raise RuntimeError("the moon is in the wrong phase")

    model, images = Odd(), np.ones((4, 3))
    model.compile("sgd", "mse")
    try:
        model.fit(images, np.ones(4))
    except RuntimeError as exc:
        (alert,) = explain_exception(exc)
    assert (alert.rule, alert.severity) == ("program-error", Severity.INFO)
    assert "images = numpy.ndarray (4, 3) float64" in alert.fix
    assert "Odd.fit raised RuntimeError" in alert.message


def test_a_traceback_with_all_frames_is_explained_too() -> None:
    keras.config.disable_traceback_filtering()
    try:
        exc = failure(KINDS["unequal-lengths"])
    finally:
        keras.config.enable_traceback_filtering()
    assert len(traceback.extract_tb(exc.__traceback__)) > 3
    assert failed_call(exc).call == "Sequential.fit"
    assert explain_exception(exc)[0].evidence["kind"] == "unequal-lengths"


_BEYOND = "all elements of target should be between 0 and 1"


def values_failure(message: str, **arrays: np.ndarray) -> Failure:
    facts = tuple(argument_facts(arrays, {id(array): name for name, array in arrays.items()}))
    return replace(message_of(RuntimeError(message)), call="Sequential.fit", arguments=facts)


@pytest.mark.parametrize(
    ("y", "fix"),
    [
        (np.array([-1, 1, 1]), "y = (y + 1) / 2  # -1 and 1 become 0 and 1"),
        (np.array([1.0, 2.0, 2.0]), "y = y - 1  # 1 and 2 become 0 and 1"),
        (np.array([[0, 255]], np.uint8), "y = y / 255  # 0 and 255 become 0 and 1"),
        (np.array([0, 3, 2]), 'keras.layers.Dense(4, activation="softmax")'),
        (np.array([0.5, 17.25]), 'model.compile(..., loss="mse")'),
    ],
)
def test_targets_beyond_0_and_1_are_mended_by_what_they_hold(y: np.ndarray, fix: str) -> None:
    found = diagnose(values_failure(_BEYOND, x=np.zeros((len(y), 2)), y=y), None)
    assert found is not None
    assert found.finding is not None
    assert fix in found.finding.fix
    assert (found.finding.evidence["min"], found.finding.evidence["max"]) == (y.min(), y.max())


def test_nan_is_looked_for_among_the_arguments() -> None:
    x, y = np.zeros((4, 3, 2)), np.array([0.0, 1.0, np.nan, np.inf])
    found = diagnose(values_failure(_BEYOND, x=x, y=y), None)
    assert found is not None
    assert found.kind.rule == "non-finite-target"
    x[2, 1] = np.nan
    found = diagnose(values_failure(_BEYOND.replace("target", "input"), x=x, y=np.ones(4)), None)
    assert found is not None
    assert found.kind.rule == "non-finite-input"
    assert found.finding is not None
    assert found.finding.message == "'x' holds 2 values that are NaN or infinite."
    assert "np.isfinite(x).all(axis=(1, 2))" in found.finding.fix


@pytest.mark.parametrize("message", [_BEYOND, _BEYOND.replace("target", "input")])
def test_without_the_arguments_a_value_beyond_0_and_1_is_explained_by_its_words(message: str) -> None:
    found = diagnose(message_of(RuntimeError(message)), None)
    assert found is not None
    assert (
        found.kind.id == {"target": "targets-beyond-0-and-1", "input": "predictions-that-are-nan"}[message.split()[3]]
    )


@pytest.mark.parametrize(
    ("exception", "message"),
    [
        (
            "ValueError",
            "Incompatible input shapes: axis values 3 (at axis 0) != 4 (at axis 0). Full input shapes: (), (4,)",
        ),
        (
            "ValueError",
            "`labels.shape.rank` must equal `logits.shape.rank - 1`. Received: labels.shape=() of rank 0 and "
            "logits.shape=() of rank 0",
        ),
        (
            "ValueError",
            "Arguments `target` and `output` must have the same rank (ndim). Received: target.shape=(8, 1), "
            "output.shape=()\n",
        ),
        ("InvalidArgumentError", "Incompatible shapes: [0,3] vs. [8,3] [[{{node compile_loss/mse/sub}}]]"),
        ("InvalidArgumentError", "Input to reshape is a tensor with None values, but the requested shape has (3,)"),
        ("RuntimeError", "Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: []"),
    ],
)
def test_shapes_without_axes_break_no_explanation(exception: str, message: str) -> None:
    failure = Failure(step=0, wall_time=0.0, split="train", exception=exception, message=message, place="step")
    diagnose(failure, None, on_error=pytest.fail)


def test_a_failing_explanation_is_reported_once_and_the_next_kinds_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(case: Case) -> None:
        raise IndexError(f"no axis of {case.failure.exception}")

    kinds = (replace(KINDS["label-out-of-range"], id="broken", explain=broken, rule="program-error"), *all_kinds())
    monkeypatch.setattr(exceptions, "all_kinds", lambda: kinds)
    reported: list[str] = []
    engine = RuleEngine(on_error=lambda rule, error: reported.append(f"{rule}, {type(error).__name__}: {error}"))
    engine.feed(message_of(IndexError("Target 3 is out of bounds.")))
    assert [alert.rule for alert in engine.alerts] == ["label-out-of-range"]
    assert reported == ["program-error, ExplanationError: broken: IndexError: no axis of IndexError"]
    assert engine.not_judged == []
    with pytest.warns(InputDiagWarning, match="a kind of exception could not be explained .broken: IndexError"):
        warn_of_rule("program-error", ExplanationError("broken: IndexError: no axis"))


_PAIR = "x = keras.Input((3,))\nmodel = keras.Model(x, [keras.layers.Dense(n)(x) for n in (2, 1)])\n"
_PAIR += 'model.compile("sgd", ["mse", "mse"])\nrows = np.ones((6, 3))\n'
_BLOCK = """\
def up(x, skip):
    x = keras.layers.UpSampling2D(2)(x)
    return keras.layers.concatenate([x, skip])

up(keras.Input((12, 12, 4)), keras.Input((25, 25, 4)))
"""


@pytest.mark.parametrize(
    ("program", "fix"),
    [
        (_PAIR + "both = np.ones((6, 3))\nmodel.fit(rows, both)", "model.fit(rows, [both[:, 0:2], both[:, 2:3]], ...)"),
        (_PAIR + "both = np.ones((6, 2))\nmodel.fit(rows, both)", "model.fit(rows, [both[:, 0], both[:, 1]], ...)"),
        (_PAIR + "both = np.ones((2, 6))\nmodel.fit(rows, both)", "model.fit(rows, [both[0], both[1]], ...)"),
        (
            _PAIR + "both = pd.DataFrame(np.ones((6, 3)))\nmodel.fit(rows, both)",
            "model.fit(rows, [both.iloc[:, 0:2], both.iloc[:, 2:3]], ...)",
        ),
        (
            _PAIR + "data = tf.data.Dataset.from_tensors((rows, np.ones((6, 2))))\nmodel.fit(data)",
            "data = data.map(lambda x, y: (x, (y[:, 0], y[:, 1])))",
        ),
        (
            "y, z = tf.constant([0, 2]), tf.ones((2, 3))\ntf.nn.softmax_cross_entropy_with_logits(labels=y, logits=z)",
            "tf.nn.sparse_softmax_cross_entropy_with_logits(\n    labels=y, logits=z\n)",
        ),
        (_BLOCK, "x = keras.layers.Resizing(*skip.shape[1:3])(x)"),
    ],
)
def test_the_neighbours_of_a_kind_get_their_own_line(program: str, fix: str) -> None:
    kind = replace(KINDS["structure-of-targets"], id="neighbour", failing=program)
    assert fix in explain_exception(failure(kind))[0].fix


def test_the_range_of_an_array_is_that_of_its_finite_values() -> None:
    given = {
        "floats": np.array([[np.nan, -2.5], [4.0, np.inf]], np.float32),
        "flags": np.array([True, False]),
        "empty": np.zeros((0, 3)),
        "nothing": np.array([np.nan]),
        "complex": np.ones(3, complex),
    }
    found = {facts.name: (facts.low, facts.high, facts.nonfinite) for facts in argument_facts(given, {})}
    assert found == {
        "floats": (-2.5, 4.0, 2),
        "flags": (0.0, 1.0, 0),
        "empty": (None, None, 0),
        "nothing": (None, None, 1),
        "complex": (None, None, 0),
    }
