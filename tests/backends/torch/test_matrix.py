"""Each way to train is recorded completely and rightly, and has the same losses and weights as without the callback."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.backends.torch.rows import rows
from tests.modes.harness import run_row
from tests.modes.rows import Row


@pytest.mark.parametrize("row", [row for every in (1, 3) for row in rows(every)], ids=lambda r: f"{r.id}-{r.every}")
def test_row(row: Row, tmp_path: Path) -> None:
    run_row(row, tmp_path)
