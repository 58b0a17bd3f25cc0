"""Ways to train, chosen from the matrix of modes: the same result with and without the callback.

The whole matrix runs on any backend: ``KERAS_BACKEND=jax python -m pytest tests/modes/test_matrix.py``.
"""

from __future__ import annotations

from pathlib import Path

import keras
import pytest

from tests.modes.harness import run_row
from tests.modes.rows import Row
from tests.modes.test_matrix import ROWS

CHOSEN = (
    "validation-data",
    "nested",
    "bad-values",
    "graph",
    "jit-pictures",
    "eager",
    "spe5-jit",
    "mixed",
    "mixed-skips",
    "clipnorm",
    "accumulation",
    "add-loss",
)
OF_ITS_OWN = {"torch": {"jit-pictures", "mixed", "spe5-jit"}}
"""Rows that expect what a backend does not do: Keras refuses `steps_per_execution` on PyTorch, a compiled step is seen
from outside there, and the loss scale begins elsewhere. `tests/backends/torch` has rows of its own."""


@pytest.mark.parametrize(
    "row",
    [
        row
        for row in ROWS
        if row.id in CHOSEN or row.only not in ("", "tensorflow")
        if row.id not in OF_ITS_OWN.get(keras.config.backend(), ())
    ],
    ids=lambda row: row.id,
)
def test_training_is_the_same_and_seen(row: Row, tmp_path: Path) -> None:
    if row.only in ("", keras.config.backend()):
        run_row(row, tmp_path)
