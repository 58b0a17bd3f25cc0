"""The rule `input-drift`."""

from __future__ import annotations

from collections import deque

import numpy as np

from tb_inputdiag.keras_vocabulary import LOOKUPS
from tb_inputdiag.numbers import format_number, times
from tb_inputdiag.records import JSON, LimitPicture, Severity, Span, TensorView
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, columns, fires, pixels, silent
from tb_inputdiag.rules.support.curves import tensor_curves
from tb_inputdiag.rules.support.medians import median
from tb_inputdiag.rules.support.text import variable
from tb_inputdiag.rules.views.context import Context

__all__ = ["InputDrift"]


class _Reference:
    """Means and standard deviations of an input's first batches and of its latest ones."""

    def __init__(self) -> None:
        self.means: list[float] = []
        self.stds: list[float] = []
        self.recent: deque[tuple[float, float]] = deque(maxlen=5)


class InputDrift(Rule):
    """The distribution of an input changes during training.

    ## What it does
    Compares the mean and standard deviation of the latest batches with those of the first ones. It fires if either has
    changed by much more than it varies between batches. It also fires if the mean moves in one direction from sample to
    sample until it is that far away.

    ## Why is this bad?
    What the model learned first no longer applies. Usually the pipeline changes its own data, for example by scaling it
    in place once an epoch, or reads sorted files.

    ## Example
    ```python
    def __getitem__(self, i):
        batch = self.x[i * 32 : (i + 1) * 32]
        batch /= 255                               # in place: the next epoch divides again
        return batch, self.y[...]
    ```

    ## What to do
    Never change data in place: write `batch = batch / 255`. Shuffle sorted data.

    ## References
    - Gama et al.: A survey on concept drift adaptation (2014).
    """

    id = "input-drift"
    severity = Severity.WARNING
    persistence = 3
    persistence_examples = 64
    needs = ("own_trainable_variables",)
    explains = ("diverging-loss", "stalled-loss", "train-validation-skew", "double-scaled-input", "loss-spike")
    why = "What the model learned from the first batches no longer applies to the later ones."

    n_first = Threshold(
        8,
        "First batches that later ones are compared with.",
        source="Eight batches show how much batches vary.",
        low=3,
    )
    max_scale_ratio = Threshold(
        5.0,
        "Largest ratio of standard deviations, either way, that is fine.",
        source="Batches of one data set differ by a factor below 2.",
        low=1.0,
    )
    max_shift = Threshold(
        3.0,
        "Largest distance between the means that is fine, in standard deviations of the first batches.",
        source="The mean of a batch lies within one standard deviation even in sorted data.",
    )

    def start(self) -> None:
        """Clears the batches."""
        self._past: dict[str, _Reference] = {}

    def on_sample(self, context: Context) -> Findings:
        """Compares the latest batches with the first."""
        readers = {name for e in context.entries if e.layout.layer_class in LOOKUPS for name in e.layout.sources}
        return [
            found
            for view in context.fed("input")
            if view.name not in readers and view.layout.kind == "dense" and np.isfinite(view.std) and view.count >= 64
            if (found := self._judge(context, view)) is not None
        ]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""

        def shrinking(step: int) -> np.ndarray:
            return pixels(255 if step < 12 else 1)

        def wandering(step: int) -> np.ndarray:
            return columns(1 + 0.01 * step, 0.5 * max(step - 7, 0), seed=step)

        def breathing(step: int) -> np.ndarray:
            return pixels(1 + 0.3 * np.sin(step))

        return (
            fires("divided by 255 again", lambda: Scenario().train(x=shrinking, steps=24), "input:x", Severity.WARNING),
            fires("a sensor that drifts", lambda: Scenario().train(x=wandering, steps=15), "input:x"),
            silent("columns that vary by chance", lambda: Scenario().train(x=lambda s: columns(seed=s), steps=60)),
            silent("the same images", lambda: Scenario().train(x=pixels(), steps=24)),
            silent("batches of varying brightness", lambda: Scenario().train(x=breathing, steps=24)),
        )

    def _judge(self, context: Context, view: TensorView) -> Finding | None:
        past = self._past.setdefault(view.name, _Reference())
        if len(past.means) < self.n_first:
            past.means.append(view.mean)
            past.stds.append(view.std)
            return None
        past.recent.append((view.mean, view.std))
        if len(past.recent) < 5:
            return None
        first_mean, first_std = median(past.means), median(past.stds)
        noise = float(np.ptp(past.means))
        steps = np.diff([first_mean, *(m for m, _ in past.recent)])
        # Samples become rarer during training, so a steady drift is found before the median is far away.
        steady = bool((steps > noise / 2).all() or (steps < -noise / 2).all())
        if steady and first_std > 0 and abs(view.mean - first_mean) > self.max_shift * first_std:
            return self._drifting(context, view, first_mean, first_std)
        mean, std = median([m for m, _ in past.recent]), median([s for _, s in past.recent])
        if first_std <= 0 or float(np.ptp([s for _, s in past.recent])) > max(std, first_std):
            return None  # batches that differ so much have no typical spread
        ratio, shift = std / first_std, abs(mean - first_mean) / first_std
        spread_noise = max(past.stds) / max(min(past.stds), 1e-30)
        limit = self.max_scale_ratio
        if not 1 / limit <= ratio <= limit and spread_noise < limit:
            how = f"its standard deviation went from {format_number(first_std)} to {format_number(std)}"
            picture = LimitPicture(
                label="standard deviation over that of the first batches",
                value=ratio,
                limit=limit if ratio > 1 else 1 / limit,
                bound="at most" if ratio > 1 else "at least",
            )
        elif shift > self.max_shift and abs(mean - first_mean) > 3 * noise:
            how = f"its mean has moved by {times(shift)} standard deviations, from {format_number(first_mean)} to "
            how += format_number(mean)
            picture = self._shift_picture(shift)
        else:
            return None
        name = variable(view.name, "input", context.facts)
        return Finding(
            subject=view.subject,
            message=f"'{view.name}' has changed since training began: {how}.",
            evidence=_evidence(view, mean, std, first_mean, first_std),
            fix=f"{name} = {name} / 255  # a copy; `{name} /= 255` changes the data itself, again in each epoch",
            picture=picture,
            curves=tensor_curves(context, view, expected=self._expected(first_mean, first_std)),
        )

    def _drifting(self, context: Context, view: TensorView, first_mean: float, first_std: float) -> Finding:
        name = variable(view.name, "input", context.facts)
        shift = abs(view.mean - first_mean) / first_std
        return Finding(
            subject=view.subject,
            message=f"'{view.name}' drifts steadily: its mean has moved by {times(shift)} standard deviations, from "
            f"{format_number(first_mean)} to {format_number(view.mean)}.",
            evidence=_evidence(view, view.mean, view.std, first_mean, first_std),
            fix=f"# If rows are sorted by time or a sensor drifts, remove the drift,\n# then shuffle.\n"
            f"order = np.random.permutation(len({name}))\nmodel.fit({name}[order], y[order])",
            picture=self._shift_picture(shift),
            curves=tensor_curves(context, view, expected=self._expected(first_mean, first_std)),
            at_once=True,
        )

    def _shift_picture(self, shift: float) -> LimitPicture:
        label = "distance of the mean from that of the first batches, in standard deviations"
        return LimitPicture(label=label, value=shift, limit=self.max_shift)

    def _expected(self, first_mean: float, first_std: float) -> Span:
        reach = self.max_shift * first_std
        return Span(low=first_mean - reach, high=first_mean + reach, label="Expected for the mean", mark=first_mean)


def _evidence(view: TensorView, mean: float, std: float, first_mean: float, first_std: float) -> dict[str, JSON]:
    return {
        "mean": mean,
        "std": std,
        "first_mean": first_mean,
        "first_std": first_std,
        "min": view.min,
        "max": view.max,
    }
