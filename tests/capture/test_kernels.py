"""The reductions against NumPy, on what users feed: large integers, NaN, infinities, offsets, empty batches."""

from dataclasses import asdict

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tb_inputdiag.capture import unpack
from tb_inputdiag.capture.row_order import FEATURE_PARTS, SCALARS
from tb_inputdiag.capture.tensorflow import kernels, layer_kernels, ops, probe
from tb_inputdiag.capture.tensorflow.observations import Activation
from tb_inputdiag.records import MAX_EXAMPLE_IDS, N_QUANTILES

DTYPES = ["float32", "float64", "float16", "uint8", "int8", "int16", "uint16", "int32", "int64", "bool"]


def scalars(x):
    return dict(zip(SCALARS, kernels.tensor_scalars(tf.convert_to_tensor(x)).numpy(), strict=True))


def oracle(x):
    v = np.asarray(x).astype(np.float64).ravel()
    finite = v[np.isfinite(v)]
    return {
        "count": v.size,
        "min": finite.min() if finite.size else np.inf,
        "max": finite.max() if finite.size else -np.inf,
        "mean": finite.mean() if finite.size else 0.0,
        "m2": ((finite - finite.mean()) ** 2).sum() if finite.size else 0.0,
        "nan_count": np.isnan(v).sum(),
        "inf_count": np.isinf(v).sum(),
        "negative_inf_count": (v == -np.inf).sum(),
        "zero_count": (v == 0).sum(),
        "whole_count": (finite == np.round(finite)).sum(),
    }


@st.composite
def batches(draw):
    dtype = draw(st.sampled_from(DTYPES))
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=5))
    if dtype.startswith("float"):
        width = int(dtype[5:])
        limit = {16: 1024.0, 32: 2.0**50, 64: 2.0**50}[width]
        values = st.floats(-limit, limit, width=width, allow_subnormal=False) | st.sampled_from(
            [np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0]
        )
        return draw(hnp.arrays(dtype, shape, elements=values))
    return draw(hnp.arrays(dtype, shape))


@settings(max_examples=150, deadline=None)
@given(batches())
def test_scalars_are_those_of_numpy(x):
    got, expected = scalars(x), oracle(x)
    exact = {"count", "nan_count", "inf_count", "negative_inf_count", "zero_count", "whole_count"}
    for name in exact:
        assert got[name] == expected[name], name
    if not np.isfinite(expected["min"]):
        return
    assert got["min"] == expected["min"]
    assert got["max"] == expected["max"]
    scale = np.nanmax(np.abs([expected["min"], expected["max"], 1e-30]))
    np.testing.assert_allclose(got["mean"], expected["mean"], rtol=1e-6, atol=1e-7 * scale)
    np.testing.assert_allclose(got["m2"], expected["m2"], rtol=1e-4, atol=1e-10 * scale**2 * x.size)


def test_integers_beyond_float32_are_exact():
    x = np.array([2**40 + 1, 2**40 + 3, 2**53 - 1], np.int64)
    got = scalars(x)
    assert got["min"] == 2**40 + 1
    assert got["max"] == 2**53 - 1


def test_bfloat16_is_measured():
    x = tf.cast(tf.constant([1.0, 2.0, 3.0, float("nan")]), tf.bfloat16)
    got = scalars(x)
    assert (got["mean"], got["nan_count"], got["max"]) == (2.0, 1, 3.0)


@pytest.mark.parametrize("offset", [1e4, 1e6, 1e8])
def test_variance_does_not_cancel_far_from_zero(offset):
    x = (offset + np.random.default_rng(0).normal(0, 16, 4096)).astype(np.float32)
    exact = x.astype(np.float64)
    got = scalars(x)
    np.testing.assert_allclose(np.sqrt(got["m2"] / x.size), exact.std(), rtol=1e-5)
    features = kernels.features(tf.constant(x[:, None]), 1, [0]).numpy()
    np.testing.assert_allclose(np.sqrt(features[3] / x.size), exact.std(), rtol=1e-5)


def test_huge_values_do_not_overflow():
    got = scalars(np.array([3e38, -3e38, 3e38], np.float32))
    assert np.isfinite([got["mean"], got["m2"]]).all()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("magnitude", [1e-30, 1e-25, 1e-3, 1.0, 1e4, 1e25, 1e37])
def test_values_of_any_magnitude_are_measured(magnitude, dtype):
    if dtype == "float16" and not 1e-3 <= magnitude <= 1e4:
        return
    x = (np.random.default_rng(3).normal(size=(50, 40)) * magnitude).astype(dtype)
    for _ in range(2):
        got, expected = scalars(x), oracle(x)
        np.testing.assert_allclose([got[name] for name in expected], list(expected.values()), rtol=1e-5, atol=0)
        # and once more with what is not finite
        x[3, 4], x[20, 30], x[21, 31] = np.nan, np.inf, -np.inf


@pytest.mark.parametrize("value", [0.1, -1e-20, 3e30, 16_777_217])
def test_equal_values_have_no_spread(value):
    got = scalars(np.full((300, 41), value, np.float32))
    assert (got["mean"], got["m2"]) == (np.float32(value), 0)


@given(hnp.arrays("float32", st.integers(1, 300), elements=st.floats(-1024, 1024, width=32, allow_subnormal=False)))
@settings(max_examples=60, deadline=None)
def test_quantiles_are_those_of_numpy(x):
    got = kernels.quantiles(tf.constant(x)).numpy()
    expected = np.quantile(x.astype(np.float64), np.linspace(0, 1, N_QUANTILES))
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-3)


def test_quantiles_of_many_values_are_near():
    x = np.random.default_rng(1).normal(size=300_000).astype(np.float32)
    got = kernels.quantiles(tf.constant(x)).numpy()
    np.testing.assert_allclose(got[4:-4], np.quantile(x, np.linspace(0, 1, N_QUANTILES))[4:-4], atol=0.08)


def test_quantiles_pass_over_what_is_not_finite():
    got = kernels.quantiles(tf.constant([np.nan, 1.0, np.inf, 3.0, -np.inf])).numpy()
    assert (got[0], got[16], got[-1]) == (1.0, 2.0, 3.0)
    assert np.isnan(kernels.quantiles(tf.constant([np.nan])).numpy()).all()
    assert np.isnan(kernels.quantiles(tf.zeros([0])).numpy()).all()


@pytest.mark.parametrize(("shape", "axis"), [((7, 3), 1), ((4, 5, 6, 3), 3), ((4, 3, 6, 5), 1)])
def test_features_are_those_of_numpy(shape, axis):
    x = np.random.default_rng(2).normal(3, 2, shape).astype(np.float32)
    x.flat[5] = np.nan
    x.flat[11] = np.inf
    kept = [0, shape[axis] - 1]
    got = kernels.features(tf.constant(x), axis, kept).numpy().reshape(len(FEATURE_PARTS), len(kept))
    for column, k in enumerate(kept):
        values = np.take(x, k, axis).astype(np.float64)
        values = values[np.isfinite(values)]
        expected = [values.min(), values.max(), values.mean(), ((values - values.mean()) ** 2).sum(), values.size]
        np.testing.assert_allclose(got[:, column], expected, rtol=1e-5)


def test_classes_are_counted():
    labels = np.array([0, 2, 2, 9, -1, 10, 3])
    got = kernels.class_counts(tf.constant(labels), 10, False).numpy()
    assert got.tolist() == [1, 0, 2, 1, 0, 0, 0, 0, 0, 1]
    rows = np.eye(3, dtype=np.float32)[[0, 1, 1]]
    assert kernels.class_counts(tf.constant(rows), 3, True).numpy().tolist() == [1, 2, 0]


def test_many_class_ids_are_scaled_up():
    ids = np.tile(np.arange(100), 2000)
    got = kernels.class_counts(tf.constant(ids), 100, False).numpy()
    assert got.sum() == pytest.approx(len(ids))


def test_one_hot_rows_are_told_from_others():
    x = np.array([[0, 1, 0], [1, 0, 0], [0, 2, 0], [1, 1, 0], [0, 0, 0]], np.float32)
    got = scalars(x)
    assert (got["rows"], got["one_hot_rows"], got["row_sum_min"], got["row_sum_max"]) == (5, 2, 0, 2)
    assert np.isnan(scalars(x[:, :1])["row_sum_max"])


def test_bad_examples_are_the_first_ones():
    x = np.zeros((20, 3, 2), np.float32)
    x[[3, 7, 19], 1, 1] = [np.nan, np.inf, -np.inf]
    assert kernels.bad_examples(tf.constant(x)).numpy().tolist() == [3, 7, 19, -1, -1, -1, -1, -1]
    x[:] = np.nan
    assert kernels.bad_examples(tf.constant(x)).numpy().tolist() == list(range(8))
    assert (kernels.bad_examples(tf.zeros([0, 2])).numpy() == -1).all()


@pytest.mark.parametrize("dtype", ["float32", "uint8", "int64", "float16"])
def test_equal_examples_have_equal_fingerprints(dtype):
    x = np.random.default_rng(3).integers(0, 200, (40, 5, 7)).astype(dtype)
    x[9] = x[4]
    ids = kernels.example_ids([tf.constant(x)]).numpy()
    assert len(ids) == MAX_EXAMPLE_IDS
    assert ids[9] == ids[4]
    assert len(set(ids)) == MAX_EXAMPLE_IDS - 1
    other_place = kernels.example_ids([tf.constant(x[4:6])]).numpy()
    assert other_place[0] == ids[4]
    assert (other_place[2:] == 0).all()


def test_fingerprints_see_every_input_and_small_changes():
    a, b = np.zeros((2, 6), np.float32), np.ones((2, 3), np.float32)
    b[1, 2] = 1.0001
    ids = kernels.example_ids([tf.constant(a), tf.constant(b)]).numpy()
    assert ids[0] != ids[1]
    a[1, 0] = -0.0
    assert len(set(kernels.example_ids([tf.constant(a)]).numpy()[:2])) == 1


def layer(x, activation="relu"):
    """Returns the row of a layer's table, of a layer that puts out `x`."""
    output = tf.constant(x)
    of_layer = Activation("layer", keras.layers.Activation(activation), output)
    of_layer.read(output)
    made, row = probe.Program(0, "train"), probe.Row()
    probe.add_layers(row, made, [of_layer])
    made.blocks = row.blocks
    return {name: float(column[0]) for name, column in asdict(unpack.layer_table(made, [row.vector().numpy()])).items()}


def test_layers_statistics_are_those_of_numpy():
    x = np.maximum(np.random.default_rng(4).normal(size=(16, 6, 6, 8)), 0).astype(np.float32)
    x[..., 3] = 0
    got = layer(x)
    assert got["nonfinite_count"] == 0
    assert got["dead_fraction"] == pytest.approx(1 / 8)
    assert got["zero_fraction"] == pytest.approx((x == 0).mean())
    np.testing.assert_allclose([got["mean"], got["std"], got["max_abs"]], [x.mean(), x.std(), x.max()], rtol=1e-5)


def test_units_are_those_of_a_relu_only():
    got = layer(np.array([[-2.0, 0.0, 1.0]], np.float32), "linear")
    assert np.isnan(got["dead_fraction"])
    assert np.isnan(got["saturated_fraction"])
    assert got["max_abs"] == 2
    assert np.isnan(layer(np.ones((2, 3), np.float32))["saturated_fraction"])


def test_saturated_values_are_counted():
    assert layer(np.array([[-1.0, 0.995, 0.5, 0.0]], np.float32), "tanh")["saturated_fraction"] == 0.5


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_non_finite_values_anywhere_in_a_large_activation_are_found(bad):
    x = np.zeros((512, 1024), np.float32)
    x[511, 1020:] = bad
    assert layer(x)["nonfinite_count"] == 1  # the statistics look at the first examples: at least one elsewhere
    x[0, :3] = bad
    assert layer(x)["nonfinite_count"] == 3


def test_a_sum_that_overflows_is_not_taken_for_a_value_that_is_not_finite():
    x = np.full((512, 1024), 3e35, np.float32)
    assert layer(x)["nonfinite_count"] == 0
    half = np.full((512, 1024), 6e4, np.float16)
    assert layer(half)["nonfinite_count"] == 0


def test_an_activation_of_no_example_holds_nothing_bad():
    assert layer(np.zeros((0, 1024), np.float32))["nonfinite_count"] == 0


def health(x):
    return dict(
        zip(layer_kernels.HEALTH, layer_kernels.health(tf.constant(x), tf.constant(np.nan)).numpy(), strict=True)
    )


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_values_are_counted_by_kind(dtype):
    got = health(np.array([[0, 0, -1, 2, 3, 4], [np.nan, np.nan, np.nan, np.inf, np.inf, -np.inf]], dtype))
    expected = {"count": 12, "zero": 2, "negative": 1, "positive": 3, "nan": 3, "positive_inf": 2, "negative_inf": 1}
    assert {name: got[name] for name in expected} == expected


@pytest.mark.parametrize("in_graph", [False, True])
def test_large_tensors_are_counted_if_their_proof_is_not_finite(in_graph):
    x = np.full((600, 1000), np.nan, np.float32)
    x[:10] = 0
    count = tf.function(layer_kernels.health) if in_graph else layer_kernels.health
    for proof, bad in ((1.0, 0), (np.nan, 590_000)):
        seen = unpack.counts(count(tf.constant(x), tf.constant(proof, tf.float32)).numpy()[None])
        assert [seen[name][0] for name in ("count", "zero", "nonfinite")] == [600_000, 10_000, bad]


@pytest.mark.parametrize("in_graph", [False, True])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
def test_a_count_alone_looks_only_if_the_proof_is_not_finite(shape, in_graph):
    x = np.full(shape, np.nan, np.float32)
    count = tf.function(layer_kernels.nonfinite_count_unless) if in_graph else layer_kernels.nonfinite_count_unless
    assert count(tf.constant(x), tf.constant(1.0)).numpy() == 0
    assert count(tf.constant(x), tf.constant(np.nan, tf.float32)).numpy() == x.size


def test_small_layers_are_looked_at_in_enough_examples():
    # of 1,024 examples of 1,000 units the first 65, of a layer of 4 x 4 x 1,000 the first 8: 128 values a unit
    x = np.ones((1024, 1000), np.float32)
    x[128:] = 0
    assert layer(x)["zero_fraction"] == 0
    deep = np.ones((64, 4, 4, 1000), np.float32)
    deep[7:8] = 0
    assert layer(deep)["zero_fraction"] == pytest.approx(1 / 8)


def test_sparse_gradients_are_summed_by_row():
    gradient = tf.IndexedSlices(tf.constant([[1.0, 0.0], [2.0, 0.0]]), tf.constant([1, 1]), tf.constant([4, 2]))
    (half, largest), counted = layer_kernels.gradient_row(layer_kernels.dense_gradient(gradient))
    zeros = counted[layer_kernels.HEALTH.index("zero")]
    assert (half.numpy(), largest.numpy(), zeros.numpy()) == (4.5, 3.0, 7)


def test_kernels_compile_under_xla():
    x = np.random.default_rng(5).normal(size=(8, 6, 6, 3)).astype(np.float32)

    def measured(x, y):
        return (
            kernels.tensor_scalars(x),
            kernels.quantiles(x),
            kernels.features(x, 3, [0, 2]),
            kernels.bad_examples(x),
            kernels.example_ids([x]),
            kernels.class_counts(y, 10, False),
            tf.stack(layer_kernels.layer_row(x, 3, (-1.0, 1.0))[0]),
            layer_kernels.layer_row(x, 3, (-1.0, 1.0))[1],
            tf.gather(
                layer_kernels.health(x, tf.reduce_mean(x)),
                [layer_kernels.HEALTH.index(name) for name in ("count", "zero", "nan")],
            ),
        )

    @tf.function(jit_compile=True)
    def compiled(x, y):
        with ops.sharing(by_xla=True):
            return measured(x, y)

    got = compiled(tf.constant(x), tf.constant([1, 2, 2, 3]))
    with tf.device("CPU"):
        expected = measured(tf.constant(x), tf.constant([1, 2, 2, 3]))
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-5, atol=1e-6)
