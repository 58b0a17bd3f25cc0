"""Groups of rules that describe effects rather than causes, for `Rule.explains`."""

from __future__ import annotations

__all__ = ["FLAT", "LARGE", "NANS", "SMALL", "SYMPTOMS", "WILD"]

NANS = ("non-finite-activation", "non-finite-gradient", "non-finite-loss", "loss-scale-collapse")
"""Numbers that are lost."""
FLAT = ("stalled-loss", "constant-output", "learning-rate-too-low", "unfinished-training")
"""Nothing is learned."""
SMALL = ("vanishing-gradient", "zero-gradient", "dead-relu", "saturated-activation")
"""Signals that do not get through."""
LARGE = ("exploding-gradient", "always-clipped-gradient", "initial-loss-off")
"""Signals that are too large."""
WILD = ("diverging-loss", "loss-spike", "oscillating-loss", "learning-rate-too-high")
"""The loss does not settle."""
SYMPTOMS = (*NANS, *FLAT, *SMALL, *LARGE, *WILD)
"""All that a fault of the data, the labels or the model may look like from the loss and the gradients."""
