"""The suite of this folder and the modes of training, on the backends of Keras that this process does not have."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest

from tb_inputdiag.capture.requirements import BACKENDS

ROOT = Path(__file__).resolve().parents[2]
PARTS = {
    "matrix": ("tests/modes/test_matrix.py",),
    "suite": (
        "tests/backends/suite",
        *(f"tests/modes/test_{name}.py" for name in ("lifecycle", "one_run", "failures", "strategies")),
    ),
}
"""Two halves, which take about as long, so that two cores can share them."""


@pytest.mark.slow
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("backend", [name for name in BACKENDS if name != keras.config.backend()])
def test_the_suite_passes(backend: str, part: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *PARTS[part], "-p", "no:cacheprovider", "-p", "no:xdist", "--tb=short"],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": backend, "CUDA_VISIBLE_DEVICES": "-1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=1400,
    )
    assert done.returncode == 0, done.stdout[-8000:]
