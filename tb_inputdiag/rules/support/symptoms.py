"""Groups of rules that report effects, not causes; for `Rule.explains`."""

from __future__ import annotations

__all__ = ["LARGE_SIGNALS", "NON_FINITE", "NO_PROGRESS", "SYMPTOMS", "UNSTABLE_LOSS", "WEAK_SIGNALS"]

NON_FINITE = ("non-finite-activation", "non-finite-gradient", "non-finite-loss", "loss-scale-collapse")
"""NaN and infinities that the computation makes."""
NO_PROGRESS = ("stalled-loss", "constant-output", "learning-rate-too-low", "unfinished-training")
"""The model learns nothing."""
WEAK_SIGNALS = ("vanishing-gradient", "zero-gradient", "dead-relu", "saturated-activation")
"""Activations or gradients too small to train with."""
LARGE_SIGNALS = ("exploding-gradient", "always-clipped-gradient", "initial-loss-off")
"""Gradients or losses that are too large."""
UNSTABLE_LOSS = ("diverging-loss", "loss-spike", "oscillating-loss", "learning-rate-too-high")
"""The loss does not settle."""
SYMPTOMS = (*NON_FINITE, *NO_PROGRESS, *WEAK_SIGNALS, *LARGE_SIGNALS, *UNSTABLE_LOSS)
"""All the ways in which a fault of the data, the labels or the model shows in the loss and the gradients."""
