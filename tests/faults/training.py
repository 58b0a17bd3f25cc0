"""The training that is disturbed, and the processes that it runs in."""

from __future__ import annotations

import contextlib
import hashlib
import json
import multiprocessing
import os
import resource
import shutil
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

from tests.faults import namespace

STEPS_PER_EPOCH, EPOCHS = 28, 4
STEPS = STEPS_PER_EPOCH * EPOCHS
"""Steps of an undisturbed training run."""
WARNED = "warned: "
"""What a warning of the callback begins with in the console."""


@dataclass(frozen=True, kw_only=True)
class Disturbance:
    """What goes wrong, and when. Each is one field; those that are None or 0 do not happen."""

    remove_log_at: int | None = None
    """After this step, remove the whole log directory."""
    read_only_at: int | None = None
    """After this step, make the log directory read-only; -1: before `fit`; -2: before the callback is made."""
    clock_at: int | None = None
    """After this step, set the clock by `clock_by` seconds."""
    clock_by: float = 0.0
    disk_bytes: int = 0
    """The log directory is a disk of this size."""
    file_bytes: int = 0
    """No file may grow larger (`ulimit -f`)."""
    keras_tensorboard: bool = False
    """Keras' own TensorBoard callback writes beside."""


@dataclass(frozen=True)
class TrainingResult:
    """What a training run left behind."""

    losses: list[str]
    """Loss of each epoch, in hexadecimal: all bits."""
    weights: str
    """Digest of all variables."""
    steps: int
    warnings: list[str] = field(default_factory=list)
    """The warnings of the callback."""
    refused: str = ""
    """Why the callback could not be created."""


_CONTEXT: Any = None


def start(target: Callable[..., None], *arguments: object) -> ForkServerProcess:
    """Starts a function in a process that has imported TensorFlow already."""
    global _CONTEXT
    if _CONTEXT is None:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        os.environ["KERAS_BACKEND"] = "tensorflow"
        _CONTEXT = multiprocessing.get_context("forkserver")
        _CONTEXT.set_forkserver_preload(["tests.faults.preload"])
    process: ForkServerProcess = _CONTEXT.Process(target=target, args=arguments)
    process.start()
    return process


def train_elsewhere(folder: Path, disturbance: Disturbance | None, *, watched: bool = True) -> ForkServerProcess:
    """Starts a training run in a process of its own.

    Its log goes to ``folder/logs``, what it prints to ``folder/console``, and its result to ``folder/result``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return start(_run, str(folder), disturbance or Disturbance(), watched)


def result(folder: Path, process: ForkServerProcess, timeout_s: float = 120) -> TrainingResult:
    """Waits for a training run and returns what it left behind.

    Raises:
        RuntimeError: if it did not end as it should.
    """
    process.join(timeout_s)
    if process.exitcode != 0:
        console = (folder / "console").read_text(errors="replace") if (folder / "console").exists() else ""
        raise RuntimeError(f"The training ended with exit code {process.exitcode}:\n{console[-3000:]}")
    return TrainingResult(**json.loads((folder / "result").read_text()))


def warm() -> None:
    """Imports everything that a training run needs, without using it."""
    for name in ("tensorflow", "keras", "sklearn.datasets", "tb_inputdiag.callback"):
        import_module(name)


def _run(folder: str, disturbance: Disturbance, watched: bool) -> None:
    home = Path(folder)
    console = os.open(home / "console", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    os.dup2(console, 1)
    os.dup2(console, 2)
    sys.stdout = open(1, "w", buffering=1, closefd=False)  # noqa: SIM115  # open to the end
    sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115
    logs = home / "logs"
    logs.mkdir(exist_ok=True)
    if disturbance.disk_bytes or disturbance.read_only_at is not None:
        namespace.enter()
    if disturbance.disk_bytes:
        namespace.small_disk(logs, disturbance.disk_bytes)
    if disturbance.file_bytes:
        resource.setrlimit(resource.RLIMIT_FSIZE, (disturbance.file_bytes, resource.RLIM_INFINITY))
    found = train(logs, disturbance, watched)
    if disturbance.file_bytes:
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    if disturbance.disk_bytes:  # nobody else sees this disk
        shutil.copytree(logs, home / "logs-of-the-disk")
    (home / "result.part").write_text(json.dumps(found.__dict__))
    os.replace(home / "result.part", home / "result")


def train(log_dir: Path, disturbance: Disturbance, watched: bool) -> TrainingResult:
    """Trains a small network on real digits that nobody scaled."""
    import keras
    import numpy as np
    from sklearn.datasets import load_digits

    from tb_inputdiag import InputDiagnostics
    from tb_inputdiag.console import InputDiagWarning
    from tb_inputdiag.rules import Finding, Rule, Severity

    class Milestone(Rule):
        """A rule that finds something all the time: wherever a process dies, an alert was printed just before."""

        id = "milestone"
        severity = Severity.INFO

        def on_sample(self, context: Any) -> list[Finding]:
            step = context.sample.step
            return [Finding(subject=f"optimizer:{step}", message=f"Step {step}.")] if step % 3 == 0 else []

    x, y = load_digits(return_X_y=True)
    x = 16 * x[: 32 * STEPS_PER_EPOCH].astype("float32")
    y = y[: len(x)]
    keras.utils.set_random_seed(3)
    model = keras.Sequential(
        [
            keras.Input((64,)),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy")
    steps = 0

    class Disturb(keras.callbacks.Callback):
        """Makes the disturbance happen, and counts."""

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            nonlocal steps
            _disturb(disturbance, steps, log_dir)
            steps += 1

    callbacks: list[Any] = [Disturb()]
    ours: list[str] = []

    def show(message: Warning | str, category: type[Warning], *place: Any) -> None:
        if issubclass(category, InputDiagWarning):
            ours.append(str(message))
            print(f"{WARNED}{message}", flush=True)  # in its place among the alerts

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = show
        if disturbance.keras_tensorboard:
            callbacks.append(keras.callbacks.TensorBoard(log_dir, histogram_freq=1))
        _disturb(disturbance, -2, log_dir)
        if watched:
            try:
                callbacks.append(InputDiagnostics(log_dir, every=1, rules=[Milestone]))
            except OSError as refused:
                return TrainingResult([], "", 0, refused=str(refused))
        _disturb(disturbance, -1, log_dir)
        print("fit begins", flush=True)
        history = model.fit(x, y, batch_size=32, epochs=EPOCHS, verbose=0, callbacks=callbacks).history
    digest = hashlib.sha256()
    for variable in [*model.variables, *model.optimizer.variables]:
        digest.update(np.ascontiguousarray(keras.ops.convert_to_numpy(variable)).tobytes())
    return TrainingResult([float(loss).hex() for loss in history["loss"]], digest.hexdigest(), steps, ours)


def _disturb(what: Disturbance, step: int, log_dir: Path) -> None:
    if what.remove_log_at == step:
        shutil.rmtree(log_dir)
    if what.read_only_at == step:
        namespace.read_only(log_dir)
    if what.clock_at == step:
        clock: Any = time.time
        clock.offset_s += what.clock_by


def main(folder: str) -> None:
    """Does the undisturbed training run in this process, to try it out."""
    with contextlib.suppress(FileExistsError):
        os.mkdir(folder)
    print(train(Path(folder), Disturbance(), True))


if __name__ == "__main__":
    main(sys.argv[1])
