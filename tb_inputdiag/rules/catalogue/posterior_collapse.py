"""The rule `posterior-collapse`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np

from tb_inputdiag.keras_vocabulary import LINEAR, is_linear
from tb_inputdiag.numbers import format_number
from tb_inputdiag.records import LayerFacts, LayerTable, LimitPicture, ModelFacts, SessionEnd, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, fires, layer, silent
from tb_inputdiag.rules.support.curves import layer_curve
from tb_inputdiag.rules.support.layers import activation_of
from tb_inputdiag.rules.views.context import Context

__all__ = ["PosteriorCollapse"]

_MEANS = re.compile(r"(?:^|_)(?:mean|mu|loc)(?:_|$|\d)")
_SPREADS = re.compile(r"(?:^|_)(?:log_?var|log_?sigma|log_?std|log_?scale|logvariance|log_variance)(?:_|$|\d)")


class PosteriorCollapse(Rule):
    """The code of a variational autoencoder carries nothing: it is the same noise for every example.

    ## What it does
    Looks for a pair of linear layers with the same number of units, one named like a mean (`z_mean`, `mu`) and one like
    the logarithm of a spread (`z_log_var`, `logvar`). From the mean and the spread of their outputs in the last sampled
    step it computes how far the code is from the prior. It fires when `fit` ends and that distance is next to nothing.
    Many runs begin like this and leave it, so it does not judge before.

    ## Why is this bad?
    The decoder gets noise that has nothing to do with the example, so it gives the same mean image for all. The loss
    still falls, as the mean image is better than nothing.

    ## Example
    ```python
    reconstruction = ops.mean(ops.square(x - y))        # a mean over the pixels ...
    kl = -0.5 * ops.sum(1 + log_var - ...)              # ... against a sum over the units: it wins
    ```

    ## What to do
    Sum the reconstruction error over the pixels of an example, as the KL term is summed over the units. Or give the KL
    term less weight, or raise its weight slowly from 0.

    ## References
    - https://keras.io/examples/generative/vae/
    - Bowman et al.: Generating Sentences from a Continuous Space (2016), section 3.1.
    """

    id = "posterior-collapse"
    severity = Severity.WARNING
    scope = "session"
    explains = ("constant-output", "stalled-loss", "dominant-regularization", "dominant-loss", "unfinished-training")
    why = "The decoder gets noise that has nothing to do with the example, so it answers the same for all."

    min_divergence = Threshold(
        0.01,
        "Smallest distance from the prior that is fine, in nats for each unit of the code.",
        source="A unit that tells two groups of examples apart needs 0.69; trained codes have 0.1 to 3 on average.",
    )
    min_steps = Threshold(
        50, "Steps before the rule judges.", source="Shorter runs have not had the time to learn a code."
    )

    def start(self) -> None:
        """Forgets the last sample."""
        self._found: tuple[LayerFacts, LayerFacts, float] | None = None

    def on_sample(self, context: Context) -> Findings:
        """Keeps the distance from the prior."""
        facts, table = context.facts, context.sample.layers
        if facts is None or table is None:
            return None
        for mean, spread in _codes(facts):
            divergence = _divergence(context.layout.layers, table, mean.name, spread.name)
            if divergence is not None:
                self._found = mean, spread, divergence
                return None
        return None

    def on_session_end(self, context: Context, end: SessionEnd) -> Findings:
        """Judges the last sample."""
        if self._found is None or end.status != "finished" or context.age < self.min_steps:
            return None
        mean, spread, divergence = self._found
        if divergence >= self.min_divergence:
            return []
        return [
            Finding(
                subject=f"layer:{mean.name}",
                message=f"The code of '{mean.name}' and '{spread.name}' carries nothing: it is only "
                f"{format_number(divergence)} nats a unit away from noise that is the same for every example.",
                evidence={
                    "divergence": divergence,
                    "expected_min": self.min_divergence,
                    "mean": mean.name,
                    "spread": spread.name,
                },
                fix="reconstruction = ops.mean(ops.sum(error, axis=(1, 2, 3)))  # over the pixels\n"
                "loss = reconstruction + beta * kl  # beta from 0 to 1",
                picture=LimitPicture(
                    label="KL divergence of a unit of the code, in nats",
                    value=divergence,
                    limit=self.min_divergence,
                    bound="at least",
                ),
                curves=(layer_curve(mean.name), layer_curve(spread.name)),
            )
        ]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        encoder = (
            layer("hidden", "Dense", units=32, activation="relu"),
            layer("z_mean", "Dense", units=4, activation="linear"),
            layer("z_log_var", "Dense", units=4, activation="linear"),
            layer("decoded", "Dense", units=64, activation="sigmoid"),
        )

        def run(size: float, steps: int = 60) -> Scenario:
            code = {"mean": 0.0, "std": size}
            return (
                Scenario(encoder, loss="mse").train(steps=steps, activations={"z_mean": code, "z_log_var": code}).end()
            )

        return (
            fires("noise for every example", lambda: run(0.02), "layer:z_mean", Severity.WARNING),
            silent("a code", lambda: run(0.9)),
            silent("a few steps", lambda: run(0.02, steps=10)),
        )


def _codes(facts: ModelFacts) -> Iterator[tuple[LayerFacts, LayerFacts]]:
    """Yields pairs of layers that give mean and spread of a code."""
    linear = [item for item in facts.layers if item.class_name in LINEAR and is_linear(activation_of(item))]
    for mean in linear:
        if _MEANS.search(_own_name(mean)):
            for spread in linear:
                alike = spread.parent == mean.parent and spread.config.get("units") == mean.config.get("units")
                if alike and spread is not mean and _SPREADS.search(_own_name(spread)):
                    yield mean, spread


def _own_name(item: LayerFacts) -> str:
    return item.name.rpartition("/")[2].lower()


def _divergence(rows: Sequence[str], table: LayerTable, mean: str, spread: str) -> float | None:
    """Returns the KL divergence from a standard normal, in nats a unit, to second order; None if it is not known."""
    if mean not in rows or spread not in rows:
        return None
    squares = [float(table.mean[i]) ** 2 + float(table.std[i]) ** 2 for i in (rows.index(mean), rows.index(spread))]
    divergence = 0.5 * squares[0] + 0.25 * squares[1]
    return divergence if np.isfinite(divergence) else None
