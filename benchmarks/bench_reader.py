"""How fast logs are written and read, at the sizes that the README names.

::

    python -m benchmarks.bench_reader                   # 1,000,000 steps, 100,000 samples of 50 weights; minutes
    python -m benchmarks.bench_reader --samples 5000    # a quick look

Each figure comes from a process of its own, so that memory and imports count (Linux only). A figure beyond its limit
makes the exit code 1.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tb_inputdiag.log.writer import LogWriter, flush_interval
from tb_inputdiag.records import Sample
from tests.log import synthetic

ROOT = Path(__file__).parents[1]

_IN_PROCESS = """
import contextlib, io, json, os, sys
base = 0.0  # what the code may set to leave out its imports
{code}
# The peak of this process alone: getrusage would count the parent's, from before exec.
with open("/proc/self/status") as status:
    peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
print(json.dumps({{"peak_mb": peak, "cpu_s": sum(os.times()[:2]) - base}}), file=sys.stderr)
"""


def in_process(code: str) -> tuple[float, float]:
    """Returns seconds of processor time, with the start of Python and all imports, and peak memory in MB.

    All of it is one thread and the file is in memory, so this is what the clock shows on a machine that is idle.
    """
    done = subprocess.run(
        [sys.executable, "-c", _IN_PROCESS.format(code=code)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    found = json.loads(done.stderr.strip().split("\n")[-1])
    return float(found["cpu_s"]), float(found["peak_mb"])


def write_big(folder: Path, spec: synthetic.Spec) -> tuple[Path, float, float]:
    """Writes the long run with the flushes that a real one has; returns its file, seconds and the cost of `write`."""
    clock = synthetic.Clock(spec.start)
    writer = LogWriter(folder, session=spec.session, clock=clock)
    begun, flushed, spent, calls = time.perf_counter(), spec.start, 0.0, 0
    for record in synthetic.records(spec):
        is_sample = isinstance(record, Sample)
        before = time.perf_counter()
        writer.write(record)
        if is_sample:
            spent, calls = spent + time.perf_counter() - before, calls + 1
            clock.now = record.wall_time  # type: ignore[union-attr]  # a sample
            if clock.now - flushed >= flush_interval(clock.now - spec.start, 1.0):
                writer.flush()
                flushed = clock.now
    writer.close()
    if writer.dropped:
        raise RuntimeError(f"{writer.dropped} records were dropped")
    return writer.path, time.perf_counter() - begun, spent / calls


class Figures:
    """Prints figures beside their limits."""

    def __init__(self) -> None:
        self.missed = 0

    def show(self, what: str, value: float, unit: str, limit: float | None = None) -> None:
        """Prints one figure."""
        verdict = ""
        if limit is not None:
            fits = value <= limit
            self.missed += not fits
            verdict = f"  limit {limit:g} {unit}: {'kept' if fits else 'MISSED'}"
        print(f"{what:<58} {value:9.3f} {unit}{verdict}", flush=True)


def command(*arguments: str) -> str:
    """Returns code that runs a command of the command line and throws its output away."""
    return (
        "from tb_inputdiag.cli import main\n"
        f"with contextlib.redirect_stdout(io.StringIO()):\n    assert main({list(arguments)!r}) == 0"
    )


def bench_big(figures: Figures, folder: Path, samples: int) -> None:
    """One long run."""
    spec = synthetic.Spec(samples=samples, weights=50, every=10, epochs=20)
    path, seconds, per_write = write_big(folder, spec)
    size = path.stat().st_size
    print(
        f"{samples * 10:,} steps, {samples:,} samples of 50 weights: "
        f"{size / 1e6:.0f} MB, {size / samples:.0f} bytes a sample"
    )
    figures.show("making and writing a sample, all in all", 1e3 * seconds / samples, "ms")
    figures.show("LogWriter.write, on the calling thread, mean", 1e6 * per_write, "us", 100)
    log = str(folder)
    for name in ("alerts", "summary"):
        elapsed, peak = in_process(command(name, log))
        figures.show(f"tb-inputdiag {name}, with the start of Python", elapsed, "s", 1.0)
        figures.show("  peak memory", peak, "MB", 500)
    for what, expression in {
        "one gradient norm over the whole run": "len(run.gradients['conv2d/kernel'].norm)",
        "one input's mean over the whole run": "len(run.inputs['image'].mean)",
        "every step's loss": "len(run.loss)",
    }.items():
        elapsed, peak = in_process(f"import tb_inputdiag\nrun = tb_inputdiag.read({log!r}).run\nassert {expression}")
        figures.show(f"{what}, with the start of Python", elapsed, "s", 2.0)
        figures.show("  peak memory", peak, "MB", 500)
    ours = _best(lambda: in_process(_OURS.format(path=log))[0])
    theirs = _best(lambda: in_process(_TENSORBOARD.format(path=str(path)))[0])
    figures.show("TensorBoard's event file loader (C++), without imports", theirs, "s")
    figures.show("tb_inputdiag.read, every event found and its checksum", ours, "s", theirs)
    elapsed, peak = in_process(
        f"import tb_inputdiag\nsession = tb_inputdiag.read({log!r}).run.session\n"
        "assert sum(1 for _ in session.records())"
    )
    figures.show("every record, as for a replay", elapsed, "s")
    figures.show("  peak memory", peak, "MB", 500)


_OURS = """
from tb_inputdiag.log.reader import read
base = sum(os.times()[:2])
assert read({path!r}).run.sessions
"""
_TENSORBOARD = """
from tensorboard.backend.event_processing import event_file_loader
from tensorboard.compat import tf
tf.io  # imports TensorFlow, whose reader in C++ it then uses; without it reading takes fifty times as long
base = sum(os.times()[:2])
assert sum(1 for _ in event_file_loader.EventFileLoader({path!r}).Load())
"""


def _best(measure: Callable[[], float], times: int = 3) -> float:
    return min(measure() for _ in range(times))


def bench_many(figures: Figures, folder: Path, runs: int) -> None:
    """Many runs below one folder."""
    for run in range(runs):
        spec = synthetic.Spec(samples=200, weights=20, seed=run, images=False)
        synthetic.write(folder / f"run-{run:03d}", spec, per_flush=10)
    elapsed, peak = in_process(command("summary", str(folder)))
    figures.show(f"tb-inputdiag summary of {runs} runs of 2,000 steps", elapsed, "s", 5.0)
    figures.show("  peak memory", peak, "MB", 500)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--samples", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=200)
    options = parser.parse_args()
    figures = Figures()
    with tempfile.TemporaryDirectory() as folder:
        bench_big(figures, Path(folder) / "big", options.samples)
    with tempfile.TemporaryDirectory() as folder:
        bench_many(figures, Path(folder), options.runs)
    return 1 if figures.missed else 0


if __name__ == "__main__":
    sys.exit(main())
