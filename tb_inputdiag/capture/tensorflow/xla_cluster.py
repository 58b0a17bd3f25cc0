"""Measures a step that XLA compiles from outside the compiled cluster.

XLA compiles each reduction into machine code of its own. The 700 operations that measure a small convolutional network
made its compilation three times as long and took 350 MB. So the cluster only returns the tensors to be measured, and
the reductions run beside it as they do in a graph without XLA. These tensors live to the end of the step, so their
size is bounded: activations are returned as the values that their statistics use, large tensors as their first
examples, and a large gradient is reduced inside the cluster.
"""

from __future__ import annotations

from collections.abc import Callable

from tb_inputdiag.capture.observations import EntryTensor, FullShape, ObservedTensor, StepObservations
from tb_inputdiag.capture.tensor_layout import static_shape
from tb_inputdiag.capture.tensorflow.namespace import TENSORFLOW
from tb_inputdiag.capture.tensorflow.ops import Tensor
from tb_inputdiag.statistics.selection import first_examples

__all__ = ["cluster_outputs", "replace_by_outputs"]

GRADIENT_ELEMENTS = 1 << 20
"""A gradient with more elements is reduced inside the cluster."""
TENSOR_ELEMENTS = 1 << 24
"""If predictions, or inputs as a layer reads them, have more elements, the cluster returns the first examples."""

_SCALARS = ("loss", "differentiated", "penalty", "scale", "learning_rate", "iterations")


def cluster_outputs(step: StepObservations) -> list[Tensor]:
    """Returns the tensors that the cluster has to return so that the observations made in it can be measured.

    To be called in the cluster's graph, after `Trace.finish`. The observations then wait for `replace_by_outputs`.
    """
    for leaf in step.predictions:
        _shorten(leaf)
    for entry in step.entries:
        if not entry.untouched:
            _shorten(entry)
    for update in step.updates:
        update.measure_clipped(TENSORFLOW)
        update.clipped = None
        if update.gradient is None:
            continue
        size = update.gradient.shape.num_elements()
        if size is None or size > GRADIENT_ELEMENTS:
            update.measure(TENSORFLOW)
            update.gradient = None
    outputs: dict[int, Tensor] = {}

    def collect(tensor: Tensor | None) -> Tensor | None:
        if tensor is not None:
            outputs.setdefault(id(tensor), tensor)
        return tensor

    _change(step, collect)
    return list(outputs.values())


def replace_by_outputs(
    step: StepObservations, inside: list[Tensor], outside: list[Tensor], fed: list[ObservedTensor]
) -> None:
    """Replaces the tensors inside the cluster by those that it returned.

    Args:
        step: The observations made inside.
        inside: What `cluster_outputs` returned.
        outside: The same tensors as the cluster returned them.
        fed: The batch as it was given to the cluster.
    """
    returned = {id(a): b for a, b in zip(inside, outside, strict=True)}
    inputs = [leaf for leaf in fed if leaf.role == "input"]
    for leaf, observed in zip(fed, step.fed, strict=True):
        leaf.unread, leaf.broadcast_to = observed.unread, observed.broadcast_to
    step.fed = fed
    for entry in step.entries:
        if entry.untouched:
            entry.tensor = inputs[entry.sources[0]].tensor
    _change(step, lambda tensor: None if tensor is None else returned[id(tensor)])


def _shorten(leaf: ObservedTensor | EntryTensor) -> None:
    """Keeps the first examples of a large tensor."""
    tensor = leaf.tensor
    size = tensor.shape.num_elements()
    if tensor.shape.rank == 0 or (size is not None and size <= TENSOR_ELEMENTS):
        return
    part = first_examples(TENSORFLOW, tensor, TENSOR_ELEMENTS)
    if part is not tensor:
        leaf.full_shape = FullShape(static_shape(tensor) or (), TENSORFLOW.shape(tensor))
        leaf.tensor = part


def _change(step: StepObservations, change: Callable[[Tensor | None], Tensor | None]) -> None:
    """Replaces each tensor of the cluster's graph that is measured outside."""
    leaves: list[ObservedTensor | EntryTensor] = [
        *step.predictions,
        *(entry for entry in step.entries if not entry.untouched),
    ]
    for leaf in leaves:
        leaf.tensor = change(leaf.tensor)
        if leaf.full_shape is not None:
            leaf.full_shape.dynamic = change(leaf.full_shape.dynamic)
    for activation in step.activations:
        activation.tensor, activation.mean = change(activation.tensor), change(activation.mean)
    for update in step.updates:
        update.gradient, update.clipped_norm = change(update.gradient), change(update.clipped_norm)
        if update.measured is not None:
            numbers, health = update.measured
            update.measured = [change(number) for number in numbers], change(health)
    for name in _SCALARS:
        setattr(step, name, change(getattr(step, name)))
