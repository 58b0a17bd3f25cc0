"""How far the moving averages of a BatchNormalization are from its own batches.

In training it normalizes by the mean and variance of the batch, in validation by their moving averages. A step moves
the averages towards the batch, so what they were before and after the step tells what the batch's were, and no
activation has to be read.

- `moving_mean_shift` is the distance of the moving mean from the batch's, in standard deviations of the batch.
- `moving_std_factor` is the ratio of the moving standard deviation to the batch's, or its inverse, whichever is larger.

Both are of the median channel, among at most `MAX_CHANNELS` evenly spaced ones, after the step. They are NaN if the
step did not move the averages, as in a frozen layer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.records import F8
from tb_inputdiag.statistics.namespace import Array, Namespace

__all__ = ["MAX_CHANNELS", "NUMBERS", "MovedLayer", "channels", "columns", "merge", "reduce", "reference"]

MAX_CHANNELS = 64
"""The median of so many channels is off by a tenth of their spread."""
NUMBERS = ("mean_before", "variance_before", "mean_after", "variance_after")
"""float32 numbers of each channel."""


@dataclass(frozen=True, slots=True)
class MovedLayer:
    """A BatchNormalization whose averages are read.

    Attributes:
        rows: Its rows in the table of layers.
        channels: How many channels are read.
        kept: The part of the averages that is left after the step: the momentum, to the power of its calls.
        epsilon: What the layer adds to variances.
    """

    rows: tuple[int, ...]
    channels: int
    kept: float
    epsilon: float

    @property
    def size(self) -> int:
        """How many numbers it has in a row."""
        return len(NUMBERS) * self.channels


def channels(n: int) -> int:
    """Returns how many of `n` channels are read."""
    return -(-n // -(-n // MAX_CHANNELS)) if n > MAX_CHANNELS else n


def reduce(xp: Namespace, average: Array, n: int) -> Array:
    """Returns the channels of a moving average ``[n]`` that are read, as float32."""
    kept = xp.every(average, -(-n // MAX_CHANNELS)) if n > MAX_CHANNELS else average
    return kept if xp.dtype(kept) == "float32" else xp.cast(kept, "float32")


def columns(numbers: F8, layers: Sequence[MovedLayer], n_rows: int) -> dict[str, F8]:
    """Returns columns of `records.LayerTable`.

    Args:
        numbers: `NUMBERS` of all layers' channels, layer by layer, as a vector.
        layers: The layers.
        n_rows: Rows of the table.
    """
    found = {"moving_mean_shift": np.full(n_rows, np.nan), "moving_std_factor": np.full(n_rows, np.nan)}
    start = 0
    for layer in layers:
        mean, variance, mean_after, variance_after = numbers[start : start + layer.size].reshape(len(NUMBERS), -1)
        start += layer.size
        if np.array_equal(mean, mean_after) and np.array_equal(variance, variance_after):
            continue
        batch_mean = mean + (mean_after - mean) / (1 - layer.kept)
        batch_variance = np.maximum(variance + (variance_after - variance) / (1 - layer.kept), 0)
        apart = _apart(mean_after, variance_after, batch_mean, batch_variance, layer.epsilon)
        for name, value in apart.items():
            found[name][list(layer.rows)] = value
    return found


def _apart(mean: F8, variance: F8, batch_mean: F8, batch_variance: F8, epsilon: float) -> Mapping[str, float]:
    ratio = (variance + epsilon) / (batch_variance + epsilon)
    shift = np.abs(mean - batch_mean) / np.sqrt(batch_variance + epsilon)
    return {
        "moving_mean_shift": float(np.median(shift)),
        "moving_std_factor": float(np.sqrt(np.median(np.maximum(ratio, 1 / ratio)))),
    }


def merge(parts: Sequence[Mapping[str, F8]]) -> dict[str, F8]:
    """Returns the columns of all replicas: their average."""
    return {name: np.asarray(np.mean([part[name] for part in parts], 0)) for name in parts[0]}


def reference(
    x: NDArray[Any], mean: NDArray[Any], variance: NDArray[Any], epsilon: float = 1e-3
) -> Mapping[str, float]:
    """Returns the columns of one layer by NumPy.

    Args:
        x: What the layer was called on, ``[..., channels]``.
        mean: Its moving mean after the step.
        variance: Its moving variance after the step.
        epsilon: What the layer adds to variances.
    """
    rows = np.asarray(x, np.float64).reshape(-1, x.shape[-1])[:, :: max(1, -(-x.shape[-1] // MAX_CHANNELS))]
    step = max(1, -(-x.shape[-1] // MAX_CHANNELS))
    moving_mean, moving_std = (np.asarray(mean, np.float64)[::step], np.sqrt(variance[::step] + epsilon))
    std = np.sqrt(rows.var(0) + epsilon)
    return {
        "moving_mean_shift": float(np.median(abs(moving_mean - rows.mean(0)) / std)),
        "moving_std_factor": float(np.median(np.exp(abs(np.log(moving_std / std))))),
    }
