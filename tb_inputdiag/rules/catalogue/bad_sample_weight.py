"""The rule `bad-sample-weight`."""

from __future__ import annotations

import numpy as np

from tb_inputdiag.numbers import format_number
from tb_inputdiag.records import Severity, TensorView
from tb_inputdiag.rules.base import Finding, Findings, Rule
from tb_inputdiag.rules.examples import Example, Scenario, fires, silent
from tb_inputdiag.rules.support.symptoms import SYMPTOMS
from tb_inputdiag.rules.views.context import Context

__all__ = ["BadSampleWeight"]


class BadSampleWeight(Rule):
    """Sample weights are all zero, negative or not finite.

    ## What it does
    Looks at the sample weights of each batch, given as `sample_weight`, made from `class_weight`, or as the third
    item of a data set.

    ## Why is this bad?
    A batch of zeros teaches nothing. A negative weight makes the model worse on that example, without a bound. NaN
    makes the loss NaN.

    ## Example
    ```python
    weight = 1 / counts[y]          # infinite for a class that never occurs
    ```

    ## What to do
    Compute weights as `n / (n_classes * count)`, at least 0, and look at their sum.

    ## References
    - https://keras.io/api/models/model_training_apis/
    """

    id = "bad-sample-weight"
    severity = Severity.WARNING
    splits = ("train", "validation")
    persistence = 2
    explains = SYMPTOMS
    why = "Zero weights teach nothing, negative ones teach the opposite, and one NaN makes the whole loss NaN."

    def on_sample(self, context: Context) -> Findings:
        """Judges every sample weight."""
        return [found for view in context.fed("sample_weight") if (found := self._judge(view)) is not None]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""

        def run(*weights: float) -> Scenario:
            return Scenario().train(sample_weight=np.resize(np.array(weights, np.float32), 16), steps=3)

        return (
            fires("all zero", lambda: run(0.0), "sample_weight:sample_weight", Severity.WARNING),
            fires("negative", lambda: run(1.0, -1.0), "sample_weight:sample_weight"),
            fires("infinite", lambda: run(1.0, np.inf), "sample_weight:sample_weight", Severity.ERROR),
            silent("class weights", lambda: run(0.5, 3.0)),
            silent("a mask", lambda: run(0.0, 1.0)),
        )

    def _judge(self, view: TensorView) -> Finding | None:
        bad = view.nan_count + view.inf_count
        if bad:
            what, severity = f"{bad} of {view.count} are NaN or infinite", Severity.ERROR
            fix = "sample_weight = np.nan_to_num(sample_weight, posinf=0.0)"
        elif view.min < 0:
            what, severity = f"the smallest is {format_number(view.min)}", None
            fix = "sample_weight = sample_weight.clip(0)"
        elif view.max == 0:
            what, severity = f"all {view.count} of the batch are 0", None
            fix = 'sample_weight = sample_weight.astype("float32")  # before any division: integers drop fractions'
        else:
            return None
        return Finding(
            subject=view.subject,
            message=f"Sample weights are unusable: {what}.",
            evidence={"min": view.min, "max": view.max, "nonfinite_count": bad, "expected_low": 0.0},
            fix=fix,
            severity=severity,
            at_once=bool(bad),
        )
