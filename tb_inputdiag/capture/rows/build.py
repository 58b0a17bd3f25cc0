"""Reduces the observations of one step to a row.

The results of a step are one vector of float64, the *row* (`statistics.row`). A `Program` says where each block lies.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from tb_inputdiag.capture.keras_internals import Tensor
from tb_inputdiag.capture.observations import ObservedTensor, StepObservations
from tb_inputdiag.capture.rows.layer_blocks import Layers, MovedLayers
from tb_inputdiag.capture.rows.tensor_blocks import Tensors
from tb_inputdiag.capture.rows.weight_blocks import put_weights
from tb_inputdiag.records import Split
from tb_inputdiag.statistics import health
from tb_inputdiag.statistics.namespace import Namespace, is_floating, is_numeric
from tb_inputdiag.statistics.program import Program
from tb_inputdiag.statistics.row import RowWriter, row_layout
from tb_inputdiag.statistics.step import StepScalars

__all__ = ["Keep", "build"]

Keep: TypeAlias = Callable[[Tensor, list[Tensor]], Tensor]
"""Receives whether a batch is worth keeping, and its tensors; returns whether it is kept, a bool scalar."""


def build(
    trace: StepObservations, number: int, split: Split, images: int, keep: Keep | None = None
) -> tuple[Program, Tensor, Tensor]:
    """Reduces the observations of a step, as it is traced or runs.

    Args:
        trace: What was observed, of the step to its end.
        number: Of the program.
        split: Whose step it is.
        images: Examples to keep thumbnails of.
        keep: Keeps batches with values that are not finite; None keeps none.

    Returns:
        The program, the row ``float64[program.size]``, and the pixels ``float32[m]`` or None: thumbnails, and the
        examples that alerts may name.
    """
    xp = trace.xp
    tensors = Tensors(trace)
    for update in trace.updates:
        update.measure(xp)
        update.measure_clipped(xp)
    # a weight that two optimizers update, or one twice in a step, is shown as of its last update
    updates = list({update.name: update for update in trace.updates}.values())
    layers = Layers(trace.activations)
    moved = MovedLayers(trace)
    row = row_layout(
        tensors.layouts,
        tensors.copies,
        len(updates),
        layers.units,
        moved.size,
        len(tensors.compared),
        len(tensors.losses),
    )
    kept, is_kept = _keep(trace, keep)
    writer = RowWriter(xp, row)
    writer.put(row.step, _step_scalars(trace, number, is_kept).in_order())
    tensors.put(writer, row)
    put_weights(xp, writer, row, updates)
    layers.put(xp, writer, row)
    moved.put(writer, row)
    blocks, shown, pixels = tensors.pixels(images)
    program = Program(
        number=number,
        split=split,
        row=row,
        tensors=tuple(tensors.layouts),
        copies=tensors.copies,
        compared=tensors.compared,
        losses=tensors.losses,
        weights=tuple(update.name for update in updates),
        layers=layers.paths,
        units=layers.units,
        moved=moved.layers,
        images=blocks,
        shown=shown,
        fed=tuple(trace.reader.layout(f.name, f.role, f.tensor) for f in trace.fed),
        output_activations={f.name: f.made_by for f in [*trace.fed, *trace.predictions] if f.made_by is not None},
        entries={layout.name: layout.layer for layout in tensors.layouts if layout.stage == "entry"},
        kept=kept,
        has_loss=trace.own_loss is not None,
        has_penalty=trace.penalty is not None,
    )
    return program, writer.row(), pixels


# -- a batch to keep --------------------------------------------------------------------------------


def _keep(trace: StepObservations, keep: Keep | None) -> tuple[tuple[str, ...], Tensor]:
    """Returns the subjects of the tensors that are kept of a bad batch, and whether this one is kept, as float64."""
    xp = trace.xp
    dense = [f for f in trace.fed if f.kind == "dense" and is_numeric(xp.dtype(f.tensor))]
    if keep is None or not dense:
        return (), xp.constant(0.0, "float64")
    is_kept = keep(_is_bad(trace, dense), [f.tensor for f in dense])
    return tuple(f"{f.role}:{f.name}" for f in dense), xp.cast(is_kept, "float64")


def _is_bad(trace: StepObservations, dense: Sequence[ObservedTensor]) -> Tensor:
    """Returns whether a batch is worth keeping.

    It is if a tensor holds NaN or an infinity (-inf is what masks are made of). It also is if the loss or a gradient
    is not finite although all weights were: once the weights are not finite, every batch looks guilty.
    """
    xp = trace.xp
    floating = [f.tensor for f in dense if is_floating(xp.dtype(f.tensor))]
    bad = [_any(xp, xp.is_nan(t) | xp.equals(t, float("inf"))) for t in floating]
    results = [] if trace.own_loss is None else [xp.mean(xp.cast(trace.own_loss, "float32"))]
    if trace.scale is None:  # loss scaling makes gradients infinite on purpose
        results += [u.measured[0][0] for u in trace.updates if u.measured is not None]
    before = [u.norm for u in trace.updates if u.norm is not None]
    if results:
        lost = _any(xp, ~xp.is_finite(xp.stack(results)))
        ill = _any(xp, ~xp.is_finite(xp.stack(before))) if before else xp.constant(False, "bool")
        bad.append(lost & ~ill)
    return _any(xp, xp.stack(bad)) if bad else xp.constant(False, "bool")


def _any(xp: Namespace, mask: Tensor) -> Tensor:
    return xp.any(mask, tuple(range(len(xp.static_shape(mask) or ()))))


# -- the step ---------------------------------------------------------------------------------------


def _step_scalars(trace: StepObservations, number: int, is_kept: Tensor) -> StepScalars[Tensor]:
    xp, nan = trace.xp, float("nan")
    return StepScalars(
        program=xp.constant(float(number), "float64"),
        iterations=_scalar(xp, trace.iterations, nan),
        batch_size=_batch_size(trace),
        loss=_scalar(xp, trace.own_loss, nan),
        penalty=_scalar(xp, trace.penalty, 0.0),
        learning_rate=_scalar(xp, trace.learning_rate, nan),
        loss_scale=_scalar(xp, trace.scale, 1.0),
        skipped=_skipped(trace),
        kept=is_kept,
    )


def _scalar(xp: Namespace, value: Tensor | None, default: float) -> Tensor:
    return xp.constant(default, "float64") if value is None else xp.mean(xp.cast(value, "float64"))


def _skipped(trace: StepObservations) -> Tensor:
    """Returns 1 if loss scaling skips the update because a gradient is not finite, else 0."""
    xp = trace.xp
    measured = [u.measured[1] for u in trace.updates if u.measured is not None]
    if trace.scale is None or not measured:
        return xp.constant(0.0, "float64")
    places = [health.KINDS.index(kind) for kind in ("negative_inf", "positive_inf", "nan")]
    bad = xp.stack([kinds[place] for kinds in measured for place in places])
    return xp.cast(xp.sum(bad) > xp.constant(0.0, "float64"), "float64")


def _batch_size(trace: StepObservations) -> Tensor:
    sizes = (trace.reader.examples(leaf.tensor) for leaf in trace.fed)
    return next((size for size in sizes if size is not None), trace.xp.constant(0.0, "float64"))
