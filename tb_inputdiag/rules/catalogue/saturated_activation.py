"""The rule `saturated-activation`."""

from __future__ import annotations

import numpy as np

from tb_inputdiag.numbers import percent
from tb_inputdiag.records import LimitPicture, ModelFacts, Severity, Span
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, fires, layer, silent
from tb_inputdiag.rules.support.curves import layer_curve
from tb_inputdiag.rules.support.text import join
from tb_inputdiag.rules.views.context import Context

__all__ = ["SaturatedActivation"]


class SaturatedActivation(Rule):
    """Most outputs of a sigmoid or tanh layer lie at the ends of its range.

    ## What it does
    Counts the outputs of hidden sigmoid and tanh layers that lie in the outer 1 % of the range. It fires when most of
    them do, sample after sample. It ignores the outputs of the model, because training aims at confident answers.

    ## Why is this bad?
    The activation is flat at its ends, so its gradient is nearly 0 and the layers in front of it hardly learn.

    ## Example
    ```python
    keras.layers.Dense(64, activation="tanh")(raw_measurements)         # inputs in the hundreds
    ```

    ## What to do
    Scale the inputs, use smaller initial weights (`glorot_uniform`) or ReLU, or put a BatchNormalization in front of
    the activation.

    ## References
    - Glorot, Bengio: Understanding the difficulty of training deep feedforward neural networks (2010).
    """

    id = "saturated-activation"
    severity = Severity.WARNING
    persistence = 5
    persistence_examples = 32
    needs = (
        "function_nodes",
        "producer",
    )
    explains = ("vanishing-gradient", "zero-gradient", "stalled-loss", "constant-output", "unfinished-training")
    why = "The activation is flat at the ends of its range, so the layers in front of it get almost no gradient."

    max_saturated = Threshold(
        0.65,
        "Largest fraction of the outputs in the outer 1 % of the range that is fine.",
        source="Healthy trained gates and codes reach about 0.5.",
        high=1.0,
    )

    def on_sample(self, context: Context) -> Findings:
        """Judges the hidden layers of one step."""
        table = context.sample.layers
        if table is None:
            return None
        with np.errstate(invalid="ignore"):
            rows = np.flatnonzero(table.saturated_fraction >= self.max_saturated)
        if not len(rows) or not np.isfinite(context.sample.loss):
            return []
        names = context.layout.layers
        outputs = {view.layout.layer for view in context.fed("prediction")} | set(names[-1:]) | _last(context.facts)
        hidden = [row for row in rows if names[row].partition("#")[0] not in outputs]
        if not hidden:
            return []
        row_name = names[hidden[0]]
        name = row_name.partition("#")[0]
        fraction = float(table.saturated_fraction[hidden[0]])
        more = f" (also {join([names[row] for row in hidden[1:]])})" if len(hidden) > 1 else ""
        return [
            Finding(
                subject=f"layer:{name}",
                message=f"{percent(fraction)} of the outputs of layer '{name}' lie at the ends of its activation's "
                "range"
                f"{more}.",
                evidence={"saturated_fraction": fraction, "expected_max": self.max_saturated},
                fix="keras.layers.BatchNormalization()  # in front of the activation\n"
                'activation="relu", kernel_initializer="he_normal"  # or this instead',
                picture=LimitPicture(
                    label=f"outputs of {name} at the ends of the range",
                    value=fraction,
                    limit=self.max_saturated,
                    unit="fraction",
                ),
                curves=(
                    layer_curve(
                        row_name,
                        "saturated_fraction",
                        expected=Span(low=0.0, high=self.max_saturated, label="Expected"),
                    ),
                ),
            )
        ]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        model = (
            layer("dense", "Dense", activation="tanh", units=64),
            layer("dense_1", "Dense", activation="sigmoid", units=1),
        )

        def run(name: str, fraction: float) -> Scenario:
            scenario = Scenario(model, loss="binary_crossentropy")
            return scenario.train(activations={name: {"saturated_fraction": fraction}}, steps=6)

        return (
            fires("a hidden tanh layer", lambda: run("dense", 0.99), "layer:dense", Severity.WARNING),
            silent("a third of the outputs", lambda: run("dense", 0.3)),
            silent("confident answers of the model", lambda: run("dense_1", 0.99)),
            silent("confident answers of one of several outputs", _several),
        )


def _several() -> Scenario:
    model = (
        layer("dense", "Dense", units=64, inbound=("input",)),
        layer("there", "Dense", activation="sigmoid", units=1, inbound=("dense",)),
        layer("box", "Dense", units=4, inbound=("dense",)),
    )
    scenario = Scenario(model, loss="binary_crossentropy", kind="functional")
    return scenario.train(activations={"there": {"saturated_fraction": 0.99}}, steps=6)


def _last(facts: ModelFacts | None) -> set[str]:
    """Returns the layers of a Functional model that no other layer reads: each makes one of its outputs."""
    if facts is None or facts.kind != "functional":
        return set()
    read = {name for item in facts.layers for name in item.inbound}
    return {item.name for item in facts.layers if item.inbound and item.name not in read and not item.parent}
