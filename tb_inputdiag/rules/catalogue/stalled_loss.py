"""The rule `stalled-loss`."""

from __future__ import annotations

import math

import numpy as np

from tb_inputdiag.numbers import format_number, whole
from tb_inputdiag.records import LimitPicture, Losses, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, class_ids, fires, silent
from tb_inputdiag.rules.support.curves import loss_curve
from tb_inputdiag.rules.support.labels import class_counts_of
from tb_inputdiag.rules.support.running_moments import RunningMoments
from tb_inputdiag.rules.views.context import Context

__all__ = ["StalledLoss"]


class StalledLoss(Rule):
    """The loss stays at the level that a constant answer reaches.

    ## What it does
    Computes the loss of the best constant answer from the targets: the entropy of the classes, or the variance of a
    regression target. It fires when the loss stays at that level for a long time and makes no progress. A run that has
    converged below that level is fine.

    ## Why is this bad?
    The model has learned nothing about its input.

    ## Example
    ```python
    np.random.shuffle(y)                # without shuffling x the same way
    ```

    ## What to do
    Check whether the labels belong to their inputs. Try to overfit a single batch. Then check the learning rate, the
    activations and the initialization.

    ## References
    - Karpathy: A recipe for training neural networks (2019).
    """

    id = "stalled-loss"
    severity = Severity.WARNING
    why = "A constant answer would be as good, so the model has learned nothing about its input."

    min_steps = Threshold(
        150,
        "Steps before the rule judges.",
        source="Small learning rates need about 100 steps to show progress.",
        low=20,
    )
    max_level = Threshold(
        0.98,
        "Ratio of the loss to that of the best constant answer from which on it counts as chance.",
        source="A loss that is 2 % better shows that the model has learned something.",
        high=1.0,
    )
    max_progress = Threshold(
        0.01,
        "Fraction by which the loss may fall over the second half of the run.",
        source="Progress of 1 % is visible in a plot of the loss.",
        high=1.0,
    )

    def start(self) -> None:
        """Resets the statistics of the targets."""
        self._counts = np.zeros(0)
        self._target = RunningMoments()
        self._n_targets = 0
        self._kind = ""
        self._penalty = 0.0

    def on_sample(self, context: Context) -> Findings:
        """Updates the distribution of the target."""
        pairs = context.pairs
        self._kind = ""
        if len(pairs) != 1 or context.fed("sample_weight"):
            return None
        pair = pairs[0]
        self._penalty = context.sample.penalty if math.isfinite(context.sample.penalty) else 0.0
        if pair.kind == "regression" and "squared" in str((pair.loss or {}).get("name")) + "mse_squared":
            name = str((pair.loss or {}).get("name")).lower()
            if name not in {"mse", "mean_squared_error", "meansquarederror"} or not np.isfinite(pair.target.std):
                return None
            view = pair.target
            features = (
                (view.feature_mean, view.feature_std)
                if len(view.feature_mean)
                else (np.array([view.mean]), np.array([view.std]))
            )
            self._target.add(*features)
            self._n_targets += view.count
            self._kind = "regression"
        else:
            counts = class_counts_of(pair)
            if counts is None:
                return None
            self._counts = counts + self._counts if self._counts.shape == counts.shape else counts
            self._kind = pair.kind
        return None

    def on_losses(self, context: Context, losses: Losses) -> Findings:
        """Judges the run so far."""
        history = context.history
        level = self._chance()
        if level is None or history.count < self.min_steps:
            return None
        blocks = history.blocks - self._penalty
        half = len(blocks) // 2
        if half < 4:
            return None
        before, after = blocks[half : half + half // 2], blocks[half + half // 2 :]
        now = float(after.mean())
        noise = float(np.std(blocks[half:]) / math.sqrt(len(after)))
        progress = float(before.mean()) - now
        if now < self.max_level * level or progress > max(self.max_progress * abs(now), 2 * noise):
            return []
        if now > 3 * level:
            return None  # far above chance the loss diverges, which other rules report
        what = "entropy of the classes" if self._kind != "regression" else "variance of the target"
        return [
            Finding(
                subject="loss",
                message=f"After {whole(history.count)} steps the loss is {format_number(now)} and does not fall, "
                "while a "
                f"constant answer reaches {format_number(level)} (the {what}).",
                evidence={"loss": now, "constant_loss": level, "steps": history.count, "progress": progress},
                fix="# Does the model memorize a single batch? If not, check the model and the learning rate. If so, "
                "check "
                "whether the labels belong to their inputs.\nmodel.fit(x[:32], y[:32], epochs=200)",
                picture=LimitPicture(
                    label="loss over that of the best constant answer", value=now / level, limit=self.max_level
                ),
                curves=(loss_curve(high=self.max_level * level),),
            )
        ]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        noise = np.random.default_rng(0).normal(size=400) * 0.05

        def run(losses: np.ndarray) -> Scenario:
            scenario = Scenario().train(y=class_ids(), loss=2.303, steps=3)
            for chunk in np.array_split(losses, 40):
                scenario.losses(chunk)
            return scenario

        return (
            fires("at ln(10)", lambda: run(2.303 + noise), "loss", Severity.WARNING),
            silent("falling", lambda: run(2.3 * 0.995 ** np.arange(400))),
            silent("converged", lambda: run(np.maximum(2.3 * 0.95 ** np.arange(400), 0.4) + noise)),
            silent("too short to judge", lambda: run(2.303 + noise[:60])),
        )

    def _chance(self) -> float | None:
        """Returns the loss of the best constant answer, or None if it is not known."""
        if self._kind == "regression":
            # The relative standard error of a variance is sqrt(2 / n): 18 % for 64 values.
            known = self._target.count >= 2 and self._n_targets >= 64
            return float(np.mean(self._target.std**2)) if known else None
        if not self._kind or self._counts.sum() < 32:
            return None
        shares = self._counts[self._counts > 0] / self._counts.sum()
        entropy = float(-(shares * np.log(shares)).sum())
        return entropy if entropy > 0.05 else None
