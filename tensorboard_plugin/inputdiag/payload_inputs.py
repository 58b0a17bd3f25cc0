"""Tensor statistics to the JSON of the input cards; pure."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Mapping

import numpy as np

from tb_inputdiag.png import encode_png
from tb_inputdiag.records import Images, TensorLayout
from tensorboard_plugin.inputdiag.cached_session import SessionRecords
from tensorboard_plugin.inputdiag.encoding import number, numbers
from tensorboard_plugin.inputdiag.payload_runs import short_alert, standing_alerts
from tensorboard_plugin.inputdiag.payload_types import (
    ClassBalance,
    FeatureStats,
    ImageSet,
    InputCard,
    InputView,
)
from tensorboard_plugin.inputdiag.tensor_stats import TensorStats, TensorSummary
from tensorboard_plugin.inputdiag.tensor_words import describe, feature_word

__all__ = ["format_cards", "format_images"]

_ROLES = {"input": 0, "target": 1, "prediction": 2, "sample_weight": 3}
_STAGES = {"fed": 0, "entry": 1}
_SPLITS = {"train": 0, "validation": 1, "predict": 2}


def _view(split: str, found: TensorSummary) -> InputView:
    last = {name: number(value) for name, value in found.last.items()}
    return InputView(
        split=split,
        samples=found.samples,
        step=found.step,
        shape=list(found.shape),
        min=number(found.low),
        max=number(found.high),
        last_min=last.get("min"),
        last_max=last.get("max"),
        mean=last.get("mean"),
        std=last.get("std"),
        nan_count=found.nan_count,
        inf_count=found.inf_count,
        bad_step=found.bad_step,
        bad_examples=list(found.bad_examples),
        zero_fraction=last.get("zero_fraction"),
        whole_fraction=last.get("whole_fraction"),
        one_hot_fraction=last.get("one_hot_fraction"),
        quantiles=numbers(found.quantiles),
        first_quantiles=numbers(found.first_quantiles),
        features=_features(found),
        classes=_classes(found),
    )


def _features(found: TensorSummary) -> FeatureStats | None:
    if found.feature_min is None or found.feature_max is None or len(found.feature_min) < 2:
        return None
    missing = np.full(len(found.feature_min), math.nan)
    return FeatureStats(
        index=list(found.layout.features),
        total=found.layout.n_features,
        min=numbers(found.feature_min, 4),
        max=numbers(found.feature_max, 4),
        mean=numbers(found.feature_mean if found.feature_mean is not None else missing, 4),
        std=numbers(found.feature_std if found.feature_std is not None else missing, 4),
    )


def _classes(found: TensorSummary) -> ClassBalance | None:
    counts = found.class_counts
    if counts is None or not counts.sum() > 0:
        return None
    return ClassBalance(counts=[float(n) for n in counts], samples=found.samples)


def format_cards(stats: TensorStats, records: SessionRecords) -> list[InputCard]:
    """Returns the cards: inputs first, each followed by what the first trainable layer reads of it.

    A tensor that the layer reads exactly as it is fed has one card.
    """
    splits: dict[str, dict[str, TensorSummary]] = {}
    layouts = _known_layouts(records)
    for (split, *_), found in stats.tensors.items():
        splits.setdefault(_key(found.layout), {})[split] = found
    for views in splits.values():
        newest = views.get("train") or next(iter(views.values()))
        layouts[_key(newest.layout)] = newest.layout
    ordered = sorted(layouts.values(), key=lambda layout: (_ROLES[layout.role], _STAGES[layout.stage]))
    return [
        _card(layout, ordered, splits.get(_key(layout), {}), records)
        for layout in ordered
        if not any(_reads_as_fed(layout, fed) for fed in ordered)
    ]


def _known_layouts(records: SessionRecords) -> dict[str, TensorLayout]:
    known = [tensor for layout in records.layouts.values() for tensor in layout.tensors]
    fed = [tensor for failure in records.failures for tensor in failure.fed]
    found: dict[str, TensorLayout] = {}
    for tensor in known or fed:
        found.setdefault(_key(tensor), tensor)
    return found


def _key(layout: TensorLayout) -> str:
    return f"{layout.role}:{layout.stage}:{layout.name}"


def _reads_as_fed(entry: TensorLayout, fed: TensorLayout) -> bool:
    """Returns whether `entry`, as its layer reads it, is the tensor `fed` itself."""
    same = fed.stage == "fed" and entry.stage == "entry" and entry.same_as_fed and fed.role == entry.role
    return same and (fed.name in entry.sources or fed.name == entry.name)


def _card(
    layout: TensorLayout,
    layouts: Iterable[TensorLayout],
    views: Mapping[str, TensorSummary],
    records: SessionRecords,
) -> InputCard:
    shown = [layout, *(entry for entry in layouts if _reads_as_fed(entry, layout))]
    names = {(f"{item.role}:{item.name}", item.stage) for item in shown}
    subjects = {subject for subject, _ in names}
    return InputCard(
        layout=layout,
        words=describe(layout),
        feature_word=feature_word(layout),
        expected=[item for item in records.expected.values() if (item.subject, item.stage) in names],
        alerts=[short_alert(alert) for alert in standing_alerts(records) if alert.subject in subjects],
        views=[_view(split, views[split]) for split in sorted(views, key=_SPLITS.__getitem__)],
    )


def format_images(images: Iterable[Images]) -> list[ImageSet]:
    """Returns the thumbnails as PNG."""
    ordered = sorted(images, key=lambda i: (_SPLITS[i.split], i.name, _STAGES[i.stage]))
    return [
        ImageSet(
            name=item.name,
            stage=item.stage,
            split=item.split,
            step=item.step,
            low=item.low,
            high=item.high,
            labels=list(item.labels),
            width=int(item.pixels.shape[2]),
            height=int(item.pixels.shape[1]),
            png=[base64.b64encode(encode_png(pixels)).decode() for pixels in item.pixels],
        )
        for item in ordered
    ]
