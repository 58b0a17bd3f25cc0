"""Facts about Keras' layers that several rules need."""

from __future__ import annotations

from collections.abc import Iterator

from tb_inputdiag.keras_vocabulary import (
    ACTIVATION_LAYERS,
    DROPOUTS,
    LINEAR,
    NORMALIZERS,
    PADDINGS,
    SHAPE_ONLY,
    is_keras_module,
    is_linear,
)
from tb_inputdiag.records import LayerFacts, ModelFacts

__all__ = ["activation_of", "after", "backbone_of", "is_keras", "is_normalized_by"]

_KEEPS_SCALE = DROPOUTS | SHAPE_ONLY | PADDINGS


def is_keras(facts: LayerFacts) -> bool:
    """Returns whether Keras itself defines the layer, so that what it computes is known."""
    return is_keras_module(facts.module)


def activation_of(facts: LayerFacts) -> str:
    """Returns the activation a layer ends in: ``relu``, ``linear``, ...; empty if it has none."""
    return ACTIVATION_LAYERS.get(facts.class_name) or str(facts.config.get("activation") or "")


def after(facts: ModelFacts, name: str) -> Iterator[LayerFacts]:
    """Yields the layers that read a layer's output, as far as the graph is known."""
    readers = [layer for layer in facts.layers if name in layer.inbound]
    if readers:
        yield from readers
        return
    if facts.kind == "sequential":
        names = [layer.name for layer in facts.layers]
        if name in names and names.index(name) + 1 < len(names):
            yield facts.layers[names.index(name) + 1]


def is_normalized_by(facts: ModelFacts | None, name: str) -> str:
    """Returns the class of the normalization that directly follows a linear layer, or an empty string.

    A linear layer before a normalization: the scale of its input cancels out.
    """
    layer = facts.layer(name) if facts is not None else None
    if facts is None or layer is None or layer.class_name not in LINEAR or not is_linear(activation_of(layer)):
        return ""
    readers = list(after(facts, name))
    while len(readers) == 1 and readers[0].class_name in _KEEPS_SCALE:
        readers = list(after(facts, readers[0].name))
    if len(readers) == 1 and readers[0].class_name in NORMALIZERS:
        return readers[0].class_name
    return ""


def backbone_of(facts: ModelFacts | None, name: str) -> str:
    """Returns the family of `keras.applications` that a layer belongs to, or an empty string."""
    if facts is None:
        return ""
    for path, family in facts.backbones.items():
        if path == "" or name == path or name.startswith(path + "/"):
            return family
    return ""
