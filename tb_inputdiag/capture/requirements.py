"""Raises one clear error if Keras 3 is missing, or runs on a backend whose steps cannot be observed."""

from __future__ import annotations

import importlib.util
import os

from tb_inputdiag.errors import BackendError

__all__ = ["BACKENDS", "require_backend"]

BACKENDS = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
"""The backends of Keras that the callback works with, and what they are called."""

_OLDEST = (3, 7)
"""The oldest Keras with which tests/modes pass; setup.cfg requires it, too."""
_NEEDED = f"Keras {_OLDEST[0]}.{_OLDEST[1]} or newer"
_CHOICES = " or ".join(BACKENDS)
_CHOOSE = f"Set the environment variable KERAS_BACKEND to {_CHOICES} before Keras is imported."


def require_backend() -> None:
    """Checks that Keras 3 runs on one of `BACKENDS`.

    Raises:
        BackendError: if Keras or its backend is missing, Keras is too old, or runs on another backend.
    """
    chosen = os.environ.get("KERAS_BACKEND", "")
    wanted = chosen if chosen in BACKENDS else "tensorflow"
    if not chosen and not any(_is_installed(package) for package in BACKENDS):
        raise BackendError(
            f"InputDiagnostics needs {' or '.join(BACKENDS.values())}, none of which is installed. "
            f"{_install('tensorflow')}; another one is installed in the same way."
        )
    if chosen in BACKENDS and not _is_installed(chosen):
        raise BackendError(
            f"KERAS_BACKEND is {chosen!r}, but {BACKENDS[chosen]} is not installed. {_install(chosen)}, "
            "or choose another backend."
        )
    if not _is_installed("keras"):
        raise BackendError(f"InputDiagnostics needs {_NEEDED}, which is not installed. {_install(wanted)}")
    set_by = f" (KERAS_BACKEND is {chosen!r})" if chosen else ""
    try:
        import keras
    except ImportError as error:  # Keras imports its backend, which may be missing
        raise BackendError(f"Keras cannot be imported: {error}{set_by}. {_CHOOSE}") from error

    version = tuple(int(part) for part in keras.__version__.split(".")[:2])
    if version < _OLDEST:
        raise BackendError(f"InputDiagnostics needs {_NEEDED}. Found: Keras {keras.__version__}. {_install(wanted)}")
    backend = keras.backend.backend()
    if backend not in BACKENDS:
        raise BackendError(
            f"InputDiagnostics works with Keras on {', '.join(BACKENDS.values())}. Found: Keras on {backend}{set_by}. "
            f"{_CHOOSE} Logs can be read without it."
        )


def _install(backend: str) -> str:
    return f"Install it with: pip install 'tb-inputdiag[{backend}]'"


def _is_installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ImportError:
        return False
