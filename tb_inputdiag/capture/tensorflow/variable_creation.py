"""Makes variables of the user's step outside of its tracing.

TensorFlow traces a function that makes variables twice. Keras' first step makes those of its optimizer and metrics. If
they are made outside of it, they cost no second tracing.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable
from typing import Any

import keras
import tensorflow as tf

from tb_inputdiag.capture.keras_internals import compiled_metrics
from tb_inputdiag.capture.tensorflow.ops import Tensor

__all__ = ["build_metrics", "build_optimizer", "in_own_thread"]


def build_optimizer(
    optimizer: keras.optimizers.Optimizer,
    grads: Iterable[Tensor | None],
    trainable_variables: Iterable[Any] | None = None,
) -> None:
    """Builds an optimizer as its `apply` would, but before any control dependency of ours.

    Under XLA, TensorFlow lifts the variables that a function creates out of it. It cannot if they depend on its ops.

    Args:
        optimizer: Keras' optimizer.
        grads: As given to `apply`; not used.
        trainable_variables: As given to `apply`.
    """
    if trainable_variables is None or optimizer.built:
        return

    def build() -> None:
        with keras.name_scope(optimizer.name, caller=optimizer):
            optimizer.build(list(trainable_variables))
        optimizer.built = True

    if tf.distribute.has_strategy() or hasattr(optimizer, "inner_optimizer"):
        # Keras wrote the initial loss scale into this tracing as a constant, because the optimizer was not built then.
        # The variables that are made here have TensorFlow trace the function again, with the scale that moves.
        build()
    else:
        in_own_thread(build)


def build_metrics(model: keras.Model, y: Any, y_pred: Any) -> None:
    """Builds the metrics of `compile` as their first update would.

    Args:
        model: The model in training.
        y: Its targets.
        y_pred: Its outputs.
    """
    metrics = compiled_metrics(model)
    if metrics is None or metrics.built or tf.distribute.has_strategy():
        return
    # if that fails, the update builds them in its own way, or says what is wrong
    with contextlib.suppress(Exception):
        in_own_thread(lambda: metrics.build(y, y_pred))


def in_own_thread(work: Callable[[], None]) -> None:
    """Runs `work` where no function is being traced and no strategy is in scope; raises what it raises."""
    trouble: list[BaseException] = []

    def guarded() -> None:
        try:
            work()
        except BaseException as exc:
            trouble.append(exc)

    thread = threading.Thread(target=guarded)
    thread.start()
    thread.join()
    if trouble:
        raise trouble[0]
