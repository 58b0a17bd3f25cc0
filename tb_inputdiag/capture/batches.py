"""The tensors of a batch, with the user's names for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from tb_inputdiag.capture.keras_internals import Structure, Tensor
from tb_inputdiag.capture.model_graph import input_names, output_names
from tb_inputdiag.capture.names import named_leaves
from tb_inputdiag.capture.observations import ObservedTensor
from tb_inputdiag.records import Kind, Role

__all__ = ["batch_tensors"]


def batch_tensors(model: keras.Model, data: Structure, kind_of: Callable[[Any], Kind | None]) -> list[ObservedTensor]:
    """Returns the tensors of a batch: inputs, targets and sample weights.

    Args:
        model: The model that gets it.
        data: The batch as a step gets it, in the form ``(x, y, sample_weight)``.
        kind_of: Returns the kind of a leaf; None for a leaf that is not a tensor.
    """
    x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
    targets = named_leaves(y, "y", output_names(model))
    target_names = [name for name, _ in targets] if len(targets) > 1 else []
    groups: tuple[tuple[Role, list[tuple[str, Tensor]]], ...] = (
        ("input", named_leaves(x, "x", input_names(model))),
        ("target", targets),
        ("sample_weight", named_leaves(sample_weight, "sample_weight", target_names)),
    )
    return [
        ObservedTensor(name, role, leaf, kind)
        for role, leaves in groups
        for name, leaf in leaves
        if (kind := kind_of(leaf)) is not None
    ]
