"""Targets whose values stand in an input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tb_inputdiag.capture.tensorflow.namespace import TENSORFLOW
from tb_inputdiag.records import Role, TensorLayout
from tb_inputdiag.statistics import target_copies
from tb_inputdiag.statistics.namespace import Namespace
from tb_inputdiag.statistics.numpy_namespace import NUMPY
from tb_inputdiag.statistics.target_copies import EXACT

BACKENDS = pytest.mark.parametrize("xp", [NUMPY, TENSORFLOW], ids=["numpy", "tensorflow"])
RNG = np.random.default_rng(3)


def layout(name: str, role: Role, x: np.ndarray) -> TensorLayout:
    return TensorLayout(name=name, role=role, shape=(None, *x.shape[1:]), dtype=x.dtype.name)


def described(y: np.ndarray, *inputs: np.ndarray, xp: Namespace | None = None) -> dict[str, float]:
    """Returns the columns of the target, by the reference or by a backend."""
    arrays = [*inputs, y]
    layouts = [*(layout(f"x/{i}", "input", x) for i, x in enumerate(inputs)), layout("y", "target", y)]
    if xp is None:
        found: Any = target_copies.reference(layouts, arrays)
    else:
        compared = target_copies.comparisons(layouts)
        tensors = [xp.constant(array, array.dtype.name) for array in arrays]
        with np.errstate(all="ignore"):
            rows = [np.asarray(target_copies.reduce(xp, c, tensors[c.target], tensors[c.source])) for c in compared]
        numbers = np.asarray(rows).reshape(len(compared), len(target_copies.NUMBERS))
        found = target_copies.columns(numbers, compared, len(layouts))
    return {name: float(column[-1]) for name, column in found.items()}


def table(rows: int = 40, columns: int = 7, dtype: str = "float32") -> np.ndarray:
    return RNG.normal(size=(rows, columns)).astype(dtype)


def test_a_copied_column_is_found() -> None:
    x = table()
    found = described(x[:, 4], x)
    assert found["copy_input"] == 0
    assert found["copy_place"] == 4
    assert found["copy_residual"] == pytest.approx(0, abs=EXACT)
    assert found["copy_equal"] == 1
    assert found["copy_share"] == pytest.approx(1 / 7)


def test_a_column_that_was_standardised_is_a_copy_and_not_equal() -> None:
    x = table()
    found = described(x[:, 4] * 37.5 + 1000, x)
    assert found["copy_place"] == 4
    assert found["copy_residual"] < EXACT
    assert found["copy_equal"] == 0


def test_a_column_that_explains_nearly_everything_is_no_copy() -> None:
    x = table()
    found = described(x[:, 4] + 1e-3 * table(columns=1)[:, 0], x)
    assert found["copy_residual"] > EXACT
    assert found["copy_share"] == 0


@pytest.mark.parametrize(("ones", "expected"), [(20, 40.0), (1, 3.9), (0, None)])
def test_rows_count_how_many_differ(ones: int, expected: float | None) -> None:
    y = np.r_[np.ones(ones), np.zeros(40 - ones)]
    rows = described(y, table())["copy_rows"]
    assert rows == pytest.approx(expected) if expected is not None else np.isnan(rows)


def test_one_hot_rows_are_compared_by_their_class() -> None:
    ids = np.arange(40) % 5
    found = described(np.eye(5, dtype="float32")[ids], np.c_[table(), ids].astype("float32"))
    assert found["copy_place"] == 7
    assert found["copy_residual"] < EXACT


def test_the_last_step_of_a_window_has_the_target() -> None:
    windows = RNG.normal(size=(32, 12, 3)).astype("float32")
    found = described(windows[:, -1, 1:2], windows)
    assert found["copy_place"] == 11 * 3 + 1
    assert found["copy_equal"] == 1


def test_the_ends_of_a_long_window_are_compared() -> None:
    windows = RNG.normal(size=(16, 2000, 2)).astype("float32")
    assert described(windows[:, -1, 0], windows)["copy_place"] == 3998
    assert described(windows[:, 0, 1], windows)["copy_place"] == 1


def test_a_decoder_is_compared_step_by_step_without_padding() -> None:
    source, target = RNG.integers(1, 40, (16, 9)), RNG.integers(1, 40, (16, 9))
    target[:, 6:] = 0
    source[:, 6:] = 0
    found = described(target[..., None], source, target)
    assert found["copy_input"] == 1
    assert found["copy_equal"] == 1
    assert found["copy_share"] == 0.5
    assert found["next_step_equal"] < 0.2
    shifted = np.c_[np.full(16, 39), target[:, :-1]]
    assert described(target, source, shifted)["copy_residual"] > 0.1
    assert described(target, source, shifted)["next_step_equal"] == 1
    assert described(shifted[:, 1:], source[:, 1:], target[:, 1:])["previous_step_equal"] == 1


@BACKENDS
@pytest.mark.parametrize(
    ("y", "inputs"),
    [
        (table(columns=1), [table()]),
        (table(columns=6), [table(), table(columns=3)]),
        (RNG.integers(0, 2, 30), [RNG.integers(0, 2, (30, 9))]),
        (np.eye(4)[RNG.integers(0, 4, 30)], [table(30)]),
        (RNG.integers(0, 9, (12, 7)), [RNG.integers(0, 9, (12, 7)), table(12)]),
        (RNG.normal(size=(12, 7, 2)), [RNG.normal(size=(12, 7, 3)).astype("float32")]),
        (np.where(RNG.random(30) < 0.2, np.nan, RNG.normal(size=30)), [table(30)]),
        (table(30)[:, 0], [np.where(RNG.random((30, 3)) < 0.1, np.nan, 1.5)]),
        (np.zeros(30), [table(30)]),
        (np.zeros((0, 1), "float32"), [np.zeros((0, 3), "float32")]),
        (table(20)[:, 0], [table(30)]),
        (RNG.normal(size=(9, 1)), [RNG.normal(size=(9, 3000))]),
    ],
)
def test_reductions_are_as_the_reference(xp: Namespace, y: np.ndarray, inputs: list[np.ndarray]) -> None:
    found, expected = described(y, *inputs, xp=xp), described(y, *inputs)
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, abs=1e-9, nan_ok=True), name


def test_what_has_no_rows_to_compare_is_left_out() -> None:
    images, masks = np.zeros((4, 8, 8, 1), "float32"), np.zeros((4, 8, 8, 1), "float32")
    assert np.isnan(list(described(masks, images).values())).all()
    assert np.isnan(list(described(table(columns=7), table()).values())).all(), "an autoencoder"


def test_replicas_must_find_the_same_place() -> None:
    names = target_copies.NUMBERS
    one = np.full((1, len(names)), np.nan)
    one[0, :5] = 10, 3, 0, 1, 1
    same = target_copies.merge([one, one])
    assert dict(zip(names, same[0], strict=True))["rows"] == 20
    other = one.copy()
    other[0, 1] = 2
    assert dict(zip(names, target_copies.merge([one, other])[0], strict=True))["residual"] == 1


def maps(rows: int = 6, size: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Returns pictures of three channels, and masks that lie on the second one."""
    masks = (RNG.random((rows, size, size, 1)) < 0.3).astype("float32")
    pictures = RNG.normal(0, 0.1, (rows, size, size, 3)).astype("float32")
    pictures[..., 1:2] += 0.5 * masks
    return pictures, masks


@BACKENDS
def test_a_mask_is_compared_with_the_pixels_of_its_picture(xp: Namespace) -> None:
    pictures, masks = maps()
    found = described(masks, pictures, xp=xp)
    expected = min(1 - np.corrcoef(p, masks.ravel())[0, 1] ** 2 for p in pictures.reshape(-1, 3).T)
    assert found["map_residual"] == pytest.approx(expected, abs=0.01)
    assert found["map_residual"] == pytest.approx(described(masks, pictures)["map_residual"], rel=1e-9)
    assert np.isnan(found["copy_residual"])
    assert described(masks[..., 0].astype("uint8"), pictures, xp=xp)["map_residual"] == found["map_residual"]


@BACKENDS
def test_a_mask_of_another_picture_has_nothing_in_common(xp: Namespace) -> None:
    pictures, masks = maps()
    assert described(masks[::-1].copy(), pictures, xp=xp)["map_residual"] > 0.98
    bright = pictures + RNG.normal(0, 50, (len(pictures), 1, 1, 1)).astype("float32")
    assert described(masks, bright, xp=xp)["map_residual"] < 0.5, "the brightness of a picture does not count"


@BACKENDS
def test_maps_without_differences_or_with_holes(xp: Namespace) -> None:
    pictures, masks = maps()
    assert np.isnan(described(np.zeros_like(masks), pictures, xp=xp)["map_residual"])
    pictures[0, 0, 0, 1] = np.nan
    found, expected = described(masks, pictures, xp=xp), described(masks, pictures)
    assert found["map_residual"] == pytest.approx(expected["map_residual"], rel=1e-9)
    assert np.isnan(described(masks[:, :6], pictures, xp=xp)["map_residual"])
    assert np.isnan(described(np.eye(4, dtype="float32")[np.zeros((6, 12, 12), int)], pictures)["map_residual"])
