"""The numbers of a step as a whole, which stand at the front of a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Generic, TypeVar

from tb_inputdiag.records import F8

__all__ = ["StepScalars", "batch_sizes", "loss", "of_row", "penalty"]

Number = TypeVar("Number")


@dataclass(frozen=True, slots=True, kw_only=True)
class StepScalars(Generic[Number]):
    """Scalars of one replica's step: float64 numbers on the host, arrays while the step is traced. NaN: not known."""

    program: Number
    """`Program.number`: first, so that a row says who can read it."""
    iterations: Number
    """Updates that the optimizer had made."""
    batch_size: Number
    """Examples of this replica's batch."""
    loss: Number
    """This replica's share of the step's loss, with penalties."""
    penalty: Number
    """The part of `loss` that regularizers and `add_loss` contribute."""
    learning_rate: Number
    loss_scale: Number
    """1 without loss scaling."""
    skipped: Number
    """1 if loss scaling skipped the update, else 0."""
    kept: Number
    """1 if this batch was kept because it led to values that are not finite, else 0."""

    def in_order(self) -> tuple[Number, ...]:
        """Returns the scalars as they stand in the row."""
        return tuple(getattr(self, name) for name in _NAMES)


# dataclasses.fields takes 20 microseconds, and each sample of each step needs these
_NAMES = tuple(field.name for field in fields(StepScalars))
_PLACES = {name: place for place, name in enumerate(_NAMES)}
N_STEP_SCALARS = len(_NAMES)


def of_row(row: F8) -> StepScalars[float]:
    """Returns the scalars of a row."""
    return StepScalars(**dict(zip(_NAMES, row[:N_STEP_SCALARS].tolist(), strict=True)))


def batch_sizes(rows: Sequence[F8]) -> list[float]:
    """Returns the examples of each replica."""
    return [float(row[_PLACES["batch_size"]]) for row in rows]


def loss(rows: Sequence[F8]) -> float:
    """Returns the step's loss: each replica's is its share of the global batch's."""
    return sum(float(row[_PLACES["loss"]]) for row in rows)


def penalty(rows: Sequence[F8]) -> float:
    """Returns the part of the loss that penalties make."""
    return sum(float(row[_PLACES["penalty"]]) for row in rows)
