"""The rule `scrambled-axes`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

import numpy as np

from tb_inputdiag.numbers import format_number, shape_text, whole
from tb_inputdiag.records import F4, LimitPicture, Severity, TensorView
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold, findings_of
from tb_inputdiag.rules.examples import REGRESSOR, Example, Scenario, fires, silent
from tb_inputdiag.rules.support.curves import tensor_curves
from tb_inputdiag.rules.support.symptoms import NO_PROGRESS
from tb_inputdiag.rules.support.text import variable
from tb_inputdiag.rules.views.context import Context
from tb_inputdiag.statistics.tensors import axis_order

__all__ = ["ScrambledAxes"]

_RANK_STD = 1 / np.sqrt(12)
"""Of a rank that may be anything from 0 to 1."""
_INDEPENDENT_SEAMS = 4


class ScrambledAxes(Rule):
    """An input was reshaped where its axes had to be swapped, so steps and channels are mixed up.

    ## What it does
    Looks at series ``(batch, steps, channels)`` and pictures ``(batch, height, width, channels)`` in the order in which
    their values lie in memory. After a wrong `reshape` one channel lies behind the other there, so the values jump at
    each multiple of the number of steps (or pixels), and hardly in between. It fires if they jump at these places in
    much more than half of the comparisons with their neighbours, and only then: what is called the next channel must be
    as close as what is called the next step.

    ## Why is this bad?
    `reshape` keeps the order of the values in memory. What the model reads as the channels of one time step are
    neighbouring samples of a single channel, and what it reads as the next step is another part of it.

    ## Example
    ```python
    x.shape                                  # (500, 8, 160): 8 channels of 160 samples
    x = x.reshape(len(x), 160, 8)            # has the right shape, and mixes time and channels
    ```

    ## What to do
    `x = np.moveaxis(x, 1, -1)`, which gives the same shape. `np.moveaxis(x.reshape(-1, 8, 160), 1, -1)` undoes the
    reshape where the original is gone.

    ## References
    - https://numpy.org/doc/stable/reference/generated/numpy.moveaxis.html
    - https://numpy.org/doc/stable/reference/generated/numpy.reshape.html
    """

    id = "scrambled-axes"
    severity = Severity.WARNING
    explains = (*NO_PROGRESS, "overfitting", "validation-at-chance")
    why = (
        "What the model reads as the channels of one step are neighbours in a single channel. It sees no step, pixel "
        "or channel as it was recorded."
    )

    min_excess = Threshold(
        0.03,
        "How far the fraction of comparisons that the jumps win must be above 0.5.",
        source="Signals with as much noise as rhythm reach 0.05, smooth ones 0.3 to 0.5; in the right order it is 0.",
        high=0.5,
    )
    min_deviations = Threshold(
        5.0,
        "The same in standard deviations of independent examples with four independent jumps or fewer.",
        source="Real and made-up series and pictures in the right order stay below 2.",
        low=1.0,
    )
    min_step_ratio = Threshold(
        0.75,
        "Mean square of the differences between steps, relative to that between channels.",
        source="Pictures and series in the right order have 0.005 to 0.65, scrambled ones 0.8 to 40, noise 1.",
    )
    min_step_ratio_of_few = Threshold(
        1.2,
        "The same for series of two or three channels, whose few jumps may fall on an event.",
        source="Scrambled series of two or three channels have 1.5 to 5. Noise has 1.",
    )
    max_wrap_factor = Threshold(
        2.0,
        "How far differences from the last channel to the next step may be from those between channels, as a factor.",
        source="Scrambled series and pictures have 0.6 to 1.6; pictures in the right order and windows 3 to 130.",
        low=1.0,
    )
    min_examples = Threshold(
        16, "Different examples that are needed.", source="Fewer reach five deviations only by chance.", low=2
    )

    def start(self) -> None:
        """Forgets all examples."""
        self._seen: dict[str, _Seams] = {}

    def on_sample(self, context: Context) -> Findings:
        """Judges each input with channels, by the examples of all samples so far."""
        return findings_of(self._judge(context, view) for view in context.fed("input"))

    def _judge(self, context: Context, view: TensorView) -> Finding | bool | None:
        """Returns what was found, False for nothing, None for no verdict."""
        rank = view.value("seam_rank")
        if not np.isfinite(rank):
            return None
        seen = self._seen.setdefault(view.name, _Seams())
        if context.whole_data:
            new = min(view.shape[0], axis_order.MAX_SAMPLED)
        else:
            new = seen.unseen(context.sample.tensors.example_ids[: axis_order.examples(view.layout)])
        if not new:
            return None
        seen.add(new, rank, view.value("seam_wrap_ratio"), view.value("seam_step_ratio"))
        if seen.examples < self.min_examples or not seen.wraps:
            return None
        return self._is_scrambled(view, seen) and self._finding(context, view, seen)

    def _is_scrambled(self, view: TensorView, seen: _Seams) -> bool:
        channels = view.shape[-1]
        independent = seen.examples * min(channels - 1, _INDEPENDENT_SEAMS)
        excess = max(self.min_excess, self.min_deviations * _RANK_STD / np.sqrt(independent))
        few = len(view.shape) == 3 and channels <= 3
        wrap, step = median(seen.wraps), median(seen.steps)
        return (
            seen.rank - 0.5 >= excess
            and step >= (self.min_step_ratio_of_few if few else self.min_step_ratio)
            and 1 / self.max_wrap_factor <= wrap <= self.max_wrap_factor
        )

    def _finding(self, context: Context, view: TensorView, seen: _Seams) -> Finding:
        _, *steps, channels = view.shape
        size = int(np.prod(steps))
        things = "pixels" if len(steps) == 2 else "steps"
        right = ", ".join(map(str, (-1, channels, *steps)))
        wrong = ", ".join(map(str, (-1, *steps, channels)))
        code = variable(view.name, "input", context.facts)
        return Finding(
            subject=view.subject,
            message=f"'{view.name}' {shape_text((None, *view.shape[1:]))} holds {channels} channels of "
            f"{whole(size)} {things} one after the other, as `reshape` leaves them: its values jump at each multiple "
            f"of {whole(size)} (larger there than beside in {format_number(100 * seen.rank)} % of comparisons).",
            evidence={
                "rank": seen.rank,
                "step_ratio": median(seen.steps),
                "wrap_ratio": median(seen.wraps),
                "examples": seen.examples,
            },
            fix=f"# where {code}.reshape({wrong}) is called, swap the axes instead:\n"
            f"{code} = np.moveaxis({code}, 1, -1)\n"
            f"# or, with what the reshape made of it:\n"
            f"{code} = np.moveaxis({code}.reshape({right}), 1, -1)",
            picture=LimitPicture(
                label=f"comparisons in which the jump at a multiple of {whole(size)} is the larger one",
                value=seen.rank,
                limit=0.5 + self.min_excess,
                unit="fraction",
            ),
            curves=tensor_curves(context, view),
        )

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""

        def run(make: Callable[[np.random.Generator], np.ndarray]) -> Scenario:
            def batch(step: int) -> F4:
                return make(np.random.default_rng(step)).astype(np.float32)

            return Scenario(REGRESSOR, loss="mse").train(x=batch, steps=6)

        def framed(rng: np.random.Generator) -> np.ndarray:
            return rng.normal(size=(32, 480)).cumsum(1).reshape(32, 80, 6)

        def windows(rng: np.random.Generator) -> np.ndarray:
            return np.lib.stride_tricks.sliding_window_view(rng.normal(size=(32, 85)).cumsum(1), 6, 1)

        def pictures(rng: np.random.Generator) -> np.ndarray:
            return np.moveaxis(_pictures(rng), 1, -1)

        return (
            fires(
                "a reshape of series",
                lambda: run(lambda rng: _series(rng).reshape(32, 80, 6)),
                "input:x",
                Severity.WARNING,
            ),
            fires(
                "a reshape of pictures",
                lambda: run(lambda rng: _pictures(rng).reshape(32, 24, 24, 3)),
                "input:x",
                Severity.WARNING,
            ),
            silent("transposed series", lambda: run(lambda rng: _series(rng).transpose(0, 2, 1))),
            silent("pictures in the right order", lambda: run(pictures)),
            silent("gray pictures with three channels", lambda: run(lambda rng: pictures(rng)[..., [0, 0, 0]])),
            silent("one long signal cut into frames", lambda: run(framed)),
            silent("overlapping windows", lambda: run(windows)),
            silent("noise", lambda: run(lambda rng: rng.normal(size=(32, 80, 6)))),
            silent("one-hot letters", lambda: run(lambda rng: np.eye(6)[rng.integers(0, 6, (32, 80))])),
            silent("a beat in the middle of each series", lambda: run(_beats)),
            silent("the same scrambled example in each batch", lambda: run(lambda _: _one_series().repeat(32, 0))),
        )


@dataclass
class _Seams:
    """What was seen of one input, an example once."""

    examples: int = 0
    rank: float = 0.0
    """Mean over the examples."""
    wraps: list[float] = field(default_factory=list)
    steps: list[float] = field(default_factory=list)
    """One number for each sample."""
    _ids: set[int] = field(default_factory=set)

    def unseen(self, ids: np.ndarray) -> int:
        """Returns how many of these examples are new, and remembers them."""
        new = {*ids[ids > 0].tolist()} - self._ids
        self._ids |= new
        return len(new)

    def add(self, examples: int, rank: float, wrap: float, step: float) -> None:
        """Adds the numbers of a sample, weighted by its new examples."""
        self.examples += examples
        self.rank += (rank - self.rank) * examples / self.examples
        if np.isfinite(wrap) and np.isfinite(step):
            self.wraps.append(wrap)
            self.steps.append(step)


def _series(rng: np.random.Generator) -> np.ndarray:
    """Returns ``float64[32, 6, 80]``: smooth series with an offset for each channel."""
    return rng.normal(size=(32, 6, 80)).cumsum(2) + 5 * np.arange(6)[:, None]


def _one_series() -> np.ndarray:
    return _series(np.random.default_rng(0))[:1].reshape(1, 80, 6)


def _pictures(rng: np.random.Generator) -> np.ndarray:
    """Returns ``float64[32, 3, 24, 24]``: smooth random pictures, bright at the top, in three colours."""
    y, x = np.mgrid[:24, :24] / 24
    waves = sum(
        rng.normal(size=(32, 1, 1, 1)) * np.sin(6 * (a * x + b * y) + rng.uniform(0, 6, (32, 1, 1, 1)))
        for a, b in ((1, 0), (0, 1), (1, 1), (2, 1))
    )
    colours = rng.uniform(0.4, 1, (32, 3, 1, 1))
    return np.asarray(colours * (waves + 3 - 3 * y) + rng.normal(0, 0.02, (32, 3, 24, 24)))


def _beats(rng: np.random.Generator) -> np.ndarray:
    """Returns ``float64[32, 80, 2]``: a peak at the step where two reshaped channels would meet."""
    peak = np.exp(-((np.arange(80) - 40) ** 2) / 18)[:, None] * np.asarray([3.0, 1.0])
    return np.asarray(peak + rng.normal(0, 0.05, (32, 80, 2)) + rng.normal(0, 0.2, (32, 1, 2)))
