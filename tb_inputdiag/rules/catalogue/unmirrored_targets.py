"""The rule `unmirrored-targets`."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np

from tb_inputdiag.numbers import format_number
from tb_inputdiag.records import LimitPicture, Severity, TensorView
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold, findings_of
from tb_inputdiag.rules.examples import Example, Scenario, fires, layer, silent
from tb_inputdiag.rules.support.curves import tensor_curves
from tb_inputdiag.rules.support.text import variable
from tb_inputdiag.rules.views.context import Context

__all__ = ["UnmirroredTargets"]

_Axis: TypeAlias = Literal["across", "down"]
_AXES: tuple[tuple[_Axis, _Axis], ...] = (("across", "down"), ("down", "across"))
_REAL_LOSSES = ("", "regression", "percentage", "logarithmic", "cosine")


class UnmirroredTargets(Rule):
    """Training pictures are mirrored, and their key points or boxes are not.

    ## What it does
    Looks at targets of 2 to 16 real numbers for a picture, such as key points and boxes. For the width and for the
    height it takes the square of the correlation of where the picture's pixels differ from their mean with the number
    that is most like it. It fires if training has lost most of this correlation along one axis, compared with
    validation, while it is the same along the other one. What a layer of the model flips is read behind that layer.

    ## Why is this bad?
    For half of the pictures the target names the wrong side, so the model learns to answer the middle.

    ## Example
    ```python
    image = tf.image.random_flip_left_right(image)          # and the key point stays where it was
    ```

    ## What to do
    Mirror the numbers of this axis with the picture: `x = 1 - x` for fractions of the width.

    ## References
    - https://keras.io/examples/vision/keypoint_detection/
    """

    id = "unmirrored-targets"
    severity = Severity.WARNING
    splits = ("train", "validation")
    persistence = 2
    explains = ("train-validation-skew", "unfinished-training", "stalled-loss", "validation-at-chance", "overfitting")
    why = "For half of the pictures the target names the wrong side, so the model learns to answer the middle."

    min_alike = Threshold(
        0.25,
        "Squared correlation along both axes in validation.",
        source="Boxes reach 0.98, the tip of a beak that may point to either side 0.36. Chance stays below 0.2.",
        low=0.05,
        high=1.0,
    )
    max_ratio = Threshold(
        0.4,
        "The squared correlation in training along the mirrored axis, relative to that in validation.",
        source="Two programs with this fault keep 0.11 and 0.17, most of it chance.",
        high=1.0,
    )
    min_other = Threshold(
        0.75,
        "The same along the other axis.",
        source="Mirroring leaves it as it was. Noise and crops change both axes.",
        high=1.0,
    )
    min_batch = Threshold(
        16, "Examples of a batch that is looked at.", source="Fewer are correlated with one of many numbers by chance."
    )
    min_samples = Threshold(
        4,
        "Sampled batches of training, and of validation, that are needed.",
        source="The first four steps of both are sampled: 64 examples or more.",
        low=1,
    )

    def start(self) -> None:
        """Forgets both splits."""
        self._seen: dict[tuple[str, str], _Places] = {}

    def on_sample(self, context: Context) -> Findings:
        """Judges each target with real numbers."""
        if context.sample.batch_size < self.min_batch:
            return None
        return findings_of(self._judge(context, pair.target) for pair in context.pairs if pair.kind in _REAL_LOSSES)

    def _judge(self, context: Context, view: TensorView) -> Finding | bool | None:
        """Returns what was found, False for nothing, None for no verdict."""
        if not math.isfinite(view.value("across_residual") + view.value("across_number") + view.value("down_number")):
            return None
        self._seen.setdefault((view.name, context.split), _Places()).add(view)
        train, validation = (self._seen.get((view.name, split)) for split in ("train", "validation"))
        if train is None or validation is None or min(train.count, validation.count) < self.min_samples:
            return None
        for axis, other in _AXES:
            alike, lost = validation.mean(axis), train.mean(axis)
            steady = train.mean(other) >= self.min_other * validation.mean(other)
            both = min(alike, validation.mean(other)) >= self.min_alike
            if (
                both
                and steady
                and lost <= self.max_ratio * alike
                and validation.number(axis) != validation.number(other)
            ):
                return self._finding(context, view, axis, train, validation)
        return False

    def _finding(self, context: Context, view: TensorView, axis: _Axis, train: _Places, validation: _Places) -> Finding:
        target, number = variable(view.name, "target", context.facts), validation.number(axis)
        alike, lost = validation.mean(axis), train.mean(axis)
        side, words = ("width", "left to right") if axis == "across" else ("height", "upside down")
        whole = "1" if view.max <= 1.5 else f"({side} - 1)"
        return Finding(
            subject=view.subject,
            split="train",
            message=f"Training pictures are mirrored ({words}) without '{target}': its number {number} says where "
            f"things are along the {side} in validation (squared correlation {format_number(alike)}), and hardly in "
            f"training ({format_number(lost)}).",
            evidence={
                "train": lost,
                "validation": alike,
                "number": number,
                "samples": train.count,
                "train_other_axis": train.mean("down" if axis == "across" else "across"),
            },
            fix=f"# for the pictures that were mirrored, in each number along the {side}:\n"
            f"{target}[mirrored, {number}] = {whole} - {target}[mirrored, {number}]",
            picture=LimitPicture(
                label="squared correlation in training, relative to validation",
                value=lost / alike,
                limit=self.max_ratio,
                unit="fraction",
                bound="at least",
            ),
            curves=tensor_curves(context, view),
        )

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        pictures, points = _spots()
        half = np.arange(len(pictures)) % 2 == 0

        def mirrored(axis: int) -> np.ndarray:
            return np.where(half[:, None, None, None], np.flip(pictures, axis), pictures)

        def run(train: np.ndarray, y: np.ndarray = points, **of_loss: str) -> Scenario:
            model = (layer("conv2d", "Conv2D", filters=8), layer("dense", "Dense", units=2))
            scenario = Scenario(model, loss=of_loss.get("loss", "mse")).train(x=train, y=y, y_pred=points, steps=5)
            for _ in range(6):
                scenario.validate(x=pictures, y=points, y_pred=points)
            return scenario

        noise = np.random.default_rng(4).normal(0, 3, pictures.shape).astype(np.float32)
        right = np.where(half[:, None], points * [-1, 1] + [1, 0], points).astype(np.float32)
        return (
            fires("left and right", lambda: run(mirrored(2)), "target:y", Severity.WARNING),
            fires("up and down", lambda: run(mirrored(1)), "target:y", Severity.WARNING),
            silent("mirrored with their points", lambda: run(mirrored(2), right)),
            silent("nothing is mirrored", lambda: run(pictures)),
            silent("much noise in training", lambda: run(pictures + noise)),
            silent("classes", lambda: run(mirrored(2), loss="categorical_crossentropy")),
        )


@dataclass
class _Places:
    """Means of squared correlations, and the numbers of the target that they belong to."""

    count: int = 0
    _sums: dict[_Axis, float] = field(default_factory=lambda: {"across": 0.0, "down": 0.0})
    _numbers: dict[_Axis, Counter[int]] = field(default_factory=lambda: {"across": Counter(), "down": Counter()})

    def add(self, view: TensorView) -> None:
        """Adds those of a batch."""
        self.count += 1
        for axis in self._sums:
            self._sums[axis] += 1 - view.value(f"{axis}_residual")
            self._numbers[axis][int(view.value(f"{axis}_number"))] += 1

    def mean(self, axis: _Axis) -> float:
        """Returns the mean squared correlation along an axis."""
        return self._sums[axis] / self.count

    def number(self, axis: _Axis) -> int:
        """Returns the index of the number that was most often the most like it."""
        return self._numbers[axis].most_common(1)[0][0]


def _spots() -> tuple[np.ndarray, np.ndarray]:
    """Returns ``float32[32, 16, 16, 1]``, a bright spot each, and ``float32[32, 2]``: where it is, 0..1."""
    rng = np.random.default_rng(3)
    points = rng.uniform(0.1, 0.9, (32, 2))
    y, x = np.mgrid[:16, :16] / 15
    found = [np.exp(-((x - across) ** 2 + (y - down) ** 2) / 0.01) for across, down in points]
    return np.stack(found)[..., None].astype(np.float32), points.astype(np.float32)
