"""Keras' optimizers: the learning rates that they usually run at."""

from __future__ import annotations

__all__ = ["usual_rate"]

_USUAL_RATES = {"SGD": 1e-2, "ScheduleFreeAdamW": 2.5e-3}
_USUAL_RATE = 1e-3


def usual_rate(optimizer: str) -> float:
    """Returns the default learning rate of an optimizer, a good beginning: 0.001 for nearly all, 0.01 for SGD.

    Args:
        optimizer: Class name, e.g. ``"Adam"``.
    """
    return _USUAL_RATES.get(optimizer, _USUAL_RATE)
