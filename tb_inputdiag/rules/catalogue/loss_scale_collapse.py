"""The rule `loss-scale-collapse`."""

from __future__ import annotations

from collections import deque

import numpy as np

from tb_inputdiag.numbers import format_number
from tb_inputdiag.records import Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, fires, silent
from tb_inputdiag.rules.views.context import Context

__all__ = ["LossScaleCollapse"]


class LossScaleCollapse(Rule):
    """In mixed precision the loss scale keeps falling.

    ## What it does
    Follows the scale by which a `LossScaleOptimizer` multiplies the loss, and the steps that it skips. It fires
    when the scale has fallen so low that it protects nothing, and steps are still skipped. A few skipped steps are
    normal: that is how the scale is found.

    ## Why is this bad?
    Gradients overflow in float16 at any scale, so most updates are skipped, and small gradients are lost.

    ## Example
    ```python
    keras.mixed_precision.set_global_policy("mixed_float16")       # and a layer whose outputs exceed 65,504
    ```

    ## What to do
    Keep softmax, losses and large sums in float32 (`dtype="float32"`), scale inputs, lower the rate; or use
    `mixed_bfloat16`.

    ## References
    - Micikevicius et al.: Mixed precision training (2018).
    """

    id = "loss-scale-collapse"
    severity = Severity.WARNING
    resolve_after = 10
    explains = ("stalled-loss",)
    why = "Gradients overflow at any scale: most updates are skipped, and the small gradients are lost."

    min_scale = Threshold(
        1.0, "Smallest scale that is fine.", source="Below 1 the scale makes small gradients smaller."
    )
    max_skipped = Threshold(
        0.5,
        "Largest part of the latest samples that may be skipped.",
        source="Halving from 32,768 to 1 takes 15 steps.",
        high=1.0,
    )

    def start(self) -> None:
        """Forgets the samples."""
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
                message=f"The loss scale has fallen to {format_number(sample.loss_scale)}; skipped of the last "
                f"{len(self._skipped)} sampled steps: {sum(self._skipped)}.",
                evidence={
                    "loss_scale": sample.loss_scale,
                    "skipped_share": share,
                    "expected_min_scale": self.min_scale,
                },
                fix='keras.layers.Activation("softmax", dtype="float32")  # the last layer in full precision\n'
                'keras.mixed_precision.set_global_policy("mixed_bfloat16")',
            )
        ]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""

        def run(scale: float, skipped: bool, steps: int) -> Scenario:
            optimizer = {"name": "Adam", "learning_rate": 1e-3, "loss_scaled": True}
            return Scenario(optimizer=optimizer).train(loss_scale=scale, skipped=skipped, steps=steps)

        return (
            fires("below 1", lambda: run(0.25, True, 3), "optimizer", Severity.WARNING),
            silent("the first steps", lambda: run(4096.0, True, 5)),
            silent("no scaling", lambda: Scenario().train(loss_scale=0.25, steps=3)),
        )
