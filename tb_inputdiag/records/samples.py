"""What the probe saw of one step, as tables of statistics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from tb_inputdiag.records.layouts import Layout, TensorLayout
from tb_inputdiag.records.values import (
    F4,
    F8,
    I4,
    I8,
    MAX_BAD_EXAMPLES,
    MAX_EXAMPLE_IDS,
    MAX_RANK,
    MAX_WORST_EXAMPLES,
    N_QUANTILES,
    N_WRAP_COUNTS,
    U4,
    Role,
    Split,
    Stage,
)

__all__ = ["COLUMNS", "LayerTable", "Sample", "TensorTable", "TensorView", "WeightTable", "table_columns"]

COLUMNS: Mapping[str, Mapping[str, tuple[str, tuple[str | int, ...]]]] = {
    "sample": {
        "layout": ("i4", ()),
        "step": ("i8", ()),
        "epoch": ("i4", ()),
        "wall_time": ("f8", ()),
        "batch_size": ("i8", ()),
        "loss": ("f8", ()),
        "penalty": ("f8", ()),
        "learning_rate": ("f8", ()),
        "step_time_s": ("f8", ()),
        "cost_s": ("f8", ()),
        "loss_scale": ("f8", ()),
        "gradient_norm": ("f8", ()),
        "clipped_gradient_norm": ("f8", ()),
        "skipped": ("u1", ()),
    },
    "tensors": {
        "shape": ("i8", ("T", MAX_RANK)),
        "count": ("i8", ("T",)),
        "min": ("f8", ("T",)),
        "max": ("f8", ("T",)),
        "mean": ("f8", ("T",)),
        "std": ("f8", ("T",)),
        "nan_count": ("i8", ("T",)),
        "inf_count": ("i8", ("T",)),
        "negative_inf_count": ("i8", ("T",)),
        "zero_fraction": ("f4", ("T",)),
        "whole_fraction": ("f4", ("T",)),
        "one_hot_fraction": ("f4", ("T",)),
        "row_sum_min": ("f4", ("T",)),
        "row_sum_max": ("f4", ("T",)),
        "quantiles": ("f4", ("T", N_QUANTILES)),
        "bad_examples": ("i4", ("T", MAX_BAD_EXAMPLES)),
        "feature_min": ("f4", ("F",)),
        "feature_max": ("f4", ("F",)),
        "feature_mean": ("f4", ("F",)),
        "feature_std": ("f4", ("F",)),
        "class_counts": ("f4", ("C",)),
        "example_ids": ("u4", (MAX_EXAMPLE_IDS,)),
        "min_example": ("f4", ("T",)),
        "max_example": ("f4", ("T",)),
        "copy_input": ("f4", ("T",)),
        "copy_place": ("f4", ("T",)),
        "copy_residual": ("f4", ("T",)),
        "copy_equal": ("f4", ("T",)),
        "copy_share": ("f4", ("T",)),
        "copy_rows": ("f4", ("T",)),
        "next_step_equal": ("f4", ("T",)),
        "previous_step_equal": ("f4", ("T",)),
        "map_residual": ("f4", ("T",)),
        "worst_examples": ("f4", ("T", MAX_WORST_EXAMPLES)),
        "worst_shares": ("f4", ("T", MAX_WORST_EXAMPLES)),
        "pair_correlation": ("f4", ("T",)),
        "across_residual": ("f4", ("T",)),
        "across_number": ("f4", ("T",)),
        "down_residual": ("f4", ("T",)),
        "down_number": ("f4", ("T",)),
        "seam_rank": ("f4", ("T",)),
        "seam_wrap_ratio": ("f4", ("T",)),
        "seam_step_ratio": ("f4", ("T",)),
        "wrap_counts": ("f4", ("T", N_WRAP_COUNTS)),
    },
    "weights": {
        "gradient_norm": ("f4", ("W",)),
        "gradient_max_abs": ("f4", ("W",)),
        "gradient_zero_fraction": ("f4", ("W",)),
        "gradient_nonfinite_count": ("f4", ("W",)),
        "clipped_gradient_norm": ("f4", ("W",)),
        "weight_norm": ("f4", ("W",)),
        "weight_nonfinite_count": ("f4", ("W",)),
        "update_ratio": ("f4", ("W",)),
    },
    "layers": {
        "mean": ("f4", ("L",)),
        "std": ("f4", ("L",)),
        "max_abs": ("f4", ("L",)),
        "zero_fraction": ("f4", ("L",)),
        "nonfinite_count": ("f4", ("L",)),
        "dead_fraction": ("f4", ("L",)),
        "saturated_fraction": ("f4", ("L",)),
        "moving_mean_shift": ("f4", ("L",)),
        "moving_std_factor": ("f4", ("L",)),
    },
}
"""Table -> column -> (NumPy dtype, shape of one sample's part).

Columns are stored by their place: new ones come last, so that older logs can be read.

``T`` tensors, ``F`` features of all tensors one after the other (`Layout.feature_slice`), ``C`` class
counts of all tensors one after the other (`Layout.class_slice`), ``W`` weights, ``L`` layers.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorTable:
    """Statistics of one batch: one row for each tensor of a layout.

    `min`, `max`, `mean` and `std` (population) are taken over finite values; they are NaN if there are none. Under a
    distribution strategy they describe the global batch.
    """

    shape: I8
    """``[T, MAX_RANK]``, padded with -1."""
    count: I8
    """``[T]``: number of values."""
    min: F8
    max: F8
    mean: F8
    std: F8
    nan_count: I8
    inf_count: I8
    """``[T]``: infinities of either sign."""
    negative_inf_count: I8
    zero_fraction: F4
    """``[T]``, 0..1 of all values."""
    whole_fraction: F4
    """``[T]``, 0..1 of all values: finite ones that equal their rounded value."""
    one_hot_fraction: F4
    """``[T]``, 0..1: rows along the last axis with a single 1 and zeros; NaN if the last axis is shorter than 2."""
    row_sum_min: F4
    row_sum_max: F4
    """``[T]``: extremes of the sums along the last axis; NaN if the last axis is shorter than 2."""
    quantiles: F4
    """``[T, N_QUANTILES]`` of the finite values among at most 4,096 evenly spaced elements; NaN if none is finite."""
    bad_examples: I4
    """``[T, MAX_BAD_EXAMPLES]``: the first examples of the batch with a NaN or infinity, padded with -1."""
    feature_min: F4
    feature_max: F4
    feature_mean: F4
    feature_std: F4
    """``[F]``: of the finite values, over all axes except the feature axis; see `Layout.feature_slice`."""
    class_counts: F4
    """``[C]``: number of examples of each class id (positions, for sequences and maps); see `Layout.class_slice`."""
    example_ids: U4
    """``[MAX_EXAMPLE_IDS]``: fingerprints of the first examples over all inputs, equal for equal examples; 0: none."""
    min_example: F4
    max_example: F4
    """``[T]``: index in the batch of the first example with the smallest, and the largest, finite value. NaN for large
    examples, such as images, and in older logs."""
    copy_input: F4
    """``[T]``: of a target, the index of the input that is most like it; see `statistics.target_copies`. This and the
    next seven columns are NaN for other tensors, where nothing was compared, and in older logs."""
    copy_place: F4
    """Index of the value in an example (or step) of that input that is most like the target."""
    copy_residual: F4
    """0..1: 1 minus the square of their correlation. 0: a copy, perhaps multiplied by a number and moved."""
    copy_equal: F4
    """0..1 of the rows that were compared: both are equal."""
    copy_share: F4
    """0..1 of the values of all inputs that are a copy of the target."""
    copy_rows: F4
    """How many of the rows that were compared differ in the target."""
    next_step_equal: F4
    """0..1 of steps in which the target equals the next step of an input."""
    previous_step_equal: F4
    """0..1 of steps in which the target equals the previous step of an input."""
    map_residual: F4
    """0..1 for a target with a number for each pixel of an input: 1 minus the square of their correlation over the
    pixels, of the channel that is most like it. NaN for all others, and in older logs."""
    worst_examples: F4
    """``[T, MAX_WORST_EXAMPLES]`` of a target: the examples of the batch with the largest losses, the largest first,
    padded with NaN; see `statistics.largest_losses`. NaN for all others, and in older logs."""
    worst_shares: F4
    """``[T, MAX_WORST_EXAMPLES]``, 0..1: the parts of the sum of the batch's losses that these have."""
    pair_correlation: F4
    """-1..1 for a target with one number for each example, of a model that compares two inputs of one shape: its
    correlation with the prediction. NaN for all others, for targets or predictions that are all equal, and in older
    logs."""
    across_residual: F4
    """0..1 for a target of 2 to 16 real numbers for a picture: 1 minus the square of the correlation between where the
    picture's pixels differ, along the width, and the number that is most like it; see `statistics.picture_places`. This
    and the next three columns are NaN for all others, and in older logs."""
    across_number: F4
    """The index of that number."""
    down_residual: F4
    """The same along the height."""
    down_number: F4
    """The index of that number."""
    seam_rank: F4
    """0..1 for an input with channels: how often its values, in the order of memory, jump at the multiples of the
    number of steps or pixels more than beside them; see `statistics.tensors.axis_order`. This and the next two columns
    are NaN for all others, and in older logs."""
    seam_wrap_ratio: F4
    """Mean square of the differences from the last channel to the first one of the next step, divided by that of
    neighbouring channels in one step."""
    seam_step_ratio: F4
    """Mean square of the differences from a step to the next in the same channel, divided by the same."""
    wrap_counts: F4
    """``[T, N_WRAP_COUNTS]`` of an input of 8-bit pictures or signals: pairs of neighbours at opposite ends of the
    range, and values near the ends; see `statistics.tensors.wrap_around`. NaN for all others, and in older logs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightTable:
    """One row for each trainable weight, in the order of `Layout.weights`. NaN: not known."""

    gradient_norm: F4
    """L2 norm of the gradient as it reaches the optimizer, with loss scaling undone."""
    gradient_max_abs: F4
    gradient_zero_fraction: F4
    """1 where the gradient is None: the loss does not depend on the weight."""
    gradient_nonfinite_count: F4
    clipped_gradient_norm: F4
    """After clipping; equal to `gradient_norm` where the optimizer does not clip."""
    weight_norm: F4
    """L2 norm before the update."""
    weight_nonfinite_count: F4
    """After the update, among at most 65,536 elements in evenly spaced stretches; at least 1 if any other element is
    not finite."""
    update_ratio: F4
    """Norm of the update divided by the norm of the weight, over at most 65,536 elements in evenly spaced stretches.
    0 if the update is 0, infinite if only the weight is 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerTable:
    """One row for each layer call, in forward order: statistics of its (first) output. NaN: not known.

    Computed over the first examples of the batch: at least one example, and at most 65,536 values; up to 262,144 values
    where dead units are counted and each unit would have fewer than 128 values. `nonfinite_count` counts among these,
    and is at least 1 if any other value of the activation is not finite.
    """

    mean: F4
    std: F4
    max_abs: F4
    zero_fraction: F4
    nonfinite_count: F4
    dead_fraction: F4
    """0..1: units (last axis, or channels) that are 0 at every position of every example used. NaN unless the layer
    ends in a ReLU-like activation."""
    saturated_fraction: F4
    """0..1: values in the outer 1 % of the range of tanh, sigmoid or their hard variants; NaN for other activations."""
    moving_mean_shift: F4
    """Of a BatchNormalization in training: distance of the moving mean from the batch's mean, in standard deviations of
    the batch, in the median channel. NaN for other layers, for averages that did not move, and in older logs."""
    moving_std_factor: F4
    """Of the same: the ratio of the moving standard deviation to the batch's, or its inverse, whichever is larger."""


_PADDING = -1
"""Of the axes of a shape, behind the last one."""


@dataclass(frozen=True, slots=True)
class TensorView:
    """One row of a `TensorTable` with its layout."""

    layout: TensorLayout
    table: TensorTable
    index: int
    features: slice
    classes: slice

    @property
    def name(self) -> str:
        """The tensor's name."""
        return self.layout.name

    @property
    def subject(self) -> str:
        """How alerts name it: ``input:x``, ``target:y``, ``prediction:y_pred``, ``sample_weight:sample_weight``."""
        return self.layout.subject

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of this batch."""
        sizes: list[int] = self.table.shape[self.index].tolist()
        return tuple(sizes[: sizes.index(_PADDING)] if sizes[-1] == _PADDING else sizes)

    @property
    def count(self) -> int:
        """Number of values."""
        return int(self.table.count[self.index])

    @property
    def nan_count(self) -> int:
        """Number of NaN."""
        return int(self.table.nan_count[self.index])

    @property
    def inf_count(self) -> int:
        """Number of infinities of either sign."""
        return int(self.table.inf_count[self.index])

    @property
    def bad_examples(self) -> tuple[int, ...]:
        """Indices in the batch of the first examples with NaN or infinities."""
        return tuple(int(i) for i in self.table.bad_examples[self.index] if i >= 0)

    @property
    def quantiles(self) -> F4:
        """``[N_QUANTILES]``."""
        row: F4 = self.table.quantiles[self.index]
        return row

    @property
    def wrap_counts(self) -> F4:
        """``[N_WRAP_COUNTS]``."""
        row: F4 = self.table.wrap_counts[self.index]
        return row

    @property
    def feature_min(self) -> F4:
        """``[len(layout.features)]``."""
        return self.table.feature_min[self.features]

    @property
    def feature_max(self) -> F4:
        """``[len(layout.features)]``."""
        return self.table.feature_max[self.features]

    @property
    def feature_mean(self) -> F4:
        """``[len(layout.features)]``."""
        return self.table.feature_mean[self.features]

    @property
    def feature_std(self) -> F4:
        """``[len(layout.features)]``."""
        return self.table.feature_std[self.features]

    @property
    def class_counts(self) -> F4:
        """``[layout.n_classes]``."""
        return self.table.class_counts[self.classes]

    @property
    def worst_examples(self) -> tuple[tuple[int, float], ...]:
        """Examples with the largest losses, and the part 0..1 of the batch's loss of each; the largest first."""
        pairs = zip(self.table.worst_examples[self.index], self.table.worst_shares[self.index], strict=True)
        return tuple((int(place), float(share)) for place, share in pairs if np.isfinite(share))

    def value(self, column: str) -> float:
        """Returns a scalar column of this row, e.g. ``view.value("mean")``."""
        return float(getattr(self.table, column)[self.index])

    @property
    def min(self) -> float:
        """Smallest finite value."""
        return float(self.table.min[self.index])

    @property
    def max(self) -> float:
        """Largest finite value."""
        return float(self.table.max[self.index])

    @property
    def mean(self) -> float:
        """Mean of the finite values."""
        return float(self.table.mean[self.index])

    @property
    def std(self) -> float:
        """Population standard deviation of the finite values."""
        return float(self.table.std[self.index])


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What the probe saw of one training, validation or prediction step. NaN: not known."""

    layout: int
    """`Layout.id`."""
    split: Split
    """That of the layout."""
    step: int
    """The optimizer's iterations when training began, plus the batches since: 0 for the first step of a fresh model.
    (Iterations fall behind when loss scaling skips updates.) For validation: the next training step."""
    epoch: int
    wall_time: float
    batch_size: int
    """Examples in the global batch."""
    loss: float
    """The loss of this batch with penalties, not Keras' running mean."""
    penalty: float
    """The part of `loss` that comes from regularizers and `add_loss`."""
    learning_rate: float
    step_time_s: float
    """Seconds that this execution took, divided by its steps."""
    cost_s: float
    """Seconds that sampling this step took, as far as measured."""
    loss_scale: float
    """1 without loss scaling."""
    gradient_norm: float
    """Global L2 norm before clipping, with loss scaling undone."""
    clipped_gradient_norm: float
    skipped: bool
    """Whether loss scaling skipped the update because a gradient was not finite."""
    tensors: TensorTable
    weights: WeightTable | None = None
    layers: LayerTable | None = None

    def views(self, layout: Layout, role: Role | None = None, stage: Stage | None = None) -> Iterator[TensorView]:
        """Yields the tensors of this sample, optionally of one role or stage.

        Args:
            layout: The layout with ``layout.id == self.layout``.
            role: Keep only this role.
            stage: Keep only this stage.
        """
        features = classes = 0
        for index, tensor in enumerate(layout.tensors):
            feature_end = features + len(tensor.features)
            class_end = classes + tensor.n_classes
            if (role is None or tensor.role == role) and (stage is None or tensor.stage == stage):
                yield TensorView(tensor, self.tensors, index, slice(features, feature_end), slice(classes, class_end))
            features, classes = feature_end, class_end


def table_columns(
    table: str, *, T: int = 0, F: int = 0, C: int = 0, W: int = 0, L: int = 0
) -> dict[str, tuple[np.dtype[Any], tuple[int, ...]]]:
    """Returns column -> (dtype, shape of one sample's part) of a table with the sizes filled in."""
    sizes: dict[str, int] = {"T": T, "F": F, "C": C, "W": W, "L": L}
    return {
        name: (np.dtype(dtype), tuple(sizes[n] if isinstance(n, str) else n for n in shape))
        for name, (dtype, shape) in COLUMNS[table].items()
    }


def _same_columns(cls: type, table: str) -> bool:
    return [f.name for f in fields(cls)] == list(COLUMNS[table])


assert _same_columns(TensorTable, "tensors")
assert _same_columns(WeightTable, "weights")
assert _same_columns(LayerTable, "layers")
