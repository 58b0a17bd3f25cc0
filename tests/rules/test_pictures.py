"""Pictures and curves that rules share."""

from __future__ import annotations

import pytest

from tb_inputdiag.records import Span
from tb_inputdiag.rules.examples import Scenario, pixels
from tb_inputdiag.rules.support.curves import layer_curve, loss_curve, named_tensor_curves, tensor_curves
from tb_inputdiag.rules.support.pictures import MAX_SIZES, range_picture, sizes_picture, span_of, spread_of
from tb_inputdiag.rules.views.context import Context
from tb_inputdiag.rules.views.session_state import SessionState


def context_of(scenario: Scenario) -> Context:
    """Returns what a rule sees at the last sample."""
    state = SessionState()
    for record in scenario.records:
        state.update(record)
    return Context(state)


SEEN = Span(low=-2.0, high=8.0, label="Seen")


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.0, 1.0, (0.0, 1.0)),
        (0.0, None, (0.0, 10.0)),
        (None, 5.0, (-5.0, 5.0)),
        (None, 100.0, (-2.0, 100.0)),
        (None, None, (-2.0, 8.0)),
    ],
)
def test_an_open_side_has_room_for_what_was_seen(
    low: float | None, high: float | None, expected: tuple[float, float]
) -> None:
    picture = range_picture(SEEN, low, high)
    assert (picture.expected.low, picture.expected.high) == expected


def test_several_ranges_share_one_expected() -> None:
    picture = range_picture([SEEN, Span(low=20.0, high=30.0)], low=0.0)
    assert len(picture.seen) == 2
    assert picture.expected.high == 32.0


def test_all_values_below_an_open_range_leave_it_a_width() -> None:
    picture = range_picture(Span(low=-1.0, high=-1.0), low=0.0)
    assert picture.expected.low == 0.0
    assert picture.expected.high == 1.0


def test_a_spread_is_two_deviations_on_either_side() -> None:
    span = spread_of(3.0, 0.5, "Now")
    assert (span.low, span.high, span.mark) == (2.0, 4.0, 3.0)


def test_sizes_that_are_not_finite_are_left_out() -> None:
    picture = sizes_picture("size", range(4), [1.0, float("nan"), 3.0, float("inf")], marked=[2])
    assert picture.names == ("0", "2")
    assert picture.marked == (1,)


def test_of_many_sizes_the_marked_ones_stay() -> None:
    n = 4 * MAX_SIZES
    picture = sizes_picture("size", range(n), [1.0] * n, marked=[n - 1])
    assert len(picture.sizes) == MAX_SIZES
    assert [picture.names[place] for place in picture.marked] == [str(n - 1)]


def test_what_a_layer_reads_comes_before_what_was_fed() -> None:
    context = context_of(Scenario().train(x=pixels(255.0), entry=pixels()))
    read, fed = tensor_curves(context, context.entries[0], expected=Span(low=0.0, high=1.0))
    assert (read.quantity.stage, fed.quantity.stage) == ("entry", "fed")
    assert read.expected == Span(low=0.0, high=1.0)
    assert fed.expected is None, "other values were fed than the layer reads"
    assert read.low is not None
    assert read.low.column == "min"


def test_a_validation_curve_is_drawn_beside_training() -> None:
    (curve,) = named_tensor_curves("target", "y", split="validation")
    assert curve.quantity.split == "validation"
    assert curve.beside is not None
    assert curve.beside.split == "train"


def test_labels_name_what_is_drawn() -> None:
    assert layer_curve("dense", "zero_fraction").label == "Outputs of dense that are 0"
    assert layer_curve("dense", "max_abs").label == "Max abs of dense"
    assert loss_curve(high=2.0).expected == Span(low=0.0, high=2.0, label="Expected")


def test_a_range_marks_the_mean() -> None:
    context = context_of(Scenario().train(x=pixels(255.0)))
    span = span_of(context.fed("input")[0])
    assert span.low < span.mark < span.high  # type: ignore[operator]  # the mark is the mean, so it is not None
