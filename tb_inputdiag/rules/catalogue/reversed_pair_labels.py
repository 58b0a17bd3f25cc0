"""The rule `reversed-pair-labels`."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field

from tb_inputdiag.numbers import format_number
from tb_inputdiag.records import EpochEnd, LimitPicture, ModelFacts, Severity, Split, TensorView
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, fires, layer, silent
from tb_inputdiag.rules.examples.pairs import distances
from tb_inputdiag.rules.support.curves import validation_loss_curve
from tb_inputdiag.rules.support.text import variable
from tb_inputdiag.rules.views.context import Context
from tb_inputdiag.statistics.pair_predictions import MAX_EXAMPLES

__all__ = ["ReversedPairLabels"]


class ReversedPairLabels(Rule):
    """The labels of pairs mean the opposite of what the loss takes them for.

    ## What it does
    Looks at models that compare two inputs of one shape, with a loss of your own and two labels. Such a model knows
    something before it is trained: things that are alike get outputs that are near each other. So its prediction, such
    as a distance, correlates with the label from the first step on. A right loss makes this correlation stronger. The
    rule fires if training takes it away or turns it into its opposite, although predictions go on to differ, and if
    validation has not turned.

    ## Why is this bad?
    The loss pulls apart what belongs together. The model learns training pairs by heart, and is worse than an untrained
    one on all others. The loss falls, and no exception is raised.

    ## Example
    ```python
    same = (digit[a] == digit[b]).astype("float32")         # 1: the same
    def contrastive(y, distance):                           # 1: different
        return (1 - y) * distance**2 + y * ops.maximum(1 - distance, 0) ** 2
    ```

    ## What to do
    Give the labels the meaning that the loss has for them: `y = 1 - y`. Or exchange the two terms of the loss.

    ## References
    - Hadsell, Chopra, LeCun: Dimensionality Reduction by Learning an Invariant Mapping (2006). There, 1 is different.
    - https://keras.io/examples/vision/siamese_contrastive/
    """

    id = "reversed-pair-labels"
    severity = Severity.WARNING
    splits = ("train", "validation")
    persistence = 2
    needs = ("function_nodes", "producer")
    explains = ("validation-at-chance", "overfitting", "stalled-loss", "unfinished-training")
    why = "The loss pulls apart what belongs together, so the model gets worse than an untrained one."

    min_natural = Threshold(
        2.0,
        "Correlation before training and in the first validation, in standard errors.",
        source="An untrained network hardly knows MNIST's digits: -0.14 in 5 batches of 64 pairs, which is 2.5.",
    )
    min_change = Threshold(
        4.0,
        "Change of the correlation in training since the first steps, in standard errors.",
        source="By chance this happens in one of 15,000 runs.",
    )
    max_kept = Threshold(
        0.25,
        "Part of the first correlation that training may have left.",
        source="Three programs with this fault keep nothing or turn it. With right labels they double it.",
        high=1.0,
    )
    max_followed = Threshold(
        0.5,
        "Correlation of validation with the new sign, relative to that of training, up to which it does not follow.",
        source="With this fault it keeps the old sign, or goes to 0. What a model really learns turns it, too.",
        high=1.0,
    )
    min_spread = Threshold(
        0.2,
        "Standard deviation of the predictions, relative to that of the first steps.",
        source="Three programs with this fault keep 0.35 to 0.6. A model that gives one answer keeps nothing.",
        high=1.0,
    )
    min_epochs = Threshold(3, "Epochs with validation before the rule judges.", source="A slow start is over by then.")

    def start(self) -> None:
        """Forgets all correlations."""
        self._targets: dict[str, _Correlations] = {}

    def on_sample(self, context: Context) -> Findings:
        """Gathers the correlation of each target with two labels."""
        for pair in context.pairs:
            value = pair.target.value("pair_correlation")
            own_loss = pair.loss is not None and bool(pair.loss.get("custom"))
            if math.isfinite(value) and own_loss and _two_labels(pair.target):
                gathered = self._targets.setdefault(pair.target.name, _Correlations())
                spread = pair.prediction.std if pair.prediction is not None else math.nan
                n = min(context.sample.batch_size, MAX_EXAMPLES)
                found = _MeanCorrelation(n, value * n)
                gathered.signed = pair.target.min < 0
                gathered.add(context.split, context.sample.step, context.age, found, spread)
        return None

    def on_epoch_end(self, context: Context, end: EpochEnd) -> Findings:
        """Judges each target by what was gathered so far."""
        if not self._targets or context.facts is None or _ends_in_weights(context.facts):
            return None
        judged = [self._judge(context, name, gathered) for name, gathered in self._targets.items()]
        return [finding for finding in judged if finding is not None]

    def _judge(self, context: Context, name: str, gathered: _Correlations) -> Finding | None:
        """Returns a finding about a target, or None."""
        first, later, validation = gathered.first, gathered.later(), gathered.validation
        if not (first.pairs and later.pairs) or gathered.evaluations < self.min_epochs:
            return None
        sign = math.copysign(1.0, first.mean)
        before, now = abs(first.mean), sign * later.mean
        natural, seen = first + gathered.first_validation, sign * gathered.first_validation.mean
        known = before > first.error and seen > 0 and sign * natural.mean >= self.min_natural * natural.error
        change = (before - now) / math.hypot(first.error, later.error)
        lost = now <= self.max_kept * before and change >= self.min_change
        follows = -sign * validation.mean > max(-now * self.max_followed, validation.error)
        if not (known and lost) or follows or gathered.spread() < self.min_spread:
            return None
        target = variable(name, "target", context.facts)
        return Finding(
            subject=f"target:{name}",
            split="train",
            message=f"The labels '{target}' mean the opposite of what the loss takes them for: their correlation with "
            f"the prediction was {format_number(first.mean)} before training, and training has turned it to "
            f"{format_number(later.mean)}.",
            evidence={"first": first.mean, "now": later.mean, "validation": validation.mean, "pairs": later.pairs},
            fix=f"{target} = {'-' if gathered.signed else '1 - '}{target}"
            "  # in training and validation; or exchange the two terms of the loss",
            picture=LimitPicture(
                label="correlation that training has left, relative to the first",
                value=later.mean / first.mean,
                limit=self.max_kept,
                bound="at least",
            ),
            curves=(validation_loss_curve(),),
        )

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""

        def run(first: float, later: float, validation: float, *, head: bool = False, custom: bool = True) -> Scenario:
            model = [
                layer("left", "InputLayer", n_params=0),
                layer("right", "InputLayer", n_params=0),
                layer("tower", "Dense", units=16, inbound=("left", "right")),
                layer("distance", "Lambda", inbound=("tower",), n_params=0),
            ]
            if head:
                model.append(layer("answer", "Dense", units=1, activation="sigmoid", inbound=("distance",)))
            scenario = Scenario(model, loss={"name": "contrastive", "custom": custom})
            scenario.train(steps=5, **distances(first)).validate(**distances(validation)).epoch_end()
            for _ in range(3):
                scenario.train(steps=8, **distances(later)).validate(**distances(validation)).epoch_end()
            return scenario

        return (
            fires("the same is pulled apart", lambda: run(-0.4, 0.3, -0.1), "target:y", Severity.WARNING),
            fires("nothing is left", lambda: run(-0.5, 0.02, -0.1), "target:y", Severity.WARNING),
            fires("a similarity that falls", lambda: run(0.4, -0.3, 0.1), "target:y", Severity.WARNING),
            silent("a right loss", lambda: run(-0.3, -0.8, -0.6)),
            silent("labels of 1 that mean different", lambda: run(0.3, 0.8, 0.6)),
            silent("a sign that validation has, too", lambda: run(-0.3, 0.6, 0.5)),
            silent("an untrained model that knows nothing", lambda: run(0.02, 0.6, 0.4)),
            silent("layers with weights behind the distance", lambda: run(-0.4, 0.3, -0.1, head=True)),
            silent("a loss of Keras", lambda: run(-0.4, 0.3, -0.1, custom=False)),
        )


@dataclass(frozen=True)
class _MeanCorrelation:
    """The mean of correlations, each weighted by its pairs."""

    pairs: int = 0
    total: float = 0.0

    def __add__(self, other: _MeanCorrelation) -> _MeanCorrelation:
        return _MeanCorrelation(self.pairs + other.pairs, self.total + other.total)

    @property
    def mean(self) -> float:
        return self.total / self.pairs

    @property
    def error(self) -> float:
        """The standard error of a small correlation: one over the root of the pairs."""
        return 1 / math.sqrt(self.pairs)


_FIRST_STEPS = 5
_LATER = 16
_FEWEST_LATER = 3


@dataclass
class _Correlations:
    """Those of one target.

    Attributes:
        signed: Whether the labels are -1 and 1.
        first: Of the first steps of training.
        first_validation: Of the first evaluation.
        validation: Of the latest evaluation.
        evaluations: How many there were.
    """

    signed: bool = False
    first: _MeanCorrelation = _MeanCorrelation()
    first_validation: _MeanCorrelation = _MeanCorrelation()
    validation: _MeanCorrelation = _MeanCorrelation()
    evaluations: int = 0
    _recent: deque[tuple[int, _MeanCorrelation]] = field(default_factory=lambda: deque(maxlen=_LATER))
    _first_spread: float = math.nan
    _spread: float = math.nan
    _evaluated: int = -1

    def add(self, split: Split, step: int, age: int, found: _MeanCorrelation, spread: float) -> None:
        """Adds a batch.

        Args:
            split: That of the batch.
            step: Its step.
            age: Training steps since the first.
            found: Its correlation.
            spread: Standard deviation of its predictions.
        """
        if split == "validation":
            self._add_validation(step, found)
        elif age < _FIRST_STEPS:
            self.first += found
            self._first_spread = spread if math.isnan(self._first_spread) else self._first_spread
        else:
            self._recent.append((step, found))
            self._spread = spread

    def _add_validation(self, step: int, found: _MeanCorrelation) -> None:
        if step != self._evaluated:
            self._evaluated, self.validation = step, _MeanCorrelation()
            self.evaluations += 1
        self.validation += found
        if self.evaluations == 1:
            self.first_validation += found

    def later(self) -> _MeanCorrelation:
        """Returns that of the last half of training so far, at least of the last three samples."""
        recent = list(self._recent)
        half = recent[-1][0] / 2 if recent else 0
        used = [found for i, (step, found) in enumerate(recent) if step > half or i >= len(recent) - _FEWEST_LATER]
        return sum(used, _MeanCorrelation())

    def spread(self) -> float:
        """Returns the latest standard deviation of predictions, relative to the first."""
        return self._spread / self._first_spread if self._first_spread else math.nan


def _two_labels(target: TensorView) -> bool:
    """Returns whether a batch of targets holds 0 and 1, or -1 and 1, and nothing else."""
    if target.value("whole_fraction") < 1:
        return False
    ends = (target.min, target.max)
    return ends == (0.0, 1.0) or (ends == (-1.0, 1.0) and target.value("zero_fraction") == 0)


def _ends_in_weights(facts: ModelFacts) -> bool:
    """Returns whether layers with weights follow where the two inputs meet: these can turn any sign."""
    read = {name for item in facts.layers for name in item.inbound}
    ends = [item for item in facts.layers if item.inbound and item.name not in read and not item.parent]
    return any(_follows_weights(facts, end.name) for end in ends)


def _follows_weights(facts: ModelFacts, name: str) -> bool:
    for _ in range(len(facts.layers)):
        item = facts.layer(name)
        if item is None or len(item.inbound) != 1:  # two inputs meet here, or one layer reads both
            return False
        if item.n_params:
            return True
        name = item.inbound[0]
    return False
