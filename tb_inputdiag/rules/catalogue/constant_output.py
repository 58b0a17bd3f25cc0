"""The rule `constant-output`."""

from __future__ import annotations

import numpy as np

from tb_inputdiag.numbers import format_number
from tb_inputdiag.records import LimitPicture, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import (
    REGRESSOR,
    Example,
    Scenario,
    class_ids,
    columns,
    fires,
    probabilities,
    silent,
)
from tb_inputdiag.rules.support.curves import tensor_curves
from tb_inputdiag.rules.support.optimizer import gentler_optimizer
from tb_inputdiag.rules.views.context import Context
from tb_inputdiag.rules.views.pairs import Pair

__all__ = ["ConstantOutput"]


class ConstantOutput(Rule):
    """The predictions are the same for every example.

    ## What it does
    Compares the spread of the predictions within a batch with that of the targets. It fires when the predictions hardly
    differ in several samples in a row, although the targets do. For custom losses it compares with the predictions'
    first spread.

    ## Why is this bad?
    The model has collapsed: it ignores its input and answers the average, even if the loss looks low.

    ## Example
    ```python
    keras.layers.Dense(64, activation="relu", kernel_initializer="zeros")    # all outputs are 0
    ```

    ## What to do
    Check what reaches the first layer, and look for dead or saturated layers. Lower the learning rate. Remove a ReLU at
    the output of a regression.

    ## References
    - Goodfellow, Bengio, Courville: Deep Learning (2016), chapter 8.
    """

    id = "constant-output"
    severity = Severity.WARNING
    scope = "session"
    persistence = 4
    explains = ("stalled-loss", "zero-gradient")
    why = "The model ignores its input and answers the average, even if the loss looks low."

    min_spread = Threshold(
        1e-3,
        "Smallest ratio of the predictions' standard deviation within a batch to that of the targets that is fine.",
        source="Predictions of weak models on noisy data spread by a hundredth of the targets.",
    )

    min_left = Threshold(
        0.03,
        "Smallest ratio of the predictions' standard deviation to their first one that is fine, for custom losses.",
        source="What a custom loss compares is unknown, but predictions that lost 97 % of their spread have collapsed.",
    )
    min_age = Threshold(
        20,
        "Steps at the beginning that the rule skips.",
        source="A last layer with small initial weights needs some steps to spread.",
    )

    def start(self) -> None:
        """Clears the first spreads."""
        self._first: dict[str, float] = {}

    def on_sample(self, context: Context) -> Findings:
        """Judges the predictions of one batch."""
        found = [finding for pair in context.pairs if (finding := self._judge(context, pair)) is not None]
        return found if context.age >= self.min_age else None

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        same = np.repeat(probabilities()[:1], 16, axis=0)
        flat = np.zeros((32, 1))
        y = columns(n=1)
        return (
            fires(
                "one answer for every example",
                lambda: Scenario().train(y=class_ids(), y_pred=same, steps=30),
                "prediction:y_pred",
            ),
            fires(
                "a dead regression",
                lambda: Scenario(REGRESSOR, loss="mse").train(y=y, y_pred=flat, steps=30),
                "prediction:y_pred",
            ),
            silent(
                "probabilities that differ", lambda: Scenario().train(y=class_ids(), y_pred=probabilities(), steps=30)
            ),
            silent("the first 20 steps", lambda: Scenario().train(y=class_ids(), y_pred=same, steps=10)),
            silent("equal targets", lambda: Scenario().train(y=class_ids(1), y_pred=same, steps=30)),
        )

    def _judge(self, context: Context, pair: Pair) -> Finding | None:
        view, target = pair.prediction, pair.target
        if view is None or len(view.shape) > 2 or view.shape[:1] < (8,):
            return None
        spread = float(np.max(view.feature_std)) if view.layout.features else view.std
        first = self._first.setdefault(view.name, spread)
        # Probabilities are compared with one-hot rows, whose standard deviation is about 0.3.
        scale = 0.3 if pair.kind in {"sparse", "categorical", "binary"} else target.std
        if not pair.kind:
            scale = first  # what a custom loss compares is unknown, but predictions that never differ are wrong for any
        if not scale > 0 or (pair.kind and not target.std > 0):
            return None
        limit = self.min_spread if pair.kind else self.min_left
        if not spread < limit * scale:
            return None
        return Finding(
            subject=view.subject,
            message=f"Predictions '{view.name}' are {'nearly ' if spread else ''}the same for all {view.shape[0]} "
            f"examples of the batch: their standard deviation is {format_number(spread)}, "
            f"{'that of the targets' if pair.kind else 'and at first it was'} {format_number(scale)}.",
            evidence={
                "std": spread,
                "target_std": target.std,
                "first_std": first,
                "min": view.min,
                "max": view.max,
                "mean": view.mean,
            },
            fix="# Check that the input varies and that no layer is dead or saturated.\n"
            f"# Remove a ReLU as last activation. Lower the learning rate:\n{gentler_optimizer(context)}",
            picture=LimitPicture(
                label="standard deviation of the predictions over "
                f"{'that of the targets' if pair.kind else 'their first one'}",
                value=spread / scale,
                limit=limit,
                bound="at least",
            ),
            curves=tensor_curves(context, view),
        )
