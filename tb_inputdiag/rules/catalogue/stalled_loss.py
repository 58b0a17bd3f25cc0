"""The rule `stalled-loss`."""

from __future__ import annotations

import math

import numpy as np

from tb_inputdiag.numbers import format_number, whole
from tb_inputdiag.records import LimitPicture, Losses, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import BINARY, REGRESSOR, Example, Scenario, class_ids, fires, silent
from tb_inputdiag.rules.support.constant_answer import ConstantAnswer, Level
from tb_inputdiag.rules.support.curves import loss_curve
from tb_inputdiag.rules.views.context import Context

__all__ = ["StalledLoss"]


class StalledLoss(Rule):
    """The loss stays at the level that a constant answer reaches.

    ## What it does
    Computes the loss of the best constant answer from the targets, for the loss that was compiled: the entropy of the
    classes, the variance of a regression target, the distance from its median. It fires when the loss stays at that
    level for a long time and makes no progress. It is an INFO at first, because many runs begin like this and learn a
    little later. It is a WARNING once each example has been seen often enough to be learned by heart. It makes no claim
    for losses of your own, for weighted or masked ones, and for several outputs.

    ## Why is this bad?
    The model has learned nothing about its input.

    ## Example
    ```python
    np.random.shuffle(y)                # without shuffling x the same way
    ```

    ## What to do
    Check whether the labels belong to their inputs. Try to overfit a single batch. Then check the learning rate, the
    activations and the initialization. Small networks, and ones that start near 0, may only need more steps.

    ## References
    - Karpathy: A recipe for training neural networks (2019).
    - Saxe, McClelland, Ganguli: Exact solutions to the nonlinear dynamics of learning (2014), on plateaus.
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
        "Part of the way from a perfect answer to the best constant one that counts as chance.",
        source="A loss that is 2 % better shows that the model has learned something.",
        high=1.0,
    )
    max_progress = Threshold(
        0.01,
        "Fraction by which the loss may fall over the second half of the run.",
        source="Progress of 1 % is visible in a plot of the loss.",
        high=1.0,
    )
    hopeless_epochs = Threshold(
        20,
        "Epochs from which on waiting longer is hopeless, if there were also enough steps.",
        source="A network that can learn a task has learned some of its examples by heart after 20 epochs.",
    )
    hopeless_steps = Threshold(
        2000,
        "Steps from which on waiting longer is hopeless, if there were also enough epochs.",
        source="On XOR, small sigmoid networks stay at chance for 1,000 to 2,000 steps before they learn.",
    )

    def start(self) -> None:
        """Resets the statistics of the targets."""
        self._answer = ConstantAnswer()
        self._has_level = False
        self._penalty = 0.0

    def on_sample(self, context: Context) -> Findings:
        """Updates the distribution of the target."""
        pairs, sample = context.pairs, context.sample
        self._has_level = False
        if len(pairs) != 1 or context.fed("sample_weight"):
            return None
        self._penalty = sample.penalty if math.isfinite(sample.penalty) else 0.0
        self._answer.add(pairs[0], context.facts)
        # Without a penalty, `custom_loss` can only mean that the loss is computed by the model's own method.
        self._has_level = context.facts is None or not context.facts.custom_loss or self._penalty > 0
        return None

    def on_losses(self, context: Context, losses: Losses) -> Findings:
        """Judges the run so far."""
        history = context.history
        if not self._has_level or history.count < self.min_steps:
            return None
        level = self._answer.level()
        if level is None:
            return None
        blocks = history.blocks - self._penalty
        half = len(blocks) // 2
        if half < 4:
            return None
        before, after = blocks[half : half + half // 2], blocks[half + half // 2 :]
        now = float(after.mean())
        noise = float(np.std(blocks[half:]) / math.sqrt(len(after)))
        progress = float(before.mean()) - now
        way = level.constant - level.perfect
        chance = level.perfect + self.max_level * way
        if now < chance or progress > max(self.max_progress * abs(now), 2 * noise):
            return []
        if now > level.constant + 2 * way:
            return None  # far above chance the loss diverges, which other rules report
        return [self._finding(context, level, now, chance, progress)]

    def _finding(self, context: Context, level: Level, now: float, chance: float, progress: float) -> Finding:
        steps, epochs = context.history.count, context.epoch + 1
        hopeless = steps >= self.hopeless_steps and epochs >= self.hopeless_epochs
        end = (
            f" In {whole(epochs)} epochs each example could have been learned by heart, so it is not a matter of time."
            if hopeless
            else ""
        )
        advice = "" if hopeless else "# Give it more steps first: many runs learn a little later.\n"
        return Finding(
            subject="loss",
            message=f"After {whole(steps)} steps the loss is {format_number(now)} and does not fall, while a constant "
            f"answer reaches {format_number(level.constant)} (the {level.what}).{end}",
            evidence={
                "loss": now,
                "constant_loss": level.constant,
                "perfect_loss": level.perfect,
                "steps": steps,
                "epochs": epochs,
                "progress": progress,
            },
            fix=f"{advice}# Does the model memorize a single batch? If not, check the model and\n# the learning rate. "
            "If so, check whether labels belong to their inputs.\nmodel.fit(x[:32], y[:32], epochs=200)",
            picture=LimitPicture(
                label="loss on the way from a perfect answer (0) to the best constant one (1)",
                value=(now - level.perfect) / (level.constant - level.perfect),
                limit=self.max_level,
            ),
            curves=(loss_curve(high=chance),),
            severity=None if hopeless else Severity.INFO,
        )

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        noise = np.random.default_rng(0).normal(size=400) * 0.05
        flags = np.repeat([[0.0], [1.0]], 8, axis=0)

        def run(losses: np.ndarray, epochs: int = 1) -> Scenario:
            return _spread(Scenario().train(y=class_ids(), loss=2.303, steps=3), losses, epochs)

        def gray(level: float) -> Scenario:
            soft = np.random.default_rng(1).random((16, 8)).astype(np.float32)
            pixels = Scenario(BINARY, loss="binary_crossentropy").train(y=soft, loss=0.69, steps=3)
            return _spread(pixels, level + 0.01 * noise)

        def absolute(level: float) -> Scenario:
            start = Scenario(REGRESSOR, loss="mae").train(y=flags, loss=0.5, steps=6)
            return _spread(start, level + 0.01 * noise)

        return (
            fires("at ln(10)", lambda: run(2.303 + noise), "loss", Severity.INFO),
            fires("at ln(10) for 40 epochs", lambda: run(2.303 + np.tile(noise, 6), 40), "loss", Severity.WARNING),
            fires("at the median, by absolute error", lambda: absolute(0.5), "loss", Severity.INFO),
            fires("at the entropy of mean gray", lambda: gray(0.692), "loss", Severity.INFO),
            silent("halfway to the entropy of the gray values themselves", lambda: gray(0.6)),
            silent("below the median's distance", lambda: absolute(0.45)),
            silent("falling", lambda: run(2.3 * 0.995 ** np.arange(400))),
            silent("converged", lambda: run(np.maximum(2.3 * 0.95 ** np.arange(400), 0.4) + noise)),
            silent("too short to judge", lambda: run(2.303 + noise[:60])),
            silent("a loss of the user's own", _own_loss),
        )


def _spread(scenario: Scenario, losses: np.ndarray, epochs: int = 1) -> Scenario:
    """Adds losses that are not sampled, over so many epochs."""
    for part in np.array_split(losses, epochs):
        for chunk in np.array_split(part, max(40 // epochs, 1)):
            scenario.losses(chunk)
        scenario.epoch_end(loss=float(part.mean()))
    return scenario


def _own_loss() -> Scenario:
    own = {"name": "mse", "from_logits": None, "reduction": "sum_over_batch_size", "custom": True}
    targets = np.random.default_rng(2).normal(size=(16, 1))
    return _spread(Scenario(REGRESSOR, loss=own).train(y=targets, loss=1.0, steps=6), np.full(400, 1.0))
