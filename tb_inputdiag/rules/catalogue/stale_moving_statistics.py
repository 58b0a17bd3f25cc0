"""The rule `stale-moving-statistics`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tb_inputdiag.numbers import format_number
from tb_inputdiag.records import EpochEnd, LayerTable, LimitPicture, SessionEnd, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, columns, fires, layer, silent
from tb_inputdiag.rules.support.configured import asked, number
from tb_inputdiag.rules.support.curves import epoch_curve, layer_curve
from tb_inputdiag.rules.views.context import Context

__all__ = ["StaleMovingStatistics"]


@dataclass(frozen=True, slots=True)
class _Averages:
    """What the last training sample says of a BatchNormalization."""

    shift: float
    factor: float
    std: float
    """Of the layer's outputs in training."""


class StaleMovingStatistics(Rule):
    """The moving averages of a BatchNormalization are far from its batches, so validation sees another network.

    ## What it does
    Compares the moving mean and variance of each BatchNormalization with those of its own training batches. It fires if
    they are far apart at the end of training, or in a run that is too short for the averages to settle, and if the
    validation loss is far above the training loss. Without validation data it is an INFO.

    ## Why is this bad?
    In training the layer normalizes by the batch, in validation and in `predict` by the averages. These begin at mean 0
    and variance 1, and a step moves them by 1 % of the way with the default momentum of 0.99. After 20 steps 82 % of
    these initial values are left. So the model is good in training, and poor in validation and in use.

    ## Example
    ```python
    model = Sequential([..., BatchNormalization(), ...])                 # momentum=0.99
    model.fit(x[:1024], y[:1024], batch_size=256, epochs=5)              # 20 steps in all
    ```

    ## What to do
    Lower the momentum, `BatchNormalization(momentum=0.9)`, or train for more steps: smaller batches or more epochs.

    ## References
    - https://keras.io/api/layers/normalization_layers/batch_normalization/
    - https://github.com/keras-team/keras/issues/7265
    - https://github.com/keras-team/keras/issues/10666
    """

    id = "stale-moving-statistics"
    severity = Severity.WARNING
    splits = ("train", "validation")
    explains = ("overfitting", "validation-at-chance")
    why = (
        "Training normalizes by the batch, validation and predict by moving averages. These still are far from the "
        "batches, so the model that is validated and used is not the one that was trained."
    )

    max_factor = Threshold(
        2.0,
        "Largest ratio of the moving standard deviation to the batch's, or its inverse, that is fine.",
        source="Settled averages stay within 1.4 of batches of 8 examples and more.",
        low=1.0,
    )
    max_shift = Threshold(
        1.0,
        "Largest distance of the moving mean from the batch's that is fine, in standard deviations of the batch.",
        source="The mean of 8 examples has a spread of 0.35.",
    )
    min_examples = Threshold(8, "Smallest batch that is compared.", source="The variance of fewer is a guess.")
    min_gap = Threshold(
        0.5,
        "Smallest rise from the training loss to the validation loss that is a harm, as a fraction of the former.",
        source="Dropout and unseen data make differences of 0.1 to 0.3 in a run that is not overfitted.",
    )
    max_initial = Threshold(
        0.1,
        "Fraction of the initial averages that may be left at the end of training.",
        source="0.99 to the power of 230 steps is 0.1.",
        high=1.0,
    )

    def start(self) -> None:
        """Forgets the layers of another session."""
        self._trained: dict[str, _Averages] = {}
        self._validated: dict[str, float] = {}

    def on_sample(self, context: Context) -> Findings:
        """Notes what a sample says of each BatchNormalization; judges nothing yet."""
        table = context.sample.layers
        if table is None:
            return None
        if context.split == "validation":
            self._validated = _stds(context, table, self._trained)
        elif context.sample.batch_size >= self.min_examples:
            self._trained = _averages(context, table)
        return None

    def on_epoch_end(self, context: Context, end: EpochEnd) -> Findings:
        """Judges a run that is too short for its averages to settle."""
        steps = math.prod(asked(context))
        found = self._stale(context)
        if not found or not steps or _momentum(context, found[0]) ** steps <= self.max_initial:
            return None
        return self._judge(context, found, end.logs, steps)

    def on_session_end(self, context: Context, end: SessionEnd) -> Findings:
        """Judges the averages that training ended with."""
        found = self._stale(context)
        if not found or end.status == "failed":
            return []
        logs = context.epochs[-1].logs if context.epochs else {}
        return self._judge(context, found, logs, context.age + 1)

    def _stale(self, context: Context) -> list[str]:
        """Returns the layers whose averages are far from their batches, the worst first."""
        far = [n for n, a in self._trained.items() if a.factor > self.max_factor or a.shift > self.max_shift]
        return sorted(far, key=lambda n: -max(self._trained[n].factor / self.max_factor, self._trained[n].shift))

    def _judge(self, context: Context, layers: list[str], logs: Mapping[str, float], steps: int) -> list[Finding]:
        loss, validation = logs.get("loss", math.nan), logs.get("val_loss", math.nan)
        worst = layers[0]
        if "val_loss" in logs and not (validation - loss > self.min_gap * abs(loss) and self._shows(worst)):
            return []
        return [self._finding(context, layers, logs, steps)]

    def _shows(self, name: str) -> bool:
        """Returns whether the layer's outputs in validation are another than in training, as far as that is known."""
        trained, validated = self._trained[name].std, self._validated.get(name, math.nan)
        if not (trained > 0 and validated > 0):
            return True
        return max(trained / validated, validated / trained) > math.sqrt(self.max_factor)

    def _finding(self, context: Context, layers: list[str], logs: Mapping[str, float], steps: int) -> Finding:
        worst = layers[0]
        found, momentum = self._trained[worst], _momentum(context, worst)
        by_std = found.factor / self.max_factor >= found.shift / self.max_shift
        off = f"a factor of {format_number(found.factor)}" if by_std else f"{format_number(found.shift)} std"
        quantity = "standard deviation" if by_std else "mean"
        validated = "val_loss" in logs
        gap = (
            f": val_loss is {format_number(logs['val_loss'])}, loss {format_number(logs['loss'])}" if validated else ""
        )
        return Finding(
            subject=f"layer:{worst}",
            message=f"The moving {quantity} of '{worst}' is off that of its batches by {off}, with momentum "
            f"{format_number(momentum)} and {steps} steps{gap}.",
            evidence={
                "moving_std_factor": found.factor,
                "moving_mean_shift": found.shift,
                "momentum": momentum,
                "steps": steps,
                "initial_left": momentum**steps,
                "layers": layers[:8],
                "output_std": found.std,
                "validation_output_std": self._validated.get(worst),
            },
            fix="keras.layers.BatchNormalization(momentum=0.9)\n# or more steps: smaller batches, more epochs",
            severity=None if validated else Severity.INFO,
            split="train",
            picture=LimitPicture(
                label="moving std over the batch's, or the inverse" if by_std else "distance of the means, in std",
                value=found.factor if by_std else found.shift,
                limit=self.max_factor if by_std else self.max_shift,
            ),
            curves=(
                layer_curve(worst, "moving_std_factor" if by_std else "moving_mean_shift"),
                epoch_curve("val_loss", "Validation loss", beside="loss", beside_label="Training loss"),
            ),
        )

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        layers = (
            layer("dense", "Dense", units=32),
            layer("norm", "BatchNormalization", momentum=0.99),
            layer("dense_1", "Dense", units=1),
        )

        def run(factor: float, shift: float = 0.1, steps: int = 20, std: float = 0.1, **logs: float) -> Scenario:
            scenario = Scenario(layers, loss="mse").with_params(epochs=2, steps=steps)
            averages = {"norm": {"moving_std_factor": factor, "moving_mean_shift": shift, "std": 1.0}}
            for _ in range(2):
                scenario.train(x=columns(), activations=averages).losses([0.3] * (steps - 1))
                if logs:
                    scenario.validate(x=columns(), activations={"norm": {"std": std}})
                scenario.epoch_end(loss=0.3, **logs)
            return scenario.end()

        return (
            fires("few steps", lambda: run(8.5, val_loss=1.9), "layer:norm", Severity.WARNING),
            fires("the mean is off", lambda: run(1.1, 4.0, val_loss=1.9), "layer:norm", Severity.WARNING),
            fires("without validation", lambda: run(8.5), "layer:norm", Severity.INFO),
            silent("settled, but overfitted", lambda: run(1.2, val_loss=1.9)),
            silent("no harm", lambda: run(8.5, val_loss=0.31)),
            silent("the outputs are as in training", lambda: run(2.2, std=0.95, val_loss=1.9)),
            silent("no averages", lambda: run(float("nan"), float("nan"), val_loss=1.9)),
        )


def _averages(context: Context, table: LayerTable) -> dict[str, _Averages]:
    """Returns layer -> its averages, for layers whose averages the step has moved."""
    known = np.flatnonzero(np.isfinite(table.moving_std_factor) & np.isfinite(table.moving_mean_shift))
    names = context.layout.layers
    return {
        names[i]: _Averages(float(table.moving_mean_shift[i]), float(table.moving_std_factor[i]), float(table.std[i]))
        for i in known
        if "#" not in names[i]
    }


def _stds(context: Context, table: LayerTable, layers: Mapping[str, object]) -> dict[str, float]:
    """Returns layer -> standard deviation of its outputs in validation."""
    return {name: float(table.std[i]) for i, name in enumerate(context.layout.layers) if name in layers}


def _momentum(context: Context, name: str) -> float:
    facts = context.facts.layer(name) if context.facts is not None else None
    return number(facts.config, "momentum") if facts is not None else math.nan
