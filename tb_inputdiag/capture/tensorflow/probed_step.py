"""A model's step with the probe in it: what Keras compiles, or runs eagerly, in a sampled execution."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeAlias

import keras
import tensorflow as tf

from tb_inputdiag.capture import hooks, names
from tb_inputdiag.capture.keras_internals import Structure
from tb_inputdiag.capture.observations import Raised
from tb_inputdiag.capture.overrides import overridden
from tb_inputdiag.capture.rows.build import build
from tb_inputdiag.capture.step_functions import STEP_FUNCTIONS
from tb_inputdiag.capture.tensorflow import ops, xla_cluster
from tb_inputdiag.capture.tensorflow.entry_layers import EntryLayers
from tb_inputdiag.capture.tensorflow.model_overrides import without_xla
from tb_inputdiag.capture.tensorflow.namespace import TENSORFLOW
from tb_inputdiag.capture.tensorflow.ops import SCOPE, Tensor
from tb_inputdiag.capture.tensorflow.optimizer_calls import value_of
from tb_inputdiag.capture.tensorflow.replaced_methods import replaced_methods
from tb_inputdiag.capture.tensorflow.step_results import StepResults
from tb_inputdiag.capture.tensorflow.tensors import layout_of
from tb_inputdiag.capture.tensorflow.tf_internals import is_unlifted
from tb_inputdiag.capture.tensorflow.trace import Trace
from tb_inputdiag.records import Split, TensorLayout
from tb_inputdiag.statistics.program import Program

__all__ = ["ProbedStep"]

_Step: TypeAlias = Callable[[Structure], Structure]
"""A method like `keras.Model.train_step`."""


class ProbedStep:
    """The probed form of one of a model's steps.

    Args:
        model: A compiled Keras model.
        split: Which of its steps.
        results: Where the rows go.
        images: Examples to keep thumbnails of.
        keeps_batches: Whether batches with values that are not finite are kept.
    """

    def __init__(
        self, model: keras.Model, split: Split, results: StepResults, images: int, keeps_batches: bool
    ) -> None:
        self.trouble: BaseException | None = None
        """What went wrong in the probe: nothing is measured from then on."""
        self.fed: tuple[TensorLayout, ...] = ()
        """The batch that was traced last."""
        self.raised: Raised | None = None
        """The innermost layer call that raised in the last trace."""
        self._model = model
        self._split = split
        self._results = results
        self._images = images
        self._keeps_batches = keeps_batches
        self.reset()

    def reset(self) -> None:
        """Forgets what was traced: the model was compiled again, perhaps with other layers."""
        self.programs: list[Program] = []
        self._compiled: list[object] = []
        self._paths = names.layer_paths(self._model)
        self._weight_names = names.weight_names(self._model, self._paths)
        self._entry_layers = EntryLayers(self._model, self._paths, self._weight_names)

    @property
    def _measured_outside(self) -> bool:
        """Whether XLA compiles the step, which is measured from outside then.

        Not with several replicas, which XLA can't compile: their variables are on other devices. What TensorFlow says
        about that should come out as it does without us.
        """
        return bool(self._model.jit_compile) and not self._results.distributed

    def make_function(self) -> Callable[..., Any]:
        """Returns a compiled function around this step, as Keras makes it; the model's own one stays where it is."""
        attributes = STEP_FUNCTIONS[self._split]
        own = getattr(self._model, attributes.function)
        by_keras = without_xla(self._model) if self._measured_outside else contextlib.nullcontext()
        with self.in_place(), by_keras:
            try:
                getattr(type(self._model), attributes.make)(self._model, force=True)
                made: Callable[..., Any] = getattr(self._model, attributes.function)
                return made
            finally:
                setattr(self._model, attributes.function, own)

    def in_place(self) -> contextlib.AbstractContextManager[None]:
        """Makes this step the model's while a block runs."""
        name = STEP_FUNCTIONS[self._split].step
        original: _Step = getattr(self._model, name)

        def probed_step(data: Structure) -> Structure:
            return self._run(original, data)

        return overridden(self._model, {name: probed_step})

    # -- tracing, or running eagerly -----------------------------------------------------------------

    def _run(self, original: _Step, data: Structure) -> Structure:
        if self._measured_outside and not tf.executing_eagerly():
            return self._run_measured_outside(original, data)
        trace, result = self._observe(original, data)
        with self._guard(trace) as usable:
            if usable:
                if trace.graph is None:
                    self._entry_layers.settle(trace, data)
                for averages in trace.moved:
                    averages.read_after(TENSORFLOW, *map(value_of, averages.variables))
                trace.finish()
                self._emit(trace)
        return result

    def _run_measured_outside(self, original: _Step, data: Structure) -> Structure:
        """Has XLA compile the step, and measures it from outside."""
        observed: list[Trace] = []
        inside: list[Tensor] = []

        @tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]  # TensorFlow ships no types
        def step(data: Structure) -> tuple[Structure, list[Tensor]]:
            trace, result = self._observe(original, data, measured_outside=True)
            observed.append(trace)
            inside.clear()
            with self._guard(trace) as usable:
                if usable:
                    trace.finish()
                    inside.extend(xla_cluster.cluster_outputs(trace))
            return result, list(inside)

        # a graph looks its functions up by name, and they go with the last object that knows them
        compiled = tf.function(step, jit_compile=True, reduce_retracing=True).get_concrete_function(data)
        self._compiled.append(compiled)
        trace = observed[-1]
        with self._guard(trace) as usable:
            if usable:
                for update in trace.updates:
                    update.read_before(TENSORFLOW, value_of(update.variable))
                for averages in trace.averages:
                    averages.read_before(TENSORFLOW, *map(value_of, averages.variables))
        # XLA updates a weight in place if nobody is reading it any more
        before = [u.norm for u in trace.updates if u.norm is not None]
        before += [u.before for u in trace.updates if u.before is not None and not u.is_whole]
        before += [tensor for averages in trace.averages for tensor in averages.before]
        with tf.control_dependencies(before):
            result, outside = compiled(data)
        with self._guard(trace) as usable:
            if usable:
                for update in trace.updates:
                    update.read_after(TENSORFLOW, value_of(update.variable))
                for averages in trace.moved:
                    averages.read_after(TENSORFLOW, *map(value_of, averages.variables))
                xla_cluster.replace_by_outputs(trace, inside, outside, trace.leaves(data))
                self._emit(trace)
        return result

    def _observe(self, original: _Step, data: Structure, measured_outside: bool = False) -> tuple[Trace, Structure]:
        """Runs the model's own step and observes what passes through it."""
        trace = Trace(self._model, self._paths, self._weight_names, measured_outside)
        known = {id(v) for v in _state(self._model)}
        with hooks.tracing(trace, replaced_methods), ops.sharing(self._model.jit_compile):
            try:
                with hooks.paused():
                    trace.feed(data)
                    self.fed = tuple(layout_of(f.name, f.role, f.tensor) for f in trace.fed)
                    if self._split == "train":
                        _observe_averages(trace, measured_outside)
            except Exception as exc:
                trace.trouble = exc
            try:
                result = original(data)
            except Exception:
                self.raised = trace.raised
                raise
        trace.lifted = trace.graph is not None and any(
            id(v) not in known and is_unlifted(v) for v in _state(self._model)
        )
        return trace, result

    @contextlib.contextmanager
    def _guard(self, trace: Trace) -> Iterator[bool]:
        """Keeps what fails in a block of ours away from the step; gives whether the trace can be used."""
        try:
            by_xla = self._model.jit_compile and tf.compat.v1.get_default_graph() is trace.graph
            with hooks.paused(), ops.sharing(by_xla), tf.name_scope(SCOPE):
                # TensorFlow traces a function that made variables a second time, and runs that one
                yield trace.trouble is None and not trace.lifted
        except Exception as exc:
            trace.trouble = exc
        if trace.trouble is not None and not trace.lifted:
            self.trouble = trace.trouble

    def _emit(self, trace: Trace) -> None:
        """Adds the reductions of a step, and stores their results."""
        replica = self._results.replica()
        keep = partial(self._results.keep_batch, replica) if self._keeps_batches else None
        made, row, pixels = build(trace, len(self.programs), self._split, self._images, keep)
        if not tf.executing_eagerly():
            self.programs.append(made)
            self._results.store(replica, tf.ensure_shape(row, [made.size]), pixels, made.size)
            return
        known = next((program for program in self.programs if program.is_like(made)), None)
        if known is None:
            self.programs.append(made)
            known = made
        values = row.numpy()
        values[0] = known.number
        self._results.add_eager(replica, values, pixels)


def _state(model: keras.Model) -> list[keras.Variable]:
    """Returns the variables of a model, its metrics and its optimizer; Keras makes some of them in the first step."""
    optimizer = getattr(model, "optimizer", None)
    return [*model.variables, *model.metrics_variables, *(optimizer.variables if optimizer is not None else [])]


def _observe_averages(trace: Trace, measured_outside: bool) -> None:
    """Finds the moving averages that the step changes, and reads them before it unless that is done from outside."""
    trace.find_averages()
    if not measured_outside:
        with tf.name_scope(SCOPE):
            for averages in trace.averages:
                averages.read_before(TENSORFLOW, *map(value_of, averages.variables))
