"""The rule `per-batch-scaling`."""

from __future__ import annotations

import numpy as np

from tb_inputdiag.numbers import count
from tb_inputdiag.records import F4, Severity, TensorView, WordsPicture
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import REGRESSOR, Example, Scenario, fires, silent
from tb_inputdiag.rules.support.configured import asked
from tb_inputdiag.rules.support.curves import tensor_curves
from tb_inputdiag.rules.support.text import variable
from tb_inputdiag.rules.views.context import Context

__all__ = ["PerBatchScaling"]


class PerBatchScaling(Rule):
    """Each batch of a table was scaled by its own statistics.

    ## What it does
    Looks at the columns of a table in one batch after the other. It fires if, in every batch, each column has exactly
    the mean 0 and the standard deviation 1, or exactly the minimum 0 and the maximum 1 once each. Columns that were
    scaled by the statistics of all examples differ from that in each batch.

    ## Why is this bad?
    The same example gets other values in another batch, and in prediction with a single example there is nothing to
    scale by. What differs between batches, such as a trend, is removed.

    ## Example
    ```python
    def batches():
        for i in range(0, len(x), 32):
            yield scaler.fit_transform(x[i : i + 32]), y[i : i + 32]      # fits anew for each batch
    ```

    ## What to do
    Fit the scaler once, with all training examples, and only call `transform` on batches. Or use a `Normalization`
    layer.

    ## References
    - https://scikit-learn.org/stable/common_pitfalls.html#inconsistent-preprocessing
    - https://keras.io/api/layers/preprocessing_layers/numerical/normalization/
    """

    id = "per-batch-scaling"
    severity = Severity.WARNING
    persistence = 3
    explains = ("train-validation-skew", "overfitting")
    why = "The same example gets other values in another batch, and a single new one cannot be scaled at all."

    max_error = Threshold(
        1e-4,
        "Largest difference from mean 0 and standard deviation 1 in a batch.",
        source="Float32 leaves 1e-6. The mean of 10,000 other examples is still off by 1e-2.",
    )
    min_columns = Threshold(
        3, "Columns that must agree.", source="One column alone may have been made so, as a contrast or a rank.", low=1
    )

    def start(self) -> None:
        """Forgets the last batch."""
        self._before: dict[str, frozenset[int]] = {}

    def on_sample(self, context: Context) -> Findings:
        """Judges the tables of one batch."""
        if asked(context)[1] == 1:
            return None  # the batch is all there is
        return [found for view in context.fed("input") if (found := self._judge(context, view)) is not None]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""

        def table(step: int) -> np.ndarray:
            return np.random.default_rng(step).normal(5, 2, (32, 6))

        def standardized(step: int) -> F4:
            x = table(step)
            return np.asarray((x - x.mean(0)) / x.std(0), np.float32)

        def squeezed(step: int) -> F4:
            x = table(step)
            return np.asarray((x - x.min(0)) / np.ptp(x, axis=0), np.float32)

        def run(x: object) -> Scenario:
            return Scenario(REGRESSOR, loss="mse").train(x=x, steps=5)

        return (
            fires("fit_transform of each batch", lambda: run(standardized), "input:x", Severity.WARNING),
            fires("each batch squeezed to 0..1", lambda: run(squeezed), "input:x"),
            silent("scaled by all examples", lambda: run(lambda step: (table(step) - 5) / 2)),
            silent("the same full batch in each step", lambda: run(standardized(0))),
            silent("flags", lambda: run(lambda step: (table(step) > 5) * 1.0)),
        )

    def _judge(self, context: Context, view: TensorView) -> Finding | None:
        rows = view.shape[0] if len(view.shape) == 2 else 0
        if rows < 4 or len(view.layout.features) < self.min_columns:
            return None
        ids = context.sample.tensors.example_ids
        now = frozenset(ids[ids > 0].tolist())
        before, self._before[view.name] = self._before.get(view.name, frozenset()), now
        how = self._scaled(view, rows)
        if how is None or not before or len(now & before) > len(now) / 2:
            return None
        columns = len(view.layout.features)
        code = variable(view.name, "input", context.facts)
        return Finding(
            subject=view.subject,
            message=f"Each of {count(columns, 'column')} of '{view.name}' has exactly {how} in every batch, so "
            f"each batch of {count(rows, 'example')} was scaled by its own statistics.",
            evidence={
                "rows": rows,
                "columns": columns,
                "largest_mean": float(np.abs(view.feature_mean).max()),
                "largest_std": float(view.feature_std.max()),
            },
            fix=f"scaler.fit({code})  # once, with all training examples\n{code} = scaler.transform({code})",
            picture=WordsPicture(seen="scaled by each batch", expected="scaled by all examples"),
            curves=tensor_curves(context, view),
        )

    def _scaled(self, view: TensorView, rows: int) -> str | None:
        """Returns what all columns have in common, or None."""
        varies = view.feature_std > 0
        if int(varies.sum()) < self.min_columns:
            return None
        mean, std = np.abs(view.feature_mean[varies]), view.feature_std[varies]
        if (mean <= self.max_error).all() and (np.abs(std - 1) <= self.max_error).all():
            return "the mean 0 and the standard deviation 1"
        ends = (view.feature_min[varies] == 0).all() and (np.abs(view.feature_max[varies] - 1) < 1e-6).all()
        # more 0 and 1 than one each: flags, or clipped values
        if ends and view.value("whole_fraction") <= 2.5 / rows:
            return "the minimum 0 and the maximum 1"
        return None
