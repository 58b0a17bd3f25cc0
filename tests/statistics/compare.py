"""Compares columns of statistics with those of the NumPy reference, as closely as float32 arithmetic allows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

EXACT = {"shape", "count", "min", "max", "nan_count", "inf_count", "negative_inf_count", "bad_examples"}
EXACT |= {"min_example", "max_example"}


def magnitude(x: np.ndarray) -> float:
    """Returns the largest finite magnitude of an array."""
    wide = np.abs(np.asarray(x, np.float64))
    return float(np.max(wide, initial=1e-30, where=np.isfinite(wide)))


def assert_columns(found: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray], x: np.ndarray) -> None:
    """Asserts that columns describe the array `x`.

    Args:
        found: The columns.
        expected: Those of the reference.
        x: The values: rounding errors grow with the largest of them.
    """
    scale = magnitude(x)
    finite = np.isfinite(np.asarray(x, np.float64)).all()
    width = x.shape[-1] if x.ndim else 1
    for name, column in expected.items():
        got = np.asarray(found[name], np.float64)
        if name in EXACT:
            np.testing.assert_array_equal(got, column, err_msg=name)
        elif name.endswith("_fraction"):
            np.testing.assert_allclose(got, column, rtol=1e-6, err_msg=name)
        elif name.endswith("std"):
            np.testing.assert_allclose(got, column, rtol=1e-4, atol=1e-5 * scale, err_msg=name)
        elif name.startswith("row_sum") and not finite:
            continue  # backends order NaN differently
        elif name in ("row_sum_min", "row_sum_max", "class_counts"):
            atol = 1e-6 * scale * (width if name != "class_counts" else x.size)
            np.testing.assert_allclose(got, column, rtol=1e-5, atol=atol, err_msg=name)
        else:
            np.testing.assert_allclose(got, column, rtol=1e-6, atol=1e-6 * scale, err_msg=name)
