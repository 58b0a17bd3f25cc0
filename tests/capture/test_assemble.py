"""The tables of steps that are computed together are those of each step alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import pytest

from tb_inputdiag.capture import assemble
from tb_inputdiag.capture.assemble import Tables
from tb_inputdiag.records import F8, TensorLayout
from tb_inputdiag.statistics.program import Program
from tb_inputdiag.statistics.row import row_layout
from tb_inputdiag.statistics.target_copies import Comparison
from tb_inputdiag.statistics.tensors.features import with_features

TENSORS = tuple(
    with_features(layout)
    for layout in (
        TensorLayout(name="x", role="input", shape=(None, 5), dtype="float32"),
        TensorLayout(name="y", role="target", shape=(None,), dtype="int64", n_classes=3),
        TensorLayout(name="y", role="prediction", shape=(None, 3), dtype="float32"),
    )
)
COMPARED = (Comparison(target=1, source=0, steps=0, width=5, targets=1),)


def program(units: tuple[int, ...], weights: tuple[str, ...]) -> Program:
    """Returns a program whose layers have so many units."""
    layout = row_layout(TENSORS, {}, len(weights), units, n_comparisons=len(COMPARED))
    layers = tuple(f"layer_{index}" for index in range(len(units)))
    return Program(
        number=0,
        split="train",
        row=layout,
        tensors=TENSORS,
        compared=COMPARED,
        weights=weights,
        layers=layers,
        units=units,
    )


def some_rows(made: Program, seed: int, replicas: int) -> list[F8]:
    """Returns a row for each replica, with some numbers that are not finite; places and batch sizes are whole."""
    rng = np.random.default_rng(seed)
    rows = rng.uniform(0.1, 4.0, (replicas, made.size))
    rows[:, rng.integers(20, made.size, 9)] = np.nan
    rows[:, :10] = np.arange(10)
    copies = made.row.target_copies
    rows[:, copies.start : copies.start + copies.size] = 1.0
    return list(rows)


def assert_equal(found: Tables, expected: Tables) -> None:
    for table, same in zip(found, expected, strict=True):
        assert (table is None) == (same is None)
        if table is None or same is None:
            continue
        columns, others = asdict(table), asdict(same)
        for name, column in columns.items():
            assert column.dtype == others[name].dtype
            np.testing.assert_array_equal(column, others[name], err_msg=name)


@pytest.mark.parametrize("replicas", [1, 2])
def test_together_is_as_alone(replicas: int) -> None:
    first, second = program((0, 4, 2), ("a", "b")), program((), ())
    made: Sequence[Program] = (first, second, first, first, second)
    steps = [(p, some_rows(p, seed, replicas)) for seed, p in enumerate(made)]
    together = assemble.tables(steps)
    assert [tables.layers is None for tables in together] == [False, True, False, False, True]
    for tables, step in zip(together, steps, strict=True):
        assert_equal(tables, assemble.tables([step])[0])
    # other rows make other tables
    assert not np.array_equal(together[0].tensors.mean, together[2].tensors.mean, equal_nan=True)


def test_nothing_makes_nothing() -> None:
    assert assemble.tables([]) == []
