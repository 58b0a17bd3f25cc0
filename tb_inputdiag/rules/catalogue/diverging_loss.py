"""The rule `diverging-loss`."""

from __future__ import annotations

import numpy as np

from tb_inputdiag.numbers import format_number, times
from tb_inputdiag.records import F8, LimitPicture, Losses, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, fires, pixels, silent
from tb_inputdiag.rules.support.curves import loss_curve
from tb_inputdiag.rules.support.medians import median
from tb_inputdiag.rules.support.optimizer import gentler_optimizer
from tb_inputdiag.rules.views.context import Context

__all__ = ["DivergingLoss"]


class DivergingLoss(Rule):
    """The loss has risen far above its best value and stays there.

    ## What it does
    Compares the median loss of the latest steps with the best median of twenty steps so far and with the first ten
    steps. It fires when the loss is several times larger than both, or when it has lost about half of its progress for
    80 steps. A single batch with a large loss does not count. Losses of batches below 16 are averaged until they cover
    16 examples, because the loss of a few examples varies by chance.

    ## Why is this bad?
    Training undoes what the model has learned. The later weights are worse than the earlier ones, and NaN usually
    follows.

    ## Example
    ```python
    model.compile(keras.optimizers.SGD(1.0), "mse")
    ```

    ## What to do
    Divide the learning rate by ten, clip gradients, or warm up. Check whether the data changes at that step.

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
    why = (
        "Training undoes what the model has learned: the weights get worse from step to step, and NaN usually follows."
    )

    max_rise = Threshold(
        3.0,
        "Largest ratio of the latest median loss to the best and to the first one that is fine.",
        source="In healthy runs, medians of twenty steps differ by less between batches and epochs.",
        low=1.0,
    )

    def start(self) -> None:
        """Clears the best and the first loss."""
        self._best = np.inf
        self._first = np.nan

    def on_losses(self, context: Context, losses: Losses) -> Findings:
        """Judges the latest twenty steps."""
        facts = context.facts
        recent = context.history.pooled
        if len(recent) < 20 or (facts is not None and facts.custom_train_step):
            return None  # the loss of a custom step may rise by design, as in a GAN
        if np.isnan(self._first):
            self._first = median(recent[:10])
        early, late = median(recent[-20:-10]), median(recent[-10:])
        now = min(early, late)
        self._best = min(self._best, median(recent[-20:]))
        if context.history.pooled_count < 40 or self._best <= 0 or not now > 0:
            return None  # a loss below zero has no natural scale
        limit = self.max_rise * max(self._best, self._first)
        if now < limit:
            lost = self._lost_progress(recent, late)
            if lost is None:
                return []
            limit = lost
        return [
            Finding(
                subject="loss",
                message=f"The loss is {format_number(late)} (median of ten steps), {times(late / self._best)} times "
                f"its best of {format_number(self._best)}. It began with {format_number(self._first)}.",
                evidence={"loss": late, "best": self._best, "first": self._first, "expected_max_rise": self.max_rise},
                fix=gentler_optimizer(context),
                picture=LimitPicture(label="loss, median of ten steps", value=late, limit=limit),
                curves=(loss_curve(high=limit),),
            )
        ]

    def _lost_progress(self, recent: F8, late: float) -> float | None:
        """Returns the limit above which the loss was for 80 steps, with half of its progress lost, or None."""
        progress = self._first - self._best
        if len(recent) < 80 or progress < 0.3 * self._first:
            return None
        bound = max(self._best + 0.4 * progress, 1.5 * self._best)
        if late <= bound:
            return None
        latest = recent[-80:]
        # The best of many medians of twenty lies below the typical one by chance, and more so for small batches. The
        # standard error of a median of n normal numbers is 1.25 sigma / sqrt(n).
        chance = 3 * 1.25 * float(np.std(latest)) / np.sqrt(20)
        lowest = min(late, *(median(part) for part in np.split(latest, 4)))
        limit = float(max(bound, self._best + chance))
        return limit if lowest > limit else None

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        rng = np.random.default_rng(0)
        noise = 1 + 0.3 * rng.random(200)
        # A net that is sure of its answers: 1 of 5 examples is hard, so now and then most of ten are.
        hard = 3.0 * (rng.random(3000) < 0.2)

        def run(*parts: np.ndarray, batch: int = 16) -> Scenario:
            scenario = Scenario().train(x=pixels(shape=(batch, 28, 28, 1)), loss=float(parts[0][0]))
            for part in parts:
                for chunk in np.array_split(part, max(len(part) // 5, 1)):
                    scenario.losses(chunk)
            return scenario

        single = (0.12 + 0.3 * 0.9 ** np.arange(1200)) * rng.normal(size=1200) ** 2
        falling = 2.3 * 0.99 ** np.arange(200) * noise
        rising = np.concatenate([falling[:60], falling[60] * 1.1 ** np.arange(80)])
        return (
            fires("a rising loss", lambda: run(rising), "loss", Severity.WARNING),
            silent("a falling loss", lambda: run(falling)),
            silent("one batch with a large loss", lambda: run(falling[:100], np.array([500.0]), falling[100:])),
            silent("a loss that has settled", lambda: run(falling, np.full(100, 0.4))),
            # Squared errors of single examples follow a chi-squared distribution.
            silent("batches of one", lambda: run(single, batch=1)),
            silent("batches of one with a few hard examples", lambda: run(0.02 + hard, batch=1)),
            fires("a rising loss in batches of one", lambda: run(rising.repeat(16), batch=1), "loss"),
            fires("half of the progress lost", lambda: run(falling, np.full(100, 1.6) * noise[:100]), "loss"),
        )
