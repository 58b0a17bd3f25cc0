"""The rule `learning-rate-too-low`."""

from __future__ import annotations

import math

import numpy as np

from tb_inputdiag.keras_vocabulary import usual_rate
from tb_inputdiag.numbers import format_number, literal
from tb_inputdiag.records import Severity, Span
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, fires, silent
from tb_inputdiag.rules.support.curves import loss_curve
from tb_inputdiag.rules.support.medians import median
from tb_inputdiag.rules.support.optimizer import optimizer_name
from tb_inputdiag.rules.support.update_ratios import update_ratio_curve, update_ratio_picture
from tb_inputdiag.rules.views.context import Context

__all__ = ["LearningRateTooLow"]


class LearningRateTooLow(Rule):
    """Each step changes the weights by less than a millionth of their size, and the loss does not fall.

    ## What it does
    Computes the ratio of each update's norm to the weight's norm, and takes the median over all kernels. It fires if
    the ratio is tiny and the loss is still what it was at the beginning. It stays silent for fine-tuning and at the
    end of a schedule, where the loss has fallen, and during a warm-up, where the rate still rises.

    ## Why is this bad?
    With updates of a millionth, a weight needs a million steps to change by its own size.

    ## Example
    ```python
    keras.optimizers.Adam(learning_rate=1e-9)
    ```

    ## What to do
    Begin with 0.001 for Adam or 0.01 for SGD. Check whether a schedule decays too early.

    ## References
    - Karpathy: CS231n, "Ratio of weights:updates": about 1e-3.
    """

    id = "learning-rate-too-low"
    severity = Severity.WARNING
    scope = "session"
    persistence = 3
    resolve_after = 5
    explains = ("stalled-loss", "unfinished-training", "constant-output")
    supersedes = ("frozen-model",)
    why = "With such updates a weight needs a million steps to change by its own size, so the model stays untrained."

    min_ratio = Threshold(
        1e-6,
        "Smallest median ratio of update to weight that is fine if the loss does not fall.",
        source="A thousandth of the usual 1e-3. Fine-tuning has 1e-4 to 1e-5.",
    )

    def start(self) -> None:
        """Clears the losses and the last rate."""
        self._first: list[float] = []
        self._recent: list[float] = []
        self._rate = math.nan

    def on_sample(self, context: Context) -> Findings:
        """Judges the updates of one step."""
        sample, table = context.sample, context.sample.weights
        if math.isfinite(sample.loss):
            if len(self._first) < 5:
                self._first.append(sample.loss)
            self._recent = [*self._recent[-4:], sample.loss]
        rising = sample.learning_rate > self._rate
        self._rate = sample.learning_rate
        rows = context.kernels.rows
        if table is None or not len(rows) or sample.skipped or len(self._first) < 5:
            return None
        ratios = table.update_ratio[rows]
        ratios = ratios[np.isfinite(ratios)]
        norms = table.gradient_norm[rows]
        if not len(ratios) or rising or sample.learning_rate == 0 or not np.nansum(norms) > 0:
            return None
        ratio = median(ratios)
        first, now = median(self._first), median(self._recent)
        if ratio >= self.min_ratio or context.age < 10 or now < 0.95 * first:
            return []
        relative = norms / np.maximum(table.weight_norm[rows], 1e-12)
        if float(np.nanmedian(relative)) < 1e-7:
            return None  # the gradients are so small that no usual rate would help
        rate = sample.learning_rate
        usual = usual_rate(optimizer_name(context))
        if math.isfinite(rate) and rate >= usual:
            return None
        return [
            Finding(
                subject="optimizer",
                message=f"At a learning rate of {format_number(rate)} each step changes the weights by only "
                f"{format_number(ratio)} of their size, and the loss is still {format_number(now)}.",
                evidence={
                    "update_ratio": ratio,
                    "expected_min_ratio": self.min_ratio,
                    "learning_rate": rate,
                    "loss": now,
                },
                fix=f"keras.optimizers.{optimizer_name(context)}(learning_rate={literal(usual)})",
                picture=update_ratio_picture(ratio, least=self.min_ratio),
                curves=(
                    update_ratio_curve(context, table, Span(low=self.min_ratio, high=1.0)),
                    loss_curve(),
                ),
            )
        ]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        tiny = {"*": {"update_ratio": 1e-9}}

        def run(rate: float = 1e-9, **batch: object) -> Scenario:
            return Scenario().train(**{"gradients": tiny, "learning_rate": rate, "loss": 2.3, "steps": 30, **batch})  # type: ignore[arg-type]  # `steps` is one of them

        return (
            fires("a learning rate of 1e-9", run, "optimizer", Severity.WARNING),
            silent("a learning rate of 0.001", lambda: Scenario().train(steps=30)),
            silent(
                "the end of a schedule", lambda: Scenario().train(steps=20).train(gradients=tiny, loss=0.3, steps=20)
            ),
            silent("a warm-up", lambda: run(learning_rate=lambda step: 1e-9 * (step + 1))),
        )
