"""The observations of a step of TensorFlow, which belong to one graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from tb_inputdiag.capture.observations import StepObservations

__all__ = ["GraphObservations"]


@dataclass
class GraphObservations(StepObservations):
    """What is observed of one step, and the graph that it is traced into."""

    graph: tf.Graph | None = None
    """None if the step runs eagerly."""

    def owns(self, tensor: Any) -> bool:
        """Tells whether a tensor belongs to this step, not to a graph of its own, such as a loop's or a branch's."""
        if not isinstance(tensor, tf.Tensor):
            return False
        return self.graph is None or getattr(tensor, "graph", None) is self.graph
