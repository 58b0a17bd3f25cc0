"""Adds the reductions of one traced step to its graph.

The results of a step are one vector of float64, the *row* (`statistics.row`). A `Program` says where each block lies.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf

from tb_inputdiag.capture.tensorflow import ops
from tb_inputdiag.capture.tensorflow.layer_blocks import Layers, MovedLayers
from tb_inputdiag.capture.tensorflow.namespace import TENSORFLOW
from tb_inputdiag.capture.tensorflow.observations import ObservedTensor
from tb_inputdiag.capture.tensorflow.ops import Tensor
from tb_inputdiag.capture.tensorflow.tensor_blocks import Tensors
from tb_inputdiag.capture.tensorflow.tensors import layout_of
from tb_inputdiag.capture.tensorflow.trace import Trace
from tb_inputdiag.capture.tensorflow.weight_blocks import put_weights
from tb_inputdiag.records import Split
from tb_inputdiag.statistics import health
from tb_inputdiag.statistics.namespace import is_numeric
from tb_inputdiag.statistics.program import Program
from tb_inputdiag.statistics.row import RowWriter, row_layout
from tb_inputdiag.statistics.step import StepScalars

__all__ = ["Keep", "build"]

Keep: TypeAlias = Callable[[Tensor, list[Tensor]], Tensor]
"""Receives whether a batch is worth keeping, and its tensors; returns whether it is kept, a bool scalar."""

_F8 = tf.float64


def build(
    trace: Trace, number: int, split: Split, images: int, keep: Keep | None = None
) -> tuple[Program, Tensor, Tensor]:
    """Adds the reductions of a traced step to the graph.

    Args:
        trace: The step, traced to its end.
        number: Of the program.
        split: Whose step it is.
        images: Examples to keep thumbnails of.
        keep: Keeps batches with values that are not finite; None keeps none.

    Returns:
        The program, the row ``float64[program.size]``, and the thumbnails ``float32[m]`` or None.
    """
    tensors = Tensors(trace)
    for update in trace.updates:
        update.measure()
        update.measure_clipped()
    # a weight that two optimizers update, or one twice in a step, is shown as of its last update
    updates = list({update.name: update for update in trace.updates}.values())
    layers = Layers(trace.activations)
    moved = MovedLayers(trace)
    row = row_layout(tensors.layouts, tensors.copies, len(updates), layers.units, moved.size, len(tensors.compared))
    kept, is_kept = _keep(trace, keep)
    writer = RowWriter(TENSORFLOW, row)
    writer.put(row.step, _step_scalars(trace, number, is_kept).in_order())
    tensors.put(writer, row)
    put_weights(writer, row, updates)
    layers.put(writer, row)
    moved.put(writer, row)
    blocks, pixels = tensors.thumbnails(images)
    program = Program(
        number=number,
        split=split,
        row=row,
        tensors=tuple(tensors.layouts),
        copies=tensors.copies,
        compared=tensors.compared,
        weights=tuple(update.name for update in updates),
        layers=layers.paths,
        units=layers.units,
        moved=moved.layers,
        images=blocks,
        fed=tuple(layout_of(f.name, f.role, f.tensor) for f in trace.fed),
        output_activations={f.name: f.made_by for f in [*trace.fed, *trace.predictions] if f.made_by is not None},
        entries={layout.name: layout.layer for layout in tensors.layouts if layout.stage == "entry"},
        kept=kept,
        has_loss=trace.own_loss is not None,
    )
    return program, tf.ensure_shape(writer.row(), [row.size]), pixels


# -- a batch to keep --------------------------------------------------------------------------------


def _keep(trace: Trace, keep: Keep | None) -> tuple[tuple[str, ...], Tensor]:
    """Returns the subjects of the tensors that are kept of a bad batch, and whether this one is kept, as float64."""
    dense = [f for f in trace.fed if f.kind == "dense" and is_numeric(f.tensor.dtype.name)]
    if keep is None or not dense:
        return (), ops.constant(0.0, _F8)
    is_kept = keep(_is_bad(trace, dense), [f.tensor for f in dense])
    return tuple(f"{f.role}:{f.name}" for f in dense), ops.cast(is_kept, _F8)


def _is_bad(trace: Trace, dense: Sequence[ObservedTensor]) -> Tensor:
    """Returns whether a batch is worth keeping.

    It is if a tensor holds NaN or an infinity (-inf is what masks are made of). It also is if the loss or a gradient
    is not finite although all weights were: once the weights are not finite, every batch looks guilty.
    """
    floating = [f.tensor for f in dense if f.tensor.dtype.is_floating]
    bad = [tf.reduce_any(tf.logical_or(tf.math.is_nan(t), ops.equals(t, np.inf))) for t in floating]
    results = [] if trace.own_loss is None else [ops.mean(ops.cast(trace.own_loss, tf.float32))]
    if trace.scale is None:  # loss scaling makes gradients infinite on purpose
        results += [u.measured[0][0] for u in trace.updates if u.measured is not None]
    before = [u.norm for u in trace.updates if u.norm is not None]
    if results:
        lost = tf.logical_not(tf.reduce_all(tf.math.is_finite(tf.stack(results))))
        well = tf.reduce_all(tf.math.is_finite(tf.stack(before))) if before else ops.constant(True, tf.bool)
        bad.append(tf.logical_and(lost, well))
    return tf.reduce_any(tf.stack(bad)) if bad else ops.constant(False, tf.bool)


# -- the step ---------------------------------------------------------------------------------------


def _step_scalars(trace: Trace, number: int, is_kept: Tensor) -> StepScalars[Tensor]:
    nan = float("nan")
    return StepScalars(
        program=tf.constant(float(number), _F8),
        iterations=_scalar(trace.iterations, nan),
        batch_size=_batch_size(trace.fed),
        loss=_scalar(trace.own_loss, nan),
        penalty=_scalar(trace.penalty, 0.0),
        learning_rate=_scalar(trace.learning_rate, nan),
        loss_scale=_scalar(trace.scale, 1.0),
        skipped=_skipped(trace),
        kept=is_kept,
    )


def _scalar(value: Any, default: float) -> Tensor:
    if value is None:
        return ops.constant(default, _F8)
    return ops.mean(ops.cast(tf.convert_to_tensor(value), _F8))


def _skipped(trace: Trace) -> Tensor:
    """Returns 1 if loss scaling skips the update because a gradient is not finite, else 0."""
    measured = [u.measured[1] for u in trace.updates if u.measured is not None]
    if trace.scale is None or not measured:
        return ops.constant(0.0, _F8)
    bad = [kinds[health.KINDS.index(kind)] for kinds in measured for kind in ("negative_inf", "positive_inf", "nan")]
    return ops.cast(tf.add_n(bad) > ops.constant(0.0, _F8), _F8)


def _batch_size(fed: Sequence[ObservedTensor]) -> Tensor:
    for leaf in fed:
        tensor = leaf.tensor
        if isinstance(tensor, tf.RaggedTensor):
            return ops.cast(tensor.nrows(), _F8)
        if isinstance(tensor, tf.SparseTensor):
            return ops.cast(tensor.dense_shape[0], _F8)
        if tensor.shape.rank:
            return TENSORFLOW.length(tensor, 0, "float64")
    return ops.constant(0.0, _F8)
