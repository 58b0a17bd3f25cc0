"""Reading a value of a step: the same values, and the step computes the same bits as when nobody reads it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from tb_inputdiag.capture.tensorflow import ops
from tb_inputdiag.capture.tensorflow.bit_identity import can_be_read, readable
from tb_inputdiag.capture.tensorflow.ops import SCOPE

VALUES = [np.random.default_rng(n).normal(size=(64, 33)).astype(np.float32) * 10.0**n for n in range(4)]
ROW = np.linspace(0.1, 1.9, 33, dtype=np.float32)

Step = Callable[..., tuple[Any, list[Any]]]
"""Takes four tensors; returns a result, and intermediate tensors to read."""


def product(a: Any, b: Any, c: Any, d: Any) -> tuple[Any, list[Any]]:
    first = tf.sin(a) * ROW
    second = first * 0.37
    return second * tf.constant(0.71) * tf.cos(b), [first, second]


def without_offset(a: Any, b: Any, c: Any, d: Any) -> tuple[Any, list[Any]]:
    first = tf.sin(a) * 0.37 + 0.0
    return first * ROW * 0.77, [first]


def sums(a: Any, b: Any, c: Any, d: Any) -> tuple[Any, list[Any]]:
    a, b, c, d = tf.sin(a), 1e3 * tf.sin(b), tf.cos(c), 1e2 * tf.cos(d)
    first = a + b
    second = first + ROW
    return (second + c) + d, [a, b, c, d, first, second]


def sums_of_the_same(a: Any, b: Any, c: Any, d: Any) -> tuple[Any, list[Any]]:
    a, b, c, d = 1e3 * tf.sin(a), tf.sin(b), 1e2 * tf.cos(c), tf.cos(d)
    first = a + b + c
    second = tf.nn.softplus(first) + (a + b)
    return second * d, [a, b, d, first, second]


def updates(a: Any, b: Any, c: Any, d: Any) -> tuple[Any, list[Any]]:
    # as Keras' optimizers pass gradients on
    gradient = tf.math.rsqrt(tf.abs(ROW)) * tf.reduce_sum(a * b, 0)
    passed_on = tf.raw_ops.IdentityN(input=[tf.identity(gradient), gradient])
    return passed_on[0] * tf.reduce_mean(c), [gradient, passed_on[0]]


def run(step: Step, reads: bool) -> tuple[Any, list[Any]]:
    """Returns the step's result, and the values of its intermediate tensors if they are read."""

    @tf.function  # type: ignore[untyped-decorator]  # TensorFlow's
    def traced(*arguments: Any) -> tuple[Any, list[Any]]:
        result, middle = step(*arguments)
        loss = tf.reduce_mean(tf.square(result))
        if not reads:
            return (result, loss), []
        with ops.sharing(), tf.name_scope(SCOPE):
            return (result, loss), [readable(x, loss) for x in middle if can_be_read(x)]

    (result, _), seen = traced(*map(tf.constant, VALUES))
    return result.numpy(), [x.numpy() for x in seen]


@pytest.mark.parametrize("step", [product, without_offset, sums, sums_of_the_same, updates])
def test_reading_changes_no_bit(step: Step) -> None:
    plain, _ = run(step, reads=False)
    _, middle = step(*map(tf.constant, VALUES))
    for _ in range(5):
        result, seen = run(step, reads=True)
        np.testing.assert_array_equal(result, plain)
        assert len(seen) == len(middle)
        for found, expected in zip(seen, middle, strict=True):
            assert found.shape == expected.shape
            np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_the_end_of_a_chain_is_read_as_it_is() -> None:
    with tf.Graph().as_default():
        x = tf.compat.v1.placeholder(tf.float32, (None, 3))
        total = x * 2.0 + 1.0
        tf.nn.relu(total)
        assert readable(total, tf.reduce_mean(total)) is total
        assert can_be_read(total)


def test_a_term_that_a_sum_may_begin_with_is_not_read() -> None:
    with tf.Graph().as_default():
        x = tf.compat.v1.placeholder(tf.float32, (None, 3))
        a, b, c = tf.sin(x), tf.cos(x), tf.tan(x)
        total = a + b + c
        assert all(map(can_be_read, (a, b, c)))
        tf.nn.relu(a)
        assert all(map(can_be_read, (a, b, c)))
        tf.nn.relu(b)
        # neither of the first two can be overwritten: what is added up begins with the third
        assert not can_be_read(c)
        assert can_be_read(a)
        assert can_be_read(total)


def test_a_term_that_was_read_before_the_sum_is_free() -> None:
    with tf.Graph().as_default():
        x = tf.compat.v1.placeholder(tf.float32, (None, 3))
        a, b, c = tf.sin(x), tf.cos(x), tf.tan(x)
        first = a + b + c
        second = tf.nn.relu(first) + a + b
        # the first one begins with `c`, the second with one of its first two
        assert not can_be_read(c)
        loss = tf.reduce_mean(second)
        assert readable(c, loss) is c
        assert readable(a, loss).op.inputs[0].op.type == "Slice"


def test_a_term_whose_memory_is_read_later_is_not_free() -> None:
    with tf.Graph().as_default():
        x = tf.compat.v1.placeholder(tf.float32, (None, 3))
        a, b, c, d = tf.sin(x), tf.cos(x), tf.tan(x), tf.exp(x)
        flat = tf.reshape(a, (-1,))
        tf.nn.relu(b)
        total = a + b + c + d
        tf.nn.relu(c)
        assert all(map(can_be_read, (a, d)))
        tf.nn.relu(flat)
        assert not can_be_read(d)
        assert can_be_read(a)
        assert can_be_read(total)


def test_without_a_graph_there_is_nothing_to_do() -> None:
    x = tf.constant([1.0])
    assert readable(x, x) is x
    assert readable(None) is None
    assert can_be_read(x)
