"""What watching costs, beside what other tools cost: the tables that the README and docs/overhead.md quote.

::

    python -m benchmarks.bench_overhead                       # everything: an hour on two cores
    python -m benchmarks.bench_overhead mlp cnn --rounds 10   # some workloads
    python -m benchmarks.bench_overhead --write               # and put the tables into the documents

Each column trains in a process of its own, all at the same workload. The processes take turns: one trains an epoch of
some steps while the others wait, in an order that changes from round to round. A ratio compares an epoch with that of
the process without a callback in the same round, so that noise of the machine that lasts longer than a round cancels.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.pages import put

ROOT = Path(__file__).parent.parent
STEPS = {"mlp": 100, "cnn": 10, "cnn-jit": 4, "mobilenet": 2, "text": 12, "text-jit": 6, "table": 100}
"""Steps of an epoch: about half a second."""
WARM_UP = {"mlp": 20, "cnn": 10, "cnn-jit": 8, "mobilenet": 10, "text": 8, "text-jit": 8, "table": 10}
"""Epochs that are not counted: tracing, compiling, and the beginning of a run, which is sampled densely on purpose."""
START = "none", "ours"
SHORT_RUN = 32
"""Steps after which a process is asked for its peak memory: where that ends up differs by some percent from process to
process, so it is taken of several, which have to be short."""


def child(pipe: Any, name: str, column: str, steps: int, only_first: bool, scale: int = 1) -> None:
    """Trains one column of one workload; runs in a process of its own."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    from benchmarks.overhead_workloads import COLUMNS, WORKLOADS, Gate, folder_bytes

    with tempfile.TemporaryDirectory() as log_dir:
        model, data = WORKLOADS[name].make(scale)
        callbacks = COLUMNS[column][1](log_dir, data)
        begin = time.perf_counter()
        model.fit(data, steps_per_epoch=1, epochs=1, verbose=0, callbacks=callbacks)
        pipe.send((time.perf_counter() - begin, len(model.trainable_weights)))
        if only_first:
            model.fit(data, steps_per_epoch=SHORT_RUN, verbose=0, callbacks=callbacks)
            pipe.send(peak_mb())
            return
        gate = Gate(pipe)
        model.fit(data, steps_per_epoch=steps, epochs=1_000_000, verbose=0, callbacks=[gate, *callbacks, gate.last])
        found = {"bytes": folder_bytes(log_dir)}
        if column in ("ours", "every1"):
            from tb_inputdiag import read
            from tb_inputdiag.records import Cost, Sample

            session = read(log_dir).run.sessions[-1]
            costs = [r for r in session.records() if isinstance(r, Cost)]
            samples = sum(isinstance(r, Sample) for r in session.records())
            once, growing = log_bytes(log_dir, session.id)
            found |= {
                "samples": samples,
                "spent_s": costs[-1].spent_s - costs[-1].setup_s,
                "bytes_a_sample": growing / samples,
                "bytes_once": once,
            }
        pipe.send(found)


def peak_mb() -> float:
    """Returns the largest memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def log_bytes(log_dir: str, session: str) -> tuple[int, int]:
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


class Runner:
    """A child process."""

    def __init__(self, name: str, column: str, steps: int, only_first: bool = False, scale: int = 1) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, other = context.Pipe()
        arguments = (other, name, column, steps, only_first, scale)
        self._process = context.Process(target=child, args=arguments, daemon=True)
        self._process.start()
        other.close()
        self.first_s: float
        self.first_s, self.weights = self._pipe.recv()
        self.epochs: list[float] = []
        self.trained_s = 0.0
        self.peak_mb = 0.0
        if only_first:
            self.peak_mb = self._pipe.recv()
            self._process.join()

    def epoch(self) -> None:
        """Has it train one epoch."""
        self._pipe.send(True)
        self.epochs.append(self._pipe.recv())
        self.trained_s += self.epochs[-1]

    def end(self) -> dict[str, float]:
        """Stops it; returns its report."""
        self._pipe.send(None)
        self._pipe.recv()
        found: dict[str, float] = self._pipe.recv()
        self._process.join()
        return found


def measure(name: str, columns: list[str], rounds: int, starts: int) -> dict[str, dict[str, float]]:
    """Returns column -> what was measured; nothing of those that don't run."""
    steps = STEPS[name]
    runners: dict[str, Runner] = {}
    for column in columns:
        try:
            runners[column] = Runner(name, column, steps)
        except EOFError:
            print(f"{name}: {column} does not run", file=sys.stderr)
    order = list(runners)
    for runner in runners.values():
        for _ in range(WARM_UP[name]):
            runner.epoch()
        runner.epochs.clear()
    for number in range(rounds):
        random.Random(number).shuffle(order)
        for column in list(order):
            try:
                runners[column].epoch()
            except (EOFError, BrokenPipeError):
                print(f"{name}: {column} died in round {number}", file=sys.stderr)
                order.remove(column)
                del runners[column]
    found: dict[str, dict[str, float]] = {column: {} for column in columns}
    plain = runners["none"].epochs
    for column, runner in runners.items():
        ratios = [a / b for a, b in zip(runner.epochs, plain, strict=True)]
        quartiles = statistics.quantiles(ratios, n=4)
        found[column] = {
            "rounds": rounds,
            "step_ms": 1000 * statistics.median(runner.epochs) / steps,
            "ratio": statistics.median(ratios),
            "ratio_of_minima": min(runner.epochs) / min(plain),
            "ratio_of_means": statistics.fmean(runner.epochs) / statistics.fmean(plain),
            "quarter": quartiles[0],
            "three_quarters": quartiles[2],
            **runner.end(),
        }
        if "spent_s" in found[column]:
            found[column]["own_share"] = found[column]["spent_s"] / runner.trained_s
    for column, row in measure_starts(name, [c for c in START if c in runners], starts).items():
        found[column] |= row
    return found


def measure_starts(name: str, columns: list[str], starts: int) -> dict[str, dict[str, float]]:
    """Returns column -> least seconds of the first step, and median peak memory, of so many processes of their own."""
    runners: dict[str, list[Runner]] = {column: [] for column in columns}
    for _ in range(starts):
        for column, own in runners.items():
            own.append(Runner(name, column, STEPS[name], only_first=True))
    return {
        column: {
            "first_s": min(r.first_s for r in own),
            "peak_mb": statistics.median(r.peak_mb for r in own),
            "least_peak_mb": min(r.peak_mb for r in own),
            "most_peak_mb": max(r.peak_mb for r in own),
        }
        for column, own in runners.items()
    }


def growth() -> Iterator[tuple[str, float, float]]:
    """Yields what a sampled step adds, in ms, at 1x, 10x and 100x batch size, and at 100 and 1,000 layers."""
    cases = [("table", scale, f"table, batch {64 * scale}", max(1, 400 // scale)) for scale in (1, 10, 100)]
    cases += [("layers", scale, f"{100 * scale} layers", 20 // scale) for scale in (1, 10)]
    for name, scale, title, steps in cases:
        pair = {column: Runner(name, column, steps, scale=scale) for column in ("none", "every1")}
        for _ in range(12):
            for runner in pair.values():
                runner.epoch()
        times = {column: min(runner.epochs[6:]) / steps for column, runner in pair.items()}
        for runner in pair.values():
            runner.end()
        yield title, 1000 * times["none"], 1000 * (times["every1"] - times["none"])


def resnet_bytes() -> tuple[int, float]:
    """Returns the number of trainable weights of Keras' ResNet50, and the log bytes a sample of it takes."""
    runner = Runner("resnet", "every1", 8)
    runner.epoch()
    return int(runner.weights), runner.end()["bytes_a_sample"]


def import_s() -> tuple[float, bool]:
    """Returns the least seconds that ``import tb_inputdiag`` takes in a fresh process, and whether it is light."""
    code = (
        "import time; b = time.perf_counter(); import tb_inputdiag; print(time.perf_counter() - b);"
        "import sys; print(not {'tensorflow', 'keras', 'tensorboard', 'numpy'} & set(sys.modules))"
    )
    answers = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout
        for _ in range(7)
    ]
    return min(float(a.split()[0]) for a in answers), all(a.split()[1] == "True" for a in answers)


def tables(results: dict[str, dict[str, dict[str, float]]]) -> str:
    """Returns the tables as Markdown."""
    from benchmarks.overhead_workloads import COLUMNS, WORKLOADS

    names = list(results)
    lines = [
        f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, no GPU, Python {platform.python_version()}. "
        "Median of the ratios of paired epochs to training without a callback. In brackets: the ratio of the mean "
        "times, which includes every sample.",
        "",
        "| | " + " | ".join(WORKLOADS[name].title for name in names) + " |",
        "|---|" + "---|" * len(names),
        "| step without a callback | " + " | ".join(f"{results[n]['none']['step_ms']:.1f} ms" for n in names) + " |",
    ]
    for column, (title, _) in COLUMNS.items():
        if column == "none":
            continue
        cells = []
        for name in names:
            row = results[name].get(column)
            if row:
                cells.append(f"{row['ratio']:.2f} ({row['ratio_of_means']:.2f})")
            else:
                cells.append("–" if row is None else "fails")
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    lines += [
        "",
        "| InputDiagnostics | " + " | ".join(WORKLOADS[name].title for name in names) + " |",
        "|---|" + "---|" * len(names),
    ]
    facts = [
        ("first step, ratio", lambda r: f"{r['ours']['first_s'] / r['none']['first_s']:.2f}"),
        ("first step, seconds more", lambda r: f"{r['ours']['first_s'] - r['none']['first_s']:.1f}"),
        ("peak memory, ratio", lambda r: f"{r['ours']['peak_mb'] / r['none']['peak_mb']:.2f}"),
        ("peak memory without, MB", lambda r: "{least_peak_mb:.0f}-{most_peak_mb:.0f}".format_map(r["none"])),
        ("peak memory with, MB", lambda r: "{least_peak_mb:.0f}-{most_peak_mb:.0f}".format_map(r["ours"])),
        ("paired epochs", lambda r: f"{r['none']['rounds']:.0f}"),
        ("ratio of the fastest epochs", lambda r: f"{r['ours']['ratio_of_minima']:.2f}"),
        (
            "interquartile range of the ratios",
            lambda r: f"{r['ours']['quarter']:.2f}-{r['ours']['three_quarters']:.2f}",
        ),
        (
            "share of all time, by its own count",
            lambda r: f"{100 * r['ours']['own_share']:.1f} %" if "own_share" in r["ours"] else "–",
        ),
        ("log bytes a sample (every=1)", lambda r: f"{r['every1']['bytes_a_sample']:.0f}"),
        ("log bytes once: facts, alerts, thumbnails", lambda r: f"{r['every1']['bytes_once']:.0f}"),
    ]
    for title, fact in facts:
        lines.append(f"| {title} | " + " | ".join(fact(results[name]) for name in names) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=", ".join(STEPS))
    parser.add_argument("--columns", nargs="+", default=None)
    parser.add_argument("--rounds", type=int, default=16)
    parser.add_argument("--starts", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="a JSON file: what earlier runs measured is taken from it, and added")
    parser.add_argument("--no-growth", action="store_true")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/overhead.md")
    options = parser.parse_args()
    unknown = set(options.workloads) - set(STEPS)
    if unknown:
        parser.error(f"no such workload: {', '.join(sorted(unknown))}. There are {', '.join(STEPS)}.")
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.chdir(ROOT)
    from benchmarks.overhead_workloads import COLUMNS

    columns = ["none", *(c for c in options.columns or COLUMNS if c != "none")]
    seconds, light = import_s()
    results: dict[str, dict[str, dict[str, float]]] = {}
    if options.keep and options.keep.exists():
        results = json.loads(options.keep.read_text(encoding="utf-8"))
    for name in options.workloads or (name for name in STEPS if name not in results):
        begin = time.monotonic()
        results[name] = measure(name, columns, options.rounds, options.starts)
        print(f"\n{name}, {time.monotonic() - begin:.0f} s", flush=True)
        for column, row in results[name].items():
            print(f"  {column:10}" + "  ".join(f"{key} {value:.4g}" for key, value in row.items()), flush=True)
        if options.keep:
            options.keep.write_text(json.dumps(results), encoding="utf-8")
    results = {name: results[name] for name in STEPS if name in results}
    text = ""
    if {"ours", "every1"} <= set(columns):
        text = tables(results)
    text += (
        f"\n`import tb_inputdiag`: {1000 * seconds:.0f} ms, {'without' if light else 'with'} TensorFlow and Keras.\n"
    )
    if not options.no_growth:
        text += "\n| growth | step, ms | a sampled step adds, ms |\n|---|---|---|\n"
        for title, step, more in growth():
            row = f"| {title} | {step:.2f} | {more:.2f} |"
            print(row, flush=True)
            text += f"{row}\n"
        weights, size = resnet_bytes()
        text += f"\nA sample of Keras' ResNet50 ({weights} trainable weights): {size:.0f} bytes of log.\n"
    print(f"\n{text}")
    if options.write:
        put(ROOT / "docs" / "overhead.md", "python -m benchmarks.bench_overhead --write", text)


if __name__ == "__main__":
    main()
