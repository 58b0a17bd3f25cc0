"""Rows that came back from the device, as records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.records import (
    COLUMNS,
    F4,
    F8,
    Examples,
    Images,
    LayerTable,
    Layout,
    Sample,
    ShownExamples,
    TensorTable,
    WeightTable,
)
from tb_inputdiag.statistics import (
    activations,
    example_ids,
    gradients,
    largest_losses,
    moving_averages,
    shown_examples,
    step,
    target_copies,
    thumbnails,
    weights,
)
from tb_inputdiag.statistics.program import Program
from tb_inputdiag.statistics.shown_examples import ShownLayout
from tb_inputdiag.statistics.tensors import tensor_statistics

__all__ = ["images", "layer_table", "sample", "shown", "tensor_table", "weight_table"]

_UNDEFINED_IS_NAN = np.errstate(all="ignore")
"""For whole tables: what is undefined, such as a fraction of nothing, is NaN in them."""


def sample(
    program: Program,
    layout: Layout,
    rows: Sequence[F8],
    *,
    step_number: int,
    epoch: int,
    wall_time: float,
    step_time_s: float = float("nan"),
    cost_s: float = float("nan"),
) -> Sample:
    """Returns the record of one sampled step.

    Args:
        program: The program that made the rows.
        layout: Its layout.
        rows: One row for each replica.
        step_number: The step.
        epoch: Number of the epoch.
        wall_time: Seconds since the Unix epoch.
        step_time_s: Seconds that the step took.
        cost_s: Seconds that sampling it cost.
    """
    first = step.of_row(rows[0])
    of_weights = weight_table(program, rows[0])
    norm = clipped_norm = float("nan")
    if of_weights is not None:
        norm = gradients.global_norm(of_weights.gradient_norm)
        clipped_norm = gradients.global_norm(of_weights.clipped_gradient_norm)
    return Sample(
        layout=layout.id,
        split=layout.split,
        step=step_number,
        epoch=epoch,
        wall_time=wall_time,
        batch_size=int(sum(step.batch_sizes(rows))),
        loss=step.loss(rows),
        penalty=step.penalty(rows),
        learning_rate=first.learning_rate,
        step_time_s=step_time_s,
        cost_s=cost_s,
        loss_scale=first.loss_scale,
        gradient_norm=norm,
        clipped_gradient_norm=clipped_norm,
        skipped=bool(first.skipped),
        tensors=tensor_table(program, rows),
        weights=of_weights,
        layers=layer_table(program, rows),
    )


def _typed(table: str, columns: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Returns the columns of a table in the dtypes of `records.COLUMNS`."""
    return {name: np.ascontiguousarray(columns[name], dtype) for name, (dtype, _) in COLUMNS[table].items()}


@_UNDEFINED_IS_NAN
def tensor_table(program: Program, rows: Sequence[F8]) -> TensorTable:
    """Returns the statistics of all tensors of a step, merged over replicas."""
    sizes = step.batch_sizes(rows)
    columns: dict[str, NDArray[Any]] = {}
    for statistic in tensor_statistics():
        block = program.row.tensors[statistic.NAME]
        parts = [block.read(row) for row in rows]
        columns |= statistic.columns(parts[0] if len(parts) == 1 else statistic.merge(parts, sizes))
    columns["example_ids"] = example_ids.merge([program.row.example_ids.read(row) for row in rows])
    compared = [program.row.target_copies.read(row) for row in rows]
    copies = compared[0] if len(compared) == 1 else target_copies.merge(compared)
    columns |= target_copies.columns(copies, program.compared, len(program.tensors))
    worst = [program.row.largest_losses.read(row) for row in rows]
    numbers = worst[0] if len(worst) == 1 else largest_losses.merge(worst, sizes)
    columns |= largest_losses.columns(numbers, program.losses, len(program.tensors))
    return TensorTable(**_typed("tensors", columns))


@_UNDEFINED_IS_NAN
def weight_table(program: Program, row: F8) -> WeightTable | None:
    """Returns the weights' table; None for a step that updates nothing. Replicas agree, so one row says it all."""
    if not program.weights:
        return None
    layout = program.row
    numbers = layout.weights.read(row)
    clipped = numbers[weights.NUMBERS.index("clipped")]
    of_gradients = gradients.columns(layout.gradients.read(row), layout.gradient_health.read(row), clipped)
    of_weights = weights.columns(numbers, layout.weight_health.read(row))
    return WeightTable(**_typed("weights", {**of_gradients, **of_weights}))


@_UNDEFINED_IS_NAN
def layer_table(program: Program, rows: Sequence[F8]) -> LayerTable | None:
    """Returns the layers' table, merged over replicas; None if no layer was seen."""
    if not program.layers:
        return None
    layout = program.row
    parts = [
        activations.columns(
            layout.activations.read(row), layout.units.read(row), program.units, layout.activation_health.read(row)
        )
        for row in rows
    ]
    moved = [
        moving_averages.columns(layout.moving_averages.read(row), program.moved, len(program.layers)) for row in rows
    ]
    if len(rows) == 1:
        return LayerTable(**_typed("layers", {**parts[0], **moved[0]}))
    return LayerTable(**_typed("layers", {**activations.merge(parts), **moving_averages.merge(moved)}))


def images(program: Program, layout: Layout, row: F8, pixels: F4, step_number: int) -> list[Images]:
    """Returns thumbnails of the first replica's batch.

    Args:
        program: The program that made them.
        layout: Its layout.
        row: The first replica's row of the same step.
        pixels: The thumbnails of all tensors.
        step_number: The step.
    """
    records = []
    examples = int(step.of_row(row).batch_size)
    known = program.row.labels.read(row)
    for block in program.images:
        shown = thumbnails.pixels(block, pixels, examples)
        if shown is None:
            continue
        tensor = layout.tensors[block.tensor]
        records.append(
            Images(
                step=step_number,
                split=layout.split,
                name=tensor.name,
                stage=tensor.stage,
                pixels=shown[0],
                low=shown[1],
                high=shown[2],
                labels=thumbnails.shown_labels(known, len(shown[0])),
            )
        )
    return records


def shown(kept: ShownLayout, layout: Layout, row: F8, pixels: F4, examples: Examples) -> ShownExamples | None:
    """Returns the examples that an alert names, of the first replica's batch; None if none of them was kept.

    Args:
        kept: Which ones the step kept.
        layout: Layout of the step.
        row: The first replica's row of the same step.
        pixels: The pixels of the same step.
        examples: Which ones the alert names.
    """
    places = [place for place in examples.batch if place < step.of_row(row).batch_size]
    found = shown_examples.shown(kept, layout.tensors, pixels, places, examples.subject)
    if not found:
        return None
    return ShownExamples(subject=examples.subject, step=examples.step, split=layout.split, examples=found)
