"""Names, roles, shapes and dtypes of the data that a call of Keras was given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from tb_inputdiag.capture.argument_facts import list_shape
from tb_inputdiag.capture.model_graph import input_names
from tb_inputdiag.capture.names import flatten, named_leaves
from tb_inputdiag.capture.tensor_layout import tensor_layout
from tb_inputdiag.records import Role, TensorLayout

__all__ = ["call_layouts"]

_FEEDING = {"fit", "evaluate", "predict", "train_on_batch", "test_on_batch", "predict_on_batch"}
_MOST_LEAVES = 32


def call_layouts(name: str, given: Mapping[str, Any], model: keras.Model | None) -> tuple[TensorLayout, ...]:
    """Returns the layouts of inputs, targets and weights of examples, as far as the arguments show them.

    Arrays count all their examples on the first axis. A `tf.data.Dataset` gives what one of its elements is like. What
    generators and `PyDataset` would give is unknown without running them.

    Args:
        name: Name of the function.
        given: Its arguments by name.
        model: The model, for the names of its inputs.
    """
    known = input_names(model) if model is not None else []
    if name in _FEEDING:
        x = given.get("x", given.get("args/0"))
        parts = x, given.get("y"), given.get("sample_weight")
        if hasattr(x, "element_spec") and hasattr(x, "cardinality"):
            spec = x.element_spec
            parts = keras.utils.unpack_x_y_sample_weight(spec if isinstance(spec, tuple) else (spec,))
    elif name == "__call__" and model is not None:
        values = list(given.get("args", ())) if isinstance(given.get("args"), tuple) else []
        parts = (values[0] if values else given.get("inputs", given.get("args/0"))), None, None
    else:
        return ()
    roles: tuple[Role, ...] = ("input", "target", "sample_weight")
    defaults = ("x", "y", "sample_weight")
    return tuple(
        layout
        for part, role, default in zip(parts, roles, defaults, strict=True)
        for layout in _layouts(part, role, default, known if role == "input" else [])
    )


def _layouts(part: Any, role: Role, default: str, known: list[str]) -> list[TensorLayout]:
    if part is None:
        return []
    if hasattr(part, "columns") and hasattr(part, "dtypes"):
        return [_table(part, role, known[0] if len(known) == 1 else default)]
    if isinstance(part, list | tuple | Mapping):
        leaves = [leaf for _, leaf in flatten(part)][: _MOST_LEAVES + 1]
        if len(leaves) > _MOST_LEAVES or not all(hasattr(leaf, "shape") for leaf in leaves):
            shape = list_shape(part)
            return [] if shape is None else [TensorLayout(name=default, role=role, shape=shape, dtype="list")]
    elif not hasattr(part, "shape"):
        return []
    return [tensor_layout(name, role, leaf) for name, leaf in named_leaves(part, default, known)]


def _table(frame: Any, role: Role, name: str) -> TensorLayout:
    """Returns the layout of a data frame; its dtype is the one that all columns share, or ``object``."""
    dtypes = {str(dtype) for dtype in frame.dtypes}
    numeric = all(dtype.startswith(("float", "int", "uint", "bool")) for dtype in dtypes)
    dtype = dtypes.pop() if len(dtypes) == 1 else ("float64" if numeric else "object")
    return TensorLayout(name=name, role=role, shape=tuple(frame.shape), dtype=dtype)
