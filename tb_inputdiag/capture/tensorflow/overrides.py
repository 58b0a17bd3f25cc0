"""What stands in the place of a model's own while its probed step runs, and leaves no trace of itself."""

from __future__ import annotations

import contextlib
import os
import types
from collections.abc import Iterator, Mapping
from typing import Any

import keras
import tensorflow as tf

from tb_inputdiag.capture.tensorflow import hooks
from tb_inputdiag.capture.tensorflow.variable_creation import build_metrics

__all__ = ["computations_noted", "instead", "without_ours"]

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


@contextlib.contextmanager
def instead(model: Any, values: Mapping[str, Any]) -> Iterator[None]:
    """Puts values in the place of a model's attributes while a block runs.

    Past `Layer.__setattr__`, which would track them.
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


def computations_noted(model: Any) -> contextlib.AbstractContextManager[None]:
    """Shows what `compute_loss` returns to whichever trace is running, while a block runs; builds metrics outside."""
    original_loss, original_metrics = model.compute_loss, model.compute_metrics

    def compute_loss(*args: Any, **kwargs: Any) -> Any:
        loss = original_loss(*args, **kwargs)
        trace = hooks.current()
        if trace is not None and loss is not None:
            trace.note_loss(loss)
        return loss

    def compute_metrics(x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        if hooks.current() is not None and not tf.executing_eagerly():
            build_metrics(model, y, y_pred)
        return original_metrics(x, y, y_pred, sample_weight)

    return instead(model, {"compute_loss": compute_loss, "compute_metrics": compute_metrics})


def without_ours(traceback: Any) -> Any:
    """Returns a traceback without frames of this package: they hide what the user should read."""
    if not keras.config.is_traceback_filtering_enabled():
        return traceback
    kept = []
    while traceback is not None:
        if not traceback.tb_frame.f_code.co_filename.startswith(_PACKAGE):
            kept.append(traceback)
        traceback = traceback.tb_next
    result = None
    for entry in reversed(kept):
        result = types.TracebackType(result, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return result
