"""Work on a second core, while this thread goes on: NumPy releases Python's lock inside long loops."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

__all__ = ["Beside"]

_LEAST_BYTES = 1 << 19
"""Bytes from which on handing work to another thread costs less than it saves."""


class Beside:
    """Does work in a thread of its own, which begins with the first large batch. It is not pickled."""

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None

    def begin(self, work: Callable[[], None], n_bytes: int) -> Callable[[], None]:
        """Begins some work, and returns a function that waits for its end.

        Args:
            work: What is done. It must not change anything that this thread reads meanwhile.
            n_bytes: How much it reads. If that is little, or if there is one core, this thread does it.
        """
        if n_bytes < _LEAST_BYTES or _cores() < 2:
            return work
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1, thread_name_prefix="tb_inputdiag.check_data")
        return self._pool.submit(work).result

    def __getstate__(self) -> dict[str, Any]:
        return {"_pool": None}


def _cores() -> int:
    """Returns how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
