"""Tables that a layer reads together with what learned layers make, as beside the vectors of an `Embedding`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from tb_inputdiag.keras_vocabulary import LINEAR, LOOKUPS, SHAPE_ONLY, TRAINING_ONLY
from tb_inputdiag.records import LayerFacts, ModelFacts, TensorView
from tb_inputdiag.rules.support.layers import after, is_keras
from tb_inputdiag.rules.support.scale import feature_rms
from tb_inputdiag.rules.views.context import Context

__all__ = ["MixedTables", "unread_inputs"]

_PASSING = SHAPE_ONLY | TRAINING_ONLY | {"Concatenate", "InputLayer"}
_LEAST_PART = 0.05
"""Standard deviation of a layer's first outputs over the size of the largest column, if it reads the column: with
`glorot_uniform` it is sqrt(2 / (inputs + units)), at least 0.05 for up to 800 of both."""


def unread_inputs(context: Context) -> list[TensorView]:
    """Returns the dense inputs without a known entry: each is joined with learned values before it is read."""
    read = {name for entry in context.entries for name in entry.layout.sources or (entry.name,)}
    return [view for view in context.fed("input") if view.name not in read and view.layout.kind == "dense"]


class MixedTables:
    """Finds tables that are joined with learned values, as in ``Concatenate()([numbers, embedded])``.

    Such a table is not an entry of the sample. In a Functional model, the graph tells which layer reads it as it is.
    In a model of the user's own, the first outputs do: new weights make large outputs of large columns only.
    """

    def __init__(self) -> None:
        self._readers: dict[str, LayerFacts | None] = {}

    def entries(self, context: Context) -> list[TensorView]:
        """Returns the entries of the sample, and these tables as entries of the layers that read them."""
        return [*context.entries, *self._views(context)]

    def _views(self, context: Context) -> list[TensorView]:
        facts = context.facts
        if facts is None or context.whole_data or not facts.layers:
            return []
        found = []
        for view in unread_inputs(context):
            if len(view.shape) != 2 or not view.layout.features:
                continue
            if view.name not in self._readers:
                self._readers[view.name] = self._reader(context, facts, view)
            if (reader := self._readers[view.name]) is not None:
                layout = replace(
                    view.layout,
                    stage="entry",
                    layer=reader.name,
                    layer_class=reader.class_name,
                    sources=(view.name,),
                    same_as_fed=True,
                )
                found.append(replace(view, layout=layout))
        return found

    def _reader(self, context: Context, facts: ModelFacts, view: TensorView) -> LayerFacts | None:
        if facts.kind != "subclassed":
            return next(_readers(facts, view.name), None)
        return _shown_reader(context, facts, view)


def _readers(facts: ModelFacts, name: str) -> Iterator[LayerFacts]:
    """Yields Keras' linear layers that read an input of a Functional model without any change."""
    left, seen = [name], {name}
    while left:
        for item in after(facts, left.pop(0)):
            if item.class_name in LINEAR and item.n_trainable_params and is_keras(item):
                yield item
            elif item.class_name in _PASSING and item.name not in seen:
                seen.add(item.name)
                left.append(item.name)


def _shown_reader(context: Context, facts: ModelFacts, view: TensorView) -> LayerFacts | None:
    """Returns the first linear layer whose outputs in the first step are as large as a column of the table.

    Frozen layers may have any weights, and layers that preprocess may make large values of small ones, so they prove
    nothing.
    """
    table, first = context.sample.layers, context.age == 0 and context.sample.step == 0
    unclear = any(item.is_preprocessing or item.n_params > item.n_trainable_params == 0 for item in facts.layers)
    if table is None or not first or unclear:
        return None
    others = [_largest_column(entry) for entry in context.entries if entry.layout.layer_class not in LOOKUPS]
    size = _largest_column(view)
    if size <= max(others, default=0.0):
        return None  # the outputs may be large because of the others
    for name, std in zip(context.layout.layers, table.std.tolist(), strict=True):
        item = facts.layer(name.partition("#")[0])
        if item is not None and item.class_name in LINEAR and is_keras(item):
            return item if std >= _LEAST_PART * size else None
    return None


def _largest_column(view: TensorView) -> float:
    return float(np.nanmax(feature_rms(view), initial=0.0))
