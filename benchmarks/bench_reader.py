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
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tb_inputdiag.log.writer import LogWriter, flush_interval
from tb_inputdiag.records import Sample
from tests.log import synthetic

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "log-format.md"
BEGIN, END = "<!-- bench-reader: begin -->", "<!-- bench-reader: end -->"

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


def write_long_run(folder: Path, samples: int) -> Path:
    """Returns the event file of the long run, written unless it is there; what writing it took lies beside it."""
    notes = folder / "written.json"
    if not notes.exists():
        spec = synthetic.Spec(samples=samples, weights=50, every=10, epochs=20)
        path, seconds, per_write = write_big(folder, spec)
        made = {"samples": samples, "path": str(path.relative_to(folder)), "seconds": seconds, "write_s": per_write}
        notes.write_text(json.dumps(made))
    made = json.loads(notes.read_text())
    if made["samples"] != samples:
        raise SystemExit(f"{folder} holds a run of {made['samples']:,} samples: give another --logs, or --samples.")
    return folder / str(made["path"])


def bench_long_run(figures: Figures, folder: Path, samples: int) -> None:
    """One long run."""
    path = write_long_run(folder, samples)
    written = json.loads((folder / "written.json").read_text())
    size = path.stat().st_size
    print(f"\n{samples * 10:,} steps, {samples:,} samples of 50 weights: {size / samples:.0f} bytes a sample")
    figures.show("its event file", size / 1e6, "MB")
    figures.show("`LogWriter.write` of a sample, on the training thread, mean", 1e6 * written["write_s"], "us", 100)
    log = str(folder)
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
    theirs, their_peak = _best(_TENSORBOARD.format(path=str(path)))
    ours, our_peak = _best(_OURS.format(path=log))
    figures.show("TensorBoard's own loader (in C++, of TensorFlow) over the file, without imports", theirs, "s")
    figures.show("... its peak memory, TensorFlow included", their_peak, "MB")
    figures.show("`tb_inputdiag.read` of it: every event found, every checksum verified", ours, "s", theirs)
    figures.show("... its peak memory", our_peak, "MB", 500)
    replayed = f"import tb_inputdiag\nsession = tb_inputdiag.read({log!r}).run.session\n"
    every = replayed + "assert sum(1 for _ in session.records())"
    figures.process("every record in order, as for a replay", every, times=1)


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


def _best(code: str, times: int = 3) -> tuple[float, float]:
    """Returns the least seconds, and the most memory."""
    seconds, peaks = zip(*(in_process(code) for _ in range(times)), strict=True)
    return min(seconds), max(peaks)


def bench_many(figures: Figures, folder: Path, runs: int) -> None:
    """Many runs below one folder."""
    for run in range(runs):
        target = folder / f"run-{run:03d}"
        if not target.exists():
            spec = synthetic.Spec(samples=200, weights=20, seed=run, images=False)
            synthetic.write(target, spec, per_flush=10)
    figures.process(f"`tb-inputdiag summary` of {runs} runs of 2,000 steps", command("summary", str(folder)), 5.0)


def bench_start(figures: Figures) -> None:
    """What a process pays before it does anything."""
    bare, _ = _best("pass", times=5)
    for what, code, limit in (
        ("`import tb_inputdiag`", "import tb_inputdiag", 50),
        ("`tb-inputdiag --version`", command("--version"), 150),
        ("`tb-inputdiag rules`", command("rules"), None),
    ):
        seconds, _ = _best(code, times=5)
        figures.show(f"{what}, beyond the start of Python", 1e3 * (seconds - bare), "ms", limit)


def write_docs(figures: Figures) -> None:
    """Puts the table between the page's markers."""
    text = PAGE.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    if not after:
        raise SystemExit(f"{PAGE} lacks the markers {BEGIN} and {END}.")
    machine = (
        f"Processor time on {os.cpu_count()} cores of {platform.machine()}, Python {platform.python_version()}, "
        f"NumPy {np.__version__}; written by `python -m benchmarks.bench_reader --docs`."
    )
    PAGE.write_text(f"{before}{BEGIN}\n{machine}\n\n{figures.table()}\n{END}{after}")


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
        bench_long_run(figures, folder / "long", options.samples)
        bench_many(figures, folder / "many", options.runs)
    if options.docs:
        write_docs(figures)
    return 1 if figures.missed else 0


if __name__ == "__main__":
    sys.exit(main())
