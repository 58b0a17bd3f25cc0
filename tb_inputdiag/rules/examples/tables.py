"""Tables of weights and layers as a healthy run has them, except for the columns that an example overrides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np

from tb_inputdiag.records import COLUMNS, F4, LayerTable, WeightTable

__all__ = ["Overrides", "layer_table", "weight_table"]

Overrides: TypeAlias = Mapping[str, Mapping[str, float]]
"""Weight or layer, or "*" for all of them -> columns of its row."""

_HEALTHY_WEIGHT = {
    "gradient_norm": 0.1,
    "gradient_max_abs": 0.02,
    "gradient_zero_fraction": 0.0,
    "gradient_nonfinite_count": 0.0,
    "clipped_gradient_norm": 0.1,
    "weight_norm": 3.0,
    "weight_nonfinite_count": 0.0,
    "update_ratio": 1e-3,
}
_HEALTHY_LAYER = {
    "mean": 0.1,
    "std": 0.8,
    "max_abs": 4.0,
    "zero_fraction": 0.3,
    "nonfinite_count": 0.0,
    "dead_fraction": float("nan"),
    "saturated_fraction": float("nan"),
    "moving_mean_shift": float("nan"),
    "moving_std_factor": float("nan"),
}


def weight_table(weights: Sequence[str], overrides: Overrides) -> WeightTable:
    """Returns a row for each weight."""
    return WeightTable(**_columns("weights", weights, _HEALTHY_WEIGHT, overrides))


def layer_table(layers: Sequence[str], overrides: Overrides) -> LayerTable:
    """Returns a row for each layer."""
    return LayerTable(**_columns("layers", layers, _HEALTHY_LAYER, overrides))


def _columns(table: str, rows: Sequence[str], healthy: Mapping[str, float], overrides: Overrides) -> dict[str, F4]:
    merged = [{**healthy, **overrides.get("*", {}), **overrides.get(row, {})} for row in rows]
    return {name: np.asarray([row[name] for row in merged], dtype) for name, (dtype, _) in COLUMNS[table].items()}
