"""The rule `target-out-of-range`."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from tb_inputdiag.keras_vocabulary import activation_range
from tb_inputdiag.numbers import format_number, interval, percent
from tb_inputdiag.records import ExpectedRange, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, columns, fires, layer, silent
from tb_inputdiag.rules.support.curves import tensor_curves
from tb_inputdiag.rules.support.pictures import expected_span, range_picture, span_of
from tb_inputdiag.rules.support.scale import image_peak, looks_like_image
from tb_inputdiag.rules.support.single_examples import extreme_examples
from tb_inputdiag.rules.support.symptoms import SYMPTOMS
from tb_inputdiag.rules.support.text import variable
from tb_inputdiag.rules.views.context import Context
from tb_inputdiag.rules.views.pairs import Pair

__all__ = ["TargetOutOfRange"]

_KINDS = frozenset({"regression", "percentage", "logarithmic", "binary", "poisson"})


class TargetOutOfRange(Rule):
    """Targets lie outside the range of the last activation.

    ## What it does
    Compares the targets with the range of the activation that makes the prediction: 0..1 for sigmoid and softmax, -1..1
    for tanh, 0 and above for ReLU. It fires when more than 2 % of the targets lie outside. Up to 10 % is an INFO: the
    model can learn the others.

    ## Why is this bad?
    The model cannot predict these targets, whatever it learns. A sigmoid is driven to its end, where its gradient is 0.
    A ReLU whose targets are negative dies.

    ## Example
    ```python
    keras.layers.Dense(1, activation="sigmoid")       # for house prices
    ```

    ## What to do
    Use no activation on the last layer of a regression, or scale the targets into the range.

    ## References
    - Goodfellow, Bengio, Courville: Deep Learning (2016), section 6.2.2 "Output units".
    """

    id = "target-out-of-range"
    severity = Severity.WARNING
    needs = (
        "sequential_function",
        "producer",
        "operation_inputs",
    )
    persistence = 2
    persistence_examples = 32
    explains = SYMPTOMS
    supersedes = ("unscaled-target",)
    why = "The model cannot predict these targets, whatever it learns: its last activation gets stuck at its end."

    max_outside = Threshold(
        0.02,
        "Fraction of the targets that may lie outside.",
        source="A few outliers among the measurements are not the fault of the model.",
        high=1.0,
    )

    many_outside = Threshold(
        0.1,
        "Fraction of the targets outside from which on it is a WARNING.",
        source="The wrong activation cuts off a large part of the targets: half of standardized ones for ReLU.",
        high=1.0,
    )

    def expected_ranges(self, context: Context) -> Iterable[ExpectedRange]:
        """Returns the range of each prediction's activation for the targets that are compared with it."""
        for pair in context.pairs:
            span = reachable_range(pair)
            if span is not None:
                yield ExpectedRange(
                    rule=self.id,
                    subject=pair.target.subject,
                    low=span[0],
                    high=span[1] if math.isfinite(span[1]) else None,
                    reason=f"{_maker(pair)} gives {_range_text(span)}.",
                )

    def on_sample(self, context: Context) -> Findings:
        """Judges the targets of losses that compare numbers."""
        return [found for pair in context.pairs if (found := self._judge(context, pair)) is not None]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""

        def run(activation: str, scale: float, offset: float) -> Scenario:
            head = (layer("dense", "Dense", units=1, activation=activation),)
            return Scenario(head, loss="mse").train(y=columns(scale, offset, n=1), steps=2)

        return (
            fires("sigmoid for 0..50", lambda: run("sigmoid", 8, 25), "target:y", Severity.WARNING),
            fires("ReLU for z-scored targets", lambda: run("relu", 1, 0), "target:y"),
            fires("1 of 17 out of reach", _one_of_17, "target:y", Severity.INFO),
            silent("linear for 0..50", lambda: run("linear", 8, 25)),
            silent("sigmoid for 0..1", lambda: run("sigmoid", 0.05, 0.5)),
            silent("ReLU for prices", lambda: run("relu", 8, 80)),
        )

    def _judge(self, context: Context, pair: Pair) -> Finding | None:
        span = reachable_range(pair)
        if span is None:
            return None
        view = pair.target
        slack = 1e-3 * (span[1] - span[0] if math.isfinite(span[1]) else 1.0)
        quantiles = view.quantiles
        with np.errstate(invalid="ignore"):
            below, above = quantiles < span[0] - slack, quantiles > span[1] + slack
        outside = float((below | above).mean())
        if outside <= self.max_outside:
            return None
        name = variable(view.name, "target", context.facts)
        picture = range_picture(span_of(view), span[0], span[1] if math.isfinite(span[1]) else None)
        if pair.kind == "binary":
            fix = (
                f"# binary cross-entropy expects 0..1:\n{name} = ({name} - {name}.min()) / ({name}.max() - "
                f"{name}.min())\n"
            )
            fix += 'model.compile(..., loss="mse")  # or for measured targets, with no activation on the last layer'
        else:
            peak = image_peak(view) if looks_like_image(view) else None
            places = pair.prediction is not None and len(pair.prediction.shape) > 2
            fix = f"keras.layers.Dense({pair.units or 1})  # last layer of a regression: no activation"
            if places:
                fix = "activation=None  # in the last layer of a regression"
            if peak and span == (0.0, 1.0):
                fix = f"{name} = {name} / {peak}  # the range of {pair.activation}\n# or: {fix}"
            elif math.isfinite(span[1]):
                fix += f"\n# or scale the targets:\n{_scaled(name, span)}"
        return Finding(
            subject=view.subject,
            message=f"{percent(outside)} of '{view.name}' ({interval(view.min, view.max)}) is out of reach, because "
            f"{_maker(pair)} gives {_range_text(span)}.",
            evidence={
                "min": view.min,
                "max": view.max,
                "expected_low": span[0],
                "expected_high": span[1] if math.isfinite(span[1]) else None,
                "outside_fraction": outside,
                "activation": pair.activation,
            },
            fix=fix,
            picture=picture,
            curves=tensor_curves(context, view, expected=expected_span(picture)),
            severity=None if outside > self.many_outside else Severity.INFO,
            examples=extreme_examples(context, view, *span),
        )


def reachable_range(pair: Pair) -> tuple[float, float] | None:
    """Returns the smallest and largest target that the prediction can reach, or None if it has no ends."""
    if pair.kind not in _KINDS or pair.from_logits:
        return None
    return (0.0, 1.0) if pair.kind == "binary" else activation_range(pair.activation)


def _maker(pair: Pair) -> str:
    return pair.activation or "the output"


def _range_text(span: tuple[float, float]) -> str:
    return interval(*span) if math.isfinite(span[1]) else f"{format_number(span[0])} and above"


def _scaled(name: str, span: tuple[float, float]) -> str:
    """Returns code that brings a target into the range of an activation."""
    unit = f"({name} - {name}.min()) / ({name}.max() - {name}.min())"
    return f"{name} = {unit}" if span[0] == 0 else f"{name} = 2 * {unit} - 1"


def _one_of_17() -> Scenario:
    y = np.linspace(0.1, 0.9, 17)[:, None].astype(np.float32)
    y[5] = 1.4
    head = (layer("dense", "Dense", units=1, activation="sigmoid"),)
    return Scenario(head, loss="mse").train(x=columns(rows=17), y=y, steps=2)
