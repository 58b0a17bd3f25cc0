"""Made-up batches: images, tables, labels, probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["beside_ids", "class_ids", "columns", "pixels", "probabilities"]


def pixels(high: float = 1.0, dtype: str = "float32", shape: Sequence[int] = (16, 28, 28, 1)) -> NDArray[Any]:
    """Returns images with values from 0 to `high`."""
    return (np.random.default_rng(1).random(shape) * high).astype(dtype)


def columns(scale: float = 1.0, offset: float = 0.0, *, rows: int = 32, n: int = 8, seed: int = 1) -> NDArray[Any]:
    """Returns a table of normal values with this standard deviation and mean."""
    return (np.random.default_rng(seed).normal(size=(rows, n)) * scale + offset).astype(np.float32)


def class_ids(n: int = 10, *, rows: int = 16, first: int = 0, seed: int = 1) -> NDArray[Any]:
    """Returns integer labels ``first .. first + n - 1``, all of which occur."""
    ids = np.arange(rows) % n + first
    shuffled: NDArray[Any] = np.random.default_rng(seed).permutation(ids)
    return shuffled.astype(np.int64)


def probabilities(n: int = 10, *, rows: int = 16, seed: int = 1) -> NDArray[Any]:
    """Returns rows that sum to 1."""
    values: NDArray[Any] = np.random.default_rng(seed).random((rows, n)) + 0.1
    return np.asarray(values / values.sum(axis=1, keepdims=True), np.float32)


def beside_ids(numbers: NDArray[Any]) -> dict[str, Any]:
    """Returns a batch of `BESIDE_IDS`: a table, and an id for each of its rows, which an Embedding reads."""
    ids = np.arange(len(numbers), dtype=np.int32)[:, None] % 5
    return {"x": {"numbers": numbers, "ids": ids}, "entry": {"ids": ids}, "entry_layers": {"ids": "embedding"}}
