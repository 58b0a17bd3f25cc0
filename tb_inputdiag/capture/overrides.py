"""Replaces attributes of a model while its probed step runs, and leaves no trace of itself."""

from __future__ import annotations

import contextlib
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras

from tb_inputdiag.capture import hooks
from tb_inputdiag.tracebacks import user_frames

__all__ = ["loss_observed", "overridden", "without_own_frames"]


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


def loss_observed(model: keras.Model) -> contextlib.AbstractContextManager[None]:
    """Shows what a model's `compute_loss` returns to the observer of the running step, while a block runs."""
    original: Callable[..., Any] = model.compute_loss

    def compute_loss(*args: Any, **kwargs: Any) -> Any:
        loss = original(*args, **kwargs)
        observer = hooks.current()
        return loss if observer is None or loss is None else observer.note_loss(loss)

    return overridden(model, {"compute_loss": compute_loss})


def without_own_frames(traceback: types.TracebackType | None) -> types.TracebackType | None:
    """Returns a traceback without frames of this package: they hide what the user should read.

    It is returned as it is if the user switched Keras' own filtering of tracebacks off.
    """
    return user_frames(traceback) if keras.config.is_traceback_filtering_enabled() else traceback
