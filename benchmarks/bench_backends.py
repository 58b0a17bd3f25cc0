"""Whether the programs of the corpus get the same first alert on each backend of Keras.

::

    python -m benchmarks.bench_backends                    # a sample of 20 programs, on each backend
    python -m benchmarks.bench_backends --sample 60        # a larger one
    python -m benchmarks.bench_backends NAME ...           # ids, patterns, topics or rules
    python -m benchmarks.bench_backends --write            # and put the table into docs/corpus.md

Only programs that use nothing of TensorFlow take part. A backend has a process of its own.
"""

from __future__ import annotations

import argparse
import inspect
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from tests.corpus.harness import PROGRAMS, Program, load, select
from tests.corpus.runner import run
from tests.corpus.waves import Unread
from tools.pages import put

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "corpus.md"
BACKENDS = ("tensorflow", "jax", "torch")
NOTHING = "-"
MARK = "python -m benchmarks.bench_backends --write"


def chosen(names: Sequence[str], sample: int) -> list[str]:
    """Returns the ids of programs that use nothing of TensorFlow.

    Args:
        names: Ids, patterns, topics or rules; without any, all programs.
        sample: Without names, how many to take, evenly over the corpus.
    """
    load()
    found = sorted(program.id for program in select(names) if is_neutral(_source(program)))
    return found if names else found[:: max(1, -(-len(found) // sample))]


def is_neutral(source: str) -> bool:
    """Returns whether the source of a program uses nothing of TensorFlow."""
    return "tf." not in source and "tensorflow" not in source


def _source(program: Program) -> str:
    written = next((part for part in program.run.__defaults__ or () if isinstance(part, Unread)), None)
    return inspect.getsource(program.run) if written is None else written.path.read_text(encoding="utf-8")


def child(ids: Sequence[str]) -> None:
    """Prints id and first alert of each program, as JSON, on the backend of this process."""
    load()
    for program_id in ids:
        outcome = run(PROGRAMS[program_id])
        print(json.dumps([program_id, outcome.trouble or outcome.first or NOTHING]), flush=True)


def first_alerts(backend: str, ids: Sequence[str]) -> dict[str, str]:
    """Returns program -> first alert on a backend, and prints each as it comes.

    A program that ends its process is named as such, and the rest run in another one.
    """
    found: dict[str, str] = {}
    while left := [program_id for program_id in ids if program_id not in found]:
        with subprocess.Popen(
            [sys.executable, "-m", "benchmarks.bench_backends", "--child", *left],
            cwd=ROOT,
            env={**os.environ, "KERAS_BACKEND": backend, "CUDA_VISIBLE_DEVICES": "-1"},
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if line.startswith('["'):
                    program_id, alert = json.loads(line)
                    found[program_id] = alert
                    print(f"{backend:<10} {program_id:<40} {alert}", file=sys.stderr, flush=True)
        if unfinished := [program_id for program_id in left if program_id not in found]:
            found[unfinished[0]] = f"exit code {process.returncode}"
    return found


def report(found: Mapping[str, Mapping[str, str]]) -> str:
    """Returns the table of differences as Markdown.

    Args:
        found: Backend -> program -> first alert.
    """
    ids = sorted(found[BACKENDS[0]])
    differ = [i for i in ids if len({found[backend].get(i) for backend in BACKENDS}) > 1]
    same = len(ids) - len(differ)
    text = (
        f"{date.today():%Y-%m-%d}: {same} of {len(ids)} programs that use nothing of TensorFlow have the same first "
        f"alert, or none, on TensorFlow, JAX and PyTorch."
    )
    if not differ:
        return text
    rows = ["| " + " | ".join([i, *(found[backend].get(i, "failed") for backend in BACKENDS)]) + " |" for i in differ]
    return "\n".join([text, "", "| program | TensorFlow | JAX | PyTorch |", "|---|---|---|---|", *rows])


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 1 if fewer than 95 % of the programs have the same first alert on all backends."""
    description = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_backends", description=description)
    parser.add_argument("names", nargs="*", help="ids, patterns, topics or rules; a sample by default")
    parser.add_argument("--sample", type=int, default=20, help="how many programs")
    parser.add_argument("--write", action="store_true", help="put the table into docs/corpus.md")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child:
        child(options.names)
        return 0
    ids = chosen(options.names, options.sample)
    found = {backend: first_alerts(backend, ids) for backend in BACKENDS}
    text = report(found)
    print(text)
    if options.write:
        put(PAGE, MARK, text)
    return int(sum(len({found[b].get(i) for b in BACKENDS}) == 1 for i in ids) < 0.95 * len(ids))


if __name__ == "__main__":
    raise SystemExit(main())
