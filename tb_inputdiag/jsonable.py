"""Python values as standard JSON: the one encoding of NaN and infinities, and records as plain JSON."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from enum import Enum
from typing import Literal, TypeAlias

import numpy as np

__all__ = ["NON_FINITE", "JSONValue", "NonFinite", "json_number", "jsonable_fields", "to_jsonable"]

JSONValue: TypeAlias = "bool | int | float | str | list[JSONValue] | dict[str, JSONValue] | None"
"""What `json.dumps` writes as standard JSON."""

NonFinite: TypeAlias = Literal["NaN", "Infinity", "-Infinity"]
"""The name of a float that JSON lacks."""

NON_FINITE: Mapping[str, float] = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
"""How floats that JSON lacks are written. Python's `float` and JavaScript's `Number` read these names."""


def json_number(value: float) -> float | NonFinite:
    """Returns the float, or its name if JSON has no such number."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def to_jsonable(value: object, *, enums: Literal["name", "value"] = "name") -> JSONValue:
    """Returns `value` as standard JSON, for people and other programs to read; see `NON_FINITE`.

    Records become objects, arrays become lists, and anything unknown becomes its text.

    Args:
        value: A record, an array, or what they hold.
        enums: Whether members of enumerations become their names (``ERROR``) or their values (``30``).
    """
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, Enum):
        return value.name if enums == "name" else to_jsonable(value.value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return json_number(float(value))
    if isinstance(value, np.generic):
        return to_jsonable(value.item())
    if isinstance(value, np.ndarray):
        return [to_jsonable(item) for item in value.tolist()]
    if dataclasses.is_dataclass(value):
        return jsonable_fields(value, enums=enums)
    if isinstance(value, Mapping):
        return {str(key): to_jsonable(item, enums=enums) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_jsonable(item, enums=enums) for item in value]
    return str(value)


def jsonable_fields(record: object, *, enums: Literal["name", "value"] = "name") -> dict[str, JSONValue]:
    """Returns the fields of a dataclass instance by name. See `to_jsonable`.

    Raises:
        TypeError: if it is not one.
    """
    if not dataclasses.is_dataclass(record):
        raise TypeError(f"Expected a record. Received: {record!r}.")
    return {field.name: to_jsonable(getattr(record, field.name), enums=enums) for field in dataclasses.fields(record)}
