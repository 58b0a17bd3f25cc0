"""The rule `duplicate-examples`."""

from __future__ import annotations

import numpy as np

from tb_inputdiag.numbers import percent
from tb_inputdiag.records import Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, fires, pixels, silent
from tb_inputdiag.rules.support.fingerprints import example_ids_of, examples_are_distinctive
from tb_inputdiag.rules.views.context import Context

__all__ = ["DuplicateExamples"]


class DuplicateExamples(Rule):
    """Many examples within a batch are equal.

    ## What it does
    Counts equal fingerprints among the examples of a batch, for examples that are long and varied enough not to be
    equal by nature. It fires when more than half are copies, batch after batch.

    ## Why is this bad?
    The gradient of the batch is that of fewer examples than you pay for, and copies that end up in the validation set
    make it too good.

    ## Example
    ```python
    batch = [load(paths[0]) for path in paths]      # loads the first file each time
    ```

    ## What to do
    Look at a batch: `len(np.unique(x, axis=0))`. For oversampling on purpose prefer `class_weight`.

    ## References
    - Lee et al.: Deduplicating training data makes language models better (2022).
    """

    id = "duplicate-examples"
    severity = Severity.INFO
    persistence = 5
    why = "The batch is worth fewer examples than it has, and copies may end up in the validation data too."

    max_copies = Threshold(
        0.5,
        "Part of a batch that may be copies.",
        source="Oversampling of a rare class copies less than half.",
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
