"""The rule `zero-gradient`."""

from __future__ import annotations

import numpy as np

from tb_inputdiag.numbers import format_number
from tb_inputdiag.records import Failure, LimitPicture, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule
from tb_inputdiag.rules.examples import Example, Scenario, fires, silent
from tb_inputdiag.rules.exceptions import findings_for
from tb_inputdiag.rules.support.curves import weight_curve
from tb_inputdiag.rules.support.text import join
from tb_inputdiag.rules.views.context import Context

__all__ = ["ZeroGradient"]


class ZeroGradient(Rule):
    """A layer never gets a gradient.

    ## What it does
    Checks the gradients of all trainable weights. It fires when the gradients of all weights of a layer are exactly 0,
    sample after sample, while the loss is not 0. The loss then does not depend on the layer. It also reads the
    exception that no weight has a gradient.

    ## Why is this bad?
    The layer stays as it was initialized. Either it is not connected to the loss, or an operation in between has no
    gradient.

    ## Example
    ```python
    features = keras.ops.round(self.encoder(x))       # the gradient of round is 0
    ```

    ## What to do
    Behind this layer, look for `argmax`, `round`, `sign`, `cast` to integers, `stop_gradient`, NumPy calls or an output
    without a loss. If the layer is not meant to learn, set `trainable=False`.

    ## References
    - https://www.tensorflow.org/guide/autodiff#getting_a_gradient_of_none
    """

    id = "zero-gradient"
    severity = Severity.WARNING
    persistence = 8
    explains = ("stalled-loss",)
    needs = ("own_trainable_variables",)
    why = "The layer stays as it was initialized: the loss does not depend on it, or an operation has no gradient."

    def on_sample(self, context: Context) -> Findings:
        """Judges the gradients of one step."""
        sample, table, facts = context.sample, context.sample.weights, context.facts
        if (
            table is None
            or sample.skipped
            or not np.isfinite(sample.loss)
            or (facts is not None and facts.custom_train_step)
        ):
            return None
        zero = (table.gradient_zero_fraction == 1) | (table.gradient_norm == 0)
        if not zero.any():
            return []
        layers = context.kernels.layers
        alive = {layers[i] for i in np.flatnonzero(~zero)}
        dead = list(dict.fromkeys(layers[i] for i in np.flatnonzero(zero) if layers[i] not in alive))
        if not dead:
            return []
        if not alive and abs(sample.loss) < 1e-6:
            return None  # a perfect fit
        everything = not alive
        weights = [context.layout.weights[i] for i in np.flatnonzero(zero) if layers[i] in dead]
        who = (
            f"Layer {join([repr(n) for n in dead])} gets"
            if not everything
            else f"All {len(zero)} trainable weights get"
        )
        return [
            Finding(
                subject="model" if everything else f"layer:{dead[0]}",
                message=f"{who} a gradient of 0 in each sample, while the loss is {format_number(sample.loss)}.",
                evidence={"layers": dead[:16], "weights": weights[:16], "loss": sample.loss},
                fix="# Behind it, replace what has no gradient: argmax, round, sign, casts to integers, "
                "stop_gradient.\n"
                f'model.get_layer("{dead[0].rpartition("/")[2]}").trainable = False  # if it is not meant to learn',
                picture=LimitPicture(label="weights whose gradient is 0", value=len(weights), limit=0),
                curves=(weight_curve(weights[0]),),
            )
        ]

    def on_failure(self, context: Context, failure: Failure) -> Findings:
        """Reads the exception about weights without gradients."""
        return findings_for(self.id, context, failure)

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        message = "No gradients provided for any variable."
        nothing = {"gradient_norm": 0.0, "gradient_zero_fraction": 1.0, "gradient_max_abs": 0.0}
        cut = {"conv2d/kernel": nothing, "conv2d/bias": nothing}
        return (
            fires(
                "a layer that is cut off",
                lambda: Scenario().train(gradients=cut, steps=10),
                "layer:conv2d",
                Severity.WARNING,
            ),
            fires("no gradient for any weight", lambda: Scenario().train(gradients={"*": nothing}, steps=10), "model"),
            fires("the exception", lambda: Scenario().fail("ValueError", message), "model", Severity.ERROR),
            silent("a normal run", lambda: Scenario().train(steps=10)),
            silent("a dead bias", lambda: Scenario().train(gradients={"conv2d/bias": nothing}, steps=10)),
            silent("only in some samples", lambda: Scenario().train(gradients=cut, steps=4).train(steps=2)),
        )
