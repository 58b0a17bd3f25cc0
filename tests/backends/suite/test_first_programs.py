"""What users meet first gets the same first alert on every backend."""

from __future__ import annotations

import gc
import pickle
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers as L

from tb_inputdiag import InputDiagnostics
from tb_inputdiag.capture import failed_builds
from tb_inputdiag.capture.keras_internals import build_method
from tests.modes.harness import fresh, records_of
from tests.modes.rows import Seen

CLASSES, SIDE, N = 10, 28, 512


def pictures() -> tuple[np.ndarray, np.ndarray]:
    """Returns whole numbers from 0 to 255, ``[N, SIDE, SIDE]``, and class ids that can be learned."""
    draw = np.random.default_rng(0)
    prototypes = draw.uniform(0, 255, (CLASSES, SIDE, SIDE))
    ids = draw.integers(0, CLASSES, N)
    return np.clip(prototypes[ids] + draw.normal(0, 30, (N, SIDE, SIDE)), 0, 255).round(), ids


def network() -> Any:
    fresh(1)
    model = keras.Sequential(
        [
            L.Input((SIDE, SIDE, 1)),
            L.Conv2D(8, 3, activation="relu"),
            L.MaxPooling2D(),
            L.Flatten(),
            L.Dense(CLASSES, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def trained(x: np.ndarray, log_dir: Path) -> InputDiagnostics:
    callback = InputDiagnostics(log_dir, verbose=0)
    network().fit(x, pictures()[1], epochs=2, batch_size=32, validation_split=0.2, verbose=0, callbacks=[callback])
    return callback


def first_alerts(callback: InputDiagnostics) -> list[tuple[str, str]]:
    return [(alert.rule, alert.subject) for alert in callback.alerts]


def test_healthy_pictures_raise_no_alert(tmp_path: Path) -> None:
    assert first_alerts(trained((pictures()[0] / 255).astype(np.float32)[..., None], tmp_path)) == []


def test_unscaled_pixels(tmp_path: Path) -> None:
    found = first_alerts(trained(pictures()[0].astype(np.float32)[..., None], tmp_path))
    assert found[0] == ("unnormalized-input", "input:x")


def test_integer_pixels(tmp_path: Path) -> None:
    callback = trained(pictures()[0].astype(np.int64)[..., None], tmp_path)
    assert first_alerts(callback) == [("unnormalized-input", "input:x"), ("integer-input", "input:x")]
    seen = Seen(records_of(tmp_path), str(tmp_path), callback, None)
    assert next(iter(seen.layouts[0].tensors)).dtype == "int64"


def test_the_wrong_shape(tmp_path: Path) -> None:
    callback = InputDiagnostics(tmp_path, verbose=0)
    flat = (pictures()[0] / 255).astype(np.float32).reshape(N, -1)
    with pytest.raises(ValueError, match="incompatible") as caught:
        network().fit(flat, pictures()[1], batch_size=32, verbose=0, callbacks=[callback])
    assert first_alerts(callback) == [("shape-mismatch", "input:x")]
    assert any("shape-mismatch" in note for note in getattr(caught.value, "__notes__", ["shape-mismatch"]))


def test_a_later_fit_of_a_model_that_could_not_be_built(tmp_path: Path) -> None:
    callback = InputDiagnostics(tmp_path, verbose=0)
    x, y = pictures()
    good = (x / 255).astype(np.float32)[..., None]
    model = network()
    with pytest.raises(ValueError, match="incompatible"):
        model.fit(good.reshape(N, -1), y, verbose=0, callbacks=[callback])
    model.fit(good, y, batch_size=32, verbose=0, callbacks=[callback])
    assert len(records_of(tmp_path)) > 5


def test_keras_has_its_own_method_again_when_no_callback_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gc.collect()
    # callbacks of other tests do not count
    monkeypatch.setattr(failed_builds, "_asking", [])
    monkeypatch.setattr(failed_builds, "_put_back", None)
    method = build_method()
    assert method is not None
    own = getattr(method.owner, method.name)
    callback = InputDiagnostics(tmp_path, verbose=0)
    copied = pickle.loads(pickle.dumps(callback))
    watched = getattr(method.owner, method.name)
    assert watched is not own
    del callback
    gc.collect()
    assert getattr(method.owner, method.name) is watched, "its copy is left"
    del copied
    gc.collect()
    assert getattr(method.owner, method.name) is own
