"""The rule `loss-spike`."""

from __future__ import annotations

import math

import numpy as np

from tb_inputdiag.numbers import format_number, times, whole
from tb_inputdiag.records import LimitPicture, Losses, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, columns, fires, silent
from tb_inputdiag.rules.support.curves import loss_curve
from tb_inputdiag.rules.support.optimizer import gentler_optimizer
from tb_inputdiag.rules.views.context import Context

__all__ = ["LossSpike"]


class LossSpike(Rule):
    """The loss of one batch is many times larger than any recent loss.

    ## What it does
    Compares the loss of every step, not Keras' running mean, with the largest loss of the 64 steps before it; in
    batches below 32, of the 2,048 examples before it, because few examples do not show how large the loss of one can
    be. It fires if the loss is twenty times larger than that, and larger than at the beginning of training.

    ## Why is this bad?
    One such batch can change the weights far too much. Usually it holds broken examples: a wrong unit, a missing value
    coded as -9999, or a corrupt file.

    ## Example
    ```python
    y = df["price"].fillna(-99999)
    ```

    ## What to do
    Check that batch, and remove or clip the broken examples. Limit the effect of one batch with `clipnorm=1.0`, or use
    `Huber` instead of a squared error.

    ## References
    - Chowdhery et al.: PaLM (2022), section 5.1, on loss spikes.
    """

    id = "loss-spike"
    severity = Severity.WARNING
    why = "One such batch can change the weights far too much. Usually it holds broken examples."

    max_ratio = Threshold(
        20.0,
        "Largest ratio of a loss to the largest of the losses before it that is fine.",
        source="Of 64 squared normal errors the largest is 7 to 10 times the mean. 20 times that is 12 sigma.",
        low=1.0,
    )

    def start(self) -> None:
        """Clears the past losses."""
        self._past = np.zeros(0)
        self._first = np.nan

    def on_losses(self, context: Context, losses: Losses) -> Findings:
        """Judges each step."""
        values = np.asarray(losses.loss, np.float64)
        finite = np.isfinite(values)
        steps = np.asarray(losses.step)[finite]
        values = values[finite]
        together = np.concatenate([self._past, values])
        offset = len(self._past)
        # As many losses as cover the examples of 64 batches of 32.
        window = 64 * math.ceil(32 / min(context.loss_examples or 32, 32))
        self._past = together[-window:]
        early = window * 10 // 64
        if np.isnan(self._first) and len(together) >= early:
            self._first = float(np.max(together[:early]))
        custom = context.facts is not None and context.facts.custom_train_step
        if offset < window // 2 or custom or not len(values):
            return None
        if values.max() <= self.max_ratio * together.min():
            return []  # the usual case, decided fast: no loss can exceed a limit that uses the smallest loss
        for i, value in enumerate(values):
            past = together[max(offset + i - window, 0) : offset + i]
            highest = float(past.max())
            if highest > 0 and value > self.max_ratio * highest and value > self._first:
                return [self._finding(context, int(steps[i]), float(value), highest, window)]
        return []

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        rng = np.random.default_rng(0)
        calm = 1 + 0.2 * rng.random(100)
        single = rng.normal(size=300) ** 2

        # A classifier that is sure of its answers: about one example in a hundred is an exception.
        sure = np.where(rng.random(6000) < 0.01, 4.0, 0.01)
        sure[:40] = 0.7

        def run(*parts: np.ndarray, batch: int = 32) -> Scenario:
            scenario = Scenario().train(x=columns(rows=batch), loss=float(parts[0][0]))
            for part in parts:
                scenario.losses(part)
            return scenario

        return (
            fires(
                "a loss of 900 among losses near 1",
                lambda: run(calm, np.array([900.0]), calm),
                "loss",
                Severity.WARNING,
            ),
            silent("steady losses", lambda: run(calm, calm)),
            silent("squared errors of single examples", lambda: run(single[:100], single[100:])),
            silent("a hard example in batches of one", lambda: run(*np.split(sure, 120), batch=1)),
            silent("a small rise from losses near 0", lambda: run(calm, 1e-6 * calm, np.array([1e-3]), 1e-6 * calm)),
        )

    def _finding(self, context: Context, step: int, value: float, highest: float, window: int) -> Finding:
        limit = max(self.max_ratio * highest, self._first)
        return Finding(
            subject="loss",
            message=f"The loss of step {whole(step)} is {format_number(value)}, {times(value / highest)} times the "
            f"largest of the {whole(window)} steps before ({format_number(highest)}).",
            evidence={"loss": value, "past_max": highest, "step": step, "expected_max": limit},
            fix=f"# Check the examples of that batch. Then clip the gradients:\n{gentler_optimizer(context, 1.0)}",
            picture=LimitPicture(label=f"loss of step {whole(step)}", value=value, limit=limit),
            curves=(loss_curve(high=limit),),
            step=step,
        )
