"""The one door to TensorFlow's internal names; see `capture.keras_internals`."""

from __future__ import annotations

import importlib
from typing import Any

from tb_inputdiag.capture.keras_internals import accessor
from tb_inputdiag.capture.names import backend_value

__all__ = ["is_unlifted"]


@accessor(
    effect="A step that makes variables is traced twice, and the first, discarded tracing is sampled as well.",
    fallback=lambda variable: False,
)
def is_unlifted(variable: Any) -> bool:
    """Tells whether a variable was made while a `tf.function` was being traced.

    Looks for TensorFlow's class `UnliftedInitializerVariable`, which is in this module since TensorFlow 2.13.
    """
    module = importlib.import_module("tensorflow.python.eager.polymorphic_function.polymorphic_function")
    return isinstance(backend_value(variable), module.UnliftedInitializerVariable)
