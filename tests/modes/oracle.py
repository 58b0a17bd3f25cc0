"""What a batch's statistics must be, by NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tb_inputdiag.records import Layout, Sample, TensorView


def assert_tensor(view: TensorView, values: np.ndarray, shape: tuple[int, ...] | None = None) -> None:
    """Asserts that a row of a sample describes an array.

    Args:
        view: The row.
        values: What the step was given; of sparse and ragged tensors the stored values.
        shape: The batch's shape if it is not that of `values`.
    """
    what = view.subject
    assert view.shape == (shape or values.shape), what
    assert view.layout.dtype == values.dtype.name, what
    assert view.count == values.size, what
    wide = values.astype(np.float64)
    finite = wide[np.isfinite(wide)]
    assert view.nan_count == int(np.isnan(wide).sum()), what
    assert view.inf_count == int(np.isinf(wide).sum()), what
    if finite.size:
        assert view.min == finite.min(), what
        assert view.max == finite.max(), what
        np.testing.assert_allclose(view.mean, finite.mean(), rtol=1e-6, atol=1e-9, err_msg=what)
        np.testing.assert_allclose(view.std, finite.std(), rtol=1e-5, atol=1e-7, err_msg=what)
    else:
        assert np.isnan([view.min, view.max, view.mean, view.std]).all(), what
    if values.size:
        assert np.isclose(view.value("zero_fraction"), np.mean(wide == 0)), what
        assert np.isclose(view.value("whole_fraction"), np.mean(np.isfinite(wide) & (wide == np.round(wide)))), what
    bad = ~np.isfinite(wide.reshape(len(wide), -1)).all(1) if wide.ndim and shape is None else np.zeros(1, bool)
    assert view.bad_examples == tuple(np.flatnonzero(bad)[:8]), what


def assert_batch(sample: Sample, layout: Layout, batch: Mapping[str, Any]) -> None:
    """Asserts that a sample describes a batch: the same names, and the statistics of each array.

    Args:
        sample: The sample.
        layout: Its layout.
        batch: ``role:name`` -> array, ``(values, shape)`` for ragged and sparse tensors, None for strings.
    """
    fed = {v.subject: v for v in sample.views(layout, stage="fed") if v.layout.role != "prediction"}
    assert set(fed) == set(batch)
    for subject, values in batch.items():
        view = fed[subject]
        if values is None:
            assert view.layout.kind == "string"
            assert np.isnan(view.mean)
        elif isinstance(values, tuple):
            assert_tensor(view, *values)
        else:
            assert_tensor(view, values)
    first = next(iter(batch.values()))
    if first is not None:
        assert sample.batch_size == (first[1][0] if isinstance(first, tuple) else len(first))
