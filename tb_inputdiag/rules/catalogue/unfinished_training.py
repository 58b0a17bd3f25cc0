"""The rule `unfinished-training`."""

from __future__ import annotations

import math

from tb_inputdiag.records import SessionEnd, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, fires, silent
from tb_inputdiag.rules.support.text import number, percent
from tb_inputdiag.rules.views.context import Context

__all__ = ["UnfinishedTraining"]


class UnfinishedTraining(Rule):
    """At the end of fit the loss still falls steeply.

    ## What it does
    Looks at the last epochs of a finished run: whether each still brought a considerable part of the whole progress, in
    training and, where there is one, in validation. Trial runs of a few epochs are left alone.

    ## Why is this bad?
    The model could be better for nothing but patience.

    ## Example
    ```python
    model.fit(x, y, epochs=5)             # the loss halves in every epoch
    ```

    ## What to do
    More epochs, with `EarlyStopping` to find the end.

    ## References
    - https://keras.io/api/callbacks/early_stopping/
    """

    id = "unfinished-training"
    severity = Severity.INFO
    resolve_after = 0
    why = "The model was still getting better quickly: it can be better for nothing but patience."

    min_epochs = Threshold(
        4, "Runs of fewer epochs are trials.", source="One to five epochs are for seeing whether it runs."
    )
    min_pace = Threshold(
        0.7,
        "Progress of the last epochs over the mean progress of an epoch, from which on the loss falls steeply.",
        source="A run that settles slows down: its last epochs bring far less than the average one.",
    )

    def on_session_end(self, context: Context, end: SessionEnd) -> Findings:
        """Judges the last epochs."""
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
            steep.append((key, values))
        key, values = steep[0]
        last = (values[-2] - values[-1]) / max(abs(values[-2]), 1e-30)
        return [
            Finding(
                subject="training",
                message=f"Training ended while the loss still fell: by {percent(last)} in the last of "
                f"{len(epochs)} epochs, "
                f"to {number(values[-1])}.",
                evidence={"loss": values[-8:], "epochs": len(epochs), "last_drop": last},
                fix=f"stop = keras.callbacks.EarlyStopping(patience=5)\nmodel.fit(..., epochs={4 * len(epochs)}, "
                "callbacks=[stop])",
            )
        ]

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
            silent("settled", lambda: run(2.3, 1.0, 0.6, 0.5, 0.48, 0.47, 0.465)),
            silent("a trial", lambda: run(2.3, 2.0)),
        )
