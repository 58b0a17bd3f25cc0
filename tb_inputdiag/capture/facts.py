"""Static facts of a model: what rules need to know without seeing data."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np

from tb_inputdiag.capture import names
from tb_inputdiag.keras_vocabulary import backbone_family
from tb_inputdiag.records import LayerFacts, ModelFacts, TensorLayout, WeightFacts

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
_ACTIVATION_LAYERS = {
    "ReLU": "relu",
    "LeakyReLU": "leaky_relu",
    "PReLU": "prelu",
    "ELU": "elu",
    "Softmax": "softmax",
}
_SHAPE_ONLY = {"Flatten", "Reshape", "Dropout", "Identity", "Permute", "InputLayer", "RepeatVector", "Cropping2D"}
_INITIAL_ELEMENTS = 65_536
_LIST_LIMIT = 64


def attempt(read: Callable[[], Any], default: Any = None) -> Any:
    """Returns ``read()``, or `default` if it raises: facts are read off objects that users may have changed."""
    try:
        return read()
    except Exception:
        return default


def plain(value: Any) -> Any:
    """Returns a JSON-like copy of a config value, or None if it has no such form; arrays are cut to 64 numbers."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, list | tuple):
        return [plain(item) for item in value[:_LIST_LIMIT]]
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if hasattr(value, "shape"):
        flat = attempt(lambda: np.asarray(value, np.float64).reshape(-1)[:_LIST_LIMIT])
        return None if flat is None else [float(number) for number in flat]
    return None


def activation_name(layer: Any) -> str | None:
    """Returns the activation that a layer ends in, e.g. ``relu``, or None for a layer that has none."""
    if type(layer).__name__ in _ACTIVATION_LAYERS:
        return _ACTIVATION_LAYERS[type(layer).__name__]
    activation = getattr(layer, "activation", None)
    if activation is None:
        return None
    if callable(activation):
        name = getattr(activation, "__name__", None) or type(activation).__name__
        return _ACTIVATION_LAYERS.get(name, name.lower())
    return None


def _config(layer: Any) -> dict[str, Any]:
    config: dict[str, Any] = {}
    activation = attempt(lambda: activation_name(layer))
    if activation is not None:
        config["activation"] = activation
    for key in _CONFIG:
        value = plain(attempt(functools.partial(getattr, layer, key, None)))
        if value is not None:
            config[key] = value
    regularizer = getattr(layer, "kernel_regularizer", None)
    if regularizer is not None:
        config["kernel_regularizer"] = type(regularizer).__name__
    slope = getattr(layer, "negative_slope", None)
    if isinstance(slope, int | float):
        config["negative_slope"] = float(slope)
    return config


def _shape(value: Any) -> tuple[int | None, ...] | None:
    if isinstance(value, tuple) and all(n is None or isinstance(n, int) for n in value):
        return value
    return None


def _layer(layer: Any, path: str, inbound: tuple[str, ...]) -> LayerFacts:
    weights = attempt(lambda: layer.weights, [])
    trainable = attempt(lambda: layer.trainable_weights, [])
    policy = attempt(lambda: layer.dtype_policy.name, "float32")
    return LayerFacts(
        name=path,
        class_name=type(layer).__name__,
        module=type(layer).__module__,
        trainable=bool(attempt(lambda: layer.trainable, True)),
        dtype_policy=str(policy),
        input_shape=_shape(attempt(lambda: tuple(layer.input.shape))),
        output_shape=_shape(attempt(lambda: tuple(layer.output.shape))),
        n_params=sum(int(np.prod(w.shape)) for w in weights),
        n_trainable_params=sum(int(np.prod(w.shape)) for w in trainable),
        config=_config(layer),
        inbound=inbound,
        parent=path.rpartition("/")[0],
        is_preprocessing=is_preprocessing(layer),
    )


def is_preprocessing(layer: Any) -> bool:
    """Tells whether a layer prepares data rather than learns: Rescaling, Normalization, random augmentation, ..."""
    return ".preprocessing." in type(layer).__module__ and not isinstance(layer, keras.Model)


def _graph_facts(model: Any, paths: Mapping[int, str]) -> list[tuple[Any, str, tuple[str, ...]]]:
    """Returns ``(layer or operation, path, inbound paths)`` for everything inside a model, in forward order."""
    found: list[tuple[Any, str, tuple[str, ...]]] = []

    def walk(container: Any, prefix: str) -> None:
        graph = names.graph_of(container)
        inbound: dict[int, list[str]] = {}
        operations = []
        local: dict[int, str] = {}
        if graph is not None:
            operations = list(graph.operations)
            for operation in operations:
                local[id(operation)] = paths.get(id(operation), f"{prefix}{operation.name}")
            for node in (node for level in graph._nodes_by_depth.values() for node in level):
                sources = [local.get(id(t._keras_history.operation), "") for t in node.input_tensors]
                inbound.setdefault(id(node.operation), []).extend(s for s in sources if s)
        layers = names.children(container)
        known = {id(layer) for layer in layers}
        order = operations + [layer for layer in layers if id(layer) not in local]
        for item in order:
            path = paths.get(id(item)) or local.get(id(item), item.name)
            found.append((item, path, tuple(dict.fromkeys(inbound.get(id(item), [])))))
            if id(item) in known:
                walk(item, f"{path}/")

    walk(model, "")
    return found


def _weights(model: Any, weight_names: Mapping[int, tuple[str, str]], layers: Mapping[str, Any]) -> list[WeightFacts]:
    facts = []
    for variable in attempt(lambda: model.weights, []):
        name, path = weight_names.get(id(variable), (variable.path, ""))
        kind = variable.name.replace("recurrent_kernel", "recurrent").replace("embeddings", "embeddings")
        initializer = getattr(layers.get(path), f"{kind}_initializer", None)
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


def _initial(variable: Any) -> dict[str, Any]:
    size = int(np.prod(variable.shape))
    # Reading a weight copies it to the host: large ones are left alone.
    if size == 0 or size > 64 * _INITIAL_ELEMENTS:
        return {}
    value = attempt(lambda: np.asarray(keras.ops.convert_to_numpy(variable)))
    if value is None or (value.dtype.kind not in "fiub" and value.dtype.name not in ("bfloat16",)):
        return {}
    flat = value.reshape(-1)
    if len(flat) != size:
        return {}  # the step that was to create it failed: it has a shape, but no values yet
    if size > _INITIAL_ELEMENTS:
        flat = flat[np.arange(_INITIAL_ELEMENTS) * size // _INITIAL_ELEMENTS]
    flat = flat.astype(np.float64)
    return {
        "initial_std": float(flat.std()),
        "initial_mean": float(flat.mean()),
        "initial_constant": bool(size > 1 and (flat == flat[0]).all()),
    }


def describe_loss(loss: Any) -> Any:
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
    is_object = isinstance(loss, keras.losses.Loss)
    config = attempt(loss.get_config, {}) if is_object else {}
    function = getattr(loss, "fn", loss) if is_object else loss
    name = getattr(function, "__name__", None) or type(loss).__name__
    module = getattr(function, "__module__", "") or ""
    from_logits = config.get("from_logits")
    defaults = "from_logits" in (attempt(lambda: function.__code__.co_varnames, ()) or ())
    if from_logits is None and module.startswith("keras.") and defaults:
        from_logits = bool(getattr(loss, "_fn_kwargs", {}).get("from_logits", False))
    return {
        "name": name,
        "from_logits": from_logits,
        "reduction": config.get("reduction"),
        "custom": not module.startswith("keras."),
        "label_smoothing": config.get("label_smoothing"),
    }


def describe_optimizer(optimizer: Any) -> dict[str, Any]:
    """Returns the JSON form of an optimizer, see `ModelFacts.optimizer`; empty without one."""
    if optimizer is None:
        return {}
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    rate = getattr(inner, "_learning_rate", None)
    schedule = type(rate).__name__ if isinstance(rate, keras.optimizers.schedules.LearningRateSchedule) else None
    return {
        "name": type(inner).__name__,
        "learning_rate": attempt(lambda: float(inner.learning_rate)) if schedule is None else None,
        "schedule": schedule,
        **{
            key: plain(getattr(inner, key, None))
            for key in (
                "clipnorm",
                "clipvalue",
                "global_clipnorm",
                "weight_decay",
                "use_ema",
                "gradient_accumulation_steps",
                "momentum",
            )
        },
        "loss_scaled": inner is not optimizer,
    }


def _io(tensors: Any, known: list[str], default: str, role: Any) -> tuple[TensorLayout, ...]:
    return tuple(
        TensorLayout(name=name, role=role, shape=tuple(t.shape), dtype=str(t.dtype))
        for name, t in names.named_leaves(tensors, default, known)
    )


def input_names(model: Any) -> list[str]:
    """Returns the names of a model's inputs in order; empty where it doesn't know them."""
    graph = names.graph_of(model)
    return [t.name for t in graph.inputs] if graph is not None else []


def output_names(model: Any) -> list[str]:
    """Returns the names of a model's outputs in order; empty for one output or where it doesn't know them."""
    graph = names.graph_of(model)
    found = list(getattr(graph, "output_names", None) or []) if graph is not None else []
    return found if len(found) > 1 else []


def output_activation(tensor: Any) -> str | None:
    """Returns the activation that makes a symbolic Keras output, ``linear`` for none, or None if it can't be told."""
    for _ in range(20):
        history = getattr(tensor, "_keras_history", None)
        if history is None:
            return None
        operation = history.operation
        name = activation_name(operation)
        if name is not None:
            return name
        inner = names.graph_of(operation)
        if inner is not None and len(inner.outputs) == 1:
            tensor = inner.outputs[0]
            continue
        if type(operation).__name__ in _SHAPE_ONLY and type(operation).__name__ != "InputLayer":
            tensor = operation._inbound_nodes[history.node_index].input_tensors[0]
            continue
        kind = type(operation).__name__.lower()
        return kind if kind in ("softmax", "sigmoid", "relu", "tanh", "softplus") else None
    return None


def find_backbones(model: Any, paths: Mapping[int, str]) -> dict[str, str]:
    """Returns layer path -> family of `keras.applications`, for the model itself (``""``) and nested models."""
    found: dict[str, str] = {}

    def walk(container: Any) -> None:
        members = names.children(container)
        kind = backbone_family(container.name, [layer.name for layer in members])
        if kind is not None:
            found[paths[id(container)]] = kind
            return
        for member in members:
            if isinstance(member, keras.Model) and id(member) in paths:
                walk(member)

    attempt(lambda: walk(model))
    return found


def model_kind(model: Any) -> Any:
    """Returns ``sequential``, ``functional`` or ``subclassed``."""
    if isinstance(model, keras.Sequential):
        return "sequential"
    # a subclass of Model may still be built as Model(inputs, outputs)
    return "functional" if hasattr(model, "operations") and hasattr(model, "_nodes_by_depth") else "subclassed"


def model_facts(model: Any, paths: Mapping[int, str], weight_names: Mapping[int, tuple[str, str]]) -> ModelFacts:
    """Reads a model's facts.

    Args:
        model: A compiled Keras model, built or not.
        paths: From `names.layer_paths`.
        weight_names: From `names.weight_names`.
    """
    graph = names.graph_of(model)
    order = attempt(lambda: _graph_facts(model, paths), [])
    layers = {path: layer for layer, path, _ in order}
    inputs = _io(graph._inputs_struct, input_names(model), "x", "input") if graph is not None else ()
    outputs: tuple[TensorLayout, ...] = ()
    activations: dict[str, str] = {}
    units: dict[str, int] = {}
    if graph is not None:
        outputs = _io(graph._outputs_struct, output_names(model), "y_pred", "prediction")
        for layout, (_, tensor) in zip(outputs, names.flatten(graph._outputs_struct), strict=True):
            activation = attempt(functools.partial(output_activation, tensor))
            if activation is not None:
                activations[layout.name] = activation
            if layout.shape and layout.shape[-1] is not None:
                units[layout.name] = layout.shape[-1]
    strategy = attempt(lambda: model.distribute_strategy)
    user_loss = getattr(getattr(model, "_compile_loss", None), "_user_loss", None)
    return ModelFacts(
        name=model.name,
        class_name=type(model).__name__,
        kind=model_kind(model),
        layers=tuple(_layer(layer, path, inbound) for layer, path, inbound in order),
        weights=tuple(_weights(model, weight_names, layers)),
        inputs=inputs,
        outputs=outputs,
        loss=attempt(lambda: describe_loss(user_loss)),
        optimizer=attempt(lambda: describe_optimizer(getattr(model, "optimizer", None)), {}),
        metrics=tuple(str(name) for name in attempt(lambda: model.metrics_names, [])),
        dtype_policy=str(attempt(lambda: model.dtype_policy.name, "float32")),
        jit_compile=bool(getattr(model, "jit_compile", False)),
        run_eagerly=bool(getattr(model, "run_eagerly", False)),
        steps_per_execution=int(getattr(model, "steps_per_execution", 1)),
        replicas=int(attempt(lambda: strategy.num_replicas_in_sync, 1)),
        strategy=type(strategy).__name__ if attempt(lambda: strategy.num_replicas_in_sync, 1) > 1 else "",
        custom_train_step=overrides(model, "train_step"),
        custom_loss=overrides(model, "compute_loss") or bool(attempt(lambda: model.losses, [])),
        image_data_format=keras.config.image_data_format(),
        output_activations=activations,
        output_units=units,
        backbones=find_backbones(model, paths),
    )


def overrides(model: Any, method: str) -> bool:
    """Tells whether the class of a model, or the model itself, brings its own version of a method of Keras'."""
    own = getattr(type(model), method, None)
    return method in vars(model) or (own is not None and not str(getattr(own, "__module__", "")).startswith("keras."))
