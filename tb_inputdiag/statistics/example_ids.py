"""Fingerprints of the first examples over all inputs: equal examples have equal ones, in every batch and on every
device.

A fingerprint is a multiply-shift hash (Dietzfelbinger et al. 1997) over at most `MAX_ELEMENTS` evenly spaced elements
of each input, as float32, with shifts before and after the products as in the finalizer of MurmurHash3. It is computed
in integer arithmetic, so it doesn't depend on the order of summation. It has 32 bits; 0 is never the fingerprint of an
example and pads the vector.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.records import F8, MAX_EXAMPLE_IDS, U4, TensorLayout
from tb_inputdiag.statistics.namespace import Array, Namespace, Shape, is_numeric, static_size
from tb_inputdiag.statistics.selection import even_indices, even_positions

__all__ = ["MAX_ELEMENTS", "has_examples", "merge", "reduce", "reference"]

MAX_ELEMENTS = 1024
"""Elements of an example that its fingerprint looks at."""

_FIRST_SHIFT, _SHIFT, _LAST_SHIFT = 16, 15, 13
_SECOND_FACTOR = 2_246_822_519
_NEXT_INPUT = 31


def has_examples(layout: TensorLayout, shape: Shape | None) -> bool:
    """Returns whether a fed tensor takes part in the fingerprints."""
    return layout.role == "input" and layout.kind == "dense" and is_numeric(layout.dtype) and bool(shape)


@cache
def _factors(number: int) -> U4:
    """Returns the odd numbers that the elements of input `number` are multiplied with."""
    return np.random.default_rng(20_011 + number).integers(1, 2**31, MAX_ELEMENTS, np.uint32) * 2 + 1


def reduce(xp: Namespace, inputs: Sequence[Array]) -> Array:
    """Returns ``float64[MAX_EXAMPLE_IDS]``.

    Args:
        inputs: All inputs with examples, ``[batch, ...]`` of any numeric dtype.
    """
    total: Array = None
    for number, x in enumerate(inputs):
        flat = _example_rows(xp, xp.first(x, MAX_EXAMPLE_IDS))
        # adding 0 makes -0.0 and 0.0 the same example
        bits = xp.float_bits(xp.cast(flat, "float32") + xp.constant(0.0, "float32"))
        width = (xp.static_shape(flat) or (None,))[-1]
        # the lower bits of ids, classes and pixels are 0, and would be in every product: a hash of a few bits
        bits = bits ^ xp.shift_right(bits, _FIRST_SHIFT)
        factors = xp.constant(_factors(number)[:width], "uint32")
        mixed = bits * (factors if width is not None else xp.first(factors, xp.length(flat, 1, "int32")))
        # the upper half has the good bits of a product; a row's sum must see them before they are added
        mixed = (mixed ^ xp.shift_right(mixed, _SHIFT)) * xp.constant(_SECOND_FACTOR, "uint32")
        mixed = mixed ^ xp.shift_right(mixed, _LAST_SHIFT)
        hashed = xp.sum(mixed, (1,))
        total = hashed if total is None else total * xp.constant(_NEXT_INPUT, "uint32") + hashed
    padding = xp.constant((0.0,) * MAX_EXAMPLE_IDS, "float64")
    if total is None:
        return padding
    ids = xp.maximum(xp.cast(total, "float64"), xp.constant(1.0, "float64"))
    return xp.first(xp.concat([ids, padding]), MAX_EXAMPLE_IDS)


def _example_rows(xp: Namespace, x: Array) -> Array:
    """Returns ``[batch, n]``: at most `MAX_ELEMENTS` evenly spaced elements of each example."""
    shape = xp.static_shape(x) or ()
    width = static_size(shape[1:])
    if width is None:
        flat = x if len(shape) == 2 else xp.flatten_examples(x)
        return xp.take(flat, even_indices(xp, flat, MAX_ELEMENTS, 1), 1)
    # a batch of 0 examples tells nothing about an axis of -1
    batch = shape[0] if shape[0] is not None else (-1 if width else 0)
    flat = x if len(shape) == 2 else xp.reshape(x, (batch, width))
    return xp.take(flat, even_indices(xp, flat, MAX_ELEMENTS, 1), 1) if width > MAX_ELEMENTS else flat


def merge(parts: Sequence[F8]) -> F8:
    """Returns the fingerprints of the first examples of the global batch."""
    ids = np.concatenate([part[part > 0] for part in parts])
    return np.concatenate([ids, np.zeros(MAX_EXAMPLE_IDS)])[:MAX_EXAMPLE_IDS]


def reference(inputs: Sequence[NDArray[Any]]) -> U4:
    """Returns the fingerprints by NumPy, modulo 2**32 in wider integers."""
    ids = np.zeros(MAX_EXAMPLE_IDS, np.uint32)
    total: Any = 0
    for number, x in enumerate(inputs):
        examples = np.asarray(x[:MAX_EXAMPLE_IDS]).astype(np.float32)
        examples = examples.reshape(len(examples), int(np.prod(x.shape[1:], dtype=np.int64)))
        examples = examples[:, even_positions(examples.shape[1], MAX_ELEMENTS)]
        examples[examples == 0] = 0.0
        bits = examples.view(np.uint32).astype(np.uint64)
        mixed = (bits ^ bits // 2**_FIRST_SHIFT) * _factors(number)[: bits.shape[1]] % 2**32
        mixed = (mixed ^ mixed // 2**_SHIFT) * _SECOND_FACTOR % 2**32
        mixed ^= mixed // 2**_LAST_SHIFT
        total = (total * _NEXT_INPUT + mixed.sum(1)) % 2**32
    if inputs:
        ids[: len(total)] = np.maximum(total, 1)
    return ids
