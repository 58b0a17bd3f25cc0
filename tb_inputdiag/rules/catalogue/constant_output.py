"""The rule `constant-output`."""

from __future__ import annotations

import numpy as np

from tb_inputdiag.numbers import format_number
from tb_inputdiag.records import Severity
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
from tb_inputdiag.rules.support.optimizer import gentler_optimizer
from tb_inputdiag.rules.views.context import Context
from tb_inputdiag.rules.views.pairs import Pair

__all__ = ["ConstantOutput"]


class ConstantOutput(Rule):
    """The predictions are the same for every example.

    ## What it does
    Compares how much predictions differ within a batch with how much the targets do. It fires when they hardly differ,
    sample after sample, although the targets do.

    ## Why is this bad?
    The model has collapsed: it ignores its input and answers the average, however low the loss may look.

    ## Example
    ```python
    keras.layers.Dense(64, activation="relu", kernel_initializer="zeros")    # nothing of the input gets through
    ```

    ## What to do
    Look at what reaches the first layer, at dead or saturated layers, lower the learning rate, remove a ReLU at the
    output of a regression.

    ## References
    - Goodfellow, Bengio, Courville: Deep Learning (2016), chapter 8.
    """

    id = "constant-output"
    severity = Severity.WARNING
    persistence = 4
    explains = ("stalled-loss", "zero-gradient")
    why = "The model ignores its input and answers the average, however low the loss may look."

    min_spread = Threshold(
        1e-3,
        "Smallest standard deviation of predictions within a batch, over that of the targets, that is fine.",
        source="Even weak models of noisy data spread by a hundredth of the targets.",
    )

    min_left = Threshold(
        0.03,
        "Smallest part of their first spread that predictions may keep, for losses of the user's own.",
        source="Targets are unknown there; answers that come within 3 % of each other have collapsed.",
    )
    min_age = Threshold(
        20, "Steps during which equal predictions are no matter.", source="Small final layers need some steps."
    )

    def start(self) -> None:
        """Forgets how much predictions differed at first."""
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
            fires("one answer", lambda: Scenario().train(y=class_ids(), y_pred=same, steps=30), "prediction:y_pred"),
            fires(
                "a dead regression",
                lambda: Scenario(REGRESSOR, loss="mse").train(y=y, y_pred=flat, steps=30),
                "prediction:y_pred",
            ),
            silent("probabilities", lambda: Scenario().train(y=class_ids(), y_pred=probabilities(), steps=30)),
            silent("the beginning", lambda: Scenario().train(y=class_ids(), y_pred=same, steps=10)),
            silent("equal targets", lambda: Scenario().train(y=class_ids(1), y_pred=same, steps=30)),
        )

    def _judge(self, context: Context, pair: Pair) -> Finding | None:
        view, target = pair.prediction, pair.target
        if view is None or len(view.shape) > 2 or view.shape[:1] < (8,):
            return None
        spread = float(np.max(view.feature_std)) if view.layout.features else view.std
        first = self._first.setdefault(view.name, spread)
        # Probabilities are compared with one-hot rows, which spread by about a third.
        scale = 0.3 if pair.kind in {"sparse", "categorical", "binary"} else target.std
        if not pair.kind:
            scale = first  # what a loss of the user's own compares is not known; but not to differ at all is no answer
        if not scale > 0 or (pair.kind and not target.std > 0):
            return None
        if not spread < (self.min_spread if pair.kind else self.min_left) * scale:
            return None
        return Finding(
            subject=view.subject,
            message=f"Predictions '{view.name}' are {'nearly ' if spread else ''}the same for all {view.shape[0]} "
            f"examples of the batch: they differ by "
            f"{format_number(spread)} (standard deviation), {'the targets' if pair.kind else 'at first'} by {format_number(scale)}.",
            evidence={
                "std": spread,
                "target_std": target.std,
                "first_std": first,
                "min": view.min,
                "max": view.max,
                "mean": view.mean,
            },
            fix="# Does the input vary where the first layer reads it? Are layers dead or saturated?\n"
            f"{gentler_optimizer(context)}  # and no ReLU as last activation",
        )
