"""The rule `train-validation-skew`."""

from __future__ import annotations

import numpy as np

from tb_inputdiag.records import F8, Severity, TensorView
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import REGRESSOR, Example, Scenario, class_ids, columns, fires, pixels, silent
from tb_inputdiag.rules.support.running_moments import RunningMoments
from tb_inputdiag.rules.support.scale import looks_like_image
from tb_inputdiag.rules.support.text import join, number, percent, times, variable
from tb_inputdiag.rules.views.context import Context

__all__ = ["TrainValidationSkew"]


class TrainValidationSkew(Rule):
    """Validation data is scaled, shifted or labelled otherwise than training data.

    ## What it does
    Compares the spread and the mean of every input, for tables of every column, between the training batches so far
    and the validation batches; and the classes that occur in the targets. `predict` within the same session is
    compared too.

    ## Why is this bad?
    The model is judged on data of a kind that it never saw: `val_loss` says nothing, early stopping and model selection
    pick by chance. Mostly a preprocessing step was applied to one of the two only.

    ## Example
    ```python
    x_train = x_train / 255
    model.fit(x_train, y_train, validation_data=(x_test, y_test))      # x_test is still 0..255
    ```

    ## What to do
    Do the same to both, best in one function or as layers of the model. `validation_split` takes the last rows: shuffle
    sorted data before.

    ## References
    - https://github.com/keras-team/keras/issues/1950
    - https://github.com/keras-team/keras/issues/12689
    """

    id = "train-validation-skew"
    severity = Severity.WARNING
    splits = ("train", "validation", "predict")
    persistence = 1
    explains = ("overfitting",)
    why = (
        "The model is judged on data of another kind than it learns from, so validation numbers mean nothing. Mostly a "
        "preprocessing step was applied to one of the two only."
    )

    max_scale_ratio = Threshold(
        5.0,
        "Largest ratio of the spreads that is fine.",
        source="Augmentation and small validation sets change the spread by less than 2; forgotten scaling by 50 "
        "or more.",
        low=1.0,
    )
    max_shift = Threshold(
        4.0,
        "Largest distance of the means, in standard deviations of the training data, that is fine.",
        source="A trend that goes on into the validation period moves the mean by about 2; raw against "
        "standardized by more.",
    )
    max_new_classes = Threshold(
        0.9,
        "Largest part of the validation labels in classes that training has never shown that is fine.",
        source="Split off the end of sorted labels, all validation labels are new.",
        high=1.0,
    )
    min_samples = Threshold(2, "Training samples before anything is compared.", source="One batch is no distribution.")

    def start(self) -> None:
        """Forgets the training data."""
        self._seen: dict[str, RunningMoments] = {}
        self._columns: dict[str, RunningMoments] = {}
        self._ends: dict[str, tuple[float, float]] = {}
        self._classes: dict[str, F8] = {}

    def on_sample(self, context: Context) -> Findings:
        """Learns from training batches, judges the others."""
        views = context.fed("input")
        if context.split == "train":
            for view in views:
                self._learn(view)
            for view in context.fed("target"):
                if view.layout.n_classes:
                    known = self._classes.get(view.name)
                    counts = view.class_counts.astype(np.float64)
                    again = known is not None and known.shape == counts.shape
                    self._classes[view.name] = counts + known if known is not None and again else counts
            return None
        found = [f for view in views if (f := self._compare(context, view)) is not None]
        if context.split == "validation":
            found += [f for view in context.fed("target") if (f := self._labels(context, view)) is not None]
        return found

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        raw = columns()
        raw[:, 3] = raw[:, 3] * 12 + 60

        def table() -> Scenario:
            return Scenario(REGRESSOR, loss="mse").train(x=columns(), steps=3)

        def signed() -> Scenario:
            return Scenario().train(x=pixels() * 2 - 1, steps=3)

        def images() -> Scenario:
            return Scenario().train(x=pixels(), y=class_ids(5), steps=3)

        return (
            fires("0..255 in validation", lambda: images().validate(x=pixels(255)), "input:x", Severity.WARNING),
            fires("one column raw", lambda: table().validate(x=raw), "input:x"),
            fires("other classes", lambda: images().validate(x=pixels(), y=class_ids(5, first=5)), "target:y"),
            fires("-1..1 and 0..1", lambda: signed().validate(x=pixels()), "input:x"),
            silent("alike", lambda: images().validate(x=pixels(), y=class_ids(5))),
            silent("other seed, fewer rows", lambda: table().validate(x=columns(rows=4, seed=5))),
            silent("no augmentation in validation", lambda: images().validate(x=pixels(0.8))),
        )

    def _learn(self, view: TensorView) -> None:
        if view.layout.kind != "dense" or not np.isfinite(view.std):
            return
        low, high = self._ends.get(view.name, (view.min, view.max))
        self._ends[view.name] = min(low, view.min), max(high, view.max)
        self._seen.setdefault(view.name, RunningMoments()).add(np.array([view.mean]), np.array([view.std]))
        if len(view.shape) == 2 and view.layout.features:
            self._columns.setdefault(view.name, RunningMoments()).add(view.feature_mean, view.feature_std)

    def _compare(self, context: Context, view: TensorView) -> Finding | None:
        past = self._seen.get(view.name)
        if past is None or past.count < self.min_samples or not np.isfinite(view.std) or view.layout.kind != "dense":
            return None
        mean, std = float(past.mean[0]), float(past.std[0])
        if std == 0:
            return None
        ratio = view.std / std
        shift = abs(view.mean - mean) / std
        enough = view.count >= 64 and (view.shape[:1] or (0,))[0] >= 4
        if enough and not 1 / self.max_scale_ratio <= ratio <= self.max_scale_ratio and view.std > 0:
            how = f"a spread {times(max(ratio, 1 / ratio))} times {'larger' if ratio > 1 else 'smaller'}"
        elif enough and shift > self.max_shift and ratio < 100:
            how = f"a mean {times(shift)} standard deviations away"
        elif (
            looks_like_image(view)
            and (ends := _pixel_ends(*self._ends[view.name])) != (other := _pixel_ends(view.min, view.max))
            and ends
            and other
        ):
            how = f"pixels from {other[0]} to {other[1]} instead of {ends[0]} to {ends[1]}"
        else:
            return self._compare_columns(context, view)
        return self._finding(context, view, how, mean, std, [], min(ratio, 1 / ratio))

    def _compare_columns(self, context: Context, view: TensorView) -> Finding | None:
        past = self._columns.get(view.name)
        rows = view.shape[0] if view.shape else 0
        if past is None or past.count < self.min_samples or rows < 8 or len(view.feature_mean) != len(past.mean):
            return None
        with np.errstate(divide="ignore", invalid="ignore"):
            shift = np.abs(view.feature_mean - past.mean) / past.std
            ratio = view.feature_std / past.std
        # Columns that hardly ever vary (rare flags) have no scale to compare with.
        varied = (past.std > 1e-6 * (1 + np.abs(past.mean))) & np.isfinite(shift) & np.isfinite(ratio)
        odd = varied & ((shift > 2 * self.max_shift) | (ratio > 4 * self.max_scale_ratio))
        odd &= view.feature_std > 0
        if not odd.any():
            return None
        rows_odd = [view.layout.features[i] for i in np.flatnonzero(odd)]
        worst = int(np.flatnonzero(odd)[np.argmax(shift[odd])])
        how = (
            f"column {join(rows_odd)} otherwise: column {view.layout.features[worst]} has mean "
            f"{number(float(view.feature_mean[worst]))} instead of {number(float(past.mean[worst]))}"
        )
        mean, std = float(past.mean[worst]), float(past.std[worst])
        return self._finding(context, view, how, mean, std, rows_odd, 0.0)

    def _finding(
        self, context: Context, view: TensorView, how: str, mean: float, std: float, odd: list[int], ratio: float
    ) -> Finding:
        name = variable(view.name, "input", context.facts)
        other = "x_val" if context.split == "validation" else "x_new"
        label = "Validation" if context.split == "validation" else "Prediction"
        by_255 = any(0.5 < ratio * scale < 2 for scale in (255, 127.5))
        if by_255 and view.std > std:
            fix = f'{other} = {other}.astype("float32") / 255  # as the training data'
        elif by_255:
            fix = f'{name} = {name}.astype("float32") / 255  # as the {label.lower()} data; not twice'
        else:
            fix = f"# The same step for both, with the statistics of the training data:\nnorm.adapt({name})\n"
            fix += f"{name}, {other} = norm({name}), norm({other})  # norm = keras.layers.Normalization()"
        return Finding(
            subject=view.subject,
            message=f"{label} data of '{view.name}' has {how}: mean {number(view.mean)}, std {number(view.std)} "
            f"against "
            f"mean {number(mean)}, std {number(std)} in training.",
            evidence={
                "mean": view.mean,
                "std": view.std,
                "min": view.min,
                "max": view.max,
                "train_mean": mean,
                "train_std": std,
                "columns": odd,
                "dtype": view.layout.dtype,
            },
            fix=fix,
        )

    def _labels(self, context: Context, view: TensorView) -> Finding | None:
        seen = self._classes.get(view.name)
        counts = view.class_counts.astype(np.float64)
        if seen is None or seen.shape != counts.shape or counts.sum() < 8 or seen.sum() < max(32, 4 * len(seen)):
            return None
        new = float(counts[seen == 0].sum() / counts.sum())
        if new < self.max_new_classes:
            return None
        ids = np.flatnonzero((seen == 0) & (counts > 0)).tolist()
        return Finding(
            subject=view.subject,
            message=f"{percent(new)} of the validation labels of '{view.name}' are of classes that training has "
            f"not shown "
            f"so far ({join(ids)}).",
            evidence={
                "new_fraction": new,
                "new_classes": ids[:16],
                "train_classes": np.flatnonzero(seen).tolist()[:16],
            },
            fix="order = np.random.permutation(len(x))\nx, y = x[order], y[order]  # before validation_split, "
            "which takes the end",
        )


def _pixel_ends(low: float, high: float) -> tuple[int, int] | None:
    """Returns the usual range of pixels that these extremes fill, or None."""
    for first, last in ((0, 1), (-1, 1), (0, 255)):
        slack = 0.02 * (last - first)
        if abs(low - first) <= slack and abs(high - last) <= slack:
            return first, last
    return None
