"""The rule `duplicate-examples`."""

from __future__ import annotations

import numpy as np

from tb_inputdiag.numbers import percent
from tb_inputdiag.records import LimitPicture, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, fires, pixels, silent
from tb_inputdiag.rules.support.fingerprints import example_ids_of, examples_are_distinctive
from tb_inputdiag.rules.views.context import Context

__all__ = ["DuplicateExamples"]


class DuplicateExamples(Rule):
    """Many examples of a batch are copies of each other.

    ## What it does
    Counts equal fingerprints among the first examples of a batch. It fires when more than half are copies in several
    batches in a row. It skips examples that hold so little information that they may be equal by chance.

    ## Why is this bad?
    The gradient comes from fewer examples than the batch has. If copies also end up in the validation set, its metrics
    are too good.

    ## Example
    ```python
    batch = [load(paths[0]) for path in paths]      # loads the first file each time
    ```

    ## What to do
    Count the different examples of a batch: `len(np.unique(x, axis=0))`. To weight a rare class, prefer `class_weight`
    to copies.

    ## References
    - Lee et al.: Deduplicating training data makes language models better (2022).
    """

    id = "duplicate-examples"
    severity = Severity.INFO
    persistence = 5
    why = "The gradient comes from fewer examples than the batch has, and copies may end up in the validation data too."

    max_copies = Threshold(
        0.5,
        "Largest fraction of a batch that may be copies.",
        source="Oversampling a rare class usually copies less than half of a batch.",
        high=1.0,
    )

    def on_sample(self, context: Context) -> Findings:
        """Counts the copies of one batch."""
        ids = example_ids_of(context)
        if len(ids) < 8 or not examples_are_distinctive(context):
            return None
        copies = 1 - len(np.unique(ids)) / len(ids)
        if copies <= self.max_copies:
            return []
        return [
            Finding(
                subject="data",
                message=f"{percent(copies)} of the first {len(ids)} examples of the batch are copies of others in it.",
                evidence={"copies_fraction": copies, "expected_max_copies": self.max_copies, "compared": len(ids)},
                fix="print(len(x), len(np.unique(x, axis=0)))  # how many are different?",
                picture=LimitPicture(
                    label="copies among the examples of a batch", value=copies, limit=self.max_copies, unit="fraction"
                ),
            )
        ]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        one = np.repeat(pixels()[:1], 16, axis=0)
        return (
            fires("one image sixteen times", lambda: Scenario().train(x=one, steps=6), "data", Severity.INFO),
            silent("different images", lambda: Scenario().train(x=pixels(), steps=6)),
            silent("short rows", lambda: Scenario().train(x=np.ones((16, 4)), steps=6)),
        )
