"""Samples that wait a moment to be judged together.

Between two steps of TensorFlow each line of Python takes several times as long as in a loop of its own, because it is
no longer in the processor's caches. The host's share of a small model's sample is 2.4 ms of processor time if each is
judged at once, and 1.5 ms if twenty are judged together.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tb_inputdiag.capture.twin import Reading
from tb_inputdiag.records import Split
from tb_inputdiag.settings import Settings

__all__ = ["Arrival", "WaitingSamples"]

_WAIT_S = 0.05
"""Seconds that a sample may wait: nobody notices."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """The samples of one execution, and what was so when they came.

    Attributes:
        split: Whose execution.
        step: Number of the first sample.
        stride: From one sample's number to the next.
        reading: What the probe saw.
        epoch: The epoch.
        step_time_s: What a step takes without sampling; NaN if it is unknown.
        cost_s: What a sample costs; NaN if it is unknown.
        shown: Whether thumbnails are kept of it.
        kept: Whether its pixels can be read when it is judged.
        wall_time: Seconds since the Unix epoch.
        came: When they came, in seconds of `time.perf_counter`.
    """

    split: Split
    step: int
    stride: int
    reading: Reading
    epoch: int
    step_time_s: float
    cost_s: float
    shown: bool
    kept: bool
    wall_time: float = field(default_factory=time.time)
    came: float = field(default_factory=time.perf_counter)


class WaitingSamples:
    """Keeps samples for a moment, in their order, if nobody needs their alerts at once.

    Args:
        settings: The callback's arguments. Samples wait only if every execution is sampled and no alert can end
            training or calls a function: those must come before the next step.
        judge: Records and judges arrivals, in their order.
    """

    def __init__(self, settings: Settings, judge: Callable[[Sequence[Arrival]], None]) -> None:
        self.spent_s = 0.0
        """Seconds that recording and judging took."""
        self.each_s = 0.0
        """Seconds that it took for each arrival, the last time."""
        self._wait_s = _WAIT_S if settings.every == 1 and settings.stop_on is None and settings.on_alert is None else 0
        self._judge = judge
        self._arrivals: list[Arrival] = []
        self._latest = -math.inf
        self._thread = 0

    @property
    def may_wait(self) -> bool:
        """Whether samples wait at all."""
        return self._wait_s > 0

    def add(self, arrival: Arrival, urgent: bool) -> None:
        """Takes samples, and judges all that wait if these are urgent or the next ones would come too late."""
        self._thread = threading.get_ident()
        self._arrivals.append(arrival)
        waited_s = arrival.came - self._arrivals[0].came
        interval_s, self._latest = arrival.came - self._latest, arrival.came
        if urgent or waited_s + interval_s >= self._wait_s:
            self.judge()

    def judge(self, ended: bool = False) -> None:
        """Judges all samples that wait, if this is the thread that trains: it alone makes records.

        Args:
            ended: Whether that thread is done, so that any thread may judge them.
        """
        if not self._arrivals or not (ended or threading.get_ident() == self._thread):
            return
        arrivals, self._arrivals = self._arrivals, []
        begin = time.perf_counter()
        try:
            self._judge(arrivals)
        finally:
            spent_s = time.perf_counter() - begin
            self.spent_s += spent_s
            self.each_s = spent_s / len(arrivals)
