"""The twin of a function that TensorFlow runs: the probed step is one more function of Keras' making."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from tb_inputdiag.capture.observations import Raised
from tb_inputdiag.capture.tensorflow.distribution import worker
from tb_inputdiag.capture.tensorflow.model_overrides import loss_observed
from tb_inputdiag.capture.tensorflow.ops import SCOPE
from tb_inputdiag.capture.tensorflow.probed_step import ProbedStep
from tb_inputdiag.capture.tensorflow.step_results import StepResults
from tb_inputdiag.capture.twin import CountedBatches, Executed, Reading, Twin
from tb_inputdiag.records import Split, TensorLayout

__all__ = ["TensorFlowTwin"]

_ITERATORS = (tf.data.Iterator, tf.distribute.DistributedIterator)


class TensorFlowTwin(Twin):
    """Stands in for a compiled function of a model.

    Args:
        model: A compiled Keras model.
        split: Which of its functions.
        images: Examples to keep thumbnails of.
        keeps_batches: Whether batches with values that are not finite are kept.
    """

    END_OF_DATA = (StopIteration, tf.errors.OutOfRangeError)

    def __init__(self, model: keras.Model, split: Split, images: int, keeps_batches: bool = False) -> None:
        super().__init__(model, split, worker(model)[1])
        self._results = StepResults(model, self.steps_per_execution)
        self._step = ProbedStep(model, split, self._results, images, keeps_batches)
        self._probed: Callable[..., Any] | None = None

    @property
    def trouble(self) -> BaseException | None:
        """What went wrong in the probe."""
        return self._step.trouble

    @property
    def fed(self) -> tuple[TensorLayout, ...]:
        """The batch that was traced last."""
        return self._step.fed

    @property
    def is_traced(self) -> bool:
        """Whether the probed function was made."""
        return self._probed is not None

    def take_raised(self) -> Raised | None:
        """Returns the innermost layer call that raised in the last trace, once."""
        raised, self._step.raised = self._step.raised, None
        return raised

    def forget(self) -> None:
        """Drops the probed function."""
        self._probed = None
        self._step.reset()

    def expected_steps(self, args: tuple[Any, ...]) -> int:
        """Returns how many batches the function takes from what Keras hands it."""
        (data,) = args
        if self.split == "predict" and isinstance(data, list):
            return len(data)
        return self.steps_per_execution if isinstance(data, _ITERATORS) else 1

    def run_plain(self, args: tuple[Any, ...], expected: int) -> Executed:
        """Runs the model's own function."""
        (data,) = args
        if isinstance(data, _ITERATORS) or self._is_given(data):
            logs = self.plain(data)
            return Executed(logs, logs, expected)
        counted = CountedBatches(iter(data))
        logs = self.plain(counted)
        return Executed(logs, logs, counted.n)

    def _is_given(self, data: Any) -> bool:
        """Returns whether `predict` took the batches out of its data itself."""
        return self.split == "predict" and isinstance(data, list)

    def run_probed(self, args: tuple[Any, ...], expected: int, begin: float) -> Executed:
        """Runs the probed function."""
        (data,) = args
        counted: CountedBatches[Any] | None = None
        if not isinstance(data, _ITERATORS) and not self._is_given(data):
            data = counted = CountedBatches(iter(data))
        logs, reading = self._run(data, begin)
        steps = expected
        if counted is not None:
            steps = counted.n
        elif reading is not None:
            # an epoch's last execution may hold fewer steps than it could
            steps = len(reading.steps)
        return Executed(logs, logs, steps, reading)

    def _run(self, data: Any, begin: float) -> tuple[Any, Reading | None]:
        known = len(self._step.programs)
        self._results.clear()
        if self._probed is None:
            self._probed = self._step.make_function()
        try:
            # Keras looks up `predict_step` when it traces, the other steps when it makes the function
            in_place = self._step.in_place() if self.split == "predict" else contextlib.nullcontext()
            with loss_observed(self.model), in_place:
                logs = self._probed(data)
        except self.END_OF_DATA:
            raise
        except Exception as exc:
            if not _is_ours(exc):
                raise
            # One of our own ops failed. The batch is spent; training goes on with the next one.
            self._step.trouble = exc
            return self.plain(data), None
        if self.trouble is not None:
            return logs, None
        traced = time.perf_counter() - begin if len(self._step.programs) > known else 0.0
        return logs, self._read(traced)

    def _read(self, traced_s: float) -> Reading | None:
        try:
            steps = self._results.read(self._step.programs)
            return Reading(steps, self._results.read_pixels, traced_s, self._results.take_batch(steps))
        except Exception as exc:
            self._step.trouble = exc
            return None


def _is_ours(exc: BaseException) -> bool:
    # "{{node a/b}}" and "Detected at node 'a/b'" name the op; elsewhere the message holds paths of files
    named = re.search(r"node '?([\w./-]+)", str(exc)) if isinstance(exc, tf.errors.OpError) else None
    return named is not None and f"{SCOPE}/" in named[1]
