"""The processes of `bench_overhead`.

A *group* is one process for each column, which take turns: one trains an epoch of some steps while the others wait.
They are forked from one process that has imported Keras and done nothing with it, because importing it takes longer
than all that is measured. Each group is forked from a process of its own, with another memory layout.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.overhead_statistics import log_ratio

__all__ = ["STEPS", "Column", "Group", "Trainee", "only_epochs"]

STEPS = {"mlp": 200, "cnn": 20, "cnn-jit": 5, "mobilenet": 2, "text": 24, "text-jit": 28, "table": 140}
"""Steps of an epoch: 0.3 to 0.5 seconds on two slow cores. The ends of shorter ones, when logs are written, would
count for more than they do in a usual epoch."""
FOCUS = "none", "ours"
"""The columns that are compared most precisely."""
_WARM_UP_S = {"none": 1.0, "ours": 5.0}
"""Seconds of epochs that are not counted. A run begins with many samples, on purpose, and makes up for them later."""
_SHORT_RUN = 32
"""Steps after which a process is asked for its peak memory."""
_LEAST_ROUNDS = 2
_Pipe = Any  # multiprocessing's type depends on the platform


@dataclass
class Column:
    """What one group measured of one column of a workload.

    Attributes:
        first_s: Seconds of the first step, with all tracing and compiling.
        peak_mb: Largest memory after 33 steps.
        step_ms: Median milliseconds of a step.
        wall: Log ratios of the rounds.
        cpu: The same of CPU time.
        facts: What the process reports of itself at the end.
    """

    first_s: float
    peak_mb: float
    step_ms: float
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    facts: dict[str, float] = field(default_factory=dict)


class Trainee:
    """A process that trains one column of one workload.

    Args:
        name: The workload.
        column: The column.
        steps: Steps of an epoch.
        scale: How many times as large the batches are; see `Workload.make`.
        context: Of multiprocessing.
    """

    def __init__(self, name: str, column: str, steps: int, *, scale: int = 1, context: str = "fork") -> None:
        found = multiprocessing.get_context(context)  # type: ignore[call-overload]  # it wants a literal
        self._pipe, other = found.Pipe()
        self._trained_s = 0.0
        self._process = found.Process(target=_train, args=(other, name, column, steps, scale), daemon=True)
        with warnings.catch_warnings():
            # JAX says that its threads may deadlock: it has none before it computes something
            warnings.simplefilter("ignore")
            self._process.start()
        other.close()

    def wait(self) -> None:
        """Waits until its first steps are done. Raises `EOFError` if it does not run."""
        self.first_s, self.weights, self.peak_mb = self._pipe.recv()

    def epoch(self) -> tuple[float, float]:
        """Has it train one epoch; returns its seconds, of wall and CPU time. Raises `EOFError` if it dies."""
        self._pipe.send(True)
        seconds: tuple[float, float] = self._pipe.recv()
        self._trained_s += seconds[0]
        return seconds

    def end(self) -> dict[str, float]:
        """Stops it; returns its report."""
        self._pipe.send(None)
        self._pipe.recv()
        found: dict[str, float] = self._pipe.recv()
        self._process.join()
        if "spent_s" in found:
            found["own_share"] = found.pop("spent_s") / self._trained_s
        return found


class Group:
    """The processes of one workload that take turns.

    Args:
        name: The workload.
        columns: Its columns, the plain one first.
        seed: Of the order of visits.
    """

    def __init__(self, name: str, columns: Sequence[str], seed: int) -> None:
        self._random = random.Random(seed)
        self._name = name
        self._trainees: dict[str, Trainee] = {}
        # first steps are timed, so those that are compared run alone; the others use both cores
        for column in columns:
            if column in FOCUS:
                self._start([column])
        self._start([column for column in columns if column not in FOCUS])
        self._columns = {
            column: Column(trainee.first_s, trainee.peak_mb, 0.0) for column, trainee in self._trainees.items()
        }
        self._plain: list[float] = []

    def _start(self, columns: Sequence[str]) -> None:
        started = {column: Trainee(self._name, column, STEPS[self._name]) for column in columns}
        for column, trainee in started.items():
            try:
                trainee.wait()
                self._trainees[column] = trainee
            except EOFError:
                print(f"{self._name}: {column} does not run", file=sys.stderr, flush=True)

    def measure(self, end: float) -> dict[str, Column]:
        """Trains until a moment of `time.monotonic`, and returns what was measured of each column that runs."""
        self._warm_up()
        focus = [column for column in FOCUS if column in self._trainees]
        number, longest = 0, 0.0
        while number < _LEAST_ROUNDS or time.monotonic() + longest < end:
            begin = time.monotonic()
            # half of the time for the two columns that are to be told apart, and half for the comparison with others
            self._round(list(self._trainees))
            spent = time.monotonic() - begin
            while len(self._trainees) > len(focus) and time.monotonic() - begin < 2 * spent:
                self._round(focus)
            number, longest = number + 1, max(longest, time.monotonic() - begin)
        for column, trainee in self._trainees.items():
            with suppress(EOFError, BrokenPipeError):
                self._columns[column].facts = trainee.end()
        for found in self._columns.values():
            found.step_ms = 1000 * sorted(self._plain)[len(self._plain) // 2] / STEPS[self._name]
        return self._columns

    def _warm_up(self) -> None:
        for column in list(self._trainees):
            begin = time.monotonic()
            while time.monotonic() - begin < _WARM_UP_S.get(column, 0.5):
                if self._visit(column) is None:
                    break

    def _visit(self, column: str) -> tuple[float, float] | None:
        try:
            return self._trainees[column].epoch()
        except (EOFError, BrokenPipeError):
            print(f"{self._name}: {column} died", file=sys.stderr, flush=True)
            del self._trainees[column], self._columns[column]
            return None

    def _round(self, columns: list[str]) -> None:
        self._random.shuffle(columns)
        seen: dict[str, list[tuple[float, float]]] = {column: [] for column in columns}
        for column in [*columns, *reversed(columns)]:
            if column in self._trainees and (seconds := self._visit(column)) is not None:
                seen[column].append(seconds)
        plain_wall, plain_cpu = zip(*seen["none"], strict=True)
        self._plain += plain_wall
        for column in self._trainees.keys() & seen.keys() - {"none"}:
            wall, cpu = zip(*seen[column], strict=True)
            self._columns[column].wall.append(log_ratio(wall, plain_wall))
            self._columns[column].cpu.append(log_ratio(cpu, plain_cpu))


def only_epochs(
    name: str, column: str, steps: int, epochs: int, scale: int
) -> tuple[list[float], int, dict[str, float]]:
    """Returns the seconds of so many epochs of a process of its own, the number of weights, and its report."""
    trainee = Trainee(name, column, steps, scale=scale, context="spawn")
    trainee.wait()
    seconds = [trainee.epoch()[0] for _ in range(epochs)]
    return seconds, trainee.weights, trainee.end()


def _train(pipe: _Pipe, name: str, column: str, steps: int, scale: int) -> None:
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    from benchmarks.overhead_workloads import COLUMNS, WORKLOADS, Gate, folder_bytes

    with tempfile.TemporaryDirectory() as log_dir:
        model, data = WORKLOADS[name].make(scale)
        callbacks = COLUMNS[column][1](log_dir, data)
        begin = time.perf_counter()
        model.fit(data, steps_per_epoch=1, epochs=1, verbose=0, callbacks=callbacks)
        first_s = time.perf_counter() - begin
        if scale == 1:
            model.fit(data, steps_per_epoch=_SHORT_RUN, verbose=0, callbacks=callbacks)
        pipe.send((first_s, len(model.trainable_weights), _peak_mb()))
        gate = Gate(pipe)
        model.fit(data, steps_per_epoch=steps, epochs=1_000_000, verbose=0, callbacks=[gate, *callbacks, gate.last])
        pipe.send({"bytes": float(folder_bytes(log_dir)), **(_own_facts(log_dir) if column in _OURS else {})})


def _peak_mb() -> float:
    """Returns the largest memory that a process of its own would have had.

    A forked process maps the pages of libraries only when it uses them. One that imports them itself has them all.
    """
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return peak_mb + max(0.0, _mapped_mb(os.getppid()) - _mapped_mb(os.getpid()))


def _mapped_mb(pid: int) -> float:
    """Returns the memory of a process that holds parts of files; 0 where the system does not say."""
    status = Path(f"/proc/{pid}/status")
    lines = status.read_text(encoding="ascii").splitlines() if status.exists() else []
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("RssFile:")), 0.0)


_OURS = "ours", "every1", "every1-stop"


def _own_facts(log_dir: str) -> dict[str, float]:
    from tb_inputdiag import read
    from tb_inputdiag.records import Cost, Sample

    session = read(log_dir).run.sessions[-1]
    costs = [record for record in session.records() if isinstance(record, Cost)]
    samples = sum(isinstance(record, Sample) for record in session.records())
    once, growing = _log_bytes(log_dir, session.id)
    return {
        "samples": float(samples),
        "spent_s": costs[-1].spent_s - costs[-1].setup_s,
        "bytes_a_sample": growing / samples,
        "bytes_once": float(once),
    }


def _log_bytes(log_dir: str, session: str) -> tuple[int, int]:
    """Returns the bytes of a session's log that come once (facts, thumbnails), and those that grow with its samples."""
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    once = growing = 0
    for path in Path(log_dir).rglob("*tfevents*"):
        for event in EventFileLoader(str(path)).Load():
            for value in event.summary.value:
                name, _, rest = value.tag.partition("/")
                if name == session and rest.partition("/")[0] in ("session", "images", "alerts"):
                    once += event.ByteSize()
                elif name == session:
                    growing += event.ByteSize()
    return once, growing
