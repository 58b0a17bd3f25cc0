"""Records that are rare and irregular, as JSON documents and back.

The JSON is standard: what it lacks is written as an object with one key that starts with ``$``: ``{"$float": "nan"}``
(also ``inf``, ``-inf``), ``{"$tuple": [...]}``, and ``{"$dict": [[key, value], ...]}`` for dicts that need it. Arrays
are attachments: ``{"$array": [index, dtype, [shape]]}``.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import types
import typing
from collections.abc import Hashable, Mapping, Sequence
from enum import Enum
from typing import Any

import numpy as np

from tb_inputdiag import records
from tb_inputdiag.errors import LogCorruptError
from tb_inputdiag.log import migrate
from tb_inputdiag.records import Record, Severity

__all__ = ["DOCUMENT_TYPES", "from_document", "to_document"]

DOCUMENT_TYPES: Mapping[str, type[Any]] = {
    cls.__name__: cls
    for cls in (
        records.SessionStart,
        records.ModelFacts,
        records.Layout,
        records.EpochEnd,
        records.Failure,
        records.SavedBatch,
        records.Cost,
        records.ExpectedRange,
        records.NotJudged,
        records.Alert,
        records.SessionEnd,
        records.Images,
    )
}
"""Type name as stored -> class."""


def to_document(record: Record, attachments: list[bytes]) -> dict[str, Any]:
    """Returns the fields of a record as JSON; the bytes of arrays are appended to `attachments`."""
    return {field.name: _to_json(getattr(record, field.name), attachments) for field in dataclasses.fields(record)}


def _to_json(value: Any, attachments: list[bytes]) -> Any:
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, Enum):
        return _to_json(value.value, attachments)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"$float": str(float(value))}
    if isinstance(value, np.generic):
        return _to_json(value.item(), attachments)
    if isinstance(value, np.ndarray):
        dtype = value.dtype.newbyteorder("<")
        attachments.append(value.astype(dtype, copy=False).tobytes())
        return {"$array": [len(attachments) - 1, dtype.str, list(value.shape)]}
    if dataclasses.is_dataclass(value):
        return {f.name: _to_json(getattr(value, f.name), attachments) for f in dataclasses.fields(value)}
    if isinstance(value, tuple):
        return {"$tuple": [_to_json(item, attachments) for item in value]}
    if isinstance(value, (list, set, frozenset)):
        return [_to_json(item, attachments) for item in value]
    if isinstance(value, Mapping):
        items = [(key, _to_json(item, attachments)) for key, item in value.items()]
        if all(isinstance(key, str) and not key.startswith("$") for key, _ in items):
            return dict(items)
        return {"$dict": [[_to_json(key, attachments), item] for key, item in items]}
    return str(value)  # records hold JSON; anything else is a user's own object in a config, kept for reading


def from_document(name: str, fields: Mapping[str, Any], attachments: Sequence[bytes], schema: int) -> Record | None:
    """Returns the record of a document, or None if its type is unknown (a newer schema's).

    Raises:
        LogCorruptError: if the fields do not make such a record.
    """
    name, fields = migrate.upgrade_document(name, fields, schema)
    cls = DOCUMENT_TYPES.get(name)
    if cls is None:
        return None
    try:
        return typing.cast(Record, _build(cls, fields, attachments))
    except LogCorruptError:
        raise
    except Exception as error:
        raise LogCorruptError(f"A {name} record does not decode: {type(error).__name__}: {error}.") from None


@functools.cache
def _hints(cls: Hashable) -> dict[str, Any]:
    record: Any = cls
    hints = typing.get_type_hints(record)
    return {field.name: hints[field.name] for field in dataclasses.fields(record)}


def _build(cls: Any, fields: Any, attachments: Sequence[bytes]) -> Any:
    if not isinstance(fields, Mapping):
        raise LogCorruptError(f"A {cls.__name__} is not an object of fields.")
    hints = _hints(cls)
    # Fields that this version does not know are a newer schema's additions: left out.
    return cls(**{name: _typed(hints[name], fields[name], attachments) for name in fields if name in hints})


def _typed(hint: Any, value: Any, attachments: Sequence[bytes]) -> Any:
    """Decodes `value` for a field annotated `hint`."""
    if hint is Severity:
        return Severity(value)
    if dataclasses.is_dataclass(hint):
        return _build(typing.cast(type[Any], hint), value, attachments)
    if hint is float and isinstance(value, int):
        return float(value)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is tuple and isinstance(value, Mapping) and dataclasses.is_dataclass(arguments[0]):
        return tuple(_typed(arguments[0], item, attachments) for item in value["$tuple"])
    if origin in (typing.Union, types.UnionType) and value is not None and dataclasses.is_dataclass(arguments[0]):
        return _typed(_variant(arguments, value), value, attachments)
    decoded = _from_json(value, attachments)
    expected = _runtime_types(hint)
    if expected is not None and not isinstance(decoded, expected):
        raise LogCorruptError(f"Expected {hint}, found {type(decoded).__name__}.")
    return decoded


def _variant(classes: Sequence[Any], value: Any) -> Any:
    """Returns the class of a union of dataclasses that a document is of: they differ by the default of `kind`."""
    known = [cls for cls in classes if dataclasses.is_dataclass(cls)]
    kind = value.get("kind") if isinstance(value, Mapping) else None
    if len(known) == 1 or kind is None:
        return known[0]
    for cls in known:
        if any(field.name == "kind" and field.default == kind for field in dataclasses.fields(cls)):
            return cls
    return type(None)


@functools.cache
def _runtime_types(hint: Any) -> tuple[type, ...] | None:
    """Returns the classes that values of an annotation have; None if any will do."""
    if hint is Any or hint is None:
        return None
    if isinstance(hint, type) and typing.get_origin(hint) is None:
        return (int, float) if hint is float else (hint,)
    origin = typing.get_origin(hint)
    if origin is typing.Literal:
        return tuple({type(item) for item in typing.get_args(hint)})
    if origin in (typing.Union, types.UnionType):
        parts = [_runtime_types(item) for item in typing.get_args(hint)]
        return None if None in parts else tuple(cls for part in parts for cls in part or ())
    return (origin,) if isinstance(origin, type) else None


def _from_json(value: Any, attachments: Sequence[bytes]) -> Any:
    if isinstance(value, list):
        return [_from_json(item, attachments) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((key, content),) = value.items()
        if key == "$float":
            return float(content)
        if key == "$tuple":
            return tuple(_from_json(item, attachments) for item in content)
        if key == "$dict":
            return {_from_json(k, attachments): _from_json(v, attachments) for k, v in content}
        if key == "$array":
            index, dtype, shape = content
            return np.frombuffer(attachments[index], np.dtype(dtype)).reshape(shape)
    return {key: _from_json(item, attachments) for key, item in value.items()}
