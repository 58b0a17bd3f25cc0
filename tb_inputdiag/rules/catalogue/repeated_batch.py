"""The rule `repeated-batch`."""

from __future__ import annotations

import numpy as np

from tb_inputdiag.records import Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, fires, pixels, silent
from tb_inputdiag.rules.support.fingerprints import example_ids_of, examples_are_distinctive
from tb_inputdiag.rules.views.context import Context

__all__ = ["RepeatedBatch"]


class RepeatedBatch(Rule):
    """The data pipeline yields the same batch again and again.

    ## What it does
    Compares the fingerprints of the examples in successive samples of one epoch. It fires when they hold the same
    examples several times in a row. Epochs of a single batch are left alone.

    ## Why is this bad?
    The model sees a few dozen examples only and learns them by heart: training loss falls nicely, validation does not.

    ## Example
    ```python
    def batches():
        x, y = load_batch(0)
        while True:
            yield x, y
    ```

    ## What to do
    Move the loading into the loop, advance the index, or pass arrays or a `tf.data.Dataset`. For over-fitting one batch
    on purpose, turn the rule off: `rules=["-repeated-batch"]`.

    ## References
    - https://keras.io/api/utils/python_utils/#pydataset-class
    """

    id = "repeated-batch"
    severity = Severity.WARNING
    persistence = 3
    explains = ("overfitting", "stalled-loss", "train-validation-overlap")
    why = "Only these few examples are learned, by heart: the training loss falls, and says nothing about other data."

    min_equal = Threshold(
        0.9,
        "Part of the fingerprints that must be equal.",
        source="Room for an example that changes or is cut off.",
        high=1.0,
    )

    def start(self) -> None:
        """Forgets the last batch."""
        self._last: set[int] = set()
        self._epoch = -1
        self._step = -1

    def on_sample(self, context: Context) -> Findings:
        """Compares with the previous sample of this epoch."""
        session = context.session
        if session is not None and session.params.get("steps") == 1:
            return None
        ids = set(example_ids_of(context).tolist())
        last, epoch, step = self._last, self._epoch, self._step
        self._last, self._epoch, self._step = ids, context.sample.epoch, context.sample.step
        if epoch != context.sample.epoch or step >= context.sample.step:
            return None
        if len(ids) < 2 or len(last) < 2 or not examples_are_distinctive(context):
            return []
        equal = len(ids & last) / max(len(ids), len(last))
        if equal < self.min_equal:
            return []
        return [
            Finding(
                subject="data",
                message=f"The batches of steps {step} and {context.sample.step} hold the same examples, as those "
                f"before.",
                evidence={"equal_fraction": equal, "batch_size": context.sample.batch_size, "compared": len(ids)},
                fix="# A generator must load or select anew inside of its loop:\n"
                "while True:\n    i = rng.choice(len(x), batch_size)\n    yield x[i], y[i]\n"
                "# In a tf.data.Dataset look for .take(1) in front of .repeat().",
            )
        ]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""

        def varied(step: int) -> np.ndarray:
            return pixels() + step

        return (
            fires("one batch for ever", lambda: Scenario().train(x=pixels(), steps=5), "data", Severity.WARNING),
            silent("other batches", lambda: Scenario().train(x=varied, steps=5)),
            silent("rows of flags", lambda: Scenario().train(x=(pixels(shape=(16, 8)) > 0.5) * 1.0, steps=5)),
            silent("epochs of one batch", _one_batch_epochs),
        )


def _one_batch_epochs() -> Scenario:
    scenario = Scenario()
    for _ in range(6):
        scenario.train(x=pixels()).epoch_end(loss=1.0)
    return scenario
