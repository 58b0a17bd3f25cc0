"""Measures a step that XLA compiles from outside of what is compiled.

XLA compiles each reduction into machine code of its own: the 700 operations that look at a small convolutional network
made its compilation three times as long and took 350 MB. So the cluster only hands out what is to be looked at, and the
reductions run beside it as they do in a graph without XLA. What is handed out is bounded, because it lives to the end
of the step: of activations the values that their statistics look at anyway, of large tensors the first examples, and a
large gradient is reduced inside.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tb_inputdiag.capture.tensorflow.namespace import TENSORFLOW, dense_gradient
from tb_inputdiag.capture.tensorflow.observations import Entry, Fed, Whole, static_shape
from tb_inputdiag.capture.tensorflow.trace import Trace
from tb_inputdiag.statistics.selection import first_examples

__all__ = ["hand_out", "take_in"]

GRADIENT_ELEMENTS = 1 << 20
"""A gradient with more elements is reduced inside of the cluster."""
TENSOR_ELEMENTS = 1 << 24
"""Of predictions, and of inputs as a layer reads them, the first examples are handed out if they have more elements."""


def hand_out(trace: Trace) -> list[Any]:
    """Returns the tensors that the cluster has to return for what was noted in it to be measured.

    To be called in the cluster's graph, when `Trace.finish` has been. The trace is for `take_in` then.
    """
    for leaf in trace.predictions:
        _shorten(leaf)
    for entry in trace.entries:
        if not entry.untouched:
            _shorten(entry)
    for update in trace.updates:
        update.measure_clipped()
        update.clipped = None
        if update.gradient is None:
            continue
        update.gradient = dense_gradient(update.gradient)
        size = update.gradient.shape.num_elements()
        if size is None or size > GRADIENT_ELEMENTS:
            update.measure()
            update.gradient = None
    handed: dict[int, Any] = {}

    def note(tensor: Any) -> Any:
        if tensor is not None:
            handed.setdefault(id(tensor), tensor)
        return tensor

    _change(trace, note)
    return list(handed.values())


def take_in(trace: Trace, inside: list[Any], outside: list[Any], fed: list[Fed]) -> None:
    """Puts the tensors of the graph around the cluster in the place of those inside.

    Args:
        trace: What was noted inside.
        inside: What `hand_out` returned.
        outside: The same tensors as the cluster returned them.
        fed: The batch as the cluster was given it.
    """
    moved = {id(a): b for a, b in zip(inside, outside, strict=True)}
    inputs = [leaf for leaf in fed if leaf.role == "input"]
    trace.fed = fed
    for entry in trace.entries:
        if entry.untouched:
            entry.tensor = inputs[entry.sources[0]].tensor
    _change(trace, lambda tensor: None if tensor is None else moved[id(tensor)])


def _shorten(leaf: Fed | Entry) -> None:
    tensor = leaf.tensor
    size = tensor.shape.num_elements()
    if tensor.shape.rank == 0 or (size is not None and size <= TENSOR_ELEMENTS):
        return
    part = first_examples(TENSORFLOW, tensor, TENSOR_ELEMENTS)
    if part is not tensor:
        leaf.whole = Whole(static_shape(tensor) or (), TENSORFLOW.shape(tensor))
        leaf.tensor = part


def _change(trace: Trace, change: Callable[[Any], Any]) -> None:
    """Replaces all that was noted in the cluster's graph and is measured outside."""
    leaves: list[Fed | Entry] = [*trace.predictions, *(entry for entry in trace.entries if not entry.untouched)]
    for leaf in leaves:
        leaf.tensor = change(leaf.tensor)
        if leaf.whole is not None:
            leaf.whole.shape = change(leaf.whole.shape)
    for activation in trace.activations:
        activation.tensor, activation.mean = change(activation.tensor), change(activation.mean)
    for update in trace.updates:
        update.gradient, update.clipped_norm = change(update.gradient), change(update.clipped_norm)
        if update.measured is not None:
            numbers, health = update.measured
            update.measured = [change(number) for number in numbers], change(health)
    for name in ("loss", "differentiated", "penalty", "scale", "learning_rate", "iterations"):
        setattr(trace, name, change(getattr(trace, name)))
