"""Variables that carry a probed step's row from the device to the host, one set for each replica."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf
from numpy.typing import NDArray

from tb_inputdiag.capture.tensorflow.variable_creation import in_own_thread
from tb_inputdiag.records import F4, F8

__all__ = ["Slot", "first_replica", "local_devices"]


class Slot:
    """One replica's variables: a ring of rows, a count of rows ever written, and thumbnails.

    Args:
        device: Where to put them; empty for TensorFlow's choice.
        steps: Rows of the ring: steps that one execution may hold.
    """

    def __init__(self, device: str, steps: int) -> None:
        self.device = device
        self.steps = steps
        self.capacity = 0
        self.image_capacity = 0
        self.rows: Any = None
        self.written: Any = None
        self.pixels: Any = None
        self.seen = 0
        self.batch: list[Any] = []
        self.kept: Any = None

    def reserve(self, size: int, image_size: int) -> None:
        """Makes room for rows of `size` and thumbnails of `image_size` numbers; rows that were there are dropped.

        May be called while tracing. A new thread is not inside a function graph, an XLA cluster or a strategy's scope,
        so the variables are plain ones, and exist at once.
        """
        in_own_thread(lambda: self._reserve(size, image_size))

    def _reserve(self, size: int, image_size: int) -> None:
        with tf.device(self.device or None):
            if size > self.capacity:
                self.rows = tf.Variable(tf.zeros([self.steps, size], tf.float64), trainable=False, name="rows")
                self.written = tf.Variable(0, dtype=tf.int64, trainable=False, name="written")
                self.capacity, self.seen = size, 0
            if image_size > self.image_capacity:
                self.pixels = tf.Variable(tf.zeros([image_size], tf.float32), trainable=False, name="pixels")
                self.image_capacity = image_size

    def write(self, row: Any, pixels: Any) -> None:
        """Adds the ops that store one step's row; to be called while tracing."""
        size = row.shape[0]
        padded = tf.pad(row, [[0, self.capacity - size]]) if size < self.capacity else row
        if self.steps == 1:
            self.rows.assign(padded[None])
        else:
            place = self.written % self.steps
            self.rows.scatter_update(tf.IndexedSlices(padded[None], place[None]))
            self.written.assign_add(1)
        if pixels is not None:
            self.pixels[: pixels.shape[0]].assign(pixels)

    def keep(self, bad: Any, batch: Sequence[Any]) -> Any:
        """Adds the ops that keep a batch if it is bad and no earlier one waits to be read; to be called while tracing.

        Returns:
            Whether this batch is kept, a bool scalar.
        """
        if len(self.batch) != len(batch):
            in_own_thread(lambda: self._reserve_batch([tensor.dtype for tensor in batch]))
        kept = tf.logical_and(bad, tf.logical_not(self.kept))

        def put() -> Any:
            with tf.control_dependencies([v.assign(t) for v, t in zip(self.batch, batch, strict=True)]):
                return tf.group(self.kept.assign(True))

        tf.cond(kept, put, tf.no_op)
        return kept

    def _reserve_batch(self, dtypes: Sequence[Any]) -> None:
        with tf.device(self.device or None):
            anything = tf.TensorShape(None)
            self.batch = [tf.Variable(tf.zeros([0], d), shape=anything, trainable=False, name="bad") for d in dtypes]
            self.kept = tf.Variable(False, trainable=False, name="kept")

    def take_batch(self) -> list[NDArray[Any]]:
        """Returns the batch that was kept, and makes room for the next one."""
        arrays = [variable.numpy() for variable in self.batch]
        for variable in self.batch:
            variable.assign(tf.zeros([0], variable.dtype))
        self.kept.assign(False)
        return arrays

    def read(self) -> F8:
        """Returns ``float64[steps, capacity]``: the rows written since the last read, oldest first."""
        rows: F8 = self.rows.numpy()
        if self.steps == 1:
            return rows
        total = int(self.written.numpy())
        order = [i % self.steps for i in range(max(self.seen, total - self.steps), total)]
        self.seen = total
        return rows[order]

    def read_pixels(self) -> F4:
        """Returns the thumbnails of the last row."""
        pixels: F4 = self.pixels.numpy()
        return pixels


def local_devices(strategy: Any) -> list[str]:
    """Returns the devices of this process's replicas; one empty name without a distribution strategy."""
    if strategy is None or strategy.num_replicas_in_sync <= 1:
        return [""]
    return list(strategy.extended.worker_devices)


def first_replica(strategy: Any) -> int:
    """Returns the id of this process's first replica among those of all workers."""
    resolver = getattr(strategy, "cluster_resolver", None) if strategy is not None else None
    task = getattr(resolver, "task_id", None)
    return int(task) * len(local_devices(strategy)) if task else 0
