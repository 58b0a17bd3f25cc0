"""The rule `outlying-value`."""

from __future__ import annotations

import numpy as np

from tb_inputdiag.numbers import format_number, times, whole
from tb_inputdiag.records import DataSummary, DataTensor, RangePicture, Severity, Span
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, columns, fires, silent
from tb_inputdiag.rules.support.text import join
from tb_inputdiag.rules.support.whole_data import column_code, column_text, data_curves, part_variable
from tb_inputdiag.rules.views.context import Context

__all__ = ["OutlyingValue"]


class OutlyingValue(Rule):
    """A few values of a column are far outside of all others.

    ## What it does
    Looks at the smallest and the largest value of every column over the whole data set, in `check_data`. It fires if
    one is ten times as far from the median as all values but the outermost 0.05 % on either side (at least four). It
    names an example that holds it.

    ## Why is this bad?
    One such value decides the mean and the standard deviation that the column is scaled with, and its example dominates
    the gradient of its batch. Usually it is a slip: another unit, a missing decimal point.

    ## Example
    ```python
    df["height_cm"].max()      # 1830: someone typed millimetres
    ```

    ## What to do
    Look at the example. Correct it, drop it, or clip the column: `np.clip(x, low, high)`.

    ## References
    - https://scikit-learn.org/stable/modules/preprocessing.html#scaling-data-with-outliers
    """

    id = "outlying-value"
    severity = Severity.INFO
    why = "It decides how the column is scaled, and its example dominates the gradient of its batch."

    min_distance = Threshold(
        10.0,
        "Distance from the median, in those that nearly all values keep, from which on the rule fires.",
        source="The largest of a million normal values reaches 1.5, of log-normal ones 6, of Student's t with 3 "
        "degrees of freedom 10.",
        low=1.0,
    )
    min_examples = Threshold(1000, "Examples before the rule judges.", source="Of fewer, four are not a small part.")

    def on_data(self, context: Context, data: DataSummary) -> Findings:
        """Judges the extremes of every column."""
        if data.examples < self.min_examples:
            return []
        tensors = [tensor for tensor in data.tensors if tensor.kind == "dense" and tensor.role in ("input", "target")]
        return [found for tensor in tensors if (found := self._judge(context, data, tensor)) is not None]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        slip, heavy = columns(rows=2000), columns(rows=2000)
        slip[77, 3] = 1000.0
        heavy[:, 3] = np.exp(heavy[:, 3])
        return (
            fires("a missing decimal point", lambda: Scenario().data(x=slip), "input:x", Severity.INFO),
            silent("heavy tails", lambda: Scenario().data(x=heavy)),
            silent("few examples", lambda: Scenario().data(x=slip[:500])),
        )

    def _judge(self, context: Context, data: DataSummary, tensor: DataTensor) -> Finding | None:
        quartiles = tensor.quantiles[:, [8, 16, 24]].astype(np.float64)
        middle = quartiles[:, 1]
        above, below = tensor.max - middle, middle - tensor.min
        with np.errstate(all="ignore"):
            distance = np.maximum(above, below) / tensor.tail
        # a column whose middle half is one value has no scale to compare with
        varies = (quartiles[:, 2] > quartiles[:, 0]) & (tensor.tail > 0)
        far = np.flatnonzero(varies & (distance > self.min_distance))
        if not len(far):
            return None
        i = int(far[np.argmax(distance[far])])
        high = bool(above[i] > below[i])
        value = float((tensor.max if high else tensor.min)[i])
        example = int((tensor.max_example if high else tensor.min_example)[i])
        low_end, high_end = float(middle[i] - tensor.tail[i]), float(middle[i] + tensor.tail[i])
        others = [tensor.columns[k] for k in far if k != i]
        more = f" Columns {join(others)} hold such values, too." if others else ""
        code = part_variable(data.part, tensor.name, tensor.role, context.facts)
        column = column_code(tensor, i, code)
        return Finding(
            subject=tensor.subject,
            message=f"{column_text(tensor, i)} is {format_number(value)} in example {whole(example)}, "
            f"{times(float(distance[i]))} times as far from the median ({format_number(float(middle[i]))}) as "
            f"nearly all other values.{more}",
            evidence={
                "value": value,
                "example": example,
                "median": float(middle[i]),
                "usual_distance": float(tensor.tail[i]),
                "columns": [tensor.columns[k] for k in far[:16]],
                "mean": float(tensor.mean[i]),
                "std": float(tensor.std[i]),
            },
            fix=f"print({code}{'.iloc' if not tensor.columns[i].isdigit() else ''}[{example}])  # what is it?\n"
            f"{column} = np.clip({column}, {low_end:.4g}, {high_end:.4g})",
            picture=RangePicture(
                seen=(
                    Span(low=float(tensor.min[i]), high=float(tensor.max[i]), label="All", mark=float(tensor.mean[i])),
                ),
                expected=Span(low=low_end, high=high_end, label="Nearly all", mark=float(middle[i])),
            ),
            curves=data_curves(data, tensor.role, tensor.name),
        )
