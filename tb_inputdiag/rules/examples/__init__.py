"""Made-up sessions: the examples of each rule, and a way for users to try rules of their own."""

from __future__ import annotations

from tb_inputdiag.rules.examples.scenario import (
    BINARY,
    CLASSIFIER,
    REGRESSOR,
    Example,
    Scenario,
    class_ids,
    columns,
    fires,
    layer,
    pixels,
    probabilities,
    silent,
)

__all__ = [
    "BINARY",
    "CLASSIFIER",
    "REGRESSOR",
    "Example",
    "Scenario",
    "class_ids",
    "columns",
    "fires",
    "layer",
    "pixels",
    "probabilities",
    "silent",
]
