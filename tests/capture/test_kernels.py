"""What is TensorFlow's own about the reductions: its dtypes, its debugger's op, its sparse gradients, XLA, layers."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from tb_inputdiag.capture import assemble
from tb_inputdiag.capture.observations import Activation
from tb_inputdiag.capture.rows.layer_blocks import Layers
from tb_inputdiag.capture.tensorflow import ops
from tb_inputdiag.capture.tensorflow.namespace import TENSORFLOW, dense_gradient
from tb_inputdiag.statistics import activations, example_ids, gradients, health, row
from tb_inputdiag.statistics.program import Program
from tb_inputdiag.statistics.reference import tensor_columns
from tb_inputdiag.statistics.tensors import Values, moments, numbers_of, tensor_statistics, values_of
from tests.statistics.compare import assert_columns
from tests.statistics.reduced import columns, layout_of


def test_bfloat16_is_measured() -> None:
    x = tf.cast(tf.constant([1.0, 2.0, 3.0, float("nan")]), tf.bfloat16)
    layout = layout_of(np.zeros(4, np.float32))
    numbers = moments.reduce(TENSORFLOW, values_of(TENSORFLOW, x, layout, TENSORFLOW.shape(x)))
    found = columns(moments, moments.finish(numbers.numpy()[:, None]))
    assert (found["mean"], found["nan_count"], found["max"]) == (2.0, 1, 3.0)


def in_graph(x: np.ndarray, n_classes: int, by_xla: bool, shape: list[int | None] | None) -> dict[str, np.ndarray]:
    """Returns the columns that a compiled function makes of `x`; the function knows only this shape of it."""
    layout = replace(layout_of(x), n_classes=n_classes)
    described = [statistic for statistic in tensor_statistics() if statistic.places(layout)]

    @tf.function(jit_compile=by_xla, input_signature=[tf.TensorSpec(shape, x.dtype)])
    def measured(x: Any) -> Any:
        with ops.sharing(by_xla):
            values: Values = values_of(TENSORFLOW, x, layout, TENSORFLOW.shape(x))
            return [numbers_of(TENSORFLOW, statistic, values) for statistic in described]

    found: dict[str, np.ndarray] = {}
    for statistic, numbers in zip(described, measured(tf.constant(x)), strict=True):
        found |= columns(
            statistic, statistic.finish(numbers.numpy().astype(np.float64).reshape(statistic.RAW_WIDTH, -1))
        )
    return found


@pytest.mark.parametrize("by_xla", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float16", "uint8", "int64"])
@pytest.mark.parametrize("known", ["batch", "rank"])
def test_graphs_make_the_same_columns(by_xla: bool, dtype: str, known: str) -> None:
    x = np.random.default_rng(5).integers(0, 9, (8, 12, 12, 3)).astype(dtype)
    if dtype == "float32":
        x[2, 3, 4, 0], x[5, 1, 1, 1] = np.nan, -np.inf
    shape = [None, *x.shape[1:]] if known == "batch" else [None, None, None, 3]
    found = in_graph(x, 4, by_xla, shape)
    expected = tensor_columns(x, replace(layout_of(x), n_classes=4))
    assert_columns(found, {name: expected[name] for name in found}, x)


@pytest.mark.parametrize("by_xla", [False, True])
def test_labels_and_fingerprints_are_the_same_in_graphs(by_xla: bool) -> None:
    x = np.random.default_rng(5).normal(size=(8, 6, 300)).astype(np.float32)
    sizes = [[None, None, None], [None, 6, 300], [8, 6, 300]]
    for shape in sizes[1:] if by_xla else sizes:

        @tf.function(jit_compile=by_xla, input_signature=[tf.TensorSpec(shape)])
        def hashed(x: Any) -> Any:
            with ops.sharing(by_xla):
                return example_ids.reduce(TENSORFLOW, [x])

        assert hashed(tf.constant(x)).numpy().tolist() == example_ids.reference([x]).tolist()


@pytest.mark.parametrize("by_xla", [False, True])
def test_activations_compile(by_xla: bool) -> None:
    x = np.random.default_rng(5).normal(size=(8, 6, 6, 3)).astype(np.float32)

    @tf.function(jit_compile=by_xla)
    def measured(x: Any) -> Any:
        with ops.sharing(by_xla):
            return activations.reduce(TENSORFLOW, x, 3, (-1.0, 1.0))

    numbers, units, kinds = measured(tf.constant(x))
    table = np.asarray([numbers], np.float64)
    found = activations.columns(table, units.numpy().astype(np.float64), [3], kinds.numpy()[None])
    for name, value in activations.reference(x, 3, (-1.0, 1.0)).items():
        np.testing.assert_allclose(found[name][0], value, rtol=1e-5, err_msg=name)


# -- layers -----------------------------------------------------------------------------------------


def layer(x: np.ndarray, activation: str = "relu") -> dict[str, float]:
    """Returns the row of a layer's table, of a layer that returns `x`."""
    output = tf.constant(x)
    call = Activation("layer", keras.layers.Activation(activation), output)
    call.select(TENSORFLOW, output)
    layers = Layers([call])
    layout = row.row_layout([], {}, 0, layers.units)
    writer = row.RowWriter(TENSORFLOW, layout)
    writer.put(layout.step, [tf.zeros([layout.step.size], tf.float64)])
    writer.put(layout.example_ids, [tf.zeros([layout.example_ids.size], tf.float64)])
    writer.put(layout.labels, [tf.zeros([layout.labels.size], tf.float64)])
    layers.put(TENSORFLOW, writer, layout)
    program = Program(number=0, split="train", row=layout, layers=layers.paths, units=layers.units)
    table = assemble.tables([(program, [writer.row().numpy()])])[0].layers
    assert table is not None
    return {name: float(column[0]) for name, column in asdict(table).items()}


def test_layers_are_as_the_reference() -> None:
    x = np.maximum(np.random.default_rng(4).normal(size=(16, 6, 6, 8)), 0).astype(np.float32)
    x[..., 3] = 0
    found = layer(x)
    assert found["dead_fraction"] == pytest.approx(1 / 8)
    for name, value in activations.reference(x, 3).items():
        np.testing.assert_allclose(found[name], value, rtol=1e-5, err_msg=name)


def test_units_are_those_of_a_relu_only() -> None:
    found = layer(np.array([[-2.0, 0.0, 1.0]], np.float32), "linear")
    assert np.isnan(found["dead_fraction"])
    assert np.isnan(found["saturated_fraction"])
    assert found["max_abs"] == 2
    assert np.isnan(layer(np.ones((2, 3), np.float32))["saturated_fraction"])


def test_saturated_values_are_counted() -> None:
    assert layer(np.array([[-1.0, 0.995, 0.5, 0.0]], np.float32), "tanh")["saturated_fraction"] == 0.5


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_non_finite_values_anywhere_in_a_large_activation_are_found(bad: float) -> None:
    x = np.zeros((512, 1024), np.float32)
    x[511, 1020:] = bad
    assert layer(x)["nonfinite_count"] == 1  # the statistics look at the first examples: at least one elsewhere
    x[0, :3] = bad
    assert layer(x)["nonfinite_count"] == 3


def test_a_sum_that_overflows_is_not_taken_for_a_value_that_is_not_finite() -> None:
    x = np.full((512, 1024), 3e35, np.float32)
    assert layer(x)["nonfinite_count"] == 0
    half = np.full((512, 1024), 6e4, np.float16)
    assert layer(half)["nonfinite_count"] == 0


def test_an_activation_of_no_example_holds_nothing_bad() -> None:
    assert layer(np.zeros((0, 1024), np.float32))["nonfinite_count"] == 0


def test_small_layers_are_looked_at_in_enough_examples() -> None:
    # of 1,024 examples of 1,000 units the first 65, of a layer of 4 x 4 x 1,000 the first 8: 128 values a unit
    x = np.ones((1024, 1000), np.float32)
    x[128:] = 0
    assert layer(x)["zero_fraction"] == 0
    deep = np.ones((64, 4, 4, 1000), np.float32)
    deep[7:8] = 0
    assert layer(deep)["zero_fraction"] == pytest.approx(1 / 8)


# -- counts by kind ---------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_values_are_counted_by_kind(dtype: type) -> None:
    x = np.array([[0, 0, -1, 2, 3, 4], [np.nan, np.nan, np.nan, np.inf, np.inf, -np.inf]], dtype)
    kinds = health.reduce(TENSORFLOW, tf.constant(x), tf.constant(np.nan)).numpy()
    found = dict(zip(health.KINDS, kinds, strict=True))
    expected = {"count": 12, "zero": 2, "negative": 1, "positive": 3, "nan": 3, "positive_inf": 2, "negative_inf": 1}
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize("traced", [False, True])
def test_large_tensors_are_counted_if_their_proof_is_not_finite(traced: bool) -> None:
    x = np.full((600, 1000), np.nan, np.float32)
    x[:10] = 0

    def count(x: Any, proof: Any) -> Any:
        return health.reduce(TENSORFLOW, x, proof)

    for proof, bad in ((1.0, 0), (np.nan, 590_000)):
        run = tf.function(count) if traced else count
        seen = health.counts(run(tf.constant(x), tf.constant(proof, tf.float32)).numpy()[None])
        assert [column[0] for column in seen] == [600_000, 10_000, bad]


@pytest.mark.parametrize("traced", [False, True])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
def test_all_values_are_left_or_none(shape: tuple[int, ...], traced: bool) -> None:
    x = np.ones(shape, np.float32)

    def left(x: Any, nothing: Any) -> Any:
        return TENSORFLOW.all_unless(x, nothing)

    run = tf.function(left) if traced else left
    assert run(tf.constant(x), tf.constant(True)).numpy().size == 0
    assert run(tf.constant(x), tf.constant(False)).numpy().size == x.size


def test_sparse_gradients_are_summed_by_row() -> None:
    gradient = tf.IndexedSlices(tf.constant([[1.0, 0.0], [2.0, 0.0]]), tf.constant([1, 1]), tf.constant([4, 2]))
    (half, largest), kinds = gradients.reduce(TENSORFLOW, dense_gradient(gradient))
    zeros = kinds[health.KINDS.index("zero")]
    assert (half.numpy(), largest.numpy(), zeros.numpy()) == (4.5, 3.0, 7)
