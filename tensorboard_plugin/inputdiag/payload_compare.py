"""What changed between the inputs of two runs."""

from __future__ import annotations

import numpy as np

from tb_inputdiag.baseline import Extent, differences_between, differences_sentence, tensor_of_samples
from tb_inputdiag.records import BaselineTensor
from tb_inputdiag.statistics.pooling import Spread
from tensorboard_plugin.inputdiag.payload_runs import severity_name
from tensorboard_plugin.inputdiag.payload_types import DifferencesAnswer, InputChange
from tensorboard_plugin.inputdiag.tensor_stats import Array, TensorStats, TensorSummary

__all__ = ["comparable_inputs", "format_differences"]


def comparable_inputs(stats: TensorStats) -> list[BaselineTensor]:
    """Returns the inputs and targets that training was fed with, over all samples."""
    return [
        _comparable(found)
        for (split, role, stage, _), found in stats.tensors.items()
        if split == "train" and stage == "fed" and role in ("input", "target")
    ]


def _comparable(found: TensorSummary) -> BaselineTensor:
    batch = found.shape[0] if found.shape else 1
    return tensor_of_samples(
        found.layout,
        examples=found.samples * batch,
        has_gaps=bool(found.nan_count or found.inf_count),
        whole=found.last.get("whole_fraction") == 1,
        values=_extent(np.array([found.low]), np.array([found.high]), found.spread),
        columns=_extent(found.feature_min, found.feature_max, found.feature_spread),
        classes=np.zeros(0) if found.class_counts is None else found.class_counts,
    )


def _extent(low: Array | None, high: Array | None, spread: Spread | None) -> Extent:
    if low is None or high is None or spread is None:
        return Extent(np.zeros(0), np.zeros(0), Spread(np.zeros(0), np.zeros(0), np.zeros(0)))
    return Extent(low, high, spread)


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
