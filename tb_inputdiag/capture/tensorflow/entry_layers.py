"""Which layers read a model's inputs first, found by tracing its call.

Eager steps need it: they have no graph in which inputs could be followed.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Mapping
from typing import NamedTuple

import keras
import tensorflow as tf

from tb_inputdiag.capture import hooks
from tb_inputdiag.capture.keras_internals import Structure
from tb_inputdiag.capture.observations import EntryTensor
from tb_inputdiag.capture.tensorflow.replaced_methods import replaced_methods
from tb_inputdiag.capture.tensorflow.trace import Trace

__all__ = ["EntryLayers"]


class _Entry(NamedTuple):
    sources: tuple[int, ...]
    untouched: bool


class EntryLayers:
    """The layers that read the inputs first, of one model; found at its first eager step.

    Args:
        model: The model.
        paths: ``id(layer) -> path``.
        weight_names: ``id(variable) -> (name, layer path)``.
    """

    def __init__(self, model: keras.Model, paths: dict[int, str], weight_names: dict[int, tuple[str, str]]) -> None:
        self._model = model
        self._paths = paths
        self._weight_names = weight_names
        self._known: Mapping[str, _Entry] = {}

    def settle(self, trace: Trace, data: Structure) -> None:
        """Keeps those candidates of an eager step that read the batch `data` first."""
        # a model that its own step never calls would be changed by being called
        if not self._known and self._model.built:
            with contextlib.suppress(Exception):
                x, _, _ = keras.utils.unpack_x_y_sample_weight(data)
                self._known = self._traced(x)
        kept: dict[str, EntryTensor] = {}
        for entry in trace.entries:
            if entry.path in self._known and entry.path not in kept:
                entry.sources, entry.untouched = self._known[entry.path]
                kept[entry.path] = entry
        trace.entries = list(kept.values())

    def _traced(self, x: Structure) -> dict[str, _Entry]:
        """Traces the model's call on `x`; returns what was found by the path of the layer."""
        found: list[Trace] = []

        def call(x: Structure) -> Structure:
            trace = Trace(self._model, self._paths, self._weight_names)
            found.append(trace)
            trace.feed((x,))
            with hooks.tracing(trace, replaced_methods):
                trains = "training" in inspect.signature(self._model.call).parameters
                return self._model(x, training=True) if trains else self._model(x)

        tf.function(call, autograph=False).get_concrete_function(x)
        return {entry.path: _Entry(entry.sources, entry.untouched) for entry in found[-1].entries}
