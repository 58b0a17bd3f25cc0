"""The rule `constant-target`."""

from __future__ import annotations

import numpy as np

from tb_inputdiag.numbers import format_number, whole
from tb_inputdiag.records import EpochEnd, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import REGRESSOR, Example, Scenario, class_ids, columns, fires, layer, silent
from tb_inputdiag.rules.support.curves import named_tensor_curves
from tb_inputdiag.rules.support.labels import class_counts_of
from tb_inputdiag.rules.support.pictures import single_value_picture
from tb_inputdiag.rules.support.symptoms import SYMPTOMS
from tb_inputdiag.rules.support.text import variable
from tb_inputdiag.rules.views.context import Context

__all__ = ["ConstantTarget"]


class ConstantTarget(Rule):
    """The target never changes.

    ## What it does
    Tracks the range of every target that one of Keras' own losses reads. It fires at the end of an epoch, or after many
    examples, if all values were the same. A rare class may be missing from a few examples, so that case is an INFO. So
    is class 1 if no layer makes the output: it may be the difference of two scores, and the first should win.

    ## Why is this bad?
    The model learns to answer this one value. The loss falls to zero and the accuracy reaches 100 %, but the model has
    learned nothing.

    ## Example
    ```python
    y = (df["label"] == "Yes").astype(int)        # but the file says "yes": all 0
    ```

    ## What to do
    Check the labels: `np.unique(y, return_counts=True)`.

    ## References
    - https://developers.google.com/machine-learning/guides/rules-of-ml
    """

    id = "constant-target"
    severity = Severity.WARNING
    scope = "session"
    explains = (*SYMPTOMS, "single-class-batch", "class-imbalance")
    supersedes = ("class-imbalance", "single-class-batch")
    why = "The model learns to answer this one value. The loss becomes perfect, but the model has learned nothing."

    min_examples = Threshold(
        256,
        "Examples to see before the rule judges at the end of an epoch.",
        source="A class with 2 % of the labels is missing from 256 by chance in 1 of 170 runs.",
    )
    sure_examples = Threshold(
        2048,
        "Examples to see before the rule judges at once, and calls a binary target a WARNING.",
        source="A class with 0.3 % of the labels is missing from 2,048 by chance in 1 of 470 runs.",
    )

    def start(self) -> None:
        """Clears the ranges."""
        self._seen: dict[str, tuple[float, float, int, bool]] = {}

    def on_sample(self, context: Context) -> Findings:
        """Tracks the targets; judges them at once after many examples."""
        facts = context.facts
        for pair in context.pairs:
            view = pair.target
            if not pair.kind or (facts is not None and facts.custom_train_step):
                continue
            counts = class_counts_of(pair)
            classes = counts is not None and pair.kind == "categorical"
            if classes and counts is not None:
                used = np.flatnonzero(counts)
                low, high = (float(used[0]), float(used[-1])) if len(used) else (np.nan, np.nan)
            else:
                low, high = view.min, view.max
            past = self._seen.get(view.name)
            if past is not None:
                low, high = min(low, past[0]), max(high, past[1])
            examples = context.sample.batch_size + (past[2] if past is not None else 0)
            self._seen[view.name] = low, high, examples, pair.kind in {"sparse", "categorical", "binary"}
        if any(n >= self.sure_examples and low == high for low, high, n, _ in self._seen.values()):
            return self._judge(context)
        return None if not any(low != high for low, high, _, _ in self._seen.values()) else []

    def on_epoch_end(self, context: Context, end: EpochEnd) -> Findings:
        """Judges the targets so far."""
        return self._judge(context)

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        zeros = columns(0, n=1)

        def run(n: int, steps: int) -> Scenario:
            return Scenario().train(y=class_ids(n), steps=steps).epoch_end(loss=0.1)

        return (
            fires("every label is class 0", lambda: run(1, 20), "target:y", Severity.WARNING),
            fires(
                "every measured target is 0",
                lambda: Scenario(REGRESSOR, loss="mse").train(x=columns(), y=zeros, steps=70),
                "target:y",
            ),
            fires("the difference of two scores", _ranking, "target:y", Severity.INFO),
            silent("ten classes", lambda: run(10, 20)),
            silent("few examples", lambda: run(1, 5)),
            silent(
                "a custom loss", lambda: Scenario(REGRESSOR, loss="my").train(y=zeros, steps=70).epoch_end(loss=1.0)
            ),
        )

    def _judge(self, context: Context) -> list[Finding]:
        found = []
        units = context.facts.output_units if context.facts is not None else {}
        for target, (low, high, examples, classes) in self._seen.items():
            if low != high or examples < self.min_examples:
                continue
            # With many classes, seeing only one is not chance. With two, the other one may be rare.
            rare = classes and max(units.values(), default=2) <= 2 and examples < self.sure_examples
            name = variable(target, "target", context.facts)
            what = f"class {format_number(low)}" if classes else format_number(low)
            found.append(
                Finding(
                    subject=f"target:{target}",
                    message=f"All {whole(examples)} targets '{target}' sampled so far are {what}.",
                    evidence={"value": low, "examples": examples},
                    fix=f"print(np.unique({name}, return_counts=True))",
                    severity=Severity.INFO if rare or (classes and low == 1 and _is_a_comparison(context)) else None,
                    picture=single_value_picture(target),
                    curves=named_tensor_curves("target", target),
                )
            )
        return found


def _is_a_comparison(context: Context) -> bool:
    """Returns whether the output is one number that no layer with an activation makes, as in pairwise ranking."""
    facts = context.facts
    return facts is not None and not facts.output_activations and all(n == 1 for n in facts.output_units.values())


def _ranking() -> Scenario:
    model = (layer("user", "Embedding", input_dim=50), layer("item", "Embedding", input_dim=90))
    ones, scores = np.ones((64, 1), np.float32), np.linspace(-1, 1, 64, dtype=np.float32)[:, None]
    scenario = Scenario(model, loss="binary_crossentropy", kind="subclassed", output_activations={})
    return scenario.train(y=ones, y_pred=scores, steps=40).epoch_end(loss=0.2)
