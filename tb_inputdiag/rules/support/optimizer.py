"""Code for fixes that change the optimizer, with the numbers of this run."""

from __future__ import annotations

import math

from tb_inputdiag.numbers import literal
from tb_inputdiag.rules.views.context import Context

__all__ = ["gentler_optimizer", "learning_rate", "optimizer_name"]


def learning_rate(context: Context) -> float | None:
    """Returns the learning rate that the optimizer was created with; None for a schedule or if unknown."""
    rate = context.facts.optimizer.get("learning_rate") if context.facts is not None else None
    return float(rate) if isinstance(rate, (int, float)) and math.isfinite(rate) and rate > 0 else None


def optimizer_name(context: Context) -> str:
    """Returns the class of the optimizer, ``Adam`` if unknown."""
    return str(context.facts.optimizer.get("name") or "Adam") if context.facts is not None else "Adam"


def gentler_optimizer(context: Context, factor: float = 10.0, *, rate: float | None = None) -> str:
    """Returns code for the same optimizer with a learning rate `factor` times smaller and clipped gradients.

    Args:
        context: Its facts name the optimizer.
        factor: By how much to lower the learning rate.
        rate: The current learning rate; None for the one that the optimizer was created with.
    """
    current = rate if rate is not None and math.isfinite(rate) and rate > 0 else learning_rate(context)
    value = literal(current / factor, 1) if current is not None else "1e-4"
    return f"keras.optimizers.{optimizer_name(context)}(learning_rate={value}, clipnorm=1.0)"
