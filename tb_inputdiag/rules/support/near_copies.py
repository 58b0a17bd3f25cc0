"""Columns of a table that are nearly a copy of a target of zeros and ones, in the batches of a training run."""

from __future__ import annotations

from dataclasses import dataclass

from tb_inputdiag.keras_vocabulary import is_keras_module
from tb_inputdiag.numbers import percent, whole
from tb_inputdiag.records import LimitPicture, Severity, TensorLayout, TensorView
from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.support.curves import tensor_curves
from tb_inputdiag.rules.support.text import variable
from tb_inputdiag.rules.views.context import Context
from tb_inputdiag.statistics.target_copies import EXACT

__all__ = ["NearlyCopied", "nearly_copied_finding", "nearly_copied_table", "read_by_keras"]

_LEAST_COLUMNS = 3
"""A table with fewer is a toy, in which one column may well be all."""


@dataclass(slots=True)
class NearlyCopied:
    """The column that was most like a target in successive batches.

    Attributes:
        source: Name of the input.
        place: The column.
        rows: Rows that differ in the target, so far.
    """

    source: str
    place: int
    rows: float = 0.0
    _left: float = 0.0

    @property
    def residual(self) -> float:
        """The part 0..1 of the target's variance that it leaves, as a mean over the rows."""
        return self._left / self.rows

    def add(self, rows: float, residual: float) -> None:
        """Adds a batch."""
        self.rows += rows
        self._left += rows * residual


def nearly_copied_table(context: Context, target: TensorView) -> TensorLayout | None:
    """Returns the table whose column is most like a target of zeros and ones.

    None for other targets, for copies (which `target-in-input` reports), and for inputs that are no tables, or are read
    by a layer that is not Keras' own.
    """
    is_binary = target.value("whole_fraction") == 1 and target.min == 0 and target.max == 1
    one_each = all(size == 1 for size in target.shape[1:])
    if not is_binary or not one_each or not target.value("copy_residual") > EXACT:
        return None
    source = context.layout.tensors[int(target.value("copy_input"))]
    shape = source.shape or ()
    is_table = len(shape) == 2 and (shape[1] or 0) >= _LEAST_COLUMNS
    return source if is_table and read_by_keras(context, source.name) else None


def read_by_keras(context: Context, name: str) -> bool:
    """Returns whether a layer of Keras reads an input. A layer of the user's own may need the label for its loss."""
    readers = [entry.layout.layer for entry in context.entries if name in entry.layout.sources]
    layers = [context.facts.layer(reader) for reader in readers] if context.facts is not None else []
    return bool(layers) and all(item is not None and is_keras_module(item.module) for item in layers)


def nearly_copied_finding(context: Context, target: TensorView, found: NearlyCopied, limit: float) -> Finding:
    """Returns the finding about such a column."""
    name, place = variable(found.source, "input", context.facts), found.place
    y = variable(target.name, "target", context.facts)
    explained = 1 - found.residual
    return Finding(
        subject=f"input:{found.source}",
        message=f"Column {place} of '{found.source}' alone explains {percent(explained)} of the variance of the target "
        f"'{target.name}', in {whole(int(found.rows))} rows that differ: it may be known only after the target.",
        evidence={"column": place, "target": target.name, "explained": explained, "rows": found.rows},
        fix=f"print({name}[:10, {place}], {y}[:10])\n"
        f"{name} = np.delete({name}, {place}, axis=1)  # if it is not known when predictions are made",
        severity=Severity.INFO,
        picture=LimitPicture(
            label=f"part of the target's variance that column {place} leaves",
            value=found.residual,
            limit=limit,
            bound="at least",
            unit="fraction",
        ),
        curves=tensor_curves(context, target),
    )
