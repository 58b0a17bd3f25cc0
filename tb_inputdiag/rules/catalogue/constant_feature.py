"""The rule `constant-feature`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.keras_vocabulary import LOOKUPS
from tb_inputdiag.numbers import format_number, whole
from tb_inputdiag.records import F8, DataSummary, DataTensor, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import REGRESSOR, Example, Scenario, columns, fires, silent
from tb_inputdiag.rules.support.curves import tensor_curves
from tb_inputdiag.rules.support.pictures import sizes_picture
from tb_inputdiag.rules.support.text import join, variable
from tb_inputdiag.rules.support.whole_data import column_text, data_curves, part_variable
from tb_inputdiag.rules.views.context import Context

__all__ = ["ConstantFeature"]


class ConstantFeature(Rule):
    """A column of a table never changes.

    ## What it does
    Tracks the smallest and largest value of every column of a table. It fires on columns that hold the same number in
    all examples so far. Columns of 0 are skipped: they may be rare flags or the borders of images.

    ## Why is this bad?
    The column holds no information. Often it shows a fault further up: a failed join, a default for missing values, a
    field that was never filled in.

    ## Example
    ```python
    df["temperature"] = df["temperature"].fillna(-999)     # and it is always missing
    ```

    ## What to do
    Drop the column, or find out why it never varies.

    ## References
    - https://scikit-learn.org/stable/modules/feature_selection.html#removing-features-with-low-variance
    """

    id = "constant-feature"
    severity = Severity.INFO
    scope = "session"
    needs = ("own_trainable_variables",)
    why = "A column that never changes holds no information. Often it comes from a failed join or from missing values."

    min_examples = Threshold(
        256,
        "Examples in which the column must be the same.",
        source="A value in 1 % of rows appears in 256 examples with 92 % probability.",
    )

    def start(self) -> None:
        """Clears the ranges."""
        self._seen: dict[str, tuple[F8, F8, int]] = {}

    def on_data(self, context: Context, data: DataSummary) -> Findings:
        """Judges all columns of every table."""
        if data.part != "train":
            return None
        reads_ids = context.facts is not None and any(item.class_name in LOOKUPS for item in context.facts.layers)
        found = []
        for tensor in data.tensors:
            if tensor.role != "input" or tensor.kind != "dense" or len(tensor.shape or ()) != 2:
                continue
            constant = np.flatnonzero((tensor.min == tensor.max) & (tensor.min != 0))
            if data.examples < self.min_examples or not len(constant) or len(constant) == len(tensor.min):
                continue
            if not (reads_ids and tensor.whole):
                found.append(_in_data(context, data, tensor, constant))
        return found

    def on_sample(self, context: Context) -> Findings:
        """Judges the columns of every table over all batches so far."""
        if context.whole_data:
            return None
        found = []
        # Every sequence may begin with the same start token, so token ids are not columns.
        tokens = {n for e in context.entries if e.layout.layer_class in LOOKUPS for n in e.layout.sources or (e.name,)}
        for view in context.fed("input"):
            if view.name in tokens or view.layout.kind != "dense":
                continue
            if len(view.shape) != 2 or not 2 <= view.layout.n_features <= 512 or not view.layout.features:
                continue
            low, high = view.feature_min.astype(np.float64), view.feature_max.astype(np.float64)
            past = self._seen.get(view.name)
            count = view.shape[0]
            if past is not None and past[0].shape == low.shape:
                low, high, count = np.fmin(past[0], low), np.fmax(past[1], high), past[2] + count
            self._seen[view.name] = low, high, count
            constant = np.flatnonzero((low == high) & (low != 0))
            if count < self.min_examples or not len(constant) or len(constant) == len(low):
                continue
            names = [view.layout.features[i] for i in constant]
            more = f" (columns {join(names[1:])} never change either)" if len(names) > 1 else ""
            name = variable(view.name, "input", context.facts)
            found.append(
                Finding(
                    subject=view.subject,
                    message=f"Column {names[0]} of '{view.name}' is {format_number(float(low[constant[0]]))} in all "
                    f"{whole(count)} examples sampled so far{more}.",
                    evidence={"columns": names[:16], "values": low[constant][:16].tolist(), "examples": count},
                    fix=f"{name} = np.delete({name}, {names[:16]}, axis=1)  # or find out why they never vary",
                    picture=sizes_picture(
                        "range of each column (largest minus smallest value)",
                        view.layout.features,
                        high - low,
                        constant,
                    ),
                    curves=tensor_curves(context, view),
                )
            )
        return found

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        failed = columns(rows=300)
        failed[:, 2] = 7
        missing, rare = columns(rows=64), columns(rows=64)
        missing[:, 2] = -999
        rare[:, 2] = 0
        return (
            fires("7 in all of the data", lambda: Scenario(REGRESSOR).data(x=failed), "input:x", Severity.INFO),
            fires("-999 in every row", lambda: Scenario(REGRESSOR).train(x=missing, steps=5), "input:x", Severity.INFO),
            silent("a rare flag", lambda: Scenario(REGRESSOR).train(x=rare, steps=5)),
            silent("few examples", lambda: Scenario(REGRESSOR).train(x=missing, steps=2)),
        )


def _in_data(context: Context, data: DataSummary, tensor: DataTensor, constant: NDArray[np.intp]) -> Finding:
    first, names = int(constant[0]), [tensor.columns[i] for i in constant]
    more = f" (columns {join(names[1:])} never change either)" if len(names) > 1 else ""
    code = part_variable(data.part, tensor.name, facts=context.facts)
    places = [int(tensor.places[i]) for i in constant[:16]]
    drop = f"np.delete({code}, {places}, axis=1)" if names[0].isdigit() else f"{code}.drop(columns={names[:16]})"
    return Finding(
        subject=tensor.subject,
        message=f"{column_text(tensor, first)} is {format_number(float(tensor.min[first]))} in all "
        f"{whole(data.examples)} examples{more}.",
        evidence={"columns": names[:16], "values": tensor.min[constant][:16].tolist(), "examples": data.examples},
        fix=f"{code} = {drop}  # or find out why they never vary",
        picture=sizes_picture(
            "range of each column (largest minus smallest value)", tensor.columns, tensor.max - tensor.min, constant
        ),
        curves=data_curves(data, tensor.role, tensor.name),
    )
