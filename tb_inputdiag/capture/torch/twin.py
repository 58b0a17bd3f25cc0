"""The twin of a function that PyTorch runs: a sampled execution runs the user's own function, and watches it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from tb_inputdiag.capture.batches import batch_tensors
from tb_inputdiag.capture.rows.build import build
from tb_inputdiag.capture.torch.aside import aside
from tb_inputdiag.capture.torch.reader import Tensor, TorchReader, kind_of
from tb_inputdiag.capture.torch.trace import TorchTrace
from tb_inputdiag.capture.twin import Executed, KeptBatch, ObservingTwin, Reading
from tb_inputdiag.records import F4, F8, TensorLayout
from tb_inputdiag.statistics import step as step_scalars
from tb_inputdiag.statistics.program import Program

__all__ = ["TorchTwin"]


class TorchTwin(ObservingTwin):
    """Stands in for a function of a model that takes a list with one batch.

    Args:
        model: A compiled Keras model.
        split: Which of its functions.
        images: Examples to keep thumbnails of.
        keeps_batches: Whether batches with values that are not finite are kept.
        workers: Processes that train together.
    """

    @property
    def is_traced(self) -> bool:
        """Returns False: nothing is traced, and each worker may sample or not."""
        return False

    def forget(self) -> None:
        """Forgets the programs, too."""
        super().forget()
        self._programs: list[Program] = []

    # -- running -----------------------------------------------------------------------------------

    def expected_steps(self, args: tuple[Any, ...]) -> int:
        """Returns 1: Keras refuses ``steps_per_execution`` with PyTorch."""
        return 1

    def run_plain(self, args: tuple[Any, ...], expected: int) -> Executed:
        """Runs the model's own function."""
        with self._batch_noted_if_raised(args):
            logs = self.plain(*args)
        return Executed(logs, logs, 1)

    def run_probed(self, args: tuple[Any, ...], expected: int, begin: float) -> Executed:
        """Runs the model's own function, and observes it."""
        trace = self._trace(args)
        if trace is None:
            return self.run_plain(args, expected)
        try:
            with self._batch_noted_if_raised(args), self._observed(trace):
                logs = self.plain(*args)
        except Exception:
            self._raised = trace.raised
            raise
        return Executed(logs, logs, 1, self._reading(trace))

    def _trace(self, args: tuple[Any, ...]) -> TorchTrace | None:
        """Returns the observer of an execution; None if there can be none."""
        try:
            return TorchTrace(self.model, self._paths, self._weight_names, args[0][0], self.split == "train")
        except Exception as exc:
            self._trouble = exc
            return None

    def _observed(self, trace: TorchTrace) -> Any:
        return trace.observed_from_outside() if self.model.jit_compile else trace.observed()

    @contextmanager
    def _batch_noted_if_raised(self, args: tuple[Any, ...]) -> Iterator[None]:
        """Notes the batch of a step that raises in a block."""
        try:
            yield
        except Exception:
            self._fed = _layouts(self.model, args)
            raise

    # -- reading -----------------------------------------------------------------------------------

    def _reading(self, trace: TorchTrace) -> Reading | None:
        """Reduces what was observed, and brings it to the host."""
        trace.finish()
        if trace.trouble is None:
            with trace.guard(), aside():
                keep = (lambda bad, batch: bad) if self._keeps_batches else None
                made, row, pixels = build(trace, len(self._programs), self.split, self._images, keep)
                program, values = self._known(made), _on_host(row)
                self._fed = program.fed
                values[0] = program.number
                return Reading([(program, [values])], lambda: _pixels(pixels), 0.0, _kept(trace, program, values))
        self._trouble = trace.trouble
        return None

    def _known(self, made: Program) -> Program:
        """Returns the program whose rows can be read like those of another one, which is added if it is new."""
        known = next((program for program in self._programs if program.is_like(made)), None)
        if known is None:
            self._programs.append(made)
        return known or made


def _layouts(model: keras.Model, args: tuple[Any, ...]) -> tuple[TensorLayout, ...]:
    """Returns the layouts of a batch, none of a batch that cannot be read."""
    try:
        reader = TorchReader(model)
        leaves = batch_tensors(model, args[0][0], kind_of)
        return tuple(reader.layout(leaf.name, leaf.role, leaf.tensor) for leaf in leaves)
    except Exception:
        return ()


def _kept(trace: TorchTrace, program: Program, row: F8) -> KeptBatch | None:
    """Returns the batch, if it is worth keeping."""
    if not program.kept or not step_scalars.of_row(row).kept:
        return None
    arrays = {f"{leaf.role}:{leaf.name}": leaf.tensor.cpu().numpy() for leaf in trace.fed}
    return 0, {subject: arrays[subject] for subject in program.kept}


def _on_host(row: Tensor) -> F8:
    values: F8 = row.cpu().numpy()
    return values


def _pixels(pixels: Tensor | None) -> F4:
    return np.zeros(0, np.float32) if pixels is None else pixels.cpu().numpy()
