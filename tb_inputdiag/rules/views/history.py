"""The losses of a run in bounded memory: recent ones one by one or pooled, and the whole run in blocks."""

from __future__ import annotations

import numpy as np

from tb_inputdiag.records import F8, Losses

__all__ = ["LossHistory"]

RECENT = 256
"""Losses kept one by one."""
POOLED_EXAMPLES = 16
"""Examples of a pooled loss. The mean of 16 examples spreads by a quarter as much as the loss of one."""
BLOCKS = 128
"""Blocks that cover the whole run. When all are full, neighbours are merged, and each block spans twice the steps."""


class LossHistory:
    """Recent losses one by one, pooled ones, and means of equal blocks of steps since the beginning.

    Non-finite losses are counted and left out of all three.
    """

    def __init__(self) -> None:
        self.count = 0
        """Finite losses seen."""
        self.bad_count = 0
        self.first = float("nan")
        self.last_step = -1
        self._recent = np.full(RECENT, np.nan)
        self.pooled_count = 0
        """Pooled losses so far."""
        self._pooled = np.full(RECENT, np.nan)
        self._pool_sum = 0.0
        self._pool_losses = 0
        self._pool_examples = 0
        self._sums = np.zeros(BLOCKS)
        self._filled = 0
        self._in_block = 0
        self.block_steps = 1
        """Losses in one block."""

    def add(self, losses: Losses, examples: int = 0) -> F8:
        """Adds losses and returns the finite ones.

        Args:
            losses: Of successive steps.
            examples: Behind each of them; 0 if unknown, which counts as enough.
        """
        values = np.asarray(losses.loss, np.float64)
        finite: F8 = values[np.isfinite(values)]
        self.bad_count += len(values) - len(finite)
        if len(losses.step):
            self.last_step = int(losses.step[-1])
        if not len(finite):
            return finite
        if not self.count:
            self.first = float(finite[0])
        kept = finite[-RECENT:]
        self._recent = np.concatenate([self._recent[len(kept) :], kept])
        self.count += len(finite)
        for value in finite.tolist():
            self._push(value)
        self._pool(finite, examples or POOLED_EXAMPLES)
        return finite

    def _pool(self, values: F8, examples: int) -> None:
        full = []
        for value in values.tolist():
            self._pool_sum += value
            self._pool_losses += 1
            self._pool_examples += examples
            if self._pool_examples >= POOLED_EXAMPLES:
                full.append(self._pool_sum / self._pool_losses)
                self._pool_sum, self._pool_losses, self._pool_examples = 0.0, 0, 0
        kept = full[-RECENT:]
        self._pooled = np.concatenate([self._pooled[len(kept) :], kept])
        self.pooled_count += len(full)

    def _push(self, value: float) -> None:
        if self._in_block == self.block_steps:
            self._filled += 1
            self._in_block = 0
            if self._filled == BLOCKS:
                self._merge()
        self._sums[self._filled] += value
        self._in_block += 1

    def _merge(self) -> None:
        half = BLOCKS // 2
        self._sums[:half] = self._sums.reshape(half, 2).sum(axis=1)
        self._sums[half:] = 0.0
        self._filled = half
        self.block_steps *= 2

    @property
    def recent(self) -> F8:
        """The last losses, oldest first, at most 256."""
        return self._recent[RECENT - min(self.count, RECENT) :]

    @property
    def pooled(self) -> F8:
        """The last losses, oldest first, at most 256. Those of small batches are averaged over 16 examples or more."""
        return self._pooled[RECENT - min(self.pooled_count, RECENT) :]

    @property
    def blocks(self) -> F8:
        """Means of the full blocks, oldest first."""
        return self._sums[: self._filled] / self.block_steps
