"""The executions of one training: which are sampled, and the loss of each step, taken in many at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tb_inputdiag.sampling.losses import LossTrack
from tb_inputdiag.sampling.schedule import Schedule

__all__ = ["Executions"]

_LOSSES = 64
"""Losses that are collected before rules and log get them."""
_PENDING = 32
"""Executions whose losses may wait on a device."""
_BEHIND_S = 0.02
"""Seconds of executions without a sample that may wait to be looked at. Between two steps of TensorFlow each line of
Python takes six times as long as in a loop of its own (it is out of the caches by then), so many lines run at once."""


@dataclass(slots=True)
class _Logged:
    """What Keras logged after an execution, maybe still on its way from the device."""

    step: int
    steps: int
    value: Any
    own: float | None


class Executions:
    """Notes what runs.

    Args:
        schedule: Chooses what is sampled; hears of every execution and every loss.
        emit: Takes ``int64[n]`` steps and their ``float32[n]`` own losses, now and then.
    """

    def __init__(self, schedule: Schedule, emit: Callable[[Any, Any], None]) -> None:
        self.counting = True
        """Whether the schedule hears of executions; without it only losses are kept."""
        self._schedule = schedule
        self._emit = emit
        self._track = LossTrack()
        self._behind: list[tuple[int, int, float, Any]] = []
        self._quiet = 0
        self._pending: list[_Logged] = []
        self._on_cpu: bool | None = None
        self._steps: list[int] = []
        self._losses: list[float] = []

    def due(self, step: int, steps: int) -> bool:
        """Tells whether to sample the execution of steps `step` .. ``step + steps - 1``."""
        if self._quiet == 0:
            self.account()
            self._quiet = self._schedule.quiet(step, steps)
            if self._quiet == 0:
                return True
        self._quiet -= 1
        return False

    def note(self, step: int, steps: int, begin: float, logs: Any) -> None:
        """Takes in an execution that was not sampled."""
        behind = self._behind
        if behind and begin - behind[0][2] >= _BEHIND_S:
            self.account()
            if self._cheap_to_read():
                self.read()
        behind.append((step, steps, begin, _loss(logs)))

    def note_sampled(self, step: int, steps: int, logs: Any, own: float | None) -> None:
        """Takes in the loss of an execution that was sampled; the schedule hears of it from who knows its cost.

        Args:
            step: Its first step.
            steps: How many steps it held.
            logs: What Keras logged.
            own: The mean loss of its steps, None if the probe did not see it.
        """
        self.read()
        loss = _loss(logs)
        if loss is not None:
            self._pending.append(_Logged(step, steps, loss, own))

    def end_at(self, step: int) -> None:
        """Sets right how many steps the latest execution held, if its loss was not read yet: those before `step`."""
        if self._pending:
            self._pending[-1].steps = step - self._pending[-1].step

    def account(self) -> None:
        """Hands the executions that wait to the schedule, and their losses to those that are to be read."""
        for step, steps, begin, loss in self._behind:
            if loss is not None:
                self._pending.append(_Logged(step, steps, loss, None))
            if self.counting:
                self._schedule.executed(begin, False)
        self._behind.clear()
        self._quiet = 0

    def begin_epoch(self) -> None:
        """Notes that Keras resets its running means."""
        self.read()
        self._track.epoch()

    def read(self) -> None:
        """Reads the losses of all executions so far."""
        self.account()
        pending, self._pending = self._pending, []
        for logged in pending:
            loss = self._track.add(float(logged.value), logged.steps, logged.own)
            self._schedule.observe(loss)
            self._steps.append(logged.step + logged.steps - 1)
            self._losses.append(loss)
            if len(self._losses) >= _LOSSES or not math.isfinite(loss):
                self._flush()

    def flush(self) -> None:
        """Reads all losses, and hands on what is collected."""
        self.read()
        self._flush()

    def _flush(self) -> None:
        if self._losses:
            steps, losses = np.asarray(self._steps, np.int64), np.asarray(self._losses, np.float32)
            self._steps, self._losses = [], []
            self._emit(steps, losses)

    def _cheap_to_read(self) -> bool:
        """Tells whether reading what is pending waits for nothing.

        On a CPU the execution before this one is over. Reading from another device would wait for all that was sent
        to it, so there it is done for many steps at once.
        """
        if not self._pending:
            return False
        if self._on_cpu is None:
            device = str(getattr(self._pending[-1].value, "device", ""))
            self._on_cpu = "CPU" in device or not device
        return self._on_cpu or len(self._pending) >= _PENDING


def _loss(logs: Any) -> Any:
    """Returns the loss that an execution logged, maybe still on its way from the device; None without one."""
    return logs.get("loss") if type(logs) is dict or isinstance(logs, Mapping) else None
