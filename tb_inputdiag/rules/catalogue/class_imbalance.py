"""The rule `class-imbalance`."""

from __future__ import annotations

import numpy as np

from tb_inputdiag.numbers import percent, whole
from tb_inputdiag.records import F8, DataSummary, DataTensor, EpochEnd, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, class_ids, columns, fires, silent
from tb_inputdiag.rules.support.curves import named_tensor_curves
from tb_inputdiag.rules.support.labels import class_counts_of, has_one_label_each
from tb_inputdiag.rules.support.pictures import sizes_picture
from tb_inputdiag.rules.support.text import variable
from tb_inputdiag.rules.support.whole_data import data_curves
from tb_inputdiag.rules.views.context import Context
from tb_inputdiag.rules.views.pairs import loss_kind

__all__ = ["ClassImbalance"]

_MOST_CLASSES = 128
"""Different whole numbers of a target that are classes rather than amounts."""


class ClassImbalance(Rule):
    """One class makes up nearly all of the examples.

    ## What it does
    Counts the labels of each class in all sampled batches, and judges the counts at the end of each epoch. It fires
    when one class has more than nine labels in ten. It skips labels of pixels and time steps, and runs with sample
    weights.

    ## Why is this bad?
    A model that always answers this class has an accuracy above 90 %. So accuracy says nothing, and training may end
    with such a model.

    ## Example
    ```python
    model.compile(..., metrics=["accuracy"])      # 99 % of the transactions are honest
    ```

    ## What to do
    Use `fit(class_weight=...)`, and a metric that the rare class affects: AUC, precision and recall.

    ## References
    - https://keras.io/examples/structured_data/imbalanced_classification/
    """

    id = "class-imbalance"
    severity = Severity.INFO
    scope = "session"
    explains = ("stalled-loss", "constant-output")
    why = "A model that always answers this class has a high accuracy, and training may end with such a model."

    max_share = Threshold(
        0.9,
        "Largest fraction of the labels that one class may have.",
        source="At nine to one, accuracy begins to mislead.",
        high=1.0,
    )
    min_examples = Threshold(
        500, "Labels to count before the rule judges.", source="The fraction's standard error is then 1.3 %."
    )

    def start(self) -> None:
        """Resets the counts."""
        self._counts: dict[str, F8] = {}
        self._weighted = False

    def on_sample(self, context: Context) -> Findings:
        """Counts the labels of one batch."""
        self._weighted = self._weighted or bool(context.fed("sample_weight"))
        for pair in context.pairs:
            counts = class_counts_of(pair)
            if counts is not None and has_one_label_each(pair):
                past = self._counts.get(pair.target.name)
                same = past is not None and past.shape == counts.shape
                self._counts[pair.target.name] = counts + past if past is not None and same else counts
        return None

    def on_data(self, context: Context, data: DataSummary) -> Findings:
        """Judges the labels of all training examples."""
        if data.part != "train" or any(tensor.role == "sample_weight" for tensor in data.tensors):
            return None
        spec = context.facts.loss if context.facts is not None else None
        if loss_kind(spec) == "regression":
            return []
        found = []
        for tensor in data.tensors:
            total = sum(tensor.categories.values())
            if tensor.role != "target" or total < self.min_examples or not 2 <= tensor.n_categories <= _MOST_CLASSES:
                continue
            (top, most), *_ = tensor.categories.items()
            if most / total > self.max_share:
                found.append(self._of_data(context, data, tensor, top, most / total))
        return found

    def _of_data(self, context: Context, data: DataSummary, tensor: DataTensor, top: str, share: float) -> Finding:
        names, counts = [*tensor.categories], np.asarray([*tensor.categories.values()], np.float64)
        total = float(counts.sum())
        weights = ", ".join(
            f"{name}: {total / (len(counts) * n):.3g}" for name, n in list(tensor.categories.items())[:10]
        )
        return Finding(
            subject=tensor.subject,
            message=f"{percent(share)} of the {whole(total)} labels of '{tensor.name}' are of class {top}.",
            evidence={"share": share, "counts": dict(list(tensor.categories.items())[:16]), "examples": total},
            fix=f"model.fit(x, {variable(tensor.name, 'target', context.facts)}, class_weight={{{weights}}})",
            picture=sizes_picture(
                f"labels of each class (at most {percent(self.max_share)} in one class)", names, counts, marked=[0]
            ),
            curves=data_curves(data, "target", tensor.name),
        )

    def on_epoch_end(self, context: Context, end: EpochEnd) -> Findings:
        """Judges the counts so far."""
        found = []
        for target, counts in self._counts.items():
            total, used = float(counts.sum()), np.flatnonzero(counts)
            share = float(counts.max()) / total if total else 0.0
            if self._weighted or total < self.min_examples or len(used) < 2 or share <= self.max_share:
                continue
            top = int(np.argmax(counts))
            weights = {int(i): round(float(total / (len(used) * counts[i])), 3) for i in used[:10]}
            found.append(
                Finding(
                    subject=f"target:{target}",
                    message=f"{percent(share)} of the {whole(total)} labels of '{target}' sampled so far are of class "
                    f"{top}.",
                    evidence={
                        "share": share,
                        "counts": {str(i): float(counts[i]) for i in used[:16]},
                        "examples": total,
                    },
                    fix=f"model.fit(x, {variable(target, 'target', context.facts)}, class_weight={weights})",
                    picture=sizes_picture(
                        f"labels of each class (at most {percent(self.max_share)} in one class)",
                        used,
                        counts[used],
                        marked=np.flatnonzero(used == top),
                    ),
                    curves=named_tensor_curves("target", target),
                )
            )
        return found

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        rare = class_ids(1, rows=32)
        rare[0] = 1
        many = np.tile(rare, 20)
        return (
            fires(
                "3 % of another class in all of the data",
                lambda: Scenario().data(x=columns(rows=640), y=many),
                "target:y",
                Severity.INFO,
            ),
            fires(
                "3 % of another class",
                lambda: Scenario().train(y=rare, steps=20).epoch_end(loss=0.1),
                "target:y",
                Severity.INFO,
            ),
            silent("balanced classes", lambda: Scenario().train(y=class_ids(rows=32), steps=20).epoch_end(loss=0.1)),
            silent("few examples", lambda: Scenario().train(y=rare, steps=5).epoch_end(loss=0.1)),
        )
