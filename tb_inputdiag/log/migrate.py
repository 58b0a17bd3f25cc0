"""Upgrades older schemas to the present one while a log is read: everything inside knows one version.

A document is upgraded one version at a time; a column of a table is computed from the columns that the older version
wrote. So a change of the schema adds a function here and a golden log to the tests. A column that an older log lacks
needs none: it reads as NaN, or as 0 for integers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeAlias

from tb_inputdiag.jsonable import NON_FINITE, JSONValue, json_number
from tb_inputdiag.log.blocks import Array
from tb_inputdiag.log.tables import Columns
from tb_inputdiag.records import SCHEMA_VERSION

__all__ = [
    "COLUMN_UPGRADES",
    "UPGRADES",
    "ColumnUpgrade",
    "Fields",
    "Upgrade",
    "upgrade_columns",
    "upgrade_document",
]

Fields: TypeAlias = Mapping[str, JSONValue]

Upgrade: TypeAlias = Callable[[str, Fields], tuple[str, Fields]]
"""(type name, fields as JSON) of one schema -> those of the next."""

ColumnUpgrade: TypeAlias = Callable[[Mapping[str, Array]], Array]
"""Columns of a chunk in one schema -> a column of the next, with the same shape and dtype."""

_CONSEQUENCE = re.compile(r"([a-z0-9-]+) \[([^\]]*)\]: (.*)", re.DOTALL)


# --------------------------------------------------------------------------------------------------
# Version 1 to 2


def _from_1(name: str, fields: Fields) -> tuple[str, Fields]:
    """Upgrades the encoding of floats, and the consequences of alerts.

    Version 1 wrote floats that JSON lacks as ``{"$float": "nan"}``, and consequences as ``rule [subject]: message``.
    """
    found = {key: _plain_floats(value) for key, value in fields.items()}
    if name == "Alert" and isinstance(consequences := found.get("consequences"), dict):
        lines = consequences.get("$tuple")
        found["consequences"] = {
            "$tuple": [_consequence(str(line)) for line in lines] if isinstance(lines, list) else []
        }
    return name, found


def _plain_floats(value: JSONValue) -> JSONValue:
    if isinstance(value, str):
        return {"$str": value} if value in NON_FINITE else value
    if isinstance(value, list):
        return [_plain_floats(item) for item in value]
    if isinstance(value, dict):
        if len(value) == 1 and isinstance(name := value.get("$float"), str):
            return json_number(float(name))
        return {key: _plain_floats(item) for key, item in value.items()}
    return value


def _consequence(line: str) -> dict[str, JSONValue]:
    match = _CONSEQUENCE.fullmatch(line)
    if match:
        rule, subject, text = match.groups()
        return {"rule": rule, "subject": subject, "text": text}
    return {"rule": line.partition(" ")[0], "subject": "", "text": line}  # every line began with the rule


# --------------------------------------------------------------------------------------------------
# All versions

UPGRADES: dict[int, Upgrade] = {1: _from_1}
"""Schema version -> what makes a document of that version one of the next. Version 1 is the first."""

COLUMN_UPGRADES: dict[int, Mapping[tuple[str, str], ColumnUpgrade]] = {}
"""Schema version -> (table, column) -> what computes the next version's column from that version's columns.

A column whose meaning did not change is not listed. New columns go to the end of a table and keep their place.
"""


def upgrade_document(name: str, fields: Fields, schema: int) -> tuple[str, Fields]:
    """Returns type name and fields of a document in the present schema.

    Documents of a newer schema come back as they are: what is known of them is read.
    """
    for version in range(schema, SCHEMA_VERSION):
        upgrade = UPGRADES.get(version)
        if upgrade is not None:
            name, fields = upgrade(name, fields)
    return name, fields


def upgrade_columns(columns: Columns, schema: int) -> Columns:
    """Returns the columns of a chunk in the present schema; each is computed when it is asked for."""
    for version in range(schema, SCHEMA_VERSION):
        upgrades = COLUMN_UPGRADES.get(version, {})
        changed = {column: upgrade for (table, column), upgrade in upgrades.items() if table == columns.table}
        if changed:
            columns = _UpgradedColumns(columns, changed)
    return columns


class _UpgradedColumns(Columns):
    """Columns, some of them computed from those of an older version."""

    def __init__(self, older: Columns, changed: Mapping[str, ColumnUpgrade]) -> None:
        super().__init__(older.table, older.sizes)
        self._older = older
        self._changed = changed

    def __getitem__(self, name: str) -> Array:
        upgrade = self._changed.get(name)
        return self._older[name] if upgrade is None else upgrade(self._older)
