"""The rule `non-finite-target`."""

from __future__ import annotations

import math

from tb_inputdiag.numbers import percent, whole
from tb_inputdiag.records import DataSummary, Failure, LimitPicture, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule
from tb_inputdiag.rules.examples import REGRESSOR, Example, Scenario, columns, fires, silent
from tb_inputdiag.rules.exceptions import findings_for
from tb_inputdiag.rules.support.curves import nonfinite_curves
from tb_inputdiag.rules.support.finite_rows import keep_finite_code
from tb_inputdiag.rules.support.nonfinite_data import nonfinite_findings
from tb_inputdiag.rules.support.single_examples import bad_examples
from tb_inputdiag.rules.support.symptoms import SYMPTOMS
from tb_inputdiag.rules.support.text import join
from tb_inputdiag.rules.views.context import Context

__all__ = ["NonFiniteTarget"]


class NonFiniteTarget(Rule):
    """A target holds NaN or infinities.

    ## What it does
    Counts NaN and infinities in every target of a batch, and names the examples. If the loss is finite nevertheless,
    your own loss function ignores such targets, and the rule stays silent.

    ## Why is this bad?
    One NaN among the targets makes the loss NaN, and then all gradients and weights.

    ## Example
    ```python
    y = np.log(prices)       # -inf for a price of 0
    ```

    ## What to do
    Drop the examples whose target is missing. Use `np.log1p` for values that may be 0.

    ## References
    - https://github.com/keras-team/keras/issues/6921
    """

    id = "non-finite-target"
    severity = Severity.ERROR
    judges = "batch"
    splits = ("train", "validation")
    explains = (*SYMPTOMS, "non-finite-weight")
    why = "One such target makes the loss NaN, and then all gradients and weights: one step destroys the model."

    def on_data(self, context: Context, data: DataSummary) -> Findings:
        """Names all examples of a data set that are not finite."""
        return nonfinite_findings(context, data, "target")

    def on_sample(self, context: Context) -> Findings:
        """Judges every target."""
        table = context.sample.tensors
        if context.whole_data or not (table.nan_count.any() or table.inf_count.any()):
            return None if context.whole_data else []
        found = []
        handled = math.isfinite(context.sample.loss)
        for view in context.fed("target"):
            total = view.nan_count + view.inf_count
            if not total or handled:
                continue
            counts = [f"{whole(n)} {what}" for n, what in ((view.nan_count, "NaN"), (view.inf_count, "infinite")) if n]
            n = len(view.bad_examples)
            which = f", in example{'s' if n > 1 else ''} {join(view.bad_examples, 8)} of the batch" if n else ""
            found.append(
                Finding(
                    subject=view.subject,
                    message=f"'{view.name}' holds {join(counts)} value{'s' if total > 1 else ''} of "
                    f"{whole(view.count)} ({percent(total / max(view.count, 1))}){which}.",
                    evidence={
                        "nan_count": view.nan_count,
                        "inf_count": view.inf_count,
                        "count": view.count,
                        "bad_examples": list(view.bad_examples),
                    },
                    fix=f"{keep_finite_code(context, view, 'target')}  # drops these examples",
                    picture=LimitPicture(label=f"NaN or infinite values of {view.name}", value=total, limit=0),
                    curves=nonfinite_curves(context, view),
                    examples=bad_examples(context, view),
                )
            )
        return found

    def on_failure(self, context: Context, failure: Failure) -> Findings:
        """Reads PyTorch's exceptions about targets that are NaN."""
        return findings_for(self.id, context, failure)

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        y = columns(n=1)
        y[3] = math.nan

        def run() -> Scenario:
            return Scenario(REGRESSOR, loss="mse")

        return (
            fires("a missing target", lambda: run().train(y=y, loss=math.nan), "target:y", Severity.ERROR),
            fires("in a whole data set", lambda: run().data(x=columns(), y=y), "target:y", Severity.ERROR),
            silent("finite", lambda: run().train(y=columns(n=1))),
            silent("ignored by the loss", lambda: run().train(y=y, loss=0.5)),
        )
