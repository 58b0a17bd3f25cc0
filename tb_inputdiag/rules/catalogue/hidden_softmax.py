"""The rule `hidden-softmax`."""

from __future__ import annotations

from collections.abc import Iterator

from tb_inputdiag.keras_vocabulary import LINEAR, TRAINING_ONLY
from tb_inputdiag.records import LayerFacts, ModelFacts, Severity, WordsPicture
from tb_inputdiag.rules.base import Finding, Findings, Rule
from tb_inputdiag.rules.examples import CLASSIFIER, REGRESSOR, Example, Scenario, fires, layer, silent
from tb_inputdiag.rules.support.curves import layer_curve
from tb_inputdiag.rules.support.layers import activation_of, after
from tb_inputdiag.rules.views.context import Context

__all__ = ["HiddenSoftmax"]


class HiddenSoftmax(Rule):
    """A hidden layer ends in softmax.

    ## What it does
    Fires on a dense or convolutional layer that ends in softmax if linear layers read its output, and nothing else
    does. Gates and attention multiply something by the softmax, and do not fire.

    ## Why is this bad?
    The outputs of a softmax add up to 1, so its units compete: with 64 units each is about 1/64. The layer behind reads
    little more than one of them, and the gradients on the way back are small.

    ## Example
    ```python
    keras.layers.Dense(64, activation="softmax")      # softmax belongs to the last layer only
    keras.layers.Dense(10, activation="softmax")
    ```

    ## What to do
    Use `relu` or `gelu` in hidden layers.

    ## References
    - Goodfellow, Bengio, Courville: Deep Learning (2016), section 6.2.2.3 "Softmax Units".
    """

    id = "hidden-softmax"
    severity = Severity.INFO
    needs = ("sequential_function", "function_nodes", "producer")
    explains = ("stalled-loss", "unfinished-training", "vanishing-gradient", "constant-output")
    why = "The outputs of a softmax add up to 1, so its units compete and the next layer reads little more than one."

    def on_model(self, context: Context) -> Findings:
        """Judges the activations of the hidden layers."""
        if context.facts is None:
            return None
        return [_finding(item, reader) for item, reader in _softmax_readers(context.facts)]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        first = layer("hidden", "Dense", units=64, activation="softmax")
        dropped = layer("dropout", "Dropout")
        gate = (
            layer("gate", "Dense", units=8, activation="softmax"),
            layer("multiply", "Multiply", inbound=("gate", "experts"), n_params=0),
            REGRESSOR[1],
        )
        return (
            fires("a dense layer", lambda: Scenario((first, *CLASSIFIER[3:])), "layer:hidden", Severity.INFO),
            fires("dropout behind it", lambda: Scenario((first, dropped, *CLASSIFIER[3:])), "layer:hidden"),
            silent("softmax in the last layer", lambda: Scenario(CLASSIFIER)),
            silent("a gate", lambda: Scenario(gate, loss="mse", kind="functional")),
        )


def _softmax_readers(facts: ModelFacts) -> Iterator[tuple[LayerFacts, LayerFacts]]:
    """Yields the linear layers that end in softmax and are read by linear layers only, with the first reader."""
    for item in facts.layers:
        if item.class_name in LINEAR and activation_of(item) == "softmax":
            readers = list(after(facts, item.name))
            while len(readers) == 1 and readers[0].class_name in TRAINING_ONLY:
                readers = list(after(facts, readers[0].name))
            if readers and all(reader.class_name in LINEAR for reader in readers):
                yield item, readers[0]


def _finding(item: LayerFacts, reader: LayerFacts) -> Finding:
    return Finding(
        subject=f"layer:{item.name}",
        message=f"'{item.name}' is a hidden layer that ends in softmax: '{reader.name}' reads it.",
        evidence={
            "activation": "softmax",
            "units": item.config.get("units") or item.config.get("filters"),
            "read_by": reader.name,
        },
        fix=f"activation=\"relu\"  # of '{item.name}'; softmax belongs to the last layer",
        picture=WordsPicture(seen="softmax", expected="relu", seen_label="hidden layer"),
        curves=(layer_curve(item.name),),
    )
