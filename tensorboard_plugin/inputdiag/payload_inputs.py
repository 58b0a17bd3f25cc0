"""Tensor statistics to the JSON of the input cards, in words that a user of Keras knows; pure."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Sequence

import numpy as np

from tb_inputdiag.records import Images, ModelFacts, TensorLayout
from tensorboard_plugin.inputdiag.encoding import number, numbers
from tensorboard_plugin.inputdiag.payload_types import (
    ClassBalance,
    FeatureStats,
    ImageSet,
    InputCard,
    InputView,
)
from tb_inputdiag.png import encode_png
from tensorboard_plugin.inputdiag.tensor_stats import TensorStats, TensorSummary

__all__ = ["describe", "expected_range", "format_cards", "format_images"]

USUAL = 3.0
"""Standardised data lie within three standard deviations of 0, nearly all of them; scaled pixels do anyway."""
_ROLES = {"input": 0, "target": 1, "prediction": 2, "sample_weight": 3}
_STAGES = {"fed": 0, "entry": 1}
_SPLITS = {"train": 0, "validation": 1, "predict": 2}
_ANY_SCALE = frozenset({"BatchNormalization", "LayerNormalization", "GroupNormalization", "Normalization", "Rescaling"})
_CHANNELS = {1: "1 channel (grey)", 3: "3 channels (colour)", 4: "4 channels"}


def _count(n: int | None, one: str, many: str) -> str:
    return f"any number of {many}" if n is None else f"{n:,} {one if n == 1 else many}"


def _is_image(axes: Sequence[int | None], channels: int) -> bool:
    sides = [axes[i] for i in range(3) if i != channels % 3]
    size = axes[channels]
    return size in _CHANNELS and all(side is None or side > 4 for side in sides)


def describe(layout: TensorLayout) -> str:
    """Returns what one example of the tensor is, e.g. ``images of 28 × 28 pixels, 1 channel (grey)``."""
    if layout.kind == "string":
        return "text"
    if layout.kind == "ragged":
        return "sequences of different lengths"
    if layout.shape is None:
        return "arrays of unknown shape"
    axes = layout.shape[1:]
    whole = layout.dtype.startswith(("int", "uint"))
    if layout.layer_class == "Embedding" and len(axes) == 1:
        return "sequences of " + _count(axes[0], "token id", "token ids")
    if len(axes) == 0 or axes == (1,):
        if layout.role == "target" and (whole or layout.n_classes > 2):
            return "one class id per example"
        return "one number per example"
    if len(axes) == 1:
        if layout.role in ("target", "prediction") and layout.n_classes:
            return _count(axes[0], "class", "classes") + " per example"
        return _count(axes[0], "feature", "features") + " per example"
    if len(axes) == 2:
        return f"sequences of {_count(axes[0], 'step', 'steps')} with {_count(axes[1], 'feature', 'features')}"
    if len(axes) == 3:
        if _is_image(axes, 2):
            return f"images of {_side(axes[0])} × {_side(axes[1])} pixels, {_CHANNELS[axes[2] or 0]}"
        if _is_image(axes, 0):
            return f"images of {_side(axes[1])} × {_side(axes[2])} pixels, {_CHANNELS[axes[0] or 0]} first"
        return f"maps of {_side(axes[0])} × {_side(axes[1])} with {_count(axes[2], 'channel', 'channels')}"
    return "arrays of " + " × ".join(_side(n) for n in axes)


def _side(n: int | None) -> str:
    return "any" if n is None else str(n)


def expected_range(layout: TensorLayout, model: ModelFacts | None) -> tuple[float | None, float | None, str]:
    """Returns (low, high, why) of healthy values; (None, None, why or "") where any value may be right.

    For people to compare with, beside the rules: a rule looks at more than a range.
    """
    nothing = (None, None, "")
    if layout.kind != "dense":
        return nothing
    if layout.role == "sample_weight":
        return (0.0, None, "A negative weight would reward errors.")
    if layout.role == "prediction":
        activation = (model.output_activations if model else {}).get(layout.name, "")
        if activation in ("softmax", "sigmoid"):
            return (0.0, 1.0, f"What a {activation} can give.")
        return (-1.0, 1.0, "What a tanh can give.") if activation == "tanh" else nothing
    if layout.role == "target":
        return _expected_target(layout, model)
    if layout.layer_class == "Embedding":
        layer = model.layer(layout.layer) if model else None
        size = layer.config.get("input_dim") if layer else None
        if isinstance(size, int):
            return (0.0, float(size - 1), f"The {layout.layer} layer knows {size:,} ids.")
        return nothing
    if layout.stage == "entry" and layout.layer_class in _ANY_SCALE:
        return (None, None, f"Any scale: {layout.layer_class} normalises it.")
    if layout.stage == "entry":
        return (-USUAL, USUAL, "About unit scale: what the initial weights of the first trainable layer are made for.")
    return nothing


def _expected_target(layout: TensorLayout, model: ModelFacts | None) -> tuple[float | None, float | None, str]:
    loss = model.loss if model else None
    name = str(loss.get("name", "")) if isinstance(loss, dict) else ""
    units = list(model.output_units.values()) if model else []
    if "sparse_categorical" in name and len(units) == 1:
        return (
            0.0,
            float(units[0] - 1),
            f"The output has {units[0]} units, so class ids run from 0 to {units[0] - 1}.",
        )
    if "binary_crossentropy" in name or "categorical_crossentropy" in name:
        return (0.0, 1.0, f"{name} compares probabilities.")
    return (None, None, "")


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


def format_cards(stats: TensorStats, layouts: Iterable[TensorLayout], model: ModelFacts | None) -> list[InputCard]:
    """Returns the cards: inputs first, each followed by what the first trainable layer reads of it."""
    grouped: dict[tuple[str, str, str], dict[str, TensorSummary]] = {}
    known: dict[tuple[str, str, str], TensorLayout] = {}
    for layout in layouts:
        known.setdefault((layout.role, layout.stage, layout.name), layout)
    for (split, role, stage, name), found in stats.tensors.items():
        grouped.setdefault((role, stage, name), {})[split] = found
        known.setdefault((role, stage, name), found.layout)
    order = sorted(known, key=lambda key: (_ROLES.get(key[0], 9), _STAGES.get(key[1], 9)))
    cards = []
    for key in order:
        splits = grouped.get(key, {})
        train = splits.get("train")
        layout = train.layout if train else known[key]
        low, high, why = expected_range(layout, model)
        views = [_view(split, splits[split]) for split in sorted(splits, key=lambda s: _SPLITS.get(s, 9))]
        cards.append(
            InputCard(
                layout=layout,
                words=describe(layout),
                expected_low=low,
                expected_high=high,
                expected_why=why,
                views=views,
            )
        )
    return cards


def format_images(images: Iterable[Images]) -> list[ImageSet]:
    """Returns the thumbnails as PNG."""
    ordered = sorted(images, key=lambda i: (_SPLITS.get(i.split, 9), i.name, _STAGES.get(i.stage, 9)))
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
