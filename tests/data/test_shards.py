"""Shards that a Dask cluster reads give the result of one machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tb_inputdiag import DataCheck, check_data
from tb_inputdiag.errors import ConfigurationError
from tests.data.real import mnist, table


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """A cluster of two processes."""
    distributed: Any = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def _assert_equal(found: DataCheck, expected: DataCheck) -> None:
    assert [(a.rule, a.message) for a in found.alerts] == [(a.rule, a.message) for a in expected.alerts]
    for part, mine in found.parts.items():
        theirs = expected.parts[part]
        assert (mine.examples, mine.n_bytes, mine.n_copies) == (theirs.examples, theirs.n_bytes, theirs.n_copies)
        np.testing.assert_array_equal(mine.copies, theirs.copies)
        for a, b in zip(mine.tensors, theirs.tensors, strict=True):
            assert (a.columns, a.categories, a.shapes) == (b.columns, b.categories, b.shapes)
            for field in (
                "count",
                "nan_count",
                "min",
                "max",
                "min_example",
                "quantiles",
                "bad_examples",
                "target_score",
            ):
                np.testing.assert_array_equal(getattr(a, field), getattr(b, field), field)
            np.testing.assert_allclose(a.mean, b.mean, rtol=1e-6)
            np.testing.assert_allclose(a.std, b.std, rtol=1e-6)


def _images() -> tuple[np.ndarray, np.ndarray]:
    x, y = mnist()
    x = (x / 255).astype(np.float32)
    x[4000:4200] = x[:200]
    x[4999, 3, 3] = np.nan
    return x, y


def test_arrays_are_read_on_the_workers(client: Any) -> None:
    x, y = _images()
    held_out = (x[:300], y[:300])
    found = check_data(x, y, validation_data=held_out, client=client)
    assert {"non-finite-input", "duplicate-examples", "train-validation-overlap"} <= {a.rule for a in found.alerts}
    _assert_equal(found, check_data(x, y, validation_data=held_out, progress=False))


def test_partitions_of_dask_are_shards(client: Any) -> None:
    array: Any = pytest.importorskip("dask.array")
    x, y = _images()
    expected = check_data(x, y, progress=False)
    lazy = array.from_array(x, chunks=(700, 28, 14, 1)), array.from_array(y, chunks=1000)
    _assert_equal(check_data(*lazy, client=client), expected)
    _assert_equal(check_data(*lazy, progress=False), expected)


def test_frames_of_dask_keep_their_columns(client: Any) -> None:
    frames: Any = pytest.importorskip("dask.dataframe")
    x, y = table("load_wine")
    frame = pd.DataFrame(x, columns=[f"c{i}" for i in range(13)])
    lazy = frames.from_pandas(frame, npartitions=4), frames.from_pandas(pd.Series(y), npartitions=4)
    _assert_equal(check_data(*lazy, client=client), check_data(frame, y, progress=False))


def test_a_generator_cannot_be_read_in_shards(client: Any) -> None:
    with pytest.raises(ConfigurationError, match="read from front to back"):
        check_data(lambda: iter(()), client=client)
