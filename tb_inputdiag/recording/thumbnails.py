"""How many sets of thumbnails a session keeps."""

from __future__ import annotations

from tb_inputdiag.records import Split

__all__ = ["ThumbnailBudget"]

_MOST_SETS = 12
_SPREAD = 4
"""A set of thumbnails of training is taken at a step at least so many times that of the one before."""


class ThumbnailBudget:
    """Spreads the sets of thumbnails of a session over its steps. Of evaluations only the first one has some."""

    def __init__(self) -> None:
        self._sets = 0
        self._next_step = 0

    def take(self, split: Split, step: int, evaluations: int) -> bool:
        """Returns whether to keep the thumbnails of a sample; they are counted then.

        Args:
            split: Where the sample was taken.
            step: The training step.
            evaluations: Validations of this session so far.
        """
        too_early = step < self._next_step if split == "train" else evaluations > 1
        if too_early or self._sets >= _MOST_SETS:
            return False
        self._sets += 1
        self._next_step = _SPREAD * step + 1
        return True
