"""Where a tensor of the step comes from: from which inputs, and whether through learned weights."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import tensorflow as tf

from tb_inputdiag.capture.origins import Origin
from tb_inputdiag.capture.tensorflow.ops import Tensor

__all__ = ["Lineage"]

_TRANSPARENT = {"Identity", "Cast", "Reshape", "ExpandDims", "Squeeze", "StopGradient", "EnsureShape", "IdentityN"}
"""Ops that change no value. A cast may round."""
_OF_SHAPE = {"Shape", "ShapeN", "Size", "Rank", "ZerosLike", "OnesLike"}
"""Ops that read no values: noise of a batch's shape does not come from the batch."""

_Key: TypeAlias = tuple[int, str, int]


class Lineage:
    """Walks the ops of one traced graph backwards; each op is visited once.

    Args:
        graph: The function graph that is being traced.
        sources: The inputs' tensors, in order.
        weights: TensorFlow variables whose reads count as learned.
    """

    def __init__(self, graph: tf.Graph, sources: Sequence[Tensor], weights: Iterable[Any]) -> None:
        self._graph = graph
        self._sources = {_key(tensor): index for index, tensor in enumerate(sources)}
        # a distributed variable has one part for each replica
        parts = [part for variable in weights for part in getattr(variable, "values", None) or (variable,)]
        self._handles = {id(part.handle) for part in parts}
        self._known: dict[_Key, Origin] = {}
        self._opened: set[_Key] = set()

    def of(self, tensor: Tensor) -> Origin:
        """Returns the origin of a tensor of the graph."""
        captured = self._captured()
        stack = [tensor]
        while stack:
            current = stack[-1]
            key = _key(current)
            if key in self._known:
                stack.pop()
                continue
            if key in self._sources:
                self._known[key] = Origin(sources=frozenset([self._sources[key]]), untouched=True)
                continue
            read = [] if current.op.type in _OF_SHAPE else current.op.inputs
            inputs = [operand for operand in read if operand.graph is self._graph]
            missing = [operand for operand in inputs if _key(operand) not in self._known]
            # an op is opened once, so that a loop in the graph (a while loop of TF1's kind) ends here
            if missing and key not in self._opened:
                self._opened.add(key)
                stack.extend(missing)
                continue
            self._known[key] = self._join(current, inputs, captured)
        return self._known[_key(tensor)]

    def _join(self, tensor: Tensor, inputs: list[Tensor], captured: dict[str, Tensor]) -> Origin:
        """Returns the origin of what an op makes of its inputs."""
        origins = [self._known.get(_key(operand), Origin()) for operand in inputs]
        weighted = any(origin.weighted for origin in origins)
        if tensor.dtype.name == "resource" and id(captured.get(tensor.name)) in self._handles:
            weighted = True
        sources = frozenset().union(*(origin.sources for origin in origins))
        # a shape that a Reshape reads comes from the tensor, too, but does not change its values
        data = origins[:1]
        untouched = tensor.op.type in _TRANSPARENT and bool(data) and data[0].untouched and bool(data[0].sources)
        return Origin(weighted, sources, untouched)

    def _captured(self) -> dict[str, Tensor]:
        """Returns name inside the graph -> tensor outside, such as the handle of a variable."""
        return {inner.name: outer for outer, inner in getattr(self._graph, "captures", [])}


def _key(tensor: Tensor) -> _Key:
    return (id(tensor.graph), tensor.op.name, tensor.value_index)
