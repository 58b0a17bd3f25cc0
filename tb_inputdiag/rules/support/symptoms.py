"""Groups of rules that describe effects rather than causes, for `Rule.explains`."""

from __future__ import annotations

__all__ = ["LARGE_SIGNALS", "NON_FINITE", "NO_PROGRESS", "SYMPTOMS", "UNSTABLE_LOSS", "WEAK_SIGNALS"]

NON_FINITE = ("non-finite-activation", "non-finite-gradient", "non-finite-loss", "loss-scale-collapse")
"""Numbers that are lost."""
NO_PROGRESS = ("stalled-loss", "constant-output", "learning-rate-too-low", "unfinished-training")
"""Nothing is learned."""
WEAK_SIGNALS = ("vanishing-gradient", "zero-gradient", "dead-relu", "saturated-activation")
"""Signals that do not get through."""
LARGE_SIGNALS = ("exploding-gradient", "always-clipped-gradient", "initial-loss-off")
"""Signals that are too large."""
UNSTABLE_LOSS = ("diverging-loss", "loss-spike", "oscillating-loss", "learning-rate-too-high")
"""The loss does not settle."""
SYMPTOMS = (*NON_FINITE, *NO_PROGRESS, *WEAK_SIGNALS, *LARGE_SIGNALS, *UNSTABLE_LOSS)
"""All that a fault of the data, the labels or the model may look like from the loss and the gradients."""
