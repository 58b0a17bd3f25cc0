"""The rule `non-finite-gradient`."""

from __future__ import annotations

import math

import numpy as np

from tb_inputdiag.records import Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule
from tb_inputdiag.rules.examples import Example, Scenario, fires, silent
from tb_inputdiag.rules.support.optimizer import gentler
from tb_inputdiag.rules.support.text import join
from tb_inputdiag.rules.views.context import Context
from tb_inputdiag.rules.views.kernel_rows import lost_before

__all__ = ["NonFiniteGradient"]


class NonFiniteGradient(Rule):
    """A gradient is NaN or infinite although the loss is finite.

    ## What it does
    Counts the non-finite gradients of every trainable weight, after loss scaling is undone, and names the layer nearest
    to the loss that has them. Steps that mixed-precision training skips for this very reason are normal and pass.

    ## Why is this bad?
    The optimizer applies them: after this step the weights are NaN, while the loss of this step still looks fine.

    ## Example
    ```python
    distance = keras.ops.sqrt(keras.ops.sum(x * x, axis=-1))    # the gradient of sqrt at 0 is infinite
    ```

    ## What to do
    Look for `sqrt`, `norm`, division, `log` or `x ** 0.5` at 0 in the layer, and add a small constant inside.
    `where` does not help: both branches are differentiated.

    ## References
    - https://github.com/tensorflow/probability/blob/main/discussion/where-nan.pdf
    """

    id = "non-finite-gradient"
    severity = Severity.ERROR
    judges = "batch"
    explains = ("non-finite-loss", "non-finite-weight", "constant-output", "stalled-loss")
    why = "The optimizer applies them all the same: after this step weights are NaN, though the loss still looked fine."

    def on_sample(self, context: Context) -> Findings:
        """Judges the gradients of one step."""
        sample, table = context.sample, context.sample.weights
        if table is None or sample.skipped or not math.isfinite(sample.loss):
            return None  # skipped by loss scaling; or the loss is the news
        if not (table.gradient_nonfinite_count > 0).any():
            return []
        counts = np.nan_to_num(table.gradient_nonfinite_count)
        rows = np.flatnonzero(counts)
        if lost_before(table).any():
            return None
        names = [context.layout.weights[row] for row in rows]
        # Bad values travel from the loss to the front, so the one nearest to the loss shows where they begin.
        nearest = context.kernels.layers[rows[-1]] or names[-1]
        scaled = context.facts is not None and bool(context.facts.optimizer.get("loss_scaled"))
        note = "" if not scaled else " The optimizer scales the loss but did not skip this step."
        return [
            Finding(
                subject=f"layer:{nearest}",
                message=f"The gradients of {len(names)} of {len(counts)} weights ({join(names, 3)}) are not "
                f"finite, while "
                f"the loss is {sample.loss:.4g}; nearest to the loss: layer '{nearest}'.{note}",
                evidence={
                    "weights": names[:16],
                    "n_weights": len(names),
                    "n_trainable": len(counts),
                    "loss": sample.loss,
                    "nonfinite_count": float(counts.sum()),
                    "layer": nearest,
                },
                fix=f"# In or behind '{nearest}' keep sqrt, log and division away from 0:\n"
                f"keras.ops.sqrt(x + 1e-12)\n# and bound the step:\n{gentler(context, 1.0)}",
            )
        ]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        bad = {"conv2d/kernel": {"gradient_nonfinite_count": 4.0}}
        return (
            fires("NaN in a kernel", lambda: Scenario().train(gradients=bad), "layer:conv2d", Severity.ERROR),
            silent("finite", lambda: Scenario().train()),
            silent("a skipped step", lambda: Scenario().train(gradients=bad, skipped=True, loss_scale=32768.0)),
            silent("a lost loss", lambda: Scenario().train(gradients=bad, loss=math.nan)),
        )
