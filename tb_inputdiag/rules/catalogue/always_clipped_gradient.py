"""The rule `always-clipped-gradient`."""

from __future__ import annotations

from collections import deque

import numpy as np

from tb_inputdiag.numbers import format_number, literal, percent
from tb_inputdiag.records import LimitPicture, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, fires, silent
from tb_inputdiag.rules.support.curves import sample_curve
from tb_inputdiag.rules.views.context import Context

__all__ = ["AlwaysClippedGradient"]


class AlwaysClippedGradient(Rule):
    """Nearly every gradient is clipped to a small part of its norm.

    ## What it does
    Compares the gradient's norm before and after clipping over the latest samples, after the first 50 steps.

    ## Why is this bad?
    Clipping is a guard against outliers. When it always acts, all steps have the same length. Then only the learning
    rate decides how far they go, and gradients that should shrink towards the end of training no longer do.

    ## Example
    ```python
    keras.optimizers.SGD(0.01, clipnorm=0.001)
    ```

    ## What to do
    Raise the limit to about the usual norm, or scale the loss down.

    ## References
    - Pascanu, Mikolov, Bengio (2013): On the difficulty of training recurrent neural networks. Section 3.2
      chooses the threshold from the average norm.
    """

    id = "always-clipped-gradient"
    severity = Severity.INFO
    scope = "session"
    resolve_after = 10
    needs = ("clipped_gradients",)
    explains = ("stalled-loss", "learning-rate-too-low", "unfinished-training")
    why = (
        "Clipping guards against outliers. When it always acts, all steps have the same length, however large the "
        "gradient is."
    )

    max_shrink = Threshold(
        0.35,
        "Ratio of the norm after clipping to the norm before, below which a gradient counts as clipped hard.",
        source="At about a third or less, the limit is out of proportion to the usual norm.",
        high=1.0,
    )
    min_share = Threshold(
        0.95,
        "Fraction of the latest 100 samples that must be clipped hard.",
        source="All but one in twenty: in practice, clipping never pauses.",
        high=1.0,
    )
    min_samples = Threshold(
        12,
        "Samples to collect before the rule judges.",
        source="Fewer samples cover the beginning of training, where clipping is usual.",
    )

    def start(self) -> None:
        """Clears the samples."""
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
                message=f"{percent(share)} of the last {len(self._last)} gradients were clipped hard, "
                f"the latest one from a norm of {format_number(norm)} to {format_number(clipped)}.",
                evidence={"gradient_norm": norm, "clipped_gradient_norm": clipped, "share": share},
                fix=f"clipnorm={literal(norm, 1)}  # about the usual norm; the limit now is {format_number(clipped)}",
                picture=LimitPicture(
                    label=f"gradients clipped to less than {percent(self.max_shrink)} of their norm",
                    value=share,
                    limit=self.min_share,
                    unit="fraction",
                ),
                curves=(
                    sample_curve(
                        "gradient_norm",
                        "Global gradient norm",
                        beside="clipped_gradient_norm",
                        beside_label="after clipping",
                    ),
                ),
            )
        ]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        return (
            fires(
                "clipped to a thousandth",
                lambda: Scenario().train(gradient_norm=5.0, clipped_gradient_norm=0.005, steps=60),
                "optimizer",
                Severity.INFO,
            ),
            silent("not clipped", lambda: Scenario().train(steps=40)),
            silent(
                "clipped to a half", lambda: Scenario().train(gradient_norm=2.0, clipped_gradient_norm=1.0, steps=40)
            ),
        )
