"""Runs programs with or without the callback, and reports the outcome."""

from __future__ import annotations

import shutil
import time
import warnings
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import keras
import numpy as np

from tb_inputdiag.records import Alert, SessionEnd, Severity
from tests.corpus.harness import PROGRAMS, Program, Trial, Variation

__all__ = ["LossRecorder", "Outcome", "line", "one_core", "replay", "run"]


def one_core() -> None:
    """Keeps TensorFlow on one core; must come before its first operation."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


class LossRecorder(keras.callbacks.Callback):
    """Keeps every batch's own loss, recovered from Keras' running mean, and the epochs' logs."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[float] = []
        self.epochs: list[dict[str, float]] = []
        self._mean = 0.0

    def __getstate__(self) -> dict[str, Any]:
        # the model stays in its process: losses and layers of a program's own cannot be pickled
        return {"batches": self.batches, "epochs": self.epochs}

    def watch(self, model: keras.Model) -> nullcontext[None]:
        """Takes the place of the real callback's block around a loop of the user's own."""
        return nullcontext()

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        mean = (logs or {}).get("loss", np.nan)
        self.batches.append(mean * (batch + 1) - (self._mean * batch if batch else 0.0))
        self._mean = mean

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.epochs.append(dict(logs or {}))

    @property
    def first(self) -> float:
        """The mean loss of the first tenth of the batches."""
        return float(np.mean(self.batches[: max(1, len(self.batches) // 10)])) if self.batches else np.nan

    @property
    def last(self) -> float:
        """The mean loss of the last tenth of the batches."""
        return float(np.mean(self.batches[-max(1, len(self.batches) // 10) :])) if self.batches else np.nan


@dataclass
class Outcome:
    """What a program did, and the alerts that it got."""

    program_id: str
    variation: Variation
    seconds: float
    alerts: list[Alert] = field(default_factory=list)
    losses: LossRecorder | None = None
    error: str = ""
    """What `fit` raised."""
    trouble: str = ""
    """What failed in the callback or a rule, or differs in a replay of the log; which must never happen."""

    @property
    def program(self) -> Program:
        """The program that ran."""
        return PROGRAMS[self.program_id]

    @property
    def first(self) -> str:
        """The rule of the alert that is shown on top, or nothing."""
        return self.alerts[0].rule if self.alerts else ""

    @property
    def found(self) -> bool:
        """Whether a broken program's fault is named first."""
        return self.first in self.program.expect

    @property
    def loud(self) -> list[Alert]:
        """The warnings and errors."""
        return [alert for alert in self.alerts if alert.severity >= Severity.WARNING]

    @property
    def unneeded(self) -> list[Alert]:
        """The INFOs that a healthy program does not deserve."""
        return [a for a in self.alerts if a.severity == Severity.INFO and a.rule not in self.program.welcome]

    @property
    def right(self) -> bool:
        """Whether the alerts are right: the fault comes first, or a healthy program has no warning."""
        if self.trouble:
            return False
        return not self.loud if self.program.healthy else self.found

    @property
    def behaves(self) -> bool:
        """Whether a plain run shows what the program claims to be."""
        if self.program.raises or self.error:
            return self.program.raises and bool(self.error)
        if not self.program.healthy or self.program.steady:
            return True
        assert self.losses is not None
        return self.losses.last < 0.85 * self.losses.first


def run(program: Program, variation: Variation | None = None, *, plain: bool = False) -> Outcome:
    """Runs one program, and replays its log.

    Args:
        program: Which.
        variation: How it differs from the way it is written.
        plain: Without the callback; the losses are kept instead.
    """
    variation = variation or Variation()
    if not program.varies:
        variation = Variation(seed=variation.seed)
    trial = Trial(variation)
    outcome = Outcome(program.id, variation, 0.0)
    log_dir = Path(mkdtemp(prefix="corpus-log-"))
    try:
        if plain:
            outcome.losses = LossRecorder()
            outcome.seconds, outcome.error = _train(program, trial, outcome.losses)
        else:
            from tb_inputdiag import InputDiagnostics

            watcher = InputDiagnostics(log_dir, verbose=0)
            outcome.seconds, outcome.error = _train(program, trial, watcher)
            outcome.alerts = list(watcher.alerts)
            replayed, outcome.trouble = replay(log_dir)
            if not outcome.trouble and _listed(replayed) != _listed(outcome.alerts):
                outcome.trouble = f"the replay has {_listed(replayed)}, the live run had {_listed(outcome.alerts)}"
    finally:
        keras.backend.clear_session()
        keras.config.set_dtype_policy("float32")
        shutil.rmtree(trial.folder, ignore_errors=True)
        shutil.rmtree(log_dir, ignore_errors=True)
    return outcome


def _train(program: Program, trial: Trial, watcher: keras.callbacks.Callback) -> tuple[float, str]:
    keras.utils.set_random_seed(trial.seed)
    trial.callbacks.append(watcher)
    error = ""
    began = time.perf_counter()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # broken programs have much to warn about
            program.run(trial)
    except Exception as raised:  # and they may raise
        error = f"{type(raised).__name__}: {raised}"
    return time.perf_counter() - began, error


def replay(log_dir: Path) -> tuple[list[Alert], str]:
    """Returns the alerts that the rules find in a log, worst first, and what went wrong on the way, if anything."""
    from tb_inputdiag import read
    from tb_inputdiag.rules import RuleEngine

    trouble: list[str] = []
    alerts: list[Alert] = []
    if not any(log_dir.iterdir()):
        return [], "the program ended before training began: nothing was logged"
    for session in read(log_dir).run.sessions:
        engine = RuleEngine(on_error=lambda rule, error: trouble.append(f"rule {rule} raised {error!r}"))
        for record in session.records():
            engine.feed(record)
            if isinstance(record, SessionEnd) and record.recording_stopped_step is not None:
                trouble.append(f"recording stopped at step {record.recording_stopped_step}: {record.reason}")
        alerts = [*engine.alerts, *alerts]
    return sorted(alerts, key=lambda alert: -alert.severity), "; ".join(trouble)


def _listed(alerts: Iterable[Alert]) -> list[tuple[object, ...]]:
    return [(a.rule, a.severity.name, a.subject, a.first_step, a.state, a.message, a.consequences) for a in alerts]


def line(outcome: Outcome) -> str:
    """Returns one line: right or not, what was expected, the first alert (or the losses), the others, seconds."""
    program = outcome.program
    expected = program.expect[0] if program.expect else "-"
    if outcome.losses is not None:
        losses = outcome.losses
        last = losses.epochs[-1] if losses.epochs else {}
        more = {name: round(value, 3) for name, value in last.items() if name != "loss"}
        mark = "  " if outcome.behaves else "! "
        return (
            f"{mark}{program.id:34}{expected:27}{losses.first:10.4g} -> {losses.last:<10.4g}"
            f"{len(losses.batches):5} steps{outcome.seconds:6.1f}  {more or ''} {outcome.error[:150]}"
        )
    top = f"{outcome.alerts[0].severity.name[0]} {outcome.first}" if outcome.alerts else "-"
    others = ", ".join(f"{a.severity.name[0]} {a.rule} [{a.subject}]" for a in outcome.alerts[1:])
    mark = "  " if outcome.right else "! "
    return f"{mark}{program.id:34}{expected:27}{top:29}{outcome.seconds:6.1f}  {others} {outcome.trouble}".rstrip()
