"""What a program of the corpus is, and the register that holds them all."""

from __future__ import annotations

import fnmatch
import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import keras
import numpy as np

from tests.corpus.waves import Unread, expected_rules, unread

__all__ = ["PROGRAMS", "WANTED", "Program", "Trial", "Variation", "broken", "healthy", "load", "scale_row", "select"]


@dataclass(frozen=True)
class Variation:
    """How a run of a program differs from the way it is written."""

    seed: int = 0
    batch_factor: float = 1.0
    """Multiplies every batch size that the program leaves open."""
    optimizer: str = ""
    """Replaces an optimizer of the same kind where the program leaves it open; empty: as written."""

    def __str__(self) -> str:
        parts = [f"seed {self.seed}"]
        if self.batch_factor != 1:
            parts.append(f"batch x{self.batch_factor:g}")
        if self.optimizer:
            parts.append(self.optimizer)
        return ", ".join(parts)


_ADAPTIVE = ("adam", "rmsprop", "nadam", "adamw")
_PLAIN = ("sgd", "momentum")


@dataclass
class Trial:
    """What a program receives: its randomness, and the callbacks that record it.

    Programs make data from `rng`, leave the batch size to `batch`, and give `callbacks` to `fit`.
    """

    variation: Variation = field(default_factory=Variation)
    callbacks: list[keras.callbacks.Callback] = field(default_factory=list)

    @property
    def seed(self) -> int:
        """The seed of this run."""
        return self.variation.seed

    @cached_property
    def rng(self) -> np.random.Generator:
        """The generator that all of the program's data come from."""
        return np.random.default_rng(1000 + self.variation.seed)

    def batch(self, size: int) -> int:
        """Returns a batch size that variations may change."""
        return max(1, int(size * self.variation.batch_factor))

    def optimizer(self, name: str = "adam", learning_rate: float = 1e-3, **settings: Any) -> keras.optimizers.Optimizer:
        """Returns an optimizer that variations may change for one of its kind."""
        other = self.variation.optimizer
        if (name in _ADAPTIVE and other in _ADAPTIVE) or (name in _PLAIN and other in _PLAIN):
            if name == "sgd" and other == "momentum":
                learning_rate = learning_rate / 10  # 1 / (1 - 0.9): the same effective step
            name = other
        if name == "momentum":
            return keras.optimizers.SGD(learning_rate, momentum=0.9, **settings)
        kinds = {
            "adam": keras.optimizers.Adam,
            "rmsprop": keras.optimizers.RMSprop,
            "nadam": keras.optimizers.Nadam,
            "adamw": keras.optimizers.AdamW,
            "sgd": keras.optimizers.SGD,
        }
        return kinds[name](learning_rate, **settings)

    @cached_property
    def folder(self) -> Path:
        """A temporary folder for programs that read files."""
        return Path(mkdtemp(prefix="corpus-"))


@dataclass(frozen=True)
class Program:
    """One training program and the alerts that it should get."""

    id: str
    title: str
    run: Callable[[Trial], None]
    topic: str
    """The module that it is written in."""
    expect: tuple[str, ...] = ()
    """Empty: healthy. Else the rules that may be the first alert: several where the fault has two right names."""
    welcome: tuple[str, ...] = ()
    """INFOs that a healthy program deserves."""
    slow: bool = False
    """Takes long to trace: left out unless asked for."""
    raises: bool = False
    """`fit` raises."""
    steady: bool = False
    """Healthy although its loss need not fall: converged, adversarial, or a few steps only."""
    source: str = ""
    """The thread or question that the fault is taken from."""
    row: str = ""
    """The row of the scale table that it stands for."""
    varies: bool = True
    """Whether other seeds, batch sizes and optimizers leave the fault what it is."""

    @property
    def healthy(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.expect


PROGRAMS: dict[str, Program] = {}

WANTED = frozenset(["none-fits"])
"""What programs name where no rule fits their fault. The fault of such a program counts as not found."""

_Run = Callable[[Trial], None]


def _register(run: _Run, **fields: Any) -> _Run:
    program_id = run.__name__.replace("_", "-")
    title = (run.__doc__ or "").strip().partition("\n")[0].rstrip(".")
    if not title:
        raise ValueError(f"Program {program_id!r} needs a docstring: what it is, and what is wrong with it.")
    if program_id in PROGRAMS:
        raise ValueError(f"There are two programs {program_id!r}.")
    topic = run.__module__.rpartition(".")[2]
    PROGRAMS[program_id] = Program(id=program_id, title=title, run=run, topic=topic, **fields)
    return run


def broken(*expect: str, **fields: Any) -> Callable[[_Run], _Run]:
    """Registers a program with one planted fault, whose first alert must be one of the rules `expect`."""
    if not expect:
        raise ValueError("A broken program needs the id of the rule that must speak first.")
    return lambda run: _register(run, expect=expect, **fields)


def healthy(**fields: Any) -> Callable[[_Run], _Run]:
    """Registers a program about which there is nothing to warn."""
    return lambda run: _register(run, **fields)


def scale_row(row: str, *expect: str, **fields: Any) -> Callable[[_Run], _Run]:
    """Registers a program that stands for a row of the scale table; without `expect` it is a healthy one."""
    return lambda run: _register(run, row=row, expect=expect, **fields)


def load() -> dict[str, Program]:
    """Imports every module of programs and returns the register."""
    from tests.corpus import programs

    for module in sorted(info.name for info in pkgutil.iter_modules(programs.__path__)):
        importlib.import_module(f"{programs.__name__}.{module}")
    for item in unread():

        def train(trial: Trial, item: Unread = item) -> None:
            item.run(trial.callbacks)

        title = item.docstring.partition("\n")[0].rstrip(".")
        expect = expected_rules(item)
        PROGRAMS[item.id] = Program(
            item.id, title, train, item.topic, expect, raises=item.raises, steady=item.healthy, varies=False
        )
    return PROGRAMS


def select(names: Sequence[str] = (), *, slow: bool = False) -> list[Program]:
    """Returns the programs with these ids, patterns or topics; without names all, the slow ones only if asked for.

    Raises:
        ValueError: if a name stands for nothing.
    """
    found = {
        name: [p for p in PROGRAMS.values() if fnmatch.fnmatch(p.id, name) or p.topic == name or name in p.expect]
        for name in names
    }
    for name, programs in found.items():
        if not programs:
            raise ValueError(f"{name!r} is not an id, pattern, topic or expected rule of a program.")
    if names:
        return list({p.id: p for programs in found.values() for p in programs}.values())
    return [p for p in PROGRAMS.values() if slow or not p.slow]
