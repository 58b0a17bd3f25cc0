"""A part of a data set as a sample: the record that rules know from training, with all examples as one batch."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.datacheck.part_tally import PartTally, TensorKey
from tb_inputdiag.datacheck.sorted_columns import in_order
from tb_inputdiag.datacheck.tensor_tally import TensorTally
from tb_inputdiag.datacheck.text_tally import TextTally
from tb_inputdiag.records import (
    COLUMNS,
    F8,
    MAX_BAD_EXAMPLES,
    MAX_CLASSES,
    MAX_EXAMPLE_IDS,
    MAX_RANK,
    N_QUANTILES,
    Images,
    Layout,
    ModelFacts,
    Part,
    Sample,
    TensorLayout,
    TensorTable,
    split_of,
)
from tb_inputdiag.statistics import largest_losses, target_copies, thumbnails
from tb_inputdiag.statistics.numpy_namespace import NUMPY
from tb_inputdiag.statistics.selection import even_positions
from tb_inputdiag.statistics.tensors import axis_order, extreme_examples, moments, tensor_statistics, wrap_around
from tb_inputdiag.statistics.tensors.class_counts import number_of_classes

__all__ = ["Described", "part_images", "part_layout", "part_sample"]

_QUANTILE_VALUES = 1 << 18
"""Values of a tensor that are sorted for its quantiles."""
_THUMBNAILS = 8

Described = list[tuple[TensorLayout, TensorTally | TextTally]]
"""Tensors of a sample with what is known of them."""


def described(tally: PartTally, facts: ModelFacts | None, n_classes: int) -> Described:
    """Returns the tensors of a part with their layouts, the inputs first as fed.

    Args:
        tally: What the pass kept.
        facts: The model; None if there is none.
        n_classes: Classes to count in a target of class ids where the model does not say how many there are.
    """
    found: Described = []
    for key, tensor in tally.tensors.items():
        if isinstance(tensor, TextTally):
            layout = TensorLayout(name=key.name, role=key.role, shape=tensor.shape, dtype="string", kind="string")
        else:
            layout = tensor.layout
            if key.role == "target":
                layout = replace(layout, n_classes=_classes_of(key, layout, facts, n_classes, tally))
        found.append((layout, tensor))
    return found


def _classes_of(
    key: TensorKey, layout: TensorLayout, facts: ModelFacts | None, n_classes: int, tally: PartTally
) -> int:
    units = facts.output_units if facts is not None else {}
    known = units.get(key.name) or (next(iter(units.values())) if len(units) == 1 else 0)
    if known:
        return number_of_classes(layout.shape or (), known, 2)
    return n_classes if tally.classes.get(key) and n_classes <= MAX_CLASSES else 0


def part_layout(part: Part, number: int, tensors: Described) -> Layout:
    """Returns the layout of a part's sample."""
    return Layout(id=number, split=split_of(part), tensors=tuple(layout for layout, _ in tensors))


def part_sample(layout: Layout, tensors: Described, tally: PartTally) -> Sample:
    """Returns the sample of a part."""
    nan = float("nan")
    return Sample(
        layout=layout.id,
        split=layout.split,
        step=0,
        epoch=0,
        wall_time=time.time(),
        batch_size=tally.examples,
        loss=nan,
        penalty=nan,
        learning_rate=nan,
        step_time_s=nan,
        cost_s=nan,
        loss_scale=nan,
        gradient_norm=nan,
        clipped_gradient_norm=nan,
        skipped=False,
        tensors=_table(tensors, tally),
    )


def _table(tensors: Described, tally: PartTally) -> TensorTable:
    rows = tally.sample.rows()
    # once for a tensor as it is fed and as a layer reads it
    ordered = cache(lambda key: _in_order(rows.get(key)))
    columns: dict[str, NDArray[Any]] = {"example_ids": np.zeros(MAX_EXAMPLE_IDS)}
    # the rules about whole data compare each column with the target: see `leakage`
    columns |= {name: np.full(len(tensors), np.nan) for name in target_copies.COLUMNS}
    columns |= largest_losses.columns(np.zeros((0, 0)), (), len(tensors))
    with np.errstate(all="ignore"):
        for statistic in tensor_statistics():
            parts = [_numbers(statistic.NAME, layout, tensor, tally, rows, ordered) for layout, tensor in tensors]
            numbers = np.concatenate([np.zeros((statistic.WIDTH, 0)), *parts], 1)
            columns |= statistic.columns(numbers)
    dtypes = {name: dtype for name, (dtype, _) in COLUMNS["tensors"].items()}
    return TensorTable(**{name: np.ascontiguousarray(columns[name], dtype) for name, dtype in dtypes.items()})


def _numbers(
    statistic: str,
    layout: TensorLayout,
    tensor: TensorTally | TextTally,
    tally: PartTally,
    rows: Mapping[TensorKey, NDArray[Any]],
    ordered: Callable[[TensorKey], NDArray[Any]],
) -> F8:
    """Returns the numbers of a statistic of `statistics.tensors`, ``[WIDTH, places]``; `ordered` is `_in_order`."""
    if statistic == "shape":
        # the common shape; examples of other shapes are in the summary
        sizes = [tensor.examples, *((size or 0) for size in (layout.shape or ())[1:])]
        return np.asarray([*sizes, *[-1] * MAX_RANK][:MAX_RANK], np.float64)[:, None]
    if isinstance(tensor, TextTally):
        return _of_text(statistic)
    key = TensorKey(layout.role, layout.name)
    match statistic:
        case "moments":
            return _moments(tensor)
        case "features":
            return _features(tensor, layout)
        case "rows":
            return _rows(tensor)
        case "quantiles":
            return _quantiles(tensor, ordered(key) if tensor.rows is None else _in_order(tensor.rows))
        case "extreme_examples":
            return _extreme_examples(tensor)
        case "axis_order":
            return axis_order.of_whole(rows.get(key, np.zeros(0)), layout)
        case "wrap_around":
            return wrap_around.of_whole(rows.get(key, np.zeros(0)), layout)
        case "bad_examples":
            return np.asarray([*tensor.bad_examples, *[-1] * MAX_BAD_EXAMPLES][:MAX_BAD_EXAMPLES], np.float64)[:, None]
        case "class_counts":
            return _class_counts(key, layout, tensor, tally)
    raise LookupError(f"check_data does not compute the statistic {statistic!r}.")


def _of_text(statistic: str) -> F8:
    """Returns the numbers of a tensor without numbers."""
    found = next(item for item in tensor_statistics() if statistic == item.NAME)
    places = 0 if statistic in ("features", "class_counts") else 1
    return found.finish(np.asarray(found.ABSENT or (), np.float64).reshape(found.RAW_WIDTH, -1))[:, :places]


def _moments(tensor: TensorTally) -> F8:
    n, mean, m2 = tensor.spread
    total, counts = float(n.sum()), tensor.counts
    overall = float((n * mean).sum() / total) if total else 0.0
    infinite, missing = float(tensor.inf_count.sum()), float(tensor.nan_count.sum())
    numbers = {
        "count": total + infinite + missing,
        "min": tensor.low.min(initial=np.inf),
        "max": tensor.high.max(initial=-np.inf),
        "mean": overall,
        "m2": float((m2 + n * (mean - overall) ** 2).sum()),
        "nan_count": missing,
        "inf_count": infinite,
        "negative_inf_count": counts["negative_inf"],
        "whole_or_infinite_count": counts["whole"] + infinite,
    }
    return np.asarray([[numbers[name]] for name in moments.NUMBERS], np.float64)


def _extreme_examples(tensor: TensorTally) -> F8:
    values = math.prod(size or 0 for size in (tensor.layout.shape or ())[1:])
    if not 0 < values <= extreme_examples.MAX_VALUES or not tensor.spread.n.any():
        return np.full((extreme_examples.WIDTH, 1), np.nan)
    low, high = int(np.argmin(tensor.low)), int(np.argmax(tensor.high))
    # of several columns with the same extreme, the first example counts
    first = tensor.low_example[tensor.low == tensor.low[low]].min()
    last = tensor.high_example[tensor.high == tensor.high[high]].min()
    return np.asarray([[first], [last], [tensor.low[low]], [tensor.high[high]]], np.float64)


def _features(tensor: TensorTally, layout: TensorLayout) -> F8:
    if tensor.axis is None:
        return np.full((5, len(layout.features)), np.nan)
    kept = list(layout.features)
    return np.stack([tensor.low, tensor.high, tensor.spread.mean, tensor.spread.m2, tensor.spread.n])[:, kept]


def _rows(tensor: TensorTally) -> F8:
    sums = tensor.row_sums
    count = float(tensor.spread.n.sum() + tensor.nan_count.sum() + tensor.inf_count.sum())
    return np.asarray(
        [[count], [tensor.counts["zero"]], [sums.rows], [sums.one_hot], [sums.low], [sums.high]], np.float64
    )


def _in_order(rows: NDArray[Any] | None) -> NDArray[Any]:
    """Returns finite values of sampled examples, sorted; some of them if there are too many."""
    if rows is None:
        return np.zeros(0)
    flat = rows.reshape(-1)
    flat = flat[even_positions(flat.size, _QUANTILE_VALUES)]
    finite = np.isfinite(flat)
    return in_order(flat if finite.all() else flat[finite])


def _quantiles(tensor: TensorTally, ordered: NDArray[Any]) -> F8:
    """Returns quantiles of sorted values of the sampled examples; the extremes are those of all."""
    if not ordered.size:
        return np.full((N_QUANTILES, 1), np.nan)
    place = np.linspace(0, len(ordered) - 1, N_QUANTILES)
    below = place.astype(np.int64)
    low, high = (ordered[i].astype(np.float64) for i in (below, np.minimum(below + 1, len(ordered) - 1)))
    found = low + (high - low) * (place - below)
    found[0], found[-1] = tensor.low.min(), tensor.high.max()
    return np.asarray(found)[:, None]


def _class_counts(key: TensorKey, layout: TensorLayout, tensor: TensorTally, tally: PartTally) -> F8:
    if layout.n_classes and tensor.width == layout.n_classes and tensor.width > 1:  # one-hot, or probabilities
        return np.asarray(tensor.spread.mean * tensor.spread.n)[None]
    counts = tally.classes.get(key) or Counter()
    return np.asarray([[counts.get(i, 0) for i in range(layout.n_classes)]], np.float64)


def part_images(layout: Layout, tensors: Described, tally: PartTally) -> list[Images]:
    """Returns thumbnails of sampled examples of image-like inputs."""
    rows = tally.sample.rows()
    blocks = thumbnails.image_blocks(layout.tensors, (), _THUMBNAILS)
    targets = [item for item, _ in tensors if item.role == "target" and item.n_classes]
    labels: tuple[str, ...] = ()
    if len(targets) == 1 and (ids := rows.get(TensorKey("target", targets[0].name))) is not None:
        known = thumbnails.labels(NUMPY, ids[:_THUMBNAILS], targets[0].n_classes)
        labels = thumbnails.shown_labels(known, _THUMBNAILS)
    found = []
    for block in blocks:
        item = layout.tensors[block.tensor]
        values = rows.get(TensorKey("input", item.name))
        if item.stage != "fed" or values is None or not len(values):
            continue
        examples = min(len(values), _THUMBNAILS)
        first = replace(block, start=0)
        shown = thumbnails.pixels(first, thumbnails.reduce(NUMPY, values[:_THUMBNAILS], first), examples)
        if shown is not None:
            image, low, high = shown
            found.append(
                Images(
                    step=0,
                    split=layout.split,
                    name=item.name,
                    stage="fed",
                    pixels=image,
                    low=low,
                    high=high,
                    labels=labels[: len(image)],
                )
            )
    return found
