"""Payloads as JSON that browsers read, with no more digits than a chart can show."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.jsonable import to_jsonable
from tensorboard_plugin.inputdiag.payload_types import Numbers

__all__ = ["dump", "number", "numbers", "pack_grid"]


def dump(payload: object) -> bytes:
    """Returns the payload as JSON: records as objects, NaN and infinities as in `jsonable.NON_FINITE`."""
    return json.dumps(to_jsonable(payload, enums="value"), separators=(",", ":"), allow_nan=False).encode()


def number(value: float | None, digits: int = 7) -> float | None:
    """Returns the value rounded to significant digits; None if it is not finite."""
    if value is None or not math.isfinite(value):
        return None
    short = float(f"{value:.{digits}g}")
    return int(short) if short.is_integer() and abs(short) < 1e15 else short


def numbers(values: Iterable[Any], digits: int = 5) -> Numbers:
    """Returns the values rounded to significant digits; None for those that are not finite."""
    return [number(value, digits) for value in np.asarray(values, np.float64).ravel().tolist()]


def pack_grid(cells: NDArray[np.float32], bad: NDArray[np.bool_], *, log: bool) -> tuple[str, float, float]:
    """Packs a table into 16 bits a cell, see `payload_types.Grid`.

    Args:
        cells: ``[rows, buckets]``, NaN where nothing is known.
        bad: ``[rows, buckets]``: not finite.
        log: The scale is logarithmic; then values <= 0 are drawn as zero.

    Returns:
        Base64, and the ends of the scale.
    """
    values = cells.astype(np.float64)
    zero = values == 0
    if log:
        zero |= values < 0
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.log10(np.where(zero, np.nan, values))
    elif zero.any():
        zero = np.zeros_like(zero)
    known = np.isfinite(values)
    low, high = (float(values[known].min()), float(values[known].max())) if known.any() else (0.0, 1.0)
    span = (high - low) or 1.0
    packed = np.zeros(values.shape, "<u2")
    packed[known] = 3 + np.round((values[known] - low) / span * 65532)
    packed[zero] = 2
    packed[bad] = 1
    return base64.b64encode(packed.tobytes()).decode(), low, low + span
