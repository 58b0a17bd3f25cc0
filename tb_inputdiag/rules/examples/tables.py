"""Tables of weights and layers as a healthy run has them, except for what an example says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tb_inputdiag.records import COLUMNS, LayerTable, WeightTable
from tb_inputdiag.records.values import F4

__all__ = ["Said", "layer_table", "weight_table"]

Said = Mapping[str, Mapping[str, float]]
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
}


def weight_table(weights: Sequence[str], said: Said) -> WeightTable:
    """Returns a row for each weight."""
    return WeightTable(**_columns("weights", weights, _HEALTHY_WEIGHT, said))


def layer_table(layers: Sequence[str], said: Said) -> LayerTable:
    """Returns a row for each layer."""
    return LayerTable(**_columns("layers", layers, _HEALTHY_LAYER, said))


def _columns(table: str, rows: Sequence[str], healthy: Mapping[str, float], said: Said) -> dict[str, F4]:
    merged = [{**healthy, **said.get("*", {}), **said.get(row, {})} for row in rows]
    return {name: np.asarray([row[name] for row in merged], dtype) for name, (dtype, _) in COLUMNS[table].items()}
