"""The rule `exploding-gradient`."""

from __future__ import annotations

from collections import deque
from statistics import median

import numpy as np

from tb_inputdiag.numbers import format_number, times
from tb_inputdiag.records import Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, fires, silent
from tb_inputdiag.rules.views.context import Context

__all__ = ["ExplodingGradient"]


class ExplodingGradient(Rule):
    """The gradients are enormous, and the steps along them throw the loss up.

    ## What it does
    Computes by how much the loss would change, relative to itself, if the weights changed by one part of themselves:
    the gradient's norm times the weights' norm over the loss. It fires where this is enormous, or the gradient's norm a
    thousand times its own past, and the loss has risen to many times what it was. The scale of the targets does not
    matter, as loss and gradient share it. Large gradients alone mean little: before BatchNormalization they are large
    by nature in deep networks, as the loss does not change with the weights' scale, and Adam takes steps of the same
    size whatever the norm.

    ## Why is this bad?
    Each update overshoots: the loss jumps, and sooner or later overflows to NaN. In recurrent networks one long
    sequence is enough.

    ## Example
    ```python
    keras.layers.SimpleRNN(64, activation="relu", recurrent_initializer=keras.initializers.RandomNormal(stddev=1.0))
    ```

    ## What to do
    Clip the gradients (`clipnorm=1.0`), lower the learning rate, keep the default initializers, use LSTM or GRU
    with tanh, and normalization layers in deep networks.

    ## References
    - Pascanu, Mikolov, Bengio: On the difficulty of training recurrent neural networks (2013).
    """

    id = "exploding-gradient"
    severity = Severity.WARNING
    persistence = 2
    resolve_after = 5
    explains = (
        "diverging-loss",
        "loss-spike",
        "oscillating-loss",
        "non-finite-loss",
        "non-finite-gradient",
        "non-finite-activation",
        "loss-scale-collapse",
        "dead-relu",
        "saturated-activation",
        "stalled-loss",
        "constant-output",
        "always-clipped-gradient",
        "initial-loss-off",
    )
    lasting = ("dead-relu",)
    why = "Updates overshoot by far: the loss jumps about, and sooner or later everything overflows to NaN."

    max_elasticity = Threshold(
        1e5,
        "Largest gradient norm x weight norm / loss that is fine, without unit.",
        source="Networks without normalization show 10 to 1,000: the sum of w * dL/dw is about depth times loss "
        "(Euler's theorem). Fresh ResNets and MobileNets reach 1e7 and train well, so the loss must testify too.",
    )
    max_growth = Threshold(
        1000.0,
        "Largest gradient norm over its own past median that is fine.",
        source="Between batches norms of healthy runs differ by up to about 100, heavy tails included.",
    )
    max_rise = Threshold(
        10.0,
        "Largest loss over what it was that is fine while gradients are this large.",
        source="Fresh ResNet50s on batches of 4 stay below 2 times the largest of their first losses.",
        low=1.0,
    )
    max_norm = Threshold(
        1e8,
        "Largest norm that is fine in any case.",
        source="Optimizers square gradients: squares reach float32's limit of 1e38 at 1e19, and lose digits long "
        "before.",
    )

    def start(self) -> None:
        """Forgets the past."""
        self._past: deque[float] = deque(maxlen=64)
        self._losses: deque[float] = deque(maxlen=64)
        self._largest_loss = 0.0

    def on_sample(self, context: Context) -> Findings:
        """Judges the global norm of one step."""
        sample, table = context.sample, context.sample.weights
        norm, loss = sample.gradient_norm, abs(sample.loss)
        if table is not None and norm == np.inf and not np.nansum(table.gradient_nonfinite_count):
            # the squares overflowed, not the gradient: its largest part is what the norm is at least
            norm = float(np.nanmax(table.gradient_max_abs))
        if table is None or not (np.isfinite(norm) and np.isfinite(loss)):
            return None
        self._largest_loss = max(self._largest_loss, loss)
        past = median(self._past) if len(self._past) >= 10 else None
        # Of a few batches, and small ones, the median may be far too low.
        usual = (median if len(self._losses) >= 10 else max)(self._losses or (loss,))
        # A loss that has nearly vanished would make any gradient look large, so compare with what it was.
        level = max(loss, 0.1 * self._largest_loss, 1e-12)
        elasticity = norm * float(np.sqrt(np.nansum(table.weight_norm.astype(np.float64) ** 2))) / level
        grown = past is not None and past > 0 and norm > self.max_growth * past and norm > 10 * level
        huge = norm > self.max_norm
        # Where the gradient is large by nature, steps along it do no harm: the loss tells.
        thrown_up = loss > self.max_rise * max(usual, 1e-6)
        if not (huge or (thrown_up and (elasticity > self.max_elasticity or grown))):
            self._past.append(norm)
            self._losses.append(loss)
            return []
        row = int(np.nanargmax(table.gradient_norm)) if np.isfinite(table.gradient_norm).any() else 0
        weight = context.layout.weights[row]
        against = f", {times(norm / past)} times its past" if past else ""
        clipped = sample.clipped_gradient_norm < 0.5 * norm
        return [
            Finding(
                subject="optimizer",
                message=f"The gradient's norm is {format_number(norm)}{against}, largest in '{weight}', at a loss of "
                f"{format_number(sample.loss)}{f' after {format_number(usual)}' if thrown_up else ''}"
                f"{' (it is clipped)' if clipped else ''}.",
                evidence={
                    "gradient_norm": norm,
                    "past_median": past,
                    "elasticity": elasticity,
                    "expected_max_elasticity": self.max_elasticity,
                    "loss": sample.loss,
                    "past_loss": usual,
                    "weight": weight,
                    "learning_rate": sample.learning_rate,
                },
                fix=_fix(context, sample.learning_rate),
                severity=Severity.INFO if clipped else None,
                at_once=huge,
            )
        ]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        huge = {"*": {"gradient_norm": 1e9, "gradient_max_abs": 1e8}}
        large = {"*": {"gradient_norm": 1e6, "gradient_max_abs": 1e5}}
        growing = {"*": {"gradient_norm": 2e4, "gradient_max_abs": 1e3}}
        scaled = {"*": {"gradient_norm": 1e5}}
        return (
            fires("from the start", lambda: Scenario().train(gradients=huge, steps=3), "optimizer", Severity.WARNING),
            fires(
                "grown", lambda: Scenario().train(steps=20).train(gradients=growing, loss=90.0, steps=3), "optimizer"
            ),
            fires(
                "loss thrown up",
                lambda: Scenario().train(gradients=large, steps=2).train(gradients=large, loss=60.0, steps=3),
                "optimizer",
            ),
            silent("large before normalization", lambda: Scenario().train(gradients=large, steps=30)),
            silent(
                "large, of a noisy loss", lambda: Scenario().train(gradients=large, steps=9, loss=lambda s: 1 + s % 8)
            ),
            silent("healthy", lambda: Scenario().train(steps=30)),
            silent("targets of 1e5", lambda: Scenario(loss="mse").train(gradients=scaled, steps=5, loss=1e10)),
            silent(
                "one odd batch", lambda: Scenario().train(steps=20).train(gradients=large, loss=90.0).train(steps=3)
            ),
        )


def _fix(context: Context, rate: float) -> str:
    name = str(context.facts.optimizer.get("name") or "Adam") if context.facts is not None else "Adam"
    lower = f"{rate / 10:.2g}" if np.isfinite(rate) and rate > 0 else "1e-4"
    return f"keras.optimizers.{name}(learning_rate={lower}, clipnorm=1.0)"
