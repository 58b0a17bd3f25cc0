"""The rule `diverging-loss`."""

from __future__ import annotations

import numpy as np

from tb_inputdiag.numbers import format_number, times
from tb_inputdiag.records import F8, Losses, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, fires, silent
from tb_inputdiag.rules.support.medians import median
from tb_inputdiag.rules.support.optimizer import gentler_optimizer
from tb_inputdiag.rules.views.context import Context

__all__ = ["DivergingLoss"]


class DivergingLoss(Rule):
    """The loss has risen far above where it was, and stays there.

    ## What it does
    Compares the median of the latest twenty steps with the best median of twenty so far and with the beginning. It
    fires when the loss is well above both, or has given back half of its progress for a long while. A single odd
    batch does not count.

    ## Why is this bad?
    Training undoes what was learned. The later weights are worse than the earlier ones, and NaN is mostly near.

    ## Example
    ```python
    model.compile(keras.optimizers.SGD(1.0), "mse")
    ```

    ## What to do
    Lower the learning rate by ten, clip gradients, warm up; look for changes in the data at that step.

    ## References
    - Goodfellow, Bengio, Courville: Deep Learning (2016), section 8.3.
    """

    id = "diverging-loss"
    severity = Severity.WARNING
    explains = (
        "loss-spike",
        "oscillating-loss",
        "non-finite-loss",
        "non-finite-gradient",
        "non-finite-activation",
        "overfitting",
    )
    why = "Training undoes what was learned: the weights get worse from step to step, and NaN is mostly near."

    max_rise = Threshold(
        3.0,
        "Largest ratio of the latest losses to the best and to the first ones that is fine.",
        source="Batches and epochs of healthy runs differ by less, medians of twenty taken.",
        low=1.0,
    )

    def start(self) -> None:
        """Forgets the best loss."""
        self._best = np.inf
        self._first = np.nan

    def on_losses(self, context: Context, losses: Losses) -> Findings:
        """Judges the latest twenty steps."""
        facts = context.facts
        recent = context.history.recent
        if len(recent) < 20 or (facts is not None and facts.custom_train_step):
            return None  # what such a step calls its loss may rise by design, as in a GAN
        if np.isnan(self._first):
            self._first = median(recent[:10])
        early, late = median(recent[-20:-10]), median(recent[-10:])
        now = min(early, late)
        self._best = min(self._best, median(recent[-20:]))
        if context.history.count < 40 or self._best <= 0 or not now > 0:
            return None  # a loss below zero has no natural scale
        risen = now >= self.max_rise * max(self._best, self._first)
        if not risen and not self._lost_progress(recent, late):
            return []
        return [
            Finding(
                subject="loss",
                message=f"The loss is {format_number(late)} (median of ten steps), {times(late / self._best)} times its best "
                f"({format_number(self._best)}); it began with {format_number(self._first)}.",
                evidence={"loss": late, "best": self._best, "first": self._first, "expected_max_rise": self.max_rise},
                fix=gentler_optimizer(context),
            )
        ]

    def _lost_progress(self, recent: F8, late: float) -> bool:
        """Whether half of the progress has been given back, and not for a moment only."""
        progress = self._first - self._best
        if len(recent) < 80 or progress < 0.3 * self._first:
            return False
        bound = max(self._best + 0.4 * progress, 1.5 * self._best)
        if late <= bound:
            return False
        latest = recent[-80:]
        # The best of many medians of twenty is lower than the typical one, the more so the smaller the batches are:
        # 1.25 sigma / sqrt(n) is the standard error of a median (of normal numbers).
        luck = 3 * 1.25 * float(np.std(latest)) / np.sqrt(20)
        lowest = min(late, *(median(part) for part in np.split(latest, 4)))
        return bool(lowest > max(bound, self._best + luck))

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        rng = np.random.default_rng(0)
        noise = 1 + 0.3 * rng.random(200)

        def run(*parts: np.ndarray) -> Scenario:
            scenario = Scenario()
            for part in parts:
                for chunk in np.array_split(part, max(len(part) // 5, 1)):
                    scenario.losses(chunk)
            return scenario

        falling = 2.3 * 0.99 ** np.arange(200) * noise
        rising = np.concatenate([falling[:60], falling[60] * 1.1 ** np.arange(80)])
        return (
            fires("rising", lambda: run(rising), "loss", Severity.WARNING),
            silent("falling", lambda: run(falling)),
            silent("one odd batch", lambda: run(falling[:100], np.array([500.0]), falling[100:])),
            silent("settled", lambda: run(falling, np.full(100, 0.4))),
            # squared errors of single examples: chi-squared
            silent("batches of one", lambda: run((0.12 + 0.3 * 0.9 ** np.arange(1200)) * rng.normal(size=1200) ** 2)),
            fires("half given back", lambda: run(falling, np.full(100, 1.6) * noise[:100]), "loss"),
        )
