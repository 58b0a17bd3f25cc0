"""The user's own names for the leaves of nested batches, and paths for layers and weights."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_AUTOMATIC = re.compile(r"^(input_layer|keras_tensor|input|functional|sequential)(_\d+)?$")
"""Names that Keras invents for an `Input` without one."""


def is_automatic(name: str) -> bool:
    """Tells whether Keras made this name up."""
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

    Names are unique: dict keys as they are; else names from the model, unless Keras invented them; else positions.
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


def layer_paths(model: Any) -> dict[int, str]:
    """Returns ``id(layer) -> path within the model`` for all layers, nested ones too; the model itself is ``""``.

    A path joins the names of the layers that contain it, e.g. ``backbone/block1_conv``. Order: as tracked.
    """
    paths: dict[int, str] = {id(model): ""}
    taken: set[str] = set()

    def walk(layer: Any, prefix: str) -> None:
        for child in children(layer):
            if id(child) in paths:
                continue
            name = f"{prefix}{child.name}"
            path = unique(name, taken)
            taken.add(path)
            paths[id(child)] = path
            walk(child, f"{path}/")

    walk(model, "")
    return paths


def children(layer: Any) -> list[Any]:
    """Returns the layers directly inside a layer or model, in forward order where the graph is known."""
    own = list(layer._flatten_layers(include_self=False, recursive=False))
    graph = graph_of(layer)
    if graph is None:
        # Sequential keeps a Functional twin of itself among its layers
        return [child for child in own if child is not getattr(layer, "_functional", None)]
    ordered = [op for op in graph.operations if hasattr(op, "_flatten_layers")]
    known = {id(op) for op in ordered}
    return ordered + [child for child in own if id(child) not in known and child is not graph]


def graph_of(model: Any) -> Any:
    """Returns the Functional graph of a Functional or built Sequential model, else None."""
    if hasattr(model, "operations") and hasattr(model, "_nodes_by_depth"):
        return model
    twin = getattr(model, "_functional", None)
    return twin if twin is not None and hasattr(twin, "operations") else None


def weight_names(model: Any, paths: Mapping[int, str]) -> dict[int, tuple[str, str]]:
    """Returns ``id(variable) -> (name, layer path)`` for all weights of a model, e.g. ``conv2d/kernel``.

    A weight belongs to the innermost layer that owns it; seed generators' states are no weights.
    """
    names: dict[int, tuple[str, str]] = {}
    taken: set[str] = set()

    def visit(layer: Any) -> None:
        path = paths.get(id(layer), "")
        for variable in [*layer._trainable_variables, *layer._non_trainable_variables]:
            if id(variable) in names:
                continue
            name = unique(f"{path}/{variable.name}" if path else variable.name, taken)
            taken.add(name)
            names[id(variable)] = (name, path)

    def walk(layer: Any, seen: set[int]) -> None:
        if id(layer) in seen:
            return
        seen.add(id(layer))
        visit(layer)
        for child in children(layer):
            walk(child, seen)

    walk(model, set())
    return names
