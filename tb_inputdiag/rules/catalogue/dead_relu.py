"""The rule `dead-relu`."""

from __future__ import annotations

import numpy as np

from tb_inputdiag.numbers import percent
from tb_inputdiag.records import Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, fires, silent
from tb_inputdiag.rules.support.optimizer import gentler_optimizer
from tb_inputdiag.rules.support.text import join
from tb_inputdiag.rules.views.context import Context

__all__ = ["DeadRelu"]


class DeadRelu(Rule):
    """Most units of a ReLU layer are zero for every example.

    ## What it does
    Counts, in layers that end in a ReLU, the units that are zero at every position of every example of a batch. It
    fires when nearly all are, sample after sample. In small batches, where that happens by chance, all of them must
    be.

    ## Why is this bad?
    A unit that is always zero has no gradient and does not come back. When all of a layer are dead, nothing in front of
    it is trained any more.

    ## Example
    ```python
    keras.optimizers.SGD(1.0)           # one large step pushes all biases far below zero
    ```

    ## What to do
    Lower the learning rate, `he_normal` initialization, `leaky_relu`, BatchNormalization in front of the activation.

    ## References
    - Lu et al.: Dying ReLU and initialization (2020).
    """

    id = "dead-relu"
    severity = Severity.WARNING
    persistence = 5
    explains = ("zero-gradient", "vanishing-gradient", "constant-output", "stalled-loss", "unfinished-training")
    why = "A unit that is always zero gets no gradient and does not come back; what lies in front of it learns nothing."

    max_dead = Threshold(
        0.9,
        "Largest part of a layer's units that may be zero throughout a batch.",
        source="Sparse healthy layers reach 0.5.",
        high=1.0,
    )
    min_batch = Threshold(
        16,
        "Examples from which on a part of the units counts; in smaller batches only all of them.",
        source="A unit that answers to 10 % of the examples is silent in 85 % of batches of 1, 19 % of batches of 16.",
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
        name = context.layout.layers[rows[0]].partition("#")[0]
        names = [context.layout.layers[row] for row in rows]
        fraction = float(dead[rows[0]])
        more = f" (also {join(names[1:])})" if len(names) > 1 else ""
        return [
            Finding(
                subject=f"layer:{name}",
                message=f"{percent(fraction)} of the units of '{name}' are 0 for every example of the batch{more}.",
                evidence={"dead_fraction": fraction, "expected_max": self.max_dead, "layers": names[:16]},
                fix=f'{gentler_optimizer(context)}\nactivation="leaky_relu", kernel_initializer="he_normal"',
            )
        ]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""

        def run(fraction: float, **batch: int) -> Scenario:
            return Scenario().train(activations={"conv2d": {"dead_fraction": fraction}}, steps=6, **batch)

        return (
            fires("all dead", lambda: run(1.0), "layer:conv2d", Severity.WARNING),
            silent("half", lambda: run(0.5)),
            silent("a batch of one", lambda: run(0.95, batch_size=1)),
        )
