"""The count of steps of a session; nothing else counts them.

Training steps count batches, from the optimizer's iterations at the beginning on. Later iterations are not a better
count in general: loss scaling skips some, and a step may update several times.
"""

from __future__ import annotations

from tb_inputdiag.records import Split

__all__ = ["StepCount"]


class StepCount:
    """Counts the steps of training, and those of each validation, `evaluate` and `predict`.

    Args:
        iterations: The optimizer's iterations, None for a model without an optimizer.
    """

    def __init__(self, iterations: int | None) -> None:
        self.next: dict[Split, int] = {"train": iterations or 0, "validation": 0, "predict": 0}
        """The step that runs next, for each split. Evaluations begin at 0."""
        self._synced: tuple[int, int] | None = None

    @property
    def latest(self) -> int:
        """The last training step; 0 before the first."""
        return max(0, self.next["train"] - 1)

    @property
    def trained(self) -> int:
        """How many training steps the model has seen; the step of what an evaluation shows."""
        return self.next["train"]

    def begin(self, split: Split, iterations: int | None) -> None:
        """Begins a training run or an evaluation."""
        self.next[split] = (iterations or 0) if split == "train" else 0

    def advance(self, split: Split, steps: int) -> int:
        """Counts an execution; returns its first step."""
        first = self.next[split]
        self.next[split] = first + steps
        return first

    def synchronize(self, iterations: int | None, steps_per_execution: int) -> bool:
        """Corrects the count at the beginning and the end of an epoch.

        At the beginning of training another callback may have restored the iterations. Later they tell how many steps
        the last execution of an epoch held.

        Args:
            iterations: The optimizer's, None if they do not count batches.
            steps_per_execution: Steps that the last execution held at most.

        Returns:
            Whether the last execution held fewer steps than were counted.
        """
        if iterations is None:
            return False
        counted = self.next["train"]
        held_fewer = False
        if self._synced is None:
            self.next["train"] = iterations
        else:
            step = self._synced[0] + iterations - self._synced[1]
            held_fewer = counted - steps_per_execution < step < counted
            if held_fewer:
                self.next["train"] = step
        self._synced = (self.next["train"], iterations)
        return held_fewer
