"""Kinds of exceptions on the backends that this process does not have: each through the real program there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import keras
import pytest

from tb_inputdiag.capture.requirements import BACKENDS
from tests.backends.kinds import neutral_kinds

ROOT = Path(__file__).parents[2]
NOTHING = "no exception"
OTHERWISE: Mapping[str, Mapping[str, str]] = {
    "tensorflow": {},
    "jax": {
        "generator-of-single-examples": "generator-without-batch-axis",
        "ranks-of-batches-differ": NOTHING,
        "label-out-of-range": NOTHING,
        "token-out-of-range": NOTHING,
        "optimizer-of-another-model": NOTHING,
        "no-loss": NOTHING,
        "no-gradients": NOTHING,
        "saved-model-folder": "mended: NotImplementedError",
        "reshape-in-the-model": "reshape-inside-a-layer",
        "generator-of-lists": NOTHING,
    },
    "torch": {
        "generator-of-single-examples": "generator-without-batch-axis",
        "ranks-of-batches-differ": NOTHING,
        "assignment-to-a-tensor": NOTHING,
        "squeeze-of-a-longer-axis": NOTHING,
        "reshape-in-the-model": "reshape-inside-a-layer",
        "numpy-method-in-graph": "numpy-function-in-graph",
        "condition-in-graph": NOTHING,
        "call-missing": NOTHING,
        "lambda-output-shape": NOTHING,
        "saved-model-folder": "mended: UserError",
        "generator-of-lists": NOTHING,
        "partial-batch": "mended: RuntimeError",  # Keras' stateful layers cannot be trained there, whatever the batch
    },
}
"""Backend -> kind -> what its program is taken for there, where that is not the kind. Some are no fault there."""


@pytest.mark.slow
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("backend", [name for name in BACKENDS if name != keras.config.backend()])
def test_each_kind_is_found_on_the_other_backends(backend: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.backends.kinds"],
        cwd=ROOT,
        env={**os.environ, "KERAS_BACKEND": backend, "CUDA_VISIBLE_DEVICES": "-1"},
        capture_output=True,
        text=True,
        timeout=1400,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    answers = dict(line.split("\t", 1) for line in done.stdout.splitlines())
    expected = {kind.id: OTHERWISE[backend].get(kind.id, kind.id) for kind in neutral_kinds(backend)}
    assert answers == expected
