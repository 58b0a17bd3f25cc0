"""Each reduction against the NumPy reference, run by NumPy and by each of Keras' backends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tb_inputdiag.capture.jax.namespace import JAX, wide
from tb_inputdiag.capture.tensorflow.namespace import TENSORFLOW
from tb_inputdiag.capture.torch.namespace import TORCH
from tb_inputdiag.records import COLUMNS, MAX_EXAMPLE_IDS, TensorLayout
from tb_inputdiag.statistics import activations, example_ids, gradients, health, largest_losses, target_copies, weights
from tb_inputdiag.statistics.namespace import Namespace
from tb_inputdiag.statistics.numpy_namespace import NUMPY
from tb_inputdiag.statistics.reference import tensor_columns
from tb_inputdiag.statistics.tensors import TensorStatistic, tensor_statistics
from tests.statistics.compare import assert_columns
from tests.statistics.reduced import all_columns, columns, layout_of, numbers
from tests.statistics.strategies import batches, batches_of_few_shapes, offset_batches

ANY_SHAPE = pytest.mark.parametrize("xp", [NUMPY, TENSORFLOW, TORCH], ids=["numpy", "tensorflow", "torch"])
"""For tests with many shapes: JAX compiles each operation for each."""
BACKENDS = pytest.mark.parametrize("xp", [NUMPY, TENSORFLOW, JAX, TORCH], ids=["numpy", "tensorflow", "jax", "torch"])


@pytest.fixture(autouse=True, scope="module")
def _float64_for_jax() -> Iterator[None]:
    with wide():
        yield


def assert_as_reference(x: np.ndarray, layout: TensorLayout, xp: Namespace) -> None:
    found = all_columns(x, layout, xp)
    expected = tensor_columns(x, layout)
    assert_columns(found, {name: expected[name] for name in found}, x)


def test_the_modules_make_exactly_the_columns_of_the_record() -> None:
    x = np.ones((3, 4), np.float32)
    layout = replace(layout_of(x), n_classes=2)
    others = {"example_ids", *target_copies.COLUMNS, *largest_losses.COLUMNS}
    assert {*all_columns(x, layout), *others} == set(COLUMNS["tensors"])
    assert {*tensor_columns(x, layout), *others} == set(COLUMNS["tensors"])


@ANY_SHAPE
@settings(max_examples=120, deadline=None)
@given(x=batches() | offset_batches(), n_classes=st.integers(0, 4))
def test_reductions_are_as_the_reference(xp: Namespace, x: np.ndarray, n_classes: int) -> None:
    assert_as_reference(x, replace(layout_of(x), n_classes=n_classes), xp)


@settings(max_examples=80, deadline=None)
@given(x=batches_of_few_shapes(), n_classes=st.sampled_from([0, 3]))
def test_reductions_by_jax_are_as_the_reference(x: np.ndarray, n_classes: int) -> None:
    assert_as_reference(x, replace(layout_of(x), n_classes=n_classes), JAX)


@BACKENDS
@pytest.mark.parametrize("x", [np.array(3.5, np.float32), np.array(np.nan), np.array(7, np.int64)])
def test_a_single_number_is_described(xp: Namespace, x: np.ndarray) -> None:
    assert_as_reference(x, layout_of(x), xp)


@BACKENDS
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("magnitude", [1e-30, 1e-25, 1e-3, 1.0, 1e4, 1e25, 1e37])
def test_values_of_any_magnitude_are_measured(xp: Namespace, magnitude: float, dtype: str) -> None:
    if dtype == "float16" and not 1e-3 <= magnitude <= 1e4:
        magnitude = 1.0
    x = (np.random.default_rng(3).normal(size=(50, 40)) * magnitude).astype(dtype)
    for _ in range(2):
        found, expected = all_columns(x, layout_of(x), xp), tensor_columns(x, layout_of(x))
        for name in ("min", "max", "mean", "std", "nan_count", "inf_count", "whole_fraction"):
            np.testing.assert_allclose(found[name], expected[name], rtol=1e-5, atol=0)
        # and once more with values that are not finite
        x[3, 4], x[20, 30], x[21, 31] = np.nan, np.inf, -np.inf


@BACKENDS
@pytest.mark.parametrize("offset", [1e4, 1e6, 1e8])
def test_variance_does_not_cancel_far_from_zero(xp: Namespace, offset: float) -> None:
    x = (offset + np.random.default_rng(0).normal(0, 16, (4096, 1))).astype(np.float32)
    found = all_columns(x, layout_of(x), xp)
    exact = x.astype(np.float64).std()
    np.testing.assert_allclose([found["std"], found["feature_std"][0]], exact, rtol=1e-5)


@BACKENDS
@pytest.mark.parametrize("value", [0.1, -1e-20, 3e30, 16_777_217])
def test_equal_values_have_no_spread(xp: Namespace, value: float) -> None:
    x = np.full((300, 41), value, np.float32)
    found = all_columns(x, layout_of(x), xp)
    assert (found["mean"], found["std"]) == (np.float32(value), 0)


@BACKENDS
def test_quantiles_and_classes_of_many_values_are_those_of_evenly_spaced_ones(xp: Namespace) -> None:
    x = np.random.default_rng(1).integers(0, 100, 300_000)
    x[::7] = 0
    assert_as_reference(x, replace(layout_of(x), n_classes=100), xp)


@BACKENDS
@pytest.mark.parametrize(("shape", "axis"), [((7, 3), 1), ((4, 5, 6, 3), 3), ((4, 3, 9, 8), 1), ((5, 1000), 1)])
def test_features_are_those_of_the_feature_axis(xp: Namespace, shape: tuple[int, ...], axis: int) -> None:
    x = np.random.default_rng(2).normal(3, 2, shape).astype(np.float32)
    x.flat[5], x.flat[11] = np.nan, np.inf
    layout = layout_of(x)
    assert layout.feature_axis == axis
    assert_as_reference(x, layout, xp)


@BACKENDS
def test_features_of_a_large_batch_are_those_of_the_first_examples(xp: Namespace) -> None:
    x = np.zeros((1100, 1000), np.float32)
    x[1048:] = 7  # 1,048 examples of 1,000 values are looked at
    found = all_columns(x, layout_of(x), xp)
    assert found["feature_max"].max() == 0
    assert found["max"] == 7


@ANY_SHAPE
@settings(max_examples=60, deadline=None)
@given(inputs=st.lists(batches(), max_size=3))
def test_fingerprints_are_as_the_reference(xp: Namespace, inputs: list[np.ndarray]) -> None:
    n = min((len(x) for x in inputs), default=0)
    cut = [x[:n] for x in inputs]
    found = np.asarray(example_ids.reduce(xp, [xp.constant(x, x.dtype.name) for x in cut]))
    finite = [i for i in range(n) if all(np.isfinite(np.asarray(x[i], np.float64)).all() for x in cut)]
    assert found.shape == (MAX_EXAMPLE_IDS,)
    # how a NaN is spelt in bits is up to the machine
    assert found[finite].tolist() == example_ids.reference(cut)[finite].tolist()


@BACKENDS
@pytest.mark.parametrize("dtype", ["float32", "uint8", "int64", "float16"])
def test_fingerprints_of_large_examples_are_as_the_reference(xp: Namespace, dtype: str) -> None:
    x = np.random.default_rng(3).integers(0, 200, (40, 50, 37)).astype(dtype)
    found = np.asarray(example_ids.reduce(xp, [xp.constant(x, dtype)]))
    assert found.tolist() == example_ids.reference([x]).tolist()
    assert len(set(found)) == MAX_EXAMPLE_IDS


# squares of smaller numbers vanish in float32
POSITIVE = st.floats(2.0**-20, 1024, width=32)
GRADIENT_VALUES = POSITIVE | POSITIVE.map(lambda x: -x) | st.sampled_from([0.0, np.nan, np.inf])


@ANY_SHAPE
@settings(max_examples=60, deadline=None)
@given(x=hnp.arrays("float32", hnp.array_shapes(), elements=GRADIENT_VALUES))
def test_gradients_are_as_the_reference(xp: Namespace, x: np.ndarray) -> None:
    with np.errstate(all="ignore"):
        scalars, kinds = gradients.reduce(xp, xp.constant(x, "float32"))
        table = np.asarray([[np.asarray(n, np.float64) for n in scalars]])
        found = gradients.columns(table, np.asarray(kinds)[None], table[:, 0])
        expected = gradients.reference(x)
    for name, value in expected.items():
        if name == "gradient_max_abs" and np.isnan(value):
            continue  # backends differ in the largest of values that include NaN
        np.testing.assert_allclose(found[name][0], value, rtol=1e-5, err_msg=name)


@BACKENDS
@pytest.mark.parametrize("shape", [(3,), (20, 30), (300, 300), (7, 5000, 3), (90_001,)])
@pytest.mark.parametrize("bad", [None, 3, 4])
def test_weights_are_as_the_reference(xp: Namespace, shape: tuple[int, ...], bad: int | None) -> None:
    before = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    after = before * np.float32(1.01)
    if bad is not None and before.size > bad:
        after.flat[bad] = np.inf
    old, new = xp.constant(before, "float32"), xp.constant(after, "float32")
    known = weights.sample(xp, old)
    change, kinds = weights.update(xp, known, weights.sample(xp, new))
    squares = health.half_squares(xp, old), health.half_squares(xp, known)
    row = [0.0, *squares, change, health.mean_of_all(xp, new)]
    table = np.asarray([[np.asarray(n, np.float64)] for n in row])
    found, expected = weights.columns(table, np.asarray(kinds)[None]), weights.reference(before, after)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name][0], value, rtol=1e-4, err_msg=name)


@BACKENDS
@pytest.mark.parametrize("shape", [(4, 3), (16, 6, 6, 8), (1024, 1000), (64, 4, 4, 1000)])
@pytest.mark.parametrize("bound", [None, (-1.0, 1.0)])
def test_activations_are_as_the_reference(
    xp: Namespace, shape: tuple[int, ...], bound: tuple[float, float] | None
) -> None:
    x = np.maximum(np.random.default_rng(4).normal(size=shape), 0).astype(np.float32)
    x[..., 1] = 0
    axis = len(shape) - 1
    whole = xp.constant(x, "float32")
    part = activations.looked_at(xp, whole, axis)
    scalars, units, kinds = activations.reduce(xp, part, axis, bound, health.mean_of_all(xp, whole))
    table = np.asarray([[np.asarray(n, np.float64) for n in scalars]])
    found = activations.columns(table, np.asarray(units, np.float64), [shape[-1]], np.asarray(kinds)[None])
    for name, value in activations.reference(x, axis, bound).items():
        np.testing.assert_allclose(found[name][0], value, rtol=1e-4, err_msg=name)


@settings(max_examples=60, deadline=None)
@given(x=batches().filter(lambda x: x.size > 0))
def test_values_are_counted_by_kind(x: np.ndarray) -> None:
    wide = x.astype(np.float32)
    kinds = np.asarray(health.reduce(NUMPY, wide, np.asarray(np.nan, np.float32)))
    found = health.counts(kinds[None])
    assert [column[0] for column in found] == [float(n) for n in health.reference(wide)]


@pytest.mark.parametrize("statistic", tensor_statistics(), ids=lambda statistic: statistic.NAME)
def test_a_tensor_of_strings_has_a_shape_and_nothing_else(statistic: TensorStatistic) -> None:
    layout = TensorLayout(name="text", role="input", shape=(None,), dtype="string", kind="string")
    if not statistic.places(layout):
        return
    found = columns(statistic, numbers(statistic, np.array(["a", "b"]), layout))
    for name, column in found.items():
        expected = {"shape": [2, *[-1] * 7], "bad_examples": [-1] * 8}.get(name)
        if expected is None:
            assert (np.isnan(column) | (column == 0)).all(), name
        else:
            assert column.tolist() == expected
