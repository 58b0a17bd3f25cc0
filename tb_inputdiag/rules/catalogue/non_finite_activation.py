"""The rule `non-finite-activation`."""

from __future__ import annotations

import math

import numpy as np

from tb_inputdiag.records import Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, fires, pixels, probabilities, silent
from tb_inputdiag.rules.support.text import join
from tb_inputdiag.rules.views.context import Context
from tb_inputdiag.rules.views.kernel_rows import lost_before

__all__ = ["NonFiniteActivation"]


class NonFiniteActivation(Rule):
    """A layer gives NaN or infinities for finite inputs.

    ## What it does
    Counts non-finite values in the outputs of all layers, and names the first layer that has them. It fires when
    they reach the predictions, the gradients or the loss, and the numbers in front of the layer were of usual size.
    Scores that are -inf under an attention mask pass. What follows from bad data, lost weights or numbers that grew
    too large is not the layer's fault.

    ## Why is this bad?
    The gradients of such values are NaN, and one update makes all weights NaN.

    ## Example
    ```python
    keras.layers.Lambda(lambda x: keras.ops.log(x))       # of values that may be 0 or negative
    ```

    ## What to do
    Keep arguments of log, sqrt and division away from 0 in the layer that is named.

    ## References
    - https://github.com/keras-team/keras/issues/17604
    """

    id = "non-finite-activation"
    severity = Severity.ERROR
    judges = "batch"
    splits = ("train", "validation")
    explains = ("non-finite-gradient", "non-finite-loss", "loss-scale-collapse")
    why = "Gradients of such values are NaN, and after one update all weights are."

    max_before = Threshold(
        1e6,
        "Largest value in front of the layer for which the layer itself, not growing numbers, is at fault.",
        source="Overflow needs 1e38 in float32; from 1e6 one layer does not get there, while log and division do.",
    )

    def on_sample(self, context: Context) -> Findings:
        """Judges the layers of one step."""
        sample, table = context.sample, context.sample.layers
        if table is None:
            return None
        if not (table.nonfinite_count > 0).any():
            return []
        counts = np.nan_to_num(table.nonfinite_count)
        weights = sample.weights
        if weights is not None and lost_before(weights).any():
            return None  # what comes out of lost weights says nothing about the layer
        predictions = any(view.nan_count or view.inf_count for view in context.fed("prediction"))
        gradients = weights is not None and np.nan_to_num(weights.gradient_nonfinite_count).any()
        lost = not math.isfinite(sample.loss)
        # A loss scale that is still too large makes gradients overflow, but never what comes out in front of the loss.
        if not (predictions or lost or (gradients and not (sample.skipped and sample.loss_scale > 1))):
            return []
        first = int(np.flatnonzero(counts)[0])
        bad_data = any(view.nan_count or view.inf_count for role in ("input", "target") for view in context.fed(role))
        facts = context.facts
        maker = facts.layer(context.layout.layers[first].partition("#")[0]) if facts is not None else None
        # A layer with weights overflows because they have grown; one without divides or takes a logarithm.
        grown = maker is not None and maker.n_params > 0
        if lost and (bad_data or grown or (first and not table.max_abs[first - 1] < self.max_before)):
            return []  # bad data, or numbers that had grown too large before: others say so
        rows = np.flatnonzero(counts)
        names = [context.layout.layers[row] for row in rows]
        name = names[0].partition("#")[0]
        before = repr(context.layout.layers[rows[0] - 1]) if rows[0] else "the input"
        return [
            Finding(
                subject=f"layer:{name}",
                message=f"{int(counts[rows[0]])} outputs of '{name}' are not finite, while those of {before} "
                f"before it "
                f"are{f'; behind it also {join(names[1:], 3)}' if len(names) > 1 else ''}.",
                evidence={"nonfinite_count": float(counts[rows[0]]), "layers": names[:16], "loss": sample.loss},
                fix=_fix(name, half=maker is not None and "float16" in maker.dtype_policy.replace("bfloat16", "")),
            )
        ]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        bad = {"conv2d": {"nonfinite_count": 7.0}}
        made = {"flatten": {"nonfinite_count": 7.0}}
        lost = {"dense/kernel": {"gradient_nonfinite_count": 5.0}}
        return (
            fires(
                "lost gradients",
                lambda: Scenario().train(activations=bad, gradients=lost),
                "layer:conv2d",
                Severity.ERROR,
            ),
            fires(
                "lost predictions",
                lambda: Scenario().train(activations=bad, y_pred=probabilities() * math.nan),
                "layer:conv2d",
            ),
            silent("finite", lambda: Scenario().train()),
            silent("bad data", lambda: Scenario().train(x=pixels() * math.nan, activations=bad, loss=math.nan)),
            silent("scores under a mask", lambda: Scenario().train(activations=bad)),
            fires("a lost loss", lambda: Scenario().train(activations=made, loss=math.nan), "layer:flatten"),
        )


def _fix(name: str, *, half: bool) -> str:
    bounded = f"# In '{name}' keep arguments of log, sqrt and division away from 0:\n"
    bounded += "keras.ops.log(keras.ops.maximum(x, 1e-7))"
    if not half:
        return bounded
    layer = name.rpartition("/")[2]
    remedy = f"# float16 ends at 65504. Let '{layer}' compute in float32:\n"
    return f'{remedy}dtype="float32"  # an argument of the layer\n{bounded}'
