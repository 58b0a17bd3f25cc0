"""The order of what is in a row: shared by the kernels, which write it, and `unpack`, which reads it."""

SCALARS = (
    "count",
    "min",
    "max",
    "mean",
    "m2",
    "nan_count",
    "inf_count",
    "negative_inf_count",
    "zero_count",
    "whole_count",
    "rows",
    "one_hot_rows",
    "row_sum_min",
    "row_sum_max",
)
"""Of a tensor: counts, extremes, mean and sum of squared deviations (m2) of the finite values."""

FEATURE_PARTS = ("min", "max", "mean", "m2", "count")
"""Of each feature; count is that of its finite values."""

LAYER_COLUMNS = ("mean", "variance", "saturated_fraction", "mean_of_all")
"""Of an activation; the last one is NaN or infinite if any value of it is."""

HEALTH = (
    "tensor_id",
    "device_id",
    "dtype",
    "rank",
    "count",
    "negative_inf",
    "positive_inf",
    "nan",
    "negative",
    "zero",
    "positive",
)
"""Counts of a tensor's values by kind, as of TensorFlow's `DebugNumericSummaryV2` with ``tensor_debug_mode=4``."""

STEP_SCALARS = (
    "program",
    "iterations",
    "batch_size",
    "loss",
    "penalty",
    "learning_rate",
    "loss_scale",
    "skipped",
)
"""Of the step."""

SCOPE = "tb_inputdiag_probe"
"""Name scope of all ops of ours, by which an error that one of them raises is told from the user's own."""
