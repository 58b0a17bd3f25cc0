"""What sampling costs: the one ledger of a session. Time is passed in; only `CostLedger.record` reads a clock."""

from __future__ import annotations

import math
import statistics
import time
from collections import deque
from collections.abc import Callable, Sequence
from itertools import pairwise

from tb_inputdiag.records import Cost

__all__ = ["CostLedger"]

_WINDOW = 31
"""Latest executions whose median counts as typical."""
_LONGEST_WAIT = 10
"""Typical executions. A longer interval is a wait for data, which is not training time that sampling slows down."""


class CostLedger:
    """Compares sampled with plain executions. An execution is one call of the compiled function.

    Args:
        clock: Returns seconds of a monotonic clock.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.spent_s = 0.0
        """Extra time of the samples, and the host's work for those of validation and `predict`."""
        self.setup_s = 0.0
        """Tracing and compiling the probed steps."""
        self.sample_s = math.nan
        """Seconds that a sample costs: median of the latest ones, NaN before the first."""
        self.typical_step_s = math.nan
        """`step_s` as of its latest update. It is updated now and then, because a median takes time."""
        self._clock = clock
        self._began = self._rested = clock()
        self._trained_s = 0.0
        self._paid_s = 0.0
        self._plain_s: deque[float] = deque(maxlen=_WINDOW)
        self._samples_s: deque[float] = deque(maxlen=_WINDOW)
        self._guessed: deque[tuple[float, float]] = deque(maxlen=_WINDOW)
        self._previous: tuple[float, bool, float, float] | None = None
        self._plain_seen = 0

    @property
    def step_s(self) -> float:
        """Seconds that an execution takes without sampling: median of the latest ones, NaN before the first."""
        return statistics.median(self._plain_s) if self._plain_s else math.nan

    def balance_s(self, overhead_budget: float) -> float:
        """Returns the seconds that may be spent on samples: the share of training time earned so far, less costs.

        Args:
            overhead_budget: Share of the training time, 0..1.
        """
        return overhead_budget * self._trained_s - self._paid_s

    def executed_plain(self, begins: Sequence[float]) -> None:
        """Notes successive executions of the training step that were not sampled.

        Args:
            begins: When they began, in seconds of a monotonic clock; at least one.
        """
        if self._previous is not None:
            self._add(begins[0] - self._previous[0], *self._previous[1:])
        for earlier, begin in pairwise(begins):
            self._add_plain(begin - earlier)
        self._previous = (begins[-1], False, 0.0, 0.0)

    def executed_sampled(self, begin: float, setup_s: float, work_s: float) -> None:
        """Notes an execution of the training step that was sampled.

        Args:
            begin: When it began, in seconds of a monotonic clock.
            setup_s: Seconds of it that tracing took. Such an execution says nothing about the cost of a sample.
            work_s: Seconds that the callback is known to have worked on it on the host.
        """
        if self._previous is not None:
            self._add(begin - self._previous[0], *self._previous[1:])
        elif not setup_s:
            self._add_sample_cost(work_s)
        self._previous = (begin, True, setup_s, work_s)

    def evaluated(self, setup_s: float, work_s: float) -> None:
        """Notes a sampled execution of validation, `evaluate` or `predict`; see `executed_sampled`."""
        self.setup_s += setup_s
        self.spent_s += work_s

    def pause(self) -> None:
        """Forgets when the last execution began. What follows (validation, an epoch's end) is not a step."""
        self._previous = None

    def rest(self) -> None:
        """Notes that training ends, for now."""
        self._rested = self._clock()

    def go_on(self) -> None:
        """Notes that training goes on after a rest, whose time does not count."""
        self.pause()
        self._began += self._clock() - self._rested

    def record(self, step: int, samples: int, executions: int, every: float, log_bytes: int) -> Cost:
        """Returns the costs so far as a record.

        Args:
            step: The latest training step.
            samples: Executions of the training step that were sampled.
            executions: Executions of the training step.
            every: Executions between samples at present.
            log_bytes: Bytes of the log.
        """
        return Cost(
            step=step,
            wall_time=time.time(),
            elapsed_s=self._clock() - self._began,
            spent_s=self.spent_s + self.setup_s,
            setup_s=self.setup_s,
            samples=samples,
            steps=executions,
            every=every,
            log_bytes=log_bytes,
        )

    def _add(self, interval_s: float, sampled: bool, setup_s: float, work_s: float) -> None:
        if not sampled:
            self._add_plain(interval_s)
        elif setup_s:
            self.setup_s += setup_s
        elif math.isnan(self.typical_step_s):
            # Before the first plain execution was timed, half of a sampled one counts as its cost when samples are
            # chosen. What users are shown is the time that the host is known to have worked.
            self._guessed.append((interval_s, work_s))
            self.spent_s += work_s
            self._pay(interval_s, interval_s / 2)
        else:
            self.spent_s += max(0.0, interval_s - self.typical_step_s)
            self._pay(interval_s, self.typical_step_s)

    def _add_plain(self, interval_s: float) -> None:
        self._plain_seen += 1
        if self._plain_seen > 1:  # the first one is traced and compiled
            self._plain_s.append(interval_s)
            if len(self._plain_s) < _WINDOW or self._plain_seen % _WINDOW == 0:
                self.typical_step_s = self.step_s
            if self._guessed:
                self._replace_guesses()
        longest = _LONGEST_WAIT * self.typical_step_s
        self._trained_s += longest if interval_s > longest else interval_s  # NaN is not exceeded

    def _pay(self, interval_s: float, plain_s: float) -> None:
        """Books a sampled execution, if a plain one takes `plain_s`."""
        cost_s = max(0.0, interval_s - plain_s)
        self._add_sample_cost(cost_s)
        self._trained_s += min(interval_s, plain_s)
        self._paid_s += cost_s

    def _replace_guesses(self) -> None:
        """Books the samples again that came before the first plain execution was timed, at their true cost."""
        self._samples_s.clear()
        while self._guessed:
            interval_s, work_s = self._guessed.popleft()
            self._trained_s -= interval_s / 2
            self._paid_s -= interval_s / 2
            self.spent_s += max(0.0, interval_s - self.typical_step_s) - work_s
            self._pay(interval_s, self.typical_step_s)

    def _add_sample_cost(self, cost_s: float) -> None:
        self._samples_s.append(cost_s)
        self.sample_s = statistics.median(self._samples_s)
