"""The rule `initial-loss-off`."""

from __future__ import annotations

import math

from tb_inputdiag.numbers import format_number
from tb_inputdiag.records import LimitPicture, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, class_ids, fires, silent
from tb_inputdiag.rules.support.curves import loss_curve
from tb_inputdiag.rules.views.context import Context

__all__ = ["InitialLossOff"]


class InitialLossOff(Rule):
    """The first loss is far above that of guessing.

    ## What it does
    Compares the loss of the first step, without penalties, with ln(classes), the loss of guessing all classes equally.

    ## Why is this bad?
    An untrained classifier should guess. A loss far above that means confident wrong answers. Inputs or weights are too
    large, or the loss does not suit the output. The first steps are spent on unlearning.

    ## Example
    ```python
    keras.layers.Dense(10, kernel_initializer=keras.initializers.RandomNormal(stddev=10))
    ```

    ## What to do
    Scale the inputs, and use the default initializers.

    ## References
    - Karpathy: A recipe for training neural networks (2019), "verify loss @ init".
    """

    id = "initial-loss-off"
    severity = Severity.INFO
    resolve_after = 0
    why = "An untrained classifier should guess. This one gives confident wrong answers and must first unlearn them."

    max_ratio = Threshold(
        2.3,
        "Largest ratio of the first loss to ln(classes) that is fine.",
        source="Usual initializers give 0.9 to 1.4 in batches of 16.",
        low=1.0,
    )

    def on_sample(self, context: Context) -> Findings:
        """Judges the first step of a new model."""
        sample = context.sample
        pairs = context.pairs
        if sample.step != 0 or len(pairs) != 1 or context.fed("sample_weight") or not math.isfinite(sample.loss):
            return None
        pair = pairs[0]
        if pair.kind not in {"sparse", "categorical", "binary"} or sample.batch_size < 16:
            return None
        classes = max(pair.units, 2) if pair.kind != "binary" else 2
        chance = math.log(classes)
        penalty = sample.penalty if math.isfinite(sample.penalty) else 0.0
        loss = sample.loss - penalty
        limit = self.max_ratio * chance
        if loss <= limit:
            return []
        return [
            Finding(
                subject="loss",
                message=f"The first loss is {format_number(loss)}, but guessing among {classes} classes gives "
                f"ln({classes}) = {format_number(chance)}.",
                evidence={
                    "loss": loss,
                    "chance_loss": chance,
                    "classes": classes,
                    "expected_max": limit,
                },
                fix="# inputs of about unit scale and default initializers:\nkeras.layers.Rescaling(1/255)\n"
                'kernel_initializer="glorot_uniform"',
                picture=LimitPicture(label="first loss, without penalties", value=loss, limit=limit),
                curves=(loss_curve(high=limit),),
            )
        ]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        return (
            fires("a first loss of 40", lambda: Scenario().train(y=class_ids(), loss=40.0), "loss", Severity.INFO),
            silent("a first loss of 2.5", lambda: Scenario().train(y=class_ids(), loss=2.5)),
            silent("a penalty of 40", lambda: Scenario().train(y=class_ids(), loss=42.3, penalty=40.0)),
            silent("regression", lambda: Scenario(loss="mse").train(y=class_ids(), loss=400.0)),
        )
