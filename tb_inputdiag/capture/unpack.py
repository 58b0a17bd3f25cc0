"""Rows that came back from the device -> records. NumPy only.

Merging replicas follows Chan, Golub and LeVeque (1979) for means and squared deviations.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_inputdiag.capture.row_order import (
    FEATURE_PARTS,
    HEALTH,
    SCALARS,
    STEP_SCALARS,
)
from tb_inputdiag.records import (
    Images,
    LayerTable,
    Layout,
    Sample,
    TensorTable,
    WeightTable,
)

F8 = NDArray[np.float64]

_S = {name: i for i, name in enumerate(SCALARS)}
_STEP = {name: i for i, name in enumerate(STEP_SCALARS)}
_WHOLE = [_S[name] for name in ("count", "nan_count", "inf_count", "negative_inf_count")]
_OF_FINITE = [_S[name] for name in ("min", "max", "mean", "m2")]
_QUIET = np.errstate(all="ignore")
"""For whole tables: what is undefined, such as a share of nothing, is NaN in them."""
_SUMS = ("count", "nan_count", "inf_count", "negative_inf_count", "zero_count", "whole_count", "rows", "one_hot_rows")


def block(program: Any, row: F8, name: str) -> F8:
    """Returns one block of a row in its shape."""
    start, shape = program.blocks[name]
    return row[start : start + math.prod(shape)].reshape(shape)


def step_scalar(row: F8, name: str) -> float:
    """Returns one of `STEP_SCALARS` of a row."""
    return float(row[_STEP[name]])


def merge_scalars(parts: Sequence[F8]) -> F8:
    """Merges `SCALARS` of the same tensors on several replicas.

    Args:
        parts: ``float64[T, len(SCALARS)]`` each.

    Returns:
        ``float64[T, len(SCALARS)]`` of all examples together.
    """
    merged = parts[0].copy()
    for part in parts[1:]:
        finite_a, finite_b = _finite(merged), _finite(part)
        total = finite_a + finite_b
        with np.errstate(invalid="ignore", divide="ignore"):
            mean_a = np.where(finite_a > 0, merged[:, _S["mean"]], 0.0)
            mean_b = np.where(finite_b > 0, part[:, _S["mean"]], 0.0)
            delta = mean_b - mean_a
            mean = np.where(total > 0, mean_a + delta * finite_b / np.maximum(total, 1), np.nan)
            m2 = merged[:, _S["m2"]] + part[:, _S["m2"]] + delta**2 * finite_a * finite_b / np.maximum(total, 1)
        merged[:, _S["mean"]], merged[:, _S["m2"]] = mean, m2
        for name in _SUMS:
            merged[:, _S[name]] += part[:, _S[name]]
        for low in ("min", "row_sum_min"):
            merged[:, _S[low]] = np.fmin(merged[:, _S[low]], part[:, _S[low]])
        for high in ("max", "row_sum_max"):
            merged[:, _S[high]] = np.fmax(merged[:, _S[high]], part[:, _S[high]])
    return merged


def _finite(scalars: F8) -> F8:
    counted: F8 = scalars[:, _S["count"]] - scalars[:, _S["nan_count"]] - scalars[:, _S["inf_count"]]
    return _without_nan(counted)


def _without_nan(values: F8) -> F8:
    """Returns counts, 0 for those of what is no number."""
    return np.where(np.isnan(values), 0.0, values)


def merge_features(parts: Sequence[F8]) -> F8:
    """Merges ``float64[len(FEATURE_PARTS), F]`` of several replicas."""
    merged = parts[0].copy()
    for part in parts[1:]:
        low, high, mean, m2, count = range(len(FEATURE_PARTS))
        n_a, n_b = merged[count], part[count]
        total = n_a + n_b
        mean_a, mean_b = np.where(n_a > 0, merged[mean], 0.0), np.where(n_b > 0, part[mean], 0.0)
        delta = mean_b - mean_a
        merged[mean] = np.where(total > 0, mean_a + delta * n_b / np.maximum(total, 1), np.nan)
        merged[m2] = merged[m2] + part[m2] + delta**2 * n_a * n_b / np.maximum(total, 1)
        merged[low], merged[high] = np.fmin(merged[low], part[low]), np.fmax(merged[high], part[high])
        merged[count] = total
    return merged


def _expand(program: Any, values: NDArray[Any]) -> NDArray[Any]:
    """Returns per-tensor rows for all tensors: an untouched entry has the row of the fed tensor."""
    order: list[int] = []
    next_row = 0
    for index in range(len(program.tensors)):
        if index in program.copies:
            order.append(order[program.copies[index]])
        else:
            order.append(next_row)
            next_row += 1
    return values[order] if order else values


def _expand_ragged(program: Any, values: NDArray[Any], widths: Sequence[int]) -> NDArray[Any]:
    """As `_expand`, for tensors with a stretch of `widths` values each on the last axis."""
    stretches: list[NDArray[Any]] = []
    position = 0
    for index, width in enumerate(widths):
        if index in program.copies:
            stretches.append(stretches[program.copies[index]][..., :width])
        else:
            stretches.append(values[..., position : position + width])
            position += width
    return np.concatenate(stretches, -1) if stretches else values


@_QUIET
def tensor_table(program: Any, rows: Sequence[F8]) -> TensorTable:
    """Returns the statistics of all tensors of a step, merged over replicas."""
    n = len(program.tensors)
    scalars = _expand(program, merge_scalars([block(program, row, "scalars") for row in rows]))
    shape = _expand(program, _shapes([block(program, row, "shape") for row in rows]))
    feature_widths = [len(t.features) for t in program.tensors]
    class_widths = [t.n_classes for t in program.tensors]
    kept = [block(program, row, "features").reshape(len(FEATURE_PARTS), -1) for row in rows]
    kept = [_measured_features(program, k, feature_widths) for k in kept]
    low, high, mean, m2, count = _expand_ragged(program, merge_features(kept), feature_widths)
    counts = np.add.reduce([block(program, row, "class_counts") for row in rows])
    # Copies hold no classes: only targets have them.
    ids = np.concatenate([block(program, row, "example_ids") for row in rows])
    ids = np.concatenate([ids[ids > 0], np.zeros(32)])[:32]
    finite = _finite(scalars)
    by_name = np.ascontiguousarray(scalars.T)
    of_finite = np.where(finite > 0, by_name[_OF_FINITE], np.nan)
    whole = _without_nan(by_name[_WHOLE]).astype(np.int64)
    total, rows_seen = by_name[_S["count"]], by_name[_S["rows"]]
    assert sum(class_widths) == len(counts)
    return TensorTable(
        shape=shape.astype(np.int64),
        count=whole[0],
        min=of_finite[0],
        max=of_finite[1],
        mean=of_finite[2],
        std=np.sqrt(of_finite[3] / finite),
        nan_count=whole[1],
        inf_count=whole[2],
        negative_inf_count=whole[3],
        zero_fraction=_f4(by_name[_S["zero_count"]] / total),
        whole_fraction=_f4(by_name[_S["whole_count"]] / total),
        one_hot_fraction=_f4(by_name[_S["one_hot_rows"]] / rows_seen),
        row_sum_min=_f4(by_name[_S["row_sum_min"]]),
        row_sum_max=_f4(by_name[_S["row_sum_max"]]),
        quantiles=_f4(_expand(program, _quantiles(program, rows))).reshape(n, -1),
        bad_examples=_expand(program, _bad_examples(program, rows)).astype(np.int32),
        feature_min=_f4(np.where(count > 0, low, np.nan)),
        feature_max=_f4(np.where(count > 0, high, np.nan)),
        feature_mean=_f4(mean),
        feature_std=_f4(np.sqrt(m2 / count)),
        class_counts=_f4(counts),
        example_ids=ids.astype(np.uint32),
    )


def _measured_features(program: Any, parts: F8, widths: Sequence[int]) -> F8:
    """Reorders features from part by part within each tensor to part by part over all tensors."""
    flat = parts.reshape(-1)
    stretches: list[F8] = []
    position = 0
    for index, width in enumerate(widths):
        if index in program.copies or width == 0:
            continue
        length = len(FEATURE_PARTS) * width
        stretches.append(flat[position : position + length].reshape(len(FEATURE_PARTS), width))
        position += length
    return np.concatenate(stretches, 1) if stretches else np.zeros((len(FEATURE_PARTS), 0))


def _shapes(parts: Sequence[F8]) -> F8:
    shape = parts[0].copy()
    for part in parts[1:]:
        ranked = (shape[:, 0] >= 0) & (part[:, 0] >= 0)
        shape[ranked, 0] += part[ranked, 0]
    return shape


def _quantiles(program: Any, rows: Sequence[F8]) -> F8:
    """Merges quantiles by pooling: each replica's are points of equal weight of its share of the batch."""
    parts = [block(program, row, "quantiles") for row in rows]
    if len(parts) == 1:
        return parts[0]
    pooled = np.stack(parts).transpose(1, 0, 2).reshape(parts[0].shape[0], -1)
    levels = np.linspace(0, 1, parts[0].shape[1])
    merged = [
        np.quantile(values[np.isfinite(values)], levels) if np.isfinite(values).any() else np.full(levels.shape, np.nan)
        for values in pooled
    ]
    return np.stack(merged) if merged else parts[0]


def _bad_examples(program: Any, rows: Sequence[F8]) -> F8:
    """Concatenates the indices of bad examples; those of later replicas are moved behind earlier examples."""
    parts = [block(program, row, "bad_examples") for row in rows]
    if len(parts) == 1:
        return parts[0]
    width = parts[0].shape[1]
    offsets = np.cumsum([0] + [step_scalar(row, "batch_size") for row in rows[:-1]])
    merged = np.full_like(parts[0], -1)
    for t in range(parts[0].shape[0]):
        found = np.concatenate([p[t][p[t] >= 0] + offset for p, offset in zip(parts, offsets, strict=True)])[:width]
        merged[t, : len(found)] = found
    return merged


@_QUIET
def weight_table(program: Any, rows: Sequence[F8]) -> WeightTable | None:
    """Returns the weights' table; None for a step that updates nothing. Replicas agree: the first one's counts."""
    if not program.weights:
        return None
    row = rows[0]
    half, largest = block(program, row, "gradients").T
    gradients = counts(block(program, row, "gradient_health"))
    clipped, norms, before, change, proof = block(program, row, "weights")
    weights = counts(block(program, row, "weight_health"))
    # without a gradient there is nothing that is not zero
    zeros = np.where(gradients["count"] > 0, gradients["zero"] / np.maximum(gradients["count"], 1), 1.0)
    ratio = np.where(change == 0, 0.0, np.sqrt(change) / np.sqrt(before))
    return WeightTable(
        gradient_norm=_f4(np.sqrt(2 * half)),
        gradient_max_abs=_f4(largest),
        gradient_zero_fraction=_f4(zeros),
        gradient_nonfinite_count=_f4(gradients["nonfinite"]),
        clipped_gradient_norm=_f4(np.sqrt(2 * clipped)),
        weight_norm=_f4(np.sqrt(2 * norms)),
        weight_nonfinite_count=_f4(_at_least(weights["nonfinite"], proof, np.sqrt(2 * before))),
        update_ratio=_f4(ratio),
    )


@_QUIET
def layer_table(program: Any, rows: Sequence[F8]) -> LayerTable | None:
    """Returns the layers' table, averaged over replicas; None if no layer was seen."""
    if not program.layers:
        return None
    parts = [_layer_columns(program, row) for row in rows]
    columns = parts[0]
    if len(parts) > 1:
        columns = {name: np.mean([part[name] for part in parts], 0) for name in columns}
        columns["max_abs"] = np.max([part["max_abs"] for part in parts], 0)
        columns["nonfinite_count"] = np.sum([part["nonfinite_count"] for part in parts], 0)
    return LayerTable(**{name: _f4(column) for name, column in columns.items()})


def _layer_columns(program: Any, row: F8) -> dict[str, F8]:
    """Returns the columns of a `LayerTable` as of one replica."""
    mean, variance, saturated, mean_of_all = block(program, row, "layers").T
    seen = counts(block(program, row, "layer_health"))
    units = block(program, row, "units")
    starts = np.cumsum([0, *(max(1, width) for width in program.units)])[:-1]
    max_abs = np.maximum.reduceat(units, starts)
    dead = np.add.reduceat(units == 0, starts) / np.maximum(program.units, 1)
    return {
        "mean": mean,
        "std": np.sqrt(variance),
        "max_abs": max_abs,
        "zero_fraction": seen["zero"] / seen["count"],
        "dead_fraction": np.where(np.array(program.units) > 0, dead, np.nan),
        "saturated_fraction": saturated,
        "nonfinite_count": _at_least(seen["nonfinite"], np.where(seen["count"] > 0, mean_of_all, 0.0), max_abs),
    }


def counts(health: F8) -> dict[str, F8]:
    """Returns ``float64[n]`` counts of all, of zeros and of what is not finite, of ``float64[n, len(HEALTH)]``."""
    columns = dict(zip(HEALTH, health.T, strict=True))
    bad = columns["nan"] + columns["negative_inf"] + columns["positive_inf"]
    return {"count": columns["count"], "zero": columns["zero"], "nonfinite": bad}


_OVERFLOWS = 1e30
"""Values of this size may have a sum that float32 does not hold."""


def _at_least(nonfinite: F8, proof: F8, size: F8) -> F8:
    """Returns counts of what is not finite, of tensors of which only a part was counted.

    Args:
        nonfinite: Counts of the parts.
        proof: Finite if all of a tensor is. It is not either if its sum overflows.
        size: Of the values of the part.
    """
    elsewhere = ~np.isfinite(proof) & ~(size >= _OVERFLOWS)
    found: F8 = np.maximum(nonfinite, elsewhere)
    return found


def sample(
    program: Any,
    layout: Layout,
    rows: Sequence[F8],
    *,
    step: int,
    epoch: int,
    wall_time: float,
    step_time_s: float = float("nan"),
    cost_s: float = float("nan"),
) -> Sample:
    """Returns the record of one sampled step.

    Args:
        program: The program that made the rows.
        layout: Its layout.
        rows: One row for each replica.
        step: The step.
        epoch: Number of the epoch.
        wall_time: Seconds since the epoch.
        step_time_s: Seconds that the step took.
        cost_s: Seconds that sampling it cost.
    """
    first = rows[0]
    weights = weight_table(program, rows)
    nan = float("nan")
    return Sample(
        layout=layout.id,
        split=layout.split,
        step=step,
        epoch=epoch,
        wall_time=wall_time,
        batch_size=int(sum(step_scalar(row, "batch_size") for row in rows)),
        loss=float(sum(step_scalar(row, "loss") for row in rows)),
        penalty=float(sum(step_scalar(row, "penalty") for row in rows)),
        learning_rate=step_scalar(first, "learning_rate"),
        step_time_s=step_time_s,
        cost_s=cost_s,
        loss_scale=step_scalar(first, "loss_scale"),
        gradient_norm=nan if weights is None else _norm(weights.gradient_norm),
        clipped_gradient_norm=nan if weights is None else _norm(weights.clipped_gradient_norm),
        skipped=bool(step_scalar(first, "skipped")),
        tensors=tensor_table(program, rows),
        weights=weights,
        layers=layer_table(program, rows),
    )


def images(
    program: Any, layout: Layout, row: F8, pixels: NDArray[np.float32], step: int, n_examples: int
) -> list[Images]:
    """Returns thumbnails from the image variable, each scaled to the range of its own values.

    Args:
        program: The program that made them.
        layout: Its layout.
        row: The row of the same step, for the labels.
        pixels: The image variable.
        step: The step.
        n_examples: Examples of the batch.
    """
    records = []
    known = block(program, row, "labels")
    for part in program.images:
        tensor = layout.tensors[part.tensor]
        values = pixels[part.start : part.start + int(np.prod(part.shape))].reshape(part.shape)[:n_examples]
        finite = values[np.isfinite(values)]
        if not finite.size:
            continue
        low, high = float(finite.min()), float(finite.max())
        scaled = (np.nan_to_num(values, nan=low, posinf=high, neginf=low) - low) * (255.0 / ((high - low) or 1.0))
        records.append(
            Images(
                step=step,
                split=layout.split,
                name=tensor.name,
                stage=tensor.stage,
                pixels=np.clip(np.rint(scaled), 0, 255).astype(np.uint8),
                low=low,
                high=high,
                labels=tuple(f"{label:g}" for label in known[: len(values)] if not np.isnan(label)),
            )
        )
    return records


def _norm(norms: NDArray[np.float32]) -> float:
    return float(np.sqrt(np.sum(norms.astype(np.float64) ** 2)))


def _f4(values: Any) -> NDArray[np.float32]:
    return np.ascontiguousarray(values, dtype=np.float32)
