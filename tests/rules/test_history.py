"""Losses in bounded memory: recent ones one by one, the whole run in blocks."""

from __future__ import annotations

import numpy as np
import pytest

from tb_inputdiag.records import Losses
from tb_inputdiag.rules.views.history import BLOCKS, RECENT, LossHistory


def losses(values: np.ndarray, first: int = 0) -> Losses:
    return Losses(step=np.arange(first, first + len(values)), loss=values.astype(np.float32), epoch=0)


@pytest.mark.parametrize("n", [5, BLOCKS, BLOCKS + 1, 1000, 5000])
def test_blocks_are_means_of_equal_stretches_since_the_beginning(n: int) -> None:
    history, values = LossHistory(), np.arange(n, dtype=np.float32)
    for start in range(0, n, 7):
        history.add(losses(values[start : start + 7], start))
    size = history.block_steps
    full = len(history.blocks)
    assert full < BLOCKS
    assert full * size <= n <= (full + 1) * size
    np.testing.assert_allclose(history.blocks, values[: full * size].reshape(full, size).mean(axis=1))
    assert history.recent.tolist() == values[-RECENT:].tolist()
    assert (history.count, history.first, history.last_step) == (n, 0.0, n - 1)


def test_losses_that_are_not_finite_are_counted_and_left_out() -> None:
    history = LossHistory()
    finite = history.add(losses(np.array([np.nan, 2.0, np.inf, 3.0])))
    assert finite.tolist() == history.recent.tolist() == [2.0, 3.0]
    assert (history.count, history.bad_count, history.first, history.last_step) == (2, 2, 2.0, 3)


@pytest.mark.parametrize(("examples", "size"), [(1, 16), (3, 6), (16, 1), (64, 1), (0, 1)])
def test_losses_of_few_examples_are_pooled(examples: int, size: int) -> None:
    history, values = LossHistory(), np.arange(100, dtype=np.float32)
    for start in range(0, 100, 7):
        history.add(losses(values[start : start + 7], start), examples)
    full = 100 // size
    assert history.pooled_count == full
    np.testing.assert_allclose(history.pooled, values[: full * size].reshape(full, size).mean(axis=1))
