"""Stands in for a compiled function of a model (train, test or predict) and samples its executions.

The *plain* function is the model's own, untouched. The *probed* one runs the same step and also reduces what passes
through. In the model's place stands a `Twin`, which sends an execution to the one or the other.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import keras
import tensorflow as tf

from tb_inputdiag.capture.tensorflow.distribution import worker
from tb_inputdiag.capture.tensorflow.observations import Raised
from tb_inputdiag.capture.tensorflow.ops import SCOPE
from tb_inputdiag.capture.tensorflow.overrides import loss_observed, without_own_frames
from tb_inputdiag.capture.tensorflow.probed_step import ProbedStep
from tb_inputdiag.capture.tensorflow.step_functions import STEP_FUNCTIONS, steps_per_execution
from tb_inputdiag.capture.tensorflow.step_results import KeptBatch, StepResults, StepRows
from tb_inputdiag.records import F4, Split, TensorLayout

__all__ = ["Client", "Reading", "Twin"]

_ITERATORS = (tf.data.Iterator, tf.distribute.DistributedIterator)


@dataclass(slots=True)
class Reading:
    """What came back from one probed execution.

    Attributes:
        steps: For each step the program that made the rows, and one row for each replica.
        pixels: Reads the thumbnails of the last step.
        traced_s: Seconds that tracing and compiling took in this execution; 0 if it was traced before.
        batch: Index in `steps` of a step whose values were not finite, and its batch: subject -> array.
    """

    steps: list[StepRows]
    pixels: Callable[[], F4]
    traced_s: float
    batch: KeptBatch | None = None


class Client(Protocol):
    """What a `Twin` asks and reports to."""

    def due(self, split: Split, steps: int) -> bool:
        """Returns whether to sample the next execution, of `steps` steps."""

    def executed(
        self, split: Split, steps: int, begin: float, end: float, logs: object, reading: Reading | None
    ) -> None:
        """Receives every execution.

        Args:
            split: Which function ran.
            steps: How many steps it held.
            begin: When it began, in seconds of `time.perf_counter`.
            end: When it returned.
            logs: What Keras logged; the outputs of `predict`.
            reading: What the probe saw, if this client asked for a sample and got one.
        """

    def failed(self, split: Split, exc: BaseException, raised: Raised | None, fed: tuple[TensorLayout, ...]) -> None:
        """Receives the exception that a step raised.

        Args:
            split: Which function ran.
            exc: The exception, which is raised again afterwards.
            raised: The innermost layer call that raised, if the probe saw it.
            fed: The batch that was traced last.
        """

    def broken(self, exc: BaseException) -> None:
        """Receives the failure of the probe itself: nothing is sampled any more."""


class Twin:
    """Stands in for a compiled function of a model.

    Args:
        model: A compiled Keras model.
        split: Which of its functions.
        images: Examples to keep thumbnails of.
        keeps_batches: Whether batches with values that are not finite are kept.
    """

    def __init__(self, model: keras.Model, split: Split, images: int, keeps_batches: bool = False) -> None:
        self.model = model
        self.split = split
        self.attributes = STEP_FUNCTIONS[split]
        self.plain: Any = None
        self.clients: list[Client] = []
        self.steps_per_execution = steps_per_execution(model)
        self._workers = worker(model)[1]
        self._results = StepResults(model, self.steps_per_execution)
        self._step = ProbedStep(model, split, self._results, images, keeps_batches)
        self._probed: Callable[..., Any] | None = None

    @property
    def running(self) -> bool:
        """Whether this twin is in the model's place."""
        return vars(self.model).get(self.attributes.function) is self

    @property
    def trouble(self) -> BaseException | None:
        """What went wrong in the probe, if anything did."""
        return self._step.trouble

    # -- attach and detach -------------------------------------------------------------------------

    def attach(self) -> None:
        """Takes the place of the model's own function."""
        if self.running:
            return
        current = getattr(self.model, self.attributes.function)
        if current is not self.plain:
            self.plain, self._probed = current, None
            self._step.reset()
        setattr(self.model, self.attributes.function, self)

    def detach(self) -> None:
        """Puts the model's own function back."""
        if self.running:
            setattr(self.model, self.attributes.function, self.plain)

    # -- running -----------------------------------------------------------------------------------

    def __call__(self, data: Any) -> Any:
        """Runs one execution of the model's function on what Keras hands it; returns its logs or outputs."""
        steps = self.steps_per_execution
        counted: _Counted | None = None
        if self.split == "predict" and isinstance(data, list):
            steps = len(data)
        elif not isinstance(data, _ITERATORS):
            data = counted = _Counted(data)
            steps = 1
        # workers have to run the same program, also after trouble; see `Recorder.due`
        probing = self.trouble is None or (self._workers > 1 and self._probed is not None)
        asking = [c for c in self.clients if c.due(self.split, steps)] if probing else []
        begin = time.perf_counter()
        reading = None
        try:
            if asking:
                logs, reading = self._run_probed(data, begin)
            else:
                logs = self.plain(data)
        except (StopIteration, tf.errors.OutOfRangeError):
            raise
        except BaseException as exc:
            self._report(exc)
            raise exc.with_traceback(without_own_frames(exc.__traceback__))  # noqa: B904  # the very same exception
        end = time.perf_counter()
        if counted is not None:
            steps = counted.n
        elif reading is not None:
            # an epoch's last execution may hold fewer steps than it could
            steps = len(reading.steps)
        if self.trouble is not None and asking:
            self._break(self.trouble)
        for client in tuple(self.clients):
            client.executed(self.split, steps, begin, end, logs, reading if client in asking else None)
        return logs

    def _run_probed(self, data: Any, begin: float) -> tuple[Any, Reading | None]:
        known = len(self._step.programs)
        self._results.clear()
        if self._probed is None:
            self._probed = self._step.make_function()
        try:
            # Keras looks up `predict_step` when it traces, the other steps when it makes the function
            in_place = self._step.in_place() if self.split == "predict" else contextlib.nullcontext()
            with loss_observed(self.model), in_place:
                logs = self._probed(data)
        except (StopIteration, tf.errors.OutOfRangeError):
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

    def _report(self, exc: BaseException) -> None:
        raised, self._step.raised = self._step.raised, None
        for client in tuple(self.clients):
            client.failed(self.split, exc, raised, self._step.fed)

    def _break(self, exc: BaseException) -> None:
        for client in tuple(self.clients):
            client.broken(exc)

    # A model that is copied or pickled while it trains takes its own function along, not ours.
    def __deepcopy__(self, memo: Any) -> None:
        return None

    def __reduce__(self) -> Any:
        return (_nothing, ())


class _Counted:
    """Counts what is taken from a plain iterator: `train_on_batch` gives one batch, whatever an execution holds."""

    def __init__(self, batches: Any) -> None:
        self._batches = iter(batches)
        self.n = 0

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        batch = next(self._batches)
        self.n += 1
        return batch


def _nothing() -> None:
    return None


def _is_ours(exc: BaseException) -> bool:
    # "{{node a/b}}" and "Detected at node 'a/b'" name the op; elsewhere the message holds paths of files
    named = re.search(r"node '?([\w./-]+)", str(exc)) if isinstance(exc, tf.errors.OpError) else None
    return named is not None and f"{SCOPE}/" in named[1]
