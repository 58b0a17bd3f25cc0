"""The rule `unsuitable-metric`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from tb_inputdiag.numbers import format_number, percent
from tb_inputdiag.records import EpochEnd, Severity, WordsPicture
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import REGRESSOR, Example, Scenario, class_ids, columns, fires, probabilities, silent
from tb_inputdiag.rules.support.curves import epoch_curve
from tb_inputdiag.rules.views.context import Context
from tb_inputdiag.rules.views.pairs import Pair, loss_name

__all__ = ["UnsuitableMetric"]


class UnsuitableMetric(Rule):
    """A metric contradicts the loss: it says nothing about what the model is trained for.

    ## What it does
    Compares the names of the metrics in Keras' logs with the loss and the targets. It fires on an accuracy of measured
    numbers, and on a binary accuracy of one-hot rows: Keras
    takes that for `accuracy` if the loss is binary. It judges models with one output.

    ## Why is this bad?
    Accuracy counts exact hits, and a regression never hits a measured number exactly: it stays at 0. Binary accuracy
    counts each unit of a one-hot row: of ten classes nine are 0, so an untrained model has about 90 %.

    ## Example
    ```python
    model.compile(loss="mse", metrics=["accuracy"])       # for house prices
    ```

    ## What to do
    Use `mae` for a regression, and `accuracy` or `categorical_accuracy` for one-hot rows.

    ## References
    - https://keras.io/api/metrics/
    """

    id = "unsuitable-metric"
    severity = Severity.INFO
    needs = ("sequential_function", "producer")
    why = "The number looks good or bad whatever the model learns, so it misleads those who watch it."

    min_fractions = Threshold(
        0.5,
        "Smallest share of the targets that must not be whole numbers for them to count as measured.",
        source="Classes and ratings are whole. Measured numbers are whole only by chance.",
        high=1.0,
    )

    def start(self) -> None:
        """Forgets the pair of the last sample."""
        self._pair: Pair | None = None

    def on_sample(self, context: Context) -> Findings:
        """Keeps the pair of target and prediction."""
        self._pair = context.pairs[0] if len(context.pairs) == 1 else None
        return None

    def on_epoch_end(self, context: Context, end: EpochEnd) -> Findings:
        """Judges the metrics of the epoch."""
        pair = self._pair
        if pair is None:
            return None
        found = _accuracy_of_numbers(pair, end.logs, self.min_fractions) or _accuracy_of_units(pair, end.logs)
        return [found] if found is not None else []

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""

        def run(loss: str, y: NDArray[Any], y_pred: NDArray[Any], **logs: float) -> Scenario:
            scenario = Scenario(REGRESSOR, loss=loss) if loss == "mse" else Scenario(loss=loss)
            return scenario.train(y=y, y_pred=y_pred, steps=3).epoch_end(loss=1.0, **logs)

        rows, y = probabilities().round(), columns(n=1)
        rows[:] = 0
        rows[range(len(rows)), class_ids(rows=len(rows))] = 1
        categorical = "categorical_crossentropy"
        return (
            fires("accuracy of measured numbers", lambda: run("mse", y, y, accuracy=0.0), "training", Severity.INFO),
            fires(
                "binary accuracy of one-hot rows",
                lambda: run(categorical, rows, probabilities(), binary_accuracy=0.9),
                "training",
            ),
            fires(
                "accuracy beside a binary loss of a softmax",
                lambda: run("binary_crossentropy", rows, probabilities(), accuracy=0.9),
                "training",
            ),
            silent("mean absolute error", lambda: run("mse", y, y, mae=0.3)),
            silent("accuracy of 0 and 1", lambda: run("mse", (y > 0) * 1.0, y, accuracy=0.6)),
            silent("accuracy of one-hot rows", lambda: run(categorical, rows, probabilities(), accuracy=0.3)),
        )


_ACCURACIES = ("accuracy", "acc", "binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy")


def _accuracy_of_numbers(pair: Pair, logs: Mapping[str, float], min_fractions: float) -> Finding | None:
    key = next((name for name in _ACCURACIES if name in logs), None)
    fractions = 1 - pair.target.value("whole_fraction")
    if key is None or pair.kind not in {"regression", "percentage", "logarithmic"} or fractions < min_fractions:
        return None
    what = f"'{key}' ({format_number(logs[key])}) counts exact hits, but {percent(fractions)} of '{pair.target.name}' "
    return _finding(pair, key, f"{what}are measured numbers, not classes.", logs[key], "mae", '"mae"')


def _accuracy_of_units(pair: Pair, logs: Mapping[str, float]) -> Finding | None:
    one_hot = pair.target.value("one_hot_fraction")
    # Keras takes binary accuracy for "accuracy" where the loss is binary
    picks_one = pair.kind == "binary" and pair.activation == "softmax"
    key = next((name for name in ("binary_accuracy", *(_ACCURACIES[:2] * picks_one)) if name in logs), None)
    if key is None or pair.units < 3 or not one_hot > 0.99 or (pair.kind == "binary" and not picks_one):
        return None
    share = 1 - 1 / pair.units
    what = f"'{key}' ({format_number(logs[key])}) judges each of {pair.units} units, but the rows are one-hot: "
    what += f"an answer of zeros has {percent(share)}."
    return _finding(pair, key, what, logs[key], "categorical_accuracy", '"categorical_accuracy"')


def _finding(pair: Pair, key: str, message: str, value: float, expected: str, code: str) -> Finding:
    return Finding(
        subject="training",
        message=message,
        evidence={"metric": key, "value": value, "loss": loss_name(pair.loss), "units": pair.units},
        fix=f"model.compile(..., metrics=[{code}])",
        picture=WordsPicture(seen=key, expected=expected, seen_label="metric"),
        curves=(epoch_curve(key, key.replace("_", " ").capitalize()),),
    )
