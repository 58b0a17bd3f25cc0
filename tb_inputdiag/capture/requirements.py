"""Raises one clear error if Keras 3 on TensorFlow is missing."""

from __future__ import annotations

import importlib.util
import os

from tb_inputdiag.errors import BackendError

_OLDEST = (3, 7)
"""The oldest Keras with which tests/modes pass; setup.cfg requires it, too."""
_NEEDED = f"Keras {_OLDEST[0]}.{_OLDEST[1]} or newer"
_INSTALL = (
    "Install it with: pip install 'tb-inputdiag[tensorflow]'  "
    f"(or tensorflow-cpu, and keras>={_OLDEST[0]}.{_OLDEST[1]})"
)
_CHOOSE = "Set the environment variable KERAS_BACKEND=tensorflow before Keras is imported."


def require_backend() -> None:
    """Checks that Keras 3 runs on TensorFlow.

    Raises:
        BackendError: if TensorFlow or Keras is missing, Keras is too old, or runs on another backend.
    """
    if not _is_installed("tensorflow"):
        raise BackendError(f"InputDiagnostics needs TensorFlow, which is not installed. {_INSTALL}")
    if not _is_installed("keras"):
        raise BackendError(f"InputDiagnostics needs {_NEEDED}, which is not installed. {_INSTALL}")
    set_by = f" (KERAS_BACKEND is {os.environ['KERAS_BACKEND']!r})" if os.environ.get("KERAS_BACKEND") else ""
    try:
        import keras
    except ImportError as error:  # Keras imports its backend, which may be missing
        raise BackendError(f"Keras cannot be imported: {error}{set_by}. {_CHOOSE}") from error

    version = tuple(int(part) for part in keras.__version__.split(".")[:2])
    if version < _OLDEST:
        raise BackendError(f"InputDiagnostics needs {_NEEDED}. Found: Keras {keras.__version__}. {_INSTALL}")
    backend = keras.backend.backend()
    if backend != "tensorflow":
        raise BackendError(
            f"InputDiagnostics works with Keras on TensorFlow. Found: Keras on {backend}{set_by}. {_CHOOSE} "
            "Logs can be read without it."
        )


def _is_installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ImportError:
        return False
