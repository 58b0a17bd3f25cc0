"""The rule `loss-scale-collapse`."""

from __future__ import annotations

from collections import deque

import numpy as np

from tb_inputdiag.numbers import format_number
from tb_inputdiag.records import LimitPicture, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, fires, silent
from tb_inputdiag.rules.support.curves import sample_curve
from tb_inputdiag.rules.views.context import Context

__all__ = ["LossScaleCollapse"]


class LossScaleCollapse(Rule):
    """In mixed precision the loss scale keeps falling.

    ## What it does
    Tracks the scale by which a `LossScaleOptimizer` multiplies the loss, and the steps that it skips. It fires if the
    scale has fallen below 1, or if more than half of the latest steps were skipped. A few skipped steps are normal: the
    optimizer finds a suitable scale that way.

    ## Why is this bad?
    Gradients overflow in float16 at any scale, so most updates are skipped. At a low scale, small gradients become 0.

    ## Example
    ```python
    keras.mixed_precision.set_global_policy("mixed_float16")       # and a layer whose outputs exceed 65,504
    ```

    ## What to do
    Compute softmax, losses and large sums in float32 (`dtype="float32"`). Scale the inputs and lower the learning rate.
    Or use `mixed_bfloat16`.

    ## References
    - Micikevicius et al.: Mixed precision training (2018).
    """

    id = "loss-scale-collapse"
    severity = Severity.WARNING
    scope = "session"
    resolve_after = 10
    explains = ("stalled-loss",)
    why = "Gradients overflow at any scale, so most updates are skipped. At a low scale, small gradients become 0."

    min_scale = Threshold(
        1.0, "Smallest loss scale that is fine.", source="A scale below 1 makes small gradients even smaller."
    )
    max_skipped = Threshold(
        0.5,
        "Largest fraction of the latest 40 samples that may be skipped.",
        source="Halving a scale from 32,768 to 1 takes only 15 steps.",
        high=1.0,
    )

    def start(self) -> None:
        """Clears the samples."""
        self._skipped: deque[bool] = deque(maxlen=40)

    def on_sample(self, context: Context) -> Findings:
        """Judges the scale of one step."""
        sample = context.sample
        scaled = context.facts is not None and bool(context.facts.optimizer.get("loss_scaled"))
        if not scaled or not np.isfinite(sample.loss_scale):
            return None
        self._skipped.append(sample.skipped)
        share = sum(self._skipped) / len(self._skipped)
        fallen = sample.loss_scale < self.min_scale
        if not fallen and not (len(self._skipped) == 40 and share > self.max_skipped):
            return []
        return [
            Finding(
                subject="optimizer",
                message=f"The loss scale is {format_number(sample.loss_scale)}, and updates were skipped in "
                f"{sum(self._skipped)} of the last {len(self._skipped)} sampled steps.",
                evidence={
                    "loss_scale": sample.loss_scale,
                    "skipped_share": share,
                    "expected_min_scale": self.min_scale,
                },
                fix='keras.layers.Activation("softmax", dtype="float32")  # the last layer in full precision\n'
                'keras.mixed_precision.set_global_policy("mixed_bfloat16")',
                picture=LimitPicture(
                    label="loss scale", value=sample.loss_scale, limit=self.min_scale, bound="at least"
                )
                if fallen
                else LimitPicture(label="skipped steps", value=share, limit=self.max_skipped, unit="fraction"),
                curves=(sample_curve("loss_scale", "Loss scale"),),
            )
        ]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""

        def run(scale: float, skipped: bool, steps: int) -> Scenario:
            optimizer = {"name": "Adam", "learning_rate": 1e-3, "loss_scaled": True}
            return Scenario(optimizer=optimizer).train(loss_scale=scale, skipped=skipped, steps=steps)

        return (
            fires("a scale below 1", lambda: run(0.25, True, 3), "optimizer", Severity.WARNING),
            silent("the first steps", lambda: run(4096.0, True, 5)),
            silent("no loss scaling", lambda: Scenario().train(loss_scale=0.25, steps=3)),
        )
