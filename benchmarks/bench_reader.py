"""How fast logs are written and read, at the sizes that the README names.

::

    python -m benchmarks.bench_reader                   # 1,000,000 steps, 100,000 samples of 50 weights; minutes
    python -m benchmarks.bench_reader --samples 5000    # a quick look
    python -m benchmarks.bench_reader --logs FOLDER     # keeps the logs there, and takes them from there the next time
    python -m benchmarks.bench_reader --docs            # writes the table into docs/log-format.md

Each figure comes from a process of its own, so that memory and imports count (Linux only): the best of three, for other
work on the machine only ever adds to it. A figure beyond its limit makes the exit code 1.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tb_inputdiag.log.writer import LogWriter, flush_interval
from tb_inputdiag.records import Sample
from tests.log import synthetic
from tools.pages import put

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "log-format.md"
_DIFFERENT = 20

_IN_PROCESS = """
import contextlib, io, json, sys, time
base = 0.0  # what the code may set to leave out its imports
{code}
# The peak of this process alone: getrusage would count the parent's, from before exec.
with open("/proc/self/status") as status:
    peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
print(json.dumps({{"peak_mb": peak, "cpu_s": time.process_time() - base}}), file=sys.stderr)
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


def write_run(folder: Path, spec: synthetic.Spec) -> tuple[Path, float]:
    """Writes a run with the flushes that a real one has; returns its file, and what `write` took a sample."""
    clock = synthetic.Clock(spec.start)
    writer = LogWriter(folder, session=spec.session, clock=clock)
    flushed, spent, calls = spec.start, 0.0, 0
    for record in synthetic.records(spec):
        is_sample = isinstance(record, Sample)
        before = time.thread_time()
        writer.write(record)
        if is_sample:
            spent, calls = spent + time.thread_time() - before, calls + 1
            clock.now = record.wall_time  # type: ignore[union-attr]  # a sample
            if clock.now - flushed >= flush_interval(clock.now - spec.start, 1.0):
                writer.flush()
                flushed = clock.now
    writer.close()
    if writer.dropped:
        raise RuntimeError(f"{writer.dropped} records were dropped")
    return writer.path, spent / calls


@dataclass
class Figures:
    """Prints figures beside their limits, and keeps them for the table."""

    rows: list[tuple[str, str, str]] = field(default_factory=list)
    missed: int = 0

    def show(self, what: str, value: float, unit: str, limit: float | None = None) -> None:
        """Prints one figure."""
        fits = limit is None or value <= limit
        self.missed += not fits
        shown = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
        bound = "" if limit is None else f"{limit:.3g} {unit}" + ("" if fits else ", missed")
        print(f"{what:<72} {shown:>8} {unit:<3}{'  limit ' + bound if bound else ''}", flush=True)
        self.rows.append((what, f"{shown} {unit}", bound))

    def process(self, what: str, code: str, seconds: float | None = None, *, times: int = 3) -> None:
        """Prints what a process of its own took for some code, and its memory."""
        elapsed, peak = _best(code, times)
        self.show(what, elapsed, "s", seconds)
        self.show("... its peak memory", peak, "MB", 500)

    def table(self) -> str:
        """Returns all of it in Markdown."""
        lines = [f"| {what} | {value} | {bound} |" for what, value, bound in self.rows]
        return "\n".join(["| | measured | limit |", "|---|---:|---:|", *lines])


def command(*arguments: str) -> str:
    """Returns code that runs a command of the command line and throws its output away."""
    return (
        "from tb_inputdiag.cli import main\n"
        f"with contextlib.redirect_stdout(io.StringIO()):\n    assert main({list(arguments)!r}) == 0"
    )


def long_run(folder: Path, samples: int) -> Path:
    """Returns the event file of the long run, written unless it is there."""
    folder /= f"{samples}-samples"
    done = folder / "written"
    if not done.exists():
        write_run(folder, synthetic.Spec(samples=samples, weights=50, every=10, epochs=20))
        done.touch()
    return next(folder.rglob("*.inputdiag"))


def bench_writing(figures: Figures) -> None:
    """What the training thread pays for a sample."""
    with tempfile.TemporaryDirectory() as folder:
        spec = synthetic.Spec(samples=1000, weights=50, every=10)
        per_write = min(write_run(Path(folder) / str(n), spec)[1] for n in range(3))
    figures.show(
        "`LogWriter.write` of a sample of 50 weights, on the training thread, mean", 1e6 * per_write, "us", 100
    )


def bench_long_run(figures: Figures, folder: Path, samples: int) -> None:
    """One long run."""
    path = long_run(folder, samples)
    size = path.stat().st_size
    print(f"\n{samples * 10:,} steps, {samples:,} samples of 50 weights: {size / samples:.0f} bytes a sample")
    figures.show("the event file of the long run", size / 1e6, "MB")
    log = str(path.parent)
    for name in ("alerts", "summary"):
        figures.process(f"`tb-inputdiag {name}`, with the start of Python", command(name, log), 1.0)
    for what, expression in {
        'one gradient norm over the whole run, `run.gradients["conv2d/kernel"].norm`': (
            f"len(run.gradients['conv2d/kernel'].norm) == {samples}"
        ),
        'one mean over the whole run, `run.inputs["image"].mean`': f"len(run.inputs['image'].mean) == {samples}",
        "the loss of each of its steps, `run.loss`": f"len(run.loss) == {samples * 10}",
    }.items():
        code = f"import tb_inputdiag\nrun = tb_inputdiag.read({log!r}).run\nassert {expression}"
        figures.process(what, code, 2.0)
    pairs = [
        [in_process(code) for code in (_TENSORBOARD.format(path=str(path)), _OURS.format(path=log))] for _ in "12345"
    ]
    (theirs, their_peak), (ours, our_peak) = (_extremes(column) for column in zip(*pairs, strict=True))
    figures.show("TensorBoard's own loader (in C++, of TensorFlow) over the file, without imports", theirs, "s")
    figures.show("... its peak memory, TensorFlow included", their_peak, "MB")
    figures.show("`tb_inputdiag.read` of it: every event found, every checksum verified", ours, "s", theirs)
    figures.show("... its peak memory", our_peak, "MB", 500)
    replayed = f"import tb_inputdiag\nsession = tb_inputdiag.read({log!r}).run.session\n"
    every = replayed + "assert sum(1 for _ in session.records())"
    figures.process("every record in order, as for a replay", every, times=1)


_OURS = """
from tb_inputdiag.log.reader import read
base = time.process_time()
assert read({path!r}).run.sessions
"""
_TENSORBOARD = """
from tensorboard.backend.event_processing import event_file_loader
from tensorboard.compat import tf
tf.io  # imports TensorFlow, whose reader in C++ it then uses; without it reading takes fifty times as long
base = time.process_time()
assert sum(1 for _ in event_file_loader.EventFileLoader({path!r}).Load())
"""


def _best(code: str, times: int = 3) -> tuple[float, float]:
    return _extremes([in_process(code) for _ in range(times)])


def _extremes(found: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Returns the least seconds, and the most memory."""
    return min(seconds for seconds, _ in found), max(peak for _, peak in found)


def bench_many(figures: Figures, folder: Path, runs: int) -> None:
    """Many runs below one folder: twenty different ones, each copied as often as it takes."""
    for run in range(runs):
        target = folder / f"run-{run:03d}"
        if target.exists():
            continue
        if run < _DIFFERENT:
            synthetic.write(target, synthetic.Spec(samples=200, weights=20, seed=run, images=False), per_flush=10)
        else:
            shutil.copytree(folder / f"run-{run % _DIFFERENT:03d}", target)
    figures.process(f"`tb-inputdiag summary` of {runs} runs of 2,000 steps", command("summary", str(folder)), 5.0)


def bench_start(figures: Figures) -> None:
    """What a process pays before it does anything, Python's own start left out."""
    for what, code, limit in (
        ("`import tb_inputdiag`", "import tb_inputdiag", 50),
        ("`tb-inputdiag --version`", command("--version"), 150),
        ("`tb-inputdiag rules`", command("rules"), None),
    ):
        seconds, _ = _best(f"base = time.process_time()\n{code}", times=5)
        figures.show(f"{what}, beyond the start of Python", 1e3 * seconds, "ms", limit)


def write_docs(figures: Figures) -> None:
    """Puts the table between the page's markers."""
    machine = (
        f"Processor time on {os.cpu_count()} cores of {platform.machine()}, Python {platform.python_version()}, "
        f"NumPy {np.__version__}; written by `python -m benchmarks.bench_reader --docs`."
    )
    put(PAGE, "python -m benchmarks.bench_reader --docs", f"{machine}\n\n{figures.table()}")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--samples", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--logs", type=Path, help="where the logs are kept from one time to the next")
    parser.add_argument("--docs", action="store_true", help=f"write the table into {PAGE.relative_to(ROOT)}")
    options = parser.parse_args()
    figures = Figures()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.logs or Path(temporary)
        bench_start(figures)
        bench_writing(figures)
        bench_long_run(figures, folder / "long", options.samples)
        bench_many(figures, folder / "many", options.runs)
    if options.docs:
        write_docs(figures)
    return 1 if figures.missed else 0


if __name__ == "__main__":
    sys.exit(main())
