"""The rule `non-finite-gradient`."""

from __future__ import annotations

import math

import numpy as np

from tb_inputdiag.numbers import format_number
from tb_inputdiag.records import LimitPicture, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule
from tb_inputdiag.rules.examples import Example, Scenario, fires, silent
from tb_inputdiag.rules.support.curves import gradient_norm_curve, weight_curve
from tb_inputdiag.rules.support.optimizer import gentler_optimizer
from tb_inputdiag.rules.support.text import join
from tb_inputdiag.rules.views.context import Context
from tb_inputdiag.rules.views.kernel_rows import lost_before

__all__ = ["NonFiniteGradient"]


class NonFiniteGradient(Rule):
    """A gradient is NaN or infinite although the loss is finite.

    ## What it does
    Counts the NaN and infinite gradients of every trainable weight, after loss scaling is undone. It names the layer
    with such gradients that is nearest to the loss. Mixed precision skips such steps on purpose; those are fine.

    ## Why is this bad?
    The optimizer applies them. After this step the weights are NaN, although the loss of this step still looks fine.

    ## Example
    ```python
    distance = keras.ops.sqrt(keras.ops.sum(x * x, axis=-1))    # the gradient of sqrt at 0 is infinite
    ```

    ## What to do
    Look in the layer for `sqrt`, `norm`, division, `log` or `x ** 0.5` at 0, and add a small constant to the argument.
    `where` does not help, because both of its branches are differentiated.

    ## References
    - https://github.com/tensorflow/probability/blob/main/discussion/where-nan.pdf
    """

    id = "non-finite-gradient"
    severity = Severity.ERROR
    judges = "batch"
    explains = ("non-finite-loss", "non-finite-weight", "constant-output", "stalled-loss")
    why = "The optimizer applies these gradients, so after this step weights are NaN, although the loss looked fine."

    def on_sample(self, context: Context) -> Findings:
        """Judges the gradients of one step."""
        sample, table = context.sample, context.sample.weights
        if table is None or sample.skipped or not math.isfinite(sample.loss):
            return None  # loss scaling skipped the step, or `non-finite-loss` reports it
        if not (table.gradient_nonfinite_count > 0).any():
            return []
        counts = np.nan_to_num(table.gradient_nonfinite_count)
        rows = np.flatnonzero(counts)
        if lost_before(table).any():
            return None
        names = [context.layout.weights[row] for row in rows]
        # Bad values travel from the loss to the first layer, so the layer nearest to the loss shows where they begin.
        nearest = context.kernels.layers[rows[-1]] or names[-1]
        scaled = context.facts is not None and bool(context.facts.optimizer.get("loss_scaled"))
        note = ", and the optimizer, which scales the loss, did not skip the step" if scaled else ""
        return [
            Finding(
                subject=f"layer:{nearest}",
                message=f"The gradients of {len(names)} of {len(counts)} weights ({join(names, 3)}) are NaN or "
                f"infinite, although the loss is {format_number(sample.loss)}{note}. Layer '{nearest}' is nearest to "
                "the loss.",
                evidence={
                    "weights": names[:16],
                    "n_weights": len(names),
                    "n_trainable": len(counts),
                    "loss": sample.loss,
                    "nonfinite_count": float(counts.sum()),
                    "layer": nearest,
                },
                fix=f"# In '{nearest}' or behind it, keep sqrt, log and division away from 0:\n"
                f"keras.ops.sqrt(x + 1e-12)\n# and bound the step:\n{gentler_optimizer(context, 1.0)}",
                picture=LimitPicture(label="weights with NaN or infinite gradients", value=len(names), limit=0),
                curves=(weight_curve(names[-1], "gradient_nonfinite_count"), gradient_norm_curve()),
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
            silent("a NaN loss", lambda: Scenario().train(gradients=bad, loss=math.nan)),
        )
