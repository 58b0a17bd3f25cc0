"""Measures what it takes to read and write logs at a URL, at 20 ms a request: ``python -m benchmarks.bench_remote``.

The store is fsspec's memory file system, made slow: every request takes `DELAY_S`, as one to an object store in the
same region does. The long run has a million steps, sampled as ``every="auto"`` samples them.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fsspec
from fsspec.implementations.memory import MemoryFileSystem

import tb_inputdiag
from tb_inputdiag.cli import main
from tb_inputdiag.log.open_log import FILE_BYTES
from tb_inputdiag.log.writer import LogWriter
from tests.log import synthetic

DELAY_S = 0.02
_LONG = synthetic.Spec(samples=8000, weights=50, every=125, step_time_s=0.05)
"""`sampling.schedule` takes 7,900 samples of a million steps."""
_SHORT = synthetic.Spec(samples=500, weights=8)
_RUNS = 50


class SlowMemory(MemoryFileSystem):
    """Memory that takes as long to answer as an object store, and counts."""

    protocol = "slowmemory"
    requests = 0
    read_bytes = 0
    _lock = threading.Lock()

    def _wait(self, n: int = 0) -> None:
        with self._lock:
            SlowMemory.requests += 1
            SlowMemory.read_bytes += n
        time.sleep(DELAY_S)

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **kwargs: Any) -> bytes:
        """See fsspec."""
        data: bytes = super().cat_file(path, start=start, end=end, **kwargs)
        self._wait(len(data))
        return data

    def find(self, path: str, *args: Any, **kwargs: Any) -> Any:
        """See fsspec."""
        found = super().find(path, *args, **kwargs)
        for _ in range(1 + len(found) // 1000):  # a page of a listing has 1,000 names
            self._wait()
        return found

    def pipe_file(self, path: str, *args: Any, **kwargs: Any) -> None:
        """See fsspec."""
        self._wait()
        super().pipe_file(path, *args, **kwargs)


def write_run(folder: Path, spec: synthetic.Spec) -> None:
    """Writes a session as one at a URL is written: in files of `FILE_BYTES`."""
    writer = LogWriter(folder, session=spec.session, file_bytes=FILE_BYTES)
    for number, record in enumerate(synthetic.records(spec)):
        writer.write(record)
        if number % 50 == 0:
            writer.flush()
    writer.close()


def measure(what: str, work: Callable[[], object], total: int) -> None:
    """Prints what some work takes."""
    SlowMemory.requests = SlowMemory.read_bytes = 0
    begin = time.perf_counter()
    work()
    took = time.perf_counter() - begin
    fetched = f"{SlowMemory.read_bytes / 2**20:,.1f} of {total / 2**20:,.1f} MB"
    print(f"| {what} | {took:.2f} s | {SlowMemory.requests} | {fetched} |", flush=True)


def put(folder: Path, url: str) -> int:
    """Uploads a folder as `tb-inputdiag sync` does; returns its size in bytes."""
    assert main(["sync", str(folder), url]) == 0
    return sum(path.stat().st_size for path in folder.rglob("*.inputdiag"))


def run(samples: int, runs: int) -> None:
    fsspec.register_implementation("slowmemory", SlowMemory, clobber=True)
    with tempfile.TemporaryDirectory() as top:
        page = os.path.join(top, "report.html")
        long = Path(top, "long")
        write_run(long, synthetic.Spec(**{**vars(_LONG), "samples": samples}))
        short = Path(top, "short")
        write_run(short, _SHORT)
        long_bytes = put(long, "slowmemory://bucket/long")
        short_bytes = sum(put(short, f"slowmemory://bucket/runs/run-{number:02}") for number in range(runs))
        files = len(list(long.rglob("*.inputdiag")))
        print(f"\nthe long run: {samples} samples, {long_bytes / 2**20:.1f} MB in {files} files")
        print("| | measured | requests | fetched |\n|---|---:|---:|---:|")
        measure(
            "`report` of the long run", lambda: main(["report", "slowmemory://bucket/long", "-o", page]), long_bytes
        )
        measure("`summary` of the long run", lambda: main(["summary", "slowmemory://bucket/long"]), long_bytes)
        measure("`check` of the long run", lambda: main(["check", "slowmemory://bucket/long"]), long_bytes)
        measure(
            "one mean over the long run",
            lambda: tb_inputdiag.read("slowmemory://bucket/long").run.inputs["image"].mean.values,
            long_bytes,
        )
        measure(f"`summary` of {runs} runs", lambda: main(["summary", "slowmemory://bucket/runs"]), short_bytes)
        for path in fsspec.filesystem("slowmemory").store.copy():
            if path.endswith("-outline") and "/runs/" in path:
                del MemoryFileSystem.store[path]
        measure(
            f"`summary` of {runs} runs without outlines",
            lambda: main(["summary", "slowmemory://bucket/runs"]),
            short_bytes,
        )
        local = time.perf_counter()
        main(["report", str(long), "-o", page])
        print(f"\n`report` of the long run from a local disk: {time.perf_counter() - local:.2f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=_LONG.samples)
    parser.add_argument("--runs", type=int, default=_RUNS)
    options = parser.parse_args()
    run(options.samples, options.runs)
