"""The rule `oscillating-loss`."""

from __future__ import annotations

import numpy as np

from tb_inputdiag.records import Losses, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, fires, silent
from tb_inputdiag.rules.support.medians import median, quantile, row_medians
from tb_inputdiag.rules.support.optimizer import gentler_optimizer
from tb_inputdiag.rules.support.text import number
from tb_inputdiag.rules.views.context import Context
from tb_inputdiag.rules.views.history import LossHistory

__all__ = ["OscillatingLoss"]


class OscillatingLoss(Rule):
    """The loss swings widely and gets nowhere.

    ## What it does
    Looks at the latest 64 steps: whether high and low losses lie far apart while their middle is no better than at the
    beginning, whether each step undoes the one before, or whether large steps have lost what was reached: even the best
    batches are far above what was common before.

    ## Why is this bad?
    Steps are longer than the valley is wide: the weights jump from one side to the other.

    ## Example
    ```python
    keras.optimizers.SGD(learning_rate=1.0, momentum=0.99)
    ```

    ## What to do
    Lower the learning rate or the momentum, use larger batches, or let the rate decay.

    ## References
    - Cohen et al.: Gradient descent on neural networks typically occurs at the edge of stability (2021).
    """

    id = "oscillating-loss"
    severity = Severity.WARNING
    resolve_after = 5
    explains = ("dead-relu", "zero-gradient")
    why = "Steps are longer than the valley is wide: the weights jump from one side to the other and get nowhere."

    max_swing = Threshold(
        5.0,
        "Largest ratio of the upper to the lower tenth of the losses that is fine without progress.",
        source="Losses of healthy batches of 16 and more differ by a factor of 2 to 3 at the level of the beginning.",
        low=1.0,
    )
    min_alternation = Threshold(
        0.6,
        "Correlation of successive steps, with its sign turned, from which on they alternate.",
        source="Of 64 independent steps it is below 0.4 in 999 of 1,000 cases.",
        high=1.0,
    )

    max_loss_of_ground = Threshold(
        1.4,
        "Largest ratio of the lower tenth of the losses to the best median of 32 steps so far that is fine.",
        source="In healthy runs the lower tenth lies below that median.",
        low=1.0,
    )
    min_update = Threshold(
        3e-3,
        "Median update over weight from which on lost ground is put down to the steps' length.",
        source="Three times what is common.",
    )

    def start(self) -> None:
        """Forgets the batches."""
        self._batch = 0
        self._first = np.nan
        self._best = np.inf
        self._seen = 0
        self._ratio = 0.0

    def on_sample(self, context: Context) -> Findings:
        """Learns the batch size and how large the updates are."""
        self._batch = context.sample.batch_size
        table, rows = context.sample.weights, context.kernels.rows
        ratios = table.update_ratio[rows] if table is not None else np.zeros(0)
        ratios = ratios[np.isfinite(ratios)]
        self._ratio = median(ratios) if len(ratios) else 0.0
        return None

    def on_losses(self, context: Context, losses: Losses) -> Findings:
        """Judges the latest 64 steps."""
        history, facts = context.history, context.facts
        if np.isnan(self._first) and history.count >= 5:
            self._first = median(history.recent[:10])
        best = self._follow(history)
        if history.count < 96 or self._batch < 16 or (facts is not None and facts.custom_train_step):
            return None
        recent = history.recent[-64:]
        ordered = np.sort(recent)
        low, middle, high = (quantile(ordered, share) for share in (0.1, 0.5, 0.9))
        steps = context.session.params.get("steps") if context.session is not None else None
        swings = low > 0 and high > self.max_swing * low and middle >= 0.8 * self._first
        deviations = recent - recent.mean()
        power = float((deviations**2).mean())
        turning = -float((deviations[1:] * deviations[:-1]).mean()) / power if power > 0 else 0.0
        # Epochs of a few batches in the same order repeat by themselves.
        few = isinstance(steps, int) and steps <= 8
        alternates = turning > self.min_alternation and high - low > 0.3 * abs(middle) and not few
        alternates = alternates and middle >= 0.5 * self._first
        thrown_back = (
            low > self.max_loss_of_ground * best and middle >= 0.6 * self._first and self._ratio >= self.min_update
        )
        if not (swings or alternates or thrown_back):
            return []
        lost = thrown_back and not (swings or alternates)
        return [
            Finding(
                subject="loss",
                message=f"Over the last 64 steps the loss swings between {number(low)} and "
                f"{number(high)} "
                f"(it began with {number(self._first)}) and "
                f"{f'has lost what it had reached: {number(best)}' if lost else 'makes no progress'}.",
                evidence={
                    "low": low,
                    "high": high,
                    "median": middle,
                    "best_median": best,
                    "alternation": turning,
                    "update_ratio": self._ratio,
                },
                fix=gentler_optimizer(context),
            )
        ]

    def _follow(self, history: LossHistory) -> float:
        """Returns the lowest median of any 32 successive losses, the latest of them taken in."""
        new = min(history.count - self._seen, 64)
        self._seen = history.count
        recent = history.recent[-(31 + new) :]
        if len(recent) >= 32:
            windows = np.lib.stride_tricks.sliding_window_view(recent, 32)
            self._best = min(self._best, float(row_medians(windows).min()))
        return self._best

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        rng = np.random.default_rng(0)
        wild = np.exp(rng.normal(size=200) * 1.2) * 3
        calm = 2.3 * 0.99 ** np.arange(200) * (1 + 0.2 * rng.random(200))

        fallen_back = np.concatenate([2.0 * 0.98 ** np.arange(60), 1.6 + 0.2 * rng.random(140)])

        def run(losses: np.ndarray, update: float = 1e-3) -> Scenario:
            scenario = Scenario().train(loss=2.0, steps=5, gradients={"*": {"update_ratio": update}})
            for chunk in np.array_split(losses, 20):
                scenario.losses(chunk)
            return scenario

        return (
            fires("wild", lambda: run(wild), "loss", Severity.WARNING),
            fires("to and fro", lambda: run(2.0 + 0.6 * (-1.0) ** np.arange(200)), "loss"),
            fires("thrown back", lambda: run(fallen_back, update=0.02), "loss", Severity.WARNING),
            silent("harder data later, small steps", lambda: run(fallen_back)),
            silent("falling", lambda: run(calm)),
            silent("noisy but falling", lambda: run(wild * 0.97 ** np.arange(200))),
        )
