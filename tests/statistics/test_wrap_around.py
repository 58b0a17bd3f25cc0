"""8-bit values that wrap around."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from tb_inputdiag.capture.jax.namespace import JAX, wide
from tb_inputdiag.capture.tensorflow.namespace import TENSORFLOW
from tb_inputdiag.capture.torch.namespace import TORCH
from tb_inputdiag.records import N_WRAP_COUNTS
from tb_inputdiag.statistics.namespace import Namespace
from tb_inputdiag.statistics.numpy_namespace import NUMPY
from tb_inputdiag.statistics.reference import tensor_columns
from tb_inputdiag.statistics.tensors import wrap_around
from tests.statistics.reduced import all_columns, columns, layout_of, merged, numbers

BACKENDS = pytest.mark.parametrize("xp", [NUMPY, TENSORFLOW, JAX, TORCH], ids=["numpy", "tensorflow", "jax", "torch"])
RNG = np.random.default_rng(4)


@pytest.fixture(autouse=True, scope="module")
def _float64_for_jax() -> Iterator[None]:
    with wide():
        yield


def described(x: np.ndarray, xp: Namespace = NUMPY) -> np.ndarray:
    return np.asarray(all_columns(x, layout_of(x), xp)["wrap_counts"])


def ramp() -> np.ndarray:
    """Returns ``uint8[1, 512, 1]``: a signal that rises by 3 a step and wraps around, through all 256 values twice."""
    return (3 * np.arange(512, dtype="uint16")).astype("uint8")[None, :, None]


def test_a_ramp_jumps_once_each_time_it_wraps() -> None:
    counts = dict(zip(wrap_around.COUNTS, described(ramp()), strict=True))
    assert counts["far"] == 2, "of five jumps, three begin at 255 or end at 0"
    assert counts["middle"] == 0
    assert counts["low_edge"] == counts["high_edge"] == 2
    assert counts["low_near"] == counts["high_near"] == 16
    assert counts["low_further"] == counts["high_further"] == 48
    assert wrap_around.unevenness(described(ramp())) == 1
    assert wrap_around.excess(described(ramp())) == 8 * 2, "as if there were one pair in the middle"
    assert wrap_around.nearness(described(ramp())) == np.inf, "only 1 and 254 are near the other end"


@pytest.mark.parametrize(("scale", "offset"), [(1.0, 0.0), (1 / 255, 0.0), (2 / 255, -1.0), (1 / 57.3, -2.2)])
def test_rescaled_integers_are_as_the_integers_themselves(scale: float, offset: float) -> None:
    x = RNG.integers(0, 256, (4, 16, 16, 3)).astype("uint8")
    rescaled = (x * scale + offset).astype("float32")
    np.testing.assert_array_equal(described(rescaled), described(x))


def test_doubled_integers_have_half_the_levels() -> None:
    x = (2 * np.arange(1024, dtype="uint16")).astype("uint8")[None, :, None]
    assert wrap_around.unevenness(described(x)) == 1, "each of 128 levels occurs as often"


def test_independent_values_have_no_excess_and_clipped_ones_are_uneven() -> None:
    noise = described(RNG.integers(0, 256, (16, 32, 32, 1)).astype("uint8"))
    assert wrap_around.excess(noise) == pytest.approx(1, abs=0.25)
    assert wrap_around.unevenness(noise) < 1.5
    clipped = RNG.normal(128, 120, (16, 32, 32, 1)).clip(0, 255).astype("uint8")
    assert wrap_around.unevenness(described(clipped)) > 10


@pytest.mark.parametrize(
    "x",
    [
        RNG.random((4, 16, 16, 1)),
        np.zeros((4, 16, 16, 1), "uint8"),
        RNG.integers(0, 256, (64, 32)).astype("uint8"),
        RNG.integers(0, 256, (64, 4, 4)).astype("uint8"),
        np.zeros((0, 16, 16, 1), "uint8"),
    ],
    ids=["no grid", "constant", "a table", "too short", "empty"],
)
def test_what_has_no_levels_or_neighbours_is_left_out(x: np.ndarray) -> None:
    assert np.isnan(described(x)).all()


@BACKENDS
@pytest.mark.parametrize(
    "x",
    [
        RNG.integers(0, 256, (9, 24, 10, 3)).astype("uint8"),
        (RNG.integers(0, 256, (9, 24, 10, 3)) / 255).astype("float32"),
        RNG.normal(300, 90, (40, 50, 7)).astype("int64") % 256,
        RNG.integers(0, 128, (70, 1024, 1)) * 2.0,
        np.where(RNG.random((9, 40, 40)) < 0.0001, np.nan, RNG.integers(0, 256, (9, 40, 40))),
        RNG.normal(size=(6, 12, 8, 3)).astype("float16"),
    ],
)
def test_reductions_are_as_the_reference(xp: Namespace, x: np.ndarray) -> None:
    np.testing.assert_array_equal(described(x, xp), tensor_columns(x, layout_of(x))["wrap_counts"])


def test_two_levels_with_noise_have_nothing_in_between_and_ends_of_their_own() -> None:
    ink = RNG.random((16, 32, 32, 1)) < 0.3
    scans = (np.where(ink, 12, 243) + RNG.normal(0, 6, ink.shape)).clip(0, 255).astype("uint8")
    assert wrap_around.fill(described(scans)) == 0
    assert wrap_around.nearness(described(scans)) == pytest.approx(1, abs=0.2)
    noise = described(RNG.integers(0, 256, (16, 32, 32, 1)).astype("uint8"))
    assert wrap_around.fill(noise) == pytest.approx(1, abs=0.2)


def test_replicas_and_whole_data_are_sums() -> None:
    x = RNG.integers(0, 256, (8, 24, 24, 1)).astype("uint8")
    layout = layout_of(x)
    parts = [numbers(wrap_around, half, layout) for half in (x[:4], x[4:])]
    both = columns(wrap_around, merged(wrap_around, parts, [4, 4]))["wrap_counts"]
    np.testing.assert_array_equal(both, described(x))
    np.testing.assert_array_equal(columns(wrap_around, wrap_around.of_whole(x, layout))["wrap_counts"], described(x))
    assert np.isnan(columns(wrap_around, wrap_around.of_whole(x[:0], layout))["wrap_counts"]).all()


def test_there_are_as_many_counts_as_the_log_has_places() -> None:
    assert len(wrap_around.COUNTS) == N_WRAP_COUNTS
