"""Trains a tiny model for very many steps with TensorBoard and a page open, and reports what grows: ``make soak``.

::

    python -m benchmarks.bench_soak --minutes 10

What is printed goes into docs/limits.md. Needs Linux (/proc), node, Chromium and
`npm ci` in tensorboard_plugin/frontend.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import tb_inputdiag
from tests.chromium import find_chromium
from tests.faults.dashboard import dashboard
from tools.pages import put, stamp

ROOT = Path(__file__).parent.parent
STEPS_PER_EPOCH = 5000
SLACK, SLACK_MB = 0.15, 15.0
"""What may be added from the middle of the run to its end: memory that is freed is not always given back."""


@dataclass(frozen=True)
class Measurement:
    """What was measured at one time."""

    seconds: float
    step: int
    trainer_mb: float
    tensorboard_mb: float
    page_mb: float
    heap_mb: float
    log_mb: float


def train(logs: str, minutes: float, steps: int) -> None:
    """Trains until the steps are done or the time is over."""
    import keras
    import numpy as np
    import tensorflow as tf

    from tb_inputdiag import InputDiagnostics

    class Deadline(keras.callbacks.Callback):  # type: ignore[misc]  # Keras ships no types
        """Ends the training at the end of an epoch when the time is over."""

        end = time.monotonic() + 60 * minutes

        def on_epoch_end(self, epoch: int, logs: object = None) -> None:
            self.model.stop_training = time.monotonic() > self.end

    keras.utils.set_random_seed(0)
    x = np.random.default_rng(0).normal(size=(4096, 8)).astype("float32")
    y = x.sum(axis=1, keepdims=True) + 0.1
    data = tf.data.Dataset.from_tensor_slices((x, y)).repeat().batch(16)
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(16, activation="tanh"), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit(
        data,
        steps_per_epoch=STEPS_PER_EPOCH,
        epochs=math.ceil(steps / STEPS_PER_EPOCH),
        verbose=0,
        callbacks=[InputDiagnostics(logs, verbose=0), Deadline()],
    )


def tree(pid: int) -> Iterator[int]:
    """Yields a process and all below it."""
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            yield from tree(int(child))


def rss_mb(*pids: int) -> float:
    """Resident memory of processes; those that are gone have none."""
    total = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))
    return total / 1024


@contextmanager
def page(port: int) -> Iterator[subprocess.Popen[str]]:
    """Yields a headless browser with the tab open; each line written to it is answered with a line of JSON."""
    script = Path(__file__).with_suffix(".mjs")
    process = subprocess.Popen(
        ["node", str(script), f"http://localhost:{port}"],
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "CHROMIUM": str(find_chromium())},
    )
    try:
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(30)


def ask(process: subprocess.Popen[str]) -> dict[str, object]:
    """Returns the memory of the page after a garbage collection, and the ids of the browser's renderers."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("measure\n")
    process.stdin.flush()
    found: dict[str, object] = json.loads(process.stdout.readline())
    return found


def measure(minutes: float, steps: int, logs: Path, every_s: float) -> list[Measurement]:
    """Runs the training, TensorBoard and the page, and measures them from time to time."""
    command = [sys.executable, "-m", "benchmarks.bench_soak", "--train", str(logs)]
    command += ["--minutes", str(minutes), "--steps", str(steps)]
    trainer = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "KERAS_BACKEND": "tensorflow"})
    moments: list[Measurement] = []
    try:
        while not any(logs.rglob("*.inputdiag")):
            assert trainer.poll() is None, "The training ended before it began to log."
            time.sleep(0.2)
        with dashboard(logs, "--load_fast=true") as server, page(server.port) as browser:
            begin = time.monotonic()
            while trainer.poll() is None:
                seen = ask(browser)
                (row,) = server.runs()
                moment = Measurement(
                    seconds=time.monotonic() - begin,
                    step=int(row["step"]),
                    trainer_mb=rss_mb(trainer.pid),
                    tensorboard_mb=rss_mb(*tree(server.process.pid)),
                    page_mb=max(rss_mb(int(pid)) for pid in seen["renderers"]),  # type: ignore[attr-defined]  # a list
                    heap_mb=float(seen["heap"]) / 1e6,  # type: ignore[arg-type]  # a number
                    log_mb=sum(path.stat().st_size for path in logs.rglob("*.inputdiag")) / 1e6,
                )
                if trainer.poll() is not None or not moment.trainer_mb:  # it ended meanwhile
                    break
                moments.append(moment)
                print(moment, file=sys.stderr, flush=True)
                time.sleep(every_s)
    finally:
        if trainer.poll() is None:
            trainer.terminate()
            trainer.wait(30)
    assert trainer.returncode == 0, f"The training ended with exit code {trainer.returncode}."
    return moments


def report(moments: list[Measurement], logs: Path) -> tuple[str, bool]:
    """Returns the table and whether everything is bounded."""
    # the first third of a minute is start-up: imports, tracing, the page's own loading
    settled = [moment for moment in moments if moment.seconds > 20] or moments
    first, middle, last = settled[0], settled[len(settled) // 2], settled[-1]
    lines = ["| | start | middle | end | bounded |", "|---|---|---|---|---|"]
    lines.append(f"| time | {first.seconds:.0f} s | {middle.seconds:.0f} s | {last.seconds:.0f} s | |")
    lines.append(f"| step | {first.step:,} | {middle.step:,} | {last.step:,} | |")
    good = True
    for field, name in (
        ("trainer_mb", "memory of the training"),
        ("tensorboard_mb", "memory of TensorBoard, with its data server"),
        ("page_mb", "memory of the page (renderer)"),
        ("heap_mb", "JavaScript heap of the page, after garbage collection"),
    ):
        a, b, c = (getattr(moment, field) for moment in (first, middle, last))
        bounded = c - b <= max(SLACK * b, SLACK_MB)
        good &= bounded
        lines.append(f"| {name} | {a:.0f} MB | {b:.0f} MB | {c:.0f} MB | {'yes' if bounded else 'NO'} |")
    session = tb_inputdiag.read(logs).run.session
    steps, samples = session.n_steps, session.n_samples
    limit = 1000 * (1 + math.log(max(steps, 1000) / 1000))
    # the fixed ones, two for each doubling, and the bursts come on top
    bounded = samples <= limit + 100
    good &= bounded and session.completeness.complete
    lines.append(f"| log | {first.log_mb:.2f} MB | {middle.log_mb:.2f} MB | {last.log_mb:.2f} MB | |")
    lines.append(
        f"| samples, at most 1,000 (1 + ln(steps / 1,000)) = {limit:,.0f} | | | {samples:,} | "
        f"{'yes' if bounded else 'NO'} |"
    )
    losses = sum(payload.length for payload in session.index.payloads["losses"])
    rest = sum(path.stat().st_size for path in logs.rglob("*.tfevents.*")) - losses
    each = f"{losses / 1e6:.2f} MB, {losses / steps:.1f} bytes a step"
    lines.append(f"| of the log: losses of all {steps:,} steps | | | {each} | |")
    lines.append(f"| of the log: everything else | | | {rest / 1e6:.2f} MB | |")
    lines.append(
        f"| events complete | | | {session.completeness} | {'yes' if session.completeness.complete else 'NO'} |"
    )
    return "\n".join(lines), good


def main() -> int:
    """Runs the benchmark; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0, help="end after so long (default: 10)")
    parser.add_argument("--steps", type=int, default=1_000_000, help="end after so many steps (default: a million)")
    parser.add_argument("--write", action="store_true", help="put the table into docs/limits.md")
    parser.add_argument("--train", metavar="LOGS", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.train:
        train(options.train, options.minutes, options.steps)
        return 0
    with tempfile.TemporaryDirectory() as temporary:
        logs = Path(temporary) / "logs"
        logs.mkdir()
        moments = measure(options.minutes, options.steps, logs, every_s=max(2.0, options.minutes / 2))
        text, good = report(moments, logs)
    print(text)
    if options.write:
        put(ROOT / "docs" / "limits.md", "python -m benchmarks.bench_soak --write", f"{stamp()}.\n\n{text}")
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
