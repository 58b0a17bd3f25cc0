"""Chooses the tests of this folder for the backend of Keras that the process has."""

from __future__ import annotations

from pathlib import Path

import keras
import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Drops the tests that are for other backends. Tests that do not say which are for TensorFlow."""
    here, backend = Path(__file__).parent, keras.config.backend()
    items[:] = [item for item in items if item.path.parent != here or backend in _backends(item)]


def _backends(item: pytest.Item) -> tuple[str, ...]:
    marker = item.get_closest_marker("backends")
    return ("tensorflow",) if marker is None else marker.args
