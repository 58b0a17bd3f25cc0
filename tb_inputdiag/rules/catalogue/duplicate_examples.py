"""The rule `duplicate-examples`."""

from __future__ import annotations

import numpy as np

from tb_inputdiag.numbers import percent, whole
from tb_inputdiag.records import DataSummary, LimitPicture, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, fires, pixels, silent
from tb_inputdiag.rules.support.fingerprints import example_ids_of, examples_are_distinctive
from tb_inputdiag.rules.support.whole_data import are_distinctive, data_curves, is_frame_data, part_variable, part_word
from tb_inputdiag.rules.views.context import Context

__all__ = ["DuplicateExamples"]


class DuplicateExamples(Rule):
    """Many examples are copies of each other.

    ## What it does
    Counts equal fingerprints among the first examples of a batch. It fires when more than half are copies in several
    batches in a row. `check_data` compares all examples: there it fires from 1 % on, and names them. It skips examples
    that hold so little information that they may be equal by chance.

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

    max_data_copies = Threshold(
        0.01,
        "Largest fraction of a whole data set that may be copies.",
        source="Of 48,842 rows of Adult, 0.1 % are copies; crawled images have 1 to 3 % (Barz and Denzler 2020).",
        high=1.0,
    )

    def on_data(self, context: Context, data: DataSummary) -> Findings:
        """Counts the copies in a whole part of a data set."""
        share = data.n_copies / max(data.examples, 1)
        if share <= self.max_data_copies or data.n_copies < 3 or not are_distinctive(data):
            return []
        about = "About " if data.compared < 1 else ""
        labels = (
            f" {whole(data.n_relabelled)} of them have another target than the original." if data.n_relabelled else ""
        )
        first = f", e.g. example {whole(int(data.copies[0]))} of {whole(int(data.originals[0]))}"
        return [
            Finding(
                subject="data",
                message=f"{about}{whole(data.n_copies)} of {whole(data.examples)} {part_word(data.part)} examples "
                f"({percent(share)}) are copies of earlier ones{first}.{labels}",
                evidence={
                    "copies": data.n_copies,
                    "copies_fraction": share,
                    "expected_max_copies": self.max_data_copies,
                    "examples": data.copies[:1000].tolist(),
                    "originals": data.originals[:1000].tolist(),
                    "other_target": data.n_relabelled,
                },
                fix=_fix(data),
                picture=LimitPicture(
                    label="copies among the examples", value=share, limit=self.max_data_copies, unit="fraction"
                ),
                curves=data_curves(data, "input", _first_input(data)),
            )
        ]

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
        some = pixels(shape=(100, 8, 8, 1))
        some[90:] = some[:10]
        return (
            fires("a tenth of a data set", lambda: Scenario().data(x=some), "data", Severity.INFO),
            silent("a data set of different images", lambda: Scenario().data(x=some[:90])),
            fires("one image sixteen times", lambda: Scenario().train(x=one, steps=6), "data", Severity.INFO),
            silent("different images", lambda: Scenario().train(x=pixels(), steps=6)),
            silent("short rows", lambda: Scenario().train(x=np.ones((16, 4)), steps=6)),
        )


def _first_input(data: DataSummary) -> str:
    return next((tensor.name for tensor in data.tensors if tensor.role == "input"), "x")


def _fix(data: DataSummary) -> str:
    x = part_variable(data.part, "x")
    y = f"y{x[1:]}"
    if is_frame_data(data):
        return f"keep = ~{x}.duplicated().to_numpy()\n{x}, {y} = {x}[keep], {y}[keep]"
    return f"_, first = np.unique({x}, axis=0, return_index=True)\nfirst.sort()\n{x}, {y} = {x}[first], {y}[first]"
