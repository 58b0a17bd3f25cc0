"""The count of steps and epochs of a session; nothing else counts them.

Training steps count batches, from the optimizer's iterations at the beginning on. Later iterations are not a better
count in general: loss scaling skips some, and a step may update several times.

Both counts go on from one call of `fit` to the next.
"""

from __future__ import annotations

from tb_inputdiag.records import Split

__all__ = ["EpochCount", "StepCount"]


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
        """Begins a training run or an evaluation.

        Args:
            split: Which of them.
            iterations: The optimizer's. They may have gone on since without the callback, or begin again with a new
                optimizer.
        """
        if split == "train":
            self.next[split] = max(self.next[split], iterations or 0)
            self._synced = None
        else:
            self.next[split] = 0

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
            self.next["train"] = max(counted, iterations)
        else:
            step = self._synced[0] + iterations - self._synced[1]
            held_fewer = counted - steps_per_execution < step < counted
            if held_fewer:
                self.next["train"] = step
        self._synced = (self.next["train"], iterations)
        return held_fewer


class EpochCount:
    """Numbers the epochs of a session. Keras numbers those of each `fit` from 0, unless it gets an `initial_epoch`."""

    def __init__(self) -> None:
        self.present = 0
        """The epoch that runs, or ran last."""
        self.done = 0
        """The epoch that comes next."""
        self._offset = 0

    def begin_call(self) -> None:
        """Begins another `fit`."""
        self._offset = 0

    def begin(self, epoch: int) -> None:
        """Begins an epoch with Keras' number; one that was there already goes on with the next free number."""
        if epoch + self._offset < self.done:
            self._offset = self.done - epoch
        self.present = epoch + self._offset

    def end(self) -> int:
        """Ends the epoch; returns its number."""
        self.done = self.present + 1
        return self.present
