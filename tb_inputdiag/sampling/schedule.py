"""Which steps are sampled, in training, in validation and in `predict`. Nothing here reads a clock.

In training, ``every="auto"`` has three parts:

- Fixed steps, whatever they cost: the first five, then two for each doubling (6, 8, 12, 16, 24, ...). Problems that
  exist from the start are found at once, and the number of samples grows only with the logarithm of the run. Also the
  first one of a later `fit`, which may have other data, unless `fit` is called for a few steps at a time.
- A budget: training time earns ``overhead_budget`` of itself. A sample is taken when the balance pays for one, at the
  median cost of the samples so far. The fixed ones may run into debt, which is paid off first.
- Bursts: the executions after an odd loss are sampled. A loss is odd if it is not finite, or if it is more than eight
  of its own standard deviations away from its mean.

Samples are never closer than a thousandth of the steps so far, however cheap they are. So a log grows with the
logarithm of the run: about 1,000 * (1 + ln(steps / 1000)) samples.
"""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

from tb_inputdiag.errors import ConfigurationError
from tb_inputdiag.sampling.cost import CostLedger

__all__ = ["EvaluationSchedule", "Every", "Schedule", "next_fixed", "validate"]

Every: TypeAlias = int | Literal["auto"]
"""Steps from one sample to the next, or "auto"."""

_FIRST = 5
_DENSITY = 1000
_BURST = 3
_BETWEEN_BEGINS = 32
"""Executions between two calls of `fit` whose first execution is sampled in any case. A loop may call `fit` for two
steps at a time, and a sample can take as long as a step."""
_ODD_SIGMAS = 8.0
_ODD_AFTER = 20
_FIRST_QUIET = 50
_SLOW_WORKERS = 64
"""Executions between samples that workers take together, at least: they do not know each other's costs."""
_FIRST_EVALUATED = 4
_LATER_EVALUATED = (0, 8, 64)


def validate(every: object, overhead_budget: object) -> tuple[Every, float]:
    """Returns the arguments if they are valid.

    Raises:
        ConfigurationError: unless `every` is "auto" or an integer of at least 1, and `overhead_budget` is a number
            above 0 and at most 1.
    """
    if isinstance(every, bool) or not (every == "auto" or (isinstance(every, int) and every >= 1)):
        raise ConfigurationError(f'every must be "auto" or a whole number of steps, at least 1. Received: {every!r}.')
    number = isinstance(overhead_budget, int | float) and not isinstance(overhead_budget, bool)
    if not number or not 0 < float(overhead_budget) <= 1:  # type: ignore[arg-type]  # a number by the line above
        raise ConfigurationError(
            "overhead_budget must be the share of training time that samples may take, above 0 and at most 1 "
            f"(0.01 is 1 %). Received: {overhead_budget!r}."
        )
    return every, float(overhead_budget)  # type: ignore[arg-type]  # a number by the line above


def next_fixed(n: int) -> int:
    """Returns the first execution, `n` or later, that is sampled whatever it costs: 0..4, then 2**k and 3 * 2**k."""
    if n < _FIRST:
        return n
    power = 1 << n.bit_length() - 1
    return next(fixed for fixed in (power, power // 2 * 3, power * 2) if fixed >= n)


class Schedule:
    """Chooses which executions of a training run are sampled. An execution is one call of the compiled function.

    Args:
        every: Sample every so many steps, or "auto".
        overhead_budget: Share of the training time that samples may take, with "auto".
        ledger: What the samples cost.
        same_everywhere: Choose by the number of the execution alone. Workers that train together must sample the same
            executions, because the probed step is a different program with collectives of its own.
    """

    def __init__(
        self, every: Every, overhead_budget: float, ledger: CostLedger, *, same_everywhere: bool = False
    ) -> None:
        self.every = every
        self.overhead_budget = overhead_budget
        self.same_everywhere = same_everywhere
        self.executions = 0
        self.samples = 0
        self._ledger = ledger
        self._last_sample = -1
        self._origin = 0
        self._begins = False
        self._last_begin = 0
        self._burst = 0
        self._since_burst = 0
        self._next_burst_after = _FIRST_QUIET
        self._loss_n = 0
        self._loss_mean = 0.0
        self._loss_var = 0.0

    def begin_call(self) -> None:
        """Notes that another `fit` begins. Its first execution shows new data, and is sampled if that is not too often.

        Workers that train together begin anew: one of them may have lost its log, and would count from 0.
        """
        self._begins = self.executions - self._last_begin >= _BETWEEN_BEGINS
        if self._begins:
            self._last_begin = self.executions
        if self.same_everywhere:
            self._origin, self._begins = self.executions, False

    def quiet(self, step: int, steps: int) -> int:
        """Returns how many executions from now on are not sampled, as far as is known; 0 to sample the next one.

        Later events may bring the next sample forward. None of these executions is one that is sampled in any case.

        Args:
            step: First step of the next execution.
            steps: How many steps an execution holds.
        """
        n = self.executions - self._origin
        if self.every != "auto":
            return (-step % self.every) // steps if n and not self._begins else 0
        fixed = 0 if self._begins else next_fixed(n) - n
        if self.same_everywhere:
            return min(fixed, 1 if n % max(_SLOW_WORKERS, n // _DENSITY) else 0)
        if fixed == 0 or self._burst > 0:
            return 0
        cost_s = self._ledger.sample_s
        if math.isnan(cost_s) or self._ledger.balance_s(self.overhead_budget) < cost_s:
            return fixed
        return min(fixed, max(0, n // _DENSITY - (n - self._last_sample)))

    def sampled(self) -> None:
        """Counts an execution that was sampled."""
        self.samples += 1
        self._last_sample, self._begins = self.executions, False
        self._burst = max(0, self._burst - 1)
        self.executions += 1

    def skipped(self, executions: int) -> None:
        """Counts executions that were not sampled."""
        self.executions += executions

    def observe(self, loss: float) -> None:
        """Receives the loss of an execution. After an odd one, the next executions are sampled."""
        self._since_burst += 1
        if not math.isfinite(loss):
            self._start_burst()
            return
        n = self._loss_n
        delta = loss - self._loss_mean
        if n >= _ODD_AFTER:
            spread = math.sqrt(self._loss_var) + 1e-3 * abs(self._loss_mean) + 1e-12
            if abs(delta) > _ODD_SIGMAS * spread:
                self._start_burst()
        weight = 0.05 if n >= _ODD_AFTER else 1 / (n + 1)
        self._loss_mean += weight * delta
        self._loss_var = (1 - weight) * (self._loss_var + weight * delta * delta)
        self._loss_n = n + 1

    def _start_burst(self) -> None:
        # Each burst waits twice as long as the one before: a loss that is always odd is not odd.
        if self._since_burst >= self._next_burst_after:
            self._burst, self._since_burst = _BURST, 0
            self._next_burst_after *= 2

    @property
    def spacing(self) -> float:
        """Executions between samples at present."""
        if self.every != "auto":
            return float(self.every)
        cost, step = self._ledger.sample_s, self._ledger.typical_step_s
        if math.isnan(cost) or math.isnan(step) or step <= 0:
            return 1.0
        return max(1.0, cost / (self.overhead_budget * step), self.executions / _DENSITY)


class EvaluationSchedule:
    """Chooses which executions of validation, `evaluate` and `predict` are sampled.

    With "auto": in the first evaluation of a session the first four steps and each power of two, in later ones three
    steps (0, 8 and 64), to see whether the data changed. An evaluation is short and repeats; it has no budget.

    Args:
        every: Sample every so many steps of each evaluation, or "auto".
    """

    def __init__(self, every: Every) -> None:
        self.evaluations = 0
        self._every = every

    def begin(self) -> None:
        """Counts an evaluation."""
        self.evaluations += 1

    def due(self, step: int, steps: int) -> bool:
        """Returns whether to sample the execution of steps `step` .. ``step + steps - 1`` of the evaluation."""
        if self._every != "auto":
            return -step % self._every < steps
        held = range(step, step + max(1, steps))
        if self.evaluations <= 1:
            return any(k < _FIRST_EVALUATED or k & (k - 1) == 0 for k in held)
        return any(k in held for k in _LATER_EVALUATED)
