"""The blocks of a row that describe weights, their gradients and their updates."""

from __future__ import annotations

from collections.abc import Sequence

from tb_inputdiag.capture.keras_internals import Tensor
from tb_inputdiag.capture.observations import Update
from tb_inputdiag.statistics import health, weights
from tb_inputdiag.statistics.namespace import Namespace
from tb_inputdiag.statistics.row import RowLayout, RowWriter

__all__ = ["put_weights"]


def put_weights(xp: Namespace, writer: RowWriter, row: RowLayout, updates: Sequence[Update]) -> None:
    """Adds the blocks of all weights to a row."""
    zero, nan = xp.constant(0.0, "float32"), xp.constant(float("nan"), "float32")
    unknown = xp.constant(health.UNKNOWN, "float64")
    found = [u.measured or ([zero, zero], unknown) for u in updates]
    clipped = [
        numbers[0] if u.clipped_norm is None else u.clipped_norm for u, (numbers, _) in zip(updates, found, strict=True)
    ]
    norms = [nan if u.norm is None else u.norm for u in updates]
    before = [_norm_before(xp, u, nan) for u in updates]
    after = [(nan, unknown) if u.after is None else weights.update(xp, u.before, u.after) for u in updates]
    # a sample of a large weight may miss the one value that is not finite
    proof = [zero if u.proof is None else u.proof for u in updates]
    writer.put(row.gradients, [number for numbers, _ in found for number in numbers])
    writer.put(row.gradient_health, [kinds for _, kinds in found])
    writer.put(row.weights, [*clipped, *norms, *before, *(change for change, _ in after), *proof])
    writer.put(row.weight_health, [kinds for _, kinds in after])


def _norm_before(xp: Namespace, update: Update, unknown: Tensor) -> Tensor:
    """Returns half the sum of squares of the sample of a weight before the update."""
    if update.before is None:
        return unknown
    return update.norm if update.is_whole else health.half_squares(xp, update.before)
