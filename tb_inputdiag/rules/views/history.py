"""The losses of a run in bounded memory: recent ones one by one, and the whole run in blocks."""

from __future__ import annotations

import numpy as np

from tb_inputdiag.records import F8, Losses

__all__ = ["LossHistory"]

RECENT = 256
"""Losses kept one by one."""
BLOCKS = 128
"""Blocks that cover the whole run. When all are full, neighbours are merged, and each block spans twice the steps."""


class LossHistory:
    """Recent losses one by one, and means of equal blocks of steps since the beginning.

    Non-finite losses are counted and left out of both.
    """

    def __init__(self) -> None:
        self.count = 0
        """Finite losses seen."""
        self.bad_count = 0
        self.first = float("nan")
        self.last_step = -1
        self._recent = np.full(RECENT, np.nan)
        self._sums = np.zeros(BLOCKS)
        self._filled = 0
        self._in_block = 0
        self.block_steps = 1
        """Losses in one block."""

    def add(self, losses: Losses) -> F8:
        """Adds losses and returns the finite ones."""
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
        return finite

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
    def blocks(self) -> F8:
        """Means of the full blocks, oldest first."""
        return self._sums[: self._filled] / self.block_steps
