"""The backend of Keras that this process has: what the rest of the package needs of it, and which one it is.

Only one is imported, when it is first asked for. `capture/tensorflow`, `capture/jax` and `capture/torch` know nothing
of each other.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from typing import Protocol, cast

import keras

from tb_inputdiag.capture.keras_internals import Tensor
from tb_inputdiag.capture.running_loss import MeanState
from tb_inputdiag.capture.twin import Twin
from tb_inputdiag.records import Split

__all__ = ["Backend", "backend"]


class Backend(Protocol):
    """What a module ``tb_inputdiag.capture.NAME.backend`` has."""

    def versions(self) -> Mapping[str, str]:
        """Returns the versions to log, the backend's own first, e.g. ``{"tensorflow": "2.21.0"}``."""

    def worker(self, model: keras.Model) -> tuple[int, int]:
        """Returns this process's index and the number of worker processes; ``(0, 1)`` for one process."""

    def make_twin(self, model: keras.Model, split: Split, images: int, keeps_batches: bool) -> Twin:
        """Returns a twin of one of a model's functions.

        Args:
            model: A compiled Keras model.
            split: Which of its functions.
            images: Examples to keep thumbnails of.
            keeps_batches: Whether batches with values that are not finite are kept.
        """

    def means(self, model: keras.Model, twin: Twin | None) -> list[MeanState]:
        """Returns the model's mean metrics, the one that Keras calls ``loss`` first.

        Args:
            model: A compiled Keras model.
            twin: The twin of its training function, if there is one.
        """

    def whole_number(self, variable: Tensor) -> int | None:
        """Returns the value of an integer scalar variable of Keras; None if it has none at the moment."""

    def variables_readable(self, model: keras.Model, twins: Collection[Twin]) -> AbstractContextManager[None]:
        """Makes the values of a model's variables readable while a block runs, also between two steps.

        Args:
            model: A compiled Keras model.
            twins: Its twins.
        """


@functools.cache
def backend() -> Backend:
    """Returns the backend that Keras runs on; `require_backend` has checked that it is one of ours."""
    return cast(Backend, importlib.import_module(f"tb_inputdiag.capture.{keras.config.backend()}.backend"))
