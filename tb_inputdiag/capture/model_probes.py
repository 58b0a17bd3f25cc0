"""The twins of a model: puts them in the place of its functions, and always removes them again.

One `ModelProbes` serves all callbacks that record the same model at the same time. It leaves nothing behind: it goes
when the last client goes, when a step raises, when `fit` is left by an exception from elsewhere (seen by the end of
Keras' own callback list), and at the latest when the next `fit` begins.
"""

from __future__ import annotations

import sys
import threading
import weakref
from collections.abc import Collection
from types import FrameType
from typing import Any

import keras

from tb_inputdiag.capture import names
from tb_inputdiag.capture.backend import backend
from tb_inputdiag.capture.facts import model_facts
from tb_inputdiag.capture.keras_internals import batch_iterations
from tb_inputdiag.capture.running_loss import RunningLoss
from tb_inputdiag.capture.step_functions import STEP_FUNCTIONS, steps_per_execution
from tb_inputdiag.capture.twin import Client, Twin
from tb_inputdiag.records import ModelFacts, Split

_lock = threading.Lock()
_probes: weakref.WeakValueDictionary[int, ModelProbes] = weakref.WeakValueDictionary()
"""`id` of a model -> its probes. Their clients hold them; held here, they would keep the model for ever."""


def probes_of(
    model: keras.Model, images: int, earlier: ModelProbes | None = None, keeps_batches: bool = False
) -> ModelProbes:
    """Returns the probes of a model, made when they are first asked for.

    Args:
        model: A compiled Keras model.
        images: Examples to keep thumbnails of. The number of the first client counts.
        earlier: Probes that the caller had before. If they are of the same model they are used again: their probed
            functions need not be traced and compiled anew.
        keeps_batches: Whether batches with values that are not finite are kept.
    """
    with _lock:
        found = _probes.get(id(model))
        if found is None or found.model is not model:
            again = earlier is not None and earlier.model is model and earlier.images == images
            found = earlier if again and earlier is not None else ModelProbes(model, images, keeps_batches)
            _probes[id(model)] = found
        return found


def is_recorded(model: keras.Model, *, besides: Client | None = None, in_block: bool = False) -> bool:
    """Returns whether a model is recorded at present.

    Args:
        model: A Keras model.
        besides: A client that does not count.
        in_block: Count only the blocks of `InputDiagnostics.watch`. A new `fit` ends every other recording.
    """
    with _lock:
        found = _probes.get(id(model))
    if found is None or found.model is not model:
        return False
    return any(client is not besides for client in (found.pins if in_block else found.clients))


def clients_left(model: keras.Model) -> list[Client]:
    """Returns who still records a `fit`, `evaluate` or `predict` of a model that an exception has left.

    That is nobody while this thread still runs one of them. Blocks of `InputDiagnostics.watch` do not count: they see
    the exceptions that leave them.
    """
    with _lock:
        found = _probes.get(id(model))
    if found is None or found.model is not model or _is_called(model, ("fit", "evaluate", "predict")):
        return []
    return [client for client in dict.fromkeys(found.clients) if client not in found.pins]


class ModelProbes:
    """The twins of one model; made by `probes_of`."""

    def __init__(self, model: keras.Model, images: int, keeps_batches: bool = False) -> None:
        self._model = weakref.ref(model)
        self.images = images
        self.keeps_batches = keeps_batches
        self._twins: dict[Split, Twin] = {}
        self.pins: list[Client] = []
        """Clients that keep the twins in place when a new `fit` begins."""

    @property
    def model(self) -> Any:
        """The model, or None if it is gone."""
        return self._model()

    def twin(self, split: Split) -> Twin | None:
        """Returns the twin of one of the model's functions, if there is one."""
        return self._twins.get(split)

    @property
    def clients(self) -> list[Client]:
        """The clients of all functions."""
        return [client for twin in self._twins.values() for client in twin.clients]

    def add(self, split: Split, client: Client) -> Twin:
        """Adds a client to one of the model's functions, which exists already."""
        model = self.model
        twin = self._twins.get(split)
        if twin is None or twin.steps_per_execution != steps_per_execution(model) or twin.trouble is not None:
            if twin is not None:
                twin.detach()
            twin = backend().make_twin(model, split, self.images, self.keeps_batches)
            self._twins[split] = twin
        if client not in twin.clients:
            twin.clients.append(client)
        twin.attach()
        self._guard(split)
        return twin

    def remove(self, client: Client, split: Split | None = None) -> None:
        """Removes a client from one function, or from all. A function without clients is the model's own again."""
        for name, twin in list(self._twins.items()):
            if split not in (None, name) or client not in twin.clients:
                continue
            twin.clients.remove(client)
            if not twin.clients:
                self._release(name)
        if not self.clients:
            with _lock:
                if self.model is not None and _probes.get(id(self.model)) is self:
                    del _probes[id(self.model)]

    def _release(self, split: Split) -> None:
        twin = self._twins[split]
        twin.detach()
        if self.model is not None:
            vars(self.model).pop(STEP_FUNCTIONS[split].make, None)

    def _guard(self, split: Split) -> None:
        """Notices when Keras makes the function anew: after `compile`, or because another `fit` begins.

        `fit` calls this before it constructs its callbacks. If our twin is still there then, the `fit` that it
        belonged to was left by an exception.
        """
        model, make = self.model, STEP_FUNCTIONS[split].make
        reference = weakref.ref(model)

        def guarded(force: bool = False) -> Any:
            model = reference()
            twin = self._twins.get(split)
            original = getattr(type(model), make)
            if twin is None:
                return original(model, force=force)
            function = getattr(model, twin.attributes.function)
            if function is twin and not force and (self.pins or _fitting(model)):
                return None
            if function is twin:
                twin.detach()
            result = original(model, force=force)
            if self.pins:
                twin.attach()
            else:
                vars(model).pop(make, None)
                twin.clients.clear()
            return result

        vars(model)[make] = guarded

    @property
    def steps_per_execution(self) -> int:
        """How many steps one call of the model's compiled functions runs."""
        return steps_per_execution(self.model)

    def make_functions(self) -> tuple[Split, ...]:
        """Makes those of the model's functions that do not exist yet, as Keras does; returns them all."""
        for attributes in STEP_FUNCTIONS.values():
            getattr(self.model, attributes.make)()
        return tuple(STEP_FUNCTIONS)

    def facts(self) -> ModelFacts:
        """Reads the model's static facts."""
        model = self.model
        paths = names.layer_paths(model)
        with backend().variables_readable(model, self._twins.values()):
            return model_facts(model, paths, names.weight_names(model, paths))

    def running_loss(self) -> RunningLoss:
        """Returns a reader of the metric behind the loss that training logs."""
        return RunningLoss(backend().means(self.model, self._twins.get("train")))


def _fitting(model: keras.Model) -> bool:
    """Returns whether a step is called from inside a running `fit` of the same model, for example by a callback."""
    frame: Any = sys._getframe(2)
    return frame is not None and frame.f_code.co_name != "fit" and _is_called(model, ("fit",), frame)


def _is_called(model: keras.Model, methods: Collection[str], frame: FrameType | None = None) -> bool:
    """Returns whether this thread runs one of these methods of a model, seen from a frame: by default the caller's."""
    above: FrameType | None = frame or sys._getframe(1)
    while above is not None:
        if above.f_code.co_name in methods and above.f_locals.get("self") is model:
            return True
        above = above.f_back
    return False


def callback_list_above() -> keras.callbacks.CallbackList | None:
    """Returns Keras' list of callbacks that is calling one of ours, or None; it lives as long as its `fit`."""
    frame: Any = sys._getframe(1)
    for _ in range(6):
        frame = frame.f_back
        if frame is None:
            return None
        owner = frame.f_locals.get("self")
        if isinstance(owner, keras.callbacks.CallbackList):
            return owner
    return None


def iterations(model: keras.Model) -> int | None:
    """Returns the optimizer's iterations; None without an optimizer, or if they cannot be read now.

    With gradient accumulation Keras' own property counts updates; this counts batches.
    """
    optimizer = getattr(model, "optimizer", None)
    if optimizer is None:
        return None
    count = batch_iterations(getattr(optimizer, "inner_optimizer", optimizer))
    return backend().whole_number(count)


def skips_updates(model: keras.Model) -> bool:
    """Returns whether loss scaling may skip updates, so that the optimizer's iterations do not count the batches."""
    return hasattr(getattr(model, "optimizer", None), "inner_optimizer")
