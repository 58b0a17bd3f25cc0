"""The rule `unscaled-target`."""

from __future__ import annotations

import math
from collections.abc import Iterable

from tb_inputdiag.keras_vocabulary import activation_range
from tb_inputdiag.numbers import format_number, interval
from tb_inputdiag.records import ExpectedRange, LimitPicture, Picture, Severity, TensorView
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import REGRESSOR, Example, Scenario, columns, fires, silent
from tb_inputdiag.rules.support.curves import tensor_curves
from tb_inputdiag.rules.support.pictures import expected_span, range_picture, span_of
from tb_inputdiag.rules.support.scale import typical_size
from tb_inputdiag.rules.support.symptoms import SYMPTOMS
from tb_inputdiag.rules.support.text import variable
from tb_inputdiag.rules.views.context import Context
from tb_inputdiag.rules.views.pairs import Pair

__all__ = ["UnscaledTarget"]


class UnscaledTarget(Rule):
    """Regression targets are so large or so small that the model hardly learns them.

    ## What it does
    Compares the size of regression targets with that of the predictions. It fires on targets of 1,000 and more that the
    predictions are far below, and on targets so small that the loss is almost 0 from the start. A model that scales its
    output back to the unit of the targets is fine.

    ## Why is this bad?
    An optimizer such as Adam moves each weight by about the learning rate per step, so a prediction of 200,000 is
    millions of steps away. With plain SGD the gradients explode instead.

    ## Example
    ```python
    model.compile("adam", "mse")
    model.fit(x, prices)              # 50,000 to 900,000
    ```

    ## What to do
    Standardize the targets and undo that on the predictions. Or predict the logarithm of amounts.

    ## References
    - Bishop: Neural Networks for Pattern Recognition (1995), section 8.2.
    """

    id = "unscaled-target"
    severity = Severity.WARNING
    scope = "session"
    persistence = 3
    persistence_examples = 32
    explains = SYMPTOMS
    why = "Predictions start near 0 and move by about the learning rate per step, so such targets are out of reach."

    max_size = Threshold(
        1000.0,
        "Largest typical size of a target that is fine.",
        source="With Adam at 0.001 and 64 hidden units a prediction moves by about 0.1 per step: 10,000 steps to "
        "1,000.",
    )
    min_size = Threshold(
        1e-4,
        "Smallest typical size of a target that is fine.",
        source="A squared error of 1e-8 is lost in float16 and Adam's epsilon.",
    )
    max_ratio = Threshold(
        0.1,
        "Ratio of the size of the predictions to that of the targets from which on the model scales its output.",
        source="An untrained model is off by more than an order of magnitude.",
    )
    wild_size = Threshold(
        20.0,
        "Largest typical size of a target that is fine if the loss has grown tenfold since the first step.",
        source="Gradients of a squared error grow with the target. Above 20, SGD diverges at its usual rates.",
    )

    def start(self) -> None:
        """Resets the first loss."""
        self._first = math.nan

    def expected_ranges(self, context: Context) -> Iterable[ExpectedRange]:
        """Returns the largest size of regression targets, unless the last activation has a range of its own."""
        for pair in context.pairs:
            if pair.kind == "regression" and activation_range(pair.activation) is None:
                yield ExpectedRange(
                    rule=self.id,
                    subject=pair.target.subject,
                    low=-self.max_size,
                    high=self.max_size,
                    reason=f"The typical size of a regression target should be at most {format_number(self.max_size)}.",
                )

    def on_sample(self, context: Context) -> Findings:
        """Judges the targets of regressions."""
        if math.isnan(self._first):
            self._first = abs(context.sample.loss)
        return [found for pair in context.pairs if (found := self._judge(context, pair)) is not None]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""

        def run(scale: float, offset: float, y_pred: float = 1.0) -> Scenario:
            y = columns(scale, offset, n=1)
            return Scenario(REGRESSOR, loss="mse").train(y=y, y_pred=columns(y_pred, n=1), steps=3)

        return (
            fires("prices", lambda: run(1e5, 3e5), "target:y", Severity.WARNING),
            fires("tiny targets", lambda: run(1e-6, 0, 1e-3), "target:y"),
            silent("standardized", lambda: run(1, 0)),
            silent("ages", lambda: run(15, 40)),
            silent("scaled back by the model", lambda: run(1e5, 3e5, 2e5)),
        )

    def _judge(self, context: Context, pair: Pair) -> Finding | None:
        if pair.kind != "regression" or pair.target.nan_count:
            return None
        view = pair.target
        size = typical_size(view)
        predicted = typical_size(pair.prediction) if pair.prediction is not None else 0.0
        loss = context.sample.loss
        wild = context.age < 50 and not abs(loss) <= 10 * self._first and size > self.wild_size
        large = wild or (size > self.max_size and predicted < self.max_ratio * size)
        small = 0 < size < self.min_size and view.std > 0 and max(abs(view.min), abs(view.max)) < self.min_size
        if not (large or small):
            return None
        name = variable(view.name, "target", context.facts)
        fix = (
            f"mean, std = {name}.mean(axis=0), {name}.std(axis=0)\n{name} = ({name} - mean) / std\n"
            "prediction = model.predict(x) * std + mean"
        )
        if view.min > 0 and view.max > 20 * max(view.min, 1e-9):
            fix += f"\n# or for amounts: {name} = np.log({name}); np.exp(model.predict(x))"
        seen = f", while predictions are about {format_number(predicted)}" if pair.prediction is not None else ""
        picture = self._picture(view, size, wild=wild, large=large)
        return Finding(
            subject=view.subject,
            message=f"'{view.name}' ({interval(view.min, view.max)}) is far too {'large' if large else 'small'} for "
            "the loss "
            f"{(pair.loss or {}).get('name')}{seen}.",
            evidence={
                "min": view.min,
                "max": view.max,
                "mean": view.mean,
                "std": view.std,
                "typical_size": size,
                "predicted_size": predicted,
                "expected_max_size": self.max_size,
            },
            fix=fix,
            at_once=wild,
            picture=picture,
            curves=tensor_curves(context, view, expected=expected_span(picture)),
        )

    def _picture(self, view: TensorView, size: float, *, wild: bool, large: bool) -> Picture:
        if not large:
            return LimitPicture(label=f"typical size of {view.name}", value=size, limit=self.min_size, bound="at least")
        limit = min(self.wild_size, self.max_size) if wild else self.max_size
        return range_picture(span_of(view), -limit if view.min < 0 else 0.0, limit)
