"""One watched `fit`, `evaluate`, `predict` or `watch` block: what the probe saw becomes records, alerts and a log."""

from __future__ import annotations

import os
import platform
import re
import socket
import sys
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import keras
import numpy as np

from tb_inputdiag._version import __version__
from tb_inputdiag.capture import assemble
from tb_inputdiag.capture.tensorflow import distribution
from tb_inputdiag.capture.tensorflow.model_probes import ModelProbes, iterations
from tb_inputdiag.capture.tensorflow.twin import Reading
from tb_inputdiag.console import say, say_warning, width_of
from tb_inputdiag.log.writer import LogWriter
from tb_inputdiag.records import (
    Alert,
    Cost,
    EpochEnd,
    Failure,
    Layout,
    Losses,
    ModelFacts,
    Record,
    Sample,
    SavedBatch,
    SessionEnd,
    SessionStart,
    Severity,
    Split,
)
from tb_inputdiag.report import format_alert
from tb_inputdiag.rules import RuleEngine
from tb_inputdiag.sampling.executions import Executions
from tb_inputdiag.sampling.schedule import Schedule
from tb_inputdiag.settings import Settings
from tb_inputdiag.statistics.program import Program
from tb_inputdiag.statistics.step import loss as step_loss

Mode = Literal["fit", "evaluate", "predict", "watch"]
_IMAGE_SETS = 12
_BAD_BATCHES = 3
_BAD_BATCH_BYTES = 64 * 2**20
_MESSAGE = 4000


@dataclass(slots=True)
class Baseline:
    """The end of a training, which a later `evaluate` or `predict` is compared with."""

    facts: ModelFacts | None = None
    layout: Layout | None = None
    samples: list[Sample] = field(default_factory=list)


class Recorder:
    """Implements `capture.twin.Client`.

    Args:
        watch: The watch of the model.
        settings: The callback's arguments.
        mode: What is being watched.
        params: Keras' callback params.
        baseline: Samples of an earlier training, for the modes that don't train.
    """

    def __init__(
        self,
        watch: ModelProbes,
        settings: Settings,
        mode: Mode,
        params: Mapping[str, Any] | None,
        baseline: Baseline | None,
    ) -> None:
        self.watch = watch
        self.settings = settings
        self.mode = mode
        self.closed = False
        self.recording = True
        self.recording_stopped_step: int | None = None
        self.reason = ""
        self.epoch = 0
        self.baseline = Baseline()
        self.reported: list[BaseException] = []
        self._stopping: Alert | None = None
        self._began = time.monotonic()
        self._layouts: dict[Any, Layout] = {}
        self._facts: ModelFacts | None = None
        self._synced: tuple[int, int] | None = None
        self._image_sets = 0
        self._saved_batches = 0
        self._next_image_step = 0
        self._test_runs = 0
        self._printed: set[int] = set()
        self._other_setup_s = 0.0
        self._other_spent_s = 0.0
        worker, workers = distribution.worker(watch.model)
        self._workers = workers
        self._told_to_go_on = False
        self.schedule = Schedule(settings.every, settings.overhead_budget, same_everywhere=workers > 1)
        self._executions = Executions(self.schedule, self._take_losses)
        self.engine = RuleEngine(settings.rules, on_error=self._rule_failed)
        self.id = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{uuid.uuid4().hex[:6]}"
        self.writer = LogWriter(
            settings.log_dir, session=self.id, worker=worker, workers=workers, on_error=self._writer_failed
        )
        self._record(
            SessionStart(
                session=self.id,
                wall_time=time.time(),
                mode=mode,
                versions=_versions(),
                settings=settings.described(),
                host=socket.gethostname(),
                pid=os.getpid(),
                worker=worker,
                workers=workers,
                params={str(k): v for k, v in (params or {}).items() if isinstance(v, bool | int | float | str)},
            )
        )
        self._replay_baseline(baseline)
        if watch.model.built and mode in ("fit", "watch"):
            self._note_facts(fresh=not iterations(watch.model))

    def _replay_baseline(self, baseline: Baseline | None) -> None:
        """Puts the end of an earlier training into this session, so that its log can be judged alone."""
        if baseline is None or baseline.layout is None or self.mode not in ("evaluate", "predict"):
            return
        if baseline.facts is not None:
            self._record(baseline.facts)
            self._facts = baseline.facts
        layout = replace(baseline.layout, id=0)
        self._layouts["baseline"] = layout
        self._record(layout)
        for sample in baseline.samples:
            self._record(replace(sample, layout=0))

    # -- what the twins ask and report ---------------------------------------------------------------

    def due(self, split: Split, step: int, steps: int) -> bool:
        """Tells whether to sample an execution."""
        # A worker that stops recording goes on running the probed steps: they are another program than the plain ones,
        # and the collective ops of a step wait for the same program on all workers.
        if self.closed or not (self.recording or self._workers > 1):
            return False
        if split == "train":
            return self._executions.due(step, steps)
        if isinstance(self.settings.every, int):
            return step % self.settings.every < steps
        held = range(step, step + max(1, steps))
        if self._test_runs <= 1:
            return any(k < 4 or k & (k - 1) == 0 for k in held)
        return any(k in held for k in (0, 8, 64))

    def executed(
        self, split: Split, step: int, steps: int, begin: float, end: float, logs: Any, reading: Reading | None
    ) -> None:
        """Takes in one execution."""
        try:
            if reading is not None:
                self._sampled(split, step, steps, begin, end, logs, reading)
            elif split == "train":
                self._executions.note(step, steps, begin, logs)
        except Exception as exc:
            self._stop_recording(exc, step)

    def _sampled(
        self, split: Split, step: int, steps: int, begin: float, end: float, logs: Any, reading: Reading
    ) -> None:
        """Takes in an execution that was sampled."""
        if split == "train":
            self._executions.note_sampled(step, steps, logs, _own_loss(reading))
            if steps == 1:
                self._executions.read()
        if self.recording:
            self._take(split, step, begin, end, reading)
        if split == "train":
            # one loss for an execution of several steps, as of its last one: the samples come before it
            self._executions.read()
            if self._executions.counting:
                self.schedule.executed(begin, True, reading.traced_s, time.perf_counter() - end)
        else:
            self._other_setup_s += reading.traced_s
            self._other_spent_s += time.perf_counter() - end

    def _take(self, split: Split, step: int, begin: float, end: float, reading: Reading) -> None:
        """Turns what came back from a probed execution into records."""
        for number, (program, rows) in enumerate(reading.steps):
            layout = self._layout(program, split)
            at = step + number if split == "train" else self._iterations()
            sample = assemble.sample(
                program,
                layout,
                rows,
                step_number=at,
                epoch=self.epoch,
                wall_time=time.time(),
                step_time_s=self.schedule.step_s / max(1, len(reading.steps)),
                cost_s=self.schedule.cost_s,
            )
            if split == "train":
                self.baseline.layout = layout
                self.baseline.samples = [*self.baseline.samples[-2:], sample]
            if reading.batch is not None and reading.batch[0] == number:
                self._save_batch(split, at, reading.batch[1])
            self._record(sample)
            if not self.recording:
                return
        self._take_images(split, reading)
        if self.schedule.samples in (1, 2, 4) or self.schedule.samples % 16 == 0:
            self._record(self.cost())

    def _save_batch(self, split: Split, step: int, batch: Mapping[str, Any]) -> None:
        """Writes a batch with values that are not finite into a file of its own."""
        size = sum(array.nbytes for array in batch.values())
        if self._saved_batches >= _BAD_BATCHES:
            return
        self._saved_batches += 1
        if size > _BAD_BATCH_BYTES:
            say_warning(f"the batch of step {step} is not saved: {size / 2**20:,.0f} MiB are more than 64 MiB.")
            return
        folder = self.writer.path.parent / "bad_batches"
        path = folder / f"{self.id}-{split}-step-{step}.npz"
        try:
            folder.mkdir(exist_ok=True)
            # a file handle: numpy would take a subject's name for the file's
            with path.open("wb") as file:
                np.savez(file, **batch)
        except OSError as exc:
            say_warning(f"the batch of step {step} is not saved: {type(exc).__name__}: {exc}.")
            return
        self._record(SavedBatch(step=step, wall_time=time.time(), split=split, path=str(path), size_bytes=size))

    def _take_images(self, split: Split, reading: Reading) -> None:
        program, rows = reading.steps[-1]
        step = self._train_step() if split == "train" else self._iterations()
        if not program.images or self._image_sets >= _IMAGE_SETS:
            return
        if split == "train" and step < self._next_image_step:
            return
        if split != "train" and self._test_runs > 1:
            return
        self._image_sets += 1
        self._next_image_step = 4 * step + 1
        layout = self._layout(program, split)
        for record in assemble.images(program, layout, rows[0], reading.pixels(), step):
            self._record(record)

    def _iterations(self) -> int:
        twin = self.watch.twin("train")
        return twin.step if twin is not None else iterations(self.watch.model) or 0

    def _train_step(self) -> int:
        """Returns the number of the last training step; 0 before the first."""
        return max(0, self._iterations() - 1)

    def failed(self, split: Split, step: int, exc: BaseException, raised: Any, fed: Any) -> None:
        """Takes in the exception that came out of a step, and ends the session."""
        try:
            if isinstance(exc, Exception):
                self.diagnose(exc, split, step, raised, fed)
        except Exception as trouble:
            self._stop_recording(trouble, step)
        self.end("interrupted" if isinstance(exc, KeyboardInterrupt) else "failed", f"{type(exc).__name__}: {exc}")

    def diagnose(self, exc: Exception, split: Split, step: int, raised: Any, fed: Any) -> None:
        """Records an exception and adds to it, as a note, what the rules make of it."""
        if exc in self.reported or not self.recording:
            return
        self.reported.append(exc)
        self._executions.flush()
        self._note_facts(fresh=False)
        before = {alert.id for alert in self.engine.alerts}
        failure = Failure(
            step=step,
            wall_time=time.time(),
            split=split,
            exception=type(exc).__name__,
            message=_message(exc),
            where=raised.path if raised is not None else "",
            fed=tuple(fed),
            reached=raised.reached if raised is not None else (),
        )
        quiet = hasattr(exc, "add_note")
        self._record(failure, announce=not quiet)
        if quiet:
            found = [alert for alert in self.engine.alerts if alert.id not in before]
            for alert in found:
                exc.add_note("\n" + format_alert(alert, width=width_of(sys.stderr), color=False))
            if found:
                exc.add_note(f"tb_inputdiag wrote this to {self.settings.log_dir}")

    def broken(self, exc: BaseException) -> None:
        """Takes in that the probe failed."""
        self._stop_recording(exc, self._train_step())

    # -- what Keras' hooks report --------------------------------------------------------------------

    def begin_epoch(self, epoch: int) -> None:
        """Notes that an epoch begins: Keras resets its running means."""
        self._resync()
        self._executions.begin_epoch()
        self.epoch = epoch
        self.schedule.pause()

    def _resync(self) -> None:
        """Sets the count of steps right.

        Steps count batches from the optimizer's iterations at the beginning on: another callback may have restored
        those by then. Later iterations tell how many steps the last execution of an epoch really held. They are no
        better count in general: loss scaling skips some, and a step may update several times.
        """
        self._executions.account()
        twin, model = self.watch.twin("train"), self.watch.model
        known = iterations(model)
        if twin is None or known is None:
            return
        if self._synced is None:
            twin.step = known
        elif twin.steps > 1 and not hasattr(model.optimizer, "inner_optimizer"):
            step = self._synced[0] + known - self._synced[1]
            if twin.step - twin.steps < step < twin.step:
                twin.step = step
                self._executions.end_at(step)
        self._synced = (twin.step, known)

    def end_epoch(self, epoch: int, logs: Mapping[str, Any] | None) -> None:
        """Notes Keras' logs at the end of an epoch."""
        self._resync()
        self._executions.flush()
        self.schedule.pause()
        numbers = {}
        for key, value in (logs or {}).items():
            try:
                numbers[str(key)] = float(value)
            except (TypeError, ValueError):
                continue
        self._record(EpochEnd(epoch=epoch, step=self._train_step(), wall_time=time.time(), logs=numbers))
        self._record(self.cost())

    def begin_test(self) -> None:
        """Notes that a validation begins."""
        self._test_runs += 1
        self._executions.account()
        self.schedule.pause()

    def end(self, status: Literal["finished", "stopped", "failed", "interrupted"], reason: str = "") -> None:
        """Ends the session: the last records are written and the model is as it was. May be called again."""
        if self.closed:
            return
        try:
            self._executions.flush()
            step = self._train_step()
            if self._stopping is not None and status == "finished":
                status, reason = "stopped", f"{self._stopping.rule} [{self._stopping.subject}]"
            self._record(self.cost())
            self._record(
                SessionEnd(
                    wall_time=time.time(),
                    step=step,
                    status=status,
                    reason=self.reason or reason[:_MESSAGE],
                    recording_stopped_step=self.recording_stopped_step,
                ),
                always=True,
            )
            self._say_goodbye(status)
        except Exception as exc:
            self._stop_recording(exc, self._train_step())
        finally:
            self.closed = True
            self.watch.remove(self)
            self.writer.close()

    def cost(self) -> Cost:
        """Returns what watching has cost so far."""
        self._executions.account()
        spent = self.schedule.spent_s + self._other_spent_s
        setup = self.schedule.setup_s + self._other_setup_s
        return Cost(
            step=self._train_step(),
            wall_time=time.time(),
            elapsed_s=time.monotonic() - self._began,
            spent_s=spent + setup,
            setup_s=setup,
            samples=self.schedule.samples,
            steps=self.schedule.executions,
            every=self.schedule.spacing,
            log_bytes=self.writer.bytes_written,
        )

    def _take_losses(self, steps: Any, losses: Any) -> None:
        self._record(Losses(step=steps, loss=losses, epoch=self.epoch))

    # -- facts and layouts -----------------------------------------------------------------------------

    def _note_facts(self, fresh: bool, **changes: Any) -> None:
        facts = self.watch.facts()
        if self._facts is not None:
            initial = {w.name: w for w in self._facts.weights}
            facts = replace(
                facts,
                weights=tuple(_keep_initial(w, initial.get(w.name)) for w in facts.weights),
                output_activations={**facts.output_activations, **changes.get("output_activations", {})},
                entries={**self._facts.entries, **changes.get("entries", {})},
            )
        else:
            if not fresh:
                facts = replace(facts, weights=tuple(_keep_initial(w, None) for w in facts.weights))
            facts = replace(
                facts,
                output_activations={**changes.get("output_activations", {}), **facts.output_activations},
                entries=changes.get("entries", {}),
            )
        units = changes.get("output_units", {})
        facts = replace(facts, output_units={**units, **facts.output_units})
        if facts != self._facts:
            self._facts = self.baseline.facts = facts
            self._record(facts)

    def _layout(self, program: Program, split: Split) -> Layout:
        key = (split, program.tensors, program.weights, program.layers)
        found = self._layouts.get(key)
        if found is None:
            predictions = [t for t in program.tensors if t.role == "prediction"]
            self._note_facts(
                fresh=False,
                output_activations=program.output_activations,
                entries=program.entries,
                output_units={t.name: t.shape[-1] for t in predictions if t.shape and t.shape[-1] is not None},
            )
            found = Layout(
                id=len(self._layouts),
                split=split,
                tensors=program.tensors,
                weights=program.weights,
                layers=program.layers,
            )
            self._layouts[key] = found
            self._record(found)
        return found

    # -- records, alerts -------------------------------------------------------------------------------

    def _record(self, record: Record, *, announce: bool = True, always: bool = False) -> None:
        if not (self.recording or always) or self.closed:
            return
        if isinstance(record, SessionEnd):
            # it is the last record: alerts that it raises come before it
            try:
                self._judge(record, announce)
            finally:
                self.writer.write(record)
        else:
            self.writer.write(record)
            self._judge(record, announce)

    def _judge(self, record: Record, announce: bool) -> None:
        for judgement in self.engine.feed(record):
            self.writer.write(judgement)
            if isinstance(judgement, Alert) and judgement.id not in self._printed and judgement.state == "open":
                self._printed.add(judgement.id)
                self._announce(judgement, announce)

    def _announce(self, alert: Alert, announce: bool) -> None:
        if self.settings.verbose and announce:
            say(lambda width, color: format_alert(alert, width=width, color=color))
        if self.settings.on_alert is not None:
            try:
                self.settings.on_alert(alert)
            except Exception as exc:
                say_warning(f"on_alert raised {type(exc).__name__}: {exc}. Training and recording go on.")
        if self.settings.stop_on is not None and alert.severity >= self.settings.stop_on and self._stopping is None:
            self._stop(alert)

    def _stop(self, alert: Alert) -> None:
        """Ends the training because of an alert."""
        assert self.settings.stop_on is not None
        if self._workers > 1:
            if not self._told_to_go_on:
                self._told_to_go_on = True
                say_warning(
                    f"{alert.rule} would end training (stop_on={self.settings.stop_on.name!r}), but one of "
                    f"{self._workers} workers that stopped alone would leave the others waiting. Training goes on."
                )
            return
        self._stopping = alert
        self.watch.model.stop_training = True
        if self.settings.verbose:
            text = f"stop_on={self.settings.stop_on.name!r}: training ends because of {alert.rule}."
            say(lambda width, color: text)

    def _say_goodbye(self, status: str) -> None:
        if self.settings.verbose < 2:
            return
        cost = self.cost()
        least = "at least " if cost.is_least else ""
        found = [a for a in self.engine.alerts if a.state == "open"]
        worst = ", ".join(f"{sum(a.severity == s for a in found)} {s.name}" for s in sorted(Severity, reverse=True))
        text = (
            f"Input diagnostics: {status}; open alerts: {worst if found else 'none'}. {cost.samples} of {cost.steps} "
            f"steps sampled, {least}{100 * cost.share:.1f} % of the time, after {cost.setup_s:.1f} s once to set up. "
            f"tensorboard --logdir {self.settings.log_dir}"
        )
        say(lambda width, color: text)

    # -- trouble -----------------------------------------------------------------------------------------

    def _rule_failed(self, rule: str, exc: Exception) -> None:
        say_warning(
            f"the rule {rule} failed and is left out from now on ({type(exc).__name__}: {exc}). "
            "Training, recording and the other rules go on. Please report this."
        )

    def _writer_failed(self, exc: Exception) -> None:
        self._stop_recording(exc, self._train_step())

    def _stop_recording(self, exc: BaseException, step: int) -> None:
        """Reports trouble of our own once; nothing is recorded any more, training goes on."""
        if not self.recording:
            return
        self.recording = False
        # workers go on taking samples together; see `due`
        self._executions.counting = self._workers > 1
        self.recording_stopped_step = step
        self.reason = f"{type(exc).__name__}: {exc}"[:_MESSAGE]
        say_warning(
            f"recording stopped at step {step}: {self.reason.rstrip('.')}. Training goes on unchanged; "
            f"alerts so far are in {self.settings.log_dir}."
        )


def _own_loss(reading: Reading) -> float | None:
    """Returns the mean loss of an execution's steps, None if the probe did not see it."""
    seen = [step_loss(rows) for program, rows in reading.steps if program.has_loss]
    return float(np.mean(seen)) if seen else None


def _keep_initial(weight: Any, earlier: Any) -> Any:
    """Returns a weight's facts with what was read before training began."""
    if earlier is None:
        return replace(weight, initial_std=None, initial_mean=None, initial_constant=False)
    return replace(
        weight,
        initial_std=earlier.initial_std,
        initial_mean=earlier.initial_mean,
        initial_constant=earlier.initial_constant,
    )


def _versions() -> dict[str, str]:
    import tensorflow

    return {
        "python": platform.python_version(),
        "tb_inputdiag": __version__,
        "keras": keras.__version__,
        "tensorflow": tensorflow.__version__,
        "numpy": np.__version__,
    }


def _message(exc: BaseException) -> str:
    """Returns what an exception says, at most `_MESSAGE` characters.

    TensorFlow puts the stack of the op's definition in front of what went wrong; in a notebook it is longer than all
    the rest. Its lines are left out, and what is still too long is cut in the middle.
    """
    text = re.sub(r'^ *File "[^"\n]*", line \d+.*\n(?:\n)?', "", str(exc), flags=re.MULTILINE)
    if len(text) <= _MESSAGE:
        return text
    half = _MESSAGE // 2 - 10
    return f"{text[:half]}\n[...]\n{text[-half:]}"
