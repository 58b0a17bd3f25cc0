"""Reads values off objects that users may have changed, in forms that can be logged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tb_inputdiag.records import JSON

_LIST_LIMIT = 64


def attempt(read: Callable[[], Any], default: Any = None) -> Any:
    """Returns ``read()``, or `default` if it raises."""
    try:
        return read()
    except Exception:
        return default


def plain(value: Any) -> JSON:
    """Returns a JSON-like copy of a config value, or None if it has no such form; arrays are cut to 64 numbers."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic):
        scalar: JSON = value.item()
        return scalar
    if isinstance(value, list | tuple):
        return [plain(item) for item in value[:_LIST_LIMIT]]
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if hasattr(value, "shape"):
        flat = attempt(lambda: np.asarray(value, np.float64).reshape(-1)[:_LIST_LIMIT])
        return None if flat is None else [float(number) for number in flat]
    return None
