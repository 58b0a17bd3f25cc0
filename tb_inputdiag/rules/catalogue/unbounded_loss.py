"""The rule `unbounded-loss`."""

from __future__ import annotations

import numpy as np

from tb_inputdiag.numbers import format_number, interval
from tb_inputdiag.records import RangePicture, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import REGRESSOR, Example, Scenario, columns, fires, silent
from tb_inputdiag.rules.support.curves import loss_curve, tensor_curves
from tb_inputdiag.rules.support.pictures import span_of
from tb_inputdiag.rules.views.context import Context
from tb_inputdiag.rules.views.pairs import Pair, loss_kind

__all__ = ["UnboundedLoss"]


class UnboundedLoss(Rule):
    """A loss of the user's own falls without end, because it rewards predictions for being far away.

    ## What it does
    Looks at losses that Keras does not have, where prediction and target have the same shape. It fires if the loss is
    further below zero than the targets are large, while the predictions are many times as large as any target.

    ## Why is this bad?
    The loss has no smallest value at the targets. It looks better and better while the predictions run away from them.

    ## Example
    ```python
    def loss(y_true, y_pred):
        return keras.ops.mean(y_true - y_pred)      # no square: smallest for an infinite prediction
    ```

    ## What to do
    Make the loss smallest where prediction and target are equal: square the difference, or take its magnitude. Check
    the sign: Keras minimizes.

    ## References
    - https://keras.io/api/losses/#creating-custom-losses
    """

    id = "unbounded-loss"
    severity = Severity.WARNING
    persistence = 3
    explains = ("unfinished-training", "overfitting", "exploding-gradient", "non-finite-loss")
    why = "The loss gets better the further the predictions are from the targets, so the model learns nothing useful."

    max_ratio = Threshold(
        5.0,
        "Largest size of a prediction that is fine while the loss is below zero, as a multiple of the largest target.",
        source="A model that fits its targets stays within their range; a first, wild guess may be twice as large.",
        low=1.0,
    )

    def on_sample(self, context: Context) -> Findings:
        """Judges predictions and loss of one step."""
        loss = context.sample.loss - context.sample.penalty
        if len(context.pairs) != 1 or not np.isfinite(loss) or context.fed("sample_weight"):
            return None
        found = self._judge(context, context.pairs[0], loss)
        return [] if found is None else [found]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        y = columns(n=1)

        def run(loss: str, size: float, value: float) -> Scenario:
            return Scenario(REGRESSOR, loss=loss).train(y=y, y_pred=y + size, loss=value, steps=4)

        return (
            fires("a difference without a square", lambda: run("mine", 80.0, -80.0), "loss", Severity.WARNING),
            silent("a density above 1", lambda: run("nll", 0.1, -8.0)),
            silent("a cosine of long vectors", lambda: run("mine", 80.0, -1.0)),
            silent("wild predictions of a squared loss", lambda: run("mse", 80.0, 6400.0)),
        )

    def _judge(self, context: Context, pair: Pair, loss: float) -> Finding | None:
        target, prediction = pair.target, pair.prediction
        if prediction is None or loss_kind(pair.loss) or target.shape[:1] != prediction.shape[:1]:
            return None
        if np.prod(target.shape) != np.prod(prediction.shape):
            return None
        largest = max(abs(target.min), abs(target.max))
        reached = max(abs(prediction.min), abs(prediction.max))
        if not largest > 0 or not reached > self.max_ratio * largest or not loss < -largest:
            return None
        return Finding(
            subject="loss",
            message=f"The loss falls to {format_number(loss)} while the predictions "
            f"({interval(prediction.min, prediction.max)}) leave the targets ({interval(target.min, target.max)}).",
            evidence={
                "loss": loss,
                "prediction_min": prediction.min,
                "prediction_max": prediction.max,
                "target_min": target.min,
                "target_max": target.max,
            },
            fix="loss = keras.ops.mean(keras.ops.square(y_true - y_pred))\n# Keras minimizes: check the sign",
            picture=RangePicture(seen=(span_of(prediction),), expected=span_of(target, "Targets")),
            curves=(loss_curve(), *tensor_curves(context, prediction)),
        )
