"""Imported once, before anything else, in the process that the training runs are forked from.

TensorFlow takes seconds to import, and does no work before its first op: a process that has only imported it can be
forked. Python's clock is replaced first, so that nothing keeps the real one and a training run can set it back.
"""

from __future__ import annotations

import time

_real = time.time


class ShiftedClock:
    """`time.time`, off by a number of seconds that can be set."""

    def __init__(self) -> None:
        self.offset_s = 0.0

    def __call__(self) -> float:
        return max(0.0, _real() + self.offset_s)


clock = ShiftedClock()
time.time = clock

from tests.faults import training  # noqa: E402  # after the clock

training.warm()
