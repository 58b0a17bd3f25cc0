"""The rule `vanishing-gradient`."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.numbers import format_number, times
from tb_inputdiag.records import F8, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, fires, layer, silent
from tb_inputdiag.rules.support.curves import weight_curve
from tb_inputdiag.rules.support.medians import median
from tb_inputdiag.rules.support.pictures import sizes_picture
from tb_inputdiag.rules.views.context import Context

__all__ = ["VanishingGradient"]


class VanishingGradient(Rule):
    """The gradients shrink to almost nothing on their way to the first layers.

    ## What it does
    Compares the ratio of gradient norm to weight norm between the kernels of the first and of the last layers, or
    follows a steady decline through all layers. It fires when that of the first layers is less than 1e-4 of that of the
    last ones, sample after sample. Frozen layers do not count. Converged runs are fine, because all their gradients are
    small.

    ## Why is this bad?
    The first layers stay as they were initialized, so the rest of the network learns from random features.

    ## Example
    ```python
    model = keras.Sequential([keras.layers.Dense(64, activation="sigmoid") for _ in range(12)] + [...])
    ```

    ## What to do
    Use ReLU-like activations instead of sigmoid or tanh, `BatchNormalization` between the layers, residual connections,
    or fewer layers. Use LSTM or GRU instead of SimpleRNN.

    ## References
    - Glorot, Bengio: Understanding the difficulty of training deep feedforward neural networks (2010).
    - He, Zhang, Ren, Sun: Deep residual learning for image recognition (2016).
    """

    id = "vanishing-gradient"
    severity = Severity.WARNING
    persistence = 5
    resolve_after = 5
    explains = ("stalled-loss", "constant-output", "learning-rate-too-low")
    needs = ("own_trainable_variables",)
    why = "The first layers hardly change, so the rest of the network learns from random features."

    min_ratio = Threshold(
        1e-4,
        "Smallest ratio of gradient to weight norm of the first layers that is fine, relative to the last layers.",
        source="Ten sigmoid layers that pass at most a quarter each leave 1e-6. Healthy deep models stay above 1e-2.",
        high=1.0,
    )
    min_depth = Threshold(
        6,
        "Kernels from which on a steady decline through all of them counts.",
        source="A line through fewer points mostly follows its ends.",
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
        # The best of the first third: a single quiet layer, such as an embedding, is not a problem.
        first, last = float(relative[:third].max()), median(relative[-third:])
        if not np.isfinite(context.sample.loss):
            return []
        # A steady decline is larger over the whole depth than between its first and last third.
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
                message=f"Relative to its weights, the gradients of layer '{early}' are "
                f"{times(last / max(first, 1e-300))} times smaller than those of layer '{late}'.",
                evidence={
                    "first_ratio": first,
                    "last_ratio": last,
                    "ratio": first / last,
                    "expected_min_ratio": self.min_ratio,
                    "first_layer": early,
                    "last_layer": late,
                    "gradient_norm": format_number(float(norms[usable][0])),
                },
                fix=f'activation="relu", kernel_initializer="he_normal"{instead}\n'
                "keras.layers.BatchNormalization()  # between the layers, or residual connections: x = x + block(x)",
                picture=sizes_picture(
                    "gradient norm over weight norm, first layer to last",
                    [context.kernels.layers[row] for row in rows],
                    relative,
                    range(third),
                    largest_ratio=1 / self.min_ratio if self.min_ratio else None,
                ),
                curves=(weight_curve(context.layout.weights[rows[0]]),),
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
    """Returns the ratio of first to last of the geometric decline that fits best.

    The slope is the median over all pairs of layers, so that no single layer decides.
    """
    kept, i, j, distances = _pairs(len(relative))
    logs = np.log(relative[kept])
    slope = median((logs[j] - logs[i]) / distances)
    return float(np.exp(-slope * (len(relative) - 1)))


@lru_cache(maxsize=8)
def _pairs(n: int) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Returns at most 48 of n layers, evenly spaced, and all pairs of them with their distances."""
    kept = np.unique(np.linspace(0, n - 1, min(n, 48)).astype(np.intp))
    i, j = np.triu_indices(len(kept), 1)
    return kept, i, j, kept[j] - kept[i]
