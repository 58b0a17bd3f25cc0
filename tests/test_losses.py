"""Losses of executions, recovered from the state of a float32 mean as Keras keeps it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tb_inputdiag.sampling.losses import Execution, LossMetric, StepLosses


class Mean:
    """A `keras.metrics.Mean` of float32."""

    def __init__(self):
        self.reset()

    def reset(self):
        self.total = self.count = np.float32(0)

    def add(self, loss, size):
        self.total += np.float32(np.float32(loss) * np.float32(size))
        self.count += np.float32(size)
        return float(self.total / self.count)

    def state(self, with_total=True):
        return LossMetric([self.count], [self.total] if with_total else None)


class Run:
    """A training run whose metric is read after groups of executions."""

    def __init__(self, metered=True):
        self.mean, self.track, self.metered, self.step = Mean(), StepLosses(), metered, 0
        self.bracket = False
        self.track.begin_epoch()

    def epoch(self):
        self.mean.reset()
        self.track.begin_epoch()

    def evaluate(self, size):
        if size:
            self.mean.add(50.0, size)

    def bracketed(self, loss, size):
        assert self.track.add(None, self.mean.state()) == []
        self.bracket = True
        return self.group([loss], [size])

    def group(self, losses, sizes, own=None, ends_data=False, reset_before=None, evaluated=0):
        group = []
        for index, (loss, size) in enumerate(zip(losses, sizes, strict=True)):
            if index == reset_before:
                self.mean.reset()
                self.evaluate(evaluated)
            group.append(Execution(self.step, 1, self.mean.add(loss, size), own))
            self.step += 1
        metric = self.mean.state(with_total=own is not None or self.bracket) if self.metered else None
        self.bracket = False
        return self.track.add(group, metric, ends_data)


def losses_of(found):
    return [loss for _, loss in found]


LOSSES = st.lists(st.floats(0.1, 100), min_size=2, max_size=40)


@given(LOSSES, st.data())
def test_bracketed_executions_are_right_whatever_the_sizes(losses, data):
    sizes = data.draw(st.lists(st.integers(1, 300), min_size=len(losses), max_size=len(losses)))
    run = Run()
    for loss, size in zip(losses, sizes, strict=True):
        # the float32 total is rounded at every step
        rounded = 1.2e-7 * max(losses) * sum(sizes) / size
        assert losses_of(run.bracketed(loss, size)) == [pytest.approx(loss, abs=rounded)]
    assert not run.track.needs_bracketing


@given(LOSSES, st.integers(1, 128), st.integers(1, 128))
def test_groups_of_equal_batches_and_a_smaller_last_one(losses, size, last):
    run = Run()
    last = min(size, last)
    assert losses_of(run.group([1.0], [size], own=1.0)) == [1.0]
    sizes = [size] * (len(losses) - 1) + [last]
    # means and totals are float32, and the total of all is the largest
    rounded = 2.4e-7 * max(1.0, *losses) * (len(losses) + 1) * size / last
    assert losses_of(run.group(losses, sizes, ends_data=True)) == pytest.approx(losses, abs=rounded)
    assert not run.track.needs_bracketing


@pytest.mark.parametrize("sizes", [(4, 1, 4), (4, 4, 1), (4, 5, 4)])
def test_a_group_with_an_odd_batch_is_left_out_and_the_next_ones_are_bracketed(sizes):
    run = Run()
    run.group([3.0], [4], own=3.0)
    assert run.group([2.0, 8.0, 5.0], sizes) == []
    assert run.track.needs_bracketing
    assert losses_of(run.bracketed(7.0, 2)) == [pytest.approx(7.0)]


def test_a_doubtful_execution_has_the_loss_that_the_probe_saw():
    run = Run()
    run.group([3.0], [4], own=3.0)
    assert losses_of(run.group([2.0], [3], own=2.0)) == [2.0]
    assert run.track.needs_bracketing


def test_the_usual_size_is_that_of_the_first_batch():
    run = Run()
    for _ in range(3):
        run.epoch()
        run.group([1.0], [4])
        assert losses_of(run.group([2.0, 3.0], [4, 4])) == pytest.approx([2.0, 3.0])
        assert losses_of(run.group([4.0], [1], ends_data=True)) == pytest.approx([4.0])
    assert not run.track.needs_bracketing


# not 12 and 20: as many examples as were trained on until then
@pytest.mark.parametrize("evaluated", [0, 4, 16, 1000])
@pytest.mark.parametrize("reset_before", [0, 2])
def test_an_evaluation_by_other_code_is_noticed(evaluated, reset_before):
    run = Run()
    run.group([3.0], [4], own=3.0)
    run.group([1.0, 2.0], [4, 4])
    found = losses_of(run.group([6.0, 5.0, 4.0], [4] * 3, reset_before=reset_before, evaluated=evaluated))
    assert run.track.needs_bracketing
    assert found == []
    run.mean.reset()
    run.evaluate(evaluated)
    assert losses_of(run.bracketed(9.0, 4)) == [pytest.approx(9.0, rel=1e-4)]


def test_several_replicas_of_which_one_has_a_smaller_batch():
    """Keras logs the mean over replicas of their running means."""
    track = StepLosses()
    track.begin_epoch()
    state = LossMetric([4, 4], [4 * 1.0, 4 * 3.0])
    assert track.add([Execution(0, 1, 2.0, own=2.0)], state) == [(0, 2.0)]
    state = LossMetric([6, 5], [4 * 1.0 + 2 * 5.0, 4 * 3.0 + 1 * 7.0])
    assert track.add([Execution(1, 1, (14 / 6 + 19 / 5) / 2)], state, ends_data=True) == [(1, pytest.approx(6.0))]


def test_replicas_elsewhere_share_the_sizes():
    track = StepLosses()
    track.begin_epoch()
    assert track.add([Execution(0, 1, 2.0, own=2.0)], LossMetric([4], [4.0], is_whole=False)) == [(0, 2.0)]
    mean = (2.0 * 4 + 5.0 * 1) / 5
    assert track.add([Execution(1, 1, mean)], LossMetric([5], [9.0], is_whole=False), ends_data=True) == [
        (1, pytest.approx(5.0))
    ]


def test_counts_that_float32_does_not_hold_exactly():
    run = Run()
    run.group([1.0], [100], own=1.0)
    run.mean.count, run.mean.total = np.float32(3e7), np.float32(3e7)
    run.track.add(None, run.mean.state())
    found = losses_of(run.group([1.0] * 20, [100] * 20))
    assert found == pytest.approx([1.0] * 20, abs=0.05)
    assert not run.track.needs_bracketing


def test_without_a_metric_all_batches_count_alike_if_samples_show_that_a_mean_is_logged():
    run = Run(metered=False)
    for loss in (1.0, 3.0, 2.0):
        run.group([loss], [1], own=loss)
    assert losses_of(run.group([5.0, 4.0], [1, 1])) == pytest.approx([5.0, 4.0])


def test_without_a_metric_or_samples_the_batchs_own_loss_is_logged():
    track = StepLosses()
    track.begin_epoch()
    assert [track.add([Execution(n, 1, loss)], None) for n, loss in enumerate([4.0, 3.0])] == [[(0, 4.0)], [(1, 3.0)]]


def test_a_step_that_logs_its_own_loss_is_recognised():
    track = StepLosses()
    track.begin_epoch()
    for n, loss in enumerate([4.0, 3.0, 5.0, 2.0, 6.0, 1.0]):
        assert track.add([Execution(n, 1, loss, own=loss if n < 4 else None)], None) == [(n, loss)]


def test_a_metric_that_is_reset_before_every_execution_needs_no_bracketing():
    """So does `train_on_batch`."""
    track, mean = StepLosses(), Mean()
    for n, loss in enumerate([4.0, 3.0, 5.0, 2.0, 6.0, 1.0]):
        mean.reset()
        track.add(None, mean.state())
        logged = mean.add(loss, 4)
        assert track.add([Execution(n, 1, logged, own=loss)], mean.state()) == [(n, loss)]
    group = [Execution(6, 1, 9.0), Execution(7, 1, 8.0)]
    assert track.add(group, LossMetric([4], [4 * 8.0])) == [(6, 9.0), (7, 8.0)]
    assert not track.needs_bracketing


def test_a_step_that_logs_its_own_loss_beside_a_metric_of_it():
    """After the first execution of an epoch the two are the same."""
    track, mean = StepLosses(), Mean()
    for _ in range(2):
        mean.reset()
        track.begin_epoch()
        for n, loss in enumerate([4.0, 3.0, 5.0, 2.0]):
            mean.add(loss, 1)
            assert track.add([Execution(n, 1, loss)], mean.state(with_total=not track.is_confirmed)) == [(n, loss)]
        assert not track.is_confirmed


def test_a_metric_that_the_logs_do_not_come_from_is_not_used():
    track = StepLosses()
    track.begin_epoch()
    other = Mean()
    for n, loss in enumerate([4.0, 3.0, 5.0, 2.0, 6.0, 1.0]):
        other.add(2 * loss, 4)
        found = track.add([Execution(n, 1, loss, own=loss if n < 4 else None)], other.state())
        assert found == [(n, loss)]


@pytest.mark.parametrize("metered", [True, False])
def test_a_running_mean_that_became_nan_recovers_with_the_next_epoch(metered):
    run = Run(metered)
    run.group([1.0], [4])
    run.group([3.0], [4], own=3.0)
    assert math.isnan(losses_of(run.group([math.nan], [4]))[0])
    assert math.isnan(losses_of(run.group([1.0], [4]))[0])
    run.epoch()
    assert losses_of(run.group([2.0], [4])) == [2.0]
