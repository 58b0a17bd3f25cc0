"""The blocks of a row that describe inputs, targets, sample weights, predictions, and what the first layers read."""

from __future__ import annotations

from dataclasses import replace

from tb_inputdiag.capture import names
from tb_inputdiag.capture.keras_internals import Tensor
from tb_inputdiag.capture.observations import EntryTensor, ObservedTensor, StepObservations
from tb_inputdiag.capture.tensor_layout import static_shape
from tb_inputdiag.records import TensorLayout
from tb_inputdiag.statistics import example_ids, largest_losses, shown_examples, target_copies, thumbnails
from tb_inputdiag.statistics.namespace import is_numeric
from tb_inputdiag.statistics.row import RowLayout, RowWriter
from tb_inputdiag.statistics.shown_examples import ShownLayout
from tb_inputdiag.statistics.tensors import (
    Values,
    bad_examples,
    extreme_examples,
    numbers_of,
    tensor_statistics,
    values_of,
)
from tb_inputdiag.statistics.tensors.class_counts import number_of_classes
from tb_inputdiag.statistics.tensors.features import with_features

__all__ = ["Tensors"]


class Tensors:
    """The tensors of a traced step.

    Attributes:
        layouts: What each of them is.
        copies: Index of an entry that is a fed tensor as it was -> index of that tensor.
        compared: Targets and the inputs that they are compared with.
        losses: Targets and the predictions whose examples have losses that are known.
    """

    def __init__(self, trace: StepObservations) -> None:
        self._trace = trace
        self._xp = trace.xp
        self._tensors, self.layouts, self.copies = _tensors(trace)
        self.compared = target_copies.comparisons(self.layouts)
        whole = all(leaf.full_shape is None for leaf in trace.predictions)
        self.losses = largest_losses.loss_pairs(self.layouts, trace.mean_loss) if whole else ()
        self._worst: dict[int, Tensor] = {}
        self._numbers: dict[str, dict[int, Tensor]] = {}

    def put(self, writer: RowWriter, row: RowLayout) -> None:
        """Adds the blocks of all tensors to a row."""
        measured = self._measured()
        for statistic in tensor_statistics():
            described = {index: values for index, values in measured.items() if statistic.places(values.layout)}
            parts = {index: numbers_of(self._xp, statistic, values) for index, values in described.items()}
            writer.put(row.tensors[statistic.NAME].block, list(parts.values()))
            self._numbers[statistic.NAME] = parts
        writer.put(row.example_ids, [example_ids.reduce(self._xp, self._with_examples())])
        writer.put(row.labels, [self._labels()])
        tensors = self._tensors
        found = [target_copies.reduce(self._xp, c, tensors[c.target], tensors[c.source]) for c in self.compared]
        if found:
            writer.put(row.target_copies, found)
        for pair in self.losses:
            worst = largest_losses.reduce(self._xp, pair, tensors[pair.target], tensors[pair.prediction])
            self._worst[pair.target] = worst
        if self._worst:
            writer.put(row.largest_losses, list(self._worst.values()))

    def pixels(self, images: int) -> tuple[tuple[thumbnails.ImageBlock, ...], ShownLayout | None, Tensor]:
        """Returns where the thumbnails of image-like inputs lie in a vector, where the examples that alerts may name,
        and that vector; None without any. To be called after `put`.

        Args:
            images: Examples to keep thumbnails of; 0: nothing is kept.
        """
        if not images:
            return (), None, None
        blocks = thumbnails.image_blocks(self.layouts, self.copies, images)
        kept = shown_examples.shown_layout(self.layouts, sum(block.size for block in blocks), [*self._worst])
        parts = [thumbnails.reduce(self._xp, self._tensors[block.tensor], block) for block in blocks]
        if kept is not None:
            bad, extreme = (self._numbers[statistic.NAME] for statistic in (bad_examples, extreme_examples))
            parts.append(
                shown_examples.reduce(
                    self._xp, kept, self._tensors, {"bad": bad, "extreme": extreme, "loss": self._worst}
                )
            )
        return blocks, kept, self._xp.concat(parts) if parts else None

    def _measured(self) -> dict[int, Values]:
        """Returns what is reduced of each tensor that is not a copy, by its index."""
        reader = self._trace.reader
        leaves: list[ObservedTensor | EntryTensor] = [*self._trace.fed, *self._trace.predictions, *self._trace.entries]
        found = {}
        for index, (tensor, layout, leaf) in enumerate(zip(self._tensors, self.layouts, leaves, strict=True)):
            if index not in self.copies:
                shape = reader.shape(tensor) if leaf.full_shape is None else leaf.full_shape.dynamic
                found[index] = values_of(self._xp, reader.values(tensor), layout, shape)
        return found

    def _with_examples(self) -> list[Tensor]:
        """Returns the inputs that fingerprints are made of."""
        layouts = [self._trace.reader.layout(f.name, f.role, f.tensor) for f in self._trace.fed]
        return [
            leaf.tensor
            for leaf, layout in zip(self._trace.fed, layouts, strict=True)
            if example_ids.has_examples(layout, layout.shape)
        ]

    def _labels(self) -> Tensor:
        """Returns the labels of the first target that has classes."""
        for tensor, layout in zip(self._tensors, self.layouts, strict=True):
            if layout.n_classes:
                return thumbnails.labels(self._xp, tensor, layout.n_classes)
        return thumbnails.labels(self._xp, None, 0)


def _tensors(trace: StepObservations) -> tuple[list[Tensor], list[TensorLayout], dict[int, int]]:
    """Returns the tensors to measure, their layouts, and which entries are copies of which fed tensors."""
    reader = trace.reader
    classes = _class_numbers(trace)
    leaves = [*trace.fed, *trace.predictions]
    tensors = [reader.readable(leaf.tensor) for leaf in leaves]
    layouts: list[TensorLayout] = []
    for leaf in leaves:
        layout = _described(trace, reader.layout(leaf.name, leaf.role, leaf.tensor, leaf.full_shape), leaf.tensor)
        n_classes = classes.get(leaf.name, 0) if leaf.role == "target" else 0
        layouts.append(replace(layout, n_classes=n_classes, unread=leaf.unread, broadcast_to=leaf.broadcast_to))
    copies: dict[int, int] = {}
    inputs = [f for f in trace.fed if f.role == "input"]
    positions = {id(leaf): index for index, leaf in enumerate(leaves)}
    taken: list[str] = []
    for entry in trace.entries:
        layout = _entry_layout(trace, entry, inputs, taken)
        taken.append(layout.name)
        if entry.untouched:
            copies[len(tensors)] = source = positions[id(inputs[entry.sources[0]])]
            layout = _as_copy(trace, layout, entry.tensor, layouts[source])
        else:
            layout = _described(trace, layout, entry.tensor)
        tensors.append(reader.readable(entry.tensor))
        layouts.append(layout)
    return tensors, layouts, copies


def _described(trace: StepObservations, layout: TensorLayout, tensor: Tensor) -> TensorLayout:
    """Returns a layout with features, of a tensor that has them."""
    if layout.kind != "dense" or not is_numeric(trace.xp.dtype(tensor)):
        return layout
    return with_features(layout)


def _as_copy(trace: StepObservations, layout: TensorLayout, tensor: Tensor, source: TensorLayout) -> TensorLayout:
    return replace(
        layout,
        dtype=trace.xp.dtype(tensor),
        feature_axis=source.feature_axis,
        features=source.features,
        n_features=source.n_features,
    )


def _entry_layout(
    trace: StepObservations, entry: EntryTensor, inputs: list[ObservedTensor], taken: list[str]
) -> TensorLayout:
    sources = tuple(inputs[i].name for i in entry.sources)
    name = names.unique(sources[0] if len(sources) == 1 else entry.path, taken)
    return replace(
        trace.reader.layout(name, "input", entry.tensor, entry.full_shape),
        stage="entry",
        layer=entry.path,
        layer_class=type(entry.layer).__name__,
        sources=sources,
        same_as_fed=entry.untouched,
    )


def _class_numbers(trace: StepObservations) -> dict[str, int]:
    """Returns target name -> number of classes, from the units of its prediction."""
    targets = [f for f in trace.fed if f.role == "target"]
    if len(targets) != len(trace.predictions):
        return {}
    found = {}
    for target, prediction in zip(targets, trace.predictions, strict=True):
        shape, predicted = static_shape(target.tensor), static_shape(prediction.tensor)
        if target.kind == "dense" and is_numeric(trace.xp.dtype(target.tensor)) and shape and predicted:
            found[target.name] = number_of_classes(shape, predicted[-1], len(predicted))
    return found
