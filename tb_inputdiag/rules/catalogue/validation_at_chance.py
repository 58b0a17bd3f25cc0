"""The rule `validation-at-chance`."""

from __future__ import annotations

import math

from tb_inputdiag.numbers import format_number
from tb_inputdiag.records import EpochEnd, LimitPicture, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, class_ids, fires, silent
from tb_inputdiag.rules.support.constant_answer import ConstantAnswer, Level
from tb_inputdiag.rules.support.curves import epoch_curve, validation_loss_curve
from tb_inputdiag.rules.views.context import Context

__all__ = ["ValidationAtChance"]

_CLASS_LOSSES = ("sparse", "categorical", "binary")


class ValidationAtChance(Rule):
    """The training loss falls, and the validation loss has never been better than guessing.

    ## What it does
    Compares the losses of the epochs with the loss of the best constant answer, which is computed from the training
    targets. It fires if training has got at least half of the way to a perfect answer while no epoch had a validation
    loss, or a validation accuracy, better than a constant answer. If the accuracy is known and no class has more than
    half of the examples, a slightly better loss does not count. Overfitting is different: there the validation loss
    falls first. For regression it is an INFO: in a series with a trend, later targets lie elsewhere.

    ## Why is this bad?
    What the model learns does not hold for the validation data at all. Either these data were prepared differently
    (another vocabulary, other class numbers, another order of rows), or the labels do not belong to their inputs and
    the model learns the training examples by heart.

    ## Example
    ```python
    vectorize = keras.layers.TextVectorization()
    vectorize.adapt(train_texts)
    ...
    vectorize.adapt(val_texts)                     # the same word has another number now
    ```

    ## What to do
    Evaluate on training examples that went through the code of the validation data. If they are at chance, too, that
    code is wrong. If not, check whether the labels belong to their inputs.

    ## References
    - Zhang et al.: Understanding deep learning requires rethinking generalization (2017), on random labels.
    """

    id = "validation-at-chance"
    severity = Severity.WARNING
    scope = "session"
    splits = ("train", "validation")
    resolve_after = 1
    explains = ("overfitting", "unfinished-training")
    why = "What the model learns does not hold for the validation data: they, or the labels, were prepared wrongly."

    min_epochs = Threshold(
        3, "Epochs before the rule judges.", source="In the first epochs a slow start looks the same.", low=2
    )
    max_progress = Threshold(
        0.02,
        "Part of the way from a constant answer to a perfect one that validation may have got.",
        source="As in stalled-loss: 2 % show that something was learned.",
        high=1.0,
    )
    max_lucky = Threshold(
        0.05,
        "The same, if validation was never more often right than by naming the most frequent class.",
        source="A vocabulary of its own still shares some ids with that of training: 4 % in the first epoch.",
        high=1.0,
    )
    max_share = Threshold(
        0.5,
        "Share of the most frequent class up to which an accuracy below it shows that nothing is known.",
        source="With a rarer second class, good answers can name the frequent one for every example.",
        high=1.0,
    )
    min_training = Threshold(
        0.5,
        "Part of that way that training must have got.",
        source="Then the model has clearly learned something about its training examples.",
        high=1.0,
    )
    min_examples = Threshold(
        32, "Validation examples that must have been seen.", source="The loss of 32 examples is known to about 20 %."
    )

    def start(self) -> None:
        """Forgets targets and epochs."""
        self._answer = ConstantAnswer()
        self._plain = False
        self._classes = False
        self._penalty = 0.0
        self._validated = 0
        self._best = math.inf
        self._best_accuracy = 0.0
        self._ranks = False
        self._epochs = 0

    def on_sample(self, context: Context) -> Findings:
        """Gathers the targets of training, and counts the examples of validation."""
        if context.split == "validation":
            self._validated += context.sample.batch_size
            return None
        pairs, penalty = context.pairs, context.sample.penalty
        self._plain = len(pairs) == 1 and not context.fed("sample_weight")
        if self._plain:
            self._penalty = penalty if math.isfinite(penalty) else 0.0
            self._answer.add(pairs[0], context.facts)
            self._classes = pairs[0].kind in _CLASS_LOSSES
        return None

    def on_epoch_end(self, context: Context, end: EpochEnd) -> Findings:
        """Judges the epochs so far."""
        loss, validation = end.logs.get("loss", math.nan), end.logs.get("val_loss", math.nan)
        if not math.isfinite(loss) or not math.isfinite(validation):
            return None
        self._epochs += 1
        self._best = min(self._best, validation)
        logs = {name: value for name, value in end.logs.items() if name.startswith("val_")}
        self._best_accuracy = max(self._best_accuracy, *(value for name, value in logs.items() if "acc" in name), 0.0)
        self._ranks |= any(value > 0.5 + _MARGIN for name, value in logs.items() if "auc" in name)
        early = self._epochs < self.min_epochs or self._validated < self.min_examples
        if early or not self._plain or context.first_step != 0:
            return None
        level = self._answer.level()
        return None if level is None else self._judge(level, loss)

    def _judge(self, level: Level, loss: float) -> Findings:
        way = level.constant - level.perfect
        trained = (level.constant - (loss - self._penalty)) / way
        validated = (level.constant - (self._best - self._penalty)) / way
        knows = self._classes and (self._ranks or self._best_accuracy > self._answer.largest_share + _MARGIN)
        share = self._answer.largest_share
        wrong = self._classes and 0 < self._best_accuracy <= share <= self.max_share and not self._ranks
        limit = self.max_lucky if wrong else self.max_progress
        if trained < self.min_training or validated > limit or knows:
            return []
        right = f" val_accuracy was never above {format_number(self._best_accuracy)}." if wrong else ""
        return [
            Finding(
                subject="training",
                message=f"In {self._epochs} epochs val_loss was at best {format_number(self._best)}, while a constant "
                f"answer reaches {format_number(level.constant)} (the {level.what}), and the training loss fell to "
                f"{format_number(loss)}.{right}",
                evidence={
                    "loss": loss,
                    "best_val_loss": self._best,
                    "constant_loss": level.constant,
                    "best_val_accuracy": self._best_accuracy,
                    "epochs": self._epochs,
                },
                fix="# Training examples through the code of the validation data:\n"
                "model.evaluate(prepare_validation(train_examples))",
                severity=None if self._classes else Severity.INFO,
                picture=LimitPicture(
                    label="best val_loss over that of a constant answer",
                    value=self._best / level.constant,
                    limit=1 - limit,
                ),
                curves=(
                    epoch_curve("val_loss", "Validation loss", beside="loss", beside_label="Training loss"),
                    validation_loss_curve(),
                ),
            )
        ]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""

        def run(*validation: float, **logs: float) -> Scenario:
            scenario = Scenario()
            for i, value in enumerate(validation):
                loss = 2.3 * 0.5 ** (i + 1)
                scenario.train(y=class_ids(rows=64), steps=2, loss=loss).validate(x=None, batch_size=64)
                scenario.epoch_end(loss=loss, val_loss=value, **logs)
            return scenario

        return (
            fires("never better than guessing", lambda: run(2.4, 2.6, 3.0, 3.9), "training", Severity.WARNING),
            fires("never more often right", lambda: run(2.22, 2.6, 3.0, val_accuracy=0.09), "training"),
            silent("a slightly better loss", lambda: run(2.22, 2.6, 3.0)),
            silent("more often right", lambda: run(2.22, 2.6, 3.0, val_accuracy=0.15)),
            silent("overfitting", lambda: run(2.0, 1.8, 2.4, 3.9)),
            silent("sure of itself, and mostly right", lambda: run(2.4, 2.6, 3.0, 3.9, val_accuracy=0.7)),
            silent("two epochs", lambda: run(2.4, 2.6)),
        )


_MARGIN = 0.1
"""By how much an accuracy must exceed the share of the most frequent class, and an AUC 0.5, to count as knowledge."""
