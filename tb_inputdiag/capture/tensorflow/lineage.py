"""Where a tensor of the step comes from: which inputs, through which weights."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

_TRANSPARENT = {"Identity", "Cast", "Reshape", "ExpandDims", "Squeeze", "StopGradient", "EnsureShape", "IdentityN"}
"""Ops that change no value; a cast may round."""
_OF_SHAPE = {"Shape", "ShapeN", "Size", "Rank", "ZerosLike", "OnesLike"}
"""Ops that read no value: noise as large as a batch does not come from the batch."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What lies behind a tensor."""

    weighted: bool = False
    """A read of a learned weight was met."""
    sources: frozenset[int] = frozenset()
    """Indices of the inputs it comes from."""
    untouched: bool = True
    """Between it and its one input there are only casts and changes of shape."""


class Lineage:
    """Walks the ops of one traced graph backwards; each op is visited once.

    Args:
        graph: The function graph that is being traced.
        sources: The inputs' tensors, in order.
        weights: TensorFlow variables whose reads count as learned.
    """

    def __init__(self, graph: Any, sources: Sequence[Any], weights: Iterable[Any]) -> None:
        self._graph = graph
        self._sources = {_key(tensor): index for index, tensor in enumerate(sources)}
        self._handles: set[int] = set()
        for variable in weights:
            for part in getattr(variable, "values", None) or (variable,):
                self._handles.add(id(part.handle))
        self._memo: dict[Any, Origin] = {}

    def of(self, tensor: Any) -> Origin:
        """Returns the origin of a tensor of the graph."""
        captured = self._captured()
        stack = [tensor]
        while stack:
            current = stack[-1]
            key = _key(current)
            if key in self._memo:
                stack.pop()
                continue
            if key in self._sources:
                self._memo[key] = Origin(sources=frozenset([self._sources[key]]))
                continue
            read = [] if current.op.type in _OF_SHAPE else current.op.inputs
            inputs = [t for t in read if t.graph is self._graph]
            missing = [t for t in inputs if _key(t) not in self._memo]
            # marks the op as being visited: a loop in the graph (a while loop of TF1's kind) ends here
            if missing and (key, "open") not in self._memo:
                self._memo[key, "open"] = Origin()
                stack.extend(missing)
                continue
            self._memo[key] = self._join(current, inputs, captured)
        return self._memo[_key(tensor)]

    def _join(self, tensor: Any, inputs: list[Any], captured: dict[str, Any]) -> Origin:
        origins = [self._memo.get(_key(t), Origin()) for t in inputs]
        weighted = any(o.weighted for o in origins)
        if tensor.dtype.name == "resource" and id(captured.get(tensor.name)) in self._handles:
            weighted = True
        sources = frozenset().union(*(o.sources for o in origins))
        # a shape that a Reshape reads comes from the tensor, too, but does not change its values
        data = origins[:1]
        untouched = tensor.op.type in _TRANSPARENT and bool(data) and data[0].untouched and bool(data[0].sources)
        return Origin(weighted, sources, untouched)

    def _captured(self) -> dict[str, Any]:
        return {inner.name: outer for outer, inner in getattr(self._graph, "captures", [])}


def _key(tensor: Any) -> Any:
    return (id(tensor.graph), tensor.op.name, tensor.value_index)
