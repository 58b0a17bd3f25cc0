"""The rule `loss-spike`."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import numpy as np

from tb_inputdiag.numbers import format_number, times, whole
from tb_inputdiag.records import F8, LimitPicture, Losses, SessionEnd, Severity, TensorView
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import REGRESSOR, Example, Scenario, columns, fires, silent
from tb_inputdiag.rules.support.curves import loss_curve
from tb_inputdiag.rules.support.medians import median
from tb_inputdiag.rules.support.optimizer import gentler_optimizer
from tb_inputdiag.rules.support.single_examples import DominantExamples, dominant_examples
from tb_inputdiag.rules.support.text import variable
from tb_inputdiag.rules.views.context import Context

__all__ = ["LossSpike"]


class LossSpike(Rule):
    """The loss of one batch is many times larger than any recent loss.

    ## What it does
    Compares the loss of every step, not Keras' running mean, with the largest loss of the 64 steps before it; in
    batches below 32, of the 2,048 examples before it, because few examples do not show how large the loss of one can
    be. It fires if the loss is twenty times larger than that, and larger than at the beginning of training.

    Wrong examples that come in every epoch make no loss that is larger than any before. So it also reports steps with
    twenty times the median of the steps before, and of the first ones: if they come in several epochs, and in a sampled
    batch if one to three examples have at least 90 % of the loss. It names these examples. Both are an INFO.

    ## Why is this bad?
    One such batch can change the weights far too much. Usually it holds broken examples: a wrong unit, a missing value
    coded as -9999, or a corrupt file.

    ## Example
    ```python
    y = df["price"].fillna(-99999)
    ```

    ## What to do
    Check that batch, and remove or clip the broken examples. Limit the effect of one batch with `clipnorm=1.0`, or use
    `Huber` instead of a squared error.

    ## References
    - Chowdhery et al.: PaLM (2022), section 5.1, on loss spikes.
    """

    id = "loss-spike"
    severity = Severity.WARNING
    why = "One such batch can change the weights far too much. Usually it holds broken examples."

    max_ratio = Threshold(
        20.0,
        "Largest ratio of a loss to the largest of the losses before it that is fine.",
        source="Of 64 squared normal errors the largest is 7 to 10 times the mean. 20 times that is 12 sigma. An "
        "example that has 90 % of such a loss in a batch of 32 is off by 24 sigma.",
        low=1.0,
    )
    min_examples = Threshold(
        8,
        "Smallest batch in which single examples are looked for.",
        source="Of fewer, one may well have most of the loss.",
    )

    min_epochs = Threshold(
        3,
        "Epochs with such losses from which on they are said to come again.",
        source="The same examples come once in each epoch; twice may be chance.",
    )

    def start(self) -> None:
        """Clears the past losses."""
        self._past = np.zeros(0)
        self._first = np.nan
        self._usual_first = np.nan
        self._pending: Finding | None = None
        self._spikes: Counter[int] = Counter()

    def on_sample(self, context: Context) -> Findings:
        """Names the examples of a spike, and judges whether few examples have nearly all of a sampled batch's loss."""
        sample, found = context.sample, self._take_pending()
        if sample.split != "train" or context.whole_data:
            return None
        dominant = dominant_examples(context) if sample.batch_size >= self.min_examples else None
        if found is not None:
            return [found if dominant is None or found.step != sample.step else _with_examples(found, dominant)]
        if dominant is None or len(self._past) < _window(context) // 2:
            return []
        usual = median(self._past)
        # a loss that falls below 0 has no ratios
        if self._past.min() <= 0 or not sample.loss > self.max_ratio * max(usual, self._usual_first):
            return []
        return [self._of_examples(context, dominant, usual)]

    def on_losses(self, context: Context, losses: Losses) -> Findings:
        """Judges each step."""
        pending = self._take_pending()
        values = np.asarray(losses.loss, np.float64)
        finite = np.isfinite(values)
        steps = np.asarray(losses.step)[finite]
        values = values[finite]
        together = np.concatenate([self._past, values])
        offset = len(self._past)
        window = _window(context)
        self._past = together[-window:]
        early = window * 10 // 64
        if np.isnan(self._first) and len(together) >= early:
            self._first = float(np.max(together[:early]))
            self._usual_first = median(together[:early])
        if pending is not None:
            return [pending]
        custom = context.facts is not None and context.facts.custom_train_step
        if offset < window // 2 or custom or not len(values):
            return None
        if values.max() <= self.max_ratio * together.min():
            return []  # the usual case, decided fast: no loss can exceed a limit that uses the smallest loss
        for i, value in enumerate(values):
            past = together[max(offset + i - window, 0) : offset + i]
            highest = float(past.max())
            if highest > 0 and value > self.max_ratio * highest and value > self._first:
                found = self._finding(context, int(steps[i]), float(value), highest, window)
                if i < len(values) - 1:
                    return [found]
                self._pending = found  # the sample of this very step may follow, and names the examples
                return None
        if together.min() <= 0:
            return []  # a loss that falls below 0 has no ratios
        return self._recurring(context, losses.epoch, values, median(self._past))

    def on_session_end(self, context: Context, end: SessionEnd) -> Findings:
        """Reports a spike that no sample followed."""
        pending = self._take_pending()
        return None if pending is None else [pending]

    def _recurring(self, context: Context, epoch: int, values: F8, usual: float) -> list[Finding]:
        """Judges spikes that are not larger than those of earlier epochs."""
        high = values[values > self.max_ratio * max(usual, self._usual_first)]
        if not len(high) or context.calls > 1 or (context.loss_examples or 0) < self.min_examples:
            return []
        self._spikes.update([epoch] * len(high))
        if len(self._spikes) < self.min_epochs:
            return []
        limit = self.max_ratio * max(usual, self._usual_first)
        spikes, last = self._spikes.total(), float(high[-1])
        return [
            Finding(
                subject="loss",
                message=f"In {len(self._spikes)} epochs, {whole(spikes)} steps had more than "
                f"{times(self.max_ratio)} times the usual loss, the last one {format_number(last)} instead of "
                f"{format_number(usual)}: the same few examples may come again in each epoch.",
                evidence={"loss": last, "past_median": usual, "spikes": spikes, "expected_max": limit},
                fix=f"{_largest_errors('y')}\n# InputDiagnostics(..., every=1) names the examples.",
                severity=Severity.INFO,
                picture=LimitPicture(label="loss of such a step", value=last, limit=limit),
                curves=(loss_curve(high=limit),),
            )
        ]

    def _take_pending(self) -> Finding | None:
        pending, self._pending = self._pending, None
        return pending

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        rng = np.random.default_rng(0)
        calm = 1 + 0.2 * rng.random(100)
        single = rng.normal(size=300) ** 2

        # A classifier that is sure of its answers: about one example in a hundred is an exception.
        sure = np.where(rng.random(6000) < 0.01, 4.0, 0.01)
        sure[:40] = 0.7

        wrong, heavy = rng.normal(size=(32, 1)), rng.standard_t(3, size=(32, 1))
        wrong[17] = 700.0

        def run(*parts: np.ndarray, batch: int = 32) -> Scenario:
            scenario = Scenario().train(x=columns(rows=batch), loss=float(parts[0][0]))
            for part in parts:
                scenario.losses(part)
            return scenario

        def answer(y: np.ndarray, others: np.ndarray = calm) -> Scenario:
            scenario = Scenario(REGRESSOR, loss="mse").losses(others)
            return scenario.train(y=y, y_pred=np.zeros_like(y), loss=float((y**2).mean()))

        def epochs(loss: float) -> Scenario:
            scenario = run(np.array([loss]), calm).epoch_end()
            for _ in range(4):
                scenario.losses([loss]).losses(calm).epoch_end()
            return scenario

        def below_zero() -> Scenario:
            scenario = run(np.array([0.02]), calm * 0.02).epoch_end()
            for _ in range(4):
                scenario.losses(-calm / 2).losses([0.9]).losses(-calm / 2).epoch_end()
            return scenario

        return (
            fires("a single wrong target", lambda: answer(wrong), "loss", Severity.INFO),
            fires("wrong targets in each epoch", lambda: epochs(30.0), "loss", Severity.INFO),
            silent("epochs with a loss that is somewhat larger", lambda: epochs(8.0)),
            silent("targets with heavy tails", lambda: answer(heavy)),
            silent("a wrong target among losses as large", lambda: answer(wrong, calm * 1000)),
            fires(
                "a loss of 900 among losses near 1",
                lambda: run(calm, np.array([900.0]), calm),
                "loss",
                Severity.WARNING,
            ),
            silent("a loss that falls to -1", lambda: below_zero()),
            silent("steady losses", lambda: run(calm, calm)),
            silent("squared errors of single examples", lambda: run(single[:100], single[100:])),
            silent("a hard example in batches of one", lambda: run(*np.split(sure, 120), batch=1)),
            silent("a small rise from losses near 0", lambda: run(calm, 1e-6 * calm, np.array([1e-3]), 1e-6 * calm)),
        )

    def _finding(self, context: Context, step: int, value: float, highest: float, window: int) -> Finding:
        limit = max(self.max_ratio * highest, self._first)
        return Finding(
            subject="loss",
            message=f"The loss of step {whole(step)} is {format_number(value)}, {times(value / highest)} times the "
            f"largest of the {whole(window)} steps before ({format_number(highest)}).",
            evidence={"loss": value, "past_max": highest, "step": step, "expected_max": limit},
            fix=f"# Check the examples of that batch. Then clip the gradients:\n{gentler_optimizer(context, 1.0)}",
            picture=LimitPicture(label=f"loss of step {whole(step)}", value=value, limit=limit),
            curves=(loss_curve(high=limit),),
            step=step,
        )

    def _of_examples(self, context: Context, dominant: DominantExamples, usual: float) -> Finding:
        sample, limit = context.sample, self.max_ratio * max(usual, self._usual_first)
        found = Finding(
            subject="loss",
            message=f"The loss of step {whole(sample.step)} is {format_number(sample.loss)}, "
            f"{times(sample.loss / usual)} times the median of the steps before ({format_number(usual)}).",
            evidence={"loss": sample.loss, "past_median": usual, "step": sample.step, "expected_max": limit},
            fix=_look_at(context, dominant.target),
            severity=Severity.INFO,
            picture=LimitPicture(label=f"loss of step {whole(sample.step)}", value=sample.loss, limit=limit),
            curves=(loss_curve(high=limit),),
        )
        return _with_examples(found, dominant)


def _window(context: Context) -> int:
    """Returns how many losses cover the examples of 64 batches of 32."""
    return 64 * math.ceil(32 / min(context.loss_examples or 32, 32))


def _with_examples(found: Finding, dominant: DominantExamples) -> Finding:
    return replace(
        found,
        message=f"{found.message} In this batch, {dominant.words}.",
        evidence={**found.evidence, "share_of_examples": dominant.share},
        examples=dominant.examples,
    )


def _look_at(context: Context, target: TensorView) -> str:
    """Returns code that finds the examples with the largest losses among all data."""
    y = variable(target.name, "target", context.facts)
    if any(size > 1 for size in target.shape[1:]) or target.layout.n_classes > 1:
        return f"tb_inputdiag.check_data(x, {y})  # names values that are far from all others"
    return _largest_errors(y)


def _largest_errors(y: str) -> str:
    errors = f"errors = np.abs(np.ravel(model.predict(x)) - np.ravel({y}))"
    return f"{errors}\nprint(np.argsort(errors)[-10:])  # correct or remove these rows"
