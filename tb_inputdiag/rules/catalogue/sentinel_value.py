"""The rule `sentinel-value`."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.keras_vocabulary import LOOKUPS
from tb_inputdiag.numbers import format_number, interval, literal, percent
from tb_inputdiag.records import DataSummary, Examples, LimitPicture, Severity, TensorView
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import (
    BESIDE_IDS,
    REGRESSOR,
    Example,
    Scenario,
    beside_ids,
    columns,
    fires,
    layer,
    silent,
)
from tb_inputdiag.rules.support.curves import tensor_curves
from tb_inputdiag.rules.support.mixed_tables import MixedTables
from tb_inputdiag.rules.support.scale import fed_source
from tb_inputdiag.rules.support.sentinels import are_missing_codes, sentinel_findings
from tb_inputdiag.rules.support.single_examples import extreme_examples
from tb_inputdiag.rules.support.squeezed_columns import SqueezedColumns, squeezed_finding
from tb_inputdiag.rules.support.symptoms import SYMPTOMS
from tb_inputdiag.rules.support.text import variable
from tb_inputdiag.rules.views.context import Context

__all__ = ["SentinelValue"]


class SentinelValue(Rule):
    """A column holds a number that means "missing", far away from all its other values.

    ## What it does
    Looks for a column whose smallest or largest value is the same number in batch after batch, while all other values
    lie close together, far away from it: -999 among temperatures, or what standardizing makes of it. The share of the
    column's variance that two clusters explain tells such a column from one with heavy tails, whose extremes differ
    from batch to batch. Flags, one-hot columns and counts have only whole or only few values, and are ignored unless
    the value is a usual code for "missing", such as -999, 9999 or 1e20. It also finds a column that a huge value has
    squeezed to nothing: 3.4e38, which `np.nan_to_num` makes of an infinity, leaves less than 1e-30 for all other values
    once the column is scaled to 0..1.

    ## Why is this bad?
    The code sets the column's mean and standard deviation, so after standardizing all real values are nearly equal, and
    the model cannot use them. Without standardizing, one row with -9999 gives gradients thousands of times too large.

    ## Example
    ```python
    x = df.fillna(-999).to_numpy()
    x = StandardScaler().fit_transform(x)
    ```

    ## What to do
    Replace the code by the median of the column, and add a column that says where it was. Do this before you scale.

    ## References
    - scikit-learn: `SimpleImputer(missing_values=-999, add_indicator=True)`.
    """

    id = "sentinel-value"
    severity = Severity.WARNING
    resolve_after = 0
    needs = ("own_trainable_variables", "function_nodes", "producer")
    explains = (
        *SYMPTOMS,
        "feature-scale-disparity",
        "unnormalized-input",
        "train-validation-skew",
        "input-drift",
        "degenerate-initialization",
    )
    why = "The code for missing values sets the scale of the column, and squeezes the real values together."

    min_batches = Threshold(
        3,
        "Batches that must hold the very same extreme value.",
        source="The largest of continuous values is a different one in each batch, except for a row met again.",
        low=2,
    )
    min_clustered = Threshold(
        0.5,
        "Smallest part of the largest variance between two extremes that the column must have.",
        source="Normal values have 0.25, uniform ones 0.33, U-shaped ones up to 0.8 but then half of the values are at "
        "each end; a value of 100 standard deviations in 5 % of the rows has 0.7.",
        high=1.0,
    )
    max_share = Threshold(
        0.3,
        "Largest share of the values that may be the code, without a usual one.",
        source="From about a third on, either side could be the code: two groups.",
        high=0.5,
    )

    max_squeezed = Threshold(
        1e-18,
        "Largest part of its range with a huge value that a column may have without it, to have been squeezed by it.",
        source="Rounding leaves 1e-17 of double precision; lognormal values with a spread of 5 keep 1e-8.",
        high=1e-9,
    )

    def start(self) -> None:
        """Resets what the columns' extremes were."""
        self._seen: dict[tuple[str, int, bool], _Extreme] = {}
        self._squeezed: dict[str, SqueezedColumns] = {}
        self._mixed = MixedTables()

    def on_data(self, context: Context, data: DataSummary) -> Findings:
        """Judges the columns of a whole data set, as they are fed, and text that stands for "missing"."""
        return sentinel_findings(context, data, self.min_clustered) if data.part == "train" else None

    def on_sample(self, context: Context) -> Findings:
        """Judges the columns of tables, series and images, where the first trainable layers read them."""
        if context.whole_data:
            return None
        return [found for view in self._mixed.entries(context) if (found := self._judge(context, view)) is not None]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""

        def run(change: object = None, first: int = 0, **column: float) -> Scenario:
            scenario = Scenario((*_NORMALIZED[:first], *REGRESSOR), loss="mse")
            for seed in range(6):
                x = columns(rows=64, seed=seed)
                if change is not None:
                    change(x, np.random.default_rng(seed))  # type: ignore[operator]  # one of the functions below
                scenario.train(x=x)
            return scenario

        def raw(x: np.ndarray, rng: np.random.Generator) -> None:
            x[rng.random(64) < 0.1, 3] = -999.0

        def standardized(x: np.ndarray, rng: np.random.Generator) -> None:
            raw(x, rng)
            x[:, 3] = (x[:, 3] + 100) / 300

        def heavy(x: np.ndarray, rng: np.random.Generator) -> None:
            x[:, 3] = np.exp(2 * x[:, 3])

        def flag(x: np.ndarray, rng: np.random.Generator) -> None:
            x[:, 3] = ((rng.random(64) < 0.05) - 0.05) / 0.22

        def counts(x: np.ndarray, rng: np.random.Generator) -> None:
            x[:, 3] = rng.poisson(0.05, 64) * 40

        def huge(x: np.ndarray, rng: np.random.Generator) -> None:
            x[rng.random(64) < 0.1, 3] = 1e20

        def squeezed(x: np.ndarray, rng: np.random.Generator) -> None:
            x[:, 3] = np.abs(x[:, 3]) * 1e-30
            x[5, 3] = 1.0 if rng.random() < 0.5 else x[5, 3]

        def residues(x: np.ndarray, rng: np.random.Generator) -> None:
            x[:, 3] = x[:, 3] * 1e-17
            x[5, 3] = 1.0 if rng.random() < 0.5 else x[5, 3]

        whole, scaled = columns(rows=400), columns(rows=400)
        raw(whole[:64], np.random.default_rng(0))
        scaled[::10, 3] = 40.0
        return (
            fires("-999 in a whole data set", lambda: Scenario().data(x=whole), "input:x", Severity.WARNING),
            fires("a tenth far outside in a data set", lambda: Scenario().data(x=scaled), "input:x"),
            silent("a data set without gaps", lambda: Scenario().data(x=columns(rows=400))),
            fires("-999 for missing", lambda: run(raw), "input:x", Severity.WARNING),
            fires("-999 beside embedded ids", lambda: _beside_ids(raw), "input:numbers"),
            silent("beside embedded ids", lambda: _beside_ids(heavy)),
            fires("standardized with -999 in it", lambda: run(standardized), "input:x"),
            fires("1e20 for missing", lambda: run(huge), "input:x"),
            fires("squeezed by a huge value", lambda: run(squeezed), "input:x", Severity.WARNING),
            silent("a rare flag beside what rounding leaves", lambda: run(residues)),
            silent("standardized columns", run),
            silent("heavy tails", lambda: run(heavy)),
            silent("a rare flag", lambda: run(flag)),
            silent("rare counts", lambda: run(counts)),
        )

    def _judge(self, context: Context, view: TensorView) -> Finding | None:
        facts = context.facts
        masked = facts is not None and any(item.class_name == "Masking" for item in facts.layers)
        if not 2 <= len(view.shape) <= 4 or not len(view.layout.features) or masked:
            return None
        if view.layout.layer_class in LOOKUPS or view.nan_count or view.inf_count:
            return None
        places = self._far_places(view)
        fed = _fed_values(fed_source(context, view), view, places)
        found = [
            (extreme, place)
            for place, raw in zip(places, fed, strict=True)
            if (extreme := self._follow(view, place, raw)) is not None
        ]
        if found:
            return self._finding(context, view, found)
        squeezed = self._squeezed.setdefault(view.name, SqueezedColumns(self.max_squeezed)).add(view)
        return None if squeezed is None else squeezed_finding(context, view, squeezed, self.max_squeezed)

    def _far_places(self, view: TensorView) -> list[_Place]:
        """Returns the columns of this batch that are two clusters, with the side on which the small cluster is."""
        low, high = view.feature_min.astype(np.float64), view.feature_max.astype(np.float64)
        mean, std = view.feature_mean.astype(np.float64), view.feature_std.astype(np.float64)
        width = high - low
        with np.errstate(all="ignore"):
            spread = (std / width) ** 2
            clustered = spread / ((high - mean) / width * ((mean - low) / width))
            share_low = (high - mean) / width
        is_low = share_low < 0.5
        value, other = np.where(is_low, low, high), np.where(is_low, high, low)
        uncommon = (np.minimum(share_low, 1 - share_low) <= self.max_share) & ~_are_whole(view)
        uncommon &= (clustered >= self.min_clustered) & (clustered < 1 - _EXACT)
        codes = are_missing_codes(value, other)
        far = np.flatnonzero((width > 0) & (clustered >= self.min_clustered * _OF_A_CODE) & (uncommon | codes))
        parts = (part[far].tolist() for part in (is_low, codes, value, other, spread))
        return [_Place(*place) for place in zip(far.tolist(), *parts, strict=True)]

    def _follow(self, view: TensorView, place: _Place, fed: float | None) -> _Extreme | None:
        """Returns the extreme value of a column once it has come often enough, or None."""
        value, other = place.value, place.other
        key = (view.name, view.layout.features[place.column], place.is_low)
        extreme = self._seen.get(key)
        if extreme is None or extreme.value != value:
            if extreme is not None and extreme.batches >= self.min_batches:
                return None
            extreme = self._seen[key] = _Extreme(value)
        extreme.batches += 1
        if len(extreme.others) < max(_MOST_OTHERS, self.min_batches):
            extreme.others.add(other)
        extreme.rest = (min(extreme.rest[0], other), max(extreme.rest[1], other))
        extreme.raw = fed
        n = view.count / max(view.layout.n_features, 1)
        extreme.most = max(extreme.most, n * place.spread)
        if extreme.batches < self.min_batches:
            return None
        # A row that is met again has the same extreme too, but only once in a batch.
        varies = len(extreme.others) >= self.min_batches and extreme.most >= _TWICE
        return extreme if place.is_code or varies or (fed is not None and are_missing_codes(fed, 0.0)) else None

    def _finding(self, context: Context, view: TensorView, found: list[tuple[_Extreme, _Place]]) -> Finding:
        extreme, place = max(found, key=lambda item: abs(item[0].value))
        i = place.column
        fed = fed_source(context, view)
        source = fed if fed is not None else view
        name, column = variable(source.name, "input", context.facts), view.layout.features[i]
        mean, std = float(view.feature_mean[i]), float(view.feature_std[i])
        others = sorted(view.layout.features[place.column] for _, place in found)
        share = min(1.0, extreme.most / max(view.count / max(view.layout.n_features, 1), 1))
        value = extreme.value if extreme.raw is None else extreme.raw
        scaled = f" ({format_number(value)} before it is scaled)" if value != extreme.value else ""
        index = f"{name}[..., {column}]"
        return Finding(
            subject=f"input:{source.name}",
            message=f"Column {column} of '{source.name}' holds {format_number(extreme.value)}{scaled} in batch after "
            f"batch, while its other values end at {interval(*extreme.rest)}.",
            evidence={
                "value": extreme.value,
                "fed_value": extreme.raw,
                "column": column,
                "columns": others[:16],
                "batches": extreme.batches,
                "largest_share": share,
                "mean": mean,
                "std": std,
                "other_end": extreme.rest[0],
                "layer": view.layout.layer,
            },
            fix=f"missing = {index} == {literal(value)}  # before any scaling\n"
            f"{index}[missing] = np.median({index}[~missing])\n"
            "# and add `missing` as a column of its own",
            picture=LimitPicture(
                label=f"variance of column {column} that the value makes ({percent(share)} of the rows at most)",
                value=self._clustered(view, i),
                limit=self.min_clustered * _OF_A_CODE,
                unit="fraction",
            ),
            curves=tensor_curves(context, view),
            examples=_holders(context, source, value),
        )

    @staticmethod
    def _clustered(view: TensorView, i: int) -> float:
        low, high, mean, std = (
            float(values[i]) for values in (view.feature_min, view.feature_max, view.feature_mean, view.feature_std)
        )
        width = high - low
        room = (high - mean) / width * ((mean - low) / width)
        return min(1.0, (std / width) ** 2 / room) if room > 0 else 1.0


_NORMALIZED = (layer("batch_normalization", "BatchNormalization"),)
_OF_A_CODE = 0.8
"""Part of `min_clustered` that is enough for a usual code, which says by itself what it is."""
_EXACT = 1e-4
"""Nothing but two values: a flag. The logged mean and standard deviation have seven digits."""
_MOST_OTHERS = 8
"""Extremes on the other side that are kept, at least. So many say that the column varies."""
_TWICE = 1.8
"""Values at the extreme in one batch, estimated from the variance, from which on there are two."""


class _Place(NamedTuple):
    """An end of a column at which few values lie, far from the others."""

    column: int
    is_low: bool
    is_code: bool
    """Whether the value is a usual code for "missing"."""
    value: float
    other: float
    """The value at the other end."""
    spread: float
    """The column's variance in squared widths."""


@dataclass(slots=True)
class _Extreme:
    """An extreme value of a column, as it came in several batches."""

    value: float
    batches: int = 0
    others: set[float] = field(default_factory=set)
    """The extremes on the other side, at most eight."""
    rest: tuple[float, float] = (math.inf, -math.inf)
    """Smallest and largest of them."""
    most: float = 0.0
    """Most values at the extreme in one batch, estimated."""
    raw: float | None = None
    """What was fed, if the layer reads something else."""


def _are_whole(view: TensorView) -> NDArray[np.bool_]:
    """Returns which columns hold whole numbers: their extremes and their sums are whole."""
    if view.value("whole_fraction") == 1:
        return np.ones(len(view.feature_mean), bool)
    low, high = view.feature_min, view.feature_max
    total = view.feature_mean.astype(np.float64) * view.count / max(view.layout.n_features, 1)
    sums = np.abs(total - np.round(total)) < np.maximum(1e-3, 1e-6 * np.abs(total))
    return np.asarray((low == np.round(low)) & (high == np.round(high)) & sums)


def _fed_values(fed: TensorView | None, view: TensorView, places: Sequence[_Place]) -> list[float | None]:
    """Returns the extremes of the same columns as they were fed; None for what is not known, or the same."""
    if fed is None or fed.layout.features != view.layout.features:
        return [None] * len(places)
    low, high = fed.feature_min, fed.feature_max
    values = [float((low if place.is_low else high)[place.column]) for place in places]
    return [
        None if value == place.value or not math.isfinite(value) else value
        for value, place in zip(values, places, strict=True)
    ]


def _holders(context: Context, source: TensorView, value: float) -> Examples | None:
    """Returns an example that holds the value, if it is the smallest or the largest of the whole input."""
    low = math.nextafter(value, math.inf) if value == source.min else -math.inf
    high = math.nextafter(value, -math.inf) if value == source.max else math.inf
    return extreme_examples(context, source, low, high)


def _beside_ids(change: Callable[[NDArray[np.float32], np.random.Generator], None]) -> Scenario:
    """A table, changed in each batch, that is joined with embedded ids."""
    scenario = Scenario(BESIDE_IDS, kind="functional")
    for seed in range(6):
        x, rng = columns(rows=64, seed=seed), np.random.default_rng(seed)
        change(x, rng)
        scenario.train(**beside_ids(x))
    return scenario
