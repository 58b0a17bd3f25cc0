"""Writes `src/types.ts` from the Python that defines the payloads, so that the two cannot drift apart.

::

    python tensorboard_plugin/frontend/scripts/make_types.py            # write
    python tensorboard_plugin/frontend/scripts/make_types.py --check    # fail if it would change
"""

from __future__ import annotations

import argparse
import dataclasses
import re
import sys
import types
import typing
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np

from tb_inputdiag import records
from tb_inputdiag.jsonable import NON_FINITE
from tensorboard_plugin.inputdiag import decimated, payload_types

TARGET = Path(__file__).parent.parent / "src" / "types.ts"
_HEADER = """\
// Made by scripts/make_types.py from tensorboard_plugin/inputdiag/payload_types.py and tb_inputdiag/records/.
// Do not edit: change those and run the script.

/** JSON has no NaN and no infinities: tb_inputdiag/jsonable.py writes their names. */
export type Num = number | NAMES;
""".replace("NAMES", " | ".join(f'"{name}"' for name in NON_FINITE))

_NAMED_UNIONS = {"Picture": typing.get_args(records.Picture)}
"""Unions of records that differ by their `kind`: TypeScript tells them apart by it."""


class Writer:
    """Turns annotations into TypeScript and remembers which classes they name."""

    def __init__(self) -> None:
        self.wanted: list[type] = []
        self.named: dict[str, str] = {}
        """Name of a union -> its members."""

    def type_of(self, hint: Any, *, record: bool) -> str:
        """Returns the TypeScript of an annotation.

        Args:
            hint: As `typing.get_type_hints` gives it.
            record: It is a field of a record, whose floats may be non-finite.

        Raises:
            TypeError: for an annotation that it does not know.
        """
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if hint is None or hint is type(None):
            return "null"
        if hint in (Any, records.JSON):
            return "unknown"
        if hint in (int, float, bool, str):
            return {int: "number", float: "Num" if record else "number", bool: "boolean", str: "string"}[hint]
        if origin is typing.Literal:
            return " | ".join(f'"{value}"' for value in arguments)
        if origin in (typing.Union, types.UnionType):
            return self._union(arguments, record=record)
        if origin is list or (origin is tuple and arguments[-1] is Ellipsis):
            return self._array(self.type_of(arguments[0], record=record))
        if origin in (dict, Mapping):
            return f"Record<string, {self.type_of(arguments[1], record=record)}>"
        if origin is np.ndarray:
            return "Num[]"
        if isinstance(hint, type) and issubclass(hint, Enum):
            return "number"
        if isinstance(hint, type) and (dataclasses.is_dataclass(hint) or typing.is_typeddict(hint)):
            if hint not in self.wanted:
                self.wanted.append(hint)
            return hint.__name__
        raise TypeError(f"No TypeScript is known for the annotation {hint!r}.")

    def _union(self, arguments: tuple[Any, ...], *, record: bool) -> str:
        """Returns the TypeScript of a union; one that has a name in Python is called by it."""
        for name, members in _NAMED_UNIONS.items():
            if set(members) <= set(arguments):
                self.named.setdefault(name, " | ".join(self.type_of(part, record=record) for part in members))
                rest = [self.type_of(part, record=record) for part in arguments if part not in members]
                return " | ".join([name, *rest])
        return " | ".join(self.type_of(part, record=record) for part in arguments)

    @staticmethod
    def _array(item: str) -> str:
        return f"({item})[]" if " " in item else f"{item}[]"

    def interface(self, cls: type) -> str:
        """Returns the declaration of a dataclass or TypedDict."""
        hints = typing.get_type_hints(cls)
        record = dataclasses.is_dataclass(cls)
        names = [field.name for field in dataclasses.fields(cls)] if dataclasses.is_dataclass(cls) else list(hints)
        summary = re.sub(r"\s+", " ", (cls.__doc__ or "").strip().split("\n\n")[0])
        lines = [f"  {name}: {self.type_of(hints[name], record=record)};" for name in names]
        return "\n".join([f"/** {summary} */", f"export interface {cls.__name__} {{", *lines, "}"])


def generate() -> str:
    """Returns the text of `types.ts`."""
    writer = Writer()
    writer.wanted = [
        value for name in payload_types.__all__ if typing.is_typeddict(value := getattr(payload_types, name))
    ]
    done: dict[str, str] = {}
    while waiting := [cls for cls in writer.wanted if cls.__name__ not in done]:
        done[waiting[0].__name__] = writer.interface(waiting[0])
    columns = "".join(
        f"  {stream}: [{', '.join(repr(name).replace(chr(39), chr(34)) for name in names)}],\n"
        for stream, names in decimated.CHARTED_COLUMNS.items()
    )
    constants = f"/** Stream -> its series. */\nexport const COLUMNS = {{\n{columns}}} as const;"
    unions = [f"export type {name} = {members};" for name, members in sorted(writer.named.items())]
    return "\n".join([_HEADER, "\n\n".join([*(done[name] for name in sorted(done)), *unions, constants]), ""])


def main() -> int:
    """Runs the script and returns its exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the file is out of date")
    text = generate()
    if not parser.parse_args().check:
        TARGET.write_text(text, encoding="utf-8")
        return 0
    if TARGET.exists() and TARGET.read_text(encoding="utf-8") == text:
        return 0
    print(f"{TARGET.name} is out of date. Run: python {Path(__file__).name}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
