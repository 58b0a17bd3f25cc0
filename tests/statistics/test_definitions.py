"""What the statistics are, by numbers that anyone can check by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tb_inputdiag.keras_vocabulary import image_axes
from tb_inputdiag.records import TensorLayout
from tb_inputdiag.rules.examples import Scenario
from tb_inputdiag.statistics import example_ids
from tb_inputdiag.statistics.reference import tensor_columns
from tb_inputdiag.statistics.tensors.class_counts import number_of_classes
from tb_inputdiag.statistics.tensors.features import with_features
from tests.statistics.reduced import all_columns, layout_of


def described(x: object, dtype: str = "float32", **fields: int) -> dict[str, np.ndarray]:
    """Returns what the reduction and the reference both say."""
    array = np.asarray(x, dtype)
    layout = replace(layout_of(array), **fields)
    found, expected = all_columns(array, layout), tensor_columns(array, layout)
    for name, column in found.items():
        np.testing.assert_allclose(column, expected[name], rtol=1e-6, err_msg=name)
    return found


def test_an_infinity_is_not_a_whole_number() -> None:
    assert described([1, np.inf, 2.5])["whole_fraction"] == pytest.approx(1 / 3)
    assert described([np.nan, -np.inf, 3, -4])["whole_fraction"] == 0.5


def test_moments_are_of_finite_values() -> None:
    found = described([1, np.nan, 3, np.inf, -np.inf])
    assert [found[name] for name in ("count", "min", "max", "mean", "std")] == [5, 1, 3, 2, 1]
    assert [found[name] for name in ("nan_count", "inf_count", "negative_inf_count")] == [1, 2, 1]


def test_integers_beyond_float32_are_exact() -> None:
    found = described([2**40 + 1, 2**40 + 3, 2**53 - 1], "int64")
    assert (found["min"], found["max"]) == (2**40 + 1, 2**53 - 1)


def test_huge_values_do_not_overflow() -> None:
    found = described([3e38, -3e38, 3e38])
    assert np.isfinite([found["mean"], found["std"]]).all()


def test_rows_are_one_hot_if_one_value_is_1_and_the_others_are_0() -> None:
    found = described([[0, 1, 0], [1, 0, 0], [0, 2, 0], [1, 1, 0], [0, 0, 0]])
    assert (found["one_hot_fraction"], found["row_sum_min"], found["row_sum_max"]) == (pytest.approx(0.4), 0, 2)
    assert np.isnan(described([[1.0], [2.0]])["row_sum_max"])


def test_quantiles_pass_over_values_that_are_not_finite() -> None:
    found = described([np.nan, 1.0, np.inf, 3.0, -np.inf])["quantiles"]
    assert (found[0], found[16], found[-1]) == (1, 2, 3)
    assert np.isnan(described([np.nan])["quantiles"]).all()


def test_quantiles_of_equal_values_are_equal() -> None:
    assert set(described([9_942_139, 9_942_139])["quantiles"].tolist()) == {9_942_139}


def test_bad_examples_are_the_first_ones() -> None:
    x = np.zeros((20, 3, 2), np.float32)
    x[[3, 7, 19], 1, 1] = [np.nan, np.inf, -np.inf]
    assert described(x)["bad_examples"].tolist() == [3, 7, 19, -1, -1, -1, -1, -1]
    x[:] = np.nan
    assert described(x)["bad_examples"].tolist() == list(range(8))
    assert (described(np.zeros((0, 2)))["bad_examples"] == -1).all()


def test_class_ids_outside_of_the_range_and_between_two_are_not_counted() -> None:
    labels = [0, 2, 2, 9, -1, 10, 3, 1.5]
    assert described(labels, n_classes=10)["class_counts"].tolist() == [1, 0, 2, 1, 0, 0, 0, 0, 0, 1]
    rows = np.eye(3, dtype=np.float32)[[0, 1, 1]]
    assert described(rows, n_classes=3)["class_counts"].tolist() == [1, 2, 0]


@pytest.mark.parametrize(
    ("target", "units", "rank", "expected"),
    [
        ((None,), 10, 2, 10),
        ((None, 1), 10, 2, 10),
        ((None, 10), 10, 2, 10),
        ((None,), 1, 2, 2),
        ((None, 1), 1, 2, 2),
        ((None, 4), 10, 2, 0),
        ((None,), 1000, 2, 0),
        ((None, 20), 30, 3, 30),
        ((None,), None, 2, 0),
    ],
)
def test_classes_are_as_many_as_units(target: tuple[int | None, ...], units: int, rank: int, expected: int) -> None:
    assert number_of_classes(target, units, rank) == expected


def test_of_many_features_evenly_spaced_ones_are_kept() -> None:
    layout = with_features(TensorLayout(name="x", role="input", shape=(None, 1000)))
    assert (len(layout.features), layout.n_features) == (64, 1000)
    assert layout.features[:4] == (0, 15, 31, 46)
    assert layout.features[-1] == 984
    few = with_features(TensorLayout(name="x", role="input", shape=(None, 5)))
    assert few.features == (0, 1, 2, 3, 4)


def test_examples_of_rules_have_the_features_of_the_probe() -> None:
    scenario = Scenario().train(x=np.ones((4, 1000), np.float32))
    layout = next(record for record in scenario.records if hasattr(record, "tensors"))
    expected = with_features(TensorLayout(name="x", role="input", shape=(None, 1000)))
    assert layout.tensors[0].features == expected.features


@pytest.mark.parametrize(
    ("shape", "channel"),
    [
        ((None, 28, 28, 1), 3),
        ((None, 3, 32, 32), 1),
        ((None, None, None, 3), 3),
        ((8, 16, 16, 64), None),
        ((8, 3, 4, 5), None),
        ((8, 10), None),
    ],
)
def test_images_have_few_channels_and_long_sides(shape: tuple[int | None, ...], channel: int | None) -> None:
    axes = image_axes(shape)
    assert (None if axes is None else axes.channel) == channel


def test_fingerprints_stay_what_they_are() -> None:
    # a run that goes on with a later version compares them: they change only if they told examples apart badly
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert example_ids.reference([x])[:3].tolist() == [573777149, 2484814989, 0]
    assert example_ids.reference([x, x.astype(np.uint8)])[:3].tolist() == [3015179632, 4007237220, 0]


def test_equal_examples_have_equal_fingerprints() -> None:
    x = np.random.default_rng(3).integers(0, 200, (40, 5, 7))
    x[9] = x[4]
    ids = example_ids.reference([x])
    assert ids[9] == ids[4]
    assert len(set(ids.tolist())) == len(ids) - 1
    elsewhere = example_ids.reference([x[4:6]])
    assert elsewhere[0] == ids[4]
    assert (elsewhere[2:] == 0).all()


def test_fingerprints_see_every_input_and_small_changes() -> None:
    a, b = np.zeros((2, 6), np.float32), np.ones((2, 3), np.float32)
    b[1, 2] = 1.0001
    ids = example_ids.reference([a, b])
    assert ids[0] != ids[1]
    a[1, 0] = -0.0
    assert len(set(example_ids.reference([a])[:2].tolist())) == 1
