"""The blocks of a row that describe weights, their gradients and their updates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from tb_inputdiag.capture.names import backend_value
from tb_inputdiag.capture.tensorflow import ops
from tb_inputdiag.capture.tensorflow.namespace import TENSORFLOW
from tb_inputdiag.capture.tensorflow.observations import Update
from tb_inputdiag.capture.tensorflow.ops import Tensor
from tb_inputdiag.statistics import health, weights
from tb_inputdiag.statistics.row import RowLayout, RowWriter

__all__ = ["put_weights"]


def put_weights(writer: RowWriter, row: RowLayout, updates: Sequence[Update]) -> None:
    """Adds the blocks of all weights to a row."""
    zero, nan = ops.constant(0.0, tf.float32), ops.constant(np.nan, tf.float32)
    unknown = ops.constant(health.UNKNOWN, tf.float64)
    found = [u.measured or ([zero, zero], unknown) for u in updates]
    clipped = [
        numbers[0] if u.clipped_norm is None else u.clipped_norm for u, (numbers, _) in zip(updates, found, strict=True)
    ]
    norms = [nan if u.norm is None else u.norm for u in updates]
    before = [_norm_before(u, nan) for u in updates]
    after = [(nan, unknown) if u.after is None else weights.update(TENSORFLOW, u.before, u.after) for u in updates]
    # a sample of a large weight may miss the one value that is not finite
    proof = [zero if u.after is None or u.is_whole else health.mean_of_all(TENSORFLOW, _value(u)) for u in updates]
    writer.put(row.gradients, [number for numbers, _ in found for number in numbers])
    writer.put(row.gradient_health, [kinds for _, kinds in found])
    writer.put(row.weights, [*clipped, *norms, *before, *(change for change, _ in after), *proof])
    writer.put(row.weight_health, [kinds for _, kinds in after])


def _norm_before(update: Update, unknown: Tensor) -> Tensor:
    """Returns half the sum of squares of the sample of a weight before the update."""
    if update.before is None:
        return unknown
    return update.norm if update.is_whole else health.half_squares(TENSORFLOW, update.before)


def _value(update: Update) -> Tensor:
    return tf.convert_to_tensor(backend_value(update.variable))
