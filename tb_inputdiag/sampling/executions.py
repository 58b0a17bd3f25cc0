"""The executions of one training run: which are sampled, and the loss of each, read for many at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import SupportsFloat

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.records import Cost
from tb_inputdiag.sampling.cost import CostLedger
from tb_inputdiag.sampling.losses import Execution, LossMetric, StepLosses
from tb_inputdiag.sampling.schedule import Every, Schedule

__all__ = ["Executions"]

_LOSSES = 64
"""Losses that are collected before rules and log get them."""
_PENDING = 32
"""Executions whose losses may wait on a device."""
_WAIT_S = 0.05
"""Seconds of executions without a sample that may wait to be looked at. Between two steps of TensorFlow each line of
Python takes six times as long as in a loop of its own, because it is no longer in the caches. So many lines run at
once."""


@dataclass(slots=True)
class _Group:
    """Executions between two readings of the loss metric; what was read may still be on its way from the device."""

    executions: list[Execution]
    """Empty for a reading right before an execution."""
    metric: LossMetric | None
    ends_data: bool = False


class Executions:
    """Tracks executions and their losses.

    Args:
        every: Sample every so many steps, or "auto".
        overhead_budget: Share of the training time that samples may take, with "auto".
        same_everywhere: See `Schedule`.
        read_metric: Returns the state of the metric that a logged loss comes from, None if there is none; see
            `RunningLoss.read` for its arguments.
        emit: Receives ``int64[n]`` steps and their ``float32[n]`` own losses, now and then.
    """

    def __init__(
        self,
        every: Every,
        overhead_budget: float,
        *,
        same_everywhere: bool,
        read_metric: Callable[[SupportsFloat | None, bool], LossMetric | None],
        emit: Callable[[NDArray[np.int64], NDArray[np.float32]], None],
    ) -> None:
        self.ledger = CostLedger()
        self.schedule = Schedule(every, overhead_budget, self.ledger, same_everywhere=same_everywhere)
        self._samples_all = every == 1
        """No execution's loss has to be recovered from the metric: reading it takes 0.2 ms."""
        self._read_metric = read_metric
        self._emit = emit
        self._losses = StepLosses()
        self._epoch_steps: int | None = None
        self._data_ends_epoch = False
        self._epoch_begin: int | None = None
        self._behind: list[tuple[int, int, float, SupportsFloat | None]] = []
        self._quiet = 0
        self._needs_base = False
        self._is_first = False
        """Whether the next execution is the first one of a later `fit`. It is read alone, for the size of a batch."""
        self._is_last = False
        self._wait_s = _WAIT_S
        self._pending: list[_Group] = []
        self._on_cpu: bool | None = None
        self._collected: list[tuple[int, float]] = []

    def begin_call(self) -> None:
        """Notes that another `fit` begins, whose data and batches may be others."""
        self._losses.begin_call()
        self._is_first = True
        self._epoch_steps, self._epoch_begin, self._quiet = None, None, 0
        self.schedule.begin_call()

    def due(self, step: int, steps: int) -> bool:
        """Returns whether to sample the execution of steps `step` .. ``step + steps - 1``."""
        if self._quiet == 0:
            self.account()
            self._quiet = self._schedule_quiet(step, steps)
            # the probe sees the loss of a sampled execution itself
            if self._losses.needs_bracketing or (self._needs_base and self._quiet > 0):
                self._pending.append(_Group([], self._read_metric(None, True)))
                self._needs_base = False
            if self._quiet == 0:
                return True
        self._quiet -= 1
        return False

    def _schedule_quiet(self, step: int, steps: int) -> int:
        """Returns for how many executions nothing is to be done; 0 to sample the next one.

        The last execution of an epoch is a group of its own. Its batch may be smaller, and other callbacks may reset
        the metric after it.
        """
        if self._epoch_begin is None:
            self._epoch_begin = step
        quiet = self.schedule.quiet(step, steps)
        if quiet and self._epoch_steps is not None:
            before_last = (self._epoch_begin + self._epoch_steps - step - 1) // steps
            if before_last > 0:
                return min(quiet, before_last)
            self._is_last, self._wait_s = True, 0.0
        return quiet

    def add(self, step: int, steps: int, begin: float, logs: object) -> None:
        """Receives an execution that was not sampled.

        Args:
            step: Its first step.
            steps: How many steps it held.
            begin: When it began, in seconds of a monotonic clock.
            logs: What Keras logged.
        """
        behind = self._behind
        behind.append((step, steps, begin, _loss(logs)))
        if begin - behind[0][2] >= self._wait_s:
            # the latest group waits for the next one, or for the end of the epoch, which may explain it
            if self._cheap_to_read():
                self._read_pending()
            self.account()

    def add_sampled(self, step: int, steps: int, logs: object, own: float | None) -> None:
        """Receives the loss of an execution that was sampled; `finish_sample` follows.

        Args:
            step: Its first step.
            steps: How many steps it held.
            logs: What Keras logged.
            own: The mean loss of its steps, None if the probe did not see it.
        """
        self.read()
        if own is not None and steps == 1 and self._samples_all:
            self._collect(step, own)
            self._needs_base = True
            return
        loss = _loss(logs)
        if loss is not None:
            self._pending.append(_Group([Execution(step, steps, loss, own)], self._read_metric(loss, True)))
            # next to a sample, one more reading costs nothing: the next execution may be a group of its own
            self._needs_base = True

    def finish_sample(self, begin: float, setup_s: float, work_s: float) -> None:
        """Receives what a sample cost; see `CostLedger.executed_sampled`."""
        self.read()
        self.ledger.executed_sampled(begin, setup_s, work_s)
        self.schedule.sampled()

    def end_at(self, step: int) -> None:
        """Corrects how many steps the latest execution held, if its loss was not read yet: those before `step`."""
        if self._pending and self._pending[-1].executions:
            latest = self._pending[-1].executions[-1]
            latest.steps = step - latest.step

    def account(self) -> None:
        """Passes the executions that wait to ledger and schedule, and their losses to those that are to be read."""
        self._quiet = 0
        if not self._behind:
            return
        behind, self._behind = self._behind, []
        executions = [Execution(step, steps, loss) for step, steps, _, loss in behind if loss is not None]
        self.ledger.executed_plain([begin for _, _, begin, _ in behind])
        self.schedule.skipped(len(behind))
        if executions:
            with_totals = self._losses.needs_bracketing or not self._losses.is_confirmed
            metric = self._read_metric(executions[-1].logged, with_totals)
            self._pending.append(_Group(executions, metric, self._is_last))
        if self._is_first:
            self._is_first = False
            self._set_wait()

    def begin_epoch(self, epoch_steps: int | None) -> None:
        """Notes that Keras resets its running means.

        Args:
            epoch_steps: Steps of an epoch; None if Keras does not know, and the data ends it.
        """
        self.read()
        self._losses.begin_epoch()
        self._data_ends_epoch = epoch_steps is None
        if epoch_steps is not None:
            self._epoch_steps = epoch_steps
        self._epoch_begin, self._is_last, self._needs_base = None, False, False
        self._set_wait()
        self.ledger.pause()

    def _set_wait(self) -> None:
        self._wait_s = 0.0 if self._losses.needs_bracketing or self._is_first else _WAIT_S

    def begin_evaluation(self) -> None:
        """Notes that a validation begins, which resets the metric."""
        self.account()
        self._needs_base = True
        self.ledger.pause()

    def end_epoch(self, next_step: int) -> None:
        """Reads what is left of an epoch.

        Args:
            next_step: The step after its last one.
        """
        self.account()
        if self._data_ends_epoch:
            if self._pending:
                self._pending[-1].ends_data = True
            if self._epoch_begin is not None:
                self._epoch_steps = next_step - self._epoch_begin
        self.flush()
        self.ledger.pause()

    def read(self) -> None:
        """Reads the losses of all executions so far."""
        self.account()
        self._read_pending()

    def _read_pending(self) -> None:
        pending, self._pending = self._pending, []
        for group in pending:
            for step, loss in self._losses.add(group.executions, group.metric, group.ends_data):
                self._collect(step, loss)
        if self._losses.needs_bracketing:
            self._wait_s = 0.0

    def _collect(self, step: int, loss: float) -> None:
        self.schedule.observe(loss)
        self._collected.append((step, loss))
        if len(self._collected) >= _LOSSES or not math.isfinite(loss):
            self._flush()

    def flush(self) -> None:
        """Reads all losses, and emits what is collected."""
        self.read()
        self._flush()

    def cost(self, step: int, log_bytes: int) -> Cost:
        """Returns what sampling has cost so far; see `CostLedger.record`."""
        self.account()
        schedule = self.schedule
        return self.ledger.record(step, schedule.samples, schedule.executions, schedule.spacing, log_bytes)

    def _flush(self) -> None:
        if self._collected:
            steps, losses = zip(*self._collected, strict=True)
            self._collected = []
            self._emit(np.asarray(steps, np.int64), np.asarray(losses, np.float32))

    def _cheap_to_read(self) -> bool:
        """Returns whether reading what is pending waits for nothing.

        On a CPU those executions are over. Reading from another device would wait for everything that was sent to it,
        so there it is done for many steps at once.
        """
        pending = [execution for group in self._pending for execution in group.executions]
        if not pending:
            return False
        if self._on_cpu is None:
            device = str(getattr(pending[0].logged, "device", ""))
            self._on_cpu = "CPU" in device or not device
        return self._on_cpu or len(pending) >= _PENDING


def _loss(logs: object) -> SupportsFloat | None:
    """Returns the loss that an execution logged, maybe still on its way from the device; None without one."""
    return logs.get("loss") if type(logs) is dict or isinstance(logs, Mapping) else None
