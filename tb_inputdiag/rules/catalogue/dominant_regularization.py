"""The rule `dominant-regularization`."""

from __future__ import annotations

import math

from tb_inputdiag.numbers import format_number
from tb_inputdiag.records import LimitPicture, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, fires, layer, silent
from tb_inputdiag.rules.support.curves import sample_curve
from tb_inputdiag.rules.views.context import Context

__all__ = ["DominantRegularization"]

_REGULARIZERS = ("kernel_regularizer", "bias_regularizer", "activity_regularizer", "embeddings_regularizer")


class DominantRegularization(Rule):
    """Regularization adds more to the loss than the data does.

    ## What it does
    Compares the penalties of the regularizers with the rest of the loss, which comes from the data, now and at the
    beginning. In a converged run a small penalty may be larger than a tiny loss, so the larger of the two counts.

    ## Why is this bad?
    The optimizer mainly makes weights small, and the data has little influence. The reported loss is mostly penalty, so
    it hides what the model learns.

    ## Example
    ```python
    keras.layers.Dense(512, kernel_regularizer=keras.regularizers.L2(1.0))
    ```

    ## What to do
    Use a factor of 1e-4 or 1e-5.

    ## References
    - https://keras.io/api/layers/regularizers/
    """

    id = "dominant-regularization"
    severity = Severity.INFO
    scope = "session"
    persistence = 5
    explains = ("stalled-loss", "constant-output", "initial-loss-off", "unfinished-training", "vanishing-gradient")
    why = "The optimizer mainly makes weights small, and the data has little influence."

    max_ratio = Threshold(
        2.0,
        "Largest ratio of the penalties to the data's loss, now or at the beginning, that is fine.",
        source="Above 1 the penalties outweigh the data; 2 leaves a margin.",
    )

    def start(self) -> None:
        """Clears the first loss."""
        self._first = math.nan

    def on_sample(self, context: Context) -> Findings:
        """Compares the penalties with the data's loss."""
        sample, facts = context.sample, context.facts
        if facts is None or not math.isfinite(sample.loss) or not sample.penalty > 0:
            return None
        used = [i.name for i in facts.layers if any(i.config.get(key) for key in _REGULARIZERS)]
        data = sample.loss - sample.penalty
        if math.isnan(self._first):
            self._first = abs(data)
        limit = self.max_ratio * max(self._first, abs(data))
        if not used or sample.penalty <= limit:
            return []
        return [
            Finding(
                subject="loss",
                message=f"Penalties make up {format_number(sample.penalty)} of the loss of "
                f"{format_number(sample.loss)}, and the data only {format_number(data)}.",
                evidence={"penalty": sample.penalty, "loss": sample.loss, "data_loss": data, "layers": used[:16]},
                fix="kernel_regularizer=keras.regularizers.L2(1e-4)",
                picture=LimitPicture(label="penalties in the loss", value=sample.penalty, limit=limit),
                curves=(sample_curve("penalty", "Penalties", beside="loss", beside_label="Loss"),),
            )
        ]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        model = (layer("dense", "Dense", units=10, activation="softmax", kernel_regularizer="L2"),)
        return (
            fires(
                "a factor of 1", lambda: Scenario(model).train(loss=52.0, penalty=50.0, steps=5), "loss", Severity.INFO
            ),
            silent("a factor of 1e-4", lambda: Scenario(model).train(loss=2.3, penalty=0.01, steps=5)),
            silent(
                "a converged run",
                lambda: Scenario(model).train(loss=2.3, penalty=0.1).train(loss=0.06, penalty=0.05, steps=5),
            ),
        )
