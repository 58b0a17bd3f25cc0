"""Keras' optimizers: the learning rates that they usually run at, and what their steps depend on."""

from __future__ import annotations

__all__ = ["SCALE_FREE", "usual_rate"]

SCALE_FREE = frozenset(
    {
        *("Adam", "AdamW", "Adamax", "Nadam", "ScheduleFreeAdamW", "Lamb", "Lion"),
        *("RMSprop", "Adagrad", "Adadelta", "Adafactor"),
    }
)
"""Their steps do not depend on the size of the gradients: each gradient is divided by the size of those before it."""

_USUAL_RATES = {"Adadelta": 1.0, "SGD": 1e-2, "ScheduleFreeAdamW": 2.5e-3}
_USUAL_RATE = 1e-3


def usual_rate(optimizer: str) -> float:
    """Returns the learning rate that an optimizer usually begins at: 0.001 for nearly all, 0.01 for SGD.

    That is Keras' default, except for Adadelta. That method computes the length of its steps itself, so the paper
    (Zeiler, 2012) has no rate, which is a rate of 1. Keras' default is 0.001; its documentation says to use 1.0 to
    match the paper.

    Args:
        optimizer: Class name, e.g. ``"Adam"``.
    """
    return _USUAL_RATES.get(optimizer, _USUAL_RATE)
