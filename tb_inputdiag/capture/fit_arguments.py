"""What `fit` was called with, as far as rules need it and callbacks do not get it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import Any

import keras
import numpy as np

from tb_inputdiag.capture.plain_values import attempt, plain
from tb_inputdiag.records import JSON

__all__ = ["fit_arguments"]

_MAX_FRAMES = 16
"""Between a hook of a callback and `fit` are Keras' list of callbacks and the wrapper that filters tracebacks."""
_MAX_CLASSES = 128
_FOLLOWERS = (keras.callbacks.EarlyStopping, keras.callbacks.ModelCheckpoint, keras.callbacks.ReduceLROnPlateau)
_KNOWN_MODULES = ("keras.", "tb_inputdiag.")
"""Callbacks of these never add to Keras' logs."""
_DEFAULT_BATCH_SIZE = 32
"""Keras' own, for arrays."""


def fit_arguments(model: keras.Model) -> dict[str, JSON]:
    """Returns arguments of the running `fit` of a model, for `SessionStart.params`; empty outside of `fit`.

    Keras gives callbacks its `params` only, so they are read from the frame of `fit`. To be called from a hook.

    Args:
        model: The model in training.

    Returns:
        ``class_weight``: pairs of key and weight, if there is one. ``shuffle``: whether Keras shuffles the examples,
        and ``batch_size``. Both only for arrays; data sets and generators have an order of their own. ``monitors``:
        for each callback of Keras that follows a metric its ``callback`` (class), ``monitor`` and ``mode``, and with
        them ``validation_freq`` and ``own_callbacks``: whether callbacks of the user's own may add to Keras' logs.
    """
    frame: Any = sys._getframe(1)
    for _ in range(_MAX_FRAMES):
        frame = frame.f_back
        if frame is None:
            return {}
        if frame.f_code.co_name == "fit" and frame.f_locals.get("self") is model:
            return _described(frame.f_locals)
    return {}


def _described(arguments: Mapping[str, Any]) -> dict[str, JSON]:
    found: dict[str, JSON] = {}
    class_weight = arguments.get("class_weight")
    if isinstance(class_weight, Mapping):
        pairs = [[plain(key), plain(value)] for key, value in class_weight.items()]
        found["class_weight"] = pairs[:_MAX_CLASSES]
    if _is_array(arguments.get("x")) and isinstance(arguments.get("shuffle"), bool):
        found["shuffle"] = arguments["shuffle"]
        found["batch_size"] = plain(arguments.get("batch_size")) or _DEFAULT_BATCH_SIZE
    callbacks = getattr(arguments.get("callbacks"), "callbacks", None)
    if callbacks:
        found |= attempt(lambda: _monitors(callbacks, arguments.get("validation_freq")), {})
    return found


def _monitors(callbacks: Iterable[keras.callbacks.Callback], validation_freq: object) -> dict[str, JSON]:
    """Describes the callbacks that follow a metric; empty if there are none."""
    followers: list[JSON] = [
        {
            "callback": type(item).__name__,
            "monitor": plain(item.monitor),
            "mode": plain(getattr(item, "mode", None)),
        }
        for item in callbacks
        if _follows(item)
    ]
    if not followers:
        return {}
    own = any(not type(item).__module__.startswith(_KNOWN_MODULES) for item in callbacks)
    found: dict[str, JSON] = {"monitors": followers, "own_callbacks": own}
    if isinstance(validation_freq, int):
        found["validation_freq"] = validation_freq
    return found


def _follows(callback: Any) -> bool:
    """Returns whether a callback does what Keras' own does, and needs its metric for it."""
    if type(callback) not in _FOLLOWERS:
        return False  # a subclass may have other ways
    return bool(getattr(callback, "save_best_only", True)) and getattr(callback, "baseline", None) is None


def _is_array(x: Any) -> bool:
    """Returns whether Keras reads the examples of an array, or of a structure of arrays, by their index."""
    if isinstance(x, Mapping):
        return bool(x) and all(_is_array(item) for item in x.values())
    if isinstance(x, list | tuple):
        return bool(x) and all(_is_array(item) for item in x)
    return isinstance(x, np.ndarray) or (hasattr(x, "iloc") and hasattr(x, "shape"))
