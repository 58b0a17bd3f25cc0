"""The rule `unfinished-training`."""

from __future__ import annotations

import math

from tb_inputdiag.numbers import count, format_number, percent
from tb_inputdiag.records import LimitPicture, SessionEnd, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, fires, silent
from tb_inputdiag.rules.support.curves import epoch_curve, loss_curve
from tb_inputdiag.rules.views.context import Context

__all__ = ["UnfinishedTraining"]


class UnfinishedTraining(Rule):
    """The loss still falls steeply at the end of fit.

    ## What it does
    Looks at the last epochs of a `fit` when it ends. It fires if each of them still brought a large part of the total
    progress, in training and, with validation data, in validation. Calls of `fit` of a few epochs are ignored: they try
    something out, or are part of a loop. An exception is a new model that was trained for a few steps in all: too few
    to learn from, and too few to judge. The alert is resolved if a later `fit` comes to rest.

    ## Why is this bad?
    More epochs alone would improve the model.

    ## Example
    ```python
    model.fit(x, y, epochs=5)             # the loss halves in every epoch
    ```

    ## What to do
    Train for more epochs, and let `EarlyStopping` find the end.

    ## References
    - https://keras.io/api/callbacks/early_stopping/
    """

    id = "unfinished-training"
    severity = Severity.INFO
    resolve_after = 1
    why = "The model was still getting better quickly, so more epochs alone would improve it."

    min_epochs = Threshold(
        4, "Epochs from which on the rule judges.", source="Shorter runs only try out whether the program works."
    )
    min_pace = Threshold(
        0.7,
        "Ratio of the progress of the last epochs to the mean progress of an epoch from which on the rule fires.",
        source="In a run that settles, the last epochs bring far less than the average epoch.",
    )

    few_steps = Threshold(
        10,
        "Steps in all from which on a run of one epoch counts as an attempt to train.",
        source="With Adam's 0.001, ten steps change a weight by at most 0.01, a tenth of its usual size.",
    )

    def on_session_end(self, context: Context, end: SessionEnd) -> Findings:
        """Judges the last epochs."""
        if end.status == "finished" and self._is_too_short(context):
            return [self._too_short(context)]
        epochs = [e.logs for e in context.epochs]
        if end.status != "finished" or len(epochs) < self.min_epochs:
            return []
        steep = []
        for key in ("loss", "val_loss"):
            values = [logs[key] for logs in epochs if key in logs]
            if len(values) < len(epochs) or not all(map(math.isfinite, values)):
                if key == "loss":
                    return []
                continue
            progress = values[0] - values[-1]
            drops = [a - b for a, b in zip(values[-4:-1], values[-3:], strict=True)]
            if (
                progress <= 0
                or min(drops[-2:]) < self.min_pace * progress / (len(values) - 1)
                or min(drops) < 0.03 * abs(values[-1])
            ):
                return []
            steep.append((values, min(drops[-2:]) / (progress / (len(values) - 1))))
        values, pace = steep[0]
        last = (values[-2] - values[-1]) / max(abs(values[-2]), 1e-30)
        return [
            Finding(
                subject="training",
                message=f"Training ended while the loss still fell: by {percent(last)} to "
                f"{format_number(values[-1])} in "
                f"the last of {len(epochs)} epochs.",
                evidence={"loss": values[-8:], "epochs": len(epochs), "last_drop": last},
                fix=f"stop = keras.callbacks.EarlyStopping(patience=5)\nmodel.fit(..., epochs={4 * len(epochs)}, "
                "callbacks=[stop])",
                picture=LimitPicture(
                    label="progress of the last epochs over that of an average epoch", value=pace, limit=self.min_pace
                ),
                curves=(
                    epoch_curve("loss", "Training loss", beside="val_loss", beside_label="Validation loss"),
                    loss_curve(),
                ),
            )
        ]

    def _is_too_short(self, context: Context) -> bool:
        session = context.session
        new = context.first_step == 0 and len(context.epochs) == 1
        # A loop of the user's own may go on; of `fit`, only a single epoch that was asked for is sure to be all.
        asked = session is not None and session.mode == "fit" and session.params.get("epochs", 1) == 1
        return new and asked and 0 < context.history.count < self.few_steps

    def _too_short(self, context: Context) -> Finding:
        steps, examples = context.history.count, context.loss_examples
        return Finding(
            subject="training",
            message=f"The model was trained for {count(steps, 'step')} in all, in one epoch: too few to learn "
            "much from, and too few to judge.",
            evidence={"steps": steps, "epochs": 1, "batch_size": examples, "expected_min_steps": self.few_steps},
            fix="model.fit(..., epochs=50, batch_size=16)  # more epochs, smaller batches\n"
            "# Is that all of the data? Look for .take(), steps_per_epoch or an empty folder.",
            picture=LimitPicture(label="training steps", value=steps, limit=self.few_steps, bound="at least"),
            curves=(loss_curve(),),
        )

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""

        def run(*losses: float) -> Scenario:
            scenario = Scenario()
            for loss in losses:
                scenario.train(steps=2).epoch_end(loss=loss)
            return scenario.end()

        return (
            fires("still falling", lambda: run(2.3, 2.1, 1.9, 1.7, 1.5, 1.3, 1.1), "training", Severity.INFO),
            silent("a loss that has settled", lambda: run(2.3, 1.0, 0.6, 0.5, 0.48, 0.47, 0.465)),
            fires("one epoch of six steps", lambda: _once(6), "training", Severity.INFO),
            silent("one epoch of many steps", lambda: _once(40)),
            silent("a trial run", lambda: run(2.3, 2.0)),
        )


def _once(steps: int) -> Scenario:
    return Scenario().train(steps=steps).epoch_end(loss=2.2).end()
