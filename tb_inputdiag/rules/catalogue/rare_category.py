"""The rule `rare-category`."""

from __future__ import annotations

import numpy as np

from tb_inputdiag.numbers import count, percent, whole
from tb_inputdiag.records import DataSummary, DataTensor, LimitPicture, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, class_ids, columns, fires, silent
from tb_inputdiag.rules.support.text import join
from tb_inputdiag.rules.support.whole_data import data_curves, part_variable, part_word
from tb_inputdiag.rules.views.context import Context

__all__ = ["RareCategory"]


class RareCategory(Rule):
    """A category or class has hardly any training examples.

    ## What it does
    Counts the categories of text columns and the classes of the target over the whole data set, in `check_data`. It
    fires on classes and categories with fewer than five training examples, and on categories of validation and test
    data that the training data lacks. It skips names and ids, where most values are rare.

    ## Why is this bad?
    A model cannot learn from one or two examples, and has no weights for a category that it has never seen: a
    `StringLookup` maps it to the same id as all others that are unknown.

    ## Example
    ```python
    df["city"].value_counts().tail(3)      # Berlin 4031, berlin 2, Bonn 1
    ```

    ## What to do
    Correct spellings, and join what is rare to "other". Split so that each class is in every part:
    `train_test_split(..., stratify=y)`.

    ## References
    - https://scikit-learn.org/stable/modules/cross_validation.html#stratification
    """

    id = "rare-category"
    severity = Severity.INFO
    why = "A model cannot learn from a few examples, and has no weights at all for a category that it has never seen."

    min_examples = Threshold(
        5, "Training examples that a category must have.", source="With fewer, a split leaves some parts without any."
    )
    max_rare = Threshold(
        0.3,
        "Largest fraction of the categories that may be rare for the rule to judge.",
        source="Where more are, the column holds names, ids or free text.",
        high=1.0,
    )
    max_unseen = Threshold(
        0.01,
        "Largest fraction of held-out examples with new categories that is only worth an INFO.",
        source="More than one in a hundred moves the validation metrics.",
        high=1.0,
    )

    def on_data(self, context: Context, data: DataSummary) -> Findings:
        """Judges the categories of one part."""
        counted = [tensor for tensor in data.tensors if tensor.categories]
        if data.part == "train":
            return [found for tensor in counted if (found := self._rare(context, data, tensor)) is not None]
        train = context.data.get("train")
        pairs = [(tensor, train.tensor(tensor.subject)) for tensor in counted] if train is not None else []
        return [
            found
            for tensor, known in pairs
            if known is not None and (found := self._unseen(context, data, tensor, known)) is not None
        ]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        x = columns(rows=400)
        cities = np.asarray((["Berlin", "Bonn", "Kiel", "Ulm"] * 100), object)
        slip, names = cities.copy(), np.asarray([f"name {i}" for i in range(400)], object)
        slip[7] = "berlin"
        new = cities.copy()
        new[:40] = "Jena"
        rare = class_ids(4, rows=400)
        rare[:2] = 9
        return (
            fires("a slip in a name", lambda: Scenario().data(x=x, city=slip), "input:city", Severity.INFO),
            fires("a class with two examples", lambda: Scenario().data(x=x, y=rare), "target:y"),
            fires(
                "categories that training lacks",
                lambda: Scenario().data(x=x, city=cities).data("validation", x=x + 1, city=new),
                "input:city",
                Severity.WARNING,
            ),
            silent("four cities", lambda: Scenario().data(x=x, city=cities).data("validation", x=x + 1, city=cities)),
            silent("names", lambda: Scenario().data(x=x, city=names)),
        )

    def _rare(self, context: Context, data: DataSummary, tensor: DataTensor) -> Finding | None:
        is_class = tensor.role == "target"
        if tensor.n_categories != len(tensor.categories) or (is_class and tensor.n_categories > 128):
            return None  # numbers, or too many to be categories
        rare = {name: n for name, n in tensor.categories.items() if n < self.min_examples}
        if not rare or len(rare) > max(1, self.max_rare * tensor.n_categories):
            return None
        kind = "class" if is_class else "category"
        plural = "classes" if is_class else "categories"
        listed = join([f"'{name}' ({whole(n)})" for name, n in sorted(rare.items(), key=lambda item: item[1])])
        code = part_variable(data.part, tensor.name, tensor.role, context.facts)
        return Finding(
            subject=tensor.subject,
            message=f"{count(len(rare), kind, plural)} of {whole(tensor.n_categories)} in '{tensor.name}' "
            f"{'has' if len(rare) == 1 else 'have'} fewer than {whole(self.min_examples)} training examples: {listed}.",
            evidence={
                "rare": dict(list(rare.items())[:16]),
                "categories": tensor.n_categories,
                "examples": data.examples,
            },
            fix=f"names, counts = np.unique({code}, return_counts=True)\nprint(dict(zip(names, counts)))  # a slip?",
            picture=LimitPicture(
                label=f"examples of the rarest {kind}",
                value=min(rare.values()),
                limit=self.min_examples,
                bound="at least",
            ),
            curves=data_curves(data, tensor.role, tensor.name),
        )

    def _unseen(self, context: Context, data: DataSummary, tensor: DataTensor, train: DataTensor) -> Finding | None:
        if train.n_categories != len(train.categories) or not train.categories:
            return None
        if tensor.role == "target" and train.n_categories > 128:
            return None
        new = {name: n for name, n in tensor.categories.items() if name not in train.categories}
        share = sum(new.values()) / max(data.examples, 1)
        if not new or len(new) > max(1, self.max_rare * train.n_categories):
            return None
        part = part_word(data.part)
        code, other = (part_variable(name, tensor.name, tensor.role, context.facts) for name in ("train", data.part))
        return Finding(
            subject=tensor.subject,
            message=f"{percent(share)} of the {part} examples have a value of '{tensor.name}' that the training data "
            f"lacks: {join([repr(name) for name in new])}.",
            evidence={"new": dict(list(new.items())[:16]), "share": share, "known": train.n_categories},
            fix=f"print(set({other}) - set({code}))  # a slip, or another time span?\n"
            "# and split so that each part has all of them:\n"
            f"x, x_val, y, y_val = train_test_split(x, y, stratify={code})",
            severity=Severity.WARNING if share > self.max_unseen else Severity.INFO,
            picture=LimitPicture(
                label=f"{part} examples of categories that are new", value=share, limit=self.max_unseen, unit="fraction"
            ),
            curves=data_curves(data, tensor.role, tensor.name),
        )
