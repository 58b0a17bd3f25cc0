"""Stands in for a compiled function of a model (train, test or predict) and samples its executions.

The *plain* function is the model's own, untouched. In a *probed* execution the same step runs, and what passes through
it is reduced as well. In the model's place stands a `Twin`, which sends an execution one of the two ways.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, Protocol, TypeAlias, TypeVar

import keras
import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.capture import names
from tb_inputdiag.capture.observations import Raised
from tb_inputdiag.capture.overrides import without_own_frames
from tb_inputdiag.capture.step_functions import STEP_FUNCTIONS, steps_per_execution
from tb_inputdiag.records import F4, F8, Split, TensorLayout
from tb_inputdiag.statistics.program import Program

__all__ = ["Client", "CountedBatches", "Executed", "KeptBatch", "ObservingTwin", "Reading", "StepRows", "Twin"]

StepRows: TypeAlias = tuple[Program, list[F8]]
"""The program that made the rows of one step, and one row for each replica."""

KeptBatch: TypeAlias = tuple[int, dict[str, NDArray[np.generic]]]
"""Index of a step in its execution, and its batch: subject -> array."""

_Item = TypeVar("_Item")


@dataclass(slots=True)
class Reading:
    """What came back from one probed execution.

    Attributes:
        steps: For each step the program that made the rows, and one row for each replica.
        pixels: Reads the pixels of the last step, until the next execution: see `Program.images` and `Program.shown`.
        traced_s: Seconds that tracing and compiling took in this execution; 0 if it was traced before.
        batch: A step whose values were not finite.
    """

    steps: list[StepRows]
    pixels: Callable[[], F4]
    traced_s: float
    batch: KeptBatch | None = None

    def keep_pixels(self, most: int) -> bool:
        """Reads the pixels now, for later, unless there are more than `most`. Returns whether they were read."""
        shown = self.steps[-1][0].shown if self.steps else None
        if shown is None or shown.end > most:
            return False
        pixels = self.pixels()
        self.pixels = lambda: pixels
        return True


class Executed(NamedTuple):
    """One execution of a model's function."""

    result: Any
    """What the function returned."""
    logs: Any
    """What Keras logs of it; the outputs of `predict`."""
    steps: int
    """How many steps it held."""
    reading: Reading | None = None
    """What the probe saw, if it was asked and could see something."""


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


class Twin(ABC):
    """Stands in for a compiled function of a model. How it runs is the backend's part.

    Args:
        model: A compiled Keras model.
        split: Which of its functions.
        workers: Processes that train together.
    """

    END_OF_DATA: tuple[type[BaseException], ...] = (StopIteration,)
    """Exceptions with which a function says that there are no more batches."""

    def __init__(self, model: keras.Model, split: Split, workers: int) -> None:
        self.model = model
        self.split = split
        self.attributes = STEP_FUNCTIONS[split]
        self.plain: Any = None
        self.clients: list[Client] = []
        self.steps_per_execution = steps_per_execution(model)
        self._workers = workers

    @property
    def running(self) -> bool:
        """Whether this twin is in the model's place."""
        return vars(self.model).get(self.attributes.function) is self

    # -- the backend's part ------------------------------------------------------------------------

    @property
    @abstractmethod
    def trouble(self) -> BaseException | None:
        """What went wrong in the probe, if anything did: nothing is measured from then on."""

    @property
    @abstractmethod
    def fed(self) -> tuple[TensorLayout, ...]:
        """The batch that was seen last."""

    @property
    @abstractmethod
    def is_traced(self) -> bool:
        """Whether a probed function exists that other workers may run, too."""

    @abstractmethod
    def take_raised(self) -> Raised | None:
        """Returns the innermost layer call that raised in the last execution, once."""

    @abstractmethod
    def forget(self) -> None:
        """Forgets what was traced: the model was compiled again, perhaps with other layers."""

    @abstractmethod
    def expected_steps(self, args: tuple[Any, ...]) -> int:
        """Returns how many steps an execution holds at most.

        Args:
            args: What Keras hands to the function.
        """

    @abstractmethod
    def run_plain(self, args: tuple[Any, ...], expected: int) -> Executed:
        """Runs the model's own function."""

    @abstractmethod
    def run_probed(self, args: tuple[Any, ...], expected: int, begin: float) -> Executed:
        """Runs one execution and observes it.

        Args:
            args: What Keras hands to the function.
            expected: How many steps the execution holds at most.
            begin: When it began, in seconds of `time.perf_counter`.
        """

    # -- attach and detach -------------------------------------------------------------------------

    def attach(self) -> None:
        """Takes the place of the model's own function."""
        if self.running:
            return
        current = getattr(self.model, self.attributes.function)
        if current is not self.plain:
            self.plain = current
            self.forget()
        setattr(self.model, self.attributes.function, self)

    def detach(self) -> None:
        """Puts the model's own function back."""
        if self.running:
            setattr(self.model, self.attributes.function, self.plain)

    # -- running -----------------------------------------------------------------------------------

    def __call__(self, *args: Any) -> Any:
        """Runs one execution of the model's function on what Keras hands it; returns what it returns."""
        expected = self.expected_steps(args)
        # workers have to run the same program, also after trouble; see `Recorder.due`
        probing = self.trouble is None or (self._workers > 1 and self.is_traced)
        asking = [c for c in self.clients if c.due(self.split, expected)] if probing else []
        begin = time.perf_counter()
        try:
            executed = self.run_probed(args, expected, begin) if asking else self.run_plain(args, expected)
        except self.END_OF_DATA:
            raise
        except BaseException as exc:
            self._report(exc)
            raise exc.with_traceback(without_own_frames(exc.__traceback__))  # noqa: B904  # the very same exception
        end = time.perf_counter()
        result, logs, steps, reading = executed
        if self.trouble is not None and asking:
            self._break(self.trouble)
        for client in tuple(self.clients):
            client.executed(self.split, steps, begin, end, logs, reading if client in asking else None)
        return result

    def _report(self, exc: BaseException) -> None:
        raised = self.take_raised()
        for client in tuple(self.clients):
            client.failed(self.split, exc, raised, self.fed)

    def _break(self, exc: BaseException) -> None:
        for client in tuple(self.clients):
            client.broken(exc)

    # A model that is copied or pickled while it trains takes its own function along, not ours.
    def __deepcopy__(self, memo: Any) -> None:
        return None

    def __reduce__(self) -> Any:
        return (_nothing, ())


class ObservingTwin(Twin):
    """A twin that itself keeps what it saw last and what went wrong.

    Args:
        model: A compiled Keras model.
        split: Which of its functions.
        images: Examples to keep thumbnails of.
        keeps_batches: Whether batches with values that are not finite are kept.
        workers: Processes that train together.
    """

    def __init__(self, model: keras.Model, split: Split, images: int, keeps_batches: bool, workers: int) -> None:
        super().__init__(model, split, workers)
        self._images = images
        self._keeps_batches = keeps_batches
        self._trouble: BaseException | None = None
        self._raised: Raised | None = None
        self._fed: tuple[TensorLayout, ...] = ()
        self.forget()

    @property
    def trouble(self) -> BaseException | None:
        """What went wrong in the probe."""
        return self._trouble

    @property
    def fed(self) -> tuple[TensorLayout, ...]:
        """The batch of the last execution that was sampled, or that raised."""
        return self._fed

    def take_raised(self) -> Raised | None:
        """Returns the innermost layer call that raised in the last observed execution, once."""
        raised, self._raised = self._raised, None
        return raised

    def forget(self) -> None:
        """Forgets the names of layers and weights; overridden to forget more."""
        self._paths = names.layer_paths(self.model)
        self._weight_names = names.weight_names(self.model, self._paths)


class CountedBatches(Generic[_Item]):
    """Counts what is taken from an iterator: `train_on_batch` gives one batch, whatever an execution holds."""

    def __init__(self, batches: Iterator[_Item]) -> None:
        self._batches = batches
        self.n = 0

    def __iter__(self) -> Iterator[_Item]:
        return self

    def __next__(self) -> _Item:
        batch = next(self._batches)
        self.n += 1
        return batch


def _nothing() -> None:
    return None
