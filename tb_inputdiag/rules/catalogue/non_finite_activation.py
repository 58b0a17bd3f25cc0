"""The rule `non-finite-activation`."""

from __future__ import annotations

import math

import numpy as np

from tb_inputdiag.numbers import count, whole
from tb_inputdiag.records import LimitPicture, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, fires, pixels, probabilities, silent
from tb_inputdiag.rules.support.curves import layer_curve, loss_curve
from tb_inputdiag.rules.views.context import Context
from tb_inputdiag.rules.views.kernel_rows import lost_before

__all__ = ["NonFiniteActivation"]


class NonFiniteActivation(Rule):
    """A layer outputs NaN or infinities for finite inputs.

    ## What it does
    Counts the NaN and infinite values in the outputs of all layers and names the first layer that has any. It fires
    when they reach the predictions, the gradients or the loss, and the values in front of the layer had a usual size.
    Attention scores of -inf under a mask are fine. Bad data, broken weights and values that grew too large are reported
    by other rules.

    ## Why is this bad?
    The gradients become NaN, and a single update then makes all weights NaN.

    ## Example
    ```python
    keras.layers.Lambda(lambda x: keras.ops.log(x))       # x may be 0 or negative
    ```

    ## What to do
    In the layer that is named, keep the arguments of log, sqrt and division away from 0.

    ## References
    - https://github.com/keras-team/keras/issues/17604
    """

    id = "non-finite-activation"
    severity = Severity.ERROR
    judges = "batch"
    splits = ("train", "validation")
    explains = ("non-finite-gradient", "non-finite-loss", "loss-scale-collapse")
    why = "The gradients become NaN, and after one update all weights are NaN."

    max_before = Threshold(
        1e6,
        "Largest value in front of the layer for which the layer itself is blamed, not values that grew too large.",
        source="float32 overflows at 3e38. One layer does not get there from 1e6, but log and division do.",
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
            return None  # the outputs of broken weights say nothing about the layer
        predictions = any(view.nan_count or view.inf_count for view in context.fed("prediction"))
        gradients = weights is not None and np.nan_to_num(weights.gradient_nonfinite_count).any()
        lost = not math.isfinite(sample.loss)
        # A loss scale that is still too large makes gradients overflow, but not the values in front of the loss.
        if not (predictions or lost or (gradients and not (sample.skipped and sample.loss_scale > 1))):
            return []
        first = int(np.flatnonzero(counts)[0])
        bad_data = any(view.nan_count or view.inf_count for role in ("input", "target") for view in context.fed(role))
        facts = context.facts
        maker = facts.layer(context.layout.layers[first].partition("#")[0]) if facts is not None else None
        # A layer with weights overflows because they have grown. One without weights divides or takes a logarithm.
        grown = maker is not None and maker.n_params > 0
        if lost and (bad_data or grown or (first and not table.max_abs[first - 1] < self.max_before)):
            return []  # bad data, or values that had grown too large before: other rules report those
        rows = np.flatnonzero(counts)
        names = [context.layout.layers[row] for row in rows]
        name = names[0].partition("#")[0]
        before = f"layer '{context.layout.layers[rows[0] - 1]}'" if rows[0] else "the input"
        n = int(counts[rows[0]])
        return [
            Finding(
                subject=f"layer:{name}",
                message=f"{count(n, 'output')} of layer '{name}' {'is' if n == 1 else 'are'} NaN or infinite, although "
                f"{before} in front of it is finite"
                f"{f' ({whole(len(names) - 1)} of the layers behind it follow)' if len(names) > 1 else ''}.",
                evidence={"nonfinite_count": float(counts[rows[0]]), "layers": names[:16], "loss": sample.loss},
                fix=_fix(name, half=maker is not None and "float16" in maker.dtype_policy.replace("bfloat16", "")),
                picture=LimitPicture(label=f"NaN or infinite outputs of {name}", value=n, limit=0),
                curves=(layer_curve(names[0], "nonfinite_count"), loss_curve()),
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
                "NaN in the gradients",
                lambda: Scenario().train(activations=bad, gradients=lost),
                "layer:conv2d",
                Severity.ERROR,
            ),
            fires(
                "NaN in the predictions",
                lambda: Scenario().train(activations=bad, y_pred=probabilities() * math.nan),
                "layer:conv2d",
            ),
            silent("finite", lambda: Scenario().train()),
            silent("bad data", lambda: Scenario().train(x=pixels() * math.nan, activations=bad, loss=math.nan)),
            silent("scores under a mask", lambda: Scenario().train(activations=bad)),
            fires("a NaN loss", lambda: Scenario().train(activations=made, loss=math.nan), "layer:flatten"),
        )


def _fix(name: str, *, half: bool) -> str:
    bounded = f"# In '{name}', keep the arguments of log, sqrt and division away from 0:\n"
    bounded += "keras.ops.log(keras.ops.maximum(x, 1e-7))"
    if not half:
        return bounded
    layer = name.rpartition("/")[2]
    remedy = f"# float16 ends at 65504. Let '{layer}' compute in float32:\n"
    return f'{remedy}dtype="float32"  # argument of the layer\n{bounded}'
