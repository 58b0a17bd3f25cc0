"""The rule `vanishing-gradient`."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.records import F8, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, fires, layer, silent
from tb_inputdiag.rules.support.medians import median
from tb_inputdiag.rules.support.text import number, times
from tb_inputdiag.rules.views.context import Context

__all__ = ["VanishingGradient"]


class VanishingGradient(Rule):
    """The gradients shrink on their way to the first layers until next to nothing is left.

    ## What it does
    Compares, among the kernels in forward order, the gradient per weight norm of the first layers with that of the last
    ones, or follows a steady decline through all of them. It fires where the first get less than a ten-thousandth,
    sample after sample. Frozen layers do not take part;
    converged runs are fine, as there all layers have small gradients.

    ## Why is this bad?
    The first layers stay as they were initialized, and the rest of the network has to make do with random features.

    ## Example
    ```python
    model = keras.Sequential([keras.layers.Dense(64, activation="sigmoid") for _ in range(12)] + [...])
    ```

    ## What to do
    ReLU-like activations instead of sigmoid or tanh, `BatchNormalization` between the layers, residual connections,
    fewer layers; LSTM or GRU instead of SimpleRNN.

    ## References
    - Glorot, Bengio: Understanding the difficulty of training deep feedforward neural networks (2010).
    - He, Zhang, Ren, Sun: Deep residual learning for image recognition (2016).
    """

    id = "vanishing-gradient"
    severity = Severity.WARNING
    persistence = 5
    resolve_after = 5
    explains = ("stalled-loss", "constant-output", "learning-rate-too-low")
    why = "The first layers hardly change at all: the rest of the network learns on random features."

    min_ratio = Threshold(
        1e-4,
        "Smallest gradient per weight norm of the first layers over that of the last layers that is fine.",
        source="Ten sigmoid layers, each passing at most a quarter, leave 1e-6; healthy deep nets stay above 1e-2.",
        high=1.0,
    )

    min_depth = Threshold(
        6,
        "Kernels from which on a trend through all of them counts too.",
        source="A line through fewer points is mostly that of its ends.",
        low=3,
    )

    def on_sample(self, context: Context) -> Findings:
        """Judges the kernels of one step."""
        table, kernels = context.sample.weights, context.kernels
        if table is None or len(kernels.rows) < 3:
            return None
        norms = table.gradient_norm[kernels.rows].astype(np.float64)
        sizes = table.weight_norm[kernels.rows].astype(np.float64)
        usable = np.isfinite(norms) & (sizes > 0) & (table.gradient_zero_fraction[kernels.rows] < 1)
        if usable.sum() < 3:
            return None
        relative = norms[usable] / sizes[usable]
        rows = kernels.rows[usable]
        third = max(len(relative) // 3, 1)
        # The best of the first third: one quiet layer, an embedding say, does not make the network untrainable.
        first, last = float(relative[:third].max()), median(relative[-third:])
        if not np.isfinite(context.sample.loss):
            return []
        # A steady decline is worse over the whole depth than it is between two of its thirds.
        if len(relative) >= self.min_depth and (relative > 0).all():
            first = min(first, last * _decline(relative))
        if not (last > 0 and first < self.min_ratio * last):
            return []
        early, late = context.kernels.layers[rows[0]], context.kernels.layers[rows[-1]]
        activations = _squashing(context)
        instead = f'  # instead of activation="{activations}"' if activations else ""
        return [
            Finding(
                subject=f"layer:{early}",
                message=f"The gradients of layer '{early}' are {times(last / max(first, 1e-300))} times smaller, "
                f"relative "
                f"to its weights, than those of '{late}': on the way to the front they vanish.",
                evidence={
                    "first_ratio": first,
                    "last_ratio": last,
                    "ratio": first / last,
                    "expected_min_ratio": self.min_ratio,
                    "first_layer": early,
                    "last_layer": late,
                    "gradient_norm": number(float(norms[usable][0])),
                },
                fix=f'activation="relu", kernel_initializer="he_normal"{instead}\n'
                "keras.layers.BatchNormalization()  # between the layers, or residual connections: x = x + block(x)",
            )
        ]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        deep = tuple(layer(f"dense_{i}", "Dense", activation="sigmoid", units=32) for i in range(9))

        def shrinking(factor: float) -> dict[str, dict[str, float]]:
            return {f"dense_{i}/kernel": {"gradient_norm": 0.1 * factor ** (8 - i)} for i in range(9)}

        return (
            fires(
                "nine sigmoid layers",
                lambda: Scenario(deep).train(gradients=shrinking(0.1), steps=6),
                "layer:dense_0",
                Severity.WARNING,
            ),
            fires(
                "a steady decline",
                lambda: Scenario(deep).train(gradients=shrinking(0.22), steps=6),
                "layer:dense_0",
            ),
            silent("a healthy deep net", lambda: Scenario(deep).train(gradients=shrinking(0.7), steps=6)),
            silent("a converged run", lambda: Scenario(deep).train(gradients={"*": {"gradient_norm": 1e-9}}, steps=6)),
            silent("two layers", lambda: Scenario().train(steps=6)),
        )


def _squashing(context: Context) -> str:
    layers = context.facts.layers if context.facts is not None else ()
    used = [str(item.config.get("activation")) for item in layers[:-1]]
    return next((name for name in ("sigmoid", "tanh", "hard_sigmoid") if name in used), "")


def _decline(relative: F8) -> float:
    """Returns first over last of the geometric decline that fits best: the median of all slopes, so no layer rules."""
    kept, i, j, distances = _pairs(len(relative))
    logs = np.log(relative[kept])
    slope = median((logs[j] - logs[i]) / distances)
    return float(np.exp(-slope * (len(relative) - 1)))


@lru_cache(maxsize=8)
def _pairs(n: int) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Returns at most 48 of n layers, evenly spaced, and all pairs of them with how far they are apart."""
    kept = np.unique(np.linspace(0, n - 1, min(n, 48)).astype(np.intp))
    i, j = np.triu_indices(len(kept), 1)
    return kept, i, j, kept[j] - kept[i]
