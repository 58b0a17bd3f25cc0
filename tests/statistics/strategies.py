"""Batches as users feed them: integers, halves, big offsets, NaN, infinities, none at all."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

DTYPES = ["float32", "float64", "float16", "uint8", "int8", "int16", "uint16", "int32", "int64", "bool"]
_LIMITS = {16: 1024.0, 32: 2.0**50, 64: 2.0**50}


@st.composite
def batches(draw: st.DrawFn, min_dims: int = 1) -> np.ndarray:
    """Draws a batch, with every kind of value mixed."""
    dtype = draw(st.sampled_from(DTYPES))
    shape = draw(hnp.array_shapes(min_dims=min_dims, max_dims=4, min_side=0, max_side=5))
    elements: Any = None
    if dtype.startswith("float"):
        width = int(dtype[5:])
        limit = _LIMITS[width]
        elements = st.floats(-limit, limit, width=width, allow_subnormal=False) | st.sampled_from(
            [np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0]
        )
    return draw(hnp.arrays(dtype, shape, elements=elements))


SHAPES = [(0, 3), (5,), (4, 3), (3, 2, 2, 3)]


@st.composite
def batches_of_few_shapes(draw: st.DrawFn) -> np.ndarray:
    """Draws a batch with one of a few shapes and dtypes, for a backend that compiles each operation for each."""
    dtype = draw(st.sampled_from(["float32", "float16", "uint8", "int64"]))
    elements: Any = None
    if dtype.startswith("float"):
        limit = _LIMITS[int(dtype[5:])]
        width: Any = int(dtype[5:])
        numbers = st.floats(-limit, limit, width=width, allow_subnormal=False)
        elements = numbers | st.sampled_from([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0])
    return draw(hnp.arrays(dtype, st.sampled_from(SHAPES), elements=elements))


@st.composite
def offset_batches(draw: st.DrawFn) -> np.ndarray:
    """Draws a batch of values with a small spread far from 0."""
    offset = draw(st.sampled_from([0.0, 1e4, -1e6, 1e8]))
    seed = draw(st.integers(0, 100))
    rows = draw(st.integers(0, 60))
    return (offset + np.random.default_rng(seed).normal(0, 16, (rows, 3))).astype(np.float32)


@st.composite
def splits(draw: st.DrawFn) -> tuple[np.ndarray, list[np.ndarray]]:
    """Draws a batch and its consecutive parts, as replicas get them; some are empty."""
    x = draw(batches() | offset_batches())
    cuts = sorted(draw(st.lists(st.integers(0, len(x)), min_size=1, max_size=3)))
    return x, np.split(x, cuts)
