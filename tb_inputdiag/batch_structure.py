"""The leaves of nested batches, and the names that the user knows them by."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

__all__ = ["flatten", "is_automatic", "named_leaves", "unique"]

_AUTOMATIC = re.compile(r"^(input_layer|keras_tensor|input|functional|sequential)(_\d+)?$")
"""Names that Keras invents for an `Input` without one."""


def is_automatic(name: str) -> bool:
    """Tells whether Keras invented this name."""
    return bool(_AUTOMATIC.match(name))


def flatten(structure: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yields ``(path, leaf)`` of nested dicts, lists, tuples and named tuples, keys joined by ``/``; skips None."""
    if structure is None:
        return
    if isinstance(structure, Mapping):
        for key in structure:
            yield from flatten(structure[key], f"{path}/{key}" if path else str(key))
    elif isinstance(structure, tuple) and hasattr(structure, "_fields"):
        for key in structure._fields:
            yield from flatten(getattr(structure, key), f"{path}/{key}" if path else key)
    elif isinstance(structure, list | tuple):
        for index, item in enumerate(structure):
            yield from flatten(item, f"{path}/{index}" if path else str(index))
    else:
        yield path, structure


def named_leaves(structure: Any, default: str, known: Sequence[str] = ()) -> list[tuple[str, Any]]:
    """Returns ``(name, leaf)`` for a batch's inputs, targets, predictions or weights.

    Args:
        structure: Nested structure of tensors.
        default: Name of a single tensor, and prefix of positions: ``x``, ``x/0``.
        known: Names from the model for leaves that have only positions, in order.

    A leaf is named by its dict keys. Without keys it gets the model's name for it, unless Keras invented that, and else
    its position. Names are unique.
    """
    leaves = list(flatten(structure))
    names = []
    for index, (path, _) in enumerate(leaves):
        positional = not path or all(part.isdigit() for part in path.split("/"))
        given = known[index] if positional and len(known) == len(leaves) else ""
        if not positional:
            name = path
        elif given and not is_automatic(given):
            name = given
        else:
            name = f"{default}/{path}" if path and len(leaves) > 1 else default
        names.append(name)
    return [(unique(name, names[:i]), leaf) for i, (name, (_, leaf)) in enumerate(zip(names, leaves, strict=True))]


def unique(name: str, taken: Sequence[str] | set[str]) -> str:
    """Returns `name`, or ``name#2``, ``name#3``, ... whichever is not taken."""
    if name not in taken:
        return name
    number = 2
    while f"{name}#{number}" in taken:
        number += 1
    return f"{name}#{number}"
