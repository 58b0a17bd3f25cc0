"""One session: what the twins report in the calls with one callback and one model, in the order of the log.

A call is one of `fit`, `evaluate`, `predict`, or a `watch` block. After one that ended well the session rests: its log
is complete, the model is as it was, and the next call goes on in the same file. See `recording.sessions`.
"""

from __future__ import annotations

import math
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Literal, SupportsFloat

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.capture import assemble
from tb_inputdiag.capture.backend import backend
from tb_inputdiag.capture.failed_call import failed_call
from tb_inputdiag.capture.model_probes import ModelProbes, iterations, probes_of, skips_updates
from tb_inputdiag.capture.observations import Raised
from tb_inputdiag.capture.running_loss import RunningLoss
from tb_inputdiag.capture.twin import Reading
from tb_inputdiag.log.codec import new_session_id
from tb_inputdiag.log.open_log import open_log
from tb_inputdiag.log.reader import Run, runs_of
from tb_inputdiag.recording.announcer import Announcer
from tb_inputdiag.recording.bad_batches import BadBatches
from tb_inputdiag.recording.described import DescribedModel
from tb_inputdiag.recording.explanations import explained, keep_explained
from tb_inputdiag.recording.failures import MAX_MESSAGE, Outage, add_notes, failure_of, takes_notes, warn_of_rule
from tb_inputdiag.recording.journal import Journal, Show
from tb_inputdiag.recording.session_start import call_record, start_record, trains
from tb_inputdiag.recording.steps import EpochCount, StepCount
from tb_inputdiag.recording.thumbnails import ThumbnailBudget
from tb_inputdiag.recording.waiting import Arrival, WaitingSamples
from tb_inputdiag.records import (
    F8,
    Alert,
    EpochEnd,
    Examples,
    Layout,
    Losses,
    Mode,
    Record,
    SessionEnd,
    ShownExamples,
    Split,
    TensorLayout,
)
from tb_inputdiag.rules import RuleEngine
from tb_inputdiag.sampling.executions import Executions
from tb_inputdiag.sampling.losses import LossMetric
from tb_inputdiag.sampling.schedule import EvaluationSchedule
from tb_inputdiag.settings import Settings
from tb_inputdiag.statistics import step as step_scalars
from tb_inputdiag.statistics.program import Program
from tb_inputdiag.urls import is_url

__all__ = ["Recorder"]

_COST_EVERY = 16
"""Samples from one record of the costs to the next; the first ones have more."""
_MOST_PIXELS = 65_536
"""Pixels of a sample that are copied while it waits to be judged. More of them would delay the next step."""


class Recorder:
    """Implements `capture.twin.Client`.

    Args:
        probes: The probes of the model.
        settings: The callback's arguments.
        mode: What the first call is.
        params: Keras' parameters of that call.
    """

    def __init__(
        self,
        probes: ModelProbes,
        settings: Settings,
        mode: Mode,
        params: Mapping[str, object],
    ) -> None:
        self.probes = probes
        self.mode = mode
        self.calls = 1
        """Calls so far."""
        self.running = True
        """Whether a call is being recorded."""
        self.closed = False
        """Whether the session is over: no further call can go on with it."""
        self._trained = trains(mode)
        self._compiled: object = None
        self._settings = settings
        self._epochs = EpochCount()
        worker, self._workers = backend().worker(probes.model)
        self._outage = Outage(settings.shown_log_dir)
        self._steps = StepCount(iterations(probes.model))
        self._running_loss: RunningLoss | None = None
        self._executions = Executions(
            settings.every,
            settings.overhead_budget,
            same_everywhere=self._workers > 1,
            read_metric=self._read_loss_metric,
            emit=self._add_losses,
        )
        self._evaluations = EvaluationSchedule(settings.every)
        self._thumbnails = ThumbnailBudget()
        self._waiting = WaitingSamples(settings, self._judge)
        self._announcer = Announcer(settings, self._workers, self._stop_training)
        session = new_session_id()
        self.writer = writer = open_log(
            settings.log_dir,
            session=session,
            worker=worker,
            workers=self._workers,
            flush_s=settings.flush_s,
            mirror_scalars=settings.mirror_scalars,
            verbose=settings.verbose > 0,
            on_error=_weakly(self.broken),
        )
        self._journal = Journal(writer, RuleEngine(settings.rules, on_error=warn_of_rule), self._announcer)
        self._bad_batches = _bad_batches(writer.path.parent, session, settings.log_dir)
        self._described = DescribedModel(lambda: self.probes.facts(), self._add)
        self._add(start_record(session, mode, settings, worker, self._workers, params))
        if settings.baseline is not None:
            self._add(settings.baseline)
        if self._trained and probes.model.built:
            self._described.update(untrained=not self._steps.trained)

    def resume(self, mode: Mode, params: Mapping[str, object]) -> bool:
        """Goes on with another call, if the session rests and its file can be continued.

        A session without training ends when training begins: its first records must describe the untrained model.

        Args:
            mode: What the call is.
            params: Keras' parameters of the call.

        Returns:
            Whether it goes on. If not, the call needs a session of its own.
        """
        if self.closed or self.running or (trains(mode) and not self._trained) or not self._journal.resume():
            return False
        settings, model = self._settings, self.probes.model
        self.probes = probes_of(model, settings.images, self.probes, settings.save_bad_batches)
        self.mode, self.running = mode, True
        self._executions.ledger.go_on()
        if trains(mode):
            self._steps.begin("train", iterations(model))
            self._epochs.begin_call()
            self._executions.begin_call()
        if self._workers > 1:
            self._evaluations = EvaluationSchedule(settings.every)
        self._announcer.begin_call(self._steps.next["train"])
        self._add(call_record(self.calls, mode, self._steps.next["train"], self._epochs.done, params))
        self.calls += 1
        return True

    @property
    def alerts(self) -> list[Alert]:
        """Alerts so far, worst first."""
        self.settle()
        return self._journal.alerts

    @property
    def recording(self) -> bool:
        """Whether records are written: during a call, and until something fails in the callback."""
        return self.running and self._outage.step is None

    def begin(self, split: Split) -> None:
        """Begins to record one of the model's functions, which exists already."""
        twin = self.probes.add(split, self)
        self._steps.begin(split, iterations(self.probes.model))
        if split == "train":
            self._see_compiled(twin.plain)

    def _see_compiled(self, function: object) -> None:
        """Reads the facts again if the model was compiled anew since the last `fit`: loss and optimizer may differ."""
        compiled, self._compiled = self._compiled, function
        if compiled is not None and compiled is not function:
            self._running_loss = None
            self._described.update()

    # -- what the twins ask and report ---------------------------------------------------------------

    def due(self, split: Split, steps: int) -> bool:
        """Returns whether to sample the next execution, of `steps` steps."""
        # A worker that stops recording goes on running the probed steps. They are a different program from the plain
        # ones, and the collective operations of a step wait for the same program on all workers.
        if not self.running or (self._outage.step is not None and self._workers == 1):
            return False
        if split == "train":
            return self._executions.due(self._steps.next[split], steps)
        return self._evaluations.due(self._steps.next[split], steps)

    def executed(
        self, split: Split, steps: int, begin: float, end: float, logs: object, reading: Reading | None
    ) -> None:
        """Receives every execution; see `Client`."""
        step = self._steps.advance(split, steps)
        judged_s = self._waiting.spent_s
        try:
            if reading is None:
                if split == "train":
                    self._executions.add(step, steps, begin, logs)
            elif split == "train":
                self._add_training(step, steps, logs, reading)
                self._executions.finish_sample(begin, reading.traced_s, self._work_s(end, judged_s))
            else:
                if self.recording:
                    self._add_samples(split, self._steps.trained, 0, reading)
                self._executions.ledger.evaluated(reading.traced_s, self._work_s(end, judged_s))
        except Exception as exc:
            self._outage.begin(exc, step)

    def _work_s(self, end: float, judged_s: float) -> float:
        """Returns how long the host works on a sample. Of samples that wait for each other, each has the same share.

        Args:
            end: When its execution ended.
            judged_s: `WaitingSamples.spent_s` then.
        """
        return time.perf_counter() - end - (self._waiting.spent_s - judged_s) + self._waiting.each_s

    def _add_training(self, step: int, steps: int, logs: object, reading: Reading) -> None:
        own = _own_loss(reading)
        self._executions.add_sampled(step, steps, logs, own)
        if steps == 1:
            # one loss for several steps belongs to the last one: the samples come before it
            self._executions.read()
        if self.recording:
            self._add_samples("train", step, 1, reading, is_bad=own is not None and not math.isfinite(own))

    def _add_samples(self, split: Split, step: int, stride: int, reading: Reading, is_bad: bool = False) -> None:
        """Receives what came back from a probed execution; its steps are `stride` apart."""
        ledger = self._executions.ledger
        shown = self._is_shown(split, reading)
        # the next execution overwrites the pixels
        urgent = shown or is_bad or reading.batch is not None or reading.traced_s > 0
        arrival = Arrival(
            split=split,
            step=step,
            stride=stride,
            reading=reading,
            epoch=self._epochs.present,
            step_time_s=ledger.step_s / max(1, len(reading.steps)),
            cost_s=ledger.sample_s,
            shown=shown,
            kept=urgent or not self._waiting.may_wait or reading.keep_pixels(_MOST_PIXELS),
        )
        self._waiting.add(arrival, urgent)
        samples = self._executions.schedule.samples
        if samples in (1, 2, 4) or samples % _COST_EVERY == 0:
            self._add_cost()

    def _is_shown(self, split: Split, reading: Reading) -> bool:
        """Returns whether to keep thumbnails of an execution; they are counted then."""
        program, _ = reading.steps[-1]
        step = self._steps.latest if split == "train" else self._steps.trained
        return bool(program.images) and self._thumbnails.take(split, step, self._evaluations.evaluations)

    def settle(self, ended: bool = False) -> None:
        """Records and judges the samples that wait; see `WaitingSamples.judge`."""
        try:
            self._waiting.judge(ended)
        except Exception as exc:
            self._outage.begin(exc, self._steps.latest)

    def _judge(self, arrivals: Sequence[Arrival]) -> None:
        """Turns what came back from probed executions into records."""
        tables = iter(assemble.tables([step for arrival in arrivals for step in arrival.reading.steps]))
        for arrival in arrivals:
            self._judge_execution(arrival, tables)

    def _judge_execution(self, arrival: Arrival, tables: Iterator[assemble.Tables]) -> None:
        split, reading = arrival.split, arrival.reading
        for number, (program, rows) in enumerate(reading.steps):
            if not self.recording:
                return
            at = arrival.step + arrival.stride * number
            layout = self._described.layout(program, split)
            sample = assemble.sample(
                layout,
                rows,
                next(tables),
                step_number=at,
                epoch=arrival.epoch,
                wall_time=arrival.wall_time,
                step_time_s=arrival.step_time_s,
                cost_s=arrival.cost_s,
            )
            if reading.batch is not None and reading.batch[0] == number:
                saved = self._bad_batches.save(split, at, reading.batch[1])
                if saved is not None:
                    self._add(saved)
            last = number == len(reading.steps) - 1
            show = partial(_shown, program, layout, rows[0], reading) if last and arrival.kept else None
            self._add(sample, show=show)
        if self.recording and arrival.shown:
            self._add_thumbnails(split, reading)

    def _add_thumbnails(self, split: Split, reading: Reading) -> None:
        program, rows = reading.steps[-1]
        layout = self._described.layout(program, split)
        step = self._steps.latest if split == "train" else self._steps.trained
        for record in assemble.images(program, layout, rows[0], reading.pixels(), step):
            self._add(record)

    def failed(self, split: Split, exc: BaseException, raised: Raised | None, fed: tuple[TensorLayout, ...]) -> None:
        """Receives the exception that a step raised; ends call and session."""
        step = self._steps.next[split]
        try:
            if isinstance(exc, Exception):
                self.diagnose(exc, split, step, raised, fed)
        except Exception as trouble:
            self._outage.begin(trouble, step)
        self.end(
            "interrupted" if isinstance(exc, KeyboardInterrupt) else "failed",
            f"{type(exc).__name__}: {exc}".rstrip(": "),
        )

    def diagnose(
        self, exc: Exception, split: Split, step: int, raised: Raised | None, fed: tuple[TensorLayout, ...]
    ) -> None:
        """Records an exception, and adds as notes to it what the rules find; see `failure_of`."""
        if explained(exc) is not None or not self.recording:
            return
        keep_explained(exc, ())
        self._executions.flush()
        self._described.update()
        before = {alert.id for alert in self.alerts}
        noted = takes_notes(exc)
        self._add(failure_of(exc, split, step, raised, fed, failed_call(exc)), aloud=not noted)
        found = [alert for alert in self.alerts if alert.id not in before]
        keep_explained(exc, found)
        if noted:
            add_notes(exc, found, self._settings.shown_log_dir)

    def broken(self, exc: BaseException) -> None:
        """Receives a failure of the callback itself: nothing is recorded any more, training goes on."""
        self._outage.begin(exc, self._steps.latest)

    # -- what Keras' hooks report --------------------------------------------------------------------

    def begin_epoch(self, epoch: int, epoch_steps: int | None) -> None:
        """Notes that an epoch begins.

        Args:
            epoch: Its number.
            epoch_steps: How many steps it has, None if Keras does not know.
        """
        self._synchronize()
        self._executions.begin_epoch(epoch_steps)
        self._epochs.begin(epoch)

    def end_epoch(self, logs: Mapping[str, object] | None) -> None:
        """Records Keras' logs at the end of an epoch."""
        self._synchronize()
        self._executions.end_epoch(self._steps.next["train"])
        numbers = {str(key): number for key, value in (logs or {}).items() if (number := _number(value)) is not None}
        self._add(EpochEnd(epoch=self._epochs.end(), step=self._steps.latest, wall_time=time.time(), logs=numbers))
        self._add_cost()

    def _synchronize(self) -> None:
        """Corrects the count of steps by the optimizer's iterations."""
        self._executions.account()
        model = self.probes.model
        per_execution = 1 if skips_updates(model) else self.probes.steps_per_execution
        if self._steps.synchronize(iterations(model), per_execution):
            self._executions.end_at(self._steps.next["train"])

    def begin_evaluation(self, split: Split) -> None:
        """Begins to record a validation, `evaluate` or `predict`."""
        self._evaluations.begin()
        self._executions.begin_evaluation()
        self.begin(split)

    def end(
        self,
        status: Literal["finished", "stopped", "failed", "interrupted"],
        reason: str = "",
        *,
        readable: bool = True,
    ) -> None:
        """Ends the call: writes its last records and leaves the model as it was. May be called again.

        A call that did not end well ends the session, too: what follows is another attempt.

        Args:
            status: How it ended.
            reason: Why, if it did not end well.
            readable: Whether the model can still be read. If it is being deleted, its last losses are left out.
        """
        if not self.running:
            return
        self.settle(ended=True)
        try:
            if readable:
                self._executions.flush()
            stopped_by = self._announcer.stopped_by
            if stopped_by is not None and status == "finished":
                status, reason = "stopped", f"{stopped_by.rule} [{stopped_by.subject}]"
            self._add_cost()
            self._journal.add(
                SessionEnd(
                    wall_time=time.time(),
                    step=self._steps.latest,
                    status=status,
                    reason=self._outage.reason or reason[:MAX_MESSAGE],
                    recording_stopped_step=self._outage.step,
                )
            )
            self._announcer.say_goodbye(status, self.alerts, self._executions.cost(*self._cost_arguments()))
            if trains(self.mode):
                self._announcer.end_training(self._read)
        except Exception as exc:
            self._outage.begin(exc, self._steps.latest)
        finally:
            self.running = False
            self.probes.remove(self)
            if status in ("finished", "stopped") and self._outage.step is None:
                self._executions.ledger.rest()
                self._journal.pause()
            else:
                self.close()

    def hold(self) -> bool:
        """Keeps the run directory of a session that rests. Returns whether it still has it."""
        return self._journal.resume()

    def let_go(self) -> None:
        """Lets other sessions use the run directory of a session that rests."""
        self._journal.pause()

    def close(self) -> None:
        """Ends the session. May be called again."""
        self.end("finished")
        if not self.closed:
            self._announcer.end_training(self._read, last=True)
        self.closed = True
        self._journal.close()

    def _read(self) -> Run | None:
        """Returns what was recorded so far, read from the log."""
        self.writer.flush()
        return next(iter(runs_of(self.writer.files)), None)

    def _stop_training(self) -> None:
        self.probes.model.stop_training = True

    # -- records ---------------------------------------------------------------------------------------

    def _add(self, record: Record, *, aloud: bool = True, show: Show | None = None) -> None:
        # samples that wait come before it
        self.settle()
        if self.recording:
            self._journal.add(record, aloud=aloud, show=show)
            if self.calls > 1 and self._settings.stop_on is not None:
                self._announcer.see_again(self.alerts)

    def _add_losses(self, steps: NDArray[np.int64], losses: NDArray[np.float32]) -> None:
        self._add(Losses(step=steps, loss=losses, epoch=self._epochs.present))

    def _add_cost(self) -> None:
        self._add(self._executions.cost(*self._cost_arguments()))

    def _cost_arguments(self) -> tuple[int, int]:
        return self._steps.latest, self._journal.log_bytes

    def _read_loss_metric(self, logged: SupportsFloat | None, with_totals: bool) -> LossMetric | None:
        if self._running_loss is None:
            self._running_loss = self.probes.running_loss()
        reading = self._running_loss.read(logged, with_totals)
        return LossMetric(*reading) if reading is not None else None


def _bad_batches(run_directory: Path, session: str, log_dir: str) -> BadBatches:
    """Returns what saves batches. A run at a URL names them relative to its folder, which is known only later."""
    folder = run_directory / "bad_batches"
    return BadBatches(folder, session, folder.name if is_url(log_dir) else str(folder))


def _weakly(method: Callable[[Exception], None]) -> Callable[[Exception], None]:
    """Returns a function that calls a method as long as its object is there: a log must not keep its session."""
    reference = weakref.WeakMethod(method)

    def call(exc: Exception) -> None:
        found = reference()
        if found is not None:
            found(exc)

    return call


def _shown(program: Program, layout: Layout, row: F8, reading: Reading, examples: Examples) -> ShownExamples | None:
    """Returns the examples that an alert names, of the last step of an execution."""
    return assemble.shown(program.shown, layout, row, reading.pixels(), examples) if program.shown else None


def _own_loss(reading: Reading) -> float | None:
    """Returns the mean loss of an execution's examples, None if the probe did not see it."""
    seen = [rows for program, rows in reading.steps if program.has_loss]
    losses = [step_scalars.loss(rows) for rows in seen]
    if len(losses) <= 1:
        return losses[0] if losses else None
    sizes = [sum(step_scalars.batch_sizes(rows)) for rows in seen]
    return float(np.average(losses, weights=sizes))


def _number(value: object) -> float | None:
    try:
        return float(value)  # type: ignore[arg-type]  # whatever a user's callback put into the logs
    except (TypeError, ValueError):
        return None
