"""The rule `misaligned-masks`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tb_inputdiag.numbers import format_number
from tb_inputdiag.records import LimitPicture, Severity, TensorView
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold, findings_of
from tb_inputdiag.rules.examples import Example, Scenario, fires, layer, silent
from tb_inputdiag.rules.support.curves import tensor_curves
from tb_inputdiag.rules.support.text import variable
from tb_inputdiag.rules.views.context import Context

__all__ = ["MisalignedMasks"]


class MisalignedMasks(Rule):
    """The masks lie on their pictures in one split, and not in the other.

    ## What it does
    Looks at targets with a number for each pixel: masks, depths, pictures to restore. Over the pixels it takes the
    square of the correlation of target and picture, in training and in validation. It fires if they belong together in
    one of the two, and hardly in the other.

    ## Why is this bad?
    The model learns from masks that belong to other places of the picture, so it learns blurred ones, or none. The loss
    falls a little, and no exception is raised.

    ## Example
    ```python
    image = tf.image.random_flip_left_right(image)          # and the mask stays as it was
    ```

    ## What to do
    Flip, crop, rotate and shuffle pictures and masks together: as one array with the mask as a channel more, or with
    the same seed for both.

    ## References
    - https://www.tensorflow.org/tutorials/images/segmentation
    """

    id = "misaligned-masks"
    severity = Severity.WARNING
    splits = ("train", "validation")
    explains = ("train-validation-skew", "unfinished-training", "stalled-loss", "validation-at-chance", "overfitting")
    why = "The model learns from masks that belong to other places of the picture."

    min_alike = Threshold(
        0.15,
        "Squared correlation of pictures and masks in the split in which they belong together.",
        source="Masks of bright objects reach 0.3 to 0.9; pictures and the masks of others stay below 0.02.",
        low=0.05,
        high=1.0,
    )
    max_ratio = Threshold(
        0.4,
        "The squared correlation in the other split, relative to that.",
        source="A flip along one axis leaves 0.25 of round objects, along two axes 0.06. Noise leaves more.",
        high=1.0,
    )
    min_samples = Threshold(
        5,
        "Sampled training batches that are needed.",
        source="The first five steps are sampled: 40 examples or more of usual batches.",
        low=1,
    )

    def start(self) -> None:
        """Forgets both splits."""
        self._seen: dict[tuple[str, str], _Alike] = {}

    def on_sample(self, context: Context) -> Findings:
        """Judges each target of a validation batch, and of a training batch after the first validation."""
        return findings_of(self._judge(context, view) for view in context.fed("target"))

    def _judge(self, context: Context, view: TensorView) -> Finding | bool | None:
        """Returns what was found, False for nothing, None for no verdict."""
        left = view.value("map_residual")
        if not np.isfinite(left):
            return None
        self._seen.setdefault((view.name, context.split), _Alike()).add(1 - left)
        train, validation = (self._seen.get((view.name, split)) for split in ("train", "validation"))
        if train is None or validation is None or train.count < self.min_samples:
            return None
        better, worse = max(train.mean, validation.mean), min(train.mean, validation.mean)
        if better < self.min_alike or worse > self.max_ratio * better:
            return False
        wrong = "training" if train.mean < validation.mean else "validation"
        other = "validation" if wrong == "training" else "training"
        target = variable(view.name, "target", context.facts)
        return Finding(
            subject=view.subject,
            split="train",
            message=f"The masks '{target}' lie on the pictures in {other} (squared correlation "
            f"{format_number(better)}), and hardly in {wrong} ({format_number(worse)}).",
            evidence={"train": train.mean, "validation": validation.mean, "samples": train.count},
            fix="# flip, crop and rotate both together, before they are taken apart:\n"
            "both = tf.image.random_flip_left_right(tf.concat([image, mask], -1))\n"
            "image, mask = both[..., :-1], both[..., -1:]",
            picture=LimitPicture(
                label=f"squared correlation in {wrong}, relative to {other}",
                value=worse / better,
                limit=self.max_ratio,
                unit="fraction",
                bound="at least",
            ),
            curves=tensor_curves(context, view),
        )

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        masks, noise = _masks(), np.random.default_rng(2).normal(0, 0.1, (16, 12, 12, 1))
        pictures = (0.3 + 0.4 * masks + noise).astype(np.float32)

        def run(train: np.ndarray, validation: np.ndarray) -> Scenario:
            model = (layer("conv2d", "Conv2D", filters=8), layer("conv2d_1", "Conv2D", filters=1, activation="sigmoid"))
            scenario = Scenario(model, loss="binary_crossentropy").train(x=train, y=masks, steps=6)
            return scenario.validate(x=validation, y=masks)

        return (
            fires("flipped pictures", lambda: run(pictures[:, ::-1], pictures), "target:y", Severity.WARNING),
            fires("another order in validation", lambda: run(pictures, pictures[::-1]), "target:y", Severity.WARNING),
            silent("masks that lie on their pictures", lambda: run(pictures, pictures)),
            silent("more noise in training", lambda: run(pictures + noise[::-1], pictures)),
            silent("masks that are nowhere bright", lambda: run(noise.astype(np.float32), noise.astype(np.float32))),
        )


@dataclass
class _Alike:
    """Mean of squared correlations."""

    count: int = 0
    mean: float = 0.0

    def add(self, value: float) -> None:
        """Adds that of a batch."""
        self.count += 1
        self.mean += (value - self.mean) / self.count


def _masks() -> np.ndarray:
    """Returns ``float32[16, 12, 12, 1]``: a disc each, away from the middle."""
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:12, :12]
    found = [
        (y - cy) ** 2 + (x - cx) ** 2 < 6 for cy, cx in zip(rng.uniform(1, 4, 16), rng.uniform(1, 10, 16), strict=True)
    ]
    return np.stack(found)[..., None].astype(np.float32)
