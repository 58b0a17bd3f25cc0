"""Makes all figures of README.md and docs/ anew, on the commit that is checked out: ``make figures``.

::

    python -m tools.figures --list            # what there is, and how long each takes
    python -m tools.figures overhead reader   # some of them

Each writes between the marks of its page. tests/test_figures.py fails if a figure is older than the release.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from dataclasses import dataclass

from tools.pages import ROOT

__all__ = ["FIGURES", "Figure"]


@dataclass(frozen=True)
class Figure:
    """What makes some of the figures.

    Attributes:
        name: For the command line.
        minutes: How long it takes on two slow cores, about.
        modules: What ``python -m`` runs, one after the other, each with its arguments.
        marks: The commands in the marks of the parts that it writes.
    """

    name: str
    minutes: int
    modules: tuple[str, ...]
    marks: tuple[str, ...]


FIGURES = (
    Figure(
        "overhead",
        30,
        ("benchmarks.bench_overhead --growth", "benchmarks.overhead_pages"),
        ("python -m benchmarks.overhead_pages", "python -m benchmarks.overhead_pages (growth)"),
    ),
    Figure(
        "overhead-backends",
        24,
        (
            "benchmarks.bench_overhead --backend jax",
            "benchmarks.bench_overhead --backend torch",
            "benchmarks.overhead_pages",
        ),
        ("python -m benchmarks.overhead_pages (jax)", "python -m benchmarks.overhead_pages (torch)"),
    ),
    Figure("reader", 3, ("benchmarks.bench_reader --docs",), ("python -m benchmarks.bench_reader --docs",)),
    Figure("rules", 60, ("benchmarks.bench_rules --write",), ("python -m benchmarks.bench_rules --write",)),
    Figure("backends", 60, ("benchmarks.bench_backends --write",), ("python -m benchmarks.bench_backends --write",)),
    Figure("dashboard", 10, ("benchmarks.bench_dashboard --write",), ("python -m benchmarks.bench_dashboard --write",)),
    Figure("soak", 11, ("benchmarks.bench_soak --write",), ("python -m benchmarks.bench_soak --write",)),
    Figure("faults", 15, ("tests.faults",), ("python -m tests.faults",)),
    Figure("versions", 60, ("nox", "tests.versions"), ("python -m tests.versions",)),
)


def main() -> int:
    """Runs what was asked for; returns 1 if any of it failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="FIGURE", help="default: all")
    parser.add_argument("--list", action="store_true", help="only show them")
    options = parser.parse_args()
    known = {figure.name: figure for figure in FIGURES}
    if unknown := set(options.names) - set(known):
        parser.error(f"no such figure: {', '.join(sorted(unknown))}. There are {', '.join(known)}.")
    if options.list:
        for figure in FIGURES:
            print(
                f"{figure.name:17} about {figure.minutes:2} minutes: python -m {' && python -m '.join(figure.modules)}"
            )
        return 0
    failed = []
    for name in options.names or known:
        begin = time.monotonic()
        # a table is written even if something in it missed its limit: the next command runs in any case
        codes = [
            subprocess.run([sys.executable, "-m", *module.split()], cwd=ROOT, env=os.environ, check=False).returncode
            for module in known[name].modules
        ]
        print(f"{name}: {'failed' if any(codes) else 'ok'}, {(time.monotonic() - begin) / 60:.0f} minutes", flush=True)
        failed += [name] * any(codes)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
