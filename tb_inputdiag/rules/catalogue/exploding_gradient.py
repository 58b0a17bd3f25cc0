"""The rule `exploding-gradient`."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from statistics import median

import numpy as np

from tb_inputdiag.keras_vocabulary import SCALE_FREE
from tb_inputdiag.numbers import format_number, times
from tb_inputdiag.records import LimitPicture, Severity, WeightTable
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import REGRESSOR, Example, Scenario, columns, fires, silent
from tb_inputdiag.rules.support.curves import gradient_norm_curve, loss_curve
from tb_inputdiag.rules.support.optimizer import gentler_optimizer, optimizer_name
from tb_inputdiag.rules.support.scale import typical_size
from tb_inputdiag.rules.views.context import Context

__all__ = ["ExplodingGradient"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measured:
    """What one step's gradient is compared by."""

    norm: float
    limit: float
    """Largest norm that is fine in any case."""
    past: float | None
    """Median norm of the past; None while that is short."""
    elasticity: float
    """Norm of the gradient times norm of the weights over the loss."""
    level: float
    """The loss, or a tenth of its largest value if that is more."""
    usual_loss: float
    jumped: bool
    """The loss is far above its usual value."""


class ExplodingGradient(Rule):
    """The gradients are extremely large, and the loss jumps after the updates.

    ## What it does
    Computes the elasticity of the loss: the gradient's norm times the weights' norm over the loss. That is the
    relative change of the loss for a relative change of the weights. The rule fires if the loss has risen to many
    times its usual value, and the elasticity is extreme or the gradient's norm is a thousand times its own past. The
    scale of the targets does not matter, because loss and gradient share it. Large gradients alone mean little. In
    deep networks with BatchNormalization they are normal, because the loss does not depend on the weights' scale.
    Adam's steps do not depend on the norm either. A norm above 1e8 is reported in any case, unless it comes from the
    size of regression targets and the optimizer is Adam or the like.

    ## Why is this bad?
    Each update overshoots. The loss jumps and eventually overflows to NaN. In recurrent networks one long sequence is
    enough.

    ## Example
    ```python
    keras.layers.SimpleRNN(64, activation="relu", recurrent_initializer=keras.initializers.RandomNormal(stddev=1.0))
    ```

    ## What to do
    Clip the gradients (`clipnorm=1.0`), lower the learning rate, and keep the default initializers. Use LSTM or GRU
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
    why = "The updates overshoot by far: the loss jumps, and eventually the weights overflow to NaN."

    max_elasticity = Threshold(
        1e5,
        "Largest elasticity, gradient norm x weight norm / loss, that is fine; it has no unit.",
        source="Networks without normalization show 10 to 1,000: the sum of w * dL/dw is about depth times loss "
        "(Euler's theorem). New ResNets and MobileNets reach 1e7 and train well, so the loss must rise too.",
    )
    max_growth = Threshold(
        1000.0,
        "Largest ratio of the gradient norm to the median of its past that is fine.",
        source="In healthy runs, norms differ between batches by a factor of up to about 100.",
    )
    max_rise = Threshold(
        10.0,
        "Largest ratio of the loss to its usual value that is fine while gradients are this large.",
        source="New ResNet50s on batches of 4 stay below 2 times the largest of their first losses.",
        low=1.0,
    )
    max_norm = Threshold(
        1e8,
        "Largest gradient norm that is fine in any case, for targets of unit size.",
        source="Optimizers square gradients. The squares overflow float32 at a norm of 1e19 and lose digits long "
        "before.",
    )

    def start(self) -> None:
        """Clears past norms and losses."""
        self._past: deque[float] = deque(maxlen=64)
        self._losses: deque[float] = deque(maxlen=64)
        self._largest_loss = 0.0

    def on_sample(self, context: Context) -> Findings:
        """Judges the global norm of one step."""
        sample, table = context.sample, context.sample.weights
        norm, loss = sample.gradient_norm, abs(sample.loss)
        if table is not None and norm == np.inf and not np.nansum(table.gradient_nonfinite_count):
            # The squares overflowed, not the gradient. The norm is at least its largest element.
            norm = float(np.nanmax(table.gradient_max_abs))
        if table is None or not (np.isfinite(norm) and np.isfinite(loss)):
            return None
        measured = self._measure(table, norm, loss, limit=min(self.max_norm * _target_square(context), _OVERFLOW))
        picture = self._picture(measured)
        if picture is None:
            self._past.append(norm)
            self._losses.append(loss)
            return []
        return [self._finding(context, table, measured, picture)]

    def _measure(self, table: WeightTable, norm: float, loss: float, *, limit: float) -> _Measured:
        self._largest_loss = max(self._largest_loss, loss)
        # The median of a few small batches may be far too low.
        usual = (median if len(self._losses) >= 10 else max)(self._losses or (loss,))
        # Next to a loss near zero any gradient looks large, so its largest value so far counts too.
        level = max(loss, 0.1 * self._largest_loss, 1e-12)
        return _Measured(
            norm=norm,
            limit=limit,
            past=median(self._past) if len(self._past) >= 10 else None,
            elasticity=norm * float(np.sqrt(np.nansum(table.weight_norm.astype(np.float64) ** 2))) / level,
            level=level,
            usual_loss=usual,
            jumped=loss > self.max_rise * max(usual, 1e-6),
        )

    def _picture(self, measured: _Measured) -> LimitPicture | None:
        """Returns the limit that is exceeded, or None if all is well."""
        norm, past = measured.norm, measured.past
        if norm > measured.limit:
            return LimitPicture(label="gradient norm", value=norm, limit=measured.limit)
        if not measured.jumped:
            return None  # large gradients that are normal for a model do no harm
        if measured.elasticity > self.max_elasticity:
            label = "gradient norm x weight norm / loss"
            return LimitPicture(label=label, value=measured.elasticity, limit=self.max_elasticity)
        if past is not None and past > 0 and norm > (limit := max(self.max_growth * past, 10 * measured.level)):
            return LimitPicture(label="gradient norm", value=norm, limit=limit)
        return None

    def _finding(self, context: Context, table: WeightTable, measured: _Measured, picture: LimitPicture) -> Finding:
        sample, norm, past = context.sample, measured.norm, measured.past
        row = int(np.nanargmax(table.gradient_norm)) if np.isfinite(table.gradient_norm).any() else 0
        weight = context.layout.weights[row]
        moved = f"rose from {format_number(measured.usual_loss)} to " if measured.jumped else "is "
        moved += format_number(sample.loss)
        compared = f", {times(norm / past)} times its past median" if past else ""
        clipped = sample.clipped_gradient_norm < 0.5 * norm
        return Finding(
            subject="optimizer",
            message=f"The gradient's norm is {format_number(norm)}{compared}{' (before clipping)' if clipped else ''}, "
            f"mostly from '{weight}', and the loss {moved}.",
            evidence={
                "gradient_norm": norm,
                "past_median": past,
                "elasticity": measured.elasticity,
                "expected_max_elasticity": self.max_elasticity,
                "loss": sample.loss,
                "past_loss": measured.usual_loss,
                "weight": weight,
                "learning_rate": sample.learning_rate,
            },
            fix=gentler_optimizer(context, rate=sample.learning_rate),
            severity=Severity.INFO if clipped else None,
            picture=picture,
            curves=(gradient_norm_curve(high=picture.limit if picture.value == norm else None), loss_curve()),
            at_once=norm > measured.limit,
        )

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        huge = {"*": {"gradient_norm": 1e9, "gradient_max_abs": 1e8}}
        large = {"*": {"gradient_norm": 1e6, "gradient_max_abs": 1e5}}
        growing = {"*": {"gradient_norm": 2e4, "gradient_max_abs": 1e3}}
        scaled = {"*": {"gradient_norm": 1e5}}
        return (
            fires("a norm of 1e9", lambda: Scenario().train(gradients=huge, steps=3), "optimizer", Severity.WARNING),
            fires(
                "a norm far above its past",
                lambda: Scenario().train(steps=20).train(gradients=growing, loss=90.0, steps=3),
                "optimizer",
            ),
            fires(
                "a loss that jumps",
                lambda: Scenario().train(gradients=large, steps=2).train(gradients=large, loss=60.0, steps=3),
                "optimizer",
            ),
            silent("large gradients before normalization", lambda: Scenario().train(gradients=large, steps=30)),
            silent(
                "large gradients and a noisy loss",
                lambda: Scenario().train(gradients=large, steps=9, loss=lambda s: 1 + s % 8),
            ),
            silent("usual gradients", lambda: Scenario().train(steps=30)),
            silent("targets of 1e5", lambda: Scenario(loss="mse").train(gradients=scaled, steps=5, loss=1e10)),
            fires("a norm of 1e12 with targets of 5e5 and SGD", lambda: _in_euros("SGD"), "optimizer"),
            fires("a norm of 1e12 with classes", lambda: Scenario().train(gradients=_VAST, steps=3), "optimizer"),
            silent("a norm of 1e12 with targets of 5e5 and Adam", lambda: _in_euros("Adam")),
            silent(
                "one batch with a large loss",
                lambda: Scenario().train(steps=20).train(gradients=large, loss=90.0).train(steps=3),
            ),
        )


def _target_square(context: Context) -> float:
    """Returns by how much the size of regression targets enlarges the gradient of a squared error, at least 1.

    It is 1 for other losses, and for optimizers whose steps are as long as the gradient is large.
    """
    regression = bool(context.pairs) and all(pair.kind == "regression" for pair in context.pairs)
    if not regression or optimizer_name(context) not in SCALE_FREE:
        return 1.0
    size = max(typical_size(pair.target) for pair in context.pairs)
    return size**2 if size > 1 else 1.0


_OVERFLOW = 1e18
"""A norm whose square is nearly the largest number of float32, 3e38."""
_VAST = {"*": {"gradient_norm": 1e12, "gradient_max_abs": 1e11}}


def _in_euros(optimizer: str) -> Scenario:
    """A model that scales its output back to euros."""
    settings = {"name": optimizer, "learning_rate": 1e-3}
    y = columns(1e5, 5e5, n=1)
    return Scenario(REGRESSOR, loss="mse", optimizer=settings).train(y=y, y_pred=y, gradients=_VAST, loss=2e11, steps=3)
