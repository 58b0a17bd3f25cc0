"""The rule `train-validation-overlap`."""

from __future__ import annotations

from collections import OrderedDict

from tb_inputdiag.records import Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, fires, pixels, silent
from tb_inputdiag.rules.support.fingerprints import example_ids_of, examples_are_distinctive
from tb_inputdiag.rules.support.text import percent
from tb_inputdiag.rules.views.context import Context

__all__ = ["TrainValidationOverlap"]

MAX_KEPT = 4096
"""Fingerprints kept of either split: with 32 bits, 4,096 against 4,096 agree by chance 0.004 times."""


class TrainValidationOverlap(Rule):
    """The same examples are in the training and in the validation data.

    ## What it does
    Keeps fingerprints of sampled training and validation examples and compares them. It fires when several examples are
    in both, where they are long and varied enough not to be equal by nature.

    ## Why is this bad?
    Validation then measures how well the model remembers: `val_loss` looks good while the model over-fits, and the
    surprise comes in production.

    ## Example
    ```python
    model.fit(x, y, validation_data=(x[:1000], y[:1000]))
    ```

    ## What to do
    Split before anything else, and remove duplicates before splitting; split by patient, user or recording where one of
    them gave several examples.

    ## References
    - Kaufman et al.: Leakage in data mining (2012).
    """

    id = "train-validation-overlap"
    severity = Severity.WARNING
    splits = ("train", "validation")
    resolve_after = 0
    why = "Validation then measures what the model remembers, not what it learned: it looks better than it is."

    min_common = Threshold(3, "Examples that must be in both.", source="One or two may be honest duplicates.")
    min_fraction = Threshold(
        0.05,
        "Part of the validation examples seen that must be in both.",
        source="Honest duplicates are rarer.",
        high=1.0,
    )

    def start(self) -> None:
        """Forgets all fingerprints."""
        self._train: OrderedDict[int, None] = OrderedDict()
        self._validation: OrderedDict[int, None] = OrderedDict()
        self._common: set[int] = set()

    def on_sample(self, context: Context) -> Findings:
        """Compares the sample's fingerprints with those of the other split."""
        if not examples_are_distinctive(context):
            return None
        ids = example_ids_of(context).tolist()
        train = context.split == "train"
        mine, others = (self._train, self._validation) if train else (self._validation, self._train)
        for number in ids:
            mine[number] = None
            if number in others and len(self._common) < MAX_KEPT:
                self._common.add(number)
        while len(mine) > MAX_KEPT:
            mine.popitem(last=False)
        seen = len(self._validation)
        if not seen or len(self._common) < max(self.min_common, self.min_fraction * seen):
            return None
        common = len(self._common)
        return [
            Finding(
                subject="data",
                split="validation",
                message=f"{common} of {seen} validation examples looked at ({percent(common / seen)}) are in the "
                f"training "
                "data too.",
                evidence={"common": common, "validation_seen": seen, "train_seen": len(self._train)},
                fix="from sklearn.model_selection import train_test_split\n"
                "x, x_val, y, y_val = train_test_split(x, y, test_size=0.2)\n"
                "model.fit(x, y, validation_data=(x_val, y_val))",
            )
        ]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        flags = (pixels(shape=(16, 10)) > 0.5) * 1.0
        return (
            fires("the same", lambda: Scenario().train(x=pixels()).validate(x=pixels()), "data", Severity.WARNING),
            silent("others", lambda: Scenario().train(x=pixels()).validate(x=pixels(0.99))),
            silent("rows of flags", lambda: Scenario().train(x=flags).validate(x=flags)),
        )
