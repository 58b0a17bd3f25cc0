"""The rule `oscillating-loss`."""

from __future__ import annotations

import numpy as np

from tb_inputdiag.numbers import format_number
from tb_inputdiag.records import LimitPicture, Losses, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import BINARY, Example, Scenario, fires, silent
from tb_inputdiag.rules.support.configured import asked
from tb_inputdiag.rules.support.curves import loss_curve
from tb_inputdiag.rules.support.medians import median, quantile, row_medians
from tb_inputdiag.rules.support.optimizer import gentler_optimizer
from tb_inputdiag.rules.views.context import Context
from tb_inputdiag.rules.views.history import LossHistory

__all__ = ["OscillatingLoss"]


class OscillatingLoss(Rule):
    """The loss swings widely and makes no progress.

    ## What it does
    Looks at the last 64 steps. It fires in three cases: high and low losses lie far apart and their median is no better
    than at the beginning; each step undoes the one before; or, after large steps, even the best batches are far above
    the level that was reached before. It does not judge batches of one class that come in turn, as the real and the
    generated ones of a GAN: their losses differ because the batches do.

    ## Why is this bad?
    The steps are too long: the weights jump from one side of the valley to the other.

    ## Example
    ```python
    keras.optimizers.SGD(learning_rate=1.0, momentum=0.99)
    ```

    ## What to do
    Lower the learning rate or the momentum, use larger batches, or let the learning rate decay.

    ## References
    - Cohen et al.: Gradient descent on neural networks typically occurs at the edge of stability (2021).
    """

    id = "oscillating-loss"
    severity = Severity.WARNING
    resolve_after = 5
    explains = ("dead-relu", "zero-gradient")
    why = "The steps are too long: the weights jump from one side of the valley to the other and get nowhere."

    max_swing = Threshold(
        5.0,
        "Largest ratio of the 90 % to the 10 % quantile of the losses that is fine without progress.",
        source="In healthy runs with batches of 16 or more, losses near the first level differ by a factor of 2 to 3.",
        low=1.0,
    )
    min_alternation = Threshold(
        0.6,
        "Negative correlation of successive losses from which on they count as alternating.",
        source="For 64 independent losses it is below 0.4 in 999 of 1,000 cases.",
        high=1.0,
    )
    max_loss_of_ground = Threshold(
        1.4,
        "Largest ratio of the 10 % quantile of the losses to the best median of 32 steps so far that is fine.",
        source="In healthy runs the 10 % quantile lies below that median.",
        low=1.0,
    )
    min_update = Threshold(
        3e-3,
        "Median ratio of update to weight from which on a loss that has risen again is blamed on long steps.",
        source="Three times the usual 1e-3.",
    )

    def start(self) -> None:
        """Resets the losses and the update ratio."""
        self._batch = 0
        self._first = np.nan
        self._best = np.inf
        self._seen = 0
        self._ratio = 0.0
        self._labels: set[float] = set()

    def on_sample(self, context: Context) -> Findings:
        """Reads the batch size and the size of the updates."""
        self._batch = context.sample.batch_size
        label = _only_label(context)
        self._labels = set() if label is None else self._labels | {label}
        table, rows = context.sample.weights, context.kernels.rows
        ratios = table.update_ratio[rows] if table is not None else np.zeros(0)
        ratios = ratios[np.isfinite(ratios)]
        self._ratio = median(ratios) if len(ratios) else 0.0
        return None

    def on_losses(self, context: Context, losses: Losses) -> Findings:
        """Judges the last 64 steps."""
        history, facts = context.history, context.facts
        if np.isnan(self._first) and history.count >= 5:
            self._first = median(history.recent[:10])
        best = self._follow(history)
        if (
            len(self._labels) > 1
            or history.count < 96
            or self._batch < 16
            or (facts is not None and facts.custom_train_step)
        ):
            return None
        recent = history.recent[-64:]
        ordered = np.sort(recent)
        low, middle, high = (quantile(ordered, share) for share in (0.1, 0.5, 0.9))
        _, steps = asked(context)
        swings = low > 0 and high > self.max_swing * low and middle >= 0.8 * self._first
        deviations = recent - recent.mean()
        power = float((deviations**2).mean())
        turning = -float((deviations[1:] * deviations[:-1]).mean()) / power if power > 0 else 0.0
        # Epochs of a few batches in the same order repeat anyway.
        few = 1 <= steps <= 8
        alternates = turning > self.min_alternation and high - low > 0.3 * abs(middle) and not few
        alternates = alternates and middle >= 0.5 * self._first
        thrown_back = (
            low > self.max_loss_of_ground * best and middle >= 0.6 * self._first and self._ratio >= self.min_update
        )
        if not (swings or alternates or thrown_back):
            return []
        outcome = "makes no progress"
        if swings:
            picture = LimitPicture(
                label="90 % quantile of the loss over its 10 % quantile", value=high / low, limit=self.max_swing
            )
        elif alternates:
            outcome = "makes no progress, because each step undoes the one before"
            picture = LimitPicture(label="alternation of successive losses", value=turning, limit=self.min_alternation)
        else:
            picture = LimitPicture(
                label="10 % quantile of the loss over its best median", value=low / best, limit=self.max_loss_of_ground
            )
            outcome = f"is above the level of {format_number(best)} that it had reached"
        return [
            Finding(
                subject="loss",
                message=f"Over the last 64 steps the loss swings between {format_number(low)} and "
                f"{format_number(high)} "
                f"and {outcome}; it began at {format_number(self._first)}.",
                evidence={
                    "low": low,
                    "high": high,
                    "median": middle,
                    "best_median": best,
                    "alternation": turning,
                    "update_ratio": self._ratio,
                },
                fix=gentler_optimizer(context),
                picture=picture,
                curves=(loss_curve(),),
            )
        ]

    def _follow(self, history: LossHistory) -> float:
        """Returns the lowest median of any 32 successive losses so far."""
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

        def in_turn() -> Scenario:
            scenario = Scenario(BINARY, loss="binary_crossentropy")
            for step in range(200):
                y = np.full((16, 1), float(step % 2))
                scenario.train(y=y, y_pred=y * 0.5, loss=2.0 + 0.6 * (-1.0) ** step)
            return scenario

        def run(losses: np.ndarray, update: float = 1e-3) -> Scenario:
            scenario = Scenario().train(loss=2.0, steps=5, gradients={"*": {"update_ratio": update}})
            for chunk in np.array_split(losses, 20):
                scenario.losses(chunk)
            return scenario

        return (
            fires("swinging widely", lambda: run(wild), "loss", Severity.WARNING),
            fires("alternating", lambda: run(2.0 + 0.6 * (-1.0) ** np.arange(200)), "loss"),
            fires("back at an earlier level", lambda: run(fallen_back, update=0.02), "loss", Severity.WARNING),
            silent("harder data later, small steps", lambda: run(fallen_back)),
            silent("falling", lambda: run(calm)),
            silent("real and generated batches in turn", in_turn),
            silent("noisy but falling", lambda: run(wild * 0.97 ** np.arange(200))),
        )


def _only_label(context: Context) -> float | None:
    """Returns the target of a batch in which all examples have the same one; None for other batches."""
    targets = context.fed("target")
    if len(targets) != 1 or context.sample.batch_size < 2 or targets[0].min != targets[0].max:
        return None
    return targets[0].min
