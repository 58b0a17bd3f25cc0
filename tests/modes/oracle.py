"""Compares what a sample says of a batch with the NumPy reference of the statistics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tb_inputdiag.records import COLUMNS, MAX_RANK, Layout, Sample, TensorView
from tb_inputdiag.statistics.reference import tensor_columns
from tests.statistics.compare import assert_columns


def assert_tensor(
    view: TensorView, values: np.ndarray, shape: tuple[int, ...] | None = None, replicas: int = 1
) -> None:
    """Asserts that a row of a sample describes an array.

    Args:
        view: The row.
        values: What the step was given; of sparse and ragged tensors the stored values.
        shape: The batch's shape if it is not that of `values`.
        replicas: How many shared the batch: quantiles are an estimate for more than one, except for the extremes.
    """
    assert view.layout.dtype == values.dtype.name, view.subject
    expected = tensor_columns(values, view.layout)
    if shape is not None:
        expected["shape"] = np.asarray([*shape, *[-1] * MAX_RANK][:MAX_RANK])
    found = {name: _column(view, name) for name in expected}
    if replicas > 1:
        found["quantiles"], expected["quantiles"] = found["quantiles"][[0, -1]], expected["quantiles"][[0, -1]]
    assert_columns(found, expected, values)
    # where the values are those of a real batch, the reduction is more exact than it must be in general
    np.testing.assert_allclose(view.mean, expected["mean"], rtol=1e-6, atol=1e-9, err_msg=view.subject)
    np.testing.assert_allclose(view.std, expected["std"], rtol=1e-5, atol=1e-7, err_msg=view.subject)


def _column(view: TensorView, name: str) -> np.ndarray:
    """Returns a tensor's part of a column."""
    of_tensors = COLUMNS["tensors"][name][1][0] == "T"
    return np.asarray(getattr(view.table, name)[view.index] if of_tensors else getattr(view, name))


def assert_batch(sample: Sample, layout: Layout, batch: Mapping[str, Any], replicas: int = 1) -> None:
    """Asserts that a sample describes a batch: the same names, and the statistics of each array.

    Args:
        sample: The sample.
        layout: Its layout.
        batch: ``role:name`` -> array, ``(values, shape)`` for ragged and sparse tensors, None for strings.
        replicas: How many shared the batch.
    """
    fed = {v.subject: v for v in sample.views(layout, stage="fed") if v.layout.role != "prediction"}
    assert set(fed) == set(batch)
    for subject, values in batch.items():
        view = fed[subject]
        if values is None:
            assert view.layout.kind == "string"
            assert np.isnan(view.mean)
        elif isinstance(values, tuple):
            assert_tensor(view, *values, replicas=replicas)
        else:
            assert_tensor(view, values, replicas=replicas)
    first = next(iter(batch.values()))
    if first is not None:
        assert sample.batch_size == (first[1][0] if isinstance(first, tuple) else len(first))
