"""The row: the probe writes and the host reads by the same layout."""

from __future__ import annotations

import itertools
from dataclasses import fields, replace

import numpy as np
import pytest

from tb_inputdiag.records import TensorLayout
from tb_inputdiag.statistics import step
from tb_inputdiag.statistics.numpy_namespace import NUMPY
from tb_inputdiag.statistics.row import Block, RowLayout, RowWriter, row_layout
from tb_inputdiag.statistics.step import StepScalars
from tb_inputdiag.statistics.tensors import tensor_statistics
from tb_inputdiag.statistics.tensors.features import with_features

X = with_features(TensorLayout(name="x", role="input", shape=(None, 3)))
Y = replace(with_features(TensorLayout(name="y", role="target", shape=(None,))), n_classes=5)
ENTRY = replace(X, stage="entry")


def layout() -> RowLayout:
    return row_layout([X, Y, ENTRY], {2: 0}, n_weights=2, units=[4, 0], n_averages=8, n_comparisons=2, n_losses=1)


def blocks(row: RowLayout) -> list[Block]:
    found = [value for field in fields(row) if isinstance(value := getattr(row, field.name), Block)]
    return [*found, *(block.block for block in row.tensors.values())]


def test_blocks_fill_the_row_without_gaps() -> None:
    row = layout()
    in_order = sorted((block for block in blocks(row) if block.size), key=lambda block: block.start)
    ends = [block.start + block.size for block in in_order]
    assert [block.start for block in in_order] == [0, *ends[:-1]]
    assert ends[-1] == row.size


def test_narrow_blocks_come_after_wide_ones() -> None:
    in_order = sorted((block for block in blocks(layout()) if block.size), key=lambda block: block.start)
    assert [dtype for dtype, _ in itertools.groupby(block.dtype for block in in_order)] == ["float64", "float32"]


def test_an_untouched_entry_has_the_numbers_of_its_input() -> None:
    row = layout()
    numbers = np.arange(row.size, dtype=np.float64)
    for statistic in tensor_statistics():
        table = row.tensors[statistic.NAME].read(numbers)
        assert table.shape == (statistic.RAW_WIDTH, sum(statistic.places(t) for t in (X, Y, ENTRY)))
        width = statistic.places(X)
        np.testing.assert_array_equal(table[:, :width], table[:, table.shape[1] - statistic.places(ENTRY) :])


def write(row: RowLayout) -> tuple[RowWriter, dict[int, np.ndarray]]:
    """Writes every block in the wrong order, as vectors."""
    writer = RowWriter(NUMPY, row)
    written = {}
    for block in reversed(blocks(row)):
        written[block.start] = np.random.default_rng(block.start).normal(size=block.size).astype(block.dtype)
        writer.put(block, np.array_split(written[block.start], 2))
    return writer, written


def test_what_is_written_is_read() -> None:
    row = layout()
    writer, written = write(row)
    numbers = writer.row()
    assert numbers.dtype == np.float64
    for block in blocks(row):
        np.testing.assert_array_equal(block.read(numbers), written[block.start].reshape(block.shape))


def test_a_block_of_another_size_is_refused() -> None:
    row = layout()
    writer = RowWriter(NUMPY, row)
    with pytest.raises(ValueError, match="A block of 2 numbers was given"):
        writer.put(replace(row.step, shape=(2,)), [np.zeros(3)])


def test_a_row_with_a_missing_block_is_refused() -> None:
    row = layout()
    writer = RowWriter(NUMPY, row)
    writer.put(row.step, [np.zeros(row.step.size)])
    with pytest.raises(ValueError, match="Blocks are missing"):
        writer.row()


def test_scalars_of_the_step_come_back_by_name() -> None:
    names = [field.name for field in fields(StepScalars)]
    scalars = StepScalars(**{name: float(i) for i, name in enumerate(names)})
    row = np.array([*scalars.in_order(), 99.0])
    assert step.of_row(row) == scalars
    assert row[0] == scalars.program
    other = replace(scalars, loss=2.5, batch_size=7.0)
    rows = [row, np.array(other.in_order())]
    assert (step.loss(rows), step.batch_sizes(rows)) == (scalars.loss + 2.5, [scalars.batch_size, 7.0])
