"""Keys of curves, in requests to the route ``series`` and in its answers.

``losses:loss``, ``samples:<split>:<column>``, ``weights:<split>:<column>:<name>``, ``layers:<split>:<column>:<name>``,
``tensors:<split>:<column>:<role>:<stage>:<name>``, ``epochs:train:<name in Keras' logs>``. The name comes last and may
hold anything, colons too. `frontend/src/logic/seriesKey.ts` writes the same keys; a test compares them.
"""

from __future__ import annotations

import typing

from tb_inputdiag.records import Quantity, Role, Split, Stage
from tensorboard_plugin.inputdiag.decimated import CHARTED_COLUMNS, tensor_row

__all__ = ["EPOCHS", "group_key", "parse_series_key", "row_of", "series_key", "split_of"]

_SPLITS: tuple[str, ...] = typing.get_args(Split)
_ROLES: tuple[str, ...] = typing.get_args(Role)
EPOCHS = "epochs:train"
"""The group of Keras' logs of each epoch; with names like ``val_loss``."""
_STAGES: tuple[str, ...] = typing.get_args(Stage)


def row_of(quantity: Quantity) -> str:
    """Returns the row of the decimated table that holds the quantity."""
    if quantity.stream == "tensors":
        return tensor_row(quantity.role, quantity.stage, quantity.name)
    return quantity.name


def split_of(quantity: Quantity) -> str:
    """Returns the group of the decimated table that holds the quantity: its split, or ``losses``."""
    return "losses" if quantity.stream == "losses" else quantity.split


def group_key(quantity: Quantity) -> str:
    """Returns the key of the group of series that share their steps, as in ``have``."""
    return f"{quantity.stream}:{split_of(quantity)}"


def series_key(quantity: Quantity) -> str:
    """Returns the key of the quantity's curve."""
    if quantity.stream == "losses":
        return "losses:loss"
    if quantity.stream in ("samples", "epochs"):
        return f"{group_key(quantity)}:{quantity.column}"
    return f"{group_key(quantity)}:{quantity.column}:{row_of(quantity)}"


def parse_series_key(key: str) -> Quantity | None:
    """Returns the quantity with this key, or None if the dashboard keeps no such quantity."""
    if key == "losses:loss":
        return Quantity(stream="losses", column="loss")
    if key.startswith(f"{EPOCHS}:") and len(key) > len(EPOCHS) + 1:
        return Quantity(stream="epochs", column=key[len(EPOCHS) + 1 :])
    stream, split, column, row = _cut(key, 4)
    if split not in _SPLITS or column not in CHARTED_COLUMNS.get(stream, ()):
        return None
    found: typing.Any = {"stream": stream, "split": split, "column": column}
    if stream == "tensors":
        role, stage, row = _cut(row, 3)
        if role not in _ROLES or stage not in _STAGES:
            return None
        found.update(role=role, stage=stage)
    return Quantity(name=row, **found) if bool(row) == (stream != "samples") else None


def _cut(text: str, parts: int) -> list[str]:
    """Returns the text split at colons into exactly `parts` parts; the last one holds the rest."""
    found = text.split(":", parts - 1)
    return found + [""] * (parts - len(found))
