"""The rule `train-validation-overlap`."""

from __future__ import annotations

from collections import OrderedDict

from tb_inputdiag.numbers import percent, whole
from tb_inputdiag.records import DataSummary, LimitPicture, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, fires, pixels, silent
from tb_inputdiag.rules.support.fingerprints import example_ids_of, examples_are_distinctive
from tb_inputdiag.rules.support.whole_data import are_distinctive, data_curves, is_frame_data, part_variable, part_word
from tb_inputdiag.rules.views.context import Context

__all__ = ["TrainValidationOverlap"]

MAX_KEPT = 4096
"""Fingerprints kept of each split. With 32 bits, 4,096 of each have 0.004 equal pairs by chance."""


class TrainValidationOverlap(Rule):
    """The training data and the validation data share examples.

    ## What it does
    Compares the fingerprints of sampled training and validation examples. It fires when several examples are in both.
    `check_data` compares all examples, also those of test data, and names them.
    It ignores examples that are too short or too simple to differ, such as rows of a few flags.

    ## Why is this bad?
    Validation then measures how well the model remembers: `val_loss` looks good while the model overfits, and the model
    is worse in production.

    ## Example
    ```python
    model.fit(x, y, validation_data=(x[:1000], y[:1000]))
    ```

    ## What to do
    Remove duplicates, and split before anything else. If a patient, user or recording gives several examples, split by
    patient, user or recording.

    ## References
    - Kaufman et al.: Leakage in data mining (2012).
    """

    id = "train-validation-overlap"
    severity = Severity.WARNING
    splits = ("train", "validation")
    resolve_after = 0
    why = "Validation then measures what the model remembers, not what it has learned, so its numbers are too good."

    min_common = Threshold(
        3, "Shared examples from which on the rule fires.", source="One or two may be real duplicates."
    )
    min_fraction = Threshold(
        0.05,
        "Fraction of the sampled validation examples that must be shared.",
        source="Real duplicates are rarer.",
        high=1.0,
    )

    min_data_fraction = Threshold(
        0.01,
        "Fraction of a whole held-out part that must be shared for a WARNING; fewer are an INFO.",
        source="CIFAR-10 and CIFAR-100 share 3.3 % and 10 % of their test images with the training images, near-copies "
        "included (Barz and Denzler 2020).",
        high=1.0,
    )

    def on_data(self, context: Context, data: DataSummary) -> Findings:
        """Judges the examples that a part shares with the training data."""
        overlap = next((item for item in data.overlaps if item.other == "train"), None)
        if data.part == "train" or overlap is None:
            return None
        if overlap.n_examples < self.min_common or not are_distinctive(data):
            return []
        share = overlap.n_examples / max(data.examples, 1)
        part, x = part_word(data.part), part_variable(data.part, "x")
        drop = (
            f"{x} = {x}.drop(index={x}.index[shared])"
            if is_frame_data(data)
            else f"{x} = np.delete({x}, shared, axis=0)"
        )
        first, original = whole(int(overlap.examples[0])), whole(int(overlap.originals[0]))
        return [
            Finding(
                subject="data",
                message=f"{whole(overlap.n_examples)} of {whole(data.examples)} {part} examples ({percent(share)}) are "
                f"also in the training data, e.g. {part} example {first} is training example {original}.",
                evidence={
                    "common": overlap.n_examples,
                    "fraction": share,
                    "examples": overlap.examples[:1000].tolist(),
                    "originals": overlap.originals[:1000].tolist(),
                },
                fix=f"shared = result.{data.part}.overlaps[0].examples  # of check_data\n"
                f"{drop}\n"
                f"y{x[1:]} = np.delete(y{x[1:]}, shared, axis=0)",
                severity=Severity.WARNING if share >= self.min_data_fraction else Severity.INFO,
                picture=LimitPicture(
                    label=f"{part} examples that are in the training data",
                    value=share,
                    limit=self.min_data_fraction if share >= self.min_data_fraction else 0.0,
                    unit="fraction",
                ),
                curves=data_curves(data, "input", "x"),
            )
        ]

    def start(self) -> None:
        """Resets all fingerprints."""
        self._train: OrderedDict[int, None] = OrderedDict()
        self._validation: OrderedDict[int, None] = OrderedDict()
        self._common: set[int] = set()

    def on_sample(self, context: Context) -> Findings:
        """Compares the sample's fingerprints with those of the other split."""
        if not examples_are_distinctive(context) or _evaluates(context):
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
                message=f"{whole(common)} of {whole(seen)} sampled validation examples ({percent(common / seen)}) "
                "are also "
                "in the training data.",
                evidence={"common": common, "validation_seen": seen, "train_seen": len(self._train)},
                fix="from sklearn.model_selection import train_test_split\n"
                "x, x_val, y, y_val = train_test_split(x, y, test_size=0.2)\n"
                "model.fit(x, y, validation_data=(x_val, y_val))",
                picture=LimitPicture(
                    label="validation examples that are in the training data",
                    value=common / seen,
                    limit=self.min_fraction,
                    unit="fraction",
                ),
            )
        ]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        flags = (pixels(shape=(16, 10)) > 0.5) * 1.0
        return (
            fires(
                "the end of the training data, checked as a whole",
                lambda: Scenario().data(x=pixels()).data("validation", x=pixels()[:8]),
                "data",
                Severity.WARNING,
            ),
            silent(
                "other images, checked as a whole",
                lambda: Scenario().data(x=pixels()).data("validation", x=pixels(0.9)),
            ),
            fires(
                "the same images", lambda: Scenario().train(x=pixels()).validate(x=pixels()), "data", Severity.WARNING
            ),
            silent("different images", lambda: Scenario().train(x=pixels()).validate(x=pixels(0.99))),
            silent("rows of flags", lambda: Scenario().train(x=flags).validate(x=flags)),
        )


def _evaluates(context: Context) -> bool:
    """Returns whether `evaluate` is running: whoever evaluates the training data means to."""
    return context.session is not None and context.session.mode == "evaluate"
