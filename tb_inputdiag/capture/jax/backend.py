"""JAX as one of Keras' backends; implements `capture.backend.Backend`."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping
from itertools import chain
from typing import Any

import jax
import keras

from tb_inputdiag.capture.jax.mean_state import StateMean
from tb_inputdiag.capture.jax.twin import JaxTwin
from tb_inputdiag.capture.keras_internals import held_value, hold_value
from tb_inputdiag.capture.running_loss import MeanState, mean_metrics
from tb_inputdiag.capture.twin import Twin
from tb_inputdiag.records import Split

__all__ = ["make_twin", "means", "variables_readable", "versions", "whole_number", "worker"]


def versions() -> Mapping[str, str]:
    """Returns the version of JAX."""
    return {"jax": str(jax.__version__)}


def worker(model: keras.Model) -> tuple[int, int]:
    """Returns this process's index and the number of processes of JAX."""
    return jax.process_index(), jax.process_count()


def make_twin(model: keras.Model, split: Split, images: int, keeps_batches: bool) -> Twin:
    """Returns a twin of one of a model's functions."""
    return JaxTwin(model, split, images, keeps_batches, worker(model)[1])


def means(model: keras.Model, twin: Twin | None) -> list[MeanState]:
    """Returns the model's mean metrics."""
    known = twin if isinstance(twin, JaxTwin) else None
    return [StateMean(model, metric, known) for metric in mean_metrics(model)]


def whole_number(variable: Any) -> int | None:
    """Returns the value of an integer scalar variable, None while the trainer keeps it in its state."""
    value = held_value(variable)
    return None if value is None else int(value)


@contextlib.contextmanager
def variables_readable(model: keras.Model, twins: Collection[Twin]) -> Iterator[None]:
    """Lets variables hold the values of the running function's state while a block runs."""
    lent = []
    for twin in twins:
        if not isinstance(twin, JaxTwin) or not twin.running or twin.state is None:
            continue
        for variable, value in zip(_variables(model, twin.split), chain(*twin.state), strict=False):
            if held_value(variable) is None and not value.is_deleted():
                hold_value(variable, value)
                lent.append(variable)
    try:
        yield
    finally:
        for variable in lent:
            hold_value(variable, None)


def _variables(model: keras.Model, split: Split) -> list[keras.Variable]:
    """Returns the variables of a function's state, in its order."""
    found = [*model.trainable_variables, *model.non_trainable_variables]
    if split == "train":
        found += model.optimizer.variables
    return found if split == "predict" else [*found, *model.metrics_variables]
