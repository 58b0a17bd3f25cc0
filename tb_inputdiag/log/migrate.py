"""Older schemas to the present one, at the boundary: everything inside knows one version.

A document is upgraded one version at a time, so that a change of the schema adds one function here and one golden log
to the tests. Tables need none of it: a column that an older log lacks reads as NaN, or 0 for integers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from tb_inputdiag.records import SCHEMA_VERSION

__all__ = ["UPGRADES", "Upgrade", "upgrade_document"]

Upgrade: TypeAlias = Callable[[str, Mapping[str, Any]], tuple[str, Mapping[str, Any]]]
"""(type name, fields as JSON) of one schema -> those of the next."""

_CONSEQUENCE = re.compile(r"([a-z0-9-]+) \[([^\]]*)\]: (.*)", re.DOTALL)


def _from_1(name: str, fields: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Makes objects of an alert's consequences, which version 1 wrote as ``rule [subject]: message``."""
    if name != "Alert" or not isinstance(fields.get("consequences"), Mapping):
        return name, fields
    lines = fields["consequences"].get("$tuple", ())
    return name, {**fields, "consequences": {"$tuple": [_consequence(str(line)) for line in lines]}}


def _consequence(line: str) -> dict[str, str]:
    match = _CONSEQUENCE.fullmatch(line)
    rule, subject, text = match.groups() if match else ("", "", line)
    return {"rule": rule, "subject": subject, "text": text}


UPGRADES: dict[int, Upgrade] = {1: _from_1}
"""Schema version -> what makes a document of that version one of the next. Version 1 is the first."""


def upgrade_document(name: str, fields: Mapping[str, Any], schema: int) -> tuple[str, Mapping[str, Any]]:
    """Returns type name and fields of a document in the present schema.

    Documents of a newer schema come back as they are: what is known of them is read.
    """
    for version in range(schema, SCHEMA_VERSION):
        upgrade = UPGRADES.get(version)
        if upgrade is not None:
            name, fields = upgrade(name, fields)
    return name, fields
