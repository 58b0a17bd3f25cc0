"""What rules about whole data sets share: names of parts and columns in words and code, lists of examples."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tb_inputdiag.numbers import whole
from tb_inputdiag.records import (
    F4,
    I8,
    Curve,
    DataSummary,
    DataTensor,
    ModelFacts,
    Part,
    Role,
    TensorView,
    split_of,
)
from tb_inputdiag.rules.support.curves import named_tensor_curves
from tb_inputdiag.rules.support.text import variable
from tb_inputdiag.rules.views.context import Context

__all__ = [
    "are_distinctive",
    "column_code",
    "column_name",
    "column_text",
    "data_curves",
    "examples_text",
    "is_frame_data",
    "part_variable",
    "part_word",
]

_WORDS: dict[Part, str] = {"train": "training", "validation": "validation", "test": "test"}
_SUFFIXES: dict[Part, str] = {"train": "", "validation": "_val", "test": "_test"}
_SPARE_BITS = 20
"""Bits beyond those of the birthday problem: columns depend on each other."""
_BITS_OF_A_NUMBER = 12.0
"""Counted for a column of measurements, none of whose quantiles are equal."""


def part_word(part: Part) -> str:
    """Returns ``training``, ``validation`` or ``test``."""
    return _WORDS[part]


def part_variable(part: Part, name: str, role: Role = "input", facts: ModelFacts | None = None) -> str:
    """Returns the likely name of a tensor of a part in the user's code: ``x_val``, ``y_test``."""
    code = variable(name, role, facts)
    head = {"input": "x", "target": "y"}.get(role, role)
    return head + _SUFFIXES[part] + code.removeprefix(head)


def data_curves(data: DataSummary, role: Role, name: str) -> tuple[Curve, ...]:
    """Returns range and mean of a tensor of a part, which its sample holds."""
    return named_tensor_curves(role, name, split=split_of(data.part))


def is_frame_data(data: DataSummary) -> bool:
    """Returns whether the inputs are one frame with named columns."""
    inputs = [tensor for tensor in data.tensors if tensor.role == "input"]
    return any(not name.isdigit() for tensor in inputs for name in tensor.columns) or any(
        tensor.kind == "string" and "/" in tensor.name for tensor in inputs
    )


def column_text(tensor: DataTensor, i: int) -> str:
    """Returns a column in words: ``Column 'age' of 'x'``, ``Column 3 of 'x'``, ``'x'`` if there is only one."""
    name = tensor.columns[i]
    if tensor.n_columns == 1 and name.isdigit():
        return f"'{tensor.name}'"
    return f"Column {name if name.isdigit() else repr(name)} of '{tensor.name}'"


def column_name(context: Context, view: TensorView, feature: int) -> str:
    """Returns the quoted name of a feature where whole data has one; else its index."""
    for data in context.data.values():
        tensor = data.tensor(view.subject)
        if tensor is not None and feature in tensor.places:
            name = tensor.columns[int(np.flatnonzero(tensor.places == feature)[0])]
            return name if name.isdigit() else repr(name)
    return str(feature)


def column_code(tensor: DataTensor, i: int, code: str) -> str:
    """Returns a column in code: ``x["age"]``, ``x[..., 3]``."""
    name = tensor.columns[i]
    if tensor.n_columns == 1 and name.isdigit():
        return code
    return f"{code}[..., {name}]" if name.isdigit() else f"{code}[{name!r}]"


def examples_text(examples: I8 | Sequence[int], total: int, most: int = 5) -> str:
    """Returns ``example 7``, ``examples 3, 7 and 9``, ``examples 3, 7, 9, ... (1,200 in all)``."""
    shown = [whole(int(example)) for example in examples[:most]]
    if total > len(shown):
        return f"examples {', '.join(shown)}, ... ({whole(total)} in all)"
    if len(shown) == 1:
        return f"example {shown[0]}"
    return f"examples {', '.join(shown[:-1])} and {shown[-1]}"


def are_distinctive(data: DataSummary) -> bool:
    """Returns whether examples hold so much information that hardly any two are equal by chance.

    Among `n` examples two are equal by chance if each holds less than ``2 log2(n)`` bits.
    """
    bits = 0.0
    for tensor in data.tensors:
        if tensor.role != "input":
            continue
        if tensor.kind == "string":
            bits += math.log2(max(tensor.n_categories, 1)) if tensor.n_categories else _BITS_OF_A_NUMBER
            continue
        values = math.prod(size or 1 for size in (tensor.shape or ())[1:])
        per_column = values / max(tensor.n_columns, 1)
        described = sum(_bits_of(quantiles) for quantiles in tensor.quantiles)
        bits += described * per_column * tensor.n_columns / max(len(tensor.columns), 1)
    return bits >= 2 * math.log2(max(data.examples, 2)) + _SPARE_BITS


def _bits_of(quantiles: F4) -> float:
    """Returns the information in a value, estimated from the quantiles of its column."""
    known = quantiles[np.isfinite(quantiles)]
    if not len(known):
        return 0.0
    _, counts = np.unique(known, return_counts=True)
    if len(counts) == len(known):
        return _BITS_OF_A_NUMBER
    shares = counts / len(known)
    return float(-(shares * np.log2(shares)).sum())
