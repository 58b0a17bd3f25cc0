"""What `fit` was given is logged at the start of each call, as far as rules need it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers as L

from tb_inputdiag import InputDiagnostics, read
from tb_inputdiag.capture.fit_arguments import fit_arguments
from tb_inputdiag.records import CallStart, SessionStart
from tests.modes.harness import fresh

X, Y = np.random.default_rng(0).normal(size=(12, 3)).astype("float32"), np.arange(12) % 2
NAMES = {"class_weight", "shuffle", "batch_size"}


def model() -> keras.Model:
    fresh()
    made = keras.Sequential([L.Input((3,)), L.Dense(1, activation="sigmoid")])
    made.compile("sgd", "binary_crossentropy")
    return made


def params(folder: Path, *calls: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns what each call of `fit` logs."""
    made, callback = model(), InputDiagnostics(folder, verbose=0)
    for call in calls:
        made.fit(**call, verbose=0, callbacks=[callback])
    records = read(folder).run.session.records()
    starts = [record.params for record in records if isinstance(record, SessionStart | CallStart)]
    return [{name: value for name, value in found.items() if name in NAMES} for found in starts]


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ({"x": X, "y": Y}, {"shuffle": True, "batch_size": 32}),
        ({"x": X, "y": Y, "shuffle": False, "batch_size": 4}, {"shuffle": False, "batch_size": 4}),
        ({"x": tf.data.Dataset.from_tensor_slices((X, Y)).batch(4)}, {}),
        (
            {"x": X, "y": Y, "class_weight": {0: 1, np.int64(1): np.float32(2.5)}},
            {"shuffle": True, "batch_size": 32, "class_weight": [[0, 1], [1, 2.5]]},
        ),
        (
            {"x": X, "y": Y, "class_weight": {"0": 1.0, "1": 2.5}},
            {"shuffle": True, "batch_size": 32, "class_weight": [["0", 1.0], ["1", 2.5]]},
        ),
    ],
)
def test_arguments_are_logged(tmp_path: Path, call: dict[str, Any], expected: dict[str, Any]) -> None:
    assert params(tmp_path, call) == [expected]


def test_each_call_has_its_own(tmp_path: Path) -> None:
    data = {"x": X, "y": Y}
    found = params(tmp_path, {**data, "class_weight": {0: 1.0, 1: 3.0}}, {**data, "shuffle": False})
    assert [call.get("class_weight") for call in found] == [[[0, 1.0], [1, 3.0]], None]
    assert [call["shuffle"] for call in found] == [True, False]


class OwnCallback(keras.callbacks.Callback):
    """May write into Keras' logs."""


@pytest.mark.parametrize(
    ("others", "followers", "own"),
    [
        ([], None, None),
        (
            [keras.callbacks.EarlyStopping(monitor="val_auc", mode="min")],
            [{"callback": "EarlyStopping", "monitor": "val_auc", "mode": "min"}],
            False,
        ),
        (
            [OwnCallback(), keras.callbacks.ReduceLROnPlateau(monitor="loss")],
            [{"callback": "ReduceLROnPlateau", "monitor": "loss", "mode": "auto"}],
            True,
        ),
        ([keras.callbacks.ModelCheckpoint("unused.keras", monitor="val_loss")], None, None),
        ([keras.callbacks.EarlyStopping(monitor="loss", mode="max", baseline=0.1)], None, None),
    ],
    ids=["none", "early stopping", "beside a callback of one's own", "saves each epoch", "stops at a baseline"],
)
def test_callbacks_that_follow_a_metric_are_described(
    tmp_path: Path, others: list[keras.callbacks.Callback], followers: list[dict[str, str]] | None, own: bool | None
) -> None:
    made, callback = model(), InputDiagnostics(tmp_path, verbose=0)
    found: dict[str, Any] = {}

    class Look(keras.callbacks.Callback):
        def on_train_begin(self, logs: object = None) -> None:
            found.update(fit_arguments(self.model))

    Look.__module__ = "keras.looks"  # it adds nothing to the logs
    made.fit(X, Y, epochs=0, verbose=0, callbacks=[callback, *others, Look()])
    assert found.get("monitors") == followers
    assert found.get("own_callbacks") is own
    assert found.get("validation_freq") == (None if own is None else 1)


def test_there_are_none_outside_of_fit() -> None:
    assert fit_arguments(model()) == {}
