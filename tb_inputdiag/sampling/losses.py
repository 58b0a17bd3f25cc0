"""Every step's own loss, recovered from what Keras logs.

``logs["loss"]`` of Keras is the mean since the epoch began. With equal batches the loss of step n is
``n * mean[n] - (n - 1) * mean[n - 1]``. A smaller last batch makes its own loss look nearer to the mean than it is.
The means are float32, so the recovered value is known to about ``n * 6e-8`` of the mean: 0.6 % at step 100,000 of an
epoch.
"""

from __future__ import annotations

import math

__all__ = ["LossTrack"]


class LossTrack:
    """Turns logged losses into the steps' own; call `epoch` when Keras resets its metrics."""

    def __init__(self) -> None:
        self._n = 0
        self._mean = 0.0
        self._running: bool | None = None
        self._votes = 0

    def epoch(self) -> None:
        """Begins an epoch: the running mean starts anew."""
        self._n, self._mean = 0, 0.0

    def add(self, logged: float, steps: int, own: float | None = None) -> float:
        """Returns the mean own loss of the latest `steps` steps.

        Args:
            logged: ``logs["loss"]`` after them.
            steps: How many steps the execution held.
            own: Their mean own loss where the probe saw it; it decides what a training step of the user's own logs,
                a running mean or the batch's loss.
        """
        n = self._n + steps
        recovered = (n * logged - self._n * self._mean) / steps if math.isfinite(self._mean) else logged
        if own is not None and math.isfinite(own) and self._n > 0 and not math.isclose(recovered, logged, rel_tol=1e-3):
            self._votes += 1 if abs(recovered - own) <= abs(logged - own) else -1
            self._votes = max(-3, min(3, self._votes))
        self._n, self._mean = n, logged
        if own is not None:
            return own
        return logged if self._votes < 0 else recovered
