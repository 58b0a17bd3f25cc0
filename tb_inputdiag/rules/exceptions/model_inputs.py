"""What is known of the inputs of a model while it is put together."""

from __future__ import annotations

import re
from typing import NamedTuple

from tb_inputdiag.rules.exceptions.kind import Case
from tb_inputdiag.statistics.namespace import Shape

__all__ = ["ModelInput", "model_input"]

_SHAPE_OF = re.compile(r"\b([A-Za-z_][\w.]*)\.shape\b")
"""``x_train`` in ``keras.Input(x_train.shape[1:])``."""


class ModelInput(NamedTuple):
    """The only input of a model."""

    shape: Shape
    """With the batch axis."""
    data: str
    """The likely name of the data in the user's program."""


def model_input(case: Case) -> ModelInput | None:
    """Returns the only input of the model whose layers are put together or called; None if it is unknown."""
    symbolic = [a for a in case.arguments.values() if a.kind == "symbolic" and a.layers == ("InputLayer",)]
    made = symbolic[0].made if len(symbolic) == 1 else ""
    named = _SHAPE_OF.search(made)
    fed = case.fed("input")
    name = case.code(fed[0]) if len(fed) == 1 else (named[1] if named is not None else "x")
    shape = _built(case) or (symbolic[0].shape if len(symbolic) == 1 else None)
    if shape is None and len(fed) == 1:
        shape = fed[0].shape
    return None if shape is None else ModelInput(shape, name)


def _built(case: Case) -> Shape | None:
    facts = case.facts
    if facts is None or len(facts.inputs) > 1:
        return None
    if facts.inputs:
        return facts.inputs[0].shape
    shapes = [layer.output_shape for layer in facts.layers if layer.class_name == "InputLayer"]
    return shapes[0] if len(shapes) == 1 else None
