"""The rule `non-finite-weight`."""

from __future__ import annotations

import math

import numpy as np

from tb_inputdiag.numbers import format_number
from tb_inputdiag.records import LimitPicture, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule
from tb_inputdiag.rules.examples import Example, Scenario, fires, silent
from tb_inputdiag.rules.support.curves import loss_curve, weight_curve
from tb_inputdiag.rules.support.symptoms import NO_PROGRESS, WEAK_SIGNALS
from tb_inputdiag.rules.support.text import join
from tb_inputdiag.rules.views.context import Context
from tb_inputdiag.rules.views.kernel_rows import lost_before

__all__ = ["NonFiniteWeight"]


class NonFiniteWeight(Rule):
    """Weights are NaN or infinite although the loss still looks fine.

    ## What it does
    Counts the NaN and infinite elements of all trainable weights before each sampled step. It fires when there are any
    while the loss is finite. If the loss is NaN too, `non-finite-loss` reports it.

    ## Why is this bad?
    On some devices a ReLU turns NaN into 0. The loss then looks as if the model had stopped learning, although the
    layer is destroyed for good.

    ## Example
    ```python
    x[777, 10, 10] = np.nan            # the gradient of one pixel makes a whole kernel NaN
    ```

    ## What to do
    Restore the last good weights, find the batch that broke them (`every=1` names it), and drop its bad examples.

    ## References
    - https://github.com/keras-team/keras/issues/17604
    """

    id = "non-finite-weight"
    severity = Severity.ERROR
    scope = "session"
    explains = (*NO_PROGRESS, *WEAK_SIGNALS, "non-finite-loss")
    why = "The layer is destroyed for good: NaN times any number is NaN, and a ReLU may hide it behind zeros."

    def start(self) -> None:
        """Forgets the last good sample."""
        self._good: int | None = None

    def on_sample(self, context: Context) -> Findings:
        """Judges the weights before one step."""
        sample, table = context.sample, context.sample.weights
        if table is None:
            return None
        bad = lost_before(table)
        if not bad.any():
            self._good = sample.step
            return []
        if not math.isfinite(sample.loss) and context.age > 0:
            return None  # broken in this session: `non-finite-loss` reports what went bad first
        names = [context.layout.weights[row] for row in np.flatnonzero(bad)]
        layer = context.kernels.layers[int(np.flatnonzero(bad)[0])] or names[0]
        since = "from the start"
        if self._good is not None:
            first, last = self._good, sample.step - 1
            since = f"since step {first}" if first == last else f"since a step from {first} to {last}"
        return [
            Finding(
                subject=f"layer:{layer}",
                message=f"{join(names, 3)} hold{'s' if len(names) == 1 else ''} NaN or infinities {since}, although "
                "the "
                f"loss is {format_number(sample.loss)}.",
                evidence={
                    "weights": names[:16],
                    "nonfinite_count": float(np.nansum(table.weight_nonfinite_count)),
                    "last_good_step": self._good,
                    "loss": sample.loss,
                },
                fix="assert np.isfinite(x).all()  # a NaN in one example is enough\n"
                "InputDiagnostics(..., every=1)  # samples every step, so the next run names the batch that did it",
                picture=LimitPicture(label="weights with NaN or infinities", value=len(names), limit=0),
                curves=(weight_curve(names[0], "weight_nonfinite_count"), loss_curve()),
            )
        ]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        bad = {"dense/kernel": {"weight_nonfinite_count": 40.0, "weight_norm": math.nan}}
        return (
            fires(
                "behind a ReLU", lambda: Scenario().train(steps=2).train(gradients=bad), "layer:dense", Severity.ERROR
            ),
            silent("finite", lambda: Scenario().train(steps=2)),
            silent("NaN in the loss too", lambda: Scenario().train(steps=2).train(gradients=bad, loss=math.nan)),
        )
