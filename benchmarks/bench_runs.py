"""Measures the list of many runs below one folder: ``python -m benchmarks.bench_runs``.

The list is asked for as a browser asks, over HTTP, compressed, from a TensorBoard that runs without TensorFlow.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path

import tb_inputdiag
from tests.log import synthetic

_TENSORBOARD = "import sys; sys.modules['tensorflow'] = None; from tensorboard.main import run_main; run_main()"
_REPEATS = 15


def write_runs(folder: Path, runs: int) -> None:
    """Writes runs that differ in name, time and findings."""
    for number in range(runs):
        spec = synthetic.Spec(
            samples=20,
            weights=8,
            alerts=number % 5,
            images=False,
            seed=number % 7,
            session=f"20261123T231405-{number:06}",
            start=synthetic.START + 60 * number,
        )
        synthetic.write(folder / f"team-{number % 10}" / f"run-{number:03}", spec)


def memory_mb(pid: int) -> float:
    """Returns the memory of a process now, in MB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def timed(work: Callable[[], object], repeats: int = _REPEATS) -> tuple[float, float]:
    """Returns the median and the longest time of some work, in milliseconds."""
    took = []
    for _ in range(repeats):
        begin = time.perf_counter()
        work()
        took.append(1000 * (time.perf_counter() - begin))
    return sorted(took)[len(took) // 2], max(took)


def measure_reader(folder: Path) -> None:
    """Measures `tb_inputdiag.read` in this process."""
    before = memory_mb(os.getpid())
    begin = time.perf_counter()
    log = tb_inputdiag.read(folder)
    print(f"| `tb_inputdiag.read`, cold | {1000 * (time.perf_counter() - begin):.0f} ms | | |")
    median, longest = timed(log.refresh)
    print(f"| `Log.refresh`, warm | {median:.0f} ms | {longest:.0f} ms | |")
    print(f"| memory of the reader | {memory_mb(os.getpid()) - before:.0f} MB | | |")


def measure_plugin(folder: Path, runs: int, loader: str) -> None:
    """Measures the route `runs`."""
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    arguments = ["--logdir", str(folder), "--port", str(port), f"--load_fast={loader}"]
    process = subprocess.Popen(
        [sys.executable, "-c", _TENSORBOARD, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    base = f"http://localhost:{port}/data/plugin/inputdiag/runs"

    def fetch(**parameters: object) -> bytes:
        url = f"{base}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(urllib.request.Request(url, headers={"Accept-Encoding": "gzip"})) as answer:
            packed: bytes = answer.read()
            return packed

    def get(**parameters: object) -> dict[str, object]:
        found: dict[str, object] = json.loads(gzip.decompress(fetch(**parameters)))
        return found

    try:
        end = time.monotonic() + 240
        while time.monotonic() < end:
            try:
                if len(get()["runs"]) == runs:  # type: ignore[arg-type]  # JSON
                    break
            except OSError:
                pass
            time.sleep(0.5)
        name = {"true": "fast", "false": "Python"}[loader]
        for what, parameters in {
            "all": {},
            "a page, worst first": {"sort": "worst", "limit": 50},
            "a page of those with `team-3` in their name": {"filter": "team-3", "sort": "name", "limit": 50},
            "what changed": {"since": get()["revision"]},
        }.items():
            median, longest = timed(lambda parameters=parameters: get(**parameters))  # type: ignore[misc]  # bound now
            size = f"{len(fetch(**parameters)) / 1000:.1f} KB"
            print(f"| `runs`: {what}, {name} loader | {median:.0f} ms | {longest:.0f} ms | {size} |")
        print(f"| memory of TensorBoard, {name} loader | {memory_mb(process.pid):.0f} MB | | |", flush=True)
    finally:
        process.terminate()
        process.wait(20)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=500)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as top:
        write_runs(Path(top), options.runs)
        print(f"{options.runs} runs\n\n| | median | longest | sent |\n|---|---:|---:|---:|")
        measure_reader(Path(top))
        for loader in ("true", "false"):
            measure_plugin(Path(top), options.runs, loader)
