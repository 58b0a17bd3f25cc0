"""Made-up models: facts of layers, and four small networks."""

from __future__ import annotations

from typing import Any

from tb_inputdiag.records import LayerFacts, WeightFacts

__all__ = ["BESIDE_IDS", "BINARY", "CLASSIFIER", "REGRESSOR", "layer", "weights_of"]

_WITHOUT_WEIGHTS = frozenset(
    [
        *("InputLayer", "Rescaling", "Normalization", "Flatten", "MaxPooling2D", "GlobalAveragePooling2D", "Dropout"),
        *("Activation", "ReLU", "Softmax", "Reshape", "Permute", "Resizing", "RandomFlip", "Add", "Concatenate"),
    ]
)


def layer(name: str, class_name: str, **facts: Any) -> LayerFacts:
    """Returns facts of a layer; arguments that `LayerFacts` has no field for go into its config."""
    own = {key: facts.pop(key) for key in [*facts] if key in LayerFacts.__dataclass_fields__}
    params = 0 if class_name in _WITHOUT_WEIGHTS else 100
    own.setdefault("n_params", params)
    own.setdefault("n_trainable_params", params if own.get("trainable", True) else 0)
    own.setdefault("module", "keras.src.layers")
    return LayerFacts(name=name, class_name=class_name, config=facts, **own)


def weights_of(layer: LayerFacts) -> tuple[WeightFacts, ...]:
    """Returns facts of a layer's kernel and bias; none of a layer without parameters."""
    if not layer.n_params:
        return ()
    kernel = WeightFacts(
        name=f"{layer.name}/kernel",
        shape=(10, 10),
        dtype="float32",
        trainable=layer.trainable,
        layer=layer.name,
        initial_constant=False,
        initial_std=0.1,
        initializer="GlorotUniform",
    )
    bias = WeightFacts(
        name=f"{layer.name}/bias",
        shape=(10,),
        dtype="float32",
        trainable=layer.trainable,
        layer=layer.name,
        initial_constant=True,
        initial_std=0.0,
        initializer="Zeros",
    )
    return kernel, bias


CLASSIFIER = (
    layer("conv2d", "Conv2D", activation="relu", filters=32, input_shape=(None, 28, 28, 1)),
    layer("max_pooling2d", "MaxPooling2D"),
    layer("flatten", "Flatten"),
    layer("dense", "Dense", activation="softmax", units=10),
)
REGRESSOR = (layer("dense", "Dense", activation="relu", units=32), layer("dense_1", "Dense", units=1))
BINARY = (REGRESSOR[0], layer("dense_1", "Dense", units=1, activation="sigmoid"))
BESIDE_IDS = (
    layer("numbers", "InputLayer"),
    layer("ids", "InputLayer"),
    layer("dropout", "Dropout", inbound=("numbers",)),
    layer("embedding", "Embedding", input_dim=5, inbound=("ids",)),
    layer("concatenate", "Concatenate", inbound=("dropout", "embedding")),
    layer("dense", "Dense", units=16, inbound=("concatenate",)),
)
"""A Functional model in which a table is joined with embedded ids. Its only entry is that of the embedding."""
