"""One tracing of a step by JAX: puts together what is observed of its parts."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import jax
import keras
import numpy as np

from tb_inputdiag.capture.batches import batch_tensors
from tb_inputdiag.capture.compile_facts import mean_loss
from tb_inputdiag.capture.jax.evaluation import Found
from tb_inputdiag.capture.jax.layer_calls import JaxLayerCalls
from tb_inputdiag.capture.jax.namespace import JAX
from tb_inputdiag.capture.jax.optimizer_calls import JaxOptimizerCalls
from tb_inputdiag.capture.jax.reader import JaxReader, kind_of
from tb_inputdiag.capture.jax.tags import Array, Tags, ValueTag, is_array
from tb_inputdiag.capture.names import ModelNames
from tb_inputdiag.capture.observations import (
    Activation,
    EntryTensor,
    ObservedTensor,
    StepObservations,
    Update,
    averages_of,
)
from tb_inputdiag.capture.origins import Origin
from tb_inputdiag.statistics import health
from tb_inputdiag.statistics.numpy_namespace import NUMPY

__all__ = ["JaxTrace"]

_Leaf = TypeVar("_Leaf", EntryTensor, ObservedTensor, Activation)

_SCALARS = ("loss", "scale", "learning_rate", "iterations")
_REDUCED = ("norm", "proof", "measured", "clipped_norm", "sample_norm", "change")
"""What is left of an update once it was reduced."""
_RAW = ("gradient", "clipped", "before", "after")
"""What an update is reduced from."""
_MOST_RAW_VALUES = 1 << 23
"""Values of activations, gradients and weights that a program returns to be reduced on the host: 32 MB of memory."""


@dataclass(slots=True)
class Averages:
    """The values of a model's non-trainable variables before and after a step, by ``id(variable)``."""

    before: dict[int, Array] = field(default_factory=dict)
    after: dict[int, Array] = field(default_factory=dict)


class JaxTrace(StepObservations):
    """The observations of a step, and the `hooks.Observer` that makes them.

    While the step is traced they hold tags; `settle` puts the values in their places.

    Args:
        model: The model in training.
        paths: ``id(layer) -> path``; layers that were not known are added.
        weight_names: ``id(variable) -> (name, layer path)``; weights that were not known are added.
        trains: Whether this is a training step.
    """

    def __init__(
        self,
        model: keras.Model,
        paths: dict[int, str],
        weight_names: dict[int, tuple[str, str]],
        trains: bool,
    ) -> None:
        super().__init__(reader=JaxReader(), mean_loss=mean_loss(model))
        self._model = model
        self._tags = Tags()
        self._penalties: list[ValueTag] = []
        self._slots: list[tuple[object, str]] = []
        self._raw: set[int] = set()
        names = ModelNames(model, paths, weight_names)
        self._layer_calls = JaxLayerCalls(self, model, names, self._tags)
        self._optimizer_calls = JaxOptimizerCalls(self, names, self._tags)
        if trains:
            self.averages = averages_of(model)

    # -- what hooks call ---------------------------------------------------------------------------

    def call(self, original: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Runs and observes one layer call."""
        return self._layer_calls.call(original, args, kwargs)

    def stateless_call(self, original: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Runs and observes a stateless call of the model."""
        return self._layer_calls.stateless_call(original, args, kwargs)

    def stateless_apply(self, original: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Runs and observes one call of an optimizer."""
        return self._optimizer_calls.stateless_apply(original, args, kwargs)

    def note_loss(self, loss: Any) -> Any:
        """Observes the loss that the model computed, and the part of it that penalties make."""
        if self.loss is not None or not is_array(loss):
            return loss
        with self.guard():
            self._penalties = [self._tags.put(penalty)[1] for penalty in self._model.losses if is_array(penalty)]
        loss, self.loss = self._tags.put(loss)
        return loss

    # -- after the trace ---------------------------------------------------------------------------

    def settle_entries(self, origins: Mapping[int, Origin]) -> None:
        """Keeps those layers that read the batch first.

        Args:
            origins: Key of a tag -> where its value comes from.
        """
        kept = []
        for entry in self.entries:
            origin = origins.get(entry.tensor.key)
            if origin is not None and origin.sources and not origin.weighted:
                entry.sources = tuple(sorted(origin.sources))
                entry.untouched = origin.untouched and len(origin.sources) == 1
                kept.append(entry)
        self.entries = kept

    # -- in the shadow -----------------------------------------------------------------------------

    def settle(self, found: Found, data: Any, averages: Averages) -> None:
        """Puts the values of one evaluation in the places of the tags; drops what is hidden in loops and branches.

        Args:
            found: What is tagged.
            data: The batch.
            averages: Where BatchNormalization keeps its averages.
        """
        values = found.values
        self.fed = batch_tensors(self._model, data, kind_of)
        self.entries = _seen(self.entries, values)
        self.predictions = _seen(self.predictions, values)
        self.activations = _seen(self.activations, values)
        for name in _SCALARS:
            setattr(self, name, _value(getattr(self, name), values))
        penalties = [_value(tag, values) for tag in self._penalties]
        self._settle_penalty([penalty for penalty in penalties if penalty is not None])
        self._settle_updates(values)
        for activation in self.activations:
            activation.select(JAX, activation.tensor)
        for moving in self.averages:
            places = [id(variable) for variable in moving.variables]
            if all(place in averages.before and place in averages.after for place in places):
                moving.read_before(JAX, *(averages.before[place] for place in places))
                moving.read_after(JAX, *(averages.after[place] for place in places))

    # -- on the host -------------------------------------------------------------------------------

    def measure(self) -> list[Any]:
        """Reduces all but the batch, the predictions and what the first layers read; to be compiled.

        Returns:
            What `take` receives after the program ran. Of everything else only shapes are left.
        """
        for entry in self.entries:
            if entry.untouched:
                entry.tensor = _spec(entry.tensor)
        self._raw = self._smallest()
        self._slots = [
            *((self, name) for name in (*_SCALARS, "penalty")),
            *((leaf, "tensor") for leaf in self.predictions),
            *((entry, "tensor") for entry in self.entries if not entry.untouched),
            *((activation, name) for activation in self.activations for name in self._measure_activation(activation)),
            *((update, name) for update in self.updates for name in self._measure_update(update)),
            *((moving, name) for moving in self.averages for name in ("before", "after")),
        ]
        return [getattr(owner, name) for owner, name in self._slots]

    def _smallest(self) -> set[int]:
        """Returns the ids of the activations and updates that are reduced on the host.

        These are the smallest ones, because XLA takes as long to compile the reductions of a small array as of a large
        one.
        """
        parts: list[tuple[object, list[Array]]] = [(a, [a.tensor]) for a in self.activations]
        parts += [(u, [part for name in _RAW if (part := getattr(u, name)) is not None]) for u in self.updates]
        sizes = sorted((sum(array.size for array in arrays), id(owner)) for owner, arrays in parts)
        totals = itertools.accumulate(size for size, _ in sizes)
        return {owner for total, (_, owner) in zip(totals, sizes, strict=True) if total <= _MOST_RAW_VALUES}

    def _measure_activation(self, activation: Activation) -> tuple[str, ...]:
        """Returns the attributes of an activation that the host receives."""
        if id(activation) in self._raw:
            return "tensor", "mean"
        activation.measure(JAX)
        activation.tensor, activation.mean = _spec(activation.tensor), None
        return ("reduced",)

    def _measure_update(self, update: Update) -> tuple[str, ...]:
        """Returns the attributes of an update that the host receives."""
        if id(update) in self._raw:
            if update.is_whole:
                update.norm = None
            return "norm", "proof", *_RAW
        update.measure(JAX)
        update.measure_clipped(JAX)
        update.measure_change(JAX)
        update.gradient = update.clipped = update.before = update.after = None
        return _REDUCED

    def take(self, values: Sequence[Any], data: Any) -> None:
        """Puts the results of one run in the places of what they were traced from, to be reduced on the host.

        Args:
            values: What the program returned for the result of `measure`.
            data: The batch.
        """
        self.reader = JaxReader(NUMPY)
        for (owner, name), value in zip(self._slots, jax.tree.map(np.asarray, values), strict=True):
            setattr(owner, name, value)
        self.fed = batch_tensors(self._model, data, kind_of)
        for leaf in self.fed:
            leaf.tensor = np.asarray(leaf.tensor)
        for update in self.updates:
            if update.is_whole and update.norm is None and update.before is not None:
                update.norm = health.half_squares(NUMPY, update.before)

    def drop(self) -> None:
        """Drops what `take` received and what was made of it: it would be kept until the next sample."""
        self.fed = []
        for owner, name in self._slots:
            setattr(owner, name, None)
        for activation in self.activations:
            activation.reduced = None
        for update in self.updates:
            for name in _REDUCED:
                setattr(update, name, None)

    # -- parts ---------------------------------------------------------------------------------------

    def _settle_penalty(self, penalties: Sequence[Array]) -> None:
        if penalties:
            self.penalty = sum(JAX.sum(JAX.cast(penalty, "float64")) for penalty in penalties)

    def _settle_updates(self, values: Mapping[int, Array]) -> None:
        calls = self._optimizer_calls
        for update in self.updates:
            update.gradient = _dense(_value(update.gradient, values))
            update.clipped = _dense(_value(update.clipped, values))
            before, after = (_value(tags.get(update.name), values) for tags in (calls.before, calls.after))
            if before is not None and after is not None:
                update.read_before(JAX, before)
                update.read_after(JAX, after)


def _seen(leaves: list[_Leaf], values: Mapping[int, Array]) -> list[_Leaf]:
    """Returns the observations that have values, with them."""
    found = [leaf for leaf in leaves if leaf.tensor.key in values]
    for leaf in found:
        leaf.tensor = values[leaf.tensor.key]
    return found


def _value(tag: ValueTag | None, values: Mapping[int, Array]) -> Array | None:
    return None if tag is None else values.get(tag.key)


def _spec(array: Array) -> jax.ShapeDtypeStruct:
    return jax.ShapeDtypeStruct(array.shape, array.dtype)


def _dense(gradient: Array | None) -> Array | None:
    """Returns a gradient as float32 or float64."""
    if gradient is None or str(gradient.dtype) in ("float32", "float64"):
        return gradient
    return gradient.astype(jax.numpy.float32)
