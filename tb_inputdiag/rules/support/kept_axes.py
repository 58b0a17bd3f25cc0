"""Predictions with axes that their targets do not have, and the layer that should have dropped them."""

from __future__ import annotations

from collections.abc import Sequence

from tb_inputdiag.keras_vocabulary import RECURRENT
from tb_inputdiag.records import LayerFacts, ModelFacts

__all__ = ["collapse_fix", "has_extra_axes", "last_sequence_layer"]

_WRAPPERS = RECURRENT | {"Bidirectional", "RNN"}
_OF_PLACES = ("Conv", "SeparableConv", "DepthwiseConv", "LocallyConnected")
"""Beginnings of the names of layers that read height and width, so that nothing may drop them before."""


def has_extra_axes(target: Sequence[int | None], output: Sequence[int | None], *, sparse: bool = False) -> bool:
    """Returns whether an output has one entry for each step or place, and its target one for each example.

    Args:
        target: Shape of the target with the batch axis.
        output: Shape of the output with the batch axis.
        sparse: Whether the target holds class ids, so that it lacks the last axis anyway.
    """
    per_example = len(target) == 1 or (len(target) == 2 and (target[-1] == 1 or not sparse))
    if not per_example or len(output) < 3 or target[0] != output[0]:
        return False
    return sparse or target[1:] in ((), (1,)) or target[-1] == output[-1]


def last_sequence_layer(facts: ModelFacts | None) -> LayerFacts | None:
    """Returns the last recurrent layer, if it returns a sequence, else None."""
    layers = facts.layers if facts is not None else ()
    recurrent = {layer.name: layer for layer in layers if layer.class_name in _WRAPPERS}
    # the layers within a Bidirectional return what it asks for, so it is the one to change
    outer = [layer for name, layer in recurrent.items() if name.rpartition("/")[0] not in recurrent]
    last = outer[-1] if outer else None
    return last if last is not None and last.config.get("return_sequences") is True else None


def collapse_fix(facts: ModelFacts | None, rank: int) -> str:
    """Returns code that leaves one prediction for each example.

    Args:
        facts: The model.
        rank: Number of axes of the prediction, with the batch axis; at least 3.
    """
    layer = last_sequence_layer(facts)
    if layer is None:
        name = f"GlobalAveragePooling{rank - 2}D" if rank <= 5 else "Flatten"
        layers = [x for x in (facts.layers if facts is not None else ()) if x.n_params or x.class_name == "Dense"]
        if layers and layers[-1].class_name.startswith(_OF_PLACES):
            return (
                f"keras.layers.{name}()  # as the last layer, after '{layers[-1].name}': the mean of all places\n"
                "# or targets in the shape of the predictions: a value for each place"
            )
        where = f"before '{layers[-1].name}'" if layers else "before the last layer"
        return f"keras.layers.{name}()  # {where}\n# or: keras.layers.Flatten()"
    units = layer.config.get("units")
    inner = f"keras.layers.{layer.class_name}({units if units else '...'})"
    if layer.class_name == "Bidirectional":
        inner = "keras.layers.Bidirectional(keras.layers.LSTM(...))"
    return f"{inner}  # '{layer.name}': without return_sequences=True"
