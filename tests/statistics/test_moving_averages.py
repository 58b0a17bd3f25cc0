"""What the moving averages before and after a step tell of the batch, against the batch itself."""

from __future__ import annotations

import numpy as np
import pytest

from tb_inputdiag.statistics import moving_averages
from tb_inputdiag.statistics.moving_averages import MovedLayer
from tb_inputdiag.statistics.numpy_namespace import NUMPY


def row_of(means: list[np.ndarray], variances: list[np.ndarray]) -> np.ndarray:
    """Returns the numbers of one layer, before and after."""
    parts = [means[0], variances[0], means[1], variances[1]]
    return np.concatenate([moving_averages.reduce(NUMPY, part.astype(np.float32), len(part)) for part in parts])


def test_a_definition_that_anyone_can_check() -> None:
    x = np.array([[8.0], [12.0]])
    found = moving_averages.reference(x, np.array([4.0]), np.array([1.0]), epsilon=0.0)
    assert found == {"moving_mean_shift": 3.0, "moving_std_factor": 2.0}


@pytest.mark.parametrize("n", [1, 3, 64, 65, 200])
@pytest.mark.parametrize("calls", [1, 2])
def test_the_batch_is_known_from_how_far_the_averages_moved(n: int, calls: int) -> None:
    rng = np.random.default_rng(n)
    x = rng.normal(rng.normal(size=n) * 5, rng.random(n) + 0.1, (32, n))
    mean, variance = np.zeros(n), np.ones(n)
    after = [mean, variance]
    for _ in range(calls):
        after = [a * 0.9 + 0.1 * b for a, b in zip(after, (x.mean(0), x.var(0)), strict=True)]
    layer = MovedLayer((1,), moving_averages.channels(n), 0.9**calls, 1e-3)
    found = moving_averages.columns(row_of([mean, after[0]], [variance, after[1]]), [layer], 3)
    expected = moving_averages.reference(x, *after)
    for name, values in found.items():
        assert np.isnan(values[[0, 2]]).all()
        assert values[1] == pytest.approx(expected[name], rel=1e-3)


def test_averages_that_did_not_move_say_nothing_of_the_batch() -> None:
    layer = MovedLayer((0,), 2, 0.99, 1e-3)
    still = [np.zeros(2)] * 2, [np.ones(2)] * 2
    found = moving_averages.columns(row_of(*still), [layer], 1)
    assert all(np.isnan(values).all() for values in found.values())


def test_replicas_are_averaged() -> None:
    parts = [{"moving_std_factor": np.array([1.0, np.nan])}, {"moving_std_factor": np.array([3.0, np.nan])}]
    np.testing.assert_equal(moving_averages.merge(parts)["moving_std_factor"], [2.0, np.nan])
