"""Which worker this process is, in a training run of several workers."""

from __future__ import annotations

import keras

__all__ = ["worker"]


def worker(model: keras.Model) -> tuple[int, int]:
    """Returns this process's index and the number of worker processes; ``(0, 1)`` for one process."""
    strategy = getattr(model, "distribute_strategy", None)
    resolver = getattr(strategy, "cluster_resolver", None)
    if resolver is None:
        return 0, 1
    cluster = resolver.cluster_spec().as_dict()
    chiefs, workers = cluster.get("chief", []), cluster.get("worker", [])
    index = resolver.task_id or 0
    if chiefs and resolver.task_type == "worker":
        index += len(chiefs)
    return index, max(1, len(chiefs) + len(workers))
