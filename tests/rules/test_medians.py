"""The rules' own medians and quantiles are NumPy's."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tb_inputdiag.rules.support.medians import median, quantile, row_medians

finite = st.floats(-1e6, 1e6)


@given(st.lists(finite, min_size=1, max_size=40))
def test_median(values: list[float]) -> None:
    assert median(values) == np.median(values)
    assert math.isnan(median([*values, math.nan]))


def test_median_of_nothing() -> None:
    assert math.isnan(median([]))


@given(st.lists(finite, min_size=1, max_size=40), st.floats(0, 1))
def test_quantile(values: list[float], share: float) -> None:
    np.testing.assert_allclose(quantile(np.sort(values), share), np.quantile(values, share), rtol=1e-9, atol=1e-9)


@given(arrays(np.float64, st.tuples(st.integers(1, 5), st.sampled_from([2, 8, 32])), elements=finite))
def test_row_medians(rows: np.ndarray) -> None:
    np.testing.assert_allclose(row_medians(rows), np.median(rows, axis=1))
