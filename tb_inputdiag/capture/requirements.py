"""One clear error where Keras 3 on TensorFlow is missing."""

from __future__ import annotations

import importlib.util
import os

from tb_inputdiag.errors import BackendError

_INSTALL = "Install it with: pip install 'tb-inputdiag[tensorflow]'  (or tensorflow-cpu, and keras>=3)"


def require_backend() -> None:
    """Makes sure that Keras 3 runs on TensorFlow.

    Raises:
        BackendError: if TensorFlow or Keras is missing, Keras is older than 3, or runs on another backend.
    """
    if importlib.util.find_spec("tensorflow") is None:
        raise BackendError(f"InputDiagnostics needs TensorFlow, which is not installed. {_INSTALL}")
    if importlib.util.find_spec("keras") is None:
        raise BackendError(f"InputDiagnostics needs Keras 3, which is not installed. {_INSTALL}")
    import keras

    if int(keras.__version__.split(".")[0]) < 3:
        raise BackendError(f"InputDiagnostics needs Keras 3. Found: Keras {keras.__version__}. {_INSTALL}")
    backend = keras.backend.backend()
    if backend != "tensorflow":
        set_by = " (set by KERAS_BACKEND)" if os.environ.get("KERAS_BACKEND") else ""
        raise BackendError(
            f"InputDiagnostics works with Keras on TensorFlow. Found: Keras on {backend}{set_by}. Set the environment "
            "variable KERAS_BACKEND=tensorflow before Keras is imported. Reading logs works without."
        )
