import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tb_inputdiag.errors import ConfigurationError
from tb_inputdiag.sampling.cost import CostLedger
from tb_inputdiag.sampling.schedule import EvaluationSchedule, Schedule, next_fixed, validate


class Plan:
    """A schedule with its ledger."""

    def __init__(self, every, overhead_budget, **settings):
        self.ledger = CostLedger()
        self.schedule = Schedule(every, overhead_budget, self.ledger, **settings)
        self.observe = self.schedule.observe

    def is_due(self, step, steps):
        """Returns whether the execution of `steps` steps from `step` on is sampled."""
        return self.schedule.quiet(step, steps) == 0

    def executed(self, begin, sampled, setup_s=0.0, work_s=0.0):
        if sampled:
            self.ledger.executed_sampled(begin, setup_s, work_s)
            self.schedule.sampled()
        else:
            self.ledger.executed_plain([begin])
            self.schedule.skipped(1)


def simulate(plan, executions, plain_s, cost_s, steps=1):
    """Runs a training run whose steps take `plain_s`, sampled ones `cost_s` more; returns the sampled executions."""
    now, sampled = 100.0, []
    for n in range(executions):
        due = plan.is_due(n * steps, steps)
        plan.executed(now, due, setup_s=1.0 if n == 0 else 0.0)
        now += plain_s + (cost_s if due else 0.0) + (1.0 if n == 0 else 0.0)
        if due:
            sampled.append(n)
    return sampled, now - 100.0


@pytest.mark.parametrize("every", [0, -1, 1.5, True, "often", None, "1"])
def test_every_is_refused_with_what_came(every):
    with pytest.raises(ConfigurationError, match=r"every must be .*Received: " + repr(every).replace(".", r"\.")):
        validate(every, 0.01)


@pytest.mark.parametrize("budget", [0, -0.1, 1.1, "1%", None, True])
def test_overhead_budget_is_refused_with_what_came(budget):
    with pytest.raises(ConfigurationError, match=r"overhead_budget must be .*Received: "):
        validate("auto", budget)


def test_every_counts_steps_of_the_optimizer():
    plan = Plan(10, 0.01)
    assert [n for n in range(35) if (plan.is_due(n, 1), plan.executed(float(n), False))[0]] == [0, 10, 20, 30]


def test_every_finds_its_step_inside_an_execution_of_several():
    plan = Plan(10, 0.01)
    plan.executed(0.0, True)
    assert [s for s in range(4, 40, 4) if plan.is_due(s, 4)] == [8, 20, 28]


@given(st.integers(0, 100_000))
def test_next_fixed_is_the_first_of_its_kind_that_is_not_past(n):
    fixed = sorted({*range(5), *(2**k for k in range(20)), *(3 * 2**k for k in range(20))})
    assert next_fixed(n) == min(k for k in fixed if k >= n)


@settings(deadline=None)  # up to 3,000 executions each; the time depends on the machine
@given(
    every=st.sampled_from(["auto", 1, 7, 100]),
    steps=st.sampled_from([1, 4]),
    cost_ms=st.floats(0.01, 30),
    n=st.integers(0, 3000),
)
def test_nothing_that_is_due_lies_in_what_was_called_quiet(every, steps, cost_ms, n):
    plan = Plan(every, 0.05)
    simulate(plan, n, 0.001, cost_ms / 1e3, steps)
    quiet = plan.schedule.quiet(n * steps, steps)
    for k in range(n, n + min(quiet, 100)):
        plan.ledger.pause()  # so that nothing is earned
        assert not plan.is_due(k * steps, steps)
        plan.executed(1e6 + k, False)
    if quiet < 100 and (every != "auto" or quiet == 0):
        assert plan.is_due((n + quiet) * steps, steps)


def test_first_steps_are_dense():
    sampled, _ = simulate(Plan("auto", 0.01), 100, plain_s=0.0005, cost_s=0.003)
    assert sampled[:13] == [0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64]


@settings(deadline=None)  # 20,000 executions each; the time depends on the machine
@given(plain_ms=st.floats(0.2, 500), ratio=st.floats(0.05, 20), budget=st.sampled_from([0.002, 0.01, 0.05]))
def test_budget_is_kept_in_the_long_run(plain_ms, ratio, budget):
    plan = Plan("auto", budget)
    n = 20_000
    sampled, total = simulate(plan, n, plain_ms / 1e3, ratio * plain_ms / 1e3)
    fixed = sum(next_fixed(k) == k for k in range(n))
    paid = (len(sampled) - fixed) * ratio * plain_ms / 1e3
    assert paid <= budget * total + ratio * plain_ms / 1e3


def test_budget_is_used_when_samples_are_cheap():
    sampled, _ = simulate(Plan("auto", 0.01), 3000, plain_s=0.1, cost_s=0.005)
    # 5 % dear at a budget of 1 %: every fifth step
    assert 450 <= len(sampled) <= 650


def test_samples_grow_with_the_logarithm_of_the_run():
    sampled, _ = simulate(Plan("auto", 1.0), 50_000, plain_s=0.1, cost_s=0.0001)
    assert len(sampled) <= 1000 * (2 + math.log(50))


@pytest.mark.parametrize("odd", [math.nan, math.inf, 50.0])
def test_an_odd_loss_has_the_next_steps_sampled(odd):
    plan = Plan("auto", 0.01)
    simulate(plan, 200, 0.001, 0.01)
    for n in range(100):
        plan.observe(1.0 + 0.01 * (n % 7))
    assert not plan.is_due(200, 1)
    plan.observe(odd)
    assert plan.is_due(200, 1)


def test_a_loss_that_is_always_odd_does_not_break_the_budget():
    plan = Plan("auto", 0.01)
    simulate(plan, 300, 0.001, 0.01)
    sampled = 0
    for n in range(20_000):
        plan.observe(math.nan)
        due = plan.is_due(300 + n, 1)
        sampled += due
        plan.executed(1e3 + n * 0.001 + sampled * 0.01, due)
    assert sampled < 20_000 * 0.01


def test_workers_choose_alike_whatever_their_time():
    fast, _ = simulate(Plan("auto", 0.01, same_everywhere=True), 2000, 0.001, 0.01)
    slow, _ = simulate(Plan("auto", 0.01, same_everywhere=True), 2000, 0.5, 0.001)
    assert fast == slow


def test_what_was_guessed_before_the_first_plain_step_is_corrected():
    plan = Plan("auto", 0.01)
    sampled, _ = simulate(plan, 200, plain_s=0.1, cost_s=0.005)
    counted = len(sampled) - 1  # the first one is traced
    assert plan.ledger.spent_s == pytest.approx(counted * 0.005)
    assert plan.ledger.sample_s == pytest.approx(0.005)


def test_without_a_plain_step_only_the_hosts_work_is_counted():
    plan = Plan(1, 0.01)
    for n in range(51):
        plan.executed(0.1 * n, True, work_s=0.002)
    assert plan.ledger.spent_s == pytest.approx(50 * 0.002)


def evaluated(schedule, steps, per_execution=1):
    return [k for k in range(0, steps, per_execution) if schedule.due(k, per_execution)]


def test_the_first_evaluation_is_sampled_more_densely_than_later_ones():
    schedule = EvaluationSchedule("auto")
    schedule.begin()
    assert evaluated(schedule, 100) == [0, 1, 2, 3, 4, 8, 16, 32, 64]
    assert evaluated(schedule, 100, 10) == [0, 10, 30, 60]
    schedule.begin()
    assert evaluated(schedule, 100) == [0, 8, 64]
    assert evaluated(schedule, 100, 10) == [0, 60]


def test_every_counts_the_steps_of_an_evaluation():
    schedule = EvaluationSchedule(40)
    assert evaluated(schedule, 100) == [0, 40, 80]
    assert evaluated(schedule, 100, 30) == [0, 30, 60]


def fits(plan, calls, executions):
    """Runs calls of `fit` of equal length; returns (call, execution) of each sample."""
    now, sampled, step = 100.0, [], 0
    for call in range(calls):
        if call:
            plan.ledger.go_on()
            plan.schedule.begin_call()
        for n in range(executions):
            due = plan.is_due(step, 1)
            plan.executed(now, due, setup_s=1.0 if step == 0 else 0.0)
            now += 0.01 + (0.01 if due else 0.0)
            step += 1
            if due:
                sampled.append((call, n))
        plan.ledger.rest()
    return sampled


def test_the_first_step_of_a_later_fit_is_sampled():
    assert {(call, 0) for call in range(10)} <= set(fits(Plan("auto", 0.01), 10, 100))
    assert {(call, 0) for call in range(10)} <= set(fits(Plan(1000, 0.01), 10, 100))


def test_many_short_fits_are_not_sampled_more_often_than_a_long_one():
    found = fits(Plan("auto", 0.01), 5000, 2)
    assert len(found) < 5000 * 2 / 25


def test_workers_begin_their_schedule_with_each_call():
    """One of them may have lost its log and count from 0."""
    found = fits(Plan("auto", 0.01, same_everywhere=True), 3, 70)
    each = [[n for call, n in found if call == wanted] for wanted in range(3)]
    assert each[0] == each[1] == each[2]


def test_the_time_between_two_calls_is_not_training_time():
    now = [0.0]
    ledger = CostLedger(clock=lambda: now[0])
    now[0] = 10.0
    ledger.rest()
    now[0] = 3600.0
    ledger.go_on()
    now[0] = 3605.0
    assert ledger.record(0, 0, 0, 1.0, 0).elapsed_s == 15.0
