"""The examples that alerts may name, as they are kept by NumPy and by TensorFlow."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from numpy.typing import NDArray

from tb_inputdiag.capture.tensorflow.namespace import TENSORFLOW
from tb_inputdiag.png import encode_png
from tb_inputdiag.records import MAX_SHOWN_VALUES, Role, ShownExample, TensorLayout
from tb_inputdiag.statistics.namespace import Array, Namespace
from tb_inputdiag.statistics.numpy_namespace import NUMPY
from tb_inputdiag.statistics.shown_examples import reduce, shown, shown_layout
from tb_inputdiag.statistics.tensors import bad_examples, extreme_examples, values_of

BACKENDS = pytest.mark.parametrize("xp", [NUMPY, TENSORFLOW], ids=["numpy", "tensorflow"])
START = 5


def layout(x: NDArray[Any], name: str = "x", role: Role = "input") -> TensorLayout:
    return TensorLayout(name=name, role=role, shape=(None, *x.shape[1:]), dtype=x.dtype.name)


def kept(xp: Namespace, layouts: Sequence[TensorLayout], tensors: Sequence[Array]) -> Array:
    found = shown_layout(layouts, START)
    assert found is not None
    measured = [values_of(xp, x, made, xp.shape(x)) for x, made in zip(tensors, layouts, strict=True)]
    bad, extreme = (
        {index: statistic.reduce(xp, values) for index, values in enumerate(measured)}
        for statistic in (bad_examples, extreme_examples)
    )
    return reduce(xp, found, tensors, {"bad": bad, "extreme": extreme})


def seen(
    xp: Namespace, arrays: dict[str, NDArray[Any]], places: Sequence[int], subject: str
) -> dict[tuple[str, int], ShownExample]:
    """Returns what is shown of the examples at these places: of inputs, and of the target y."""
    layouts = [layout(x, name, "target" if name == "y" else "input") for name, x in arrays.items()]
    tensors = [xp.constant(x, x.dtype.name) for x in arrays.values()]
    vector = np.asarray(kept(xp, layouts, tensors))
    found = shown_layout(layouts, START)
    assert found is not None
    assert vector.shape == (found.end - found.start,)
    pixels = np.concatenate([np.zeros(START, np.float32), vector])
    examples = shown(found, layouts, pixels, places, subject)
    return {(example.subject, example.place): example for example in examples}


def table(n: int = 16, width: int = 6) -> NDArray[np.float32]:
    return np.random.default_rng(0).normal(size=(n, width)).astype(np.float32)


@BACKENDS
def test_examples_with_nan_are_shown_with_their_targets(xp: Namespace) -> None:
    x, y = table(), np.arange(16)
    x[3, 1], x[9, 2], x[12, 0] = np.nan, np.inf, np.nan
    found = seen(xp, {"x": x, "y": y}, (3, 9, 12), "input:x")
    assert list(found) == [("input:x", 3), ("target:y", 3), ("input:x", 9), ("target:y", 9)]
    np.testing.assert_array_equal(found["input:x", 9].values, x[9])
    assert found["target:y", 9].values == (9.0,)
    assert (found["input:x", 9].first, found["input:x", 9].size) == (0, 6)


@BACKENDS
def test_a_label_out_of_range_is_shown_with_its_image(xp: Namespace) -> None:
    images = np.random.default_rng(1).integers(0, 255, (8, 10, 12, 3)).astype(np.uint8)
    images[6, 0, 0], images[6, 0, 1] = 0, 255
    y = np.array([0, 1, 2, 3, 4, -1, 12, 3])
    found = seen(xp, {"image": images, "y": y}, (5, 6), "target:y")
    assert list(found) == [("target:y", 5), ("input:image", 5), ("target:y", 6), ("input:image", 6)]
    assert found["target:y", 6].values == (12.0,)
    assert base64.b64decode(found["input:image", 6].png) == encode_png(images[6])
    assert (found["input:image", 6].low, found["input:image", 6].high) == (0.0, 255.0)


@BACKENDS
@pytest.mark.parametrize(("column", "first"), [(0, 0), (100, 84), (199, 200 - MAX_SHOWN_VALUES)])
def test_of_a_long_row_the_values_around_the_one_that_stands_out_are_shown(
    xp: Namespace, column: int, first: int
) -> None:
    ids = np.random.default_rng(2).integers(0, 50, (16, 200))
    ids[4, column], ids[7, column] = 5000, -3
    found = seen(xp, {"ids": ids}, (4, 7), "input:ids")
    for place in (4, 7):
        example = found["input:ids", place]
        assert (example.first, example.size) == (first, 200)
        np.testing.assert_array_equal(example.values, ids[place, first : first + MAX_SHOWN_VALUES])
    wide = table(width=200)
    wide[4, column] = np.nan
    assert seen(xp, {"x": wide}, (4,), "input:x")["input:x", 4].first == first


@BACKENDS
def test_only_what_was_kept_is_shown(xp: Namespace) -> None:
    assert seen(xp, {"x": table()}, (0, 1), "input:x").keys() <= {("input:x", 0), ("input:x", 1)}
    x = table()
    x[2, 0], x[5, 0] = -9.0, 9.0
    assert list(seen(xp, {"x": x}, (1, 2, 5), "input:x")) == [("input:x", 2), ("input:x", 5)]
    # an example that stands out in another tensor is not the one that the alert is about
    assert seen(xp, {"x": x, "y": np.arange(16) % 4}, (2, 5), "target:y") == {}


@BACKENDS
def test_a_batch_may_be_empty(xp: Namespace) -> None:
    empty = {"x": table()[:0], "y": np.arange(0)}
    assert seen(xp, empty, (0,), "input:x") == {}


def test_a_graph_knows_how_many_numbers_there_are() -> None:
    x, y = table(8, 40), np.arange(8)
    x[3, 39] = np.nan
    layouts = [layout(x), layout(y, "y", "target")]
    expected = shown_layout(layouts, START)
    assert expected is not None

    @tf.function(input_signature=[tf.TensorSpec([None, 40]), tf.TensorSpec([None], tf.int64)])
    def reduced(x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
        vector = kept(TENSORFLOW, layouts, [x, y])
        assert vector.shape.as_list() == [expected.end - expected.start]
        return vector

    for n in (8, 1, 0):
        found = reduced(tf.constant(x[:n]), tf.constant(y[:n])).numpy()
        by_numpy = np.asarray(kept(NUMPY, layouts, [x[:n], y[:n]]))
        np.testing.assert_array_equal(found, by_numpy)


def test_what_is_too_large_or_has_no_numbers_is_left_out() -> None:
    texts = TensorLayout(name="t", role="input", shape=(None, 3), dtype="string", kind="string")
    huge = TensorLayout(name="v", role="input", shape=(None, 128, 128, 64), dtype="float32")
    unknown = TensorLayout(name="u", role="input", shape=(None, None), dtype="float32")
    assert shown_layout([texts, huge, unknown], 0) is None
    prediction = TensorLayout(name="p", role="prediction", shape=(None, 3), dtype="float32")
    assert shown_layout([prediction], 0) is None


@BACKENDS
def test_the_examples_with_the_largest_losses_are_shown(xp: Namespace) -> None:
    x, y = table(), np.arange(16, dtype=np.float32)
    layouts = [layout(x), layout(y, "y", "target")]
    found = shown_layout(layouts, 0, losses=[1])
    assert found is not None
    tensors = [xp.constant(x, "float32"), xp.constant(y, "float32")]
    measured = [values_of(xp, t, made, xp.shape(t)) for t, made in zip(tensors, layouts, strict=True)]
    bad, extreme = (
        {index: statistic.reduce(xp, values) for index, values in enumerate(measured)}
        for statistic in (bad_examples, extreme_examples)
    )
    worst = {1: xp.constant((7.0, 4.0, 9.0), "float64")}
    vector = np.asarray(reduce(xp, found, tensors, {"bad": bad, "extreme": extreme, "loss": worst}))
    examples = shown(found, layouts, vector, (7, 4, 9), "target:y")
    assert [(e.subject, e.place) for e in examples] == [
        ("target:y", 7),
        ("input:x", 7),
        ("target:y", 4),
        ("input:x", 4),
    ]
    np.testing.assert_array_equal(examples[1].values, x[7])
