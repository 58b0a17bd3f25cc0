"""The first record of a session, and of each of its later calls."""

from __future__ import annotations

import os
import platform
import socket
import time
from collections.abc import Mapping

import keras
import numpy as np

from tb_inputdiag._version import __version__
from tb_inputdiag.capture.backend import backend
from tb_inputdiag.capture.plain_values import plain
from tb_inputdiag.records import JSON, CallStart, Mode, SessionStart
from tb_inputdiag.settings import Settings

__all__ = ["call_record", "start_record", "trains"]


def trains(mode: Mode) -> bool:
    """Returns whether the model may be trained in a call."""
    return mode in ("fit", "watch")


def start_record(
    session: str, mode: Mode, settings: Settings, worker: int, workers: int, params: Mapping[str, object]
) -> SessionStart:
    """Returns the record.

    Args:
        session: The session's id.
        mode: What is recorded.
        settings: The callback's arguments.
        worker: Index of this process.
        workers: Processes that train together.
        params: Keras' parameters of the run.
    """
    return SessionStart(
        session=session,
        wall_time=time.time(),
        mode=mode,
        versions={
            "python": platform.python_version(),
            "tb_inputdiag": __version__,
            "keras": keras.__version__,
            **backend().versions(),
            "numpy": np.__version__,
        },
        settings=settings.described(),
        host=socket.gethostname(),
        pid=os.getpid(),
        worker=worker,
        workers=workers,
        params=_plain(params),
    )


def call_record(number: int, mode: Mode, step: int, epoch: int, params: Mapping[str, object]) -> CallStart:
    """Returns the record of a later call; see `CallStart`."""
    return CallStart(number=number, wall_time=time.time(), mode=mode, step=step, epoch=epoch, params=_plain(params))


def _plain(params: Mapping[str, object]) -> dict[str, JSON]:
    return {str(k): plain(v) for k, v in params.items() if isinstance(v, bool | int | float | str | list)}
