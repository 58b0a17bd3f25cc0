"""Fingerprints of examples. Equal ones prove copies only where examples are unlikely to be equal by chance."""

from __future__ import annotations

import math

from tb_inputdiag.records import U4
from tb_inputdiag.rules.views.context import Context

__all__ = ["example_ids_of", "examples_are_distinctive"]

MIN_BITS = 64
"""Information that an example must hold for equal fingerprints to mean a copy, in bits."""


def examples_are_distinctive(context: Context) -> bool:
    """Returns whether this sample's examples hold enough information for equal ones to be copies.

    A measured number counts as 16 bits, a small whole number (a count, a pixel, an id) as 4, a flag as 0.25, a zero
    as none.
    """
    known = context.moment.known
    if "distinctive" not in known:
        known["distinctive"] = _bits(context) >= MIN_BITS
    return known["distinctive"]


def _bits(context: Context) -> float:
    bits = 0.0
    for view in context.fed("input"):
        shape = view.shape
        values = math.prod(shape[1:])
        if not view.std > 0:
            continue
        whole = view.value("whole_fraction")
        flags = whole == 1 and view.min >= 0 and view.max <= 1
        worth = 0.25 if flags else 4 * whole + 16 * (1 - whole)
        bits += values * (1 - view.value("zero_fraction")) * worth
    return bits


def example_ids_of(context: Context) -> U4:
    """Returns the fingerprints of this sample's first examples."""
    ids = context.sample.tensors.example_ids
    kept: U4 = ids[ids != 0]
    return kept
