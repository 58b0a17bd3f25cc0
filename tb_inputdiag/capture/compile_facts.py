"""How a model was compiled: its loss and its optimizer, as they are logged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from tb_inputdiag.capture import keras_internals
from tb_inputdiag.capture.plain_values import attempt, plain
from tb_inputdiag.records import JSON

__all__ = ["describe_compiled_loss", "describe_loss", "describe_optimizer", "mean_loss"]

_OPTIMIZER_CONFIG = (
    "clipnorm",
    "clipvalue",
    "global_clipnorm",
    "weight_decay",
    "use_ema",
    "gradient_accumulation_steps",
    "momentum",
)


def describe_compiled_loss(model: keras.Model) -> JSON:
    """Returns the JSON form of a model's loss, see `ModelFacts.loss`, with the weights of the losses."""
    described = describe_loss(getattr(model, "loss", None))
    weights = keras_internals.loss_weights(model)
    if isinstance(described, list) and isinstance(weights, list | tuple) and len(described) == len(weights):
        return [_weighted(loss, weight) for loss, weight in zip(described, weights, strict=True)]
    if isinstance(described, dict) and "name" not in described and isinstance(weights, Mapping):
        return {name: _weighted(loss, weights.get(name)) for name, loss in described.items()}
    if isinstance(weights, Mapping):
        weights = [*weights.values()]
    if isinstance(weights, list | tuple) and len(weights) == 1:
        weights = weights[0]
    return _weighted(described, weights)


def mean_loss(model: keras.Model) -> JSON:
    """Returns the loss of a model whose steps are Keras' own, so that targets and predictions belong together; else
    None."""
    for method in ("train_step", "test_step", "compute_loss"):
        by_class, own = getattr(type(model), method, None), vars(model).get(method)
        if not _is_defined_in(by_class, "keras.") or (own is not None and not _is_defined_in(own, "tb_inputdiag.")):
            return None
    described: JSON = attempt(lambda: describe_compiled_loss(model))
    return described


def _is_defined_in(function: object, package: str) -> bool:
    return str(getattr(function, "__module__", "")).startswith(package)


def _weighted(described: JSON, weight: object) -> JSON:
    """Returns a described loss with its weight, if it has one."""
    if isinstance(described, dict) and "name" in described and isinstance(weight, int | float):
        return {**described, "weight": float(weight)}
    return described


def describe_loss(loss: Any) -> JSON:
    """Returns the JSON form of what was given to ``compile(loss=...)``, see `ModelFacts.loss`."""
    if loss is None:
        return None
    if isinstance(loss, Mapping):
        return {str(key): describe_loss(value) for key, value in loss.items()}
    if isinstance(loss, list | tuple):
        return [describe_loss(value) for value in loss]
    if isinstance(loss, str):
        loss = attempt(lambda: keras.losses.get(loss), loss)
    if isinstance(loss, str):
        return {"name": loss, "from_logits": None, "reduction": None, "custom": False, "label_smoothing": None}
    return _describe_one(loss)


def _describe_one(loss: Any) -> JSON:
    """Describes a loss object or a function."""
    is_object = isinstance(loss, keras.losses.Loss)
    config = attempt(loss.get_config, {}) if is_object else {}
    function = getattr(loss, "fn", loss) if is_object else loss
    by_keras = (getattr(function, "__module__", "") or "").startswith("keras.")
    from_logits = config.get("from_logits")
    if from_logits is None and by_keras and _takes_logits(function):
        from_logits = False
    return {
        "name": getattr(function, "__name__", None) or type(loss).__name__,
        "from_logits": from_logits,
        "reduction": config.get("reduction"),
        "custom": not by_keras,
        "label_smoothing": config.get("label_smoothing"),
        **{key: plain(config[key]) for key in ("delta", "ignore_class") if config.get(key) is not None},
        **({"overridden": True} if is_object and by_keras and not _is_defined_in(type(loss).call, "keras.") else {}),
    }


def _takes_logits(function: Any) -> bool:
    """Tells whether a loss function of Keras has the argument `from_logits`, which is False by default."""
    return "from_logits" in (attempt(lambda: function.__code__.co_varnames, ()) or ())


def describe_optimizer(optimizer: keras.optimizers.Optimizer | None) -> dict[str, JSON]:
    """Returns the JSON form of an optimizer, see `ModelFacts.optimizer`; empty without one."""
    if optimizer is None:
        return {}
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    schedule = keras_internals.learning_rate_schedule(inner)
    return {
        "name": type(inner).__name__,
        "learning_rate": attempt(lambda: float(inner.learning_rate)) if schedule is None else None,
        "schedule": None if schedule is None else type(schedule).__name__,
        **{key: plain(getattr(inner, key, None)) for key in _OPTIMIZER_CONFIG},
        "loss_scaled": inner is not optimizer,
    }
