"""The rule `learning-rate-too-high`."""

from __future__ import annotations

import math

import numpy as np

from tb_inputdiag.numbers import format_number, percent, times
from tb_inputdiag.records import Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, fires, silent
from tb_inputdiag.rules.support.medians import median
from tb_inputdiag.rules.support.optimizer import optimizer_name
from tb_inputdiag.rules.support.symptoms import LARGE_SIGNALS, NO_PROGRESS, NON_FINITE, WEAK_SIGNALS
from tb_inputdiag.rules.views.context import Context

__all__ = ["LearningRateTooHigh"]


class LearningRateTooHigh(Rule):
    """Single steps change the weights by a large part of themselves, and the loss does not fall.

    ## What it does
    Compares the size of each update with the size of the weight, in the median over all kernels, and looks at what the
    loss does. High ratios with a falling loss are fine.

    ## Why is this bad?
    Each step throws away what the weights held. The loss jumps, and units die or saturate.

    ## Example
    ```python
    keras.optimizers.Adam(learning_rate=1.0)         # the default is 0.001
    ```

    ## What to do
    Lower the rate until updates are about a thousandth of the weights: 0.001 for Adam, 0.01 for SGD are good
    beginnings.

    ## References
    - Karpathy: CS231n, "Ratio of weights:updates": about 1e-3.
    """

    id = "learning-rate-too-high"
    severity = Severity.WARNING
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
    why = "Each step throws away a large part of what the weights held, so nothing can build up."

    max_ratio = Threshold(
        0.3,
        "Largest median of update over weight that is fine when the loss does not fall.",
        source="Healthy runs show 1e-3, up to 0.1 in small networks with Adam at 0.01.",
    )
    wild_ratio = Threshold(
        0.03,
        "The same, when the loss has risen to twice its beginning.",
        source="Ten times below, as the loss testifies too.",
    )

    lethal_ratio = Threshold(
        1.0,
        "Largest median of update over weight in earlier steps that is fine when half of the kernels get no gradient.",
        source="A step as long as the weights themselves replaces what their initializer chose: ReLUs die of it.",
    )

    def start(self) -> None:
        """Forgets the first loss and the largest step."""
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
            return None  # weights of zero have no ratio
        ratio = median(ratios)
        self._largest = max(self._largest, ratio)
        if context.age < 2:
            return None
        now = median(self._recent) if self._recent else math.inf
        custom = context.facts is not None and context.facts.custom_train_step
        stuck = ratio > self.max_ratio and now >= 0.8 * self._first
        wild = ratio > self.wild_ratio and now > 2 * self._first and not custom
        # An update of many times the weight, and the loss has jumped: that is no matter of noise.
        certain = ratio > 30 * self.max_ratio and not abs(sample.loss) <= 10 * self._first and not custom
        # Where a giant step has killed the units, there is nothing left to update, and the ratio is small again.
        lethal = self._largest > self.lethal_ratio and float(np.mean(table.gradient_norm[rows] == 0)) >= 0.5
        lethal = lethal and now >= 0.8 * self._first
        if not (stuck or certain or wild or lethal):
            return []
        ratio = self._largest if lethal else ratio
        rate = sample.learning_rate
        target = 1e-3 / ratio * rate if math.isfinite(rate) and rate > 0 else 1e-3
        target = float(f"{target:.0e}") if target > 0 else 1e-3
        target = min(max(target, 1e-5), 1e-2)
        return [
            Finding(
                subject="optimizer",
                message=f"With a learning rate of {format_number(rate)} {'a step changed' if lethal else 'each step changes'} "
                f"the weights by {percent(ratio) if ratio < 10 else times(ratio) + ' times'} of their size, and the "
                f"loss is {format_number(now)} after beginning with {format_number(self._first)}"
                f"{'; units have died of it, and most kernels get no gradient' if lethal else ''}.",
                evidence={
                    "update_ratio": ratio,
                    "expected_max_ratio": self.max_ratio,
                    "learning_rate": rate,
                    "loss": now,
                    "first_loss": self._first,
                },
                fix=f"keras.optimizers.{optimizer_name(context)}(learning_rate={target:g})",
                at_once=certain,
            )
        ]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        large, some = {"*": {"update_ratio": 3.0}}, {"*": {"update_ratio": 0.4}}
        dead = {"*": {"update_ratio": 0.0, "gradient_norm": 0.0}}
        return (
            fires(
                "a rate of 10",
                lambda: Scenario().train(gradients=large, learning_rate=10.0, loss=lambda s: 2.3 + 50 * s, steps=8),
                "optimizer",
                Severity.WARNING,
            ),
            fires(
                "one lethal step",
                lambda: Scenario().train(gradients=large).train(gradients=dead, learning_rate=0.5, steps=8),
                "optimizer",
            ),
            silent("dead by birth", lambda: Scenario().train(gradients=dead, steps=8)),
            silent("a thousandth", lambda: Scenario().train(steps=8)),
            silent("a falling loss", lambda: Scenario().train(gradients=some, loss=lambda s: 2.3 * 0.8**s, steps=12)),
            silent("the first two steps", lambda: Scenario().train(gradients=some, loss=2.3, steps=2)),
        )
