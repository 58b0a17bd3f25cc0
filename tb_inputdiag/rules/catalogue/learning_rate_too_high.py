"""The rule `learning-rate-too-high`."""

from __future__ import annotations

import math

import numpy as np

from tb_inputdiag.numbers import format_number, literal, percent, times
from tb_inputdiag.records import LimitPicture, Severity, Span, WeightTable
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, fires, silent
from tb_inputdiag.rules.support.curves import loss_curve
from tb_inputdiag.rules.support.medians import median
from tb_inputdiag.rules.support.optimizer import optimizer_name
from tb_inputdiag.rules.support.symptoms import LARGE_SIGNALS, NO_PROGRESS, NON_FINITE, WEAK_SIGNALS
from tb_inputdiag.rules.support.update_ratios import update_ratio_curve, update_ratio_picture
from tb_inputdiag.rules.views.context import Context

__all__ = ["LearningRateTooHigh"]


class LearningRateTooHigh(Rule):
    """Each step changes the weights by a large part of their size, and the loss does not fall.

    ## What it does
    Computes the ratio of each update's norm to the weight's norm, and takes the median over all kernels. It fires if
    the ratio is large and the loss does not fall. Large ratios with a falling loss are fine.

    ## Why is this bad?
    Each step overwrites much of what the weights held. The loss jumps, and units die or saturate.

    ## Example
    ```python
    keras.optimizers.Adam(learning_rate=1.0)         # the default is 0.001
    ```

    ## What to do
    Lower the rate until updates are about a thousandth of the weights. Begin with 0.001 for Adam or 0.01 for SGD.

    ## References
    - Karpathy: CS231n, "Ratio of weights:updates": about 1e-3.
    """

    id = "learning-rate-too-high"
    severity = Severity.WARNING
    scope = "session"
    persistence = 3
    resolve_after = 10
    explains = (
        "exploding-gradient",
        "diverging-loss",
        "loss-spike",
        "oscillating-loss",
        "initial-loss-off",
        "overfitting",
        *NO_PROGRESS,
        *NON_FINITE,
        *WEAK_SIGNALS,
        *LARGE_SIGNALS,
    )
    why = "Each step overwrites a large part of what the weights held, so the model cannot build on earlier steps."

    max_ratio = Threshold(
        0.3,
        "Largest median ratio of update to weight that is fine if the loss does not fall.",
        source="Healthy runs have 1e-3, and up to 0.1 in small networks with Adam at 0.01.",
    )
    wild_ratio = Threshold(
        0.03,
        "Largest median ratio of update to weight that is fine if the loss is twice its first value.",
        source="A tenth of `max_ratio`, because the rising loss is evidence too.",
    )

    lethal_ratio = Threshold(
        1.0,
        "Largest median ratio of an earlier step that is fine if half of the kernels get no gradient now.",
        source="An update as large as the weights replaces their initial values, and ReLUs die.",
    )

    def start(self) -> None:
        """Clears the first loss and the largest ratio."""
        self._first = math.nan
        self._largest = 0.0
        self._recent: list[float] = []

    def on_sample(self, context: Context) -> Findings:
        """Judges the updates of one step."""
        sample, table = context.sample, context.sample.weights
        if math.isfinite(sample.loss):
            if math.isnan(self._first):
                self._first = abs(sample.loss)
            self._recent = [*self._recent[-4:], abs(sample.loss)]
        rows = context.kernels.rows
        if table is None or not len(rows) or sample.skipped or math.isnan(self._first):
            return None
        ratios = table.update_ratio[rows]
        ratios = ratios[np.isfinite(ratios)]
        if len(ratios) < 0.5 * len(rows):
            return None  # the ratio of a zero weight is infinite
        ratio = median(ratios)
        self._largest = max(self._largest, ratio)
        if context.age < 2:
            return None
        now = median(self._recent) if self._recent else math.inf
        custom = context.facts is not None and context.facts.custom_train_step
        stuck = ratio > self.max_ratio and now >= 0.8 * self._first
        wild = ratio > self.wild_ratio and now > 2 * self._first and not custom
        # An update of many times the weight and a loss that has jumped are not noise.
        certain = ratio > 30 * self.max_ratio and not abs(sample.loss) <= 10 * self._first and not custom
        # When one huge step has killed the units, nothing is left to update, and the ratio is small again.
        lethal = self._largest > self.lethal_ratio and float(np.mean(table.gradient_norm[rows] == 0)) >= 0.5
        lethal = lethal and now >= 0.8 * self._first
        if not (stuck or certain or wild or lethal):
            return []
        limit = self.lethal_ratio if lethal else self.max_ratio if stuck or certain else self.wild_ratio
        picture = update_ratio_picture(self._largest if lethal else ratio, most=limit)
        return [self._finding(context, table, now, picture, lethal=lethal, certain=certain)]

    def _finding(
        self, context: Context, table: WeightTable, loss: float, picture: LimitPicture, *, lethal: bool, certain: bool
    ) -> Finding:
        ratio, rate = picture.value, context.sample.learning_rate
        verb = "a step changed" if lethal else "each step changes"
        size = f"{percent(ratio)} of" if ratio < 10 else f"{times(ratio)} times"
        dead = ". Units have died, and most kernels get no gradient" if lethal else ""
        target = 1e-3 / ratio * rate if math.isfinite(rate) and rate > 0 else 1e-3
        target = min(max(target, 1e-5), 1e-2) if target > 0 else 1e-3
        return Finding(
            subject="optimizer",
            message=f"At a learning rate of {format_number(rate)} {verb} the weights by {size} their size, and the "
            f"loss went from {format_number(self._first)} to {format_number(loss)}{dead}.",
            evidence={
                "update_ratio": ratio,
                "expected_max_ratio": picture.limit,
                "learning_rate": rate,
                "loss": loss,
                "first_loss": self._first,
            },
            fix=f"keras.optimizers.{optimizer_name(context)}(learning_rate={literal(target, 1)})",
            picture=picture,
            curves=(update_ratio_curve(context, table, Span(low=0.0, high=picture.limit)), loss_curve()),
            at_once=certain,
        )

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        large, some = {"*": {"update_ratio": 3.0}}, {"*": {"update_ratio": 0.4}}
        dead = {"*": {"update_ratio": 0.0, "gradient_norm": 0.0}}
        return (
            fires(
                "a learning rate of 10",
                lambda: Scenario().train(gradients=large, learning_rate=10.0, loss=lambda s: 2.3 + 50 * s, steps=8),
                "optimizer",
                Severity.WARNING,
            ),
            fires(
                "one step that kills the units",
                lambda: Scenario().train(gradients=large).train(gradients=dead, learning_rate=0.5, steps=8),
                "optimizer",
            ),
            silent("no gradient from the beginning", lambda: Scenario().train(gradients=dead, steps=8)),
            silent("updates of a thousandth", lambda: Scenario().train(steps=8)),
            silent("a falling loss", lambda: Scenario().train(gradients=some, loss=lambda s: 2.3 * 0.8**s, steps=12)),
            silent("the first two steps", lambda: Scenario().train(gradients=some, loss=2.3, steps=2)),
        )
