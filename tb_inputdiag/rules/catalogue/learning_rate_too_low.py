"""The rule `learning-rate-too-low`."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from tb_inputdiag.keras_vocabulary import usual_rate
from tb_inputdiag.numbers import format_number, literal, percent, whole
from tb_inputdiag.records import F4, EpochEnd, LimitPicture, Severity, Span
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, class_ids, fires, silent
from tb_inputdiag.rules.support.configured import asked
from tb_inputdiag.rules.support.curves import loss_curve, sample_curve
from tb_inputdiag.rules.support.labels import class_counts_of
from tb_inputdiag.rules.support.medians import median
from tb_inputdiag.rules.support.optimizer import optimizer_name
from tb_inputdiag.rules.support.update_ratios import update_ratio_curve, update_ratio_picture
from tb_inputdiag.rules.views.context import Context
from tb_inputdiag.rules.views.pairs import loss_name

__all__ = ["LearningRateTooLow"]


class LearningRateTooLow(Rule):
    """The steps are so short that the weights get nowhere in this run, and the loss does not fall.

    ## What it does
    Computes the ratio of each update's norm to the weight's norm, and takes the median over all kernels. It fires if
    the loss is still what it was at the beginning and the ratio is below a millionth. It also fires if the rate is less
    than a tenth of the optimizer's usual one, and all steps of the run together can change the weights by less than
    1 %. And it fires if a schedule has lowered the rate to less than a thousandth early in the run, so that the steps
    that are left cannot change the weights by 1 % any more. Where a callback has lowered the rate, the loss must still
    have fallen when the rate passed a fifth. It stays silent for fine-tuning and at the end of a schedule, where the
    loss has fallen, and during a warm-up, where the rate still rises.

    ## Why is this bad?
    With updates of a millionth, a weight needs a million steps to change by its own size.

    ## Example
    ```python
    keras.optimizers.Adam(learning_rate=1e-9)
    ```

    ## What to do
    Begin with 0.001 for Adam, 0.01 for SGD, and 1.0 for Adadelta, whose default of 0.001 in Keras is a thousand times
    smaller than in the paper. Check whether a schedule decays too early.

    ## References
    - https://keras.io/api/optimizers/adadelta/
    - Karpathy: CS231n, "Ratio of weights:updates": about 1e-3.
    """

    id = "learning-rate-too-low"
    severity = Severity.WARNING
    scope = "session"
    persistence = 3
    needs = ("learning_rate_schedule",)
    resolve_after = 5
    explains = ("stalled-loss", "unfinished-training", "constant-output")
    supersedes = ("frozen-model",)
    why = "With such updates the weights hardly leave their initial values, so the model stays untrained."

    min_ratio = Threshold(
        1e-6,
        "Smallest median ratio of update to weight that is fine if the loss does not fall.",
        source="A thousandth of the usual 1e-3. Fine-tuning has 1e-4 to 1e-5.",
    )
    min_reach = Threshold(
        0.01,
        "Smallest fraction of their size by which all steps of the run together must be able to change the weights.",
        source="Ten steps at the usual ratio of 1e-3; no model is trained in ten steps.",
        high=1.0,
    )
    min_steps = Threshold(
        50,
        "Steps before the reach of the run is judged.",
        source="The noise of 50 batches' losses hides a fall of the loss of a few percent.",
        low=10,
    )

    max_late_fall = Threshold(
        0.02,
        "Largest fraction by which the loss may fall in the last epoch before a callback cuts the rate to a fifth.",
        source="A run at rest changes by less. The validation loss is taken where there is one.",
        high=1.0,
    )
    min_decayed = Threshold(
        1e-3,
        "Part of its largest value that a schedule must leave of the learning rate in the first half of a run.",
        source="Schedules end at a hundredth to a thousandth of the first rate, or at 0, when the run ends.",
        high=1.0,
    )

    def start(self) -> None:
        """Clears the losses and the last rate."""
        self._highest = 0.0
        self._first: list[float] = []
        self._recent: list[float] = []
        self._rate = math.nan
        self._late_fall = 0.0
        self._cut_short = False

    def on_epoch_end(self, context: Context, end: EpochEnd) -> Findings:
        """Notes how fast the loss fell while the learning rate was still of its first size."""
        if self._first and self._rate > 0.2 * self._highest:
            before, now = median(self._first), end.logs.get("loss", math.nan)
            if len(context.epochs) > 1:
                ends = (context.epochs[-2], end)
                before, now = (epoch.logs.get("val_loss", epoch.logs.get("loss", math.nan)) for epoch in ends)
            self._late_fall = (before - now) / abs(before) if before else 0.0
        return None

    def on_sample(self, context: Context) -> Findings:
        """Judges the updates of one step."""
        sample, table = context.sample, context.sample.weights
        if math.isfinite(sample.loss):
            if len(self._first) < 5:
                self._first.append(sample.loss)
            self._recent = [*self._recent[-4:], sample.loss]
        rising = sample.learning_rate > self._rate
        self._highest = max(self._highest, sample.learning_rate if math.isfinite(sample.learning_rate) else 0.0)
        if (decayed := self._decayed(context)) is not None:
            self._cut_short = True
            return [decayed]
        if self._cut_short and sample.learning_rate < self.min_decayed * self._highest:
            return None
        self._rate = sample.learning_rate
        rows = context.kernels.rows
        if table is None or not len(rows) or sample.skipped or len(self._first) < 5:
            return None
        ratios = _finite(table.update_ratio[rows])
        norms = table.gradient_norm[rows]
        if not len(ratios) or rising or sample.learning_rate == 0 or not np.nansum(norms) > 0:
            return None
        ratio = median(ratios)
        first, now = median(self._first), median(self._recent)
        if context.age < 10 or now < 0.95 * first:
            return []
        rate, usual = sample.learning_rate, usual_rate(optimizer_name(context))
        tiny = ratio < self.min_ratio
        reach = math.inf if tiny else self._reach(context, ratio, now)
        if not tiny and reach >= self.min_reach:
            return []
        relative = norms / np.maximum(table.weight_norm[rows], 1e-12)
        if float(np.nanmedian(relative)) < 1e-7:
            return None  # the gradients are so small that no usual rate would help
        if math.isfinite(rate) and rate >= usual:
            return None
        finding = self._finding(context, ratio, now)
        return [finding if tiny else self._by_reach(context, finding, reach)]

    def _decayed(self, context: Context) -> Finding | None:
        """Returns a finding if a schedule or a callback has lowered the rate too early."""
        sample, table, facts = context.sample, context.sample.weights, context.facts
        schedule = facts.optimizer.get("schedule") if facts is not None else None
        steps, rate, rows = _planned_steps(context), sample.learning_rate, context.kernels.rows
        if steps is None or table is None or not len(rows) or len(self._first) < 5:
            return None
        loss, still_fell = median(self._recent), self._late_fall > self.max_late_fall
        if not schedule and not still_fell:
            return None
        if rate >= self.min_decayed * self._highest or context.age > steps / 2:
            return None
        ratio = median(ratios) if len(ratios := _finite(table.update_ratio[rows])) else 0.0
        left = steps - context.age
        if ratio * left >= self.min_reach:
            return None
        return Finding(
            subject="optimizer",
            message=f"{schedule or 'A callback'} has lowered the learning rate from {format_number(self._highest)} to "
            f"{format_number(rate)} after {whole(context.age)} of {whole(steps)} steps, and the loss is still "
            f"{format_number(loss)}.",
            evidence={
                "learning_rate": rate,
                "highest_learning_rate": self._highest,
                "step": context.age,
                "steps": steps,
                "update_ratio": ratio,
                "loss": loss,
            },
            fix=f"decay_steps = {steps}  # schedules count steps, not epochs"
            if schedule
            else "keras.callbacks.ReduceLROnPlateau(factor=0.5, patience=5)",
            picture=LimitPicture(
                label="learning rate over its largest value",
                value=rate / self._highest,
                limit=self.min_decayed,
                bound="at least",
            ),
            curves=(sample_curve("learning_rate", "Learning rate"), loss_curve()),
            # a model that has learned its task loses nothing but time
            severity=None
            if _is_untrained(context, loss) or still_fell or rate <= _NOTHING * self._highest
            else Severity.INFO,
        )

    def _reach(self, context: Context, ratio: float, loss: float) -> float:
        """Returns by which fraction of their size all steps of the run can change the weights; infinite if unclear.

        It is clear if the loss is still that of an untrained model, and the usual rate would help.
        """
        rate, usual = context.sample.learning_rate, usual_rate(optimizer_name(context))
        steps = _planned_steps(context)
        if steps is None or context.age < self.min_steps or not 0 < rate < usual / 10:
            return math.inf
        if ratio * usual / rate < _HELPFUL_RATIO or not _is_untrained(context, loss):
            return math.inf
        return ratio * steps

    def _finding(self, context: Context, ratio: float, loss: float) -> Finding:
        table = context.sample.weights
        assert table is not None
        rate, name = context.sample.learning_rate, optimizer_name(context)
        return Finding(
            subject="optimizer",
            message=f"At a learning rate of {format_number(rate)} each step changes the weights by only "
            f"{format_number(ratio)} of their size, and the loss is still {format_number(loss)}.",
            evidence={
                "update_ratio": ratio,
                "expected_min_ratio": self.min_ratio,
                "learning_rate": rate,
                "usual_learning_rate": usual_rate(name),
                "loss": loss,
            },
            fix=f"keras.optimizers.{name}(learning_rate={literal(usual_rate(name))})",
            picture=update_ratio_picture(ratio, least=self.min_ratio),
            curves=(
                update_ratio_curve(context, table, Span(low=self.min_ratio, high=1.0)),
                loss_curve(),
            ),
        )

    def _by_reach(self, context: Context, finding: Finding, reach: float) -> Finding:
        """Returns the finding in terms of the whole run."""
        steps, rate, ratio = _planned_steps(context), context.sample.learning_rate, finding.evidence["update_ratio"]
        assert steps is not None
        assert isinstance(ratio, float)
        least = self.min_reach / steps
        curve = update_ratio_curve(context, context.sample.weights, Span(low=least, high=1.0))  # type: ignore[arg-type]  # judged only with weights
        return replace(
            finding,
            message=f"At a learning rate of {format_number(rate)} all {whole(steps)} steps of this run together change "
            f"the weights by at most {percent(reach)} of their size, and the loss does not fall.",
            evidence={**finding.evidence, "expected_min_ratio": least, "steps": steps, "reach": reach},
            picture=LimitPicture(
                label="change of the weights in all steps of the run",
                value=reach,
                limit=self.min_reach,
                bound="at least",
                unit="fraction",
            ),
            curves=(curve, loss_curve()),
            at_once=True,  # it speaks of the whole run, and few steps of a short run are sampled
        )

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        tiny = {"*": {"update_ratio": 1e-9}}

        def run(rate: float = 1e-9, **batch: object) -> Scenario:
            return Scenario().train(**{"gradients": tiny, "learning_rate": rate, "loss": 2.3, "steps": 30, **batch})  # type: ignore[arg-type]  # `steps` is one of them

        def planned(rate: float, optimizer: str, loss: float = 2.3) -> Scenario:
            settings = {"name": optimizer, "learning_rate": rate}
            scenario = Scenario(params={"epochs": 5, "steps": 60}, optimizer=settings)
            short = {"*": {"update_ratio": 6e-6}}
            return scenario.train(steps=80, gradients=short, learning_rate=rate, loss=loss, y=class_ids())

        def decaying(steps: int, loss: float = 2.3) -> Scenario:
            settings = {"name": "Adam", "learning_rate": None, "schedule": "CosineDecay"}
            scenario = Scenario(params={"epochs": 10, "steps": 30}, optimizer=settings)
            for step in range(60):
                left = (1 + math.cos(math.pi * min(step / steps, 1))) / 2
                slopes = {"*": {"update_ratio": 1e-3 * left}}
                scenario.train(gradients=slopes, learning_rate=1e-3 * left, loss=loss, y=class_ids())
            return scenario

        def lowered(fall: float) -> Scenario:
            scenario = Scenario(params={"epochs": 20, "steps": 5})
            for epoch in range(10):
                rate, loss = 1e-3 * 0.3**epoch, 2.3 * (1 - fall) ** min(epoch, 2)
                slopes = {"*": {"update_ratio": rate}}
                scenario.train(steps=5, gradients=slopes, learning_rate=rate, loss=loss, y=class_ids())
                scenario.epoch_end(loss=loss)
            return scenario

        return (
            fires("a callback that cuts a falling loss short", lambda: lowered(0.2), "optimizer", Severity.WARNING),
            fires("a learning rate of 1e-9", run, "optimizer", Severity.WARNING),
            fires("Adadelta as Keras sets it", lambda: planned(1e-3, "Adadelta"), "optimizer", Severity.WARNING),
            fires("a schedule that counts epochs", lambda: decaying(30), "optimizer", Severity.WARNING),
            silent("a callback that waits for rest", lambda: _rested()),
            silent("a schedule that ends with the run", lambda: decaying(300)),
            fires("a schedule that ends when half is learned", lambda: decaying(30, loss=0.9), "optimizer"),
            silent("short steps at the usual rate", lambda: planned(1e-3, "Adam")),
            silent("gentle steps of a trained model", lambda: planned(1e-5, "Adam", loss=0.1)),
            silent("a learning rate of 0.001", lambda: Scenario().train(steps=30)),
            silent(
                "the end of a schedule", lambda: Scenario().train(steps=20).train(gradients=tiny, loss=0.3, steps=20)
            ),
            silent("a warm-up", lambda: run(learning_rate=lambda step: 1e-9 * (step + 1))),
        )


def _rested() -> Scenario:
    scenario = Scenario(params={"epochs": 20, "steps": 5})
    for epoch in range(9):
        rate, loss = 1e-3 * 0.1 ** max(0, epoch - 3), 0.3 + 2 * 0.01**epoch
        slopes = {"*": {"update_ratio": rate}}
        scenario.train(steps=5, gradients=slopes, learning_rate=rate, loss=loss, y=class_ids()).epoch_end(loss=loss)
    return scenario


_NOTHING = 1e-6
"""Part of the learning rate that changes nothing: updates of a float32 weight get lost."""
_HELPFUL_RATIO = 1e-4
"""Ratio of update to weight that the usual rate must give: a tenth of the usual ratio. Below it the gradients are too
small, and a higher rate would not help either."""


def _finite(ratios: F4) -> F4:
    return ratios[np.isfinite(ratios)]


def _planned_steps(context: Context) -> int | None:
    """Returns the steps of the whole run, or None if they are not known."""
    epochs, steps = asked(context)
    if epochs < 1:
        return None
    if steps > 0:
        return epochs * steps
    return context.age * epochs // context.epoch if context.epoch > 0 else None


def _is_untrained(context: Context, loss: float) -> bool:
    """Returns whether the loss is at least half of what a constant answer reaches; False if that is not known."""
    if len(context.pairs) != 1:
        return False
    pair = context.pairs[0]
    counts = class_counts_of(pair)
    if counts is not None and counts.sum() > 0:
        shares = counts[counts > 0] / counts.sum()
        return loss >= -0.5 * float((shares * np.log(shares)).sum()) > 0
    squared = loss_name(pair.loss) in {"mse", "mean_squared_error"}
    return squared and loss >= 0.5 * pair.target.std**2 > 0
