"""Rare and irregular records as JSON documents, and back.

The JSON is standard and lossless. NaN and infinities are the strings of `jsonable.NON_FINITE`. What else JSON lacks is
an object with one key that starts with ``$``: ``{"$tuple": [...]}``, ``{"$dict": [[key, value], ...]}`` for dicts with
other keys than plain strings, ``{"$array": [index, dtype, [shape]]}`` for arrays, whose bytes are attachments, and
``{"$str": "NaN"}`` for a string that would read as a number.
"""

from __future__ import annotations

import dataclasses
import functools
import types
import typing
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, TypeAlias

import numpy as np

from tb_inputdiag import records
from tb_inputdiag.errors import LogCorruptError
from tb_inputdiag.jsonable import NON_FINITE, JSONValue, json_number
from tb_inputdiag.log import migrate
from tb_inputdiag.records import Record, Severity

__all__ = ["DOCUMENT_TYPES", "from_document", "to_document"]

Hint: TypeAlias = Any
"""A type annotation, as `typing.get_type_hints` returns it."""

DOCUMENT_TYPES: Mapping[str, type[Record]] = {
    cls.__name__: cls
    for cls in (
        records.SessionStart,
        records.CallStart,
        records.ModelFacts,
        records.Layout,
        records.EpochEnd,
        records.Failure,
        records.SavedBatch,
        records.Cost,
        records.Baseline,
        records.DataSummary,
        records.ExpectedRange,
        records.NotJudged,
        records.Alert,
        records.SessionEnd,
        records.Images,
        records.ShownExamples,
    )
}
"""Type name as stored -> class."""


_UNIONS = (typing.Union, types.UnionType)


# --------------------------------------------------------------------------------------------------
# Encoding


def to_document(record: Record, attachments: list[bytes]) -> dict[str, JSONValue]:
    """Returns the fields of a record as JSON; the bytes of arrays are appended to `attachments`."""
    return {field.name: _to_json(getattr(record, field.name), attachments) for field in dataclasses.fields(record)}


def _to_json(value: object, attachments: list[bytes]) -> JSONValue:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return _to_json(value.value, attachments)
    if isinstance(value, str):
        return {"$str": value} if value in NON_FINITE else value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return json_number(float(value))
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
        return _mapping_to_json(value, attachments)
    return str(value)  # records hold JSON; anything else is a user's own object in a config, kept for reading


def _mapping_to_json(value: Mapping[object, object], attachments: list[bytes]) -> dict[str, JSONValue]:
    if all(isinstance(key, str) and not key.startswith("$") for key in value):
        return {str(key): _to_json(item, attachments) for key, item in value.items()}
    return {"$dict": [[_to_json(key, attachments), _to_json(item, attachments)] for key, item in value.items()]}


# --------------------------------------------------------------------------------------------------
# Decoding


def from_document(
    name: str, fields: Mapping[str, JSONValue], attachments: Sequence[bytes], schema: int
) -> Record | None:
    """Returns the record of a document, or None if its type is unknown (a newer schema's).

    Args:
        name: The type's name.
        fields: As stored.
        attachments: The bytes of the document's arrays.
        schema: Version of the schema that it was written with.

    Raises:
        LogCorruptError: if the fields do not make such a record.
    """
    try:
        name, fields = migrate.upgrade_document(name, fields, schema)
        cls = DOCUMENT_TYPES.get(name)
        return None if cls is None else typing.cast(Record, _build(cls, fields, attachments))
    except LogCorruptError:
        raise
    except Exception as error:
        raise LogCorruptError(f"A {name} record does not decode: {type(error).__name__}: {error}.") from None


@functools.cache
def _hints(cls: type) -> Mapping[str, Hint]:
    return typing.get_type_hints(cls)


def _build(cls: type, fields: object, attachments: Sequence[bytes]) -> object:
    if not isinstance(fields, Mapping):
        raise LogCorruptError(f"A {cls.__name__} is not an object of fields.")
    hints = _hints(cls)
    # Fields that this version does not know are a newer schema's additions: left out.
    return cls(**{name: _typed(hints[name], fields[name], attachments) for name in fields if name in hints})


def _typed(hint: Hint, value: JSONValue, attachments: Sequence[bytes]) -> object:
    """Decodes `value` for a field annotated `hint`."""
    if hint is Severity:
        return Severity(typing.cast(int, value))
    if hint is float and isinstance(value, int):
        return float(value)
    if (cls := _dataclass(hint)) is not None:
        return _build(cls, value, attachments)
    origin, arguments = _origin(hint), typing.get_args(hint)
    first = _dataclass(arguments[0]) if arguments else None
    if first is not None and origin is tuple and isinstance(value, Mapping):
        return tuple(_build(first, item, attachments) for item in _list(value["$tuple"]))
    if first is not None and origin in _UNIONS and value is not None:
        variant = _variant(arguments, value)
        return None if variant is None else _build(variant, value, attachments)
    decoded = _from_json(value, attachments)
    expected = _runtime_types(hint)
    if expected is not None and not isinstance(decoded, expected):
        raise LogCorruptError(f"Expected {hint}, found {type(decoded).__name__}.")
    return decoded


def _origin(hint: Hint) -> Hint:
    return typing.get_origin(hint)


def _dataclass(hint: Hint) -> type | None:
    return hint if isinstance(hint, type) and dataclasses.is_dataclass(hint) else None


def _variant(arguments: Sequence[Hint], value: object) -> type | None:
    """Returns the class of a union that a document is of; None for one that only a newer schema knows.

    The classes of a union differ by the default of their field `kind`.
    """
    classes = [cls for cls in map(_dataclass, arguments) if cls is not None]
    if len(classes) == 1:
        return classes[0]
    kind = value.get("kind") if isinstance(value, Mapping) else None
    return next((cls for cls in classes if _kind_of(cls) == kind), None)


@functools.cache
def _kind_of(cls: type) -> object:
    fields = dataclasses.fields(typing.cast(Any, cls))
    return next((field.default for field in fields if field.name == "kind"), None)


@functools.cache
def _runtime_types(hint: Hint) -> tuple[type, ...] | None:
    """Returns the classes that values of an annotation have; None if any will do."""
    if hint is Any or hint is None:
        return None
    if isinstance(hint, type) and _origin(hint) is None:
        return (int, float) if hint is float else (hint,)
    origin = _origin(hint)
    if origin is typing.Literal:
        return tuple({type(item) for item in typing.get_args(hint)})
    if origin in _UNIONS:
        parts = [_runtime_types(item) for item in typing.get_args(hint)]
        return None if None in parts else tuple(cls for part in parts for cls in part or ())
    return (origin,) if isinstance(origin, type) else None


def _list(value: JSONValue) -> list[JSONValue]:
    if not isinstance(value, list):
        raise LogCorruptError(f"Expected a list, found {type(value).__name__}.")
    return value


def _from_json(value: JSONValue, attachments: Sequence[bytes]) -> Any:
    if isinstance(value, str):
        return NON_FINITE.get(value, value)
    if isinstance(value, list):
        return [_from_json(item, attachments) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((key, content),) = value.items()
        if key.startswith("$"):
            return _special(key, content, attachments)
    return {key: _from_json(item, attachments) for key, item in value.items()}


def _special(key: str, content: JSONValue, attachments: Sequence[bytes]) -> Any:
    """Decodes what JSON lacks."""
    match key, content:
        case "$str", str():
            return content
        case "$tuple", list():
            return tuple(_from_json(item, attachments) for item in content)
        case "$dict", list():
            return dict(tuple(_from_json(pair, attachments)) for pair in content)
        case "$array", [int(index), str(dtype), list(shape)]:
            return np.frombuffer(attachments[index], np.dtype(dtype)).reshape(shape)
    raise LogCorruptError(f"A value is written as {key!r} with {type(content).__name__}, which nothing here reads.")
