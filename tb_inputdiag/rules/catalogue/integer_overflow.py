"""The rule `integer-overflow`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tb_inputdiag.numbers import format_number, whole
from tb_inputdiag.records import F8, N_WRAP_COUNTS, LimitPicture, Severity, TensorView
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold, findings_of
from tb_inputdiag.rules.examples import REGRESSOR, Example, Scenario, fires, silent
from tb_inputdiag.rules.support.curves import tensor_curves
from tb_inputdiag.rules.support.symptoms import NO_PROGRESS
from tb_inputdiag.rules.support.text import variable
from tb_inputdiag.rules.views.context import Context
from tb_inputdiag.statistics.tensors import wrap_around

__all__ = ["IntegerOverflow"]


class IntegerOverflow(Rule):
    """Pixels of 8 bits went beyond their range and began again at the other end of it.

    ## What it does
    Looks at pictures and signals whose values are 256 levels, as integers or rescaled. Where `uint8` arithmetic wraps
    around, neighbours that are in truth close are at opposite ends of the range. The rule fires if such pairs are more
    frequent than they are in independent values, which have fewer of them than of any smaller difference, and if values
    are as frequent on either side of the seam. Paper and ink, and pixels that are clipped at 0 and 255, are different:
    such values pile up at the ends, or are rarer there. So an overflow goes unnoticed where much of a picture is black
    or white. Angles that are stored in 8 bits, such as a hue, look the same: the model needs their sine and cosine.

    ## Why is this bad?
    256 becomes 0, and -1 becomes 255: the brightest places turn black. No exception and no warning tells, and what is
    left of the picture is often just enough to train badly.

    ## Example
    ```python
    images.dtype                                  # uint8
    images = (images + 60) / 255.0                # 200 + 60 is 4
    images = images - images.mean().astype("uint8")
    images = counts.astype("uint8")               # counts of 12 bits: modulo 256
    ```

    ## What to do
    Convert to float before any arithmetic: `images.astype("float32")`. Scale by the largest value that the sensor gives
    (4095 for 12 bits), and use `np.clip` before values go back to uint8.

    ## References
    - https://numpy.org/doc/stable/user/basics.types.html#overflow-errors
    """

    id = "integer-overflow"
    severity = Severity.WARNING
    persistence = 2
    explains = (*NO_PROGRESS, "overfitting", "validation-at-chance")
    why = "256 became 0 and -1 became 255, so the brightest places are black. The model reads a broken picture."

    min_excess = Threshold(
        1.6,
        "How much more frequent jumps over the whole range must be than in independent, evenly spread values.",
        source="Wrapped photographs have 4 to 8, a wrapped detector 2.1. Photographs have 0.02, MNIST 0.6, noise 0.9.",
        low=1.0,
    )
    max_unevenness = Threshold(
        2.2,
        "Largest factor between the densities of values around the ends of the range.",
        source="Wrapped pictures have 1.02 to 2.1. Text and MNIST have 4 or more, full-scale sine waves 2.6.",
        low=1.0,
    )
    min_fill = Threshold(
        0.25,
        "Density of values in the middle of the range, relative to that near its ends.",
        source="Wrapped counts of a detector have 1, text on paper 0.01 to 0.1.",
    )
    min_nearness = Threshold(
        1.5,
        "The same holds if neighbours of values near an end are so much more often at the other end.",
        source="Two levels with noise have 1, whatever the noise. Wrapped photographs have 2 or more.",
        low=1.0,
    )
    min_jumps = Threshold(
        100,
        "Jumps in all samples so far.",
        source="The relative error of a count of 100 is 10 %, far less than what separates the programs above.",
        low=1,
    )

    def start(self) -> None:
        """Forgets all counts."""
        self._counts: dict[str, F8] = {}

    def on_sample(self, context: Context) -> Findings:
        """Judges each input of 8 bits, by all samples so far."""
        return findings_of(self._judge(context, view) for view in context.fed("input"))

    def _judge(self, context: Context, view: TensorView) -> Finding | bool | None:
        """Returns what was found, False for nothing, None for no verdict."""
        if not np.isfinite(view.wrap_counts).all():
            return None
        counts = self._counts.get(view.name, np.zeros(N_WRAP_COUNTS)) + view.wrap_counts
        self._counts[view.name] = counts
        excess, unevenness = wrap_around.excess(counts), wrap_around.unevenness(counts)
        # two levels with noise may be even at the ends by chance, but then hardly anything is in between
        one_range = wrap_around.fill(counts) >= self.min_fill or wrap_around.nearness(counts) >= self.min_nearness
        even = excess >= self.min_excess and unevenness <= self.max_unevenness
        return bool(counts[0] >= self.min_jumps and even and one_range) and self._finding(
            context, view, float(counts[0]), excess, unevenness
        )

    def _finding(self, context: Context, view: TensorView, jumps: float, excess: float, unevenness: float) -> Finding:
        code = variable(view.name, "input", context.facts)
        return Finding(
            subject=view.subject,
            message=f"8-bit values of '{view.name}' wrap around: {whole(jumps)} pairs of neighbours lie at opposite "
            f"ends of the range, {format_number(excess)} times as many as in random values.",
            evidence={"jumps": jumps, "excess": excess, "unevenness": unevenness},
            fix=f'{code} = {code}.astype("float32")  # before any arithmetic\n'
            f'# or, where values must stay uint8:\n{code} = np.clip({code}, 0, 255).astype("uint8")',
            picture=LimitPicture(
                label="jumps over the whole range, compared with random values", value=excess, limit=self.min_excess
            ),
            curves=tensor_curves(context, view),
        )

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""

        def run(make: Callable[[np.random.Generator], np.ndarray], factor: float = 1.0) -> Scenario:
            def batch(step: int) -> np.ndarray:
                x = make(np.random.default_rng(step))
                return x if factor == 1 else (x * factor).astype(np.float32)

            return Scenario(REGRESSOR, loss="mse").train(x=batch, steps=4)

        def brighter(rng: np.random.Generator) -> np.ndarray:
            return _pictures(rng) + np.uint8(90)

        def counts(rng: np.random.Generator) -> np.ndarray:
            return (4.0 * _pictures(rng) + rng.poisson(100, (32, 32, 32, 1))).astype("uint8")

        def text(rng: np.random.Generator) -> np.ndarray:
            ink = rng.random((32, 32, 32, 1)) < 0.3
            return (np.where(ink, 12, 243) + rng.normal(0, 6, ink.shape)).clip(0, 255).astype("uint8")

        def noise(rng: np.random.Generator) -> np.ndarray:
            return rng.integers(0, 256, (32, 32, 32, 1)).astype("uint8")

        return (
            fires("brighter pictures", lambda: run(brighter), "input:x", Severity.WARNING),
            fires("brighter pictures, rescaled", lambda: run(brighter, 1 / 255), "input:x", Severity.WARNING),
            fires("counts that are too large", lambda: run(counts), "input:x", Severity.WARNING),
            silent("pictures as they are", lambda: run(_pictures)),
            silent("black and white text", lambda: run(text)),
            silent("noise of all values", lambda: run(noise)),
            silent("floats that are no rescaled integers", lambda: run(lambda rng: rng.random((32, 32, 32, 1)))),
        )


def _pictures(rng: np.random.Generator) -> np.ndarray:
    """Returns ``uint8[32, 32, 32, 1]``: smooth random pictures with a little noise, of all gray values."""
    y, x = np.mgrid[:32, :32] / 32
    waves = sum(
        np.sin(6 * (a * x + b * y) + rng.uniform(0, 6, (32, 1, 1))) for a, b in ((1, 0), (0, 1), (1, 1), (2, 1))
    )
    gray = 128 + 30 * waves + rng.normal(0, 4, (32, 32, 32))
    return np.asarray(gray.clip(0, 255).astype("uint8")[..., None])
