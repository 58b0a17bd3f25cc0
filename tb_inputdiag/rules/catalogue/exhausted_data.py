"""The rule `exhausted-data`."""

from __future__ import annotations

from tb_inputdiag.records import EpochEnd, LimitPicture, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, fires, silent
from tb_inputdiag.rules.support.configured import asked
from tb_inputdiag.rules.support.curves import loss_curve
from tb_inputdiag.rules.views.context import Context

__all__ = ["ExhaustedData"]


class ExhaustedData(Rule):
    """The generator or data set ran out of data, so later epochs have few steps or none.

    ## What it does
    Counts the steps of each epoch. It fires if an epoch has no steps after one that had some, and if two epochs in a
    row have only the two batches that Keras reads ahead. It is an INFO if epochs have the same number of steps, and
    that is below `steps_per_epoch`: the data set is smaller, and each epoch reads it from its start.

    ## Why is this bad?
    A generator that has returned gives nothing more. Keras warns once, "Your input ran out of data", and goes through
    the other epochs without training, or with the same few batches again. The model is trained for one epoch.

    ## Example
    ```python
    def batches():
        for i in range(0, len(x), 32):                # ends after the first epoch
            yield x[i:i + 32], y[i:i + 32]

    model.fit(batches(), steps_per_epoch=len(x) // 32, epochs=12)
    ```

    ## What to do
    Let a generator loop forever with `while True`. Add `.repeat()` to a data set, or leave `steps_per_epoch` out.

    ## References
    - https://github.com/tensorflow/tensorflow/issues/47938
    - https://github.com/keras-team/keras-io/issues/285
    """

    id = "exhausted-data"
    severity = Severity.WARNING
    persistence = 2
    explains = ("overfitting", "repeated-batch", "stalled-loss", "unfinished-training")
    why = (
        "The data ended before the last epoch. Keras goes through the other epochs without training, or with the same "
        "few batches again."
    )

    max_left = Threshold(
        2,
        "Most steps that an epoch of a data set at its end has, times `steps_per_execution`.",
        source="Keras 3 reads 2 batches ahead (`NUM_BATCHES_FOR_TENSOR_SPEC`) and repeats them in each epoch.",
    )
    max_share = Threshold(
        0.25,
        "Largest fraction of the longest epoch's steps that such an epoch has.",
        source="Data sets of 2 to 7 batches may be read with a rest of 2.",
        high=1.0,
    )
    min_full = Threshold(
        0.9,
        "Fraction of `steps_per_epoch` below which each epoch counts as shorter than asked for.",
        source="`len(x) // batch_size` and rounding up differ by one step of ten or more.",
        high=1.0,
    )

    def start(self) -> None:
        """Forgets the epochs of another session."""
        self._end: int | None = None
        self._longest = 0

    def on_epoch_end(self, context: Context, end: EpochEnd) -> Findings:
        """Judges the number of steps of the last epoch."""
        if context.first_step is None:
            return None
        last = end.step - (context.first_step - 1 if self._end is None else self._end)
        self._end, self._longest = end.step, max(self._longest, last)
        (epochs, steps), longest = asked(context), self._longest
        left = self.max_left * (context.facts.steps_per_execution if context.facts is not None else 1)
        if last == 0 or (last <= left and last <= self.max_share * longest):
            return [_ran_out(end.epoch, last, longest, epochs)]
        if last == longest < self.min_full * steps:
            return [_smaller(longest, steps)]
        return []

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""

        def run(*epochs: int, **params: int) -> Scenario:
            scenario = Scenario().with_params(**params)
            for steps in epochs:
                if steps:
                    scenario.losses([1.0] * steps)
                scenario.epoch_end(loss=1.0 if steps else 0.0)
            return scenario

        return (
            fires("empty", lambda: run(20, 0, epochs=4, steps=20), "data", Severity.WARNING),
            fires("the same few", lambda: run(20, 2, 2, epochs=4), "data", Severity.WARNING),
            fires("each is too short", lambda: run(20, 20, epochs=2, steps=50), "data", Severity.INFO),
            silent("as asked for", lambda: run(20, 20, 20, epochs=3, steps=20)),
            silent("a rest in between", lambda: run(8, 8, 4, 8, 8, 4, epochs=6, steps=8)),
            silent("shorter and shorter", lambda: run(56, 28, 14, epochs=3, steps=112)),
            silent("a single batch", lambda: run(1, 1, 1, 1, epochs=4)),
            silent("a batch size that doubles", lambda: run(40, 20, 10, 5, 5, epochs=5, steps=40)),
        )


def _ran_out(epoch: int, last: int, longest: int, epochs: int) -> Finding:
    name = f"Epoch {epoch + 1} of {epochs}" if epochs else f"Epoch {epoch + 1}"
    had = f"{last} steps" if last else "no steps"
    return Finding(
        subject="data",
        message=f"{name} had {had}, after an epoch of {longest}: the generator or data set ran out of data.",
        evidence={"steps": last, "longest_epoch": longest, "epoch": epoch, "epochs": epochs or None},
        fix="def batches():\n    while True:  # a generator must not end\n        for ...:\n            yield x, y\n"
        "# or dataset.repeat(), or fit(...) without steps_per_epoch",
        at_once=last == 0,
        picture=LimitPicture(
            label="steps of this epoch, against those of the longest one", value=last, limit=longest, bound="at least"
        ),
        curves=(loss_curve(),),
    )


def _smaller(longest: int, steps: int) -> Finding:
    return Finding(
        subject="data",
        message=f"Each epoch has {longest} steps, fewer than the {steps} of steps_per_epoch: the data set is smaller.",
        evidence={"steps": longest, "steps_per_epoch": steps},
        fix="model.fit(dataset, epochs=...)  # without steps_per_epoch, or with dataset.repeat()",
        severity=Severity.INFO,
        why="Keras ends each epoch where the data ends, and warns that the input ran out of data. The model is trained "
        "for fewer steps than asked for.",
        picture=LimitPicture(label="steps of an epoch", value=longest, limit=steps, bound="at least"),
        curves=(loss_curve(),),
    )
