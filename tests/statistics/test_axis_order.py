"""Inputs whose axes were swapped by ``reshape``."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from tb_inputdiag.capture.jax.namespace import JAX, wide
from tb_inputdiag.capture.tensorflow.namespace import TENSORFLOW
from tb_inputdiag.capture.torch.namespace import TORCH
from tb_inputdiag.statistics.namespace import Namespace
from tb_inputdiag.statistics.numpy_namespace import NUMPY
from tb_inputdiag.statistics.reference import tensor_columns
from tb_inputdiag.statistics.tensors import axis_order
from tests.statistics.reduced import all_columns, columns, layout_of

BACKENDS = pytest.mark.parametrize("xp", [NUMPY, TENSORFLOW, JAX, TORCH], ids=["numpy", "tensorflow", "jax", "torch"])
NAMES = ("seam_rank", "seam_wrap_ratio", "seam_step_ratio")
RNG = np.random.default_rng(4)


@pytest.fixture(autouse=True, scope="module")
def _float64_for_jax() -> Iterator[None]:
    with wide():
        yield


def described(x: np.ndarray, xp: Namespace = NUMPY) -> list[float]:
    found = all_columns(x, layout_of(x), xp)
    return [float(found[name]) for name in NAMES]


def ramps() -> np.ndarray:
    """Returns ``float32[8, 3, 12]``: three channels that rise by 1 a step, from 0, 100 and 200."""
    return (np.zeros((8, 1, 1)) + np.arange(12) + 100 * np.arange(3)[:, None]).astype("float32")


def test_scrambled_ramps_jump_at_the_seams_alone() -> None:
    rank, wrap, step = described(ramps().reshape(8, 12, 3))
    assert rank == 1, "89 at the seams, 1 beside"
    assert wrap == 1
    assert step == 9, "what is called the next step is three steps away"


def test_transposed_ramps_are_as_close_at_the_seams_as_beside() -> None:
    rank, wrap, step = described(ramps().transpose(0, 2, 1))
    assert rank == 0.5, "the differences are those a step before and after, 100 or 199"
    assert wrap == pytest.approx(199**2 / 100**2)
    assert step == 1 / 100**2


def test_of_two_seams_the_lower_one_counts() -> None:
    x = ramps().reshape(8, 36)
    x[:, 12:24] -= 100 - 12  # goes on where the first channel ends
    rank, _, _ = described(x.reshape(8, 12, 3))
    assert rank == 0.5


def test_pictures_are_compared_with_the_next_row_too() -> None:
    rows = np.arange(24.0)[:, None] * 50 + np.arange(24.0)
    x = np.repeat(rows[None, :, :, None], 3, -1).repeat(8, 0)
    assert described(x)[0] == 0.5, "a seam is where a row of pixels ends, as 24 pixels before"


@pytest.mark.parametrize(
    "shape", [(8, 12), (8, 12, 1), (8, 11, 3), (8, 300, 65), (8, 11, 40, 3), (8, 12, 4, 4, 3), (8, 12, 0)]
)
def test_what_has_no_channels_or_few_steps_is_left_out(shape: tuple[int, ...]) -> None:
    assert np.isnan(described(np.ones(shape, "float32"))).all()


def test_inputs_without_values_or_differences_have_no_ratio() -> None:
    assert np.isnan(described(np.zeros((0, 12, 3), "float32"))).all()
    rank, wrap, step = described(np.ones((8, 12, 3), "float32"))
    assert rank == 0.5
    assert np.isnan([wrap, step]).all()
    holes = ramps().reshape(8, 12, 3)
    holes[3, 4] = np.nan
    assert np.isnan(described(holes)[1])


@BACKENDS
@pytest.mark.parametrize(
    "x",
    [
        RNG.normal(size=(40, 50, 7)).cumsum(1).astype("float32"),
        RNG.normal(size=(5, 20, 2)),
        RNG.integers(0, 256, (9, 24, 10, 3)).astype("uint8"),
        RNG.integers(0, 9, (9, 260, 64)),
        RNG.normal(size=(6, 12, 1, 3)).astype("float16"),
    ],
)
def test_reductions_are_as_the_reference(xp: Namespace, x: np.ndarray) -> None:
    expected = tensor_columns(x, layout_of(x))
    for name, value in zip(NAMES, described(x, xp), strict=True):
        assert value == pytest.approx(float(expected[name]), rel=1e-9), name


def test_whole_data_is_the_mean_of_its_batches() -> None:
    x = RNG.normal(size=(100, 20, 5)).cumsum(1).astype("float32")
    layout = layout_of(x)
    whole = axis_order.of_whole(x, layout)
    assert whole[0] == 100
    ranks = [described(part)[0] for part in np.split(x, [32, 64, 96])]
    assert whole[1] == pytest.approx(np.average(ranks, weights=[32, 32, 32, 4]))
    assert np.isnan(axis_order.of_whole(x[:0], layout)[1:]).all()


def test_replicas_are_merged_by_their_examples() -> None:
    one, other = np.array([[30.0], [0.6], [1.0], [2.0], [3.0]]), np.array([[10.0], [1.0], [3.0], [2.0], [7.0]])
    np.testing.assert_allclose(axis_order.merge([one, other], [30, 10])[:, 0], [40, 0.7, 1.5, 2.0, 4.0])
    nothing = np.asarray(axis_order.ABSENT)[:, None]
    np.testing.assert_array_equal(axis_order.merge([nothing, one, nothing], [0, 30, 0]), one)
    np.testing.assert_array_equal(axis_order.merge([nothing, nothing], [0, 0]), nothing)
    assert columns(axis_order, one)["seam_wrap_ratio"] == 2
