"""Small batches are put together, and nothing else changes."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.datacheck.check import check_data
from tb_inputdiag.datacheck.gathering import gathered
from tb_inputdiag.datacheck.part_tally import Batch, TensorKey

_X = TensorKey("input", "x")
_MB = 1 << 20


def _batches(*arrays: NDArray[Any]) -> Iterator[Batch]:
    for array in arrays:
        yield {_X: array}


def test_small_batches_become_one() -> None:
    x = np.arange(1_000_000.0).reshape(10_000, 100)
    found = list(gathered(_batches(*np.array_split(x, 1000))))
    assert 2 < len(found) < 20
    np.testing.assert_array_equal(np.concatenate([batch[_X] for _, batch in found]), x)
    assert [n for n, _ in found] == sorted(n for n, _ in found)
    assert found[-1][0] == 1000


def test_a_large_batch_is_not_copied() -> None:
    x = np.zeros((1, _MB))
    ((_, batch),) = gathered(_batches(x))
    assert batch[_X] is x


def test_batches_of_other_shapes_and_text_stay_in_order() -> None:
    parts = [np.zeros((2, 3)), np.ones((1, 3)), np.ones((1, 4)), np.asarray(["a"], object), np.zeros((1, 4))]
    found = [batch[_X] for _, batch in gathered(_batches(*parts))]
    assert [array.shape for array in found] == [(3, 3), (1, 4), (1,), (1, 4)]
    assert found[2][0] == "a"


def test_a_generator_may_write_into_the_same_memory() -> None:
    def rows() -> Iterator[Any]:
        buffer = np.zeros((4, 2), np.float32)
        for i in range(50):
            buffer[:] = np.arange(4 * i, 4 * i + 4)[:, None]
            yield buffer

    found = check_data(rows, progress=False).train
    assert (found.examples, found.n_copies) == (200, 0)
    assert found.tensors[0].mean.tolist() == [99.5, 99.5]


def test_batches_do_not_change_what_is_found() -> None:
    x = np.random.default_rng(0).normal(size=(3000, 5)).astype(np.float32)
    x[2000:2010] = x[:10]
    whole = check_data(x, progress=False).train
    parts = check_data(lambda: iter(np.array_split(x, 400)), progress=False).train
    assert parts.copies.tolist() == whole.copies.tolist() == [*range(2000, 2010)]
    assert parts.originals.tolist() == [*range(10)]
    for name in ("min", "max", "min_example", "max_example", "quantiles"):
        np.testing.assert_array_equal(getattr(parts.tensors[0], name), getattr(whole.tensors[0], name))
    np.testing.assert_allclose(parts.tensors[0].std, whole.tensors[0].std, rtol=1e-9)


def test_memory_stays_below_the_bound() -> None:
    rng = np.random.default_rng(0)

    def rows() -> Iterator[Any]:
        for _ in range(300):
            yield rng.random((2000, 30), np.float32), rng.integers(0, 5, 2000)

    tracemalloc.start()
    try:
        found = check_data(rows, progress=False).train
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found.examples == 600_000
    assert peak < 200 * _MB, f"{peak / _MB:.0f} MB"
