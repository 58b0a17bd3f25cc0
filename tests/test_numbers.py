"""Numbers as text: the cases that Python and TypeScript share, and laws that hold for all numbers."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tb_inputdiag import numbers

CASES = json.loads((Path(__file__).parent / "number_format.json").read_text("utf-8"))
FINITE = st.floats(-1e308, 1e308, allow_nan=False)


@pytest.mark.parametrize(
    ("function", "value", "text"),
    [(name, float(value), text) for name, cases in CASES.items() for value, text in cases],
)
def test_a_number_reads_as_in_the_shared_cases(function: str, value: float, text: str) -> None:
    assert getattr(numbers, function)(value) == text


@given(FINITE)
def test_a_number_keeps_four_digits(value: float) -> None:
    assert float(numbers.literal(value)) == pytest.approx(value, rel=5.1e-4, abs=0)


@given(st.floats())
def test_a_literal_is_python(value: float) -> None:
    read = eval(numbers.literal(value))
    assert isinstance(read, (int, float))
    assert math.isnan(read) == math.isnan(value)


@given(st.integers(-(10**7) + 1, 10**7 - 1))
def test_whole_numbers_read_the_same_as_integers_and_as_floats(value: int) -> None:
    assert numbers.format_number(value) == numbers.format_number(float(value)) == numbers.whole(value) == f"{value:,}"


@given(st.integers(0, 2**63))
def test_counts_keep_all_digits(value: int) -> None:
    assert numbers.whole(value) == f"{value:,}"


@given(st.floats(0, 1))
def test_only_nothing_is_0_percent_and_only_all_is_100(fraction: float) -> None:
    assert (numbers.percent(fraction) == "0 %") == (fraction == 0)
    assert (numbers.percent(fraction) == "100 %") == (fraction == 1)


@given(st.floats())
def test_every_formatter_takes_every_number(value: float) -> None:
    for format_it in (
        numbers.short,
        numbers.percent,
        numbers.times,
        numbers.duration,
        numbers.size_bytes,
        numbers.whole,
    ):
        assert format_it(value)


def test_booleans_are_not_numbers() -> None:
    assert numbers.format_number(True) == "true"


def test_nouns_agree_with_their_count() -> None:
    assert numbers.count(1, "sample") == "1 sample"
    assert numbers.count(1200, "sample") == "1,200 samples"
    assert numbers.count(0, "batch", "batches") == "0 batches"


def test_an_interval_with_equal_ends_is_a_number() -> None:
    assert numbers.interval(0, 255) == "0 to 255"
    assert numbers.interval(1, 1.00001) == "1"


def test_an_interval_may_be_open() -> None:
    assert numbers.interval(0, None) == "at least 0"
    assert numbers.interval(None, 20.5) == "at most 20.5"
    assert numbers.interval(None, None) == "anything"


def test_shapes_are_written_as_python_does() -> None:
    assert numbers.shape_text((None, 28, 28, 1)) == "(None, 28, 28, 1)"
    assert numbers.shape_text((10,)) == "(10,)"
    assert numbers.shape_text(()) == "()"
