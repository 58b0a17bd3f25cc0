"""Rows that came back from the device, as records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.capture.twin import StepRows
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
from tb_inputdiag.statistics.row import Block
from tb_inputdiag.statistics.shown_examples import ShownLayout
from tb_inputdiag.statistics.tensors import tensor_statistics

__all__ = ["Tables", "images", "sample", "shown", "tables"]

_UNDEFINED_IS_NAN = np.errstate(all="ignore")
"""For whole tables: what is undefined, such as a fraction of nothing, is NaN in them."""

_Table = TypeVar("_Table", TensorTable, WeightTable, LayerTable)


class Tables(NamedTuple):
    """The tables of one sampled step; see `records.Sample`."""

    tensors: TensorTable
    weights: WeightTable | None
    layers: LayerTable | None


def tables(steps: Sequence[StepRows]) -> list[Tables]:
    """Returns the tables of sampled steps.

    Those of one program are computed together, which takes hardly longer than a single one: the tables are small.
    Steps of several replicas are computed one by one, because the sizes of their batches may differ.

    Args:
        steps: For each step the program that made the rows, and one row for each replica.
    """
    together: defaultdict[int, list[int]] = defaultdict(list)
    for index, (program, rows) in enumerate(steps):
        together[id(program) if len(rows) == 1 else -index].append(index)
    found: dict[int, Tables] = {}
    for indices in together.values():
        program, _ = steps[indices[0]]
        replicas = [np.stack(rows) for rows in zip(*(steps[index][1] for index in indices), strict=True)]
        found |= zip(indices, _tables_of(program, replicas), strict=True)
    return [found[index] for index in range(len(steps))]


def sample(
    layout: Layout,
    rows: Sequence[F8],
    made: Tables,
    *,
    step_number: int,
    epoch: int,
    wall_time: float,
    step_time_s: float = float("nan"),
    cost_s: float = float("nan"),
) -> Sample:
    """Returns the record of one sampled step.

    Args:
        layout: Layout of the program that made the rows.
        rows: One row for each replica.
        made: The tables of the rows.
        step_number: The step.
        epoch: Number of the epoch.
        wall_time: Seconds since the Unix epoch.
        step_time_s: Seconds that the step took.
        cost_s: Seconds that sampling it cost.
    """
    first = step.of_row(rows[0])
    of_weights = made.weights
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
        tensors=made.tensors,
        weights=of_weights,
        layers=made.layers,
    )


@_UNDEFINED_IS_NAN
def _tables_of(program: Program, replicas: Sequence[F8]) -> Iterator[Tables]:
    """Returns the tables of steps that one program made.

    Args:
        program: The program.
        replicas: For each replica its rows of all steps, ``float64[steps, size]``. A single step if there are several.
    """
    steps = len(replicas[0])
    tensors = _split(TensorTable, "tensors", _tensor_columns(program, replicas), steps)
    nothing = [None] * steps
    # replicas agree on the weights
    weights = (
        _split(WeightTable, "weights", _weight_columns(program, replicas[0]), steps) if program.weights else nothing
    )
    layers = _split(LayerTable, "layers", _layer_columns(program, replicas), steps) if program.layers else nothing
    return map(Tables, tensors, weights, layers)


def _split(kind: type[_Table], table: str, columns: Mapping[str, NDArray[Any]], steps: int) -> list[_Table]:
    """Returns a table for each step.

    Args:
        kind: Its class.
        table: Its name in `records.COLUMNS`, which has the dtypes.
        columns: Its columns, those of one step after the other.
        steps: How many steps they are.
    """
    typed: dict[str, NDArray[Any]] = {}
    for name, (dtype, _) in COLUMNS[table].items():
        column = np.ascontiguousarray(columns[name], dtype)
        typed[name] = column.reshape(steps, len(column) // steps, *column.shape[1:])
    return [kind(**{name: column[index] for name, column in typed.items()}) for index in range(steps)]


def _side_by_side(numbers: F8) -> F8:
    """Returns ``[k, steps * n]`` from ``[steps, k, n]``."""
    return np.moveaxis(numbers, 0, 1).reshape(numbers.shape[1], -1)


def _tensor_columns(program: Program, replicas: Sequence[F8]) -> dict[str, NDArray[Any]]:
    """Returns the statistics of all tensors, merged over replicas; see `_tables_of`."""
    sizes = step.batch_sizes([rows[0] for rows in replicas])
    columns: dict[str, NDArray[Any]] = {}
    for statistic in tensor_statistics():
        block = program.row.tensors[statistic.NAME]
        parts = [statistic.finish(_side_by_side(block.read(rows))) for rows in replicas]
        columns |= statistic.columns(parts[0] if len(parts) == 1 else statistic.merge(parts, sizes))
    ids = zip(*(program.row.example_ids.read(rows) for rows in replicas), strict=True)
    columns["example_ids"] = np.concatenate([example_ids.merge(parts) for parts in ids])
    compared = [program.row.target_copies.read(rows) for rows in replicas]
    found = compared[0] if len(compared) == 1 else [target_copies.merge([part[0] for part in compared])]
    columns |= _in_turn([target_copies.columns(numbers, program.compared, len(program.tensors)) for numbers in found])
    losses = [program.row.largest_losses.read(rows) for rows in replicas]
    worst = losses[0] if len(losses) == 1 else [largest_losses.merge([part[0] for part in losses], sizes)]
    return columns | _in_turn(
        [largest_losses.columns(numbers, program.losses, len(program.tensors)) for numbers in worst]
    )


def _in_turn(tables: Sequence[Mapping[str, F8]]) -> dict[str, F8]:
    """Returns the columns of several steps' tables, one step after the other."""
    return {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}


def _weight_columns(program: Program, rows: F8) -> dict[str, F8]:
    """Returns the columns of the weights' table."""
    layout = program.row
    numbers = _side_by_side(layout.weights.read(rows))
    clipped = numbers[weights.NUMBERS.index("clipped")]
    of_gradients = gradients.columns(_joined(layout.gradients, rows), _joined(layout.gradient_health, rows), clipped)
    return {**of_gradients, **weights.columns(numbers, _joined(layout.weight_health, rows))}


def _layer_columns(program: Program, replicas: Sequence[F8]) -> dict[str, F8]:
    """Returns the columns of the layers' table, merged over replicas; see `_tables_of`."""
    layout, steps = program.row, len(replicas[0])
    parts = [
        activations.columns(
            _joined(layout.activations, rows),
            layout.units.read(rows).ravel(),
            program.units * steps,
            _joined(layout.activation_health, rows),
        )
        for rows in replicas
    ]
    moved = [_moved_columns(program, rows) for rows in replicas]
    if len(parts) == 1:
        return {**parts[0], **moved[0]}
    return {**activations.merge(parts), **moving_averages.merge(moved)}


def _moved_columns(program: Program, rows: F8) -> dict[str, F8]:
    averages, layers = program.row.moving_averages.read(rows), len(program.layers)
    if not program.moved:
        return moving_averages.columns(averages, (), layers * len(rows))
    found = [moving_averages.columns(numbers, program.moved, layers) for numbers in averages]
    return _in_turn(found)


def _joined(block: Block, rows: F8) -> F8:
    """Returns ``[steps * n, k]`` of a block ``[n, k]``."""
    return block.read(rows).reshape(-1, block.shape[-1])


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
