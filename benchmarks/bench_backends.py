"""Whether the programs of the corpus get the same first alert on each backend of Keras.

::

    python -m benchmarks.bench_backends                    # 20 programs, on each backend
    python -m benchmarks.bench_backends --sample 60        # more of them
    python -m benchmarks.bench_backends --broken           # only programs with a fault
    python -m benchmarks.bench_backends NAME ...           # ids, patterns, topics or rules
    python -m benchmarks.bench_backends --keep FILE        # go on where a run with this file ended
    python -m benchmarks.bench_backends --write            # and put the table into docs/corpus.md

Only programs that use nothing of TensorFlow take part. A backend has a process of its own.

Backends draw other initial weights from the same seed. So a difference may be no more than that of another seed. As a
control, TensorFlow judges every program with a second seed. Where backends differ, each of them judges the program with
two more seeds: if one alert comes first on all of them with some seed, the seed explains the difference.
"""

from __future__ import annotations

import argparse
import hashlib
import inspect
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests.corpus.harness import PROGRAMS, Program, Variation, load, select
from tests.corpus.runner import run
from tests.corpus.waves import Unread
from tools.pages import put

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "corpus.md"
BACKENDS = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
NOTHING = "-"
MARK = "python -m benchmarks.bench_backends --write"
SEEDS = (0, 1, 2)
"""The first one is that of the comparison, and the second that of the control."""
GOAL = 0.95
"""Part of the programs whose first alert has to be the same, or has to differ by the seed only."""
_CHUNK = 10
"""Programs that one backend runs before the next one has its turn."""


class Job(NamedTuple):
    """One run of a program."""

    backend: str
    seed: int
    program: str


class Answer(NamedTuple):
    """What came of a run."""

    first: str
    """The rule of the first alert, or a dash; a trouble of the callback, or an exit code."""
    seconds: float


Answers = dict[Job, Answer]


def chosen(names: Sequence[str], sample: int, only_broken: bool = False) -> list[str]:
    """Returns the ids of programs that use nothing of TensorFlow, in the order of a hash: random, but always the same.

    Args:
        names: Ids, patterns, topics or rules; without any, all programs.
        sample: Without names, how many to take.
        only_broken: Whether to leave out healthy programs.
    """
    load()
    neutral = [p for p in select(names) if is_neutral(_source(p)) and not (only_broken and p.healthy)]
    found = sorted((program.id for program in neutral), key=lambda name: hashlib.sha256(name.encode()).digest())
    return found if names else found[:sample]


def is_neutral(source: str) -> bool:
    """Returns whether the source of a program uses nothing of TensorFlow."""
    return "tf." not in source and "tensorflow" not in source


def _source(program: Program) -> str:
    """Returns the source of a program, with the functions and classes of its module that it uses."""
    written = next((part for part in program.run.__defaults__ or () if isinstance(part, Unread)), None)
    if written is not None:
        return written.path.read_text(encoding="utf-8")
    module = inspect.getmodule(program.run)
    own = {name: part for name, part in vars(module).items() if getattr(part, "__module__", "") == module.__name__}
    found = {program.run.__name__: _text_of(program.run)}
    while new := {word for text in found.values() for word in re.findall(r"\w+", text)} & own.keys() - found.keys():
        found |= {name: _text_of(own[name]) for name in new}
    return "\n".join(found.values())


# `inspect` parses a class's whole module each time
_text_of = cache(inspect.getsource)


# -- runs -------------------------------------------------------------------------------------------


def child(seed: int, ids: Sequence[str]) -> None:
    """Prints id, first alert and seconds of each program, as JSON, on the backend of this process."""
    import keras

    load()
    plain = keras.utils.set_random_seed
    # programs that set their seed themselves get another one, too
    keras.utils.set_random_seed = lambda own: plain(own + seed)
    for program_id in ids:
        outcome = run(PROGRAMS[program_id], Variation(seed))
        print(json.dumps([program_id, outcome.trouble or outcome.first or NOTHING, outcome.seconds]), flush=True)


class Runs:
    """Runs programs, and keeps their answers.

    Args:
        keep: A file that every answer is added to, and that answers of an earlier run are read from.
    """

    def __init__(self, keep: Path) -> None:
        self.answers: Answers = {}
        self._keep = keep
        if keep.exists():
            for line in keep.read_text(encoding="utf-8").splitlines():
                backend, seed, program, first, seconds = json.loads(line)
                self.answers[Job(backend, seed, program)] = Answer(first, seconds)

    def run(self, backend: str, seed: int, ids: Iterable[str]) -> None:
        """Runs programs whose answers are not known yet, and prints each answer as it comes.

        A program that ends its process is named as such, and the rest run in another one.
        """
        while left := [i for i in ids if Job(backend, seed, i) not in self.answers]:
            code = self._child(backend, seed, left)
            unfinished = [i for i in left if Job(backend, seed, i) not in self.answers]
            if unfinished:
                self._add(Job(backend, seed, unfinished[0]), Answer(f"exit code {code}", 0.0))

    def _child(self, backend: str, seed: int, ids: Sequence[str]) -> int:
        with subprocess.Popen(
            [sys.executable, "-m", "benchmarks.bench_backends", "--child", str(seed), *ids],
            cwd=ROOT,
            env={**os.environ, "KERAS_BACKEND": backend, "CUDA_VISIBLE_DEVICES": "-1"},
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if line.startswith('["'):
                    program, first, seconds = json.loads(line)
                    self._add(Job(backend, seed, program), Answer(first, seconds))
        return process.returncode

    def _add(self, job: Job, answer: Answer) -> None:
        self.answers[job] = answer
        with self._keep.open("a", encoding="utf-8") as file:
            file.write(json.dumps([*job, *answer]) + "\n")
        name = f"{job.backend} {job.seed}"
        print(f"{name:<13}{job.program:<50} {answer.seconds:5.1f} s  {answer.first}", file=sys.stderr, flush=True)


def run_all(runs: Runs, ids: Sequence[str]) -> None:
    """Runs programs on each backend, a few at a time, with the control, and with more seeds where backends differ.

    So whatever has run when somebody stops it is a sample, too: `--keep` has its answers, and a smaller `--sample`
    reports them.
    """
    for begin in range(0, len(ids), _CHUNK):
        chunk = ids[begin : begin + _CHUNK]
        for backend in BACKENDS:
            runs.run(backend, SEEDS[0], chunk)
        differing = [program for program in chunk if len(set(first_alerts(runs.answers, program))) > 1]
        runs.run("tensorflow", SEEDS[1], chunk)
        for seed in SEEDS[1:]:
            for backend in BACKENDS:
                runs.run(backend, seed, differing)


# -- the table --------------------------------------------------------------------------------------


def first_alerts(answers: Mapping[Job, Answer], program: str, seed: int = SEEDS[0]) -> list[str]:
    """Returns the first alert of a program on each backend."""
    return [answers[Job(backend, seed, program)].first for backend in BACKENDS]


def is_by_seed(answers: Mapping[Job, Answer], program: str) -> bool:
    """Returns whether there is an alert that comes first on all backends, each with some seed."""
    return bool(set.intersection(*(_seen(answers, backend, program) for backend in BACKENDS)))


def _seen(answers: Mapping[Job, Answer], backend: str, program: str) -> set[str]:
    jobs = (Job(backend, seed, program) for seed in SEEDS)
    return {answers[job].first for job in jobs if job in answers}


def report(answers: Mapping[Job, Answer], ids: Sequence[str]) -> str:
    """Returns the result with the table of differences, as Markdown.

    Args:
        answers: What `run_all` found.
        ids: The programs, all of them with answers.
    """
    differ = sorted(i for i in ids if len(set(first_alerts(answers, i))) > 1)
    by_seed = sum(is_by_seed(answers, i) for i in differ)
    control = sum(
        answers[Job("tensorflow", SEEDS[0], i)].first != answers[Job("tensorflow", SEEDS[1], i)].first for i in ids
    )
    broken = sum(not PROGRAMS[i].healthy for i in ids)
    text = (
        f"{date.today():%Y-%m-%d}: {len(ids)} programs that use nothing of TensorFlow, {broken} of them broken. "
        f"{len(ids) - len(differ)} have the same first alert, or none, on TensorFlow, JAX and PyTorch with the same "
        f"seed. {len(differ)} differ, {by_seed} of them by the seed only. As a control, {control} programs differ "
        f"between two seeds on TensorFlow alone."
    )
    if not differ:
        return text
    head = ["program", *BACKENDS.values(), "by the seed only"]
    rows = [[i, *(_cell(answers, backend, i) for backend in BACKENDS), _yes(is_by_seed(answers, i))] for i in differ]
    lines = [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]
    return "\n".join([text, "", "The first alert with the seeds 0, 1 and 2, once if it is the same:", "", *lines])


def _cell(answers: Mapping[Job, Answer], backend: str, program: str) -> str:
    jobs = (Job(backend, seed, program) for seed in SEEDS)
    found = [answers[job].first for job in jobs if job in answers]
    return ", ".join(found[:1] if len(set(found)) == 1 else found)


def _yes(is_true: bool) -> str:
    return "yes" if is_true else "no"


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 1 if fewer than 95 % of the programs have the same first alert on all backends, or one by the seed."""
    description = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bench_backends", description=description)
    parser.add_argument("names", nargs="*", help="ids, patterns, topics or rules; a sample by default")
    parser.add_argument("--sample", type=int, default=20, help="how many programs")
    parser.add_argument("--broken", action="store_true", help="only programs with a fault")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="where answers are kept, and taken from")
    parser.add_argument("--write", action="store_true", help="put the table into docs/corpus.md")
    parser.add_argument("--child", type=int, metavar="SEED", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child is not None:
        child(options.child, options.names)
        return 0
    ids = chosen(options.names, options.sample, options.broken)
    with tempfile.TemporaryDirectory() as folder:
        runs = Runs(options.keep or Path(folder) / "answers.jsonl")
        run_all(runs, ids)
    text = report(runs.answers, ids)
    print(text)
    if options.write:
        put(PAGE, MARK, text)
    different = [i for i in ids if len(set(first_alerts(runs.answers, i))) > 1]
    unexplained = sum(not is_by_seed(runs.answers, i) for i in different)
    return int(len(ids) - unexplained < GOAL * len(ids))


if __name__ == "__main__":
    raise SystemExit(main())
