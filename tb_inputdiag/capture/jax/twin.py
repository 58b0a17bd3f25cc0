"""The twin of a function that JAX runs: a sampled execution runs a shadow of the step, and then the step itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import chain
from typing import Any, NamedTuple

import jax
import keras
import numpy as np

from tb_inputdiag.capture import keras_internals
from tb_inputdiag.capture.batches import batch_tensors
from tb_inputdiag.capture.jax.reader import JaxReader, kind_of
from tb_inputdiag.capture.jax.shadow import Results, Shadow, State
from tb_inputdiag.capture.jax.trace import JaxTrace
from tb_inputdiag.capture.twin import CountedBatches, Executed, KeptBatch, ObservingTwin, Reading, StepRows
from tb_inputdiag.records import Split
from tb_inputdiag.statistics import step as step_scalars
from tb_inputdiag.statistics.program import Program

__all__ = ["JaxTwin"]

_MOST_SHADOWS = 8
"""Shapes of batches for which a shadow is compiled. Batches of further shapes are not sampled."""
_REST = "A smaller last batch is not sampled on JAX: it would take another compilation."


class _SeenStep(NamedTuple):
    """One step that was shadowed."""

    shadow: Shadow
    results: Results


class JaxTwin(ObservingTwin):
    """Stands in for a function of a model that takes ``(state, iterator)`` and returns ``(logs, state)``.

    Args:
        model: A compiled Keras model.
        split: Which of its functions.
        images: Examples to keep thumbnails of.
        keeps_batches: Whether batches with values that are not finite are kept.
        workers: Processes that train together.
    """

    def __init__(self, model: keras.Model, split: Split, images: int, keeps_batches: bool, workers: int) -> None:
        # a process cannot read what the others hold
        super().__init__(model, split, images, keeps_batches and workers == 1, workers)
        self.state: State | None = None
        """The newest state of the variables. Keras hands it to the next step, which may use its memory."""
        self._traced_s = 0.0

    @property
    def is_traced(self) -> bool:
        """Whether there is a shadow."""
        return bool(self._shadows)

    def forget(self) -> None:
        """Drops the shadows."""
        super().forget()
        self._shadows: dict[Any, Shadow] = {}

    # -- running -----------------------------------------------------------------------------------

    def expected_steps(self, args: tuple[Any, ...]) -> int:
        """Returns how many batches an execution takes at most."""
        self.state = args[0]
        return self.steps_per_execution

    def run_plain(self, args: tuple[Any, ...], expected: int) -> Executed:
        """Runs the model's own function."""
        state, iterator = args
        if expected == 1:
            result = self.plain(state, iterator)
            self.state = result[1]
            return Executed(result, result[0], 1)
        counted = CountedBatches(iterator)
        result = self.plain(state, counted)
        self.state = result[1]
        return Executed(result, result[0], counted.n)

    def run_probed(self, args: tuple[Any, ...], expected: int, begin: float) -> Executed:
        """Runs the shadow of each step, and after it the model's own function for this step alone."""
        state, iterator = args
        if self.split == "predict":
            return self._run_first_probed(state, iterator, expected)
        self._traced_s = 0.0
        seen: list[_SeenStep] = []
        result, steps = None, 0
        for batch in _at_most(iterator, expected):
            seen += self._shadowed(state, batch)
            result = self.plain(state, iter((batch,)))
            state = self.state = result[1]
            steps += 1
        if result is None:
            raise StopIteration
        return Executed(result, result[0], steps, self._reading(seen if len(seen) == steps else []))

    def _run_first_probed(self, state: State, iterator: Iterator[Any], expected: int) -> Executed:
        """Shadows the first step only: Keras joins the outputs of all."""
        self._traced_s = 0.0
        counted = CountedBatches(iterator)
        batch = next(counted)
        seen = self._shadowed(state, batch)
        result = self.plain(state, chain((batch,), counted))
        self.state = result[1]
        return Executed(result, result[0], counted.n, self._reading(seen))

    def _shadowed(self, state: State, batch: Any) -> list[_SeenStep]:
        """Runs the shadow of a step; returns what was seen, nothing if it cannot be seen.

        A failure is not raised here. If it is the user's, the step that follows raises it again.
        """
        if self._trouble is not None:
            return []
        try:
            self._fed = tuple(
                JaxReader().layout(leaf.name, leaf.role, leaf.tensor)
                for leaf in batch_tensors(self.model, batch, kind_of)
            )
            shadow = self._shadow_of(state, batch)
            return [] if shadow is None else [_SeenStep(shadow, shadow.run(state, batch))]
        except Exception as exc:
            self._trouble = exc
            return []

    def _shadow_of(self, state: State, batch: Any) -> Shadow | None:
        signature = _signature(batch)
        shadow = self._shadows.get(signature)
        if shadow is None and self._is_rest(batch) and self.steps_per_execution == 1:
            keras_internals.report("jax_smaller_batch", _REST)
        elif shadow is None and len(self._shadows) < _MOST_SHADOWS:
            begin = time.perf_counter()
            trace = JaxTrace(self.model, self._paths, self._weight_names, self.split == "train")
            try:
                arguments = (len(self._shadows), self._images, self._keeps_batches)
                shadow = Shadow(self.model, self.split, trace, *arguments, state, batch)
            finally:
                self._raised = trace.raised
            self._shadows[signature] = shadow
            self._traced_s += time.perf_counter() - begin
        return shadow

    def _is_rest(self, batch: Any) -> bool:
        """Returns whether a batch is like one that has a shadow, but smaller: the last one of an epoch."""
        rest, size = _signature(batch, but_size=True), _size(batch)
        known = [shadow.example for shadow in self._shadows.values()]
        return any(_signature(e, but_size=True) == rest and _size(e) > size for e in known)

    # -- reading -----------------------------------------------------------------------------------

    def _reading(self, seen: list[_SeenStep]) -> Reading | None:
        if not seen or self._trouble is not None:
            return None
        try:
            read = [step.shadow.read(step.results) for step in seen]
            steps = [(_program(step.shadow), [row]) for step, (row, _) in zip(seen, read, strict=True)]
            pixels = read[-1].pixels
            return Reading(steps, lambda: pixels, self._traced_s, self._kept(seen, steps))
        except Exception as exc:
            self._trouble = exc
            return None

    def _kept(self, seen: list[_SeenStep], steps: list[StepRows]) -> KeptBatch | None:
        """Returns the first batch that is worth keeping."""
        for index, (step, (program, (row,))) in enumerate(zip(seen, steps, strict=True)):
            if program.kept and step_scalars.of_row(row).kept:
                leaves = batch_tensors(self.model, step.results.batch, kind_of)
                arrays = {f"{leaf.role}:{leaf.name}": np.asarray(leaf.tensor) for leaf in leaves}
                return index, {subject: arrays[subject] for subject in program.kept}
        return None


def _program(shadow: Shadow) -> Program:
    assert shadow.program is not None, "it is known once a row was read"
    return shadow.program


def _at_most(iterator: Iterator[Any], n: int) -> Iterator[Any]:
    for _, batch in zip(range(n), iterator, strict=False):
        yield batch


def _signature(batch: Any, but_size: bool = False) -> Any:
    """Returns what a compiled step depends on: structure, shapes and dtypes of a batch."""
    leaves, structure = jax.tree.flatten(batch)
    return structure, tuple((np.shape(leaf)[int(but_size) :], str(jax.dtypes.result_type(leaf))) for leaf in leaves)


def _size(batch: Any) -> int:
    return max((np.shape(leaf)[0] for leaf in jax.tree.leaves(batch) if np.ndim(leaf)), default=0)
