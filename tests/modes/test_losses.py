"""The loss of a step that is not sampled is the one that the probe would have seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from tb_inputdiag import InputDiagnostics
from tb_inputdiag.records import Losses
from tests.modes import rows_data, rows_models, rows_steps
from tests.modes.harness import fresh, records_of
from tests.modes.models import BATCH, fit_table, regressor, table
from tests.modes.models import STEPS as STEPS_OF_EPOCH
from tests.modes.rows import Row

ONLY_FIRST = 1000
"""Of everything, the first execution is sampled."""
STEPS = {"spe5", "spe100", "spe5-jit", "spe5-eager", "jit", "eager", "mixed", "accumulation", "apply-gradients"}
STEPS |= {"own-loss", "compute-loss", "add-loss", "metrics"}
MODELS = {"convolutions", "recurrent"}
ROWS = [
    *(row for row in rows_data.ROWS if row.id != "infinite"),
    *(row for row in rows_models.ROWS if row.id in MODELS),
    *(row for row in rows_steps.ROWS if row.id in STEPS),
]


def losses(fit: Any, build: Any, log_dir: Path, every: int | str) -> dict[int, float]:
    """Returns step -> its logged loss."""
    fresh()
    model = build()
    fit(model, [InputDiagnostics(log_dir, every=every, verbose=0)])  # type: ignore[arg-type]  # an int or "auto"
    found: dict[int, float] = {}
    for record in records_of(log_dir):
        if isinstance(record, Losses):
            found |= dict(zip(record.step.tolist(), record.loss.tolist(), strict=True))
    return found


def assert_same_losses(fit: Any, build: Any, folder: Path, every: int | str = ONLY_FIRST) -> None:
    seen = losses(fit, build, folder / "seen", 1)
    recovered = losses(fit, build, folder / "recovered", every)
    assert recovered.keys() == seen.keys()
    np.testing.assert_allclose(list(recovered.values()), list(seen.values()), rtol=2e-5, equal_nan=True)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_losses_are_those_of_every_step(row: Row, tmp_path: Path) -> None:
    assert_same_losses(row.fit, row.build, tmp_path)


def _dataset() -> Any:
    data = table()
    return tf.data.Dataset.from_tensor_slices((data["input:x"], data["target:y"]))


def _fit(data: Any, **settings: Any) -> Any:
    return lambda model, callbacks: model.fit(data, verbose=0, callbacks=callbacks, **settings)


def test_a_smaller_batch_in_the_middle_of_an_epoch(tmp_path: Path) -> None:
    assert_same_losses(_fit(_dataset().batch(BATCH).repeat(), steps_per_epoch=4, epochs=3), regressor, tmp_path, 2)


@pytest.mark.parametrize("settings", [{}, {"steps_per_execution": 4}])
def test_data_of_unknown_length(tmp_path: Path, settings: Any) -> None:
    data = _dataset().filter(lambda x, y: True).batch(BATCH)
    assert_same_losses(_fit(data, epochs=3), lambda: regressor(**settings), tmp_path)


def test_several_fits(tmp_path: Path) -> None:
    def fit(model: Any, callbacks: list[Any]) -> None:
        for _ in range(3):
            fit_table(model, callbacks, epochs=2)

    assert_same_losses(fit, regressor, tmp_path)


def test_train_on_batch(tmp_path: Path) -> None:
    def fit(model: Any, callbacks: list[Any]) -> None:
        with callbacks[0].watch(model):
            for x, y in _dataset().batch(BATCH).repeat(3):
                model.train_on_batch(x, y)

    assert_same_losses(fit, regressor, tmp_path, "auto")


def test_an_evaluation_by_another_callback(tmp_path: Path) -> None:
    class Evaluates(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            if batch == 2:
                self.model.evaluate(*table().values(), verbose=0)

    def fit(model: Any, callbacks: list[Any]) -> None:
        fit_table(model, [Evaluates(), *callbacks], epochs=3)

    seen = losses(fit, regressor, tmp_path / "seen", 1)
    recovered = losses(fit, regressor, tmp_path / "recovered", ONLY_FIRST)
    assert {step for step in seen if step >= STEPS_OF_EPOCH} <= recovered.keys() <= seen.keys()
    for step, loss in recovered.items():
        assert loss == pytest.approx(seen[step], rel=2e-5)


def test_sizes_that_vary_are_noticed(tmp_path: Path) -> None:
    def batches() -> Any:
        x, y = table().values()
        for begin, end in ((0, 4), (4, 8), (8, 11), (11, 13), (13, 17), (17, 18), (18, 22)):
            yield x[begin:end], y[begin:end]

    signature = (tf.TensorSpec((None, 3)), tf.TensorSpec((None, 1)))
    data = tf.data.Dataset.from_generator(batches, output_signature=signature)
    seen = losses(_fit(data, epochs=3), regressor, tmp_path / "seen", 1)
    recovered = losses(_fit(data, epochs=3), regressor, tmp_path / "recovered", ONLY_FIRST)
    assert len(seen) == 21
    # in the first epoch, those that ran before the sizes were seen to vary may be missing
    assert {step for step in seen if step >= 7} <= recovered.keys() <= seen.keys()
    for step, loss in recovered.items():
        assert loss == pytest.approx(seen[step], rel=2e-5)
