"""Whether the process that writes a log still exists."""

from __future__ import annotations

import os
import socket

from tb_inputdiag.records import SessionStart

__all__ = ["process_runs"]


def process_runs(start: SessionStart | None) -> bool | None:
    """Returns whether the process of a session exists; None if that can't be known, as on another machine.

    Args:
        start: The session's first record, if it was read.
    """
    if start is None or not start.pid or start.host != socket.gethostname():
        return None
    try:
        os.kill(start.pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it runs, and belongs to another user
        return True
    return True
