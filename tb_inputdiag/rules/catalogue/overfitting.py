"""The rule `overfitting`."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tb_inputdiag.numbers import format_number
from tb_inputdiag.records import EpochEnd, LimitPicture, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, fires, silent
from tb_inputdiag.rules.support.curves import epoch_curve, validation_loss_curve
from tb_inputdiag.rules.support.medians import median
from tb_inputdiag.rules.views.context import Context

__all__ = ["Overfitting"]


class Overfitting(Rule):
    """The validation loss rises for several epochs while the training loss falls.

    ## What it does
    Checks at the end of each epoch how long ago `val_loss` was best, how far it has risen since, and whether the
    training loss fell meanwhile. A moderate rise gives an INFO, a doubling a WARNING. A moderate rise must also be one
    above the smallest median of three successive epochs, because a single epoch may be lucky.

    ## Why is this bad?
    After its best epoch the model memorizes the training examples and gets worse on all others.

    ## Example
    ```python
    model.fit(x[:200], y[:200], epochs=100, validation_split=0.2)       # a large model, few examples
    ```

    ## What to do
    Use `EarlyStopping(restore_best_weights=True)`. More data, augmentation, dropout, weight decay or a smaller model
    delay it.

    ## References
    - https://keras.io/api/callbacks/early_stopping/
    """

    id = "overfitting"
    severity = Severity.WARNING
    resolve_after = 2
    why = "Since its best epoch the model has memorized the training examples and got worse on all others."

    min_epochs = Threshold(
        4,
        "Epochs since the best one before the rule fires.",
        source="The usual patience of early stopping: 3 to 5.",
        low=1,
    )
    note_rise = Threshold(
        1.1, "Ratio to the best val_loss that gives an INFO.", source="Larger than the noise between epochs.", low=1.0
    )
    max_rise = Threshold(
        2.0, "Ratio to the best val_loss that gives a WARNING.", source="A doubled loss is not noise.", low=1.0
    )

    def on_epoch_end(self, context: Context, end: EpochEnd) -> Findings:
        """Judges the epochs so far."""
        pairs = [
            (e.logs["loss"], e.logs["val_loss"]) for e in context.epochs if "loss" in e.logs and "val_loss" in e.logs
        ]
        if len(pairs) < self.min_epochs + 1 or not all(math.isfinite(v) for pair in pairs for v in pair):
            return None
        values = [validation for _, validation in pairs]
        best = min(range(len(values)), key=values.__getitem__)
        low, now = values[best], min(values[-2:])
        since = len(values) - 1 - best
        if since < self.min_epochs or low <= 0 or now < self.note_rise * low or pairs[-1][0] >= pairs[best][0]:
            return []
        strong = now >= self.max_rise * low and since >= self.min_epochs + 1
        if not strong and now < self.note_rise * _usual_best(values):
            return []
        return [
            Finding(
                subject="training",
                message=f"val_loss was best {since} epochs ago ({format_number(low)}) and is "
                f"{format_number(values[-1])} "
                f"now, while loss fell from {format_number(pairs[best][0])} to {format_number(pairs[-1][0])}.",
                evidence={"best": low, "val_loss": values[-1], "loss": pairs[-1][0], "epochs_since_best": since},
                fix="keras.callbacks.EarlyStopping(patience=3, restore_best_weights=True)",
                severity=None if strong else Severity.INFO,
                picture=LimitPicture(
                    label="val_loss (lower of the last two epochs) over its best",
                    value=now / low,
                    limit=self.max_rise if strong else self.note_rise,
                ),
                curves=(
                    epoch_curve("val_loss", "Validation loss", beside="loss", beside_label="Training loss"),
                    validation_loss_curve(),
                ),
            )
        ]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""

        def run(validation: tuple[float, ...]) -> Scenario:
            scenario = Scenario()
            for i, value in enumerate(validation):
                scenario.train().epoch_end(loss=2.0 * 0.7**i, val_loss=value)
            return scenario

        return (
            fires("rising", lambda: run((1.0, 0.8, 0.9, 1.2, 1.7, 2.1, 2.6, 3.0)), "training", Severity.WARNING),
            fires("rising a little", lambda: run((1.0, 0.8, 0.85, 0.9, 0.95, 1.0, 1.0)), "training", Severity.INFO),
            silent("falling", lambda: run((1.0, 0.8, 0.7, 0.65, 0.63, 0.62, 0.62))),
            silent("one lucky epoch", lambda: run((1.0, 0.8, 0.7, 0.72, 0.6, 0.71, 0.7, 0.72, 0.7, 0.71))),
            silent("noisy", lambda: run((1.0, 0.8, 0.7, 0.75, 0.69, 0.74, 0.7))),
        )


def _usual_best(values: Sequence[float]) -> float:
    """Returns the smallest median of three successive values: a single lucky epoch does not count."""
    return min(median(values[i : i + 3]) for i in range(max(1, len(values) - 2)))
