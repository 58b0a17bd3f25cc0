"""The blocks of a row that describe weights, their gradients and their updates."""

from __future__ import annotations

from collections.abc import Sequence

from tb_inputdiag.capture.observations import Update
from tb_inputdiag.statistics import health
from tb_inputdiag.statistics.namespace import Namespace
from tb_inputdiag.statistics.row import RowLayout, RowWriter

__all__ = ["put_weights"]


def put_weights(xp: Namespace, writer: RowWriter, row: RowLayout, updates: Sequence[Update]) -> None:
    """Adds the blocks of all weights to a row."""
    for update in updates:
        update.measure_change(xp)
    zero, nan = xp.constant(0.0, "float32"), xp.constant(float("nan"), "float32")
    unknown = xp.constant(health.UNKNOWN, "float64")
    found = [u.measured or ([zero, zero], unknown) for u in updates]
    clipped = [
        numbers[0] if u.clipped_norm is None else u.clipped_norm for u, (numbers, _) in zip(updates, found, strict=True)
    ]
    norms = [nan if u.norm is None else u.norm for u in updates]
    before = [nan if u.sample_norm is None else u.sample_norm for u in updates]
    after = [u.change or (nan, unknown) for u in updates]
    # a sample of a large weight may miss the one value that is not finite
    proof = [zero if u.proof is None else u.proof for u in updates]
    writer.put(row.gradients, [number for numbers, _ in found for number in numbers])
    writer.put(row.gradient_health, [kinds for _, kinds in found])
    writer.put(row.weights, [*clipped, *norms, *before, *(change for change, _ in after), *proof])
    writer.put(row.weight_health, [kinds for _, kinds in after])
