"""The rule `constant-target`."""

from __future__ import annotations

import numpy as np

from tb_inputdiag.numbers import format_number
from tb_inputdiag.records import EpochEnd, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import REGRESSOR, Example, Scenario, class_ids, columns, fires, silent
from tb_inputdiag.rules.support.labels import class_counts_of
from tb_inputdiag.rules.support.symptoms import SYMPTOMS
from tb_inputdiag.rules.support.text import variable
from tb_inputdiag.rules.views.context import Context

__all__ = ["ConstantTarget"]


class ConstantTarget(Rule):
    """The target never changes.

    ## What it does
    Follows every target that one of Keras' own losses reads, and looks at the end of each epoch, or after many
    examples, whether it was ever different. A rare class may be missing in few examples, so these are only noted.

    ## Why is this bad?
    The model learns to answer this one value. The loss falls to zero and the accuracy is 100 %, and nothing is learned.

    ## Example
    ```python
    y = (df["label"] == "Yes").astype(int)        # but the file says "yes": all 0
    ```

    ## What to do
    Look at the labels: `np.unique(y, return_counts=True)`.

    ## References
    - https://developers.google.com/machine-learning/guides/rules-of-ml
    """

    id = "constant-target"
    severity = Severity.WARNING
    explains = (*SYMPTOMS, "single-class-batch", "class-imbalance")
    supersedes = ("class-imbalance", "single-class-batch")
    why = "The model learns to answer this one value: the loss becomes perfect, and nothing is learned."

    min_examples = Threshold(
        256,
        "Examples after which it is noted at the end of an epoch.",
        source="A class of 2 % is missing by chance in 1 of 170 runs.",
    )
    sure_examples = Threshold(
        2048, "Examples after which it is a warning.", source="A class of 0.3 % is missing by chance in 1 of 470 runs."
    )

    def start(self) -> None:
        """Forgets the targets."""
        self._seen: dict[str, tuple[float, float, int, bool]] = {}

    def on_sample(self, context: Context) -> Findings:
        """Takes the targets in; judges at once after many examples."""
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
        """Judges what the epoch has shown."""
        return self._judge(context)

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        zeros = columns(0, n=1)

        def run(n: int, steps: int) -> Scenario:
            return Scenario().train(y=class_ids(n), steps=steps).epoch_end(loss=0.1)

        return (
            fires("all of class 0", lambda: run(1, 20), "target:y", Severity.WARNING),
            fires("all 0", lambda: Scenario(REGRESSOR, loss="mse").train(x=columns(), y=zeros, steps=70), "target:y"),
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
            # Of many classes one being alone is no chance; a rare event among two may be.
            rare = classes and max(units.values(), default=2) <= 2 and examples < self.sure_examples
            name = variable(target, "target", context.facts)
            what = f"of class {format_number(low)}" if classes else format_number(low)
            found.append(
                Finding(
                    subject=f"target:{target}",
                    message=f"All {examples:,} targets '{target}' looked at so far are {what}.",
                    evidence={"value": low, "examples": examples},
                    fix=f"print(np.unique({name}, return_counts=True))",
                    severity=Severity.INFO if rare else None,
                )
            )
        return found
