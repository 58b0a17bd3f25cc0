"""Keras' activations: their names, their ranges, and where they are flat."""

from __future__ import annotations

import math

__all__ = [
    "ACTIVATION_LAYERS",
    "ACTIVATION_RANGES",
    "HIDDEN_ACTIVATIONS",
    "PROBABILITY_ACTIVATIONS",
    "RELU_ACTIVATIONS",
    "activation_range",
    "is_linear",
    "saturation_ends",
]

ACTIVATION_LAYERS = {
    "ReLU": "relu",
    "LeakyReLU": "leaky_relu",
    "PReLU": "prelu",
    "ELU": "elu",
    "Softmax": "softmax",
}
"""Class of a layer that is an activation -> name of the activation."""

ACTIVATION_RANGES: dict[str, tuple[float, float]] = {
    "sigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "sparse_sigmoid": (0.0, 1.0),
    "softmax": (0.0, 1.0),
    "sparsemax": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "hard_tanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
    "relu": (0.0, math.inf),
    "relu6": (0.0, 6.0),
    "softplus": (0.0, math.inf),
    "sparse_plus": (0.0, math.inf),
    "squareplus": (0.0, math.inf),
    "exponential": (0.0, math.inf),
}
"""Name -> smallest and largest value. Without those that no value is far out of reach for (elu, gelu, silu, ...)."""

RELU_ACTIVATIONS = frozenset({"relu", "relu6"})
"""Exactly 0 for negative numbers, gradient included: their units can die."""
_SATURATING = frozenset({"tanh", "hard_tanh", "sigmoid", "hard_sigmoid"})
"""Flat at both ends of their range."""
PROBABILITY_ACTIVATIONS = frozenset({"softmax", "sigmoid"})
"""Make what losses for classes expect with ``from_logits=False``."""
HIDDEN_ACTIVATIONS = frozenset(
    {
        *RELU_ACTIVATIONS,
        *("leaky_relu", "prelu", "elu", "selu", "celu", "gelu", "swish", "silu", "hard_swish", "hard_silu", "mish"),
        *("tanh", "hard_tanh", "softsign", "softplus"),
    }
)
"""Made for hidden layers: as last activation they give neither logits nor probabilities."""


def is_linear(activation: str) -> bool:
    """Returns whether a layer with this activation has none; an empty name counts as none."""
    return activation in {"", "linear"}


def activation_range(activation: str) -> tuple[float, float] | None:
    """Returns the smallest and largest value that an activation gives; None if it has no ends, or is unknown."""
    return ACTIVATION_RANGES.get(activation)


def saturation_ends(activation: str) -> tuple[float, float] | None:
    """Returns the values near which an activation is flat, if it has two such ends, or None."""
    return ACTIVATION_RANGES[activation] if activation in _SATURATING else None
