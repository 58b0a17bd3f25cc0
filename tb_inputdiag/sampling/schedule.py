"""Which steps to sample. Pure: time comes in through `executed`, nothing is read from a clock.

``every="auto"`` has three parts:

- Fixed steps, whatever they cost: the first five, then two for each doubling (6, 8, 12, 16, 24, ...), so that what is
  wrong from the start is found at once and the number of samples grows only with the logarithm of the run.
- A budget: watching earns ``overhead_budget`` of the time that training takes, and a sample is taken when what was
  earned pays for one, at the cost that samples had so far. The fixed ones run into debt, which is paid off first.
- Bursts: a loss that is not finite, or jumps by more than eight of its own standard deviations, has the next
  executions sampled.

However cheap samples are, they are never closer than a thousandth of the steps so far, so that a log grows with the
logarithm of the run: about 1,000 * (1 + ln(steps / 1000)) samples.
"""

from __future__ import annotations

import math
import statistics
from collections import deque
from typing import Literal

from tb_inputdiag.errors import ConfigurationError

_FIRST = 5
_DENSITY = 1000
_WINDOW = 31
_BURST = 3
_ODD_SIGMAS = 8.0
_ODD_AFTER = 20


def validate(every: object, overhead_budget: object) -> tuple[int | Literal["auto"], float]:
    """Returns the arguments if they are right.

    Raises:
        ConfigurationError: unless `every` is "auto" or an integer of at least 1, and `overhead_budget` is a number
            above 0 and at most 1.
    """
    if isinstance(every, bool) or not (every == "auto" or (isinstance(every, int) and every >= 1)):
        raise ConfigurationError(f'every must be "auto" or a whole number of steps, at least 1. Received: {every!r}.')
    number = isinstance(overhead_budget, int | float) and not isinstance(overhead_budget, bool)
    if not number or not 0 < float(overhead_budget) <= 1:  # type: ignore[arg-type]  # a number by the line above
        raise ConfigurationError(
            "overhead_budget must be the share of training time that watching may take, above 0 and at most 1 "
            f"(0.01 is 1 %). Received: {overhead_budget!r}."
        )
    return every, float(overhead_budget)  # type: ignore[arg-type]  # a number by the line above


def next_fixed(n: int) -> int:
    """Returns the first execution from `n` on that is sampled whatever it costs: 0..4, then 2**k and 3 * 2**k."""
    if n < _FIRST:
        return n
    power = 1 << n.bit_length() - 1
    return next(fixed for fixed in (power, power // 2 * 3, power * 2) if fixed >= n)


class Schedule:
    """Chooses the executions of one training to sample. An execution is one call of the compiled function.

    Args:
        every: Sample each so many steps, or "auto".
        overhead_budget: Share of the training time that sampling may take, with "auto".
        same_everywhere: Choose by the number of the execution alone: the workers of one training have to sample the
            same ones, because the probed step is another program with collectives of its own.
    """

    def __init__(self, every: int | Literal["auto"], overhead_budget: float, *, same_everywhere: bool = False) -> None:
        self.every = every
        self.overhead_budget = overhead_budget
        self.same_everywhere = same_everywhere
        self.executions = 0
        self.samples = 0
        self.spent_s = 0.0
        self.setup_s = 0.0
        self.elapsed_s = 0.0
        self._last_sample = -1
        self._tokens_s = 0.0
        self._plain_s: deque[float] = deque(maxlen=_WINDOW)
        self._cost_s: deque[float] = deque(maxlen=_WINDOW)
        self._typical_s = math.nan
        self._median_cost_s = math.nan
        self._previous: tuple[float, bool, float, float] | None = None
        self._guessed: deque[tuple[float, float]] = deque(maxlen=_WINDOW)
        self._plain_seen = 0
        self._burst = 0
        self._quiet = 0
        self._quiet_for = 50
        self._loss_n = 0
        self._loss_mean = 0.0
        self._loss_var = 0.0

    def quiet(self, step: int, steps: int) -> int:
        """Returns how many executions, from that of `step` on, are not to be sampled, by what is known by now.

        0 says that the execution of steps `step` .. ``step + steps - 1`` is to be sampled.

        What is noted later may bring the next sample forward, but no execution that is sampled whatever happens lies
        among them.
        """
        n = self.executions
        if self.every != "auto":
            return (-step % self.every) // steps if n else 0
        fixed = next_fixed(n) - n
        if self.same_everywhere:
            return min(fixed, 1 if n % max(64, n // _DENSITY) else 0)
        if fixed == 0 or self._burst > 0:
            return 0
        if not self._cost_s or self._tokens_s < self.cost_s:
            return fixed
        return min(fixed, max(0, n // _DENSITY - (n - self._last_sample)))

    @property
    def cost_s(self) -> float:
        """Seconds that a sample costs: median of the latest ones, NaN before the first."""
        return self._median_cost_s

    @property
    def step_s(self) -> float:
        """Seconds that an execution takes without sampling: median of the latest ones, NaN before the first."""
        return statistics.median(self._plain_s) if self._plain_s else math.nan

    def executed(self, begin: float, sampled: bool, setup_s: float = 0.0, work_s: float = 0.0) -> None:
        """Notes an execution.

        Args:
            begin: When it began, in seconds of a monotonic clock.
            sampled: Whether it was sampled.
            setup_s: Seconds of it that tracing took; such an execution says nothing about what a sample costs.
            work_s: Seconds that the callback is known to have worked on it on the host.
        """
        if self._previous is not None:
            self._account(begin - self._previous[0], *self._previous[1:])
        elif sampled and not setup_s:
            self._note_cost(work_s)
        self._previous = (begin, sampled, setup_s, work_s)
        if sampled:
            self.samples += 1
            self._last_sample = self.executions
            self._burst = max(0, self._burst - 1)
        self.executions += 1

    def _account(self, interval_s: float, sampled: bool, setup_s: float, work_s: float) -> None:
        self.elapsed_s += interval_s
        if not sampled:
            self._plain_seen += 1
            if self._plain_seen > 1:  # the first one is traced and compiled
                self._plain_s.append(interval_s)
                if len(self._plain_s) < _WINDOW or self._plain_seen % _WINDOW == 0:
                    self._typical_s = self.step_s
                self._settle()
            # a long wait for data is no training time that was slowed down
            counted = interval_s if math.isnan(self._typical_s) else min(interval_s, 10 * self._typical_s)
            self._tokens_s += self.overhead_budget * counted
            return
        if setup_s:
            self.setup_s += setup_s
            return
        plain = self._typical_s
        if math.isnan(plain):
            # Until a plain execution was timed, what it takes is not known. To choose samples, one is taken to cost
            # half; what is told to users is what the host is known to have worked.
            plain = interval_s / 2
            self._guessed.append((interval_s, work_s))
            self.spent_s += work_s
        else:
            self.spent_s += max(0.0, interval_s - plain)
        self._note_cost(max(0.0, interval_s - plain))
        self._tokens_s += self._earned(interval_s, plain)

    def _earned(self, interval_s: float, plain_s: float) -> float:
        """Returns what a sampled execution earns, less what it costs, if a plain one takes `plain_s`."""
        return self.overhead_budget * min(interval_s, plain_s) - max(0.0, interval_s - plain_s)

    def _settle(self) -> None:
        """Puts right what was guessed of samples before the first plain execution was timed."""
        if self._guessed:
            self._cost_s.clear()
        while self._guessed:
            interval_s, work_s = self._guessed.popleft()
            cost = max(0.0, interval_s - self._typical_s)
            self._note_cost(cost)
            self.spent_s += cost - work_s
            self._tokens_s += self._earned(interval_s, self._typical_s) - self._earned(interval_s, interval_s / 2)

    def _note_cost(self, cost_s: float) -> None:
        self._cost_s.append(cost_s)
        self._median_cost_s = statistics.median(self._cost_s)  # asked for before every step

    def pause(self) -> None:
        """Forgets when the last execution began: what follows (validation, a callback at an epoch's end) is no step."""
        self._previous = None

    def observe(self, loss: float) -> None:
        """Notes a step's loss; an odd one has the next executions sampled."""
        self._quiet += 1
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
        # each burst has to wait twice as long as the one before: a loss that is always odd is not odd
        if self._quiet >= self._quiet_for:
            self._burst, self._quiet = _BURST, 0
            self._quiet_for *= 2

    @property
    def spacing(self) -> float:
        """Executions between samples at present."""
        if self.every != "auto":
            return float(self.every)
        cost, step = self.cost_s, self._typical_s
        if math.isnan(cost) or math.isnan(step) or step <= 0:
            return 1.0
        return max(1.0, cost / (self.overhead_budget * step), self.executions / _DENSITY)
