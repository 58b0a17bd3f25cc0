"""Mean and standard deviation over many batches, from the mean and standard deviation of each."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.records import F8

__all__ = ["RunningMoments"]


class RunningMoments:
    """Merges means and standard deviations of batches, each batch with equal weight, in constant memory."""

    def __init__(self) -> None:
        self.count = 0
        self.mean: F8 = np.zeros(0)
        self._square: F8 = np.zeros(0)

    def add(self, mean: NDArray[Any], std: NDArray[Any]) -> None:
        """Adds a batch's statistics. A different number of features resets what was added before.

        Args:
            mean: ``[features]``.
            std: ``[features]``, population standard deviations.
        """
        means, squares = mean.astype(np.float64), std.astype(np.float64) ** 2 + mean.astype(np.float64) ** 2
        if self.count == 0 or means.shape != self.mean.shape:
            self.count, self.mean, self._square = 0, np.zeros_like(means), np.zeros_like(means)
        self.count += 1
        self.mean = self.mean + (means - self.mean) / self.count
        self._square = self._square + (squares - self._square) / self.count

    @property
    def std(self) -> F8:
        """Standard deviation over all batches together, ``[features]``."""
        deviations: F8 = np.sqrt(np.maximum(self._square - self.mean**2, 0.0))
        return deviations
