"""What is overridden on a model while TensorFlow traces its probed step."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import keras
import tensorflow as tf

from tb_inputdiag.capture import hooks
from tb_inputdiag.capture.overrides import overridden
from tb_inputdiag.capture.tensorflow.ops import Tensor
from tb_inputdiag.capture.tensorflow.variable_creation import build_metrics

__all__ = ["loss_observed", "without_xla"]


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
            return observer.note_loss(loss)
        return loss

    def compute_metrics(x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        if hooks.current() is not None and not tf.executing_eagerly():
            build_metrics(model, y, y_pred)
        return original_metrics(x, y, y_pred, sample_weight)

    return overridden(model, {"compute_loss": compute_loss, "compute_metrics": compute_metrics})
