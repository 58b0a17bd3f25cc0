"""Tests of PyTorch, in processes of their own: Keras has one backend in each process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_steps_of_pytorch() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/backends/torch", "-q", "-n", "0", "-p", "no:cacheprovider"],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": "torch", "CUDA_VISIBLE_DEVICES": "-1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=850,
    )
    assert done.returncode == 0, done.stdout[-6000:]


def test_pytorch_needs_no_other_backend() -> None:
    """Keras itself imports JAX where it is installed, so both are made unavailable."""
    code = """
import sys
sys.modules["tensorflow"] = sys.modules["jax"] = None
import keras, numpy as np, tempfile
from tb_inputdiag import InputDiagnostics
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
model.compile("sgd", "mse")
callback = InputDiagnostics(tempfile.mkdtemp(), verbose=0)
model.fit(np.ones((8, 4), "float32"), np.ones((8, 1), "float32"), verbose=0, callbacks=[callback])
ours = [name for name in sys.modules if name.startswith("tb_inputdiag.capture.")]
assert not [name for name in ours if name.split(".")[2] in ("tensorflow", "jax")], ours
from tb_inputdiag import read
print(len(read(callback.log_dir).runs))
"""
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning:tb_inputdiag", "-c", code],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": "torch"},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert done.stdout.strip().endswith("1"), done.stdout
