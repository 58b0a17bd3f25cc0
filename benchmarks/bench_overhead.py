"""What watching costs, beside what other tools cost: the tables of README.md and docs/overhead.md.

::

    python -m benchmarks.bench_overhead                              # everything on TensorFlow, in 15 minutes
    python -m benchmarks.bench_overhead --minutes 40                 # the same with narrower intervals
    python -m benchmarks.bench_overhead mlp cnn --columns ours --minutes 4 --no-history
    python -m benchmarks.bench_overhead --backend jax                # or torch: without MobileNetV2, in 11 minutes
    python -m benchmarks.bench_overhead --growth                     # and how a sample grows with batch and model

Each column trains in processes of its own, which take turns at the same workload: see `overhead_processes`. How the
ratios and their intervals are made of that: see `overhead_statistics`. A run is added to `history.jsonl`;
``python -m benchmarks.overhead_pages`` makes the documents from that.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.history import Entry, Numbers, append, begin_entry
from benchmarks.overhead_processes import STEPS, Column, Group, only_epochs
from benchmarks.overhead_statistics import Ratio, ratio

ROOT = Path(__file__).parent.parent
GROUPS = 5
"""Groups that the plain process and InputDiagnostics are measured in; the other columns in the first `_OTHERS_IN`."""
_OTHERS_IN = 3
_FEWER_GROUPS, _FEWER_MINUTES = 3, 11.0
"""On JAX and PyTorch: enough for the default cost and peak memory."""
_SLOW_ELSEWHERE = {"mobilenet"}
"""Workloads that are left out on JAX and PyTorch unless asked for: XLA compiles this one for minutes."""
_ONLY_TENSORFLOW = {"cnn-jit", "text-jit"}
"""Workloads that differ from another one by `jit_compile`, which the other backends decide themselves."""


def measure(names: Sequence[str], columns: Sequence[str], groups: int, end: float) -> Iterator[tuple[str, int, Any]]:
    """Yields workload, number of the group, and what it measured of each column; the time is shared equally."""
    tasks = groups * len(names)
    for number in range(groups):
        wanted = [column for column in columns if column in ("none", "ours") or number < _OTHERS_IN]
        context = multiprocessing.get_context("spawn")
        pipe, other = context.Pipe()
        process = context.Process(target=_run_groups, args=(other, number))
        process.start()
        other.close()
        for name in names:
            share = (end - time.monotonic()) / tasks
            tasks -= 1
            pipe.send((name, wanted, time.monotonic() + share))
            yield name, number, pipe.recv()
        pipe.send(None)
        process.join()


def _run_groups(pipe: Any, number: int) -> None:
    """Forks the processes of group after group; they inherit what is imported here, and nothing is computed here."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tb_inputdiag.callback  # noqa: F401  # for the processes

    while (task := pipe.recv()) is not None:
        name, columns, end = task
        pipe.send(Group(name, columns, seed=number).measure(end))


def summary(columns: dict[str, list[Column]]) -> dict[str, Numbers]:
    """Returns what is kept of the groups of a workload, for each column."""
    found: dict[str, Numbers] = {}
    for name, own in columns.items():
        row: Numbers = {
            "groups": float(len(own)),
            "rounds": float(sum(len(column.wall) for column in own)),
            "step_ms": statistics.median(column.step_ms for column in own),
            "first_s": min(column.first_s for column in own),
            "peak_mb": statistics.median(column.peak_mb for column in own),
            "peaks_mb": [min(column.peak_mb for column in own), max(column.peak_mb for column in own)],
        }
        if name != "none":
            row["wall"] = list(ratio([column.wall for column in own]))
            row["cpu"] = list(ratio([column.cpu for column in own]))
        for fact in own[0].facts:
            row[fact] = statistics.fmean(column.facts[fact] for column in own if fact in column.facts)
        found[name] = row
    return found


def growth() -> Iterator[tuple[str, float, float]]:
    """Yields what a sampled step adds, in ms, at 1x, 10x and 100x batch size, and at 100 and 1,000 layers."""
    cases = [
        ("table", scale, f"table of 1,000 columns, batch {64 * scale:,}", max(1, 400 // scale))
        for scale in (1, 10, 100)
    ]
    cases += [("layers", scale, f"{100 * scale:,} layers", 20 // scale) for scale in (1, 10)]
    for name, scale, title, steps in cases:
        least = {
            column: min(only_epochs(name, column, steps, 12, scale)[0][6:]) / steps for column in ("none", "every1")
        }
        yield title, 1000 * least["none"], 1000 * (least["every1"] - least["none"])


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


def run(entry: Entry, names: Sequence[str], columns: Sequence[str], minutes: float, groups: int) -> None:
    """Measures, prints each workload as it is done, and fills an entry."""
    begin = time.monotonic()
    found: dict[str, dict[str, list[Column]]] = {name: {} for name in names}
    for name, number, measured in measure(names, columns, groups, begin + 60 * minutes):
        for column, numbers in measured.items():
            found[name].setdefault(column, []).append(numbers)
        done = f"{time.monotonic() - begin:.0f} s, group {number + 1} of {groups}"
        print(f"\n{name} ({done})", flush=True)
        # a column that did not run, or died, has an empty row: it fails
        rows = summary(found[name])
        entry.workloads[name] = {column: rows.get(column, {}) for column in columns}
        for column, row in rows.items():
            print(f"  {column:10} {describe(row)}", flush=True)
    entry.minutes = (time.monotonic() - begin) / 60
    entry.groups = groups


def describe(row: Numbers) -> str:
    """Returns a column's numbers as a line of text."""
    parts = []
    for name in ("wall", "cpu"):
        if isinstance(numbers := row.get(name), list):
            found = Ratio(*numbers)
            interval = "" if math.isnan(found.low) else f" ({found.low:.3f} to {found.high:.3f})"
            parts.append(f"{name} {found.mean:.3f}{interval}")
    parts += [f"{name} {row[name]:.4g}" for name in ("step_ms", "rounds", "first_s", "peak_mb")]
    return "  ".join(parts)


def main() -> None:
    """Runs the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help=", ".join(STEPS))
    parser.add_argument("--columns", nargs="+", metavar="COLUMN", help="beside the plain one (default: most)")
    parser.add_argument("--minutes", type=float, help="how long all takes (default: 15; 11 on JAX and PyTorch)")
    parser.add_argument("--groups", type=int, help=f"processes of a column (default: {GROUPS}; 3 on JAX and PyTorch)")
    parser.add_argument("--backend", choices=("tensorflow", "jax", "torch"))
    parser.add_argument("--growth", action="store_true", help="also larger batches and models; some more minutes")
    parser.add_argument("--no-history", action="store_true", help="only print what was measured")
    options = parser.parse_args()
    backend = options.backend or os.environ.get("KERAS_BACKEND", "tensorflow")
    os.environ |= {"KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"}
    from benchmarks.overhead_workloads import COLUMNS, DEFAULT_COLUMNS

    known = [name for name in STEPS if backend == "tensorflow" or name not in _ONLY_TENSORFLOW]
    for given, there in ((options.workloads, known), (options.columns or [], COLUMNS)):
        if unknown := set(given) - set(there):
            parser.error(f"unknown on {backend}: {', '.join(sorted(unknown))}. There are {', '.join(there)}.")
    is_tensorflow = backend == "tensorflow"
    usual = [name for name in known if is_tensorflow or name not in _SLOW_ELSEWHERE]
    groups = options.groups or (GROUPS if is_tensorflow else _FEWER_GROUPS)
    minutes = options.minutes or (15.0 if is_tensorflow else _FEWER_MINUTES)
    columns = ["none", *(column for column in options.columns or DEFAULT_COLUMNS[backend] if column != "none")]
    os.chdir(ROOT)
    entry = begin_entry(backend)
    run(entry, options.workloads or usual, columns, minutes, groups)
    seconds, light = import_s()
    entry.other = {"import_ms": 1000 * seconds, "import_is_light": float(light)}
    if options.growth:
        for title, step, more in growth():
            print(f"{title}: a step {step:.2f} ms, a sample {more:.2f} ms", flush=True)
            entry.growth[title] = [step, more]
        _, weights, facts = only_epochs("resnet", "every1", 8, 1, 1)
        entry.other |= {"resnet_weights": float(weights), "resnet_bytes": facts["bytes_a_sample"]}
    if not options.no_history:
        append(entry)


if __name__ == "__main__":
    main()
