"""What changed between the inputs of two runs."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from tb_inputdiag.baseline import differences_between, differences_sentence
from tb_inputdiag.records import BaselineColumn, BaselineTensor
from tensorboard_plugin.inputdiag.payload_runs import severity_name
from tensorboard_plugin.inputdiag.payload_types import DifferencesAnswer, InputChange
from tensorboard_plugin.inputdiag.tensor_stats import TensorStats, TensorSummary

__all__ = ["comparable_inputs", "format_differences"]


def comparable_inputs(stats: TensorStats) -> list[BaselineTensor]:
    """Returns the inputs and targets that training was fed with, over all samples."""
    return [
        _comparable(found)
        for (split, role, stage, _), found in stats.tensors.items()
        if split == "train" and stage == "fed" and role in ("input", "target")
    ]


def _comparable(found: TensorSummary) -> BaselineTensor:
    layout, spread = found.layout, found.spread
    known = spread is not None and bool(spread.n[0]) and np.isfinite([found.low, found.high]).all()
    counts = found.class_counts if found.class_counts is not None else np.zeros(0)
    total = float(counts.sum())
    batch = found.shape[0] if found.shape else 1
    return BaselineTensor(
        name=layout.name,
        role=layout.role,
        dtype=layout.dtype,
        shape=None if layout.shape is None else (None, *layout.shape[1:]),
        examples=found.samples * batch,
        has_gaps=bool(found.nan_count or found.inf_count),
        whole=found.last.get("whole_fraction") == 1,
        min=found.low if known else None,
        max=found.high if known else None,
        mean=float(spread.mean[0]) if spread is not None and known else None,
        std=float(np.sqrt(spread.m2[0] / spread.n[0])) if spread is not None and known else None,
        columns=tuple(_columns(found)),
        categories={str(i): n / total for i, n in enumerate(counts.tolist()) if n} if total else {},
        all_categories=bool(total),
    )


def _columns(found: TensorSummary) -> Iterable[BaselineColumn]:
    spread, low, high = found.feature_spread, found.feature_min, found.feature_max
    if spread is None or low is None or high is None:
        return
    std = np.sqrt(spread.m2 / np.maximum(spread.n, 1))
    for at, place in enumerate(found.layout.features):
        if np.isfinite(low[at]) and np.isfinite(high[at]) and spread.n[at]:
            yield BaselineColumn(
                name=str(place),
                place=place,
                min=float(low[at]),
                max=float(high[at]),
                mean=float(spread.mean[at]),
                std=float(std[at]),
            )


def format_differences(
    first: list[BaselineTensor], second: list[BaselineTensor], *, server: str, pending: bool
) -> DifferencesAnswer:
    """Returns what changed from the first run to the second one, in one sentence and one by one."""
    found = differences_between(first, second)
    return DifferencesAnswer(
        server=server,
        pending=pending,
        sentence=differences_sentence(first, second, found),
        changes=[
            InputChange(subject=item.subject, text=item.text, severity=severity_name(item.severity)) for item in found
        ],
    )
