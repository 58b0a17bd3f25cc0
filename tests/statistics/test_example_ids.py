"""Fingerprints of examples tell different examples apart, whatever their values are."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from tb_inputdiag.records import MAX_EXAMPLE_IDS
from tb_inputdiag.statistics import example_ids

N = 20_000
_Values = Callable[[np.random.Generator], NDArray[np.float64]]
KINDS: Mapping[str, _Values] = {
    "bases of a sequence": lambda rng: rng.integers(0, 4, (N, 28)),
    "binary columns": lambda rng: rng.integers(0, 2, (N, 40)),
    "one-hot columns": lambda rng: np.eye(30)[rng.integers(0, 30, (N, 10))].reshape(N, -1),
    "ids of words": lambda rng: rng.integers(0, 20_000, (N, 50)),
    "pixels": lambda rng: rng.integers(0, 256, (N, 64)),
    "sixteenths": lambda rng: rng.integers(0, 16, (N, 12)) / 16,
    "numbers": lambda rng: rng.normal(size=(N, 10)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_different_examples_have_different_fingerprints(kind: str) -> None:
    """Of 20,000 examples 0.05 pairs share one of 2**32 fingerprints by chance."""
    examples = np.unique(KINDS[kind](np.random.default_rng(3)), axis=0)
    parts = np.split(examples, range(MAX_EXAMPLE_IDS, len(examples), MAX_EXAMPLE_IDS))
    ids = np.concatenate([example_ids.reference([part])[: len(part)] for part in parts])
    assert len(ids) == len(examples) > 0.9 * N
    assert len(ids) - len(np.unique(ids)) <= 1
