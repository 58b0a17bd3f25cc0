"""Who wants to know that training has ended."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from tb_inputdiag.log.reader import Run

__all__ = ["EndListener"]


@runtime_checkable
class EndListener(Protocol):
    """What `on_alert` may be besides a function: an object that also receives the end of training."""

    def training_ended(self, run: Run) -> object:
        """Receives the end of a `fit`, or of a `watch` block.

        Calls of `fit` that follow each other quickly are reported once a minute, and the last one at the end.

        Args:
            run: What was recorded, complete on disk.
        """
