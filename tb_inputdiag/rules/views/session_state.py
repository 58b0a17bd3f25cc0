"""What has been read of a session so far. The engine updates it; rules see it through `Context`."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from tb_inputdiag.records import (
    Baseline,
    CallStart,
    DataSummary,
    EpochEnd,
    Failure,
    Layout,
    Losses,
    ModelFacts,
    Part,
    Record,
    Sample,
    SavedBatch,
    SessionEnd,
    SessionStart,
    Split,
    split_of,
)
from tb_inputdiag.rules.views.history import LossHistory
from tb_inputdiag.rules.views.kernel_rows import KernelRows, kernel_rows
from tb_inputdiag.rules.views.moment import Moment

__all__ = ["SessionState", "trains"]

MAX_EPOCHS = 256
"""Epoch logs kept: memory must not grow with the run."""


def trains(call: CallStart) -> bool:
    """Returns whether the model is trained in a call."""
    return call.mode in ("fit", "watch")


class SessionState:
    """The state of one session after the records read so far."""

    def __init__(self) -> None:
        self.session: SessionStart | None = None
        """With mode and params of the present call."""
        self.calls = 1
        """Calls of `fit`, `evaluate` or `predict` so far."""
        self.facts: ModelFacts | None = None
        self.layouts: dict[int, Layout] = {}
        self.layout: Layout | None = None
        """That of the last sample, or a newer one."""
        self.moment: Moment | None = None
        """The last sample."""
        self.data: dict[Part, DataSummary] = {}
        """Parts of a data set that were read as a whole."""
        self.baseline: Baseline | None = None
        self.saved_batch: SavedBatch | None = None
        """The last batch that was saved to a file."""
        self.history = LossHistory()
        self.epochs: deque[EpochEnd] = deque(maxlen=MAX_EPOCHS)
        self.first_step: int | None = None
        self.loss_examples = 0
        """Examples behind each of the latest losses; 0 before the first training sample."""
        self.step = 0
        self.epoch = 0
        self.wall_time = 0.0
        self.split: Split = "train"
        self._kernels: dict[int, KernelRows] = {}

    def update(self, record: Record) -> bool:
        """Adds the next record to the state. Returns whether it holds something to judge."""
        match record:
            case Sample():
                return self._see_sample(record)
            case Losses():
                return self._see_losses(record)
            case ModelFacts():
                self.facts = record
                self._kernels.clear()
                self.split = "train"
            case Layout():
                self.layout = self.layouts[record.id] = record
                self.split = record.split
            case DataSummary():
                self.data[record.part] = record
                self._see_event(split_of(record.part), self.step, record.wall_time)
            case EpochEnd():
                self.epoch = record.epoch
                self.epochs.append(record)
                self._see_event("train", record.step, record.wall_time)
            case Failure():
                self._see_event(record.split, record.step, record.wall_time)
            case SessionEnd():
                self._see_event("train", record.step, record.wall_time)
            case SessionStart():
                self.session, self.wall_time = record, record.wall_time
                return False
            case CallStart():
                self._begin_call(record)
                return False
            case Baseline():
                self.baseline = record
                return False
            case SavedBatch():
                self.saved_batch = record
                return False
            case _:  # alerts are what the engine makes; images and costs hold nothing to judge
                return False
        return True

    def _begin_call(self, call: CallStart) -> None:
        self.calls += 1
        if self.session is not None:
            self.session = replace(self.session, mode=call.mode, params=call.params)
        if trains(call):
            # losses of other data say nothing about those that follow
            self.history = LossHistory()
            self.epochs.clear()

    def _see_event(self, split: Split, step: int, wall_time: float) -> None:
        self.split, self.wall_time = split, wall_time
        self.step = max(self.step, step)

    def _see_train_steps(self, first: int, last: int) -> None:
        if self.first_step is None:
            self.first_step = first
        self.step = last

    def _see_losses(self, losses: Losses) -> bool:
        if not len(losses.step):
            return False
        self.split = "train"
        self._see_train_steps(int(losses.step[0]), int(losses.step[-1]))
        self.history.add(losses, self.loss_examples)
        return True

    def _see_sample(self, sample: Sample) -> bool:
        layout = self.layouts.get(sample.layout)
        if layout is None:  # its layout was lost with a damaged part of the log: the numbers have no names
            return False
        self.epoch = sample.epoch
        self._see_event(sample.split, sample.step, sample.wall_time)
        if sample.split == "train":
            self._see_train_steps(sample.step, sample.step)
            steps = self.facts.steps_per_execution if self.facts is not None else 1
            self.loss_examples = sample.batch_size * max(steps, 1)
        self.layout = layout
        self.moment = Moment(sample, layout, self.facts)
        return True

    def kernels(self, layout: Layout) -> KernelRows:
        """Returns which rows of the layout's weight table are kernels."""
        rows = self._kernels.get(layout.id)
        if rows is None:
            rows = self._kernels[layout.id] = kernel_rows(layout, self.facts)
        return rows
