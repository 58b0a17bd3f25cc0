"""One compiled function of a model (train, test or predict) and its probed twin.

The *plain* function is the model's own, untouched. The *probed* one runs the same step and also reduces what passes
through. In the model's place stands a `Twin`, which sends an execution to the one or the other.
"""

from __future__ import annotations

import contextlib
import inspect
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple, Protocol

import keras
import numpy as np
import tensorflow as tf

from tb_inputdiag.capture import names
from tb_inputdiag.capture.tensorflow import hooks, ops, probe, xla_cluster
from tb_inputdiag.capture.tensorflow.distribution import worker
from tb_inputdiag.capture.tensorflow.observations import EntryTensor, Raised
from tb_inputdiag.capture.tensorflow.ops import SCOPE
from tb_inputdiag.capture.tensorflow.overrides import loss_observed, overridden, without_own_frames, without_xla
from tb_inputdiag.capture.tensorflow.result_buffers import Slot, first_replica, local_devices
from tb_inputdiag.capture.tensorflow.tensors import layout_of
from tb_inputdiag.capture.tensorflow.tf_internals import is_unlifted
from tb_inputdiag.capture.tensorflow.trace import Trace
from tb_inputdiag.records import F8, Split, TensorLayout
from tb_inputdiag.statistics import step as step_scalars
from tb_inputdiag.statistics.program import Program


class StepFunction(NamedTuple):
    """Where a Keras model keeps a compiled function: names of its attributes."""

    function: str
    """The compiled function; None until it is made."""
    step: str
    """The method that it compiles."""
    make: str
    """The method that makes it."""


STEP_FUNCTIONS: dict[Split, StepFunction] = {
    "train": StepFunction("train_function", "train_step", "make_train_function"),
    "validation": StepFunction("test_function", "test_step", "make_test_function"),
    "predict": StepFunction("predict_function", "predict_step", "make_predict_function"),
}
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

    steps: list[tuple[Program, list[F8]]]
    pixels: Callable[[], Any]
    traced_s: float
    batch: tuple[int, dict[str, Any]] | None = None


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

    def __init__(self, model: Any, split: Split, images: int, keeps_batches: bool = False) -> None:
        self.model = model
        self.split = split
        self.attributes = STEP_FUNCTIONS[split]
        self.plain: Any = None
        self.probed: Any = None
        self.clients: list[Client] = []
        self.programs: list[Program] = []
        self.trouble: BaseException | None = None
        self.fed: tuple[TensorLayout, ...] = ()
        self._images = images
        self._eager_batch: tuple[int, list[Any]] | None = None
        self._paths: dict[int, str] = names.layer_paths(model)
        self._weight_names: dict[int, tuple[str, str]] = names.weight_names(model, self._paths)
        self._raised: Raised | None = None
        self._eager: dict[int, list[F8]] = {}
        self._eager_pixels: Any = None
        self._entry_layers: dict[str, tuple[tuple[int, ...], bool]] | None = None
        strategy = model.distribute_strategy
        self._first = first_replica(strategy)
        self._distributed = strategy.num_replicas_in_sync > 1
        self._workers = worker(model)[1]
        self._keeps_batches = keeps_batches
        self._compiled: list[Any] = []
        self.steps_per_execution = steps_per_execution(model)
        self._slots = [Slot(device, self.steps_per_execution) for device in local_devices(strategy)]

    @property
    def running(self) -> bool:
        """Whether this twin is in the model's place."""
        return vars(self.model).get(self.attributes.function) is self

    @property
    def _apart(self) -> bool:
        """Whether XLA compiles the step, which is measured from outside then.

        Not with several replicas, which XLA can't compile: their variables are on other devices. What TensorFlow says
        about that should come out as it does without us.
        """
        return bool(self.model.jit_compile) and not self._distributed

    # -- attach and detach -------------------------------------------------------------------------

    def attach(self) -> None:
        """Takes the place of the model's own function."""
        if self.running:
            return
        current = getattr(self.model, self.attributes.function)
        if current is not self.plain:
            # compiled anew, perhaps with other layers
            self.plain, self.probed, self.programs, self._compiled = current, None, [], []
            self._paths = names.layer_paths(self.model)
            self._weight_names = names.weight_names(self.model, self._paths)
        setattr(self.model, self.attributes.function, self)

    def detach(self) -> None:
        """Puts the model's own function back."""
        if self.running:
            setattr(self.model, self.attributes.function, self.plain)

    def _make_probed(self) -> Any:
        by_keras = without_xla(self.model) if self._apart else contextlib.nullcontext()
        with self._step_in_place(), by_keras:
            try:
                getattr(type(self.model), self.attributes.make)(self.model, force=True)
                return getattr(self.model, self.attributes.function)
            finally:
                setattr(self.model, self.attributes.function, self)

    def _step_in_place(self) -> contextlib.AbstractContextManager[None]:
        """Makes the probed step the model's while a block runs."""
        original = getattr(self.model, self.attributes.step)

        def probed_step(data: Any) -> Any:
            return self._trace(original, data)

        return overridden(self.model, {self.attributes.step: probed_step})

    # -- tracing -----------------------------------------------------------------------------------

    def _trace(self, original: Callable[[Any], Any], data: Any) -> Any:
        if self._apart and not tf.executing_eagerly():
            return self._trace_apart(original, data)
        trace, result = self._note(original, data)
        with self._ours(trace) as usable:
            if usable:
                if trace.graph is None:
                    self._settle_entries(trace, data)
                for averages in trace.moved:
                    averages.read_after()
                trace.finish()
                self._emit(trace)
        return result

    def _trace_apart(self, original: Callable[[Any], Any], data: Any) -> Any:
        """Has XLA compile the step, and measures it from outside."""
        noted: list[Trace] = []
        inside: list[Any] = []

        @tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]  # TensorFlow ships no types
        def step(data: Any) -> Any:
            trace, result = self._note(original, data, apart=True)
            noted.append(trace)
            inside.clear()
            with self._ours(trace) as usable:
                if usable:
                    trace.finish()
                    inside.extend(xla_cluster.cluster_outputs(trace))
            return result, list(inside)

        # a graph looks its functions up by name, and they go with the last object that knows them
        compiled = tf.function(step, jit_compile=True, reduce_retracing=True).get_concrete_function(data)
        self._compiled.append(compiled)
        trace = noted[-1]
        with self._ours(trace) as usable:
            if usable:
                for update in trace.updates:
                    update.read_before()
                for averages in trace.averages:
                    averages.read_before()
        # XLA updates a weight in place if nobody is reading it any more
        before = [u.norm for u in trace.updates if u.norm is not None]
        before += [u.before for u in trace.updates if u.before is not None and not u.is_whole]
        before += [tensor for averages in trace.averages for tensor in averages.before]
        with tf.control_dependencies(before):
            result, outside = compiled(data)
        with self._ours(trace) as usable:
            if usable:
                for update in trace.updates:
                    update.read_after()
                for averages in trace.moved:
                    averages.read_after()
                xla_cluster.replace_by_outputs(trace, inside, outside, trace.leaves(data))
                self._emit(trace)
        return result

    def _note(self, original: Callable[[Any], Any], data: Any, apart: bool = False) -> tuple[Trace, Any]:
        """Runs a step of the user's and notes what passes through it."""
        trace = Trace(self.model, self._paths, self._weight_names, apart)
        known = {id(v) for v in _state(self.model)}
        with hooks.tracing(trace), ops.sharing(self.model.jit_compile):
            try:
                with hooks.paused():
                    trace.feed(data)
                    self.fed = tuple(layout_of(f.name, f.role, f.tensor) for f in trace.fed)
                    if self.split == "train":
                        self._note_averages(trace, apart)
            except Exception as exc:
                trace.trouble = exc
            try:
                result = original(data)
            except Exception:
                self._raised = trace.raised
                raise
        trace.lifted = trace.graph is not None and any(
            id(v) not in known and is_unlifted(v) for v in _state(self.model)
        )
        return trace, result

    def _note_averages(self, trace: Trace, apart: bool) -> None:
        """Notes the moving averages that the step changes, as they are before it unless it is measured from outside."""
        trace.find_averages()
        if not apart:
            with tf.name_scope(SCOPE):
                for averages in trace.averages:
                    averages.read_before()

    @contextlib.contextmanager
    def _ours(self, trace: Trace) -> Iterator[bool]:
        """Keeps what fails in a block of ours away from the step; gives whether the trace is any good."""
        try:
            by_xla = self.model.jit_compile and tf.compat.v1.get_default_graph() is trace.graph
            with hooks.paused(), ops.sharing(by_xla), tf.name_scope(SCOPE):
                # TensorFlow traces a function that made variables a second time, and runs that one
                yield trace.trouble is None and not trace.lifted
        except Exception as exc:
            trace.trouble = exc
        if trace.trouble is not None and not trace.lifted:
            self.trouble = trace.trouble

    def _settle_entries(self, trace: Trace, data: Any) -> None:
        """Keeps of an eager step's candidates those layers that a trace of the model's call shows to read the data."""
        if self._entry_layers is None:
            self._entry_layers = {}
        # a model that its own step never calls would be changed by being called
        if not self._entry_layers and self.model.built:
            with contextlib.suppress(Exception):
                x, _, _ = keras.utils.unpack_x_y_sample_weight(data)
                self._entry_layers = _entry_layers(self.model, x, self._paths, self._weight_names)
        kept: list[EntryTensor] = []
        for entry in trace.entries:
            if entry.path in self._entry_layers and entry.path not in [e.path for e in kept]:
                entry.sources, entry.untouched = self._entry_layers[entry.path]
                kept.append(entry)
        trace.entries = kept

    def _emit(self, trace: Trace) -> None:
        number = len(self.programs)
        context = tf.distribute.get_replica_context()
        replica = 0
        if self._distributed and context is not None:
            replica = int(tf.get_static_value(context.replica_id_in_sync_group)) - self._first
        keep = partial(self._keep_batch, replica) if self._keeps_batches else None
        made, row, pixels = probe.build(trace, number, self.split, self._images, keep)
        if tf.executing_eagerly():
            known = next((p for p in self.programs if _alike(p, made)), None)
            if known is None:
                self.programs.append(made)
                known = made
            values = row.numpy()
            values[0] = known.number
            self._eager.setdefault(replica, []).append(values)
            self._eager_pixels = pixels
            return
        self.programs.append(made)
        slot = self._slots[replica]
        if made.size > slot.capacity:
            slot.reserve(made.size, 0)
        if pixels is not None and pixels.shape[0] > slot.image_capacity:
            slot.reserve(0, pixels.shape[0])
        slot.write(row, pixels)

    def _keep_batch(self, replica: int, bad: Any, batch: list[Any]) -> Any:
        """Adds the ops that keep a batch if it is bad; returns whether it is kept."""
        if not tf.executing_eagerly():
            return self._slots[replica].keep(bad, batch)
        if bad and self._eager_batch is None:
            self._eager_batch = (replica, [tensor.numpy() for tensor in batch])
        return bad

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
        probing = self.trouble is None or (self._workers > 1 and self.probed is not None)
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
        known = len(self.programs)
        self._eager.clear()
        if self.probed is None:
            self.probed = self._make_probed()
        try:
            # Keras looks up `predict_step` when it traces, the other steps when it makes the function
            in_place = self._step_in_place() if self.split == "predict" else contextlib.nullcontext()
            with loss_observed(self.model), in_place:
                logs = self.probed(data)
        except (StopIteration, tf.errors.OutOfRangeError):
            raise
        except Exception as exc:
            if not _is_ours(exc):
                raise
            # One of our own ops failed. The batch is spent; training goes on with the next one.
            self.trouble = exc
            return self.plain(data), None
        if self.trouble is not None:
            return logs, None
        traced = time.perf_counter() - begin if len(self.programs) > known else 0.0
        return logs, self._read(traced)

    def _read(self, traced_s: float) -> Reading | None:
        try:
            by_replica = (
                [np.stack(self._eager[r]) for r in sorted(self._eager)]
                if self._eager
                else [slot.read() for slot in self._slots]
            )
            steps = []
            for k in range(min(len(rows) for rows in by_replica)):
                made = self.programs[int(step_scalars.of_row(by_replica[0][k]).program)]
                steps.append((made, [rows[k][: made.size] for rows in by_replica]))
            return Reading(steps, self._read_pixels, traced_s, self._read_batch(steps))
        except Exception as exc:
            self.trouble = exc
            return None

    def _read_batch(self, steps: list[tuple[Program, list[F8]]]) -> tuple[int, dict[str, Any]] | None:
        for index, (made, rows) in enumerate(steps):
            guilty = [r for r, row in enumerate(rows) if made.kept and step_scalars.of_row(row).kept]
            if guilty:
                eager, self._eager_batch = self._eager_batch, None
                taken = [eager[1]] if eager is not None else [self._slots[r].take_batch() for r in guilty]
                return index, dict(zip(made.kept, taken[0], strict=True))
        return None

    def _read_pixels(self) -> Any:
        if self._eager:
            return self._eager_pixels.numpy()
        return self._slots[0].read_pixels()

    def _report(self, exc: BaseException) -> None:
        raised, self._raised = self._raised, None
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


def steps_per_execution(model: Any) -> int:
    """Returns how many steps one call of the model's compiled functions runs."""
    return max(1, int(getattr(model, "steps_per_execution", 1)))


def _state(model: Any) -> list[Any]:
    """Returns the variables that a training step of Keras' makes when it runs for the first time, and others."""
    optimizer = getattr(model, "optimizer", None)
    return [*model.variables, *model.metrics_variables, *(optimizer.variables if optimizer is not None else [])]


def _nothing() -> None:
    return None


def _alike(a: Program, b: Program) -> bool:
    return (a.tensors, a.weights, a.layers, a.size, a.copies) == (b.tensors, b.weights, b.layers, b.size, b.copies)


def _is_ours(exc: BaseException) -> bool:
    # "{{node a/b}}" and "Detected at node 'a/b'" name the op; elsewhere the message holds paths of files
    named = re.search(r"node '?([\w./-]+)", str(exc)) if isinstance(exc, tf.errors.OpError) else None
    return named is not None and f"{SCOPE}/" in named[1]


def _entry_layers(model: Any, x: Any, paths: dict[int, str], weight_names: dict[int, tuple[str, str]]) -> Any:
    """Finds where a model's data is first read, by tracing its call on `x` once; for eager steps.

    Returns:
        Path of the layer -> (indices of the inputs, untouched).
    """
    found: list[Trace] = []

    def call(x: Any) -> Any:
        trace = Trace(model, paths, weight_names)
        found.append(trace)
        trace.feed((x,))
        with hooks.tracing(trace):
            trains = "training" in inspect.signature(model.call).parameters
            return model(x, training=True) if trains else model(x)

    tf.function(call, autograph=False).get_concrete_function(x)
    return {entry.path: (entry.sources, entry.untouched) for entry in found[-1].entries}
