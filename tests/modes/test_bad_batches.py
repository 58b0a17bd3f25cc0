"""`save_bad_batches`: the batch that made the NaN is kept, and the alert says where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tb_inputdiag import InputDiagnostics
from tb_inputdiag.records import SavedBatch
from tests.modes.harness import assert_same_history, fresh, records_of
from tests.modes.models import BATCH, fit_table, regressor, table


def train(model: Any, callbacks: list[Any], data: dict[str, np.ndarray], **settings: Any) -> Any:
    x, y = data["input:x"], data["target:y"]
    return model.fit(x, y, batch_size=BATCH, shuffle=False, verbose=0, callbacks=callbacks, **settings).history


def spoiled() -> dict[str, np.ndarray]:
    data = table()
    data["input:x"][5, 1] = np.nan
    return data


@pytest.mark.parametrize("settings", [{}, {"run_eagerly": True}, {"steps_per_execution": 3}])
def test_the_first_bad_batch_is_kept(tmp_path: Path, settings: dict[str, Any]) -> None:
    fresh()
    plain = train(regressor(**settings), [], spoiled())
    fresh()
    callback = InputDiagnostics(tmp_path, every=1, verbose=0, save_bad_batches=True)
    assert_same_history(plain, train(regressor(**settings), [callback], spoiled()))
    saved = [r for r in records_of(tmp_path) if isinstance(r, SavedBatch)]
    # later batches are fine: it is the weights that are lost then
    assert [r.step for r in saved] == [1]
    batch = np.load(saved[0].path)
    assert set(batch) == {"input:x", "target:y"}
    np.testing.assert_array_equal(batch["input:x"], spoiled()["input:x"][BATCH : 2 * BATCH])
    alert = next(a for a in callback.alerts if a.rule == "non-finite-input")
    assert alert.evidence["batch_file"] == saved[0].path
    assert f"numpy.load({saved[0].path!r})" in alert.fix


def test_a_batch_that_makes_the_loss_infinite_is_kept(tmp_path: Path) -> None:
    fresh()
    data = table()
    data["target:y"][9] = 3e30
    callback = InputDiagnostics(tmp_path, every=1, verbose=0, save_bad_batches=True)
    train(regressor(), [callback], data)
    saved = [r for r in records_of(tmp_path) if isinstance(r, SavedBatch)]
    assert [r.step for r in saved] == [2]
    assert np.load(saved[0].path)["target:y"].max() == np.float32(3e30)


def test_no_more_than_three_batches_are_kept(tmp_path: Path) -> None:
    fresh()
    data = table()
    data["input:x"][:] = np.nan
    train(regressor(), [InputDiagnostics(tmp_path, every=1, verbose=0, save_bad_batches=True)], data, epochs=2)
    assert len([r for r in records_of(tmp_path) if isinstance(r, SavedBatch)]) == 3
    assert len(list(tmp_path.rglob("*.npz"))) == 3


def test_healthy_runs_and_others_save_nothing(tmp_path: Path) -> None:
    fresh()
    fit_table(regressor(), [InputDiagnostics(tmp_path, every=1, verbose=0, save_bad_batches=True)])
    train(regressor(), [InputDiagnostics(tmp_path, every=1, verbose=0)], spoiled())
    assert not list(tmp_path.rglob("*.npz"))
