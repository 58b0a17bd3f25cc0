"""Advice on the optimizer, with the numbers of this run."""

from __future__ import annotations

import math

from tb_inputdiag.rules.views.context import Context

__all__ = ["gentler_optimizer", "learning_rate", "optimizer_name"]


def learning_rate(context: Context) -> float | None:
    """Returns the learning rate that the optimizer was made with, or None for a schedule or if unknown."""
    rate = context.facts.optimizer.get("learning_rate") if context.facts is not None else None
    return float(rate) if isinstance(rate, (int, float)) and math.isfinite(rate) and rate > 0 else None


def optimizer_name(context: Context) -> str:
    """Returns the class of the optimizer, ``Adam`` if unknown."""
    return str(context.facts.optimizer.get("name") or "Adam") if context.facts is not None else "Adam"


def gentler_optimizer(context: Context, factor: float = 10.0) -> str:
    """Returns code for the same optimizer with a smaller learning rate and clipped gradients."""
    rate = learning_rate(context)
    value = f"{rate / factor:.1g}" if rate is not None else "1e-4"
    return f"keras.optimizers.{optimizer_name(context)}(learning_rate={value}, clipnorm=1.0)"
