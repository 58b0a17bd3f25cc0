"""The rule `input-drift`."""

from __future__ import annotations

from collections import deque

import numpy as np

from tb_inputdiag.keras_vocabulary import LOOKUPS
from tb_inputdiag.records import Severity, TensorView
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, columns, fires, pixels, silent
from tb_inputdiag.rules.support.medians import median
from tb_inputdiag.rules.support.text import number, times, variable
from tb_inputdiag.rules.views.context import Context

__all__ = ["InputDrift"]


class _Reference:
    """The first batches of an input, and the latest ones."""

    def __init__(self) -> None:
        self.means: list[float] = []
        self.stds: list[float] = []
        self.recent: deque[tuple[float, float]] = deque(maxlen=5)


class InputDrift(Rule):
    """The distribution of an input moves while training goes on.

    ## What it does
    Remembers mean and spread of the first batches and compares the latest ones with them. It fires when either moves by
    much more than it varies between batches, or when the mean goes the same way from sample to sample until it is that
    far away.

    ## Why is this bad?
    What was learned first no longer fits. Mostly the pipeline changes its own data: it scales in place once an
    epoch, or files are sorted.

    ## Example
    ```python
    def __getitem__(self, i):
        batch = self.x[i * 32 : (i + 1) * 32]
        batch /= 255                               # in place: the next epoch divides again
        return batch, self.y[...]
    ```

    ## What to do
    Never change data in place (`batch = batch / 255`); shuffle sorted data.

    ## References
    - Gama et al.: A survey on concept drift adaptation (2014).
    """

    id = "input-drift"
    severity = Severity.WARNING
    persistence = 3
    explains = ("diverging-loss", "stalled-loss", "train-validation-skew", "double-scaled-input", "loss-spike")
    why = "What was learned from the first batches no longer fits the later ones."

    n_first = Threshold(8, "Batches that make up the past.", source="Enough to tell how much batches vary.", low=3)
    max_scale_ratio = Threshold(
        5.0, "Largest ratio of spreads that is fine.", source="Batches of one data set differ by less than 2.", low=1.0
    )
    max_shift = Threshold(
        3.0,
        "Largest distance of the means, in standard deviations of the input, that is fine.",
        source="The mean of a batch lies within one standard deviation, even for sorted data.",
    )

    def start(self) -> None:
        """Forgets the past."""
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
            fires("divided again", lambda: Scenario().train(x=shrinking, steps=24), "input:x", Severity.WARNING),
            fires("a sensor that wanders", lambda: Scenario().train(x=wandering, steps=15), "input:x"),
            silent("columns that differ by chance", lambda: Scenario().train(x=lambda s: columns(seed=s), steps=60)),
            silent("the same", lambda: Scenario().train(x=pixels(), steps=24)),
            silent("batches that vary", lambda: Scenario().train(x=breathing, steps=24)),
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
        # Samples become rarer as training goes on, so a steady drift must not wait until the median is far away.
        steady = bool((steps > noise / 2).all() or (steps < -noise / 2).all())
        if steady and first_std > 0 and abs(view.mean - first_mean) > self.max_shift * first_std:
            return self._drifting(context, view, first_mean, first_std)
        mean, std = median([m for m, _ in past.recent]), median([s for _, s in past.recent])
        if first_std <= 0 or float(np.ptp([s for _, s in past.recent])) > max(std, first_std):
            return None  # batches that differ this much among themselves have no typical spread
        ratio, shift = std / first_std, abs(mean - first_mean) / first_std
        spread_noise = max(past.stds) / max(min(past.stds), 1e-30)
        if (ratio > self.max_scale_ratio or ratio < 1 / self.max_scale_ratio) and spread_noise < self.max_scale_ratio:
            how = f"its spread is {number(std)}, it began with {number(first_std)}"
        elif shift > self.max_shift and abs(mean - first_mean) > 3 * noise:
            how = (
                f"its mean has moved by {times(shift)} standard deviations, from {number(first_mean)} to {number(mean)}"
            )
        else:
            return None
        name = variable(view.name, "input", context.facts)
        return Finding(
            subject=view.subject,
            message=f"'{view.name}' has changed since training began: {how}.",
            evidence={
                "mean": mean,
                "std": std,
                "first_mean": first_mean,
                "first_std": first_std,
                "min": view.min,
                "max": view.max,
            },
            fix=f"{name} = {name} / 255  # a copy; `{name} /= 255` changes the data itself, once more in each epoch",
        )

    def _drifting(self, context: Context, view: TensorView, first_mean: float, first_std: float) -> Finding:
        name = variable(view.name, "input", context.facts)
        shift = times(abs(view.mean - first_mean) / first_std)
        return Finding(
            subject=view.subject,
            message=f"'{view.name}' drifts steadily: its mean has moved by {shift} standard deviations, from "
            f"{number(first_mean)} to {number(view.mean)}, and its spread from {number(first_std)} to "
            f"{number(view.std)}.",
            evidence={
                "mean": view.mean,
                "std": view.std,
                "first_mean": first_mean,
                "first_std": first_std,
                "min": view.min,
                "max": view.max,
            },
            fix=f"# Rows in the order of time or of a sensor's wear: remove the drift, then shuffle.\n"
            f"order = np.random.permutation(len({name}))\nmodel.fit({name}[order], y[order])",
            at_once=True,
        )
