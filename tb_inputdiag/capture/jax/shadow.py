"""The shadow of a step: a second program that runs the step's own operations, and reduces what passes through them.

`train_step(state, data)` of Keras' JAX trainer is a pure function. So a sampled execution first runs a shadow of it,
which is given the same state and data, and donates nothing. Then the user's own compiled function runs. It is never
replaced, so training is the same by construction.

On a GPU or TPU the shadow returns nothing but the row. On a CPU, XLA takes a second to compile the statistics of one
tensor. There the shadow returns the predictions and what the first layers read, and NumPy reduces them and the batch:
they share the host's memory.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple, TypeAlias

import jax
import keras
import numpy as np
from jax.sharding import NamedSharding, PartitionSpec

from tb_inputdiag.capture import hooks, keras_internals
from tb_inputdiag.capture.batches import batch_tensors
from tb_inputdiag.capture.jax.evaluation import Found, evaluate
from tb_inputdiag.capture.jax.lineage import follow
from tb_inputdiag.capture.jax.namespace import narrow, wide
from tb_inputdiag.capture.jax.reader import kind_of
from tb_inputdiag.capture.jax.replaced_methods import replaced_methods
from tb_inputdiag.capture.jax.tags import Array
from tb_inputdiag.capture.jax.trace import Averages, JaxTrace
from tb_inputdiag.capture.keras_internals import own_trainable_variables
from tb_inputdiag.capture.layer_facts import is_preprocessing
from tb_inputdiag.capture.model_graph import all_layers
from tb_inputdiag.capture.origins import Origin
from tb_inputdiag.capture.overrides import loss_observed
from tb_inputdiag.capture.rows.build import build
from tb_inputdiag.capture.step_functions import STEP_FUNCTIONS
from tb_inputdiag.records import F4, F8, Split, TensorLayout
from tb_inputdiag.statistics.program import Program

__all__ = ["HiddenEffects", "Shadow", "State"]

State: TypeAlias = tuple[list[Array], ...]
"""What Keras hands from step to step: trainable variables, others, and for training those of the optimizer; metrics."""

_NO_PIXELS: F4 = np.zeros(0, np.float32)

_CPU_OPTIONS = {"xla_backend_optimization_level": 1}
"""As fast as the usual level 2, and compiled in four fifths of the time; without optimization it takes twice as long
to run."""

_HIDDEN = "Layers and losses inside jax.lax.scan, cond or while_loop of a step are not seen."


class HiddenEffects(Exception):
    """A step has effects outside of its results, which its shadow would repeat."""


class Results(NamedTuple):
    """What a shadow returns; still on its way from the device."""

    found: Any
    batch: Any


class Reduced(NamedTuple):
    """What is known of a step, on the host."""

    row: F8
    pixels: F4


class Shadow:
    """The shadow of a step for batches of one shape.

    Args:
        model: A compiled Keras model.
        split: Which of its steps.
        trace: Receives the observations.
        number: Of the program.
        images: Examples to keep thumbnails of.
        keeps_batches: Whether it is to be seen which batch is worth keeping.
        state: The state of the step.
        data: The batch.

    Raises:
        HiddenEffects: if the step cannot be run twice.
    """

    def __init__(
        self,
        model: keras.Model,
        split: Split,
        trace: JaxTrace,
        number: int,
        images: int,
        keeps_batches: bool,
        state: State,
        data: Any,
    ) -> None:
        self._model = model
        self._trace = trace
        self.example = jax.tree.map(_spec, data)
        """The shape of the batches."""
        leaves = batch_tensors(model, data, kind_of)
        self._dtypes = {(leaf.role, leaf.name): str(leaf.tensor.dtype) for leaf in leaves}
        self._args = (number, split, images, (lambda bad, batch: bad) if keeps_batches else None)
        self.program: Program | None = None
        """What the rows are; None before the first one."""
        original = getattr(model, STEP_FUNCTIONS[split].step)
        with hooks.tracing(trace, replaced_methods), loss_observed(model):
            # a function of its own: JAX would find its trace of the user's one in a cache
            traced = jax.make_jaxpr(lambda state, data: original(state, data), return_shape=True)
            self._closed, result = traced(state, data)
        if trace.trouble is not None:
            raise trace.trouble
        self._structure = jax.tree.structure(result)
        names = {type(effect).__name__ for effect in self._closed.effects}
        effects = sorted(name for name in names if "Debug" not in name)
        if effects:
            raise HiddenEffects(
                f"the {STEP_FUNCTIONS[split].step} of this model has effects outside of its results "
                f"({', '.join(effects)}), e.g. jax.experimental.io_callback: it is not run a second time to observe it"
            )
        origins: dict[int, Origin] = {}
        follow(self._closed.jaxpr, self._origins(state, data), origins)
        trace.settle_entries(origins)
        arguments = _on_device(data)
        self._on_host = jax.default_backend() == "cpu" and jax.process_count() == 1
        with wide():
            function = self._observed if self._on_host else self._reduced
            lowered = jax.jit(function, **_result_placement(state)).lower(state, arguments)
            self._compiled = lowered.compile(_CPU_OPTIONS if self._on_host else None)

    def run(self, state: State, data: Any) -> Results:
        """Returns what is observed of a step, without waiting for it."""
        arguments = _on_device(data)
        # a generator may use the memory of its batch again
        batch = jax.tree.map(lambda leaf: leaf.copy() if isinstance(leaf, np.ndarray) else leaf, data)
        with wide():
            return Results(self._compiled(state, arguments), batch)

    def read(self, results: Results) -> Reduced:
        """Waits for a step, and returns its row."""
        if not self._on_host:
            row, pixels = results.found
        else:
            self._trace.take(results.found, results.batch)
            with np.errstate(all="ignore"):
                made, row, pixels = build(self._trace, *self._args)
            self._trace.drop()
            self.program = self.program or made
        return Reduced(np.asarray(row), _NO_PIXELS if pixels is None else np.asarray(pixels))

    # -- the program -------------------------------------------------------------------------------

    def _reduced(self, state: State, data: Any) -> tuple[Array, Array]:
        """Runs the step and reduces what passes through it; to be compiled."""
        self._evaluate(state, data)
        made, row, pixels = build(self._trace, *self._args)
        self.program = self._as_fed(made)
        return row, _NO_PIXELS if pixels is None else pixels

    def _observed(self, state: State, data: Any) -> list[Any]:
        """Runs the step and reduces what need not be whole on the host; to be compiled."""
        self._evaluate(state, data)
        return self._trace.measure()

    def _evaluate(self, state: State, data: Any) -> None:
        """Runs the step; the trace then has what passes through it."""
        found = Found({}, set())
        with narrow():
            leaves = jax.tree.leaves((state, data))
            results = evaluate(self._closed.jaxpr, self._closed.consts, leaves, found)
        if found.hidden - set(found.values):
            keras_internals.report("jax_control_flow", _HIDDEN)
        _, after = jax.tree.unflatten(self._structure, results)
        self._trace.settle(found, data, self._averages(state, after))

    def _averages(self, state: State, after: Any) -> Averages:
        """Returns the non-trainable variables before and after the step, if it returns a state like Keras' own."""
        variables = self._model.non_trainable_variables
        if not isinstance(after, tuple) or len(after) != len(state) or len(after[1]) != len(variables):
            return Averages()
        places = [id(variable) for variable in variables]
        return Averages(dict(zip(places, state[1], strict=True)), dict(zip(places, after[1], strict=True)))

    def _origins(self, state: State, data: Any) -> list[Origin]:
        """Returns where the arguments of the step come from: the inputs of the batch, and learned weights."""
        model = self._model
        learned = {
            id(variable)
            for layer in all_layers(model)
            if not is_preprocessing(layer)
            for variable in own_trainable_variables(layer)
        }
        origins: list[Origin] = []
        of_state: tuple[list[keras.Variable], ...] = (model.trainable_variables, model.non_trainable_variables, [], [])
        for part, variables in zip(state, of_state, strict=False):
            flags = [id(variable) in learned for variable in variables] or [False] * len(part)
            origins += [Origin(weighted=flag) for flag in flags]
        inputs = [leaf.tensor for leaf in batch_tensors(model, data, kind_of) if leaf.role == "input"]
        for leaf in jax.tree.leaves(data):
            place = next((index for index, known in enumerate(inputs) if known is leaf), None)
            origins.append(Origin() if place is None else Origin(sources=frozenset([place]), untouched=True))
        return origins

    def _as_fed(self, program: Program) -> Program:
        """Returns the program with the dtypes of the batch as it is handed to JAX, which may narrow it."""

        def fed(layout: TensorLayout) -> TensorLayout:
            dtype = self._dtypes.get((layout.role, layout.name)) if layout.stage == "fed" else None
            return layout if dtype is None else replace(layout, dtype=dtype)

        return replace(program, tensors=tuple(map(fed, program.tensors)), fed=tuple(map(fed, program.fed)))


def _on_device(data: Any) -> Any:
    """Returns a batch as JAX takes it, with numbers of at most 32 bits unless the user wants more."""
    return jax.tree.map(jax.numpy.asarray, data)


def _result_placement(state: State) -> dict[str, Any]:
    """Returns the argument of `jax.jit` that lets each of several processes read the results."""
    shardings = (leaf.sharding for part in state for leaf in part) if jax.process_count() > 1 else ()
    mesh = next((sharding.mesh for sharding in shardings if isinstance(sharding, NamedSharding)), None)
    return {} if mesh is None else {"out_shardings": NamedSharding(mesh, PartitionSpec())}


def _spec(leaf: Any) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype)
