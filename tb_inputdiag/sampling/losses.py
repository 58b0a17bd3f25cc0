"""Each execution's own loss, recovered from what Keras logs.

``logs["loss"]`` of Keras is a running mean: ``total / count`` since the epoch began, where `count` is the number of
examples. Between two readings of that metric lies a group of executions:

- The growth of `count` shows whether all batches of the group had the usual size. If so, the logged means give every
  loss: ``(mean[i] * count[i] - mean[i - 1] * count[i - 1]) / (count[i] - count[i - 1])``.
- A smaller batch at the end of the data is found in the same way: the others have the usual size.
- Any other growth is doubtful. The sizes may vary, or another callback may have evaluated the model, which resets the
  metric. The losses of such a group are left out, and `StepLosses.needs_bracketing` asks to read the metric before and
  after each execution from there on. Its loss is then ``(total[1] - total[0]) / (count[1] - count[0])``. One case stays
  unnoticed: an evaluation on exactly as many examples as the epoch has trained on until then.

Keras accumulates in float32. The loss of step n of an epoch is known to about ``n * 6e-8`` of the mean: 0.6 % at step
100,000. What the accumulator rounded off cannot be recovered, however often it is read.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import SupportsFloat

import numpy as np

__all__ = ["Execution", "LossMetric", "StepLosses"]

_EXACT_COUNTS = 2.0**24
"""Up to here float32 holds every whole number."""
_SAME_MEAN = 1e-5
"""Relative difference between the logged mean and ``total / count`` of the metric that it comes from: divisions on a
device, and means over replicas, are not rounded exactly."""
_MAX_VOTES = 3


@dataclass(frozen=True, slots=True)
class LossMetric:
    """State of the metric behind ``logs["loss"]``; its numbers may still be on their way from the device.

    Attributes:
        counts: Sum of weights, for each replica of this process.
        totals: Weighted sum of losses, likewise. None if it was not read, which is for one replica only: the logged
            mean times the count is nearly always good enough to find the float32 that it is.
        is_whole: Whether these are all replicas. If other processes have some too, the logged mean is also theirs.
    """

    counts: Sequence[SupportsFloat]
    totals: Sequence[SupportsFloat] | None = None
    is_whole: bool = True


@dataclass(slots=True)
class Execution:
    """One call of the compiled training function.

    Attributes:
        step: Its first step.
        steps: How many steps it held.
        logged: ``logs["loss"]`` after it; may still be on its way from the device.
        own: The mean loss of its steps, None if the probe did not see it.
    """

    step: int
    steps: int
    logged: SupportsFloat
    own: float | None = None

    @property
    def last_step(self) -> int:
        """Its last step, for which its loss is logged."""
        return self.step + self.steps - 1


class _State:
    """A `LossMetric` as numbers.

    Args:
        metric: The metric.
        logged: The mean that was logged with it; None if nothing was.
    """

    def __init__(self, metric: LossMetric, logged: float | None) -> None:
        self.counts = [float(count) for count in metric.counts]
        self.count = self.counts[0]
        self.is_whole = metric.is_whole
        self.has_totals = metric.totals is not None
        self.is_explained = True
        """Whether the logged mean is the metric's. With replicas elsewhere it is that of all of them."""
        if metric.totals is not None:
            self.totals = [float(total) for total in metric.totals]
            means = [total / count if count else 0.0 for total, count in zip(self.totals, self.counts, strict=True)]
            self.mean = sum(means) / len(means)
            if logged is not None and self.is_whole:
                self.is_explained = self.count > 0 and _same(self.mean, logged)
        else:
            self.mean = logged if logged is not None else 0.0
            self.totals = [float(np.float32(self.mean * self.count))]
        if logged is not None and not self.is_whole:
            self.mean = logged

    @property
    def is_single(self) -> bool:
        """Whether the metric belongs to the only replica, so that its total is behind the logged mean."""
        return self.is_whole and len(self.counts) == 1

    @property
    def is_even(self) -> bool:
        """Whether all replicas got equally many examples."""
        return all(count == self.count for count in self.counts)

    def zeros(self) -> _State:
        """Returns the state when the metric was reset."""
        zeros = [0.0] * len(self.counts)
        return _State(LossMetric(zeros, zeros, self.is_whole), None)

    def follows(self, before: _State) -> bool:
        """Returns whether all counts have grown."""
        return all(b > a for a, b in zip(before.counts, self.counts, strict=True))

    def loss_since(self, before: _State) -> float:
        """Returns the mean loss of all that was counted since."""
        if not self.is_whole:
            return (self.mean * self.count - before.mean * before.count) / (self.count - before.count)
        grown = zip(before.totals, self.totals, before.counts, self.counts, strict=True)
        return sum((t1 - t0) / (c1 - c0) for t0, t1, c0, c1 in grown) / len(self.counts)


def _same(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=_SAME_MEAN) or (math.isnan(a) and math.isnan(b))


class StepLosses:
    """Turns logged losses into the executions' own. Call `begin_epoch` when Keras resets its metrics."""

    def __init__(self) -> None:
        self.needs_bracketing = False
        """Whether the metric must be read before and after each execution; see the module."""
        self.is_confirmed = False
        """Whether a logged loss was seen to be the metric's mean over several executions. Until then its totals are to
        be read too: after the first execution of an epoch, the batch's loss and the mean are the same."""
        self._before: _State | None = None
        self._was_reset = False
        self._count = 0.0
        self._mean = 0.0
        self._usual = math.nan
        self._is_bracketed = False
        self._votes = 0

    def begin_call(self) -> None:
        """Forgets the usual size of a batch: another `fit` begins. Its first execution should be a group of its own."""
        self.needs_bracketing, self._is_bracketed, self._usual = False, False, math.nan

    def begin_epoch(self) -> None:
        """Starts the running mean anew."""
        self._was_reset, self._count, self._mean = True, 0.0, 0.0

    def add(
        self, group: Sequence[Execution] | None, metric: LossMetric | None, ends_data: bool = False
    ) -> list[tuple[int, float]]:
        """Returns the steps and the own losses of a group of executions.

        Args:
            group: Successive executions, since the group before. None if only the metric was read again, right before
                the next group.
            metric: The metric's state after them. None if no metric of the model explains what is logged; then it
                counts as the batches' own losses, unless executions that the probe saw show that it is a mean.
            ends_data: Whether the data ended with the last one, so that its batch may be smaller.

        Returns:
            For each execution its last step and the mean loss of its steps; nothing for a doubtful group.
        """
        logged = float(group[-1].logged) if group else None
        after = _State(metric, logged) if metric is not None else None
        if not group or logged is None:
            self._before, self._was_reset, self._is_bracketed = after, False, True
            return []
        before = self._before
        if self._was_reset:
            before = after.zeros() if after is not None else None
        explained = after is not None and after.is_explained
        grown = explained and after is not None and before is not None and after.follows(before)
        if not self._was_reset:
            self._vote(group[-1], is_mean=grown and before is not None and before.count > 0)
        is_bracketed, self._is_bracketed = self._is_bracketed, False
        self._before, self._was_reset = after, False
        if self._votes < 0 or after is None or not explained:
            is_mean = self._votes > 0 or (self._votes == 0 and self.is_confirmed)
            return [(e.last_step, self._without_metric(e, is_mean)) for e in group]
        self._count, self._mean = after.count, logged
        weights = None
        if before is not None and grown:
            self.is_confirmed |= after.has_totals and (before.count > 0 or len(group) > 1)
            weights = self._weights(group, before, after, ends_data, is_bracketed)
        if before is None or weights is None:
            self.needs_bracketing = True
            return [(e.last_step, e.own) for e in group if e.own is not None]
        if len(group) == 1:
            return [(group[0].last_step, self._single(group[0], before, after))]
        return self._several(group, weights, before, after)

    def _vote(self, execution: Execution, is_mean: bool) -> None:
        """Learns from an execution whose loss the probe saw whether Keras logs a running mean.

        A training step of the user's own may log the batch's loss instead, and `train_on_batch` resets its metrics
        every time.

        Args:
            execution: One that is not the first of an epoch.
            is_mean: Whether the metric explains the logged loss, as its mean over more than this execution.
        """
        own, logged = execution.own, float(execution.logged)
        if own is None or not math.isfinite(own):
            return
        recovered = self._recovered(execution)
        if not is_mean:
            if math.isclose(recovered, logged, rel_tol=1e-3):
                return
            is_mean = abs(recovered - own) <= abs(logged - own)
        self._votes = max(-_MAX_VOTES, min(_MAX_VOTES, self._votes + (1 if is_mean else -1)))

    def _recovered(self, execution: Execution) -> float:
        """Returns the loss of an execution if its batches are of the usual size and a running mean is logged."""
        logged = float(execution.logged)
        if not math.isfinite(self._mean):
            return logged
        weight = self._usual_weight(execution)
        return ((self._count + weight) * logged - self._count * self._mean) / weight

    def _usual_weight(self, execution: Execution) -> float:
        return execution.steps * (1.0 if math.isnan(self._usual) else self._usual)

    def _weights(
        self, group: Sequence[Execution], before: _State, after: _State, ends_data: bool, is_bracketed: bool
    ) -> list[float] | None:
        """Returns by how much each execution of a group let the count grow, None if that is doubtful."""
        grown = after.count - before.count
        if len(group) == 1 and (is_bracketed or math.isnan(self._usual)):
            if math.isnan(self._usual):
                self._usual = grown / group[0].steps
            return [grown]
        if len(group) > 1 and not (before.is_even and after.is_even):
            return None
        steps, usual = sum(e.steps for e in group), self._usual
        # a count that float32 does not hold exactly is rounded in every step
        rounded = steps * float(np.spacing(np.float32(after.count))) if after.count > _EXACT_COUNTS else 0.0
        if abs(grown - usual * steps) <= rounded:
            return [usual * e.steps for e in group]
        last = grown - usual * (steps - group[-1].steps)
        if ends_data and 0 < last < usual * group[-1].steps:
            return [*(usual * e.steps for e in group[:-1]), last]
        return None

    def _single(self, execution: Execution, before: _State, after: _State) -> float:
        if execution.own is not None:
            return execution.own
        loss = after.loss_since(before)
        return loss if math.isfinite(loss) else float(execution.logged)

    def _several(
        self, group: Sequence[Execution], weights: Sequence[float], before: _State, after: _State
    ) -> list[tuple[int, float]]:
        exact, count = after.is_single, before.count
        total = before.totals[0] if exact else before.mean * count
        found = []
        for execution, weight in zip(group, weights, strict=True):
            earlier, count, mean = total, count + weight, float(execution.logged)
            total = float(np.float32(mean * count)) if exact else mean * count
            loss = (total - earlier) / weight
            found.append((execution.step + execution.steps - 1, loss if math.isfinite(loss) else mean))
        return found

    def _without_metric(self, execution: Execution, is_mean: bool) -> float:
        recovered = self._recovered(execution)
        self._count, self._mean = self._count + self._usual_weight(execution), float(execution.logged)
        if execution.own is not None:
            return execution.own
        return recovered if is_mean else self._mean
