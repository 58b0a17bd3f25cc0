"""Beside Keras' own TensorBoard callback, in the same log_dir."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from tensorboard.context import RequestContext

from tb_inputdiag import InputDiagnostics
from tb_inputdiag.log.codec import PLUGIN_NAME
from tb_inputdiag.log.scalar_mirror import GROUP
from tests.log.test_tensorboard import fast_loader, python_loader

EPOCHS = 3


@pytest.fixture(scope="module")
def log_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("logs")
    x = np.random.default_rng(0).uniform(0, 255, (256, 8)).astype("float32")
    model = keras.Sequential([keras.layers.Input((8,)), keras.layers.Dense(4), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    ours = InputDiagnostics(folder, mirror_scalars=True, verbose=0)
    theirs = keras.callbacks.TensorBoard(folder, update_freq=1)
    model.fit(x, x[:, :1], epochs=EPOCHS, validation_split=0.25, verbose=0, callbacks=[theirs, ours])
    ours.close()
    assert ours.alerts
    return folder


@pytest.mark.parametrize("loader", [python_loader, fast_loader])
def test_both_show(log_dir: Path, loader: Any) -> None:
    provider, context = loader(log_dir), RequestContext()
    runs = {run.run_name for run in provider.list_runs(context, experiment_id="")}
    assert runs == {"train", "validation", "inputdiag"}
    scalars = provider.read_scalars(context, experiment_id="", plugin_name="scalars", downsample=1000)
    assert len(scalars["train"]["epoch_loss"]) == EPOCHS
    assert len(scalars["validation"]["epoch_loss"]) == EPOCHS
    assert scalars["inputdiag"].keys() == {f"{GROUP}/loss", f"{GROUP}/gradient_norm"}
    texts = provider.list_tensors(context, experiment_id="", plugin_name="text")
    assert any(tag.startswith(f"{GROUP}/unnormalized-input/") for tag in texts["inputdiag"])
    ours = provider.list_tensors(context, experiment_id="", plugin_name=PLUGIN_NAME)
    assert ours.keys() == {"inputdiag"}
