"""The laws of merging replicas: parts are as the whole, the order of pairs does not matter, nothing is neutral."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tb_inputdiag.records import N_QUANTILES
from tb_inputdiag.statistics import example_ids
from tb_inputdiag.statistics.numpy_namespace import NUMPY
from tb_inputdiag.statistics.reference import tensor_columns
from tb_inputdiag.statistics.tensors import TensorStatistic, quantiles, tensor_statistics
from tests.statistics.compare import assert_columns, magnitude
from tests.statistics.reduced import columns, layout_of, merged, numbers
from tests.statistics.strategies import splits

EXACT_MERGES = [statistic for statistic in tensor_statistics() if statistic.NAME != "quantiles"]
STATISTICS = pytest.mark.parametrize("statistic", EXACT_MERGES, ids=lambda statistic: statistic.NAME)
Split = tuple[np.ndarray, list[np.ndarray]]


def test_only_quantiles_are_estimated() -> None:
    assert len(EXACT_MERGES) == len(tensor_statistics()) - 1


@STATISTICS
@settings(max_examples=60, deadline=None)
@given(split=splits(), n_classes=st.integers(1, 3))
def test_parts_together_are_as_the_whole(statistic: TensorStatistic, split: Split, n_classes: int) -> None:
    whole, parts = split
    layout = replace(layout_of(whole), n_classes=n_classes)
    together = merged(statistic, [numbers(statistic, part, layout) for part in parts], [len(part) for part in parts])
    expected = tensor_columns(whole, layout)
    found = columns(statistic, together)
    assert_columns(found, {name: expected[name] for name in found}, whole)


@STATISTICS
@settings(max_examples=40, deadline=None)
@given(split=splits())
def test_merging_is_associative(statistic: TensorStatistic, split: Split) -> None:
    whole, parts = split
    layout = replace(layout_of(whole), n_classes=2)
    found = [numbers(statistic, part, layout) for part in parts]
    sizes = [float(len(part)) for part in parts]
    left, right = found[0], found[-1]
    for k in range(1, len(found)):
        left = merged(statistic, [left, found[k]], [sum(sizes[:k]), sizes[k]])
        right = merged(statistic, [found[-1 - k], right], [sizes[-1 - k], sum(sizes[len(sizes) - k :])])
    assert_columns(columns(statistic, left), columns(statistic, right), whole)


@STATISTICS
@settings(max_examples=40, deadline=None)
@given(split=splits())
def test_a_replica_without_examples_changes_nothing(statistic: TensorStatistic, split: Split) -> None:
    whole, _ = split
    layout = replace(layout_of(whole), n_classes=2)
    alone, empty = numbers(statistic, whole, layout), numbers(statistic, whole[:0], layout)
    for parts, sizes in (([alone, empty], [len(whole), 0.0]), ([empty, alone], [0.0, len(whole)])):
        np.testing.assert_array_equal(merged(statistic, parts, sizes), alone)


@settings(max_examples=60, deadline=None)
@given(split=splits())
def test_merged_quantiles_lie_between_those_of_the_parts(split: Split) -> None:
    whole, parts = split
    layout = layout_of(whole)
    found = [numbers(quantiles, part, layout)[:, 0] for part in parts]
    known = [part for part in found if np.isfinite(part).all()]
    together = merged(quantiles, [part[:, None] for part in found], [len(part) for part in parts])[:, 0]
    if not known:
        assert np.isnan(together).all()
        return
    slack = 1e-6 * magnitude(whole)
    assert together[0] == min(part[0] for part in known)
    assert together[-1] == max(part[-1] for part in known)
    assert (np.diff(together) >= -slack).all()
    # the pooled points at probability p are those of the parts at p, and up to one of the 33 further
    nearest = np.arange(N_QUANTILES)
    low = np.min([part[np.maximum(nearest - 1, 0)] for part in known], 0)
    high = np.max([part[np.minimum(nearest + 1, N_QUANTILES - 1)] for part in known], 0)
    assert (together >= low - slack).all()
    assert (together <= high + slack).all()


def test_a_merge_leaves_its_parts_alone() -> None:
    x = np.arange(12, dtype=np.float32).reshape(4, 3)
    layout = replace(layout_of(x), n_classes=2)
    for statistic in tensor_statistics():
        parts = [numbers(statistic, x, layout), numbers(statistic, x + 1, layout)]
        before = [part.copy() for part in parts]
        merged(statistic, parts, [4.0, 4.0])
        for part, copy in zip(parts, before, strict=True):
            np.testing.assert_array_equal(part, copy)


@settings(max_examples=30, deadline=None)
@given(split=splits())
def test_fingerprints_of_parts_are_those_of_the_first_examples(split: Split) -> None:
    whole, parts = split
    together = example_ids.merge([example_ids.reduce(NUMPY, [part]) for part in parts])
    assert together.tolist() == example_ids.reduce(NUMPY, [whole]).tolist()
