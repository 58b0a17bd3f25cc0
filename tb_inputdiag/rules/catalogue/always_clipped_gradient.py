"""The rule `always-clipped-gradient`."""

from __future__ import annotations

from collections import deque

import numpy as np

from tb_inputdiag.numbers import format_number, percent
from tb_inputdiag.records import Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, fires, silent
from tb_inputdiag.rules.views.context import Context

__all__ = ["AlwaysClippedGradient"]


class AlwaysClippedGradient(Rule):
    """Practically every gradient is clipped to a small part of itself.

    ## What it does
    Compares the gradient's norm before and after clipping over many samples.

    ## Why is this bad?
    Clipping is a guard against outliers. When it always acts, all steps have the same length: the learning rate alone
    decides, and the gradient's own size, which should shrink towards the end, is lost.

    ## Example
    ```python
    keras.optimizers.SGD(0.01, clipnorm=0.001)
    ```

    ## What to do
    Raise the limit to about the usual norm, or lower the loss's scale.

    ## References
    - Pascanu, Mikolov, Bengio (2013): choose the threshold from the average norm.
    """

    id = "always-clipped-gradient"
    severity = Severity.INFO
    resolve_after = 10
    explains = ("stalled-loss", "learning-rate-too-low", "unfinished-training")
    why = (
        "Clipping guards against outliers; when it always acts, all steps have the same length whatever the "
        "gradient says."
    )

    max_shrink = Threshold(
        0.35,
        "Clipped norm over norm below which a gradient counts as clipped hard.",
        source="A third and less: the limit is out of proportion to the norms.",
        high=1.0,
    )
    min_share = Threshold(
        0.95,
        "Part of the samples that must be.",
        source="All but one in twenty, which is every one for practical purposes.",
        high=1.0,
    )
    min_samples = Threshold(
        12,
        "Samples that are looked at before the rule judges.",
        source="The beginning, where clipping is usual, passes in fewer.",
    )

    def start(self) -> None:
        """Forgets the samples."""
        self._last: deque[bool] = deque(maxlen=100)

    def on_sample(self, context: Context) -> Findings:
        """Judges the latest samples."""
        sample = context.sample
        norm, clipped = sample.gradient_norm, sample.clipped_gradient_norm
        if not (np.isfinite(norm) and np.isfinite(clipped)) or norm == 0:
            return None
        self._last.append(clipped < self.max_shrink * norm)
        share = sum(self._last) / len(self._last)
        if len(self._last) < self.min_samples or context.age < 50 or share < self.min_share:
            return []
        return [
            Finding(
                subject="optimizer",
                message=f"{percent(share)} of the last {len(self._last)} gradients were clipped, this one from "
                f"{format_number(norm)} to {format_number(clipped)}.",
                evidence={"gradient_norm": norm, "clipped_gradient_norm": clipped, "share": share},
                fix=f"clipnorm={float(f'{norm:.1g}'):g}  # about the usual norm; so far it is {format_number(clipped)}",
            )
        ]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        return (
            fires(
                "to a thousandth",
                lambda: Scenario().train(gradient_norm=5.0, clipped_gradient_norm=0.005, steps=60),
                "optimizer",
                Severity.INFO,
            ),
            silent("never", lambda: Scenario().train(steps=40)),
            silent("to a half", lambda: Scenario().train(gradient_norm=2.0, clipped_gradient_norm=1.0, steps=40)),
        )
