"""Every way to train: the same result with and without the callback, and records as NumPy says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.modes import rows_data, rows_jax, rows_models, rows_steps, rows_torch
from tests.modes.harness import run_row
from tests.modes.rows import Row

ROWS = [*rows_data.ROWS, *rows_models.ROWS, *rows_steps.ROWS, *rows_jax.ROWS, *rows_torch.ROWS]


@pytest.mark.parametrize("row", [pytest.param(row, marks=pytest.mark.backends(*row.on), id=row.id) for row in ROWS])
def test_training_is_the_same_and_seen(row: Row, tmp_path: Path) -> None:
    run_row(row, tmp_path)
