"""`history.jsonl`: a line for each run of a benchmark, with all that is needed to compare it with another one."""

from __future__ import annotations

import datetime
import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path

__all__ = ["HISTORY", "Entry", "append", "begin_entry", "newest", "read_history"]

ROOT = Path(__file__).parent.parent
HISTORY = Path(__file__).parent / "history.jsonl"
_PACKAGES = {
    "tensorflow": ("tensorflow", "tensorflow-cpu"),
    "jax": ("jax",),
    "torch": ("torch",),
}
"""Backend -> names of the distributions that may have it."""

Numbers = dict[str, float | list[float]]


@dataclass
class Entry:
    """One run of `bench_overhead`.

    Attributes:
        date: When it began, UTC: ``2026-11-27T10:00:00``.
        commit: The commit's full hash; empty outside of a clone.
        dirty: Whether files differed from the commit.
        backend: Keras' backend.
        machine: The processor's name, cores, memory in GB, and the load average when it began.
        versions: Of Python and packages.
        minutes: How long it took.
        groups: Processes of each column.
        workloads: Workload -> column -> what was measured. `wall` and `cpu` are ratios to the process without a
            callback, each with the ends of its interval.
        growth: Case -> milliseconds of a step, and what a sampled step adds.
        other: Numbers of the package as a whole.
    """

    date: str
    commit: str
    dirty: bool
    backend: str
    machine: dict[str, str | float]
    versions: dict[str, str]
    minutes: float = 0.0
    groups: int = 0
    workloads: dict[str, dict[str, Numbers]] = field(default_factory=dict)
    growth: dict[str, list[float]] = field(default_factory=dict)
    other: dict[str, float] = field(default_factory=dict)


def begin_entry(backend: str) -> Entry:
    """Returns an entry of this commit on this machine, without results."""
    return Entry(
        date=datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S"),
        commit=_git("rev-parse", "HEAD"),
        dirty=bool(_git("status", "--porcelain", "--untracked-files=no")),
        backend=backend,
        machine=_machine(),
        versions=_versions(backend),
    )


def append(entry: Entry, path: Path = HISTORY) -> None:
    """Adds a line to a history."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(_rounded(asdict(entry)), allow_nan=False, separators=(",", ":")) + "\n")


def read_history(path: Path = HISTORY) -> list[Entry]:
    """Returns all entries of a history, oldest first; none if there is no such file."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    return sorted((Entry(**json.loads(line)) for line in lines if line), key=lambda entry: entry.date)


def newest(entries: Sequence[Entry], backend: str, workloads: Sequence[str], columns: Sequence[str]) -> Entry | None:
    """Returns the newest entry of a backend that has all of some columns of all of some workloads."""
    fitting = [
        entry
        for entry in entries
        if entry.backend == backend and all(set(columns) <= set(entry.workloads.get(name, ())) for name in workloads)
    ]
    return fitting[-1] if fitting else None


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def _machine() -> dict[str, str | float]:
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line for line in info.read_text(encoding="utf-8").splitlines() if line.startswith("model name")]
        cpu = names[0].partition(":")[2].strip() if names else cpu
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {"cpu": cpu, "cores": os.cpu_count() or 0, "memory_gb": memory, "load": os.getloadavg()[0]}


def _versions(backend: str) -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name, distributions in {**{n: (n,) for n in ("tb-inputdiag", "keras", "numpy")}, **_pick(backend)}.items():
        for distribution in distributions:
            try:
                found[name] = metadata.version(distribution)
                break
            except metadata.PackageNotFoundError:
                continue
    return found


def _pick(backend: str) -> Mapping[str, tuple[str, ...]]:
    return {backend: _PACKAGES[backend]}


def _rounded(value: object) -> object:
    """Returns a JSON value with five digits that count, and null for numbers that are not finite."""
    match value:
        case float():
            return None if value != value or value in (float("inf"), float("-inf")) else float(f"{value:.5g}")
        case dict():
            return {key: _rounded(item) for key, item in value.items()}
        case list() | tuple():
            return [_rounded(item) for item in value]
        case _:
            return value
