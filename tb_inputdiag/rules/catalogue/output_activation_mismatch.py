"""The rule `output-activation-mismatch`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from tb_inputdiag.keras_vocabulary import CLASS_LOSSES, HIDDEN_ACTIVATIONS, PROBABILITY_ACTIVATIONS
from tb_inputdiag.numbers import count, format_number, interval, whole
from tb_inputdiag.records import ExpectedRange, Picture, Severity, WordsPicture
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
from tb_inputdiag.rules.support.curves import named_tensor_curves, tensor_curves
from tb_inputdiag.rules.support.pictures import expected_span, range_picture, span_of
from tb_inputdiag.rules.support.symptoms import SYMPTOMS
from tb_inputdiag.rules.views.context import Context
from tb_inputdiag.rules.views.pairs import Pair, loss_kind, loss_name, loss_of

__all__ = ["OutputActivationMismatch"]


class OutputActivationMismatch(Rule):
    """The last activation does not fit the loss.

    ## What it does
    Compares the activation of each output with its loss. It fires on softmax with `from_logits=True`, no activation
    with `from_logits=False`, softmax over a single unit, ReLU or tanh where probabilities are needed, and sigmoid with
    a categorical loss. It also fires on a categorical loss over a single unit, whatever its activation, and on softmax
    where rows of the targets hold several ones. If the activation is unknown, it checks the predictions themselves.

    ## Why is this bad?
    The loss treats numbers as probabilities that are not, or applies the activation twice. Softmax over one unit is
    always 1: every answer is "yes", although the loss may fall. Categorical cross-entropy divides by the sum over the
    units, so over one unit it compares 1 with 1, and the loss is 0 forever. The outputs of a softmax add up to 1, so
    they cannot answer "yes" to two classes at once.

    ## Example
    ```python
    keras.layers.Dense(10)                                   # no activation
    model.compile(loss="sparse_categorical_crossentropy")    # expects probabilities
    ```

    ## What to do
    Use the activation with `from_logits=False`, or no activation with `from_logits=True`. For a single unit, and for
    several classes per example, use sigmoid and binary cross-entropy. For one class of n, use softmax.

    ## References
    - https://keras.io/api/losses/probabilistic_losses/
    """

    id = "output-activation-mismatch"
    severity = Severity.ERROR
    needs = ("sequential_function", "producer", "operation_inputs")
    explains = (*SYMPTOMS, "target-out-of-range", "label-out-of-range")
    why = "The loss treats numbers as probabilities that are not, so it falls slowly or not at all, or means nothing."

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

    def expected_ranges(self, context: Context) -> Iterable[ExpectedRange]:
        """Returns 0..1 for predictions that the loss reads as probabilities."""
        return [
            ExpectedRange(
                rule=self.id,
                subject=pair.prediction.subject,
                low=0.0,
                high=1.0,
                reason=f"{loss_name(pair.loss)} with from_logits=False expects probabilities.",
            )
            for pair in context.pairs
            if pair.prediction is not None and pair.kind in CLASS_LOSSES and not pair.from_logits
        ]

    def on_sample(self, context: Context) -> Findings:
        """Judges the predictions of outputs with an unknown activation, and labels that do not fit the activation."""
        return [found for pair in context.pairs if (found := _judge_values(context, pair)) is not None]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""

        def run(units: int, activation: str, loss: str, *, from_logits: bool = False) -> Scenario:
            spec = {"name": loss, "from_logits": from_logits, "custom": False}
            return Scenario((layer("dense", "Dense", units=units, activation=activation),), loss=spec)

        def unknown(y_pred: object) -> Scenario:
            return Scenario(output_activations={}).train(y=class_ids(), y_pred=y_pred)

        def labelled(loss: str, labels: int) -> Scenario:
            rows = sum(np.eye(10, dtype=np.float32)[class_ids(rows=16, first=0, seed=1) - i] for i in range(labels))
            return Scenario(loss=loss).train(y=rows, y_pred=probabilities(), steps=2)

        def softmax_over(axis: int) -> Scenario:
            raised = np.exp(columns(rows=16, n=10))
            return Scenario().train(y=class_ids(rows=16), y_pred=raised / raised.sum(axis=axis, keepdims=True))

        sparse, binary = "sparse_categorical_crossentropy", "binary_crossentropy"
        categorical = "categorical_crossentropy"
        return (
            fires("softmax over a single unit", lambda: run(1, "softmax", binary), "prediction:y_pred", Severity.ERROR),
            fires("a categorical loss over one sigmoid", lambda: run(1, "sigmoid", categorical), "prediction:y_pred"),
            fires("several labels through a softmax", lambda: labelled("mse", 2), "prediction:y_pred"),
            fires(
                "several labels in a loss of your own", lambda: labelled("mine", 2), "prediction:y_pred", Severity.INFO
            ),
            fires("a softmax over the batch", lambda: softmax_over(0), "prediction:y_pred", Severity.ERROR),
            silent("a softmax over the classes", lambda: softmax_over(1)),
            silent("one label through a softmax", lambda: labelled("mse", 1)),
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


@dataclass(frozen=True, slots=True)
class _Mismatch:
    what: str
    """Why they do not fit, as a clause."""
    fix: str
    picture: Picture
    severity: Severity | None = None


def _words(seen: str, expected: str) -> WordsPicture:
    return WordsPicture(seen=seen, expected=expected, seen_label="output")


def _static(name: str, activation: str, units: int, loss: Mapping[str, object] | None) -> Finding | None:
    mismatch = _mismatch(activation, units, loss)
    if mismatch is None:
        return None
    over = f" over {count(units, 'unit')}" if units else ""
    ends = f"ends in {activation}" if activation != "linear" else "has no activation"
    return Finding(
        subject=f"prediction:{name}",
        message=f"The output '{name}' {ends}{over}, but {mismatch.what}.",
        evidence={
            "activation": activation,
            "units": units,
            "loss": loss_name(loss),
            "from_logits": bool(loss is not None and loss.get("from_logits")),
        },
        fix=mismatch.fix,
        severity=mismatch.severity,
        picture=mismatch.picture,
        curves=named_tensor_curves("prediction", name),
    )


def _mismatch(activation: str, units: int, loss: Mapping[str, object] | None) -> _Mismatch | None:
    kind, logits = loss_kind(loss), bool(loss is not None and loss.get("from_logits"))
    written, right = loss_name(loss), "sigmoid" if kind == "binary" else "softmax"
    if activation == "softmax" and units == 1:
        return _Mismatch(
            "softmax over a single unit is always 1",
            'keras.layers.Dense(1, activation="sigmoid")\nmodel.compile(..., loss="binary_crossentropy")',
            _words("softmax over 1 unit", "sigmoid over 1 unit"),
        )
    if kind not in CLASS_LOSSES:
        return None
    if kind == "categorical" and units == 1:
        return _Mismatch(
            f"{written} over a single unit is always 0, so nothing is learned",
            'keras.layers.Dense(1, activation="sigmoid")\nmodel.compile(..., loss="binary_crossentropy")',
            _words(f"{written} over 1 unit", "binary_crossentropy over 1 unit"),
        )
    layer_code = f'keras.layers.Dense({units or "n_classes"}, activation="{right}")'
    if logits and activation in PROBABILITY_ACTIVATIONS:
        return _Mismatch(
            f"{written} with from_logits=True applies {activation} a second time",
            f"keras.losses.{CLASS_LOSSES[kind]}(from_logits=False)",
            _words(f"{activation}, from_logits=True", f"{activation}, from_logits=False"),
        )
    if activation in HIDDEN_ACTIVATIONS:
        return _Mismatch(
            f"{written} expects {'logits' if logits else 'probabilities'}",
            layer_code,
            _words(activation, "no activation" if logits else right),
            Severity.WARNING if logits else None,
        )
    if not logits and activation == "linear":
        return _Mismatch(
            f"{written} expects probabilities (from_logits=False)",
            f"keras.losses.{CLASS_LOSSES[kind]}(from_logits=True)\n# or: {layer_code}",
            _words("no activation, from_logits=False", "no activation, from_logits=True"),
        )
    if activation == "sigmoid" and kind != "binary" and units > 1:
        return _Mismatch(
            f"{written} expects probabilities that sum to 1",
            f"{layer_code}  # one class of {units}\n"
            '# or, for several classes at once: sigmoid and loss="binary_crossentropy"',
            _words("sigmoid", "softmax"),
            Severity.WARNING,
        )
    return None


def _seen(pair: Pair) -> _Mismatch | None:
    view = pair.prediction
    if _picks_one_of_several(pair):
        return _Mismatch(
            f"come from a softmax, which picks one class, but the targets name up to "
            f"{whole(pair.target.value('row_sum_max'))} classes per example",
            f'keras.layers.Dense({pair.units}, activation="sigmoid")\nmodel.compile(..., loss="binary_crossentropy")',
            _words("softmax", "sigmoid"),
            Severity.WARNING if pair.kind else Severity.INFO,  # a loss of the user's own may expect such rows
        )
    if view is None or pair.kind not in CLASS_LOSSES or not np.isfinite(view.std) or view.nan_count:
        return None
    low, high = view.value("row_sum_min"), view.value("row_sum_max")
    sums_to_one = abs(low - 1) < 0.01 and abs(high - 1) < 0.01
    if pair.activation == "softmax" and pair.kind != "binary" and not 0.9 < low <= high < 1.1:
        return _Mismatch(
            f"sum to {format_number(low)} to {format_number(high)} over the classes, not to 1: their softmax runs over "
            "another axis",
            "keras.layers.Softmax(axis=-1)",
            _words("softmax over another axis", "softmax over the classes"),
        )
    if pair.activation:
        return None
    if pair.from_logits:
        if not (sums_to_one and view.min >= 0 and pair.kind != "binary" and view.count > 32):
            return None
        return _Mismatch(
            "are probabilities already, but the loss has from_logits=True",
            f"keras.losses.{CLASS_LOSSES[pair.kind]}(from_logits=False)",
            _words("probabilities", "logits"),
        )
    outside = view.min < -1e-3 or view.max > 1 + 1e-3
    if not outside or (sums_to_one and view.min >= 0):
        return None
    return _Mismatch(
        "are not probabilities, but the loss expects them (from_logits=False)",
        f"keras.losses.{CLASS_LOSSES[pair.kind]}(from_logits=True)",
        range_picture(span_of(view), 0.0, 1.0),
    )


def _picks_one_of_several(pair: Pair) -> bool:
    """Whether a softmax answers targets whose rows hold several ones. Categorical losses: `label-loss-mismatch`."""
    view = pair.target
    flags = view.value("whole_fraction") == 1 and 0 <= view.min <= view.max <= 1
    rows = pair.prediction is not None and view.shape == pair.prediction.shape and pair.units > 1
    judged = pair.activation == "softmax" and pair.kind not in {"sparse", "categorical"}
    return judged and flags and rows and view.value("row_sum_max") > 1


def _judge_values(context: Context, pair: Pair) -> Finding | None:
    view, mismatch = pair.prediction, _seen(pair)
    if view is None or mismatch is None:
        return None
    return Finding(
        subject=view.subject,
        message=f"Predictions '{view.name}' ({interval(view.min, view.max)}) {mismatch.what}.",
        evidence={
            "min": view.min,
            "max": view.max,
            "row_sum_min": view.value("row_sum_min"),
            "row_sum_max": view.value("row_sum_max"),
            "loss": str((pair.loss or {}).get("name")),
            "from_logits": pair.from_logits,
        },
        fix=mismatch.fix,
        severity=mismatch.severity,
        picture=mismatch.picture,
        curves=tensor_curves(context, view, expected=expected_span(mismatch.picture)),
    )
