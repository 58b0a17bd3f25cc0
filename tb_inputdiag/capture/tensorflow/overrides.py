"""Replaces attributes of a model while its probed step runs, and leaves no trace of itself."""

from __future__ import annotations

import contextlib
import types
from collections.abc import Iterator, Mapping
from typing import Any

import keras
import tensorflow as tf

from tb_inputdiag.capture.tensorflow import hooks
from tb_inputdiag.capture.tensorflow.ops import Tensor
from tb_inputdiag.capture.tensorflow.variable_creation import build_metrics

__all__ = ["loss_observed", "overridden", "without_own_frames", "without_xla"]

_PACKAGE = __name__.partition(".")[0] + "."


@contextlib.contextmanager
def overridden(model: keras.Model, values: Mapping[str, Any]) -> Iterator[None]:
    """Gives a model other attributes while a block runs.

    They are not set through `Layer.__setattr__`, which would track them.

    Args:
        model: The model.
        values: Name -> value. What the model itself has under that name is put back at the end.
    """
    own = vars(model)
    before = {name: own[name] for name in values if name in own}
    own.update(values)
    try:
        yield
    finally:
        for name in values:
            own.pop(name, None)
        own.update(before)


@contextlib.contextmanager
def without_xla(model: keras.Model) -> Iterator[None]:
    """Switches a model's `jit_compile` off while a block runs."""
    own = vars(model)
    before = dict(own)
    model.jit_compile = False
    # the setter of `jit_compile` may refuse True or warn, so what it changed is put back instead
    changed = [name for name in own if name not in before or own[name] is not before[name]]
    try:
        yield
    finally:
        for name in changed:
            own.pop(name, None)
        own.update({name: before[name] for name in changed if name in before})


def loss_observed(model: keras.Model) -> contextlib.AbstractContextManager[None]:
    """Shows what `compute_loss` returns to the observer of the running step, while a block runs.

    The metrics of `compile` are built outside of the step, before they are computed first.
    """
    original_loss, original_metrics = model.compute_loss, model.compute_metrics

    def compute_loss(*args: Any, **kwargs: Any) -> Tensor | None:
        loss = original_loss(*args, **kwargs)
        observer = hooks.current()
        if observer is not None and loss is not None:
            observer.note_loss(loss)
        return loss

    def compute_metrics(x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        if hooks.current() is not None and not tf.executing_eagerly():
            build_metrics(model, y, y_pred)
        return original_metrics(x, y, y_pred, sample_weight)

    return overridden(model, {"compute_loss": compute_loss, "compute_metrics": compute_metrics})


def without_own_frames(traceback: types.TracebackType | None) -> types.TracebackType | None:
    """Returns a traceback without frames of this package: they hide what the user should read.

    It is returned as it is if the user switched Keras' own filtering of tracebacks off.
    """
    if not keras.config.is_traceback_filtering_enabled():
        return traceback
    kept = []
    while traceback is not None:
        if not str(traceback.tb_frame.f_globals.get("__name__", "")).startswith(_PACKAGE):
            kept.append(traceback)
        traceback = traceback.tb_next
    result = None
    for entry in reversed(kept):
        result = types.TracebackType(result, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return result
