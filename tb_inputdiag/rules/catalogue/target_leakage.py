"""The rule `target-leakage`."""

from __future__ import annotations

import numpy as np

from tb_inputdiag.numbers import percent
from tb_inputdiag.records import DataSummary, DataTensor, LimitPicture, Severity, TensorView
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import BINARY, Example, Scenario, class_ids, columns, fires, silent
from tb_inputdiag.rules.support.near_copies import NearlyCopied, nearly_copied_finding, nearly_copied_table
from tb_inputdiag.rules.support.text import join
from tb_inputdiag.rules.support.whole_data import column_code, column_text, data_curves, part_variable
from tb_inputdiag.rules.views.context import Context

__all__ = ["TargetLeakage"]


class TargetLeakage(Rule):
    """A column of the inputs tells the target alone.

    ## What it does
    Compares every column of a table with the target, in `check_data`. With classes, it predicts each of 4,096 random
    examples by the nearest other example in this one column. With numbers, it takes the rank correlation (Spearman). It
    fires if the column is practically always right.

    In training it looks for a column that is nearly a copy of a target of zeros and ones, multiplied by a number and
    moved, such as an amount that only one of the classes has. This is an INFO, because some columns are that good. It
    makes no such claim about other targets: the last value of a series is often as close to the next one.

    ## Why is this bad?
    Such a column is usually made from the target, or known only after it: an id that was given by class, a date of
    cancellation, the target itself. The model learns nothing else, and fails where the column is not known.

    ## Example
    ```python
    x = df.drop(columns=["churned"])       # still has "cancelled_at"
    y = df["churned"]
    ```

    ## What to do
    Ask whether the column is known when the prediction is made. If not, drop it. If rows are sorted by class, drop
    their number.

    ## References
    - Kaufman et al.: Leakage in data mining (2012).
    """

    id = "target-leakage"
    severity = Severity.WARNING
    explains = ("overfitting",)
    needs = ("own_trainable_variables", "function_nodes", "producer")
    why = "The model learns this column and nothing else. It fails where the column is not known yet."

    min_score = Threshold(
        0.995,
        "Share of the examples of each class that the column tells, from which on the rule fires.",
        source="The best single columns of iris, wine and breast cancer reach 96 %, 81 % and 92 %.",
        high=1.0,
    )
    min_correlation = Threshold(
        0.9999,
        "Magnitude of the rank correlation with a numeric target from which on the rule fires.",
        source="The best column of diabetes and of California housing reaches 0.58 and 0.68; a unit conversion is 1.",
        high=1.0,
    )
    min_examples = Threshold(
        200, "Examples before the rule judges.", source="In the 150 flowers of iris, one class is told by one column."
    )
    max_residual = Threshold(
        0.02,
        "Largest part of the variance of a target of zeros and ones that the column may leave, in training.",
        source="The best single columns leave 37 % in breast cancer, and 4 % of two classes of iris.",
        high=0.5,
    )

    def start(self) -> None:
        """Forgets the rows that were compared."""
        self._nearly: dict[str, NearlyCopied] = {}

    def on_data(self, context: Context, data: DataSummary) -> Findings:
        """Judges the columns of the training data."""
        if data.part != "train":
            return None
        targets = [tensor for tensor in data.tensors if tensor.role == "target"]
        inputs = [tensor for tensor in data.tensors if tensor.role == "input"]
        several = sum(max(tensor.n_columns, 1) for tensor in inputs) > 1
        if len(targets) != 1 or not several or data.examples < self.min_examples:
            return []
        return [found for tensor in inputs if (found := self._judge(context, data, tensor, targets[0])) is not None]

    def on_sample(self, context: Context) -> Findings:
        """Judges how much of each target of zeros and ones a single column leaves."""
        if context.whole_data or context.split != "train":
            return None
        verdicts = [self._judge_batch(context, view) for view in context.fed("target")]
        return [found for found in verdicts if found is not None]

    def _judge_batch(self, context: Context, target: TensorView) -> Finding | None:
        source = nearly_copied_table(context, target)
        place, rows = target.value("copy_place"), target.value("copy_rows")
        if source is None or not rows > 0:
            return None
        known = self._nearly.get(target.subject)
        if known is None or (known.source, known.place) != (source.name, int(place)):
            known = self._nearly[target.subject] = NearlyCopied(source.name, int(place))
        known.add(rows, target.value("copy_residual"))
        if known.rows < self.min_examples or known.residual > self.max_residual:
            return None
        return nearly_copied_finding(context, target, known, self.max_residual)

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        y = class_ids(3, rows=256)
        x = columns(rows=256)
        leak, hint = x.copy(), x.copy()
        leak[:, 2] = y * 10 + 0.01 * x[:, 2]
        hint[:, 2] = y + x[:, 2]
        flags = class_ids(2, rows=64)

        def run(made: np.ndarray, y: np.ndarray = flags) -> Scenario:
            scenario = Scenario(BINARY, loss="binary_crossentropy")
            for seed in range(8):
                table = columns(rows=64, seed=seed)
                table[:, 2] = made + 0.05 * table[:, 2]
                scenario.train(x=table, y=y)
            return scenario

        scores = columns(rows=64)[:, 0]
        return (
            fires("an amount that one class has", lambda: run(flags * 3.0 - 1), "input:x", Severity.INFO),
            silent("a good column", lambda: run(flags * 0.2)),
            silent("a column close to a numeric target", lambda: run(scores, scores)),
            silent(
                "the target itself", lambda: Scenario().train(x=flags[:, None] * np.ones((64, 4)), y=flags, steps=8)
            ),
            fires("a column made from the class", lambda: Scenario().data(x=leak, y=y), "input:x", Severity.WARNING),
            silent("a column that helps", lambda: Scenario().data(x=hint, y=y)),
            silent("few examples", lambda: Scenario().data(x=leak[:64], y=y[:64])),
            silent("the only column", lambda: Scenario().data(x=leak[:, 2:3], y=y)),
        )

    def _judge(self, context: Context, data: DataSummary, tensor: DataTensor, target: DataTensor) -> Finding | None:
        classes = 0 < target.n_categories <= 128
        limit = self.min_score if classes else self.min_correlation
        with np.errstate(invalid="ignore"):
            telling = np.flatnonzero(tensor.target_score >= limit)
        if not len(telling):
            return None
        score = float(tensor.target_score[telling[0]])
        code = part_variable(data.part, tensor.name, facts=context.facts)
        if tensor.kind == "string":
            what, drop, names = f"'{tensor.name}'", f"del {code}", [tensor.name]
        else:
            what, names = column_text(tensor, int(telling[0])), [tensor.columns[i] for i in telling]
            drop = f"{code} = {_without(code, names, [int(tensor.places[i]) for i in telling])}"
        also = f" So {'does' if len(names) == 2 else 'do'} {join(names[1:])}." if len(names) > 1 else ""
        told = (
            f"alone tells {percent(score)} of the classes of '{target.name}'"
            if classes
            else f"is the target '{target.name}' in another unit or order: their rank correlation is {score:.6g}"
        )
        picture = LimitPicture(
            label=f"how well {what} tells the target alone",
            value=score,
            limit=limit,
            unit="fraction" if classes else "",
        )
        shown = "" if tensor.kind == "string" else f"print({column_code(tensor, int(telling[0]), code)}[:10], y[:10])\n"
        return Finding(
            subject=tensor.subject,
            message=f"{what} {told}.{also}",
            evidence={"columns": names[:16], "score": score, "target": target.name, "expected_below": limit},
            fix=f"{shown}{drop}  # if it is not known when predictions are made",
            picture=picture,
            curves=data_curves(data, tensor.role, tensor.name),
        )


def _without(code: str, names: list[str], places: list[int]) -> str:
    if names[0].isdigit():
        return f"np.delete({code}, {places[:16]}, axis=-1)"
    return f"{code}.drop(columns={names[:16]})"
