"""The blocks of a row that describe what layers return."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tb_inputdiag.capture.keras_internals import Tensor
from tb_inputdiag.capture.observations import Activation, StepObservations
from tb_inputdiag.statistics import activations, moving_averages
from tb_inputdiag.statistics.moving_averages import MovedLayer
from tb_inputdiag.statistics.namespace import Namespace
from tb_inputdiag.statistics.row import RowLayout, RowWriter

__all__ = ["Layers", "MovedLayers"]


@dataclass(frozen=True, slots=True)
class _Output:
    """What is reduced of one layer's output."""

    call: Activation
    tensor: Tensor
    mean_of_all: Tensor
    unit_axis: int | None
    bound: tuple[float, float] | None

    @property
    def key(self) -> tuple[int, int | None, tuple[float, float] | None]:
        """Equal for outputs with the same numbers."""
        return id(self.tensor), self.unit_axis, self.bound

    @property
    def units(self) -> int:
        """Number of units; 0 if there is one magnitude for all."""
        return 0 if self.unit_axis is None else int(self.tensor.shape[self.unit_axis])

    def reduced(self, xp: Namespace) -> tuple[list[Tensor], Tensor, Tensor]:
        """Returns `activations.reduce`."""
        known = self.call.reduced
        if known is not None:
            return known
        return activations.reduce(xp, self.tensor, self.unit_axis, self.bound, self.mean_of_all)


class Layers:
    """The layer calls of a step.

    Attributes:
        paths: Their paths; a layer that is called several times has ``path``, ``path#2``, ...
        units: For each call its number of units; 0 if dead units are not counted.
    """

    def __init__(self, calls: Sequence[Activation]) -> None:
        seen: Counter[str] = Counter()
        paths: list[str] = []
        for call in calls:
            seen[call.path] += 1
            paths.append(call.path if seen[call.path] == 1 else f"{call.path}#{seen[call.path]}")
        self._outputs = [_output(call) for call in calls]
        self.paths = tuple(paths)
        self.units = tuple(output.units for output in self._outputs)

    def put(self, xp: Namespace, writer: RowWriter, row: RowLayout) -> None:
        """Adds the blocks of the layers to a row; an output that several layers return is reduced once."""
        distinct = {output.key: output for output in self._outputs}
        reduced = {key: output.reduced(xp) for key, output in distinct.items()}
        found = [reduced[output.key] for output in self._outputs]
        writer.put(row.activations, [number for numbers, _, _ in found for number in numbers])
        writer.put(row.units, [units for _, units, _ in found])
        writer.put(row.activation_health, [kinds for _, _, kinds in found])


class MovedLayers:
    """The BatchNormalization layers of a step whose moving averages are read.

    Attributes:
        layers: Which rows of the table of layers they have, and what it takes to judge their averages.
        size: How many numbers they have in a row.
    """

    def __init__(self, step: StepObservations) -> None:
        rows = [tuple(i for i, call in enumerate(step.activations) if call.layer is a.layer) for a in step.moved]
        self._found = [a for a, its_rows in zip(step.moved, rows, strict=True) if its_rows]
        self.layers = tuple(
            MovedLayer(its_rows, moving_averages.channels(a.size), a.kept, float(a.layer.epsilon))
            for a, its_rows in zip(step.moved, rows, strict=True)
            if its_rows
        )
        self.size = sum(layer.size for layer in self.layers)

    def put(self, writer: RowWriter, row: RowLayout) -> None:
        """Adds the averages to a row."""
        writer.put(row.moving_averages, [tensor for a in self._found for tensor in (*a.before, *a.after)])


def _output(call: Activation) -> _Output:
    axis = call.unit_axis
    if axis is not None and call.tensor.shape[axis] is None:
        axis = None
    return _Output(call, call.tensor, call.mean, axis, call.bound)
