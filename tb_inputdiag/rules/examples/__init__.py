"""Made-up sessions: the examples of each rule, and a way for users to try rules of their own."""

from __future__ import annotations

from tb_inputdiag.rules.examples.arrays import beside_ids, class_ids, columns, pixels, probabilities
from tb_inputdiag.rules.examples.example import Example, fires, silent
from tb_inputdiag.rules.examples.models import BESIDE_IDS, BINARY, CLASSIFIER, REGRESSOR, layer
from tb_inputdiag.rules.examples.scenario import Scenario

__all__ = [
    "BESIDE_IDS",
    "BINARY",
    "CLASSIFIER",
    "REGRESSOR",
    "Example",
    "Scenario",
    "beside_ids",
    "class_ids",
    "columns",
    "fires",
    "layer",
    "pixels",
    "probabilities",
    "silent",
]
