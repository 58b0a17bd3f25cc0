"""The document on ways to train says what the matrix shows."""

from __future__ import annotations

from pathlib import Path

from tests.modes.table import text


def test_the_table_of_modes_is_that_of_the_matrix() -> None:
    document = Path(__file__).parents[2] / "docs" / "modes.md"
    assert document.read_text() == text(), "run: python -m tests.modes.table > docs/modes.md"
