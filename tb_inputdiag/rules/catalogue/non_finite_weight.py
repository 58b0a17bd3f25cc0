"""The rule `non-finite-weight`."""

from __future__ import annotations

import math

import numpy as np

from tb_inputdiag.records import Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule
from tb_inputdiag.rules.examples import Example, Scenario, fires, silent
from tb_inputdiag.rules.support.symptoms import NO_PROGRESS, WEAK_SIGNALS
from tb_inputdiag.rules.support.text import join, number
from tb_inputdiag.rules.views.context import Context
from tb_inputdiag.rules.views.kernel_rows import lost_before

__all__ = ["NonFiniteWeight"]


class NonFiniteWeight(Rule):
    """Weights are NaN or infinite although the loss still looks fine.

    ## What it does
    Counts non-finite elements in all trainable weights before each sampled step. It fires when there are any and
    the loss is finite; where the loss is lost too, `non-finite-loss` says so.

    ## Why is this bad?
    A ReLU on some devices turns NaN into 0, so the loss looks like that of a model that has stopped learning, while the
    layer is destroyed for good.

    ## Example
    ```python
    x[777, 10, 10] = np.nan            # one pixel of one image: its gradient makes a whole kernel NaN
    ```

    ## What to do
    Restore the last good weights, find the batch that did it (`every=1` names it), and drop its broken examples.

    ## References
    - https://github.com/keras-team/keras/issues/17604
    """

    id = "non-finite-weight"
    severity = Severity.ERROR
    explains = (*NO_PROGRESS, *WEAK_SIGNALS, "non-finite-loss")
    why = (
        "The layer is destroyed for good: NaN times anything is NaN, and a ReLU may turn it into zeros that "
        "look harmless."
    )

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
            return None  # lost in this session: `non-finite-loss` tells what went bad first
        names = [context.layout.weights[row] for row in np.flatnonzero(bad)]
        layer = context.kernels.layers[int(np.flatnonzero(bad)[0])] or names[0]
        since = (
            f"since a step between {self._good} and {sample.step - 1}" if self._good is not None else "from the start"
        )
        return [
            Finding(
                subject=f"layer:{layer}",
                message=f"{join(names, 3)} hold{'s' if len(names) == 1 else ''} NaN or infinities {since}, though "
                f"the loss "
                f"is {number(sample.loss)}.",
                evidence={
                    "weights": names[:16],
                    "nonfinite_count": float(np.nansum(table.weight_nonfinite_count)),
                    "last_good_step": self._good,
                    "loss": sample.loss,
                },
                fix="assert np.isfinite(x).all()  # a NaN in one example is enough\n"
                "InputDiagnostics(..., every=1)  # samples every step: the next run names the batch that did it",
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
            silent("with the loss", lambda: Scenario().train(steps=2).train(gradients=bad, loss=math.nan)),
        )
