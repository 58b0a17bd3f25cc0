"""The statistics of whole batches by NumPy: what the probe must log for these arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.records import COLUMNS, JSON, TensorLayout, TensorTable
from tb_inputdiag.statistics import example_ids, largest_losses, target_copies
from tb_inputdiag.statistics.tensors import tensor_statistics

__all__ = ["tensor_columns", "tensor_table"]


def tensor_columns(x: NDArray[Any], layout: TensorLayout) -> dict[str, NDArray[Any]]:
    """Returns the columns of `records.TensorTable` of a single tensor: one number or row, or one for each feature or
    class.

    Args:
        x: Its values; those that are stored of a sparse or ragged one.
        layout: What it is.
    """
    found: dict[str, NDArray[Any]] = {}
    with np.errstate(all="ignore"):
        for statistic in tensor_statistics():
            found |= statistic.reference(x, layout)
    return found


def tensor_table(layouts: Sequence[TensorLayout], arrays: Sequence[NDArray[Any]], loss: JSON = None) -> TensorTable:
    """Returns the table of dense tensors.

    Args:
        layouts: What each array is.
        arrays: The values, in the same order.
        loss: The compiled loss, see `ModelFacts.loss`.
    """
    by_tensor = [tensor_columns(x, layout) for x, layout in zip(arrays, layouts, strict=True)]
    fed = [
        x
        for x, layout in zip(arrays, layouts, strict=True)
        if layout.stage == "fed" and example_ids.has_examples(layout, x.shape)
    ]
    columns: dict[str, NDArray[Any]] = {
        "example_ids": example_ids.reference(fed),
        **target_copies.reference(layouts, arrays),
        **largest_losses.reference(layouts, loss, arrays),
    }
    for name, (dtype, shape) in COLUMNS["tensors"].items():
        if name not in columns:
            parts = [found[name] for found in by_tensor]
            of_tensors = shape[0] == "T"
            columns[name] = np.stack(parts) if of_tensors and parts else np.concatenate([np.zeros(0), *parts])
        columns[name] = columns[name].astype(dtype)
    return TensorTable(**columns)
