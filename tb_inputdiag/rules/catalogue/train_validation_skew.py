"""The rule `train-validation-skew`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.numbers import format_number, percent, times
from tb_inputdiag.records import (
    F8,
    DataSummary,
    DataTensor,
    LimitPicture,
    Picture,
    RangePicture,
    Severity,
    Span,
    Split,
    TensorView,
    WordsPicture,
    split_of,
)
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import REGRESSOR, Example, Scenario, class_ids, columns, fires, pixels, silent
from tb_inputdiag.rules.support.curves import tensor_curves
from tb_inputdiag.rules.support.pictures import expected_span, spread_of
from tb_inputdiag.rules.support.rescaled_columns import RescaledColumn, rescaled_columns
from tb_inputdiag.rules.support.running_moments import RunningMoments
from tb_inputdiag.rules.support.scale import looks_like_image
from tb_inputdiag.rules.support.text import join, variable
from tb_inputdiag.rules.support.whole_data import column_code, column_text, data_curves, part_variable, part_word
from tb_inputdiag.rules.views.context import Context

__all__ = ["TrainValidationSkew"]

_ORDER = """# If rows are sorted, shuffle them before the split, which takes the last
# rows. If they follow time, let the model predict differences.
# If only one of the two was preprocessed:
"""
_LABELS: dict[Split, str] = {"validation": "Validation", "predict": "Prediction"}


@dataclass(frozen=True, slots=True)
class _Spread:
    """Mean and standard deviation, of a tensor or of one of its columns."""

    mean: float
    std: float


class TrainValidationSkew(Rule):
    """Validation data is scaled, shifted or labelled differently from training data.

    ## What it does
    Compares the training batches so far with the validation batches: the standard deviation and the mean of every
    input, and of every column of a table, and the classes among the targets. It also checks `predict` in the same
    session. In a whole data set (`check_data`) it also finds columns of a table that are the same up to a factor of 5
    or more, in either direction: other units. If values of about the same spread have only moved, in windows of a
    series, or in up to half of a table's columns, that is an INFO: sorted rows, and series with a trend, do this
    without any fault in the preprocessing.

    ## Why is this bad?
    The model is validated on data that it was not trained for. `val_loss` means nothing, and early stopping and model
    selection pick at random. Usually a preprocessing step was applied to only one of the two.

    ## Example
    ```python
    x_train = x_train / 255
    model.fit(x_train, y_train, validation_data=(x_test, y_test))      # x_test is still 0..255
    ```

    ## What to do
    Preprocess both in the same way, best in one function or in layers of the model. `validation_split` takes the last
    rows, so shuffle sorted data first.

    ## References
    - https://github.com/keras-team/keras/issues/1950
    - https://github.com/keras-team/keras/issues/12689
    """

    id = "train-validation-skew"
    severity = Severity.WARNING
    splits = ("train", "validation", "predict")
    persistence = 1
    explains = ("overfitting", "stale-moving-statistics", "validation-at-chance")
    why = (
        "The model is validated on data that it was not trained for, so validation numbers mean nothing. Usually a "
        "preprocessing step was applied to only one of the two."
    )

    max_scale_ratio = Threshold(
        5.0,
        "Largest ratio of the standard deviations that is fine.",
        source="Augmentation and small validation sets change them by less than 2, forgotten scaling by 50 or more.",
        low=1.0,
    )
    max_shift = Threshold(
        4.0,
        "Largest difference of the means that is fine, in standard deviations of the training data.",
        source="A trend that continues into the validation period gives about 2, forgotten standardization more.",
    )
    max_new_classes = Threshold(
        0.9,
        "Largest fraction of validation labels whose class training has not shown that is fine.",
        source="If the end of sorted labels is split off, all validation labels are new.",
        high=1.0,
    )
    min_samples = Threshold(2, "Training samples before the rule judges.", source="One batch is not a distribution.")
    min_examples = Threshold(
        32,
        "Training examples in these samples before the rule judges.",
        source="The relative standard error of a standard deviation is 1 / sqrt(2 n): 13 % for 32 examples.",
    )

    def start(self) -> None:
        """Resets the statistics of the training data."""
        self._seen: dict[str, RunningMoments] = {}
        self._columns: dict[str, RunningMoments] = {}
        self._ends: dict[str, tuple[float, float]] = {}
        self._classes: dict[str, F8] = {}
        self._examples = 0
        self._rescaled: set[tuple[str, Split]] = set()

    def on_data(self, context: Context, data: DataSummary) -> Findings:
        """Judges the columns of a whole part by their distributions."""
        train = context.data.get("train")
        if data.part == "train" or train is None:
            return None
        found = []
        for tensor in data.tensors:
            known = train.tensor(tensor.subject)
            if known is None or not all(_is_table(each) for each in (known, tensor)):
                continue
            columns = rescaled_columns(known, tensor, self.max_scale_ratio)
            factors = {column.factor for column in columns}
            # all columns by one factor: the whole table was scaled, which is judged by its spread
            if columns and (len(factors) > 1 or len(columns) < len(tensor.columns)):
                self._rescaled.add((tensor.subject, split_of(data.part)))
                found.append(_rescaled(context, data, known, tensor, columns))
        return found

    def on_sample(self, context: Context) -> Findings:
        """Updates the statistics with training batches, and judges all other batches."""
        views = context.fed("input")
        if context.split == "train":
            self._examples += context.sample.batch_size
            for view in views:
                self._learn(view)
            for view in context.fed("target"):
                if view.layout.n_classes:
                    known = self._classes.get(view.name)
                    counts = view.class_counts.astype(np.float64)
                    again = known is not None and known.shape == counts.shape
                    self._classes[view.name] = counts + known if known is not None and again else counts
            return None
        if self._examples < self.min_examples:
            return None
        left = [view for view in views if (view.subject, context.split) not in self._rescaled]
        found = [f for view in left if (f := self._compare(context, view)) is not None]
        if context.split == "validation":
            found += [f for view in context.fed("target") if (f := self._labels(context, view)) is not None]
        return found

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        raw = columns()
        raw[:, 3] = raw[:, 3] * 12 + 60

        def parts(factor: float, column: int = 3) -> Scenario:
            train, held_out = columns(rows=600) + 5, columns(rows=200, seed=4) + 5
            held_out[:, column] *= factor
            return Scenario(REGRESSOR, loss="mse").data(x=train).data("validation", x=held_out)

        def table() -> Scenario:
            return Scenario(REGRESSOR, loss="mse").train(x=columns(), steps=3)

        def signed() -> Scenario:
            return Scenario().train(x=pixels() * 2 - 1, steps=3)

        def images() -> Scenario:
            return Scenario().train(x=pixels(), y=class_ids(5), steps=3)

        return (
            fires("0..255 in validation", lambda: images().validate(x=pixels(255)), "input:x", Severity.WARNING),
            fires("one column raw", lambda: table().validate(x=raw), "input:x"),
            fires("different classes", lambda: images().validate(x=pixels(), y=class_ids(5, first=5)), "target:y"),
            fires("0..1 in validation, -1..1 in training", lambda: signed().validate(x=pixels()), "input:x"),
            fires("a sorted column", lambda: table().validate(x=_sorted()), "input:x", Severity.INFO),
            fires("windows of a series that rises", _rising, "input:x", Severity.INFO),
            fires("other units in a whole data set", lambda: parts(0.1), "input:x", Severity.WARNING),
            silent("the same units in a whole data set", lambda: parts(1)),
            silent("two training examples", lambda: _single().validate(x=pixels(255))),
            silent("a pixel that is rarely lit", _rare_pixel),
            silent("equally scaled", lambda: images().validate(x=pixels(), y=class_ids(5))),
            silent("fewer rows of the same distribution", lambda: table().validate(x=columns(rows=4, seed=5))),
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
        if (
            past is None
            or past.count < self._least(context)
            or not np.isfinite(view.std)
            or view.layout.kind != "dense"
        ):
            return None
        mean, std = float(past.mean[0]), float(past.std[0])
        if std == 0:
            return None
        ratio = view.std / std
        shift = abs(view.mean - mean) / std
        enough = view.count >= 64 and (view.shape[:1] or (0,))[0] >= 4
        here, there = _Spread(view.mean, view.std), _Spread(mean, std)
        if enough and not 1 / self.max_scale_ratio <= ratio <= self.max_scale_ratio and view.std > 0:
            how = f"a {times(max(ratio, 1 / ratio))} times {'larger' if ratio > 1 else 'smaller'} standard deviation"
            return self._finding(context, view, how, here, there)
        if enough and shift > self.max_shift and ratio < 100:
            how = f"a mean {times(shift)} standard deviations away"
            return self._finding(context, view, how, here, there, order=self._moves_as_one(view))
        ends, other = _pixel_ends(*self._ends[view.name]), _pixel_ends(view.min, view.max)
        if looks_like_image(view) and ends and other and ends != other:
            how = f"pixels from {other[0]} to {other[1]} instead of {ends[0]} to {ends[1]}"
            words = WordsPicture(
                seen=f"{other[0]}..{other[1]}",
                expected=f"{ends[0]}..{ends[1]}",
                seen_label=_LABELS[context.split].lower(),
                expected_label="training",
            )
            return self._finding(context, view, how, here, there, picture=words)
        return self._compare_columns(context, view)

    def _least(self, context: Context) -> float:
        """Returns how many training samples there must be: a whole data set is one."""
        return 1 if context.whole_data else self.min_samples

    def _moves_as_one(self, view: TensorView) -> bool:
        """Whether it holds windows of one or more series: time is an axis, or all columns have moved alike."""
        if len(view.shape) == 3:
            return True
        past = self._columns.get(view.name)
        if past is None or len(view.feature_mean) != len(past.mean):
            return False
        with np.errstate(divide="ignore", invalid="ignore"):
            shift = (view.feature_mean - past.mean) / past.std
        return bool(np.isfinite(shift).all() and np.ptp(shift) <= 0.25 * abs(float(np.mean(shift))))

    def _compare_columns(self, context: Context, view: TensorView) -> Finding | None:
        past = self._columns.get(view.name)
        rows = view.shape[0] if view.shape else 0
        if past is None or past.count < self._least(context) or rows < 8 or len(view.feature_mean) != len(past.mean):
            return None
        with np.errstate(divide="ignore", invalid="ignore"):
            shift = np.abs(view.feature_mean - past.mean) / past.std
            ratio = view.feature_std / past.std
        # Columns that hardly ever vary (rare flags) have no scale to compare with.
        varied = (past.std > 1e-6 * (1 + np.abs(past.mean))) & np.isfinite(shift) & np.isfinite(ratio)
        odd = varied & ((shift > 2 * self.max_shift) | (ratio > 4 * self.max_scale_ratio))
        odd &= (view.feature_std > 0) & ~_is_rare(view)
        if not odd.any():
            return None
        order = int(odd.sum()) <= varied.sum() / 2 and not (odd & (ratio > self.max_scale_ratio)).any()
        worst = int(np.flatnonzero(odd)[np.argmax(shift[odd])])
        column = view.layout.features[worst]
        columns_odd = [view.layout.features[i] for i in np.flatnonzero(odd)]
        more = f" (as in {join([i for i in columns_odd if i != column])})" if len(columns_odd) > 1 else ""
        return self._finding(
            context,
            view,
            f"different values in column {column}{more}",
            _Spread(float(view.feature_mean[worst]), float(view.feature_std[worst])),
            _Spread(float(past.mean[worst]), float(past.std[worst])),
            columns_odd,
            order=order or (not (odd & (ratio > self.max_scale_ratio)).any() and self._moves_as_one(view)),
        )

    def _finding(
        self,
        context: Context,
        view: TensorView,
        how: str,
        here: _Spread,
        training: _Spread,
        columns_odd: Sequence[int] = (),
        picture: Picture | None = None,
        *,
        order: bool = False,
    ) -> Finding:
        label = "Test" if context.whole_data and context.split == "predict" else _LABELS[context.split]
        if picture is None:
            picture = RangePicture(
                seen=(spread_of(here.mean, here.std, label),),
                expected=spread_of(training.mean, training.std, "Training"),
            )
        return Finding(
            subject=view.subject,
            message=f"{label} data of '{view.name}' has {how} (mean {format_number(here.mean)}, std "
            f"{format_number(here.std)}; training: mean {format_number(training.mean)}, std "
            f"{format_number(training.std)}).",
            evidence={
                "mean": here.mean,
                "std": here.std,
                "min": view.min,
                "max": view.max,
                "train_mean": training.mean,
                "train_std": training.std,
                "columns": list(columns_odd),
                "dtype": view.layout.dtype,
            },
            fix=(_ORDER if order else "") + _fix(context, view, here, training, by_column=bool(columns_odd)),
            severity=Severity.INFO if order else None,
            picture=picture,
            curves=tensor_curves(context, view, expected=None if columns_odd else expected_span(picture)),
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
            message=f"{percent(new)} of the validation labels of '{view.name}' belong to classes that training has not "
            f"shown so far ({join(ids)}).",
            evidence={
                "new_fraction": new,
                "new_classes": ids[:16],
                "train_classes": np.flatnonzero(seen).tolist()[:16],
            },
            fix="order = np.random.permutation(len(x))\nx, y = x[order], y[order]  # before validation_split, "
            "which takes the last rows",
            picture=LimitPicture(
                label="validation labels of classes that are new",
                value=new,
                limit=self.max_new_classes,
                unit="fraction",
            ),
            curves=tensor_curves(context, view),
        )


def _is_table(tensor: DataTensor) -> bool:
    return tensor.role == "input" and tensor.kind == "dense" and tensor.shape is not None and len(tensor.shape) <= 2


def _rescaled(
    context: Context, data: DataSummary, train: DataTensor, tensor: DataTensor, columns: Sequence[RescaledColumn]
) -> Finding:
    ordered = sorted(columns, key=lambda column: -column.times)
    first = ordered[0]
    names = [tensor.columns[column.held_out] for column in ordered]
    part, code = part_word(data.part), part_variable(data.part, tensor.name, facts=context.facts)
    seen, median = _extent(tensor, first.held_out, part.capitalize())
    expected, train_median = _extent(train, first.train, "Training")
    more = f" The same is true of {join(names[1:])}." if names[1:] else ""
    fixes = [
        f"{column_code(tensor, each.held_out, code)} {'/=' if each.factor > 1 else '*='} {each.times:.6g}"
        for each in ordered
    ]
    return Finding(
        subject=tensor.subject,
        message=f"{column_text(tensor, first.held_out)} is {times(first.times)} times "
        f"{'larger' if first.factor > 1 else 'smaller'} in the {part} data (median {format_number(median)}, training: "
        f"{format_number(train_median)}). Apart from the factor, its values are distributed alike.{more}",
        evidence={
            "columns": names,
            "factors": [column.factor for column in ordered],
            "median": median,
            "train_median": train_median,
            "examples": tensor.sampled,
            "train_examples": train.sampled,
        },
        fix="\n".join(["# If the units differ, use those of the training data:", *fixes]),
        picture=RangePicture(seen=(seen,), expected=expected),
        curves=data_curves(data, tensor.role, tensor.name),
    )


def _extent(tensor: DataTensor, column: int, label: str) -> tuple[Span, float]:
    """Returns the range of a column with its median marked, and the median."""
    quantiles = tensor.quantiles[column].astype(np.float64).tolist()
    median = quantiles[len(quantiles) // 2]
    return Span(low=quantiles[0], high=quantiles[-1], label=label, mark=median), median


def _fix(context: Context, view: TensorView, here: _Spread, training: _Spread, *, by_column: bool) -> str:
    name = variable(view.name, "input", context.facts)
    other, label = ("x_val", "validation") if context.split == "validation" else ("x_new", "prediction")
    small = 0.0 if by_column else min(here.std / training.std, training.std / max(here.std, 1e-300))
    by_255 = any(0.5 < small * scale < 2 for scale in (255, 127.5))
    if by_255 and here.std > training.std:
        return f'{other} = {other}.astype("float32") / 255  # like the training data'
    if by_255:
        return f'{name} = {name}.astype("float32") / 255  # like the {label} data; not twice'
    return (
        f"# The same step for both, with the statistics of the training data:\nnorm = keras.layers.Normalization()\n"
        f"norm.adapt({name})\n{name}, {other} = norm({name}), norm({other})"
    )


def _pixel_ends(low: float, high: float) -> tuple[int, int] | None:
    """Returns the usual range of pixels that these extremes fill, or None."""
    for first, last in ((0, 1), (-1, 1), (0, 255)):
        slack = 0.02 * (last - first)
        if abs(low - first) <= slack and abs(high - last) <= slack:
            return first, last
    return None


def _sorted() -> np.ndarray:
    """Returns a table whose column 3 holds the last values of sorted rows."""
    last = columns()
    last[:, 3] = 9 + 0.1 * last[:, 3]
    return last


def _rising() -> Scenario:
    windows = columns(rows=32, n=12)[..., None]
    return Scenario(REGRESSOR, loss="mse").train(x=windows, steps=3).validate(x=windows + 6)


def _single() -> Scenario:
    return Scenario().train(x=pixels(shape=(1, 28, 28, 1)), y=class_ids(2, rows=1), steps=2)


_RARE = 0.05
"""Columns that leave their floor, or their ceiling, in fewer rows than that differ from batch to batch."""


def _is_rare(view: TensorView) -> NDArray[np.bool_]:
    """Returns which columns hold one value in nearly all rows: the few others make their mean and spread."""
    room = view.feature_max - view.feature_min
    near = np.minimum(view.feature_mean - view.feature_min, view.feature_max - view.feature_mean)
    return np.asarray(near < _RARE * room)


def _rare_pixel() -> Scenario:
    train, validation = columns(rows=64), columns(rows=64, seed=4)
    train[:, 3] = validation[:, 3] = 0
    train[5, 3], validation[7, 3] = 0.01, 0.8
    return Scenario(REGRESSOR, loss="mse").train(x=train, steps=3).validate(x=validation)
