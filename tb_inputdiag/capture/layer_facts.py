"""Static facts of single layers: class, shapes, sizes, and the settings that rules need."""

from __future__ import annotations

import functools

import keras
import numpy as np

from tb_inputdiag.capture.keras_internals import SymbolicCall, symbolic_calls
from tb_inputdiag.capture.plain_values import attempt, plain
from tb_inputdiag.keras_vocabulary import ACTIVATION_LAYERS
from tb_inputdiag.records import JSON, LayerFacts

__all__ = ["activation_name", "is_preprocessing", "layer_facts"]

_CONFIG = (
    "units",
    "filters",
    "kernel_size",
    "strides",
    "padding",
    "data_format",
    "rate",
    "scale",
    "offset",
    "axis",
    "mean",
    "variance",
    "invert",
    "input_dim",
    "output_dim",
    "mask_zero",
    "use_bias",
    "target_shape",
    "momentum",
    "num_tokens",
    "output_mode",
    "return_sequences",
    "depth_multiplier",
    "num_heads",
)


_ATTENTION = (
    keras.layers.MultiHeadAttention,
    keras.layers.GroupQueryAttention,
    keras.layers.Attention,
    keras.layers.AdditiveAttention,
)
_ARGUMENTS_WITHOUT_MASK = 3
"""Query, value and key; the masks follow."""


def activation_name(operation: keras.Operation) -> str | None:
    """Returns the activation that a layer ends in, e.g. ``relu``, or None for one that has none."""
    if type(operation).__name__ in ACTIVATION_LAYERS:
        return ACTIVATION_LAYERS[type(operation).__name__]
    activation = getattr(operation, "activation", None)
    if activation is None or not callable(activation):
        return None
    name: str = getattr(activation, "__name__", None) or type(activation).__name__
    return ACTIVATION_LAYERS.get(name, name.lower())


def is_preprocessing(layer: keras.Layer) -> bool:
    """Tells whether a layer prepares data rather than learns: Rescaling, Normalization, random augmentation, ..."""
    return ".preprocessing." in type(layer).__module__ and not isinstance(layer, keras.Model)


def layer_facts(layer: keras.Operation, path: str, inbound: tuple[str, ...]) -> LayerFacts:
    """Reads the facts of a layer, or of an operation of a model's graph.

    Args:
        layer: The layer or operation.
        path: Its path in the model.
        inbound: Paths of the operations that it reads.
    """
    weights = attempt(lambda: layer.weights, [])
    trainable = attempt(lambda: layer.trainable_weights, [])
    return LayerFacts(
        name=path,
        class_name=type(layer).__name__,
        module=type(layer).__module__,
        trainable=bool(attempt(lambda: layer.trainable, True)),
        dtype_policy=str(attempt(lambda: layer.dtype_policy.name, "float32")),
        input_shape=attempt(lambda: _shape(tuple(layer.input.shape))),
        output_shape=attempt(lambda: _shape(tuple(layer.output.shape))),
        n_params=sum(int(np.prod(w.shape)) for w in weights),
        n_trainable_params=sum(int(np.prod(w.shape)) for w in trainable),
        config=_config(layer),
        inbound=inbound,
        parent=path.rpartition("/")[0],
        is_preprocessing=is_preprocessing(layer),
    )


def _config(layer: keras.Operation) -> dict[str, JSON]:
    config: dict[str, JSON] = {}
    activation = attempt(lambda: activation_name(layer))
    if activation is not None:
        config["activation"] = activation
    for key in _CONFIG:
        value = plain(attempt(functools.partial(getattr, layer, key, None)))
        if value is not None:
            config[key] = value
    if isinstance(layer, _ATTENTION) and (calls := symbolic_calls(layer)):
        config["reads_all_steps"] = all(map(_reads_all_steps, calls))
    regularizer = getattr(layer, "kernel_regularizer", None)
    if regularizer is not None:
        config["kernel_regularizer"] = type(regularizer).__name__
    slope = getattr(layer, "negative_slope", None)
    if isinstance(slope, int | float):
        config["negative_slope"] = float(slope)
    return config


def _reads_all_steps(call: SymbolicCall) -> bool:
    """Returns whether a call of an attention layer is self-attention that no mask keeps from any step."""
    named = call.kwargs
    tensors = call.args or tuple(named[name] for name in ("query", "value") if name in named)
    if tensors and isinstance(tensors[0], list | tuple):
        tensors = tuple(tensors[0])
    value = tensors[1] if len(tensors) > 1 else named.get("value")
    given = [mask for name, mask in named.items() if name.endswith("mask") and mask is not None and mask is not False]
    return bool(tensors) and value is tensors[0] and not given and len(call.args) <= _ARGUMENTS_WITHOUT_MASK


def _shape(shape: tuple[object, ...]) -> tuple[int | None, ...] | None:
    known = tuple(n for n in shape if n is None or isinstance(n, int))
    return known if len(known) == len(shape) else None
