"""Values of other packages as NumPy arrays, recognised by what they can do: none of those packages is imported."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.errors import ConfigurationError
from tb_inputdiag.records import Role

__all__ = ["has_rows", "is_frame", "is_sequence_of_examples", "split_frame", "to_numpy"]


def is_frame(value: object) -> bool:
    """Returns whether a value is a pandas DataFrame."""
    return hasattr(value, "iloc") and hasattr(value, "columns")


def has_rows(value: object) -> bool:
    """Returns whether a value can be read in slices: a NumPy array, a memory map, a dataset of HDF5, a column."""
    return hasattr(value, "shape") and hasattr(value, "dtype") and hasattr(value, "__getitem__")


def is_sequence_of_examples(value: object) -> bool:
    """Returns whether a list holds one example after the other rather than the inputs of a model.

    Numbers and text are examples. Arrays are if they differ in length, or are many.
    """
    if not isinstance(value, list) or not value:
        return False
    if not all(has_rows(item) for item in value):
        return all(isinstance(item, (bool, int, float, str, bytes, np.generic)) or _is_nested(item) for item in value)
    lengths = {np.shape(item)[:1] for item in value}
    return len(lengths) > 1 or lengths == {()} or (len(value) > 32 and len(value) != next(iter(lengths))[0])


def _is_nested(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(item, (bool, int, float, np.generic)) or _is_nested(item) for item in value
    )


def to_numpy(value: Any, name: str) -> NDArray[Any]:
    """Returns a tensor as a NumPy array, without copying where that is possible.

    Args:
        value: An array or tensor of NumPy, TensorFlow, JAX or PyTorch, or numbers.
        name: What it is, for the error.

    Raises:
        ConfigurationError: for ragged and sparse tensors, and for what is no array.
    """
    if isinstance(value, np.ndarray):
        return value
    kind = type(value).__name__
    if "Ragged" in kind or "Sparse" in kind:
        raise ConfigurationError(
            f"check_data reads dense tensors. Received for {name}: a {kind}. Make it dense first, e.g. "
            "dataset.map(lambda x, y: (tf.sparse.to_dense(x), y)), or x.to_tensor() of a ragged one."
        )
    if hasattr(value, "detach") and hasattr(value, "cpu"):  # PyTorch
        value = value.detach().cpu()
        if str(value.dtype) == "torch.bfloat16":
            value = value.float()
    if hasattr(value, "to_numpy"):  # pandas
        value = value.to_numpy()
    elif hasattr(value, "numpy") and callable(value.numpy):
        value = value.numpy()
    try:
        found = np.asarray(value)
    except ValueError:  # lists of different lengths
        found = np.empty(len(value), object)
        found[:] = list(value)
    return found.astype(object) if found.dtype.kind in "US" else found


def split_frame(frame: Any, name: str, role: Role) -> tuple[list[str], list[str]]:
    """Returns the names of the columns of a frame that hold numbers, and of those that hold anything else.

    Raises:
        ConfigurationError: if two columns have the same name.
    """
    names: Sequence[str] = list(frame.columns)
    if len(set(names)) < len(names):
        twice = next(item for item in names if names.count(item) > 1)
        raise ConfigurationError(
            f"Columns must have different names. {name} has two columns named {twice!r}. "
            "Keep one of each: frame.loc[:, ~frame.columns.duplicated()]."
        )
    numeric = [column for column, dtype in zip(names, frame.dtypes, strict=True) if _holds_numbers(dtype)]
    return numeric, [column for column in names if column not in set(numeric)]


def _holds_numbers(dtype: Any) -> bool:
    return getattr(dtype, "kind", "O") in "biuf"
