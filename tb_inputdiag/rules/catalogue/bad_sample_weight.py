"""The rule `bad-sample-weight`."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from tb_inputdiag.numbers import format_number, whole
from tb_inputdiag.records import ExpectedRange, LimitPicture, Losses, Picture, Severity, TensorView, WordsPicture
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, fires, silent
from tb_inputdiag.rules.support.curves import tensor_curves
from tb_inputdiag.rules.support.medians import median
from tb_inputdiag.rules.support.optimizer import optimizer_name
from tb_inputdiag.rules.support.pictures import range_picture, span_of
from tb_inputdiag.rules.support.single_examples import bad_examples, extreme_examples
from tb_inputdiag.rules.support.symptoms import SYMPTOMS
from tb_inputdiag.rules.views.context import Context

__all__ = ["BadSampleWeight"]


@dataclass
class _Pooled:
    """Sample weights of all batches seen."""

    batches: int = 0
    count: int = 0
    total: float = 0.0
    squares: float = 0.0
    largest: set[float] = field(default_factory=set)
    """The largest weight of each batch, as far as they differ; at most `_MOST_LARGEST`."""

    def add(self, view: TensorView) -> None:
        """Adds a batch."""
        self.batches += 1
        self.count += int(view.count)
        self.total += view.count * view.mean
        self.squares += view.count * (view.mean**2 + view.std**2)
        if len(self.largest) < _MOST_LARGEST:
            self.largest.add(float(view.max))

    @property
    def effective(self) -> float:
        """The number of equal weights with the same ratio of squared sum and sum of squares."""
        return self.total**2 / self.squares if self.squares > 0 else float(self.count)


_MOST_LARGEST = 64


class BadSampleWeight(Rule):
    """Sample weights are all zero, negative, not finite, far too small for SGD, or leave a handful of examples.

    ## What it does
    Checks the sample weights of each batch, whether they come from `sample_weight`, from `class_weight` or as the
    third item of a data set. Negative weights are an INFO, because a policy gradient weights bad actions with them.
    They are a WARNING if the loss runs off below zero. Weights that are all below 0.02 are one with SGD, whose steps
    are as long as the gradient; Adam and its kin divide by its size. So are weights of many different sizes, if
    less than one in a hundred counts.

    ## Why is this bad?
    From a batch of zero weights the model learns nothing. With a negative weight, training makes the loss of that
    example larger, in most losses without limit. A single NaN makes the loss NaN.

    ## Example
    ```python
    weight = 1 / counts[y]          # infinite for a class that never occurs
    ```

    ## What to do
    Compute weights as `n / (n_classes * count)`, keep them at 0 or above, and check their sum.

    ## References
    - https://keras.io/api/models/model_training_apis/
    """

    id = "bad-sample-weight"
    severity = Severity.WARNING
    splits = ("train", "validation")
    persistence = 2
    persistence_examples = 32
    explains = SYMPTOMS
    max_fall = Threshold(
        10.0,
        "Size of a negative loss, relative to the largest of the first five losses, from which on it has run off.",
        source="Advantages have a mean near 0, so the loss of a policy gradient stays near its first size.",
        low=1.0,
    )

    min_weight = Threshold(
        0.02,
        "Largest sample weight of a batch that is too small for SGD, whose steps are as long as the weights are large.",
        source="A learning rate that is 50 times smaller than was meant takes 50 times as many epochs.",
        high=1.0,
    )

    min_effective = Threshold(
        0.01,
        "Smallest share of the examples that the weights leave: the squared sum over the sum of squares (Kish 1965).",
        source="Weights for a class of 0.25 % leave 1 %, and have few different values. Ages in days with exp(-age) "
        "leave 0.2 % of four years.",
        high=1.0,
    )
    min_batches = Threshold(
        10,
        "Batches whose weights are pooled before their effective share is judged.",
        source="Ten batches of 32 hold 3 examples if 1 % counts.",
        low=2,
    )

    why = "The model learns nothing from zero weights and the opposite from negative ones. A NaN makes the loss NaN."

    def start(self) -> None:
        """Clears the size of the first losses, and what the weights come to."""
        self._first = 0.0
        self._pooled: dict[str, _Pooled] = {}

    def on_losses(self, context: Context, losses: Losses) -> Findings:
        """Notes the size of the first losses; their own verdict is that of the next sample."""
        if context.history.count <= 10:
            self._first = float(np.abs(context.history.recent[:5]).max(initial=0.0))
        return None

    def on_sample(self, context: Context) -> Findings:
        """Judges every sample weight."""
        return [found for view in context.fed("sample_weight") if (found := self._judge(context, view)) is not None]

    def expected_ranges(self, context: Context) -> Iterable[ExpectedRange]:
        """Sample weights are 0 or more."""
        for view in context.fed("sample_weight"):
            reason = "With a negative sample weight, training makes the loss of that example larger."
            yield ExpectedRange(rule=self.id, subject=view.subject, low=0.0, reason=reason)

    def _effective(self, context: Context, view: TensorView) -> _Pooled | None:
        """Returns what all batches' weights come to, if hardly any of them counts."""
        if context.split != "train" or not view.count or view.nan_count + view.inf_count or view.min < 0:
            return None
        pooled = self._pooled.setdefault(view.name, _Pooled())
        pooled.add(view)
        if pooled.batches < self.min_batches or len(pooled.largest) < self.min_batches / 2:
            return None  # few largest values: the weights of classes, or a mask
        return pooled if pooled.effective < self.min_effective * pooled.count else None

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""

        def run(*weights: float) -> Scenario:
            return Scenario().train(sample_weight=np.resize(np.array(weights, np.float32), 16), steps=3)

        return (
            fires("all zero", lambda: run(0.0), "sample_weight:sample_weight", Severity.WARNING),
            fires("a policy gradient", lambda: run(1.0, -1.0), "sample_weight:sample_weight", Severity.INFO),
            fires("a loss that runs off", _runs_off, "sample_weight:sample_weight", Severity.WARNING),
            fires("infinite", lambda: run(1.0, np.inf), "sample_weight:sample_weight", Severity.ERROR),
            silent("class weights", lambda: run(0.5, 3.0)),
            fires("weights that sum to 1", lambda: _tiny("SGD"), "sample_weight:sample_weight", Severity.WARNING),
            silent("small weights with Adam", lambda: _tiny("Adam")),
            silent("a mask", lambda: run(0.0, 1.0)),
            fires("exp(-age)", lambda: _by_age(1.0), "sample_weight:sample_weight", Severity.WARNING),
            silent("half as much after 200 steps", lambda: _by_age(1 / 300)),
            silent("a rare class", _rare),
        )

    def _judge(self, context: Context, view: TensorView) -> Finding | None:
        bad = view.nan_count + view.inf_count
        picture: Picture
        few = self._effective(context, view)
        if bad:
            what, severity = f"{whole(bad)} of {whole(view.count)} are NaN or infinite", Severity.ERROR
            fix = "sample_weight = np.nan_to_num(sample_weight, posinf=0.0)"
            picture = LimitPicture(label="sample weights that are NaN or infinite", value=bad, limit=0)
        elif view.min < 0:
            what, severity = f"the smallest is {format_number(view.min)}", Severity.INFO
            fix = "sample_weight = sample_weight.clip(0)  # unless it is the advantage of a policy gradient"
            loss = median(context.history.pooled[-10:])
            if self._first > 0 and loss < -self.max_fall * self._first:
                what += f", and the loss has fallen to {format_number(loss)}, without a lower limit"
                severity, fix = None, "sample_weight = sample_weight.clip(0)"
            picture = range_picture(span_of(view), low=0.0, label="Expected, 0 or more")
        elif view.max == 0:
            what, severity = f"all {whole(view.count)} of the batch are 0", None
            fix = 'sample_weight = sample_weight.astype("float32")  # before you divide: integers drop fractions'
            picture = WordsPicture(seen="all 0", expected="some above 0")
        elif few is not None:
            equal = whole(max(1, round(few.effective)))
            what = f"the {whole(few.count)} of the batches so far come to {equal} of equal weight"
            severity = None
            fix = (
                "sample_weight = sample_weight.clip(0.1, 10)  # around 1\n"
                "# by age: 0.5 ** (age / half_life), a half-life of many examples"
            )
            picture = LimitPicture(
                label="effective share of the weighted examples",
                value=few.effective / few.count,
                limit=self.min_effective,
                unit="fraction",
                bound="at least",
            )
        elif view.max < self.min_weight and optimizer_name(context) == "SGD":
            what = f"the largest is {format_number(view.max)}, so each step of SGD is that much shorter"
            severity, fix = None, "sample_weight = sample_weight / sample_weight.mean()"
            picture = LimitPicture(
                label="largest sample weight", value=view.max, limit=self.min_weight, bound="at least"
            )
        else:
            return None
        doubt = "may be unusable" if severity is Severity.INFO else "are unusable"
        return Finding(
            subject=view.subject,
            message=f"Sample weights {doubt}: {what}.",
            evidence={"min": view.min, "max": view.max, "nonfinite_count": bad},
            fix=fix,
            severity=severity,
            picture=picture,
            curves=tensor_curves(context, view),
            at_once=bool(bad),
            examples=bad_examples(context, view) if bad else extreme_examples(context, view, 0.0, math.inf),
        )


def _tiny(optimizer: str) -> Scenario:
    weights = np.full(16, 1 / 2400, np.float32)
    return Scenario(optimizer={"name": optimizer, "learning_rate": 0.05}).train(sample_weight=weights, steps=3)


def _runs_off() -> Scenario:
    weights = np.resize(np.array([1.0, -1.0], np.float32), 16)
    return Scenario().train(sample_weight=weights, loss=lambda step: 0.2 - 0.02 * step**2, steps=40)


def _by_age(decay: float) -> Scenario:
    ages = np.random.default_rng(5).permutation(1400)[: 20 * 32].reshape(20, 32)
    return Scenario().train(sample_weight=lambda step: np.exp(-decay * ages[step % 20]).astype(np.float32), steps=20)


def _rare() -> Scenario:
    rare = np.random.default_rng(6).random((20, 32)) < 0.003
    return Scenario().train(
        sample_weight=lambda step: np.where(rare[step % 20], 333.0, 1.0).astype(np.float32), steps=20
    )
