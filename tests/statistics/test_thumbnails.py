"""Thumbnails and their labels, by NumPy and by TensorFlow."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tb_inputdiag.capture.tensorflow.namespace import TENSORFLOW
from tb_inputdiag.records import Role, TensorLayout
from tb_inputdiag.statistics.namespace import Namespace
from tb_inputdiag.statistics.numpy_namespace import NUMPY
from tb_inputdiag.statistics.thumbnails import N_LABELS, image_blocks, labels, pixels, reduce, shown_labels

BACKENDS = pytest.mark.parametrize("xp", [NUMPY, TENSORFLOW], ids=["numpy", "tensorflow"])


def image(*shape: int | None, role: Role = "input") -> TensorLayout:
    return TensorLayout(name="x", role=role, shape=(None, *shape))


def test_image_like_inputs_that_are_no_copies_have_thumbnails() -> None:
    layouts = [image(28, 28, 1), image(10), image(28, 28, 1, role="target"), image(3, 200, 100), image(28, 28, 1)]
    found = image_blocks(layouts, {4: 0}, 2)
    assert [(block.tensor, block.shape, block.start) for block in found] == [
        (0, (2, 28, 28, 1), 0),
        (3, (2, 64, 64, 3), 2 * 28 * 28),
    ]


@BACKENDS
def test_evenly_spaced_pixels_are_taken(xp: Namespace) -> None:
    x = np.arange(2 * 3 * 128 * 8, dtype=np.float32).reshape(2, 3, 128, 8)
    block = image_blocks([image(3, 128, 8)], {}, 2)[0]
    found = np.asarray(reduce(xp, xp.constant(x, "float32"), block)).reshape(block.shape)
    np.testing.assert_array_equal(found, x.transpose(0, 2, 3, 1)[:, ::2])


@BACKENDS
def test_a_batch_that_is_too_small_has_fewer_thumbnails(xp: Namespace) -> None:
    x = np.random.default_rng(0).integers(0, 255, (1, 8, 8, 4)).astype(np.uint8)
    block = image_blocks([image(8, 8, 4)], {}, 4)[0]
    vector = np.asarray(reduce(xp, xp.constant(x, "uint8"), block))
    shown = pixels(block, vector, 1)
    assert shown is not None
    assert (shown[1], shown[2]) == (x[..., :3].min(), x[..., :3].max())
    assert shown[0].shape == (1, 8, 8, 3)
    assert np.isnan(vector[8 * 8 * 3 :]).all()


def test_thumbnails_are_scaled_to_their_own_finite_range() -> None:
    block = image_blocks([image(8, 8, 1)], {}, 1)[0]
    values = np.full(64, 10.0, np.float32)
    values[:4] = -10.0, np.nan, np.inf, -np.inf
    shown = pixels(block, values, 1)
    assert shown is not None
    assert shown[0].ravel()[:5].tolist() == [0, 0, 255, 0, 255]
    assert (shown[1], shown[2]) == (-10.0, 10.0)
    assert pixels(block, np.full(64, np.nan, np.float32), 1) is None


def test_a_graph_knows_how_many_pixels_there_are() -> None:
    block = image_blocks([image(None, 10, 3)], {}, 2)[0]

    @tf.function(input_signature=[tf.TensorSpec([None, None, 10, 3])])
    def reduced(x: tf.Tensor) -> tf.Tensor:
        vector = reduce(TENSORFLOW, x, block)
        assert vector.shape.as_list() == [block.size]
        return vector

    x = np.random.default_rng(0).normal(size=(2, 32, 10, 3)).astype(np.float32)
    found = reduced(tf.constant(x)).numpy().reshape(block.shape)
    # 32 rows are shown as 64, the most that there may be
    np.testing.assert_array_equal(found, np.repeat(x, 2, axis=1))


@BACKENDS
def test_labels_are_class_ids(xp: Namespace) -> None:
    def of(target: np.ndarray | None, n_classes: int) -> list[str]:
        array = None if target is None else xp.constant(target, target.dtype.name)
        return list(shown_labels(np.asarray(labels(xp, array, n_classes)), 3))

    assert of(np.array([3, 1]), 10) == ["3", "1"]
    assert of(np.array([[3], [1]]), 10) == ["3", "1"]
    assert of(np.eye(3, dtype=np.float32)[[2, 0]], 3) == ["2", "0"]
    assert of(np.arange(20), 20) == ["0", "1", "2"]
    assert of(np.zeros((2, 3, 4), np.float32), 4) == []
    assert of(None, 0) == []
    assert np.asarray(labels(xp, None, 0)).shape == (N_LABELS,)
