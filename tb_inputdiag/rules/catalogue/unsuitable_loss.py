"""The rule `unsuitable-loss`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from tb_inputdiag.keras_vocabulary import LossKind, activation_range
from tb_inputdiag.numbers import format_number, interval, percent
from tb_inputdiag.records import ExpectedRange, LimitPicture, Picture, Severity, TensorView, WordsPicture
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import REGRESSOR, Example, Scenario, class_ids, columns, fires, layer, silent
from tb_inputdiag.rules.examples import probabilities as rows_of_one
from tb_inputdiag.rules.support.curves import loss_curve, named_tensor_curves, tensor_curves
from tb_inputdiag.rules.support.pictures import expected_span, range_picture, span_of
from tb_inputdiag.rules.support.symptoms import SYMPTOMS
from tb_inputdiag.rules.support.text import variable
from tb_inputdiag.rules.views.context import Context
from tb_inputdiag.rules.views.pairs import Pair, loss_kind, loss_name, loss_of

__all__ = ["UnsuitableLoss"]


class UnsuitableLoss(Rule):
    """The loss is not defined, or not meant, for the values that it compares.

    ## What it does
    Compares targets and predictions with what the compiled loss of Keras needs:

    - hinge: labels of -1 and 1 (or 0 and 1), and outputs that can be negative, so no softmax, sigmoid or ReLU;
      categorical hinge: one-hot rows;
    - Kullback-Leibler divergence: rows that add up to 1, in targets and predictions, so more than one unit;
    - Poisson: targets and predictions of 0 and above;
    - mean squared logarithmic error: targets of 0 and above;
    - mean absolute percentage error: no target of 0;
    - cosine similarity: vectors, so more than one unit, and none that is all zeros.

    ## Why is this bad?
    The loss becomes NaN, huge or negative, or has no gradient where it should have one. It may fall, but not because
    the predictions get better: the divergence of rows that add up to more than 1 falls without end.

    ## Example
    ```python
    model.compile("adam", loss="mean_absolute_percentage_error")
    model.fit(x, sales)            # 0 on Sundays: the error is divided by 0
    ```

    ## What to do
    Change the last activation, or use the loss that is made for such values: cross-entropy for classes, `mae` or
    `huber` for measured targets.

    ## References
    - https://keras.io/api/losses/
    """

    id = "unsuitable-loss"
    severity = Severity.WARNING
    needs = ("sequential_function", "producer", "operation_inputs")
    persistence = 2
    explains = (*SYMPTOMS, "target-out-of-range", "unscaled-target")
    supersedes = ("label-out-of-range", "target-shape-broadcast")
    why = "The loss is not defined, or not meant, for such values, so it is NaN, huge or negative, or teaches nothing."

    max_row_error = Threshold(
        0.05,
        "Largest difference between 1 and the sum of a row that counts as a distribution.",
        source="Sums of 1,000 probabilities in float16 are off by up to about 1 %; a missing softmax by far more.",
        high=1.0,
    )
    max_negative = Threshold(
        0.03125,
        "Fraction of the targets of a logarithmic error that may be negative.",
        source="1/32, the step of the logged quantiles. A few negative readings among counts are noise.",
        high=1.0,
    )

    def on_model(self, context: Context) -> Findings:
        """Judges the last activation and the number of units."""
        facts = context.facts
        if facts is None:
            return None
        n = len(facts.output_units)
        found = []
        for i, (name, units) in enumerate(facts.output_units.items()):
            loss = loss_of(facts, name, i, n)
            finding = _static(name, units, facts.output_activations.get(name, ""), loss)
            if finding is not None:
                found.append(finding)
        return found

    def expected_ranges(self, context: Context) -> Iterable[ExpectedRange]:
        """Returns the values for which the losses are defined."""
        for pair in context.pairs:
            name = loss_name(pair.loss)
            views = {"target": pair.target, "prediction": pair.prediction}
            for role, low, high in _RANGES.get(pair.kind, ()):
                view = views[role]
                if view is not None:
                    reason = f"The loss {name} is defined for {role}s of {interval(low, high)}."
                    yield ExpectedRange(rule=self.id, subject=view.subject, low=low, high=high, reason=reason)

    def on_sample(self, context: Context) -> Findings:
        """Judges the values that the losses compare."""
        return [found for pair in context.pairs for found in self._judge(context, pair)]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        y, positive = columns(n=1), np.abs(columns(n=1)) + 0.5
        ten = (REGRESSOR[0], layer("dense_1", "Dense", units=10, activation="relu"))
        gaps = positive.copy()
        gaps[::5] = 0

        def run(loss: str, y: object, y_pred: object, layers: object = REGRESSOR) -> Scenario:
            return Scenario(layers, loss=loss).train(y=y, y_pred=y_pred, steps=3)  # type: ignore[arg-type]  # made up

        def head(activation: str, loss: str, units: int = 5) -> Scenario:
            return Scenario((layer("dense", "Dense", units=units, activation=activation),), loss=loss)

        signs = np.sign(y)
        rows = rows_of_one()
        return (
            fires("hinge and softmax", lambda: head("softmax", "hinge"), "prediction:y_pred", Severity.WARNING),
            fires("divergence of one unit", lambda: head("sigmoid", "kl_divergence", 1), "prediction:y_pred"),
            fires("cosine of one unit", lambda: head("linear", "cosine_similarity", 1), "prediction:y_pred"),
            fires("hinge and class ids", lambda: run("hinge", class_ids(3, rows=32)[:, None] * 1.0, y), "target:y"),
            fires("the divergence of a ReLU", lambda: run("kl_divergence", rows, 3 * rows, ten), "prediction:y_pred"),
            fires("negative rates", lambda: run("poisson", positive, y), "prediction:y_pred"),
            fires("negative targets of msle", lambda: run("msle", y, positive), "target:y"),
            fires("percentages of zeros", lambda: run("mape", gaps, positive), "target:y"),
            fires("cosines of zeros", lambda: run("cosine_similarity", rows * 0, rows, ten), "target:y"),
            silent("hinge, -1 and 1", lambda: run("hinge", signs, y)),
            silent("hinge and tanh", lambda: head("tanh", "hinge", 1)),
            silent("the divergence of distributions", lambda: run("kl_divergence", rows, rows, ten)),
            silent("counts", lambda: run("poisson", class_ids(5, rows=32)[:, None] * 1.0, positive)),
            silent("percentages of positive targets", lambda: run("mape", positive, y)),
            silent("cosines of vectors", lambda: run("cosine_similarity", columns(), columns(), ten)),
        )

    def _judge(self, context: Context, pair: Pair) -> list[Finding]:
        judge = _JUDGES.get(pair.kind)
        if judge is None or pair.target.nan_count or context.fed("sample_weight"):
            return []  # weights of 0 may leave out the very values that the loss is not made for
        return [_finding(context, pair, view, misfit) for view, misfit in judge(self, pair)]

    def _hinge(self, pair: Pair) -> list[_Seen]:
        view, wide = pair.target, pair.kind == "categorical_hinge"
        low, expected = (0.0, "one-hot rows") if wide else (-1.0, "labels of -1 and 1")
        if low <= view.min <= view.max <= 1:
            return []
        what = f"are {interval(view.min, view.max)}, but {loss_name(pair.loss)} expects {expected}"
        fix = 'keras.layers.Dense(n_classes, activation="softmax")\n'
        fix += 'model.compile(..., loss="sparse_categorical_crossentropy")'
        return [(view, _Misfit(what, fix, range_picture(span_of(view), low, 1.0), Severity.ERROR))]

    def _divergence(self, pair: Pair) -> list[_Seen]:
        found: list[_Seen] = []
        for view in (pair.target, pair.prediction):
            if view is None or not self._is_off(view, targets=view is pair.target):
                continue
            low, high = view.value("row_sum_min"), view.value("row_sum_max")
            what = f"({interval(view.min, view.max)}) have rows that add up to {interval(low, high)}, but "
            what += f"{loss_name(pair.loss)} compares distributions, which add up to 1"
            fix = f'keras.layers.Dense({pair.units}, activation="softmax")  # last layer\n# or: keras.layers.Softmax()'
            if view is pair.target:
                fix = "{y} = {y} / {y}.sum(axis=-1, keepdims=True)"
            worst = max(abs(low - 1), abs(high - 1))
            limit = LimitPicture(label="difference of a row's sum to 1", value=worst, limit=self.max_row_error)
            found.append((view, _Misfit(what, fix, limit)))
        return found

    def _is_off(self, view: TensorView, *, targets: bool) -> bool:
        low, high = view.value("row_sum_min"), view.value("row_sum_max")
        if not (math.isfinite(low) and math.isfinite(high)) or view.nan_count:
            return False
        if high > 1 + self.max_row_error or view.min < -self.max_row_error:
            return True
        # Rows of zeros among the targets are padding: they add nothing to the loss.
        return (high if targets else low) < 1 - self.max_row_error

    def _poisson(self, pair: Pair) -> list[_Seen]:
        found: list[_Seen] = []
        views = (pair.target, pair.prediction)
        for view in [view for view in views if view is not None and view.min < 0]:
            values = f"reach {format_number(view.min)}, but {loss_name(pair.loss)}"
            if view is pair.target:
                what, fix = f"{values} is made for counts of 0 and above", 'model.compile(..., loss="mse")'
            else:
                what, fix = (
                    f"{values} takes their logarithm",
                    f'keras.layers.Dense({pair.units}, activation="exponential")',
                )
            found.append((view, _Misfit(what, fix, range_picture(span_of(view), 0.0), Severity.ERROR)))
        return found

    def _logarithmic(self, pair: Pair) -> list[_Seen]:
        view = pair.target
        below = _fraction_below(view, 0.0)
        if below <= self.max_negative:
            return []
        what = f"are {interval(view.min, view.max)}, and {percent(below)} are negative: "
        what += f"{loss_name(pair.loss)} reads them as 0"
        return [(view, _Misfit(what, 'model.compile(..., loss="mse")', range_picture(span_of(view), 0.0)))]

    def _percentage(self, pair: Pair) -> list[_Seen]:
        view, zeros = pair.target, pair.target.value("zero_fraction")
        if not zeros > 0:
            return []
        what = f"hold {percent(zeros)} zeros, and {loss_name(pair.loss)} divides by them"
        fix = 'model.compile(..., loss="mae")  # or "huber"\n# or a percentage of the whole: error.sum() / {y}.sum()'
        return [(view, _Misfit(what, fix, LimitPicture(label="targets of 0", value=zeros, limit=0.0, unit="fraction")))]

    def _cosine(self, pair: Pair) -> list[_Seen]:
        found: list[_Seen] = []
        for view in (pair.target, pair.prediction):
            zeros = view.value("zero_fraction") if view is not None else 0.0
            if view is None or not _may_have_empty_rows(view):
                continue
            what = f"have rows of zeros ({percent(zeros)} of the values are 0), which have no direction"
            fix = "keep = np.any({y} != 0, axis=-1)\nx, {y} = x[keep], {y}[keep]"
            if view is not pair.target:
                fix = f"keras.layers.Dense({pair.units})  # last layer: no activation"
            limit = LimitPicture(label="values that are 0", value=zeros, limit=0.0, unit="fraction")
            found.append((view, _Misfit(what, fix, limit, None if zeros == 1 else Severity.INFO)))
        return found


def _may_have_empty_rows(view: TensorView) -> bool:
    """Returns whether some rows hold zeros only; of measured numbers of both signs, zeros come in such rows."""
    zeros = view.value("zero_fraction")
    if view.min >= 0:
        return view.value("row_sum_min") == 0
    return zeros > 0.02 and view.layout.role == "target" and view.value("whole_fraction") < zeros + 0.01


@dataclass(frozen=True, slots=True)
class _Misfit:
    what: str
    """What is wrong with the values, as the rest of a sentence that begins with their name."""
    fix: str
    picture: Picture
    severity: Severity | None = None


_Seen = tuple[TensorView, _Misfit]
_JUDGES: Mapping[LossKind, Callable[[UnsuitableLoss, Pair], list[_Seen]]] = {
    "hinge": UnsuitableLoss._hinge,
    "categorical_hinge": UnsuitableLoss._hinge,
    "divergence": UnsuitableLoss._divergence,
    "poisson": UnsuitableLoss._poisson,
    "logarithmic": UnsuitableLoss._logarithmic,
    "percentage": UnsuitableLoss._percentage,
    "cosine": UnsuitableLoss._cosine,
}
_RANGES: Mapping[LossKind, tuple[tuple[str, float, float | None], ...]] = {
    "hinge": (("target", -1.0, 1.0),),
    "categorical_hinge": (("target", 0.0, 1.0),),
    "divergence": (("target", 0.0, 1.0), ("prediction", 0.0, 1.0)),
    "poisson": (("target", 0.0, None), ("prediction", 0.0, None)),
    "logarithmic": (("target", 0.0, None),),
}
"""Kind of loss -> role, smallest and largest value that it is defined for."""


def _static(name: str, units: int, activation: str, loss: Mapping[str, object] | None) -> Finding | None:
    """Judges an output by its facts alone."""
    kind, written = loss_kind(loss), loss_name(loss)
    span = activation_range(activation)
    if kind == "hinge" and span is not None and span[0] >= 0:
        what = f"ends in {activation}, which is never negative, but {written} needs outputs from -1 to 1"
        fix = f"keras.layers.Dense({units or 1})  # last layer: no activation, or tanh"
        fix += '\n# or, for probabilities: loss="binary_crossentropy" or "categorical_crossentropy"'
        words = WordsPicture(seen=activation, expected="no activation, or tanh", seen_label="output")
    elif kind == "divergence" and units == 1:
        what, fix = f"has one unit, but {written} compares distributions over several", _ONE_UNIT
        words = WordsPicture(seen="1 unit", expected="a unit for each outcome", seen_label="output")
    elif kind == "cosine" and units == 1:
        what, fix = f"has one unit, so {written} compares nothing but signs", 'model.compile(..., loss="mse")'
        words = WordsPicture(seen="1 unit", expected="a vector", seen_label="output")
    else:
        return None
    return Finding(
        subject=f"prediction:{name}",
        message=f"The output '{name}' {what}.",
        evidence={"activation": activation, "units": units, "loss": written},
        fix=fix,
        picture=words,
        curves=(*named_tensor_curves("prediction", name), loss_curve()),
        at_once=True,
    )


_ONE_UNIT = 'model.compile(..., loss="binary_crossentropy")  # for a probability'


def _finding(context: Context, pair: Pair, view: TensorView, misfit: _Misfit) -> Finding:
    name = variable(view.name, view.layout.role, context.facts)
    certain = misfit.severity is Severity.ERROR
    return Finding(
        subject=view.subject,
        message=f"The {view.layout.role}s '{view.name}' {misfit.what}.",
        evidence={
            "min": view.min,
            "max": view.max,
            "zero_fraction": view.value("zero_fraction"),
            "row_sum_min": view.value("row_sum_min"),
            "row_sum_max": view.value("row_sum_max"),
            "loss": loss_name(pair.loss),
            "loss_value": context.sample.loss,
        },
        fix=misfit.fix.replace("{y}", name),
        severity=misfit.severity,
        picture=misfit.picture,
        curves=(*tensor_curves(context, view, expected=expected_span(misfit.picture)), loss_curve()),
        at_once=certain,
    )


def _fraction_below(view: TensorView, limit: float) -> float:
    """Returns the fraction of the values below a limit, to 1/32, from the quantiles."""
    quantiles = view.quantiles[np.isfinite(view.quantiles)]
    return float(np.mean(quantiles < limit)) if len(quantiles) else 0.0
