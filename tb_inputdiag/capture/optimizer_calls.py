"""Observes the calls of `Optimizer.apply` that a step makes: what is the same on every backend that calls it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import keras

from tb_inputdiag.capture.call_arguments import as_lists
from tb_inputdiag.capture.keras_internals import Tensor
from tb_inputdiag.capture.observations import StepObservations, Update

__all__ = ["OptimizerCalls", "clips"]


class OptimizerCalls(ABC):
    """Observes gradients, and weights before and after an update. How they are read is the backend's part.

    Args:
        step: Where the observations go.
    """

    def __init__(self, step: StepObservations) -> None:
        self.step = step
        self._applying = False
        self._pending: list[Update] = []

    def apply(self, original: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """Runs one call of an optimizer and observes gradients, and weights before and after.

        Args:
            original: `Optimizer.apply`, or that of `LossScaleOptimizer`, which calls the former.
            args: Its arguments, the optimizer first.
            kwargs: Its keyword arguments.
        """
        if self._applying:
            return original(*args, **kwargs)
        args, kwargs = as_lists(args, kwargs)
        self._applying = True
        try:
            with self.step.guard():
                self._before(*args, **kwargs)
            result = original(*args, **kwargs)
            with self.step.guard():
                self._after()
            return result
        finally:
            self._applying = False

    @abstractmethod
    def _before(
        self,
        optimizer: keras.optimizers.Optimizer,
        grads: Iterable[Tensor | None],
        trainable_variables: Iterable[Any] | None = None,
    ) -> None:
        """Observes what `Optimizer.apply` is given, and the weights."""

    @abstractmethod
    def _after(self) -> None:
        """Calls `_observe_after`, aside from the step."""

    def _observe_after(self) -> None:
        """Observes the weights after the update; with it, the observation of the update is complete."""
        for update in self._pending:
            self._read_after(update)
        self.step.updates += self._pending
        self._pending = []

    @abstractmethod
    def _read_after(self, update: Update) -> None:
        """Reads one weight after the update."""


def clips(optimizer: keras.optimizers.Optimizer) -> bool:
    """Returns whether an optimizer clips gradients."""
    return any(getattr(optimizer, name, None) for name in ("clipnorm", "clipvalue", "global_clipnorm"))
