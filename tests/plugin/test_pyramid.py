import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tensorboard_plugin.inputdiag.pyramid import Pyramid

VALUES = st.floats(-1e6, 1e6, width=32) | st.just(float("nan")) | st.just(float("inf"))


def build(values, blocks, capacity=8):
    pyramid = Pyramid(1, capacity)
    start = 0
    for size in blocks:
        part = np.asarray(values[start : start + size], np.float32)[:, None]
        steps = np.arange(start, start + len(part)) * 10
        pyramid.append(part, steps, steps / 2.0)
        start += size
    return pyramid


@settings(max_examples=60, deadline=None)
@given(st.lists(VALUES, min_size=1, max_size=200), st.integers(1, 70))
def test_buckets_keep_extremes_whatever_the_blocks(values, size):
    count = -(-len(values) // size)
    pieces = build(values, [size] * count).read([0], 8)
    whole = build(values, [len(values)]).read([0], 8)
    for name in ("step", "last", "wall", "min", "max", "bad"):
        np.testing.assert_array_equal(getattr(pieces, name), getattr(whole, name))
    array = np.asarray(values, np.float32)
    for bucket in range(len(whole.step)):
        part = array[bucket * whole.width : (bucket + 1) * whole.width]
        finite = part[np.isfinite(part)]
        assert whole.bad[bucket, 0] == np.isinf(part).any()
        if len(finite):
            assert whole.min[bucket, 0] == finite.min()
            assert whole.max[bucket, 0] == finite.max()
            assert whole.mean[bucket, 0] == pytest.approx(finite.astype(float).mean(), rel=1e-3, abs=1.0)
        else:
            assert np.isnan(whole.mean[bucket, 0])
    assert whole.last[-1] == (len(values) - 1) * 10


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 300), st.integers(0, 100), st.sampled_from([2, 5, 8]))
def test_what_a_reader_lacks_continues_what_it_holds(n, more, points):
    values = np.random.default_rng(n).normal(size=n + more)
    before = build(values[:n], [n], capacity=16).read([0], points)
    pyramid = build(values, [n, more], capacity=16)
    held = len(before.step) - 1  # the last bucket may not have been full
    news = pyramid.read([0], points, have_width=before.width, have=held)
    whole = pyramid.read([0], points, have_width=before.width)
    assert news.width == whole.width >= before.width
    assert news.first * news.width <= held * before.width
    np.testing.assert_array_equal(news.step, whole.step[news.first :])
    np.testing.assert_array_equal(news.max, whole.max[news.first :])
    ratio = news.width // before.width
    np.testing.assert_array_equal(before.step[: news.first * ratio : ratio], whole.step[: news.first])


def test_a_reader_ahead_of_a_pyramid_that_is_read_again_keeps_what_it_has():
    news = build(np.arange(4.0), [4]).read([0], 8, have_width=1, have=7)
    assert (news.first, len(news.step)) == (7, 0)


def test_a_series_that_comes_later_is_unknown_before():
    pyramid = build(np.arange(4.0), [4])
    pyramid.widen(2)
    pyramid.append(np.array([[4.0, 40.0]], np.float32), np.array([40]), np.array([20.0]))
    buckets = pyramid.read([1], 8)
    np.testing.assert_array_equal(buckets.mean[:, 0], [np.nan] * 4 + [40.0])


def test_memory_is_bounded():
    pyramid = Pyramid(3, 1024)
    before = pyramid.nbytes
    for start in range(0, 100_000, 1000):
        steps = np.arange(start, start + 1000)
        pyramid.append(np.ones((1000, 3), np.float32), steps, steps * 1.0)
    assert pyramid.nbytes == before
    assert pyramid.buckets <= 1024
    assert pyramid.read([0, 1, 2], 500).mean.shape[0] <= 500
