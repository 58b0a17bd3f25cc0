"""Targets that say where in a picture something lies."""

from __future__ import annotations

import numpy as np
import pytest

from tb_inputdiag.capture.tensorflow.namespace import TENSORFLOW
from tb_inputdiag.records import TensorLayout
from tb_inputdiag.statistics import target_copies
from tb_inputdiag.statistics.namespace import Namespace
from tb_inputdiag.statistics.numpy_namespace import NUMPY
from tb_inputdiag.statistics.picture_places import COLUMNS, grid, picture_sizes

BACKENDS = pytest.mark.parametrize("xp", [NUMPY, TENSORFLOW], ids=["numpy", "tensorflow"])


def spots(rows: int = 30, height: int = 20, width: int = 48) -> tuple[np.ndarray, np.ndarray]:
    """Returns pictures with a bright spot each, and targets: noise, where it is across, and where it is down."""
    rng = np.random.default_rng(7)
    across, down = rng.integers(2, width - 2, rows), rng.integers(2, height - 2, rows)
    pictures = rng.normal(0.2, 0.01, (rows, height, width, 3)).astype("float32")
    for picture, column, row in zip(pictures, across, down, strict=True):
        picture[row - 1 : row + 2, column - 1 : column + 2] = 1
    return pictures, np.c_[rng.normal(size=rows), across / width, down / height].astype("float32")


def described(xp: Namespace, y: np.ndarray, x: np.ndarray) -> dict[str, float]:
    """Returns the columns of the target, and makes sure that the reference says the same."""
    layouts = [
        TensorLayout(name="x", role="input", shape=(None, *x.shape[1:]), dtype=x.dtype.name),
        TensorLayout(name="y", role="target", shape=(None, *y.shape[1:]), dtype=y.dtype.name),
    ]
    compared = target_copies.comparisons(layouts)
    arrays = [xp.constant(array, array.dtype.name) for array in (x, y)]
    with np.errstate(all="ignore"):
        rows = [np.asarray(target_copies.reduce(xp, c, arrays[c.target], arrays[c.source])) for c in compared]
    table = np.asarray(rows).reshape(len(compared), len(target_copies.NUMBERS))
    found = target_copies.columns(table, compared, 2)
    expected = target_copies.reference(layouts, [x, y])
    for name in COLUMNS:
        np.testing.assert_allclose(found[name], expected[name], atol=1e-9, err_msg=name)
    return {name: float(found[name][1]) for name in COLUMNS}


@BACKENDS
def test_the_numbers_that_name_a_place_are_found(xp: Namespace) -> None:
    pictures, targets = spots()
    found = described(xp, targets, pictures)
    assert (found["across_number"], found["down_number"]) == (1, 2)
    assert found["across_residual"] < 0.1
    assert found["down_residual"] < 0.1


@BACKENDS
def test_mirrored_pictures_lose_one_axis(xp: Namespace) -> None:
    pictures, targets = spots()
    pictures[::2] = pictures[::2, :, ::-1]
    found = described(xp, targets, pictures)
    assert found["across_residual"] > 0.7
    assert found["down_residual"] < 0.1


@BACKENDS
def test_blank_pictures_and_missing_numbers_are_left_out(xp: Namespace) -> None:
    pictures, targets = spots()
    pictures[3], targets[3] = 0.5, 9
    targets[5, 1] = np.nan
    pictures[7, 0, 0] = np.nan
    found = described(xp, targets, pictures)
    assert found["across_number"] == 1
    assert found["across_residual"] < 0.15
    blank = described(xp, targets, np.ones_like(pictures))
    assert (blank["across_residual"], blank["down_residual"]) == (1, 1)


def test_what_is_compared() -> None:
    pictures, targets = spots()
    assert np.isnan(described(NUMPY, targets[:, :1], pictures)["across_residual"])
    assert np.isnan(described(NUMPY, targets.astype("int64"), pictures)["across_residual"])
    assert picture_sizes((2,), (28, 28, 1)) == (28, 28, 1)
    assert picture_sizes((2,), (28, 28, 12)) is None
    assert picture_sizes((2,), (3, 28, 28)) is None, "channels first"
    assert picture_sizes((17,), (28, 28, 1)) is None


def test_what_a_layer_reads_is_compared_instead_of_what_was_fed() -> None:
    fed = TensorLayout(name="x", role="input", shape=(None, 28, 28, 1))
    read = TensorLayout(name="x", role="input", shape=(None, 28, 28, 1), stage="entry", sources=("x",))
    target = TensorLayout(name="y", role="target", shape=(None, 4))
    assert [c.source for c in target_copies.comparisons([fed, target, read])] == [2]


def test_replicas_agree_on_the_number() -> None:
    row = np.full((1, len(target_copies.NUMBERS)), np.nan)
    place, residual = (target_copies.NUMBERS.index(name) for name in ("across_number", "across_residual"))
    row[0, place], row[0, residual] = 1, 0.2
    other = row.copy()
    other[0, place], other[0, residual] = 2, 0.4
    assert target_copies.merge([row, row])[0, place] == 1
    merged = target_copies.merge([row, other])[0]
    assert np.isnan(merged[place])
    assert merged[residual] == pytest.approx(0.3)


def test_large_pictures_are_read_on_a_grid() -> None:
    assert list(grid(8)) == list(range(8))
    assert len(grid(224)) == 32
    assert (grid(224)[0], grid(224)[-1]) == (0, 223)
