"""The rule `dead-relu`."""

from __future__ import annotations

import numpy as np

from tb_inputdiag.numbers import percent
from tb_inputdiag.records import LimitPicture, Severity, Span
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, fires, silent
from tb_inputdiag.rules.support.curves import layer_curve
from tb_inputdiag.rules.support.optimizer import gentler_optimizer
from tb_inputdiag.rules.support.text import join
from tb_inputdiag.rules.views.context import Context

__all__ = ["DeadRelu"]


class DeadRelu(Rule):
    """Most units of a ReLU layer are zero for every example.

    ## What it does
    Counts the units of each ReLU layer that are zero at every position of every example of a batch. It fires when
    nearly all units are, in several samples in a row. Units may be zero by chance in a small batch, so there it fires
    only when all units are.

    ## Why is this bad?
    A unit that is always zero gets no gradient and does not recover. When all units of a layer are dead, the layers in
    front of it stop learning.

    ## Example
    ```python
    keras.optimizers.SGD(1.0)           # one large step can push all biases far below zero
    ```

    ## What to do
    Lower the learning rate, initialize with `he_normal`, use `leaky_relu`, or put BatchNormalization in front of the
    activation.

    ## References
    - Lu et al.: Dying ReLU and initialization (2020).
    """

    id = "dead-relu"
    severity = Severity.WARNING
    persistence = 5
    persistence_examples = 32
    explains = ("zero-gradient", "vanishing-gradient", "constant-output", "stalled-loss", "unfinished-training")
    why = "A unit that is always zero gets no gradient and does not recover. Layers in front of it stop learning."

    max_dead = Threshold(
        0.9,
        "Largest fraction of a layer's units that may be zero for every example of a batch.",
        source="In healthy sparse layers the fraction reaches 0.5.",
        high=1.0,
    )
    min_batch = Threshold(
        16,
        "Batch size below which the rule fires only when all units are zero.",
        source="A unit that is active for 10 % of the examples is zero in 90 % of batches of 1, and in 19 % of 16.",
    )

    def on_sample(self, context: Context) -> Findings:
        """Judges the layers of one step."""
        table = context.sample.layers
        if table is None:
            return None
        dead = table.dead_fraction
        limit = self.max_dead if context.sample.batch_size >= self.min_batch else 1.0
        with np.errstate(invalid="ignore"):
            rows = np.flatnonzero(dead >= limit)
        if not len(rows) or not np.isfinite(context.sample.loss):
            return []
        names = [context.layout.layers[row] for row in rows]
        name = names[0].partition("#")[0]
        fraction = float(dead[rows[0]])
        more = f" (also {join(names[1:])})" if len(names) > 1 else ""
        return [
            Finding(
                subject=f"layer:{name}",
                message=f"{percent(fraction)} of the units of '{name}' are 0 for every example of the batch{more}.",
                evidence={"dead_fraction": fraction, "expected_max": limit, "layers": names[:16]},
                fix=f'{gentler_optimizer(context)}\nactivation="leaky_relu", kernel_initializer="he_normal"',
                picture=LimitPicture(
                    label="units that are 0 for every example", value=fraction, limit=limit, unit="fraction"
                ),
                curves=(layer_curve(names[0], "dead_fraction", expected=Span(low=0.0, high=limit)),),
            )
        ]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""

        def run(fraction: float, **batch: int) -> Scenario:
            return Scenario().train(activations={"conv2d": {"dead_fraction": fraction}}, steps=6, **batch)

        return (
            fires("all units dead", lambda: run(1.0), "layer:conv2d", Severity.WARNING),
            silent("half of the units", lambda: run(0.5)),
            silent("a batch of one", lambda: run(0.95, batch_size=1)),
        )
