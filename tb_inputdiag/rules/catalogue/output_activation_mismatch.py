"""The rule `output-activation-mismatch`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tb_inputdiag.records import JSON, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule
from tb_inputdiag.rules.examples import (
    Example,
    Scenario,
    class_ids,
    columns,
    fires,
    layer,
    probabilities,
    silent,
)
from tb_inputdiag.rules.support.symptoms import SYMPTOMS
from tb_inputdiag.rules.support.text import number
from tb_inputdiag.rules.views.context import Context
from tb_inputdiag.rules.views.pairs import Pair, loss_kind, loss_name, loss_of

__all__ = ["OutputActivationMismatch"]

_CUT = frozenset(
    {"relu", "relu6", "elu", "leaky_relu", "selu", "gelu", "swish", "silu", "tanh", "softplus", "softsign"}
)
_CLASSES = {
    "sparse": "SparseCategoricalCrossentropy",
    "categorical": "CategoricalCrossentropy",
    "binary": "BinaryCrossentropy",
}
_LOGITS = frozenset({"linear", ""})


class OutputActivationMismatch(Rule):
    """The last activation and the loss do not belong together.

    ## What it does
    Compares the activation of each output with its loss: softmax with `from_logits=True`, no activation with
    `from_logits=False`, softmax over a single unit, ReLU or tanh where probabilities are needed, sigmoid with a
    categorical loss. Where the activation is not known, it looks at the predictions themselves.

    ## Why is this bad?
    The loss takes numbers for probabilities that are none, or squashes them twice. Softmax over one unit is always 1:
    every answer is "yes", although the loss may fall.

    ## Example
    ```python
    keras.layers.Dense(10)                                                   # no activation
    model.compile(loss="sparse_categorical_crossentropy")                    # wants probabilities
    ```

    ## What to do
    Either the activation and `from_logits=False`, or no activation and `from_logits=True`. One unit: sigmoid and binary
    cross-entropy. One class of n: softmax. Several classes at once: sigmoid and binary cross-entropy.

    ## References
    - https://keras.io/api/losses/probabilistic_losses/
    """

    id = "output-activation-mismatch"
    severity = Severity.ERROR
    explains = (*SYMPTOMS, "target-out-of-range", "label-out-of-range")
    why = "The loss takes numbers for probabilities that are none: it falls slowly or not at all, or means nothing."

    def on_model(self, context: Context) -> Findings:
        """Judges the outputs whose activation is known."""
        facts = context.facts
        if facts is None:
            return None
        found = []
        for i, (name, activation) in enumerate(facts.output_activations.items()):
            loss = loss_of(facts, name, i, len(facts.output_activations))
            finding = _static(name, activation, facts.output_units.get(name, 0), loss)
            if finding is not None:
                found.append(finding)
        return found

    def on_sample(self, context: Context) -> Findings:
        """Judges the predictions of outputs whose activation is not known, and labels that give it away."""
        return [found for pair in context.pairs if (found := _seen(pair)) is not None]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""

        def run(units: int, activation: str, loss: str, *, from_logits: bool = False) -> Scenario:
            spec = {"name": loss, "from_logits": from_logits, "custom": False}
            return Scenario((layer("dense", "Dense", units=units, activation=activation),), loss=spec)

        def unknown(y_pred: JSON) -> Scenario:
            return Scenario(output_activations={}).train(y=class_ids(), y_pred=y_pred)

        sparse, binary = "sparse_categorical_crossentropy", "binary_crossentropy"
        return (
            fires("softmax over one unit", lambda: run(1, "softmax", binary), "prediction:y_pred", Severity.ERROR),
            fires("logits without from_logits", lambda: run(10, "linear", sparse), "prediction:y_pred"),
            fires("softmax and from_logits", lambda: run(10, "softmax", sparse, from_logits=True), "prediction:y_pred"),
            fires("ReLU for classes", lambda: run(10, "relu", sparse), "prediction:y_pred"),
            fires("logits of a subclassed model", lambda: unknown(columns(3, n=10, rows=16)), "prediction:y_pred"),
            silent("softmax", lambda: run(10, "softmax", sparse)),
            silent("logits", lambda: run(10, "linear", sparse, from_logits=True)),
            silent("sigmoid", lambda: run(1, "sigmoid", binary)),
            silent("regression", lambda: run(1, "linear", "mse")),
            silent("probabilities of a subclassed model", lambda: unknown(probabilities())),
        )


def _static(name: str, activation: str, units: int, loss: Mapping[str, JSON] | None) -> Finding | None:
    kind, logits = loss_kind(loss), bool(loss is not None and loss.get("from_logits"))
    written = loss_name(loss)
    severity: Severity | None = None
    if activation == "softmax" and units == 1:
        what = "a softmax over a single unit is always 1"
        fix = 'keras.layers.Dense(1, activation="sigmoid")\nmodel.compile(..., loss="binary_crossentropy")'
    elif kind not in _CLASSES:
        return None
    elif logits and activation in {"softmax", "sigmoid"}:
        what = (
            f"{activation} makes probabilities, but {written} with from_logits=True applies {activation} to them again"
        )
        fix = f"keras.losses.{_CLASSES[kind]}(from_logits=False)"
    elif activation in _CUT:
        what = f"{activation} gives no {'logits' if logits else 'probabilities'}, which {written} needs"
        right = "sigmoid" if kind == "binary" else "softmax"
        fix = f'keras.layers.Dense({units or "n_classes"}, activation="{right}")'
        severity = Severity.WARNING if logits else None
    elif not logits and activation == "linear":
        right = "sigmoid" if kind == "binary" else "softmax"
        what = f"it has no activation, but {written} expects probabilities (from_logits=False)"
        fix = f"keras.losses.{_CLASSES[kind]}(from_logits=True)\n"
        fix += f'# or: keras.layers.Dense({units or "n_classes"}, activation="{right}")'
    elif activation == "sigmoid" and kind in {"sparse", "categorical"} and units > 1:
        what = f"sigmoid rates each class by itself, but {written} wants probabilities that sum to 1"
        fix = f'keras.layers.Dense({units}, activation="softmax")  # one class of {units}\n'
        fix += '# or several at once: sigmoid and loss="binary_crossentropy"'
        severity = Severity.WARNING
    else:
        return None
    return Finding(
        subject=f"prediction:{name}",
        message=f"The output '{name}' ends in {activation or 'an unknown activation'} over {units or 'its'} "
        f"unit{'' if units == 1 else 's'}: {what}.",
        evidence={"activation": activation, "units": units, "loss": written, "from_logits": logits},
        fix=fix,
        severity=severity,
    )


def _seen(pair: Pair) -> Finding | None:
    view = pair.prediction
    if view is None or pair.kind not in _CLASSES or not np.isfinite(view.std) or view.nan_count:
        return None
    low, high = view.value("row_sum_min"), view.value("row_sum_max")
    sums_to_one = abs(low - 1) < 0.01 and abs(high - 1) < 0.01
    if pair.activation == "softmax" and pair.kind == "binary" and pair.target.value("row_sum_max") > 1:
        what, severity = "softmax lets one class win, but targets name several classes an example", Severity.WARNING
        fix = f'keras.layers.Dense({pair.units}, activation="sigmoid")'
    elif pair.activation not in {""}:
        return None
    elif pair.from_logits:
        if not (sums_to_one and view.min >= 0 and pair.kind != "binary" and view.count > 32):
            return None
        what, severity = "they are probabilities already, but the loss has from_logits=True", Severity.ERROR
        fix = f"keras.losses.{_CLASSES[pair.kind]}(from_logits=False)"
    else:
        outside = view.min < -1e-3 or view.max > 1 + 1e-3
        if not outside or (sums_to_one and view.min >= 0):
            return None
        what, severity = "they are no probabilities, but the loss expects them (from_logits=False)", Severity.ERROR
        fix = f"keras.losses.{_CLASSES[pair.kind]}(from_logits=True)"
    return Finding(
        subject=view.subject,
        message=f"Predictions '{view.name}' go from {number(view.min)} to {number(view.max)}: {what}.",
        evidence={
            "min": view.min,
            "max": view.max,
            "row_sum_min": low,
            "row_sum_max": high,
            "loss": str((pair.loss or {}).get("name")),
            "from_logits": pair.from_logits,
        },
        fix=fix,
        severity=severity,
    )
