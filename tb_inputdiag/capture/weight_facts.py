"""Static facts of a model's weights, and what their initial values look like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

import keras
import numpy as np

from tb_inputdiag.capture.plain_values import attempt
from tb_inputdiag.records import WeightFacts

__all__ = ["weight_facts"]

_SAMPLED_ELEMENTS = 65_536
_LARGEST_READ = 64 * _SAMPLED_ELEMENTS
"""Reading a weight copies it to the host, so larger ones are not read."""


class _Initial(TypedDict, total=False):
    initial_std: float
    initial_mean: float
    initial_constant: bool


def weight_facts(
    model: keras.Model, names: Mapping[int, tuple[str, str]], layers: Mapping[str, keras.Layer]
) -> list[WeightFacts]:
    """Reads the facts of all weights of a model.

    Args:
        model: A Keras model.
        names: From `names.weight_names`.
        layers: Path -> layer.
    """
    facts = []
    for variable in attempt(lambda: model.weights, []):
        name, path = names.get(id(variable), (variable.path, ""))
        argument = f"{variable.name.replace('recurrent_kernel', 'recurrent')}_initializer"
        initializer = getattr(layers.get(path), argument, None)
        facts.append(
            WeightFacts(
                name=name,
                shape=tuple(variable.shape),
                dtype=str(variable.dtype),
                trainable=bool(variable.trainable),
                layer=path,
                initializer=type(initializer).__name__ if initializer is not None else "",
                **_initial(variable),
            )
        )
    return facts


def _initial(variable: keras.Variable) -> _Initial:
    size = int(np.prod(variable.shape))
    if size == 0 or size > _LARGEST_READ:
        return {}
    value = attempt(lambda: np.asarray(keras.ops.convert_to_numpy(variable)))
    if value is None or (value.dtype.kind not in "fiub" and value.dtype.name != "bfloat16"):
        return {}
    flat = value.reshape(-1)
    if len(flat) != size:
        return {}  # the step that was to create it failed: it has a shape, but no values yet
    if size > _SAMPLED_ELEMENTS:
        flat = flat[np.arange(_SAMPLED_ELEMENTS) * size // _SAMPLED_ELEMENTS]
    flat = flat.astype(np.float64)
    return {
        "initial_std": float(flat.std()),
        "initial_mean": float(flat.mean()),
        "initial_constant": bool(size > 1 and (flat == flat[0]).all()),
    }
