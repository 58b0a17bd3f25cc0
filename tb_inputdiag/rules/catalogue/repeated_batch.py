"""The rule `repeated-batch`."""

from __future__ import annotations

import numpy as np

from tb_inputdiag.numbers import percent
from tb_inputdiag.records import LimitPicture, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, fires, pixels, silent
from tb_inputdiag.rules.support.configured import asked
from tb_inputdiag.rules.support.fingerprints import example_ids_of, examples_are_distinctive
from tb_inputdiag.rules.views.context import Context

__all__ = ["RepeatedBatch"]


class RepeatedBatch(Rule):
    """The data pipeline yields the same batch over and over.

    ## What it does
    Compares the fingerprints of the examples in successive samples of one epoch. It fires when they are the same
    examples several times in a row. Epochs of a single batch are fine.

    ## Why is this bad?
    The model sees only a few dozen examples and memorizes them: the training loss falls, the validation loss does not.

    ## Example
    ```python
    def batches():
        x, y = load_batch(0)
        while True:
            yield x, y
    ```

    ## What to do
    Move the loading into the loop and advance the index, or pass arrays or a `tf.data.Dataset`. If you overfit one
    batch on purpose, turn the rule off: `rules=["-repeated-batch"]`.

    ## References
    - https://keras.io/api/utils/python_utils/#pydataset-class
    """

    id = "repeated-batch"
    severity = Severity.WARNING
    persistence = 3
    persistence_examples = 32
    explains = ("overfitting", "stalled-loss", "train-validation-overlap")
    why = "The model memorizes these few examples: the training loss falls, but it says nothing about other data."

    min_equal = Threshold(
        0.9,
        "Fraction of the fingerprints that must be equal.",
        source="Leaves room for an example that changes or is cut off.",
        high=1.0,
    )

    def start(self) -> None:
        """Resets the last batch."""
        self._last: set[int] = set()
        self._epoch = -1
        self._step = -1

    def on_sample(self, context: Context) -> Findings:
        """Compares with the previous sample of this epoch."""
        if asked(context)[1] == 1:
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
                message=f"The batches of steps {step} and {context.sample.step} share {percent(equal)} of their "
                "examples, "
                "like the batches before.",
                evidence={"equal_fraction": equal, "batch_size": context.sample.batch_size, "compared": len(ids)},
                fix="# A generator must load or select new examples inside its loop:\n"
                "while True:\n    i = rng.choice(len(x), batch_size)\n    yield x[i], y[i]\n"
                "# In a tf.data.Dataset, look for .take(1) in front of .repeat().",
                picture=LimitPicture(
                    label="examples shared by successive batches", value=equal, limit=self.min_equal, unit="fraction"
                ),
            )
        ]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""

        def varied(step: int) -> np.ndarray:
            return pixels() + step

        return (
            fires("one batch forever", lambda: Scenario().train(x=pixels(), steps=5), "data", Severity.WARNING),
            silent("different batches", lambda: Scenario().train(x=varied, steps=5)),
            silent("rows of flags", lambda: Scenario().train(x=(pixels(shape=(16, 8)) > 0.5) * 1.0, steps=5)),
            silent("epochs of one batch", _one_batch_epochs),
        )


def _one_batch_epochs() -> Scenario:
    scenario = Scenario()
    for _ in range(6):
        scenario.train(x=pixels()).epoch_end(loss=1.0)
    return scenario
