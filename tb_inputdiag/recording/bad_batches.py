"""Saves the first batches that hold NaN or infinities, each in a file of its own."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.console import say_warning
from tb_inputdiag.records import SavedBatch, Split

__all__ = ["BadBatches"]

_MOST = 3
_MOST_BYTES = 64 * 2**20


class BadBatches:
    """Writes at most three batches of at most 64 MiB each.

    Args:
        folder: Where to; made when the first batch is saved.
        session: The session's id, which the files' names begin with.
        shown: The folder as the record names it; None: its path.
    """

    def __init__(self, folder: Path, session: str, shown: str | None = None) -> None:
        self._folder = folder
        self._shown = str(folder) if shown is None else shown
        self._session = session
        self._saved = 0

    def save(self, split: Split, step: int, batch: Mapping[str, NDArray[np.generic]]) -> SavedBatch | None:
        """Writes a batch. Problems with the disk are a warning.

        Args:
            split: Where the batch was fed.
            step: The training step.
            batch: Subject -> values, e.g. ``input:x``.

        Returns:
            The record of the file, None if there is none.
        """
        if self._saved >= _MOST:
            return None
        self._saved += 1
        size = sum(array.nbytes for array in batch.values())
        if size > _MOST_BYTES:
            say_warning(f"the batch of step {step} is not saved: {size / 2**20:,.0f} MiB are more than 64 MiB.")
            return None
        path = self._folder / f"{self._session}-{split}-step-{step}.npz"
        try:
            self._folder.mkdir(exist_ok=True)
            # a file handle: numpy would take a subject's name for the file's
            with path.open("wb") as file:
                np.savez(file, **batch)  # type: ignore[arg-type]  # its stub takes any keyword for `allow_pickle`
        except OSError as exc:
            say_warning(f"the batch of step {step} is not saved: {type(exc).__name__}: {exc}.")
            return None
        return SavedBatch(
            step=step, wall_time=time.time(), split=split, path=f"{self._shown}/{path.name}", size_bytes=size
        )
