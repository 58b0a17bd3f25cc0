"""The rows of the matrix of modes, and the register behind the table of modes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import pytest
from numpy.typing import NDArray

from tb_inputdiag.records import Layout, ModelFacts, Record, Sample

BACKENDS = ("tensorflow", "jax", "torch")
"""Those of Keras that the matrix runs on."""
NOT_TORCH = ("tensorflow", "jax")
"""For what Keras refuses on PyTorch, such as `steps_per_execution`, and what takes PyTorch's compiler minutes."""

Arrays = Mapping[str, Any]
"""``role:name`` -> the array of one batch, as the training step receives it."""

EVERYTHING = frozenset({"inputs", "targets", "outputs", "entry", "gradients", "layers", "loss"})
"""What a training step can show. ``entry``: the data as the first trainable layer reads it."""


@dataclass(frozen=True)
class Seen:
    """What a recorded run left behind."""

    records: Sequence[Record]
    log_dir: str
    callback: Any
    model: Any
    warnings: tuple[str, ...] = ()

    def of(self, kind: type[Any]) -> list[Any]:
        """Returns the records of a type, in order."""
        return [r for r in self.records if isinstance(r, kind)]

    @property
    def layouts(self) -> dict[int, Layout]:
        """Layouts by id."""
        return {layout.id: layout for layout in self.of(Layout)}

    @property
    def facts(self) -> ModelFacts:
        """The model's facts as of the end."""
        found: ModelFacts = self.of(ModelFacts)[-1]
        return found

    def samples(self, split: str = "train") -> list[Sample]:
        """Returns the samples of a split, in order."""
        return [s for s in self.of(Sample) if s.split == split]

    def gradient_norms(self, sample: Sample) -> dict[str, float]:
        """Returns weight name -> norm of its gradient in a sample."""
        assert sample.weights is not None
        names = self.layouts[sample.layout].weights
        return dict(zip(names, sample.weights.gradient_norm.tolist(), strict=True))


@dataclass(frozen=True)
class Row:
    """One way to train. It runs with and without the callback, and must have the same result.

    Attributes:
        id: Unique; names the test.
        group: Heading in the table of modes.
        mode: What the table of modes calls it.
        build: Makes the compiled model; called right after seeding.
        fit: Trains it with these callbacks, without shuffling; returns Keras' history.
        batches: Makes the batches of the training steps, in order; None if another row tests them.
        sees: What a training sample must show, exactly.
        note: Remark in the table of modes, mainly where something is not seen.
        expect: Asserts what else must hold.
        every: Sampling interval.
        steps: Training steps that the log must account for.
        on: The backends of Keras that it is for.
        gradients: Makes weight name -> norm of the gradient of the first step, from the model as built.
    """

    id: str
    group: str
    mode: str
    build: Callable[[], Any]
    fit: Callable[[Any, list[Any]], Mapping[str, Any]]
    batches: Callable[[], list[Arrays]] | None = None
    sees: frozenset[str] = EVERYTHING
    note: str = ""
    expect: Callable[[Seen], None] | None = None
    every: int = 2
    steps: int | None = None
    gradients: Callable[[Any], Mapping[str, float]] | None = None
    splits: frozenset[str] = frozenset({"train"})
    on: tuple[str, ...] = BACKENDS


@dataclass(frozen=True)
class Mode:
    """A row of the table of modes that has a test of its own."""

    group: str
    mode: str
    sees: frozenset[str]
    note: str
    module: str
    """That of the test."""
    on: tuple[str, ...]
    """The backends of Keras that the test is for."""


MODES: list[Mode] = []
_Test = TypeVar("_Test", bound=Callable[..., Any])


def mode(
    group: str, title: str, note: str = "", sees: frozenset[str] = EVERYTHING, on: tuple[str, ...] = ("tensorflow",)
) -> Callable[[_Test], _Test]:
    """Puts a mode into the table.

    Args:
        group: Its heading.
        title: What the table calls it.
        note: Remark.
        sees: What is seen.
        on: The backends on which the decorated test backs it.
    """

    def register(test: _Test) -> _Test:
        MODES.append(Mode(group, title, sees, note, test.__module__, on))
        marked: _Test = pytest.mark.backends(*on)(test)
        return marked

    return register


def dense(shape: Sequence[int], seed: int = 0, scale: float = 1.0) -> NDArray[np.float32]:
    """Returns normal float32 numbers."""
    return (scale * np.random.default_rng(seed).normal(size=shape)).astype(np.float32)


def labels(n: int, classes: int, seed: int = 1) -> NDArray[np.int64]:
    """Returns class ids."""
    return np.random.default_rng(seed).integers(0, classes, n)


def split(arrays: Mapping[str, Any], batch_size: int) -> list[Arrays]:
    """Cuts arrays of the same length into batches, the last one as long as what is left."""
    n = len(next(iter(arrays.values())))
    return [{k: v[i : i + batch_size] for k, v in arrays.items()} for i in range(0, n, batch_size)]
