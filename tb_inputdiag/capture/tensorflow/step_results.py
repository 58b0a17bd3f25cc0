"""What the probed steps of one execution left behind, on the way from the device to the host.

A compiled step writes into variables, an eager one into lists.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tb_inputdiag.capture.tensorflow.ops import Tensor
from tb_inputdiag.capture.tensorflow.result_buffers import Slot, first_replica, local_devices
from tb_inputdiag.capture.twin import KeptBatch, StepRows
from tb_inputdiag.records import F4, F8
from tb_inputdiag.statistics import step as step_scalars
from tb_inputdiag.statistics.program import Program

__all__ = ["StepResults"]


class StepResults:
    """Rows, thumbnails and a kept batch of the newest execution, for each replica of this process.

    Args:
        model: The model, with its distribution strategy.
        steps: How many steps an execution may hold.
    """

    def __init__(self, model: keras.Model, steps: int) -> None:
        strategy = model.distribute_strategy
        self.distributed = strategy.num_replicas_in_sync > 1
        self._first = first_replica(strategy)
        self._slots = [Slot(device, steps) for device in local_devices(strategy)]
        self._eager_rows: dict[int, list[F8]] = {}
        self._eager_pixels: Tensor = None
        self._eager_batch: list[NDArray[Any]] | None = None

    # -- writing, while a step is traced or runs eagerly ---------------------------------------------

    def replica(self) -> int:
        """Returns which of this process's replicas is being traced or run."""
        context = tf.distribute.get_replica_context()
        if not self.distributed or context is None:
            return 0
        return int(tf.get_static_value(context.replica_id_in_sync_group)) - self._first

    def store(self, replica: int, row: Tensor, pixels: Tensor, size: int) -> None:
        """Adds the ops that store a row of `size` numbers, and the thumbnails or None."""
        slot = self._slots[replica]
        if size > slot.capacity:
            slot.reserve(size, 0)
        if pixels is not None and pixels.shape[0] > slot.image_capacity:
            slot.reserve(0, pixels.shape[0])
        slot.write(row, pixels)

    def add_eager(self, replica: int, row: F8, pixels: Tensor) -> None:
        """Stores the row and the thumbnails of an eager step."""
        self._eager_rows.setdefault(replica, []).append(row)
        self._eager_pixels = pixels

    def keep_batch(self, replica: int, bad: Tensor, batch: Sequence[Tensor]) -> Tensor:
        """Keeps a batch if it is bad and no earlier one waits to be read; returns whether it was kept."""
        if not tf.executing_eagerly():
            return self._slots[replica].keep(bad, batch)
        if bad and self._eager_batch is None:
            self._eager_batch = [tensor.numpy() for tensor in batch]
        return bad

    # -- reading, after an execution ----------------------------------------------------------------

    def clear(self) -> None:
        """Drops the rows of eager steps."""
        self._eager_rows.clear()

    def read(self, programs: Sequence[Program]) -> list[StepRows]:
        """Returns the rows of each step, oldest first.

        Args:
            programs: All programs by their number.
        """
        by_replica = (
            [np.stack(self._eager_rows[replica]) for replica in sorted(self._eager_rows)]
            if self._eager_rows
            else [slot.read() for slot in self._slots]
        )
        steps = []
        for k in range(min(len(rows) for rows in by_replica)):
            program = programs[int(step_scalars.of_row(by_replica[0][k]).program)]
            steps.append((program, [rows[k][: program.size] for rows in by_replica]))
        return steps

    def take_batch(self, steps: Sequence[StepRows]) -> KeptBatch | None:
        """Returns the batch that was kept in one of the steps just read, and makes room for the next one."""
        for index, (program, rows) in enumerate(steps):
            keeping = [r for r, row in enumerate(rows) if program.kept and step_scalars.of_row(row).kept]
            if keeping:
                eager, self._eager_batch = self._eager_batch, None
                taken = [eager] if eager is not None else [self._slots[r].take_batch() for r in keeping]
                return index, dict(zip(program.kept, taken[0], strict=True))
        return None

    def read_pixels(self) -> F4:
        """Returns the thumbnails of the last step of this process's first replica."""
        if self._eager_rows:
            pixels: F4 = self._eager_pixels.numpy()
            return pixels
        return self._slots[0].read_pixels()
