"""Adds the reductions of one traced step to its graph.

The results of a step are one vector of float64, the *row* (`statistics.row`). A `Program` says where each block lies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf

from tb_inputdiag.capture import names
from tb_inputdiag.capture.tensorflow import ops
from tb_inputdiag.capture.tensorflow.namespace import TENSORFLOW
from tb_inputdiag.capture.tensorflow.observations import (
    Activation,
    Entry,
    Fed,
    Update,
    raw,
    spec,
    static_shape,
    values_of,
)
from tb_inputdiag.capture.tensorflow.ops import Tensor
from tb_inputdiag.capture.tensorflow.trace import Trace
from tb_inputdiag.records import Split, TensorLayout
from tb_inputdiag.statistics import activations, example_ids, health, thumbnails, weights
from tb_inputdiag.statistics.namespace import is_numeric
from tb_inputdiag.statistics.program import Program
from tb_inputdiag.statistics.row import RowLayout, RowWriter, row_layout
from tb_inputdiag.statistics.step import StepScalars
from tb_inputdiag.statistics.tensors import Values, numbers_of, tensor_statistics
from tb_inputdiag.statistics.tensors import values_of as values_to_reduce
from tb_inputdiag.statistics.tensors.class_counts import number_of_classes
from tb_inputdiag.statistics.tensors.features import with_features

__all__ = ["Keep", "Layers", "build"]

Keep: TypeAlias = Callable[[Tensor, list[Tensor]], Tensor]
"""Receives whether a batch is worth keeping, and its tensors; returns whether it is kept, a bool scalar."""

_F8 = tf.float64


def build(
    trace: Trace, number: int, split: Split, images: int, keep: Keep | None = None
) -> tuple[Program, Tensor, Tensor]:
    """Adds the reductions of a traced step to the graph.

    Args:
        trace: The step, traced to its end.
        number: Of the program.
        split: Whose step it is.
        images: Examples to keep thumbnails of.
        keep: Keeps batches with values that are not finite; None keeps none.

    Returns:
        The program, the row ``float64[program.size]``, and the thumbnails ``float32[m]`` or None.
    """
    tensors, layouts, copies = _tensors(trace)
    for update in trace.updates:
        update.measure()
        update.measure_clipped()
    # a weight that two optimizers update, or one twice in a step, is shown as of its last update
    updates = list({update.name: update for update in trace.updates}.values())
    layers = Layers(trace.activations)
    row = row_layout(layouts, copies, len(updates), layers.units)
    kept, is_kept = _keep(trace, keep)
    writer = RowWriter(TENSORFLOW, row)
    writer.put(row.step, _step_scalars(trace, number, is_kept).in_order())
    _put_tensors(writer, row, _measured(trace, tensors, layouts, copies))
    hashed = [
        f.tensor for f in trace.fed if example_ids.has_examples(spec(f.name, f.role, f.tensor), static_shape(f.tensor))
    ]
    writer.put(row.example_ids, [example_ids.reduce(TENSORFLOW, hashed)])
    writer.put(row.labels, [_labels(tensors, layouts)])
    _put_weights(writer, row, updates)
    layers.put(writer, row)
    blocks = thumbnails.image_blocks(layouts, copies, images) if images else ()
    pixels = [thumbnails.reduce(TENSORFLOW, tensors[block.tensor], block) for block in blocks]
    program = Program(
        number=number,
        split=split,
        row=row,
        tensors=tuple(layouts),
        copies=copies,
        weights=tuple(update.name for update in updates),
        layers=layers.paths,
        units=layers.units,
        images=blocks,
        fed=tuple(spec(f.name, f.role, f.tensor) for f in trace.fed),
        output_activations={f.name: f.made_by for f in [*trace.fed, *trace.predictions] if f.made_by is not None},
        entries={layout.name: layout.layer for layout in layouts if layout.stage == "entry"},
        kept=kept,
        has_loss=trace.own_loss is not None,
    )
    return program, tf.ensure_shape(writer.row(), [row.size]), TENSORFLOW.concat(pixels) if pixels else None


# -- a batch to keep --------------------------------------------------------------------------------


def _keep(trace: Trace, keep: Keep | None) -> tuple[tuple[str, ...], Tensor]:
    """Returns the subjects of the tensors that are kept of a bad batch, and whether this one is kept, as float64."""
    dense = [f for f in trace.fed if f.kind == "dense" and is_numeric(f.tensor.dtype.name)]
    if keep is None or not dense:
        return (), ops.constant(0.0, _F8)
    is_kept = keep(_is_bad(trace, dense), [f.tensor for f in dense])
    return tuple(f"{f.role}:{f.name}" for f in dense), ops.cast(is_kept, _F8)


def _is_bad(trace: Trace, dense: Sequence[Fed]) -> Tensor:
    """Returns whether a batch is worth keeping.

    It is if a tensor holds NaN or an infinity (-inf is what masks are made of). It also is if the loss or a gradient
    is not finite although all weights were: once the weights are not finite, every batch looks guilty.
    """
    floating = [f.tensor for f in dense if f.tensor.dtype.is_floating]
    bad = [tf.reduce_any(tf.logical_or(tf.math.is_nan(t), ops.equals(t, np.inf))) for t in floating]
    results = [] if trace.own_loss is None else [ops.mean(ops.cast(trace.own_loss, tf.float32))]
    if trace.scale is None:  # loss scaling makes gradients infinite on purpose
        results += [u.measured[0][0] for u in trace.updates if u.measured is not None]
    before = [u.norm for u in trace.updates if u.norm is not None]
    if results:
        lost = tf.logical_not(tf.reduce_all(tf.math.is_finite(tf.stack(results))))
        well = tf.reduce_all(tf.math.is_finite(tf.stack(before))) if before else ops.constant(True, tf.bool)
        bad.append(tf.logical_and(lost, well))
    return tf.reduce_any(tf.stack(bad)) if bad else ops.constant(False, tf.bool)


# -- the step ---------------------------------------------------------------------------------------


def _step_scalars(trace: Trace, number: int, is_kept: Tensor) -> StepScalars[Tensor]:
    nan = float("nan")
    return StepScalars(
        program=tf.constant(float(number), _F8),
        iterations=_scalar(trace.iterations, nan),
        batch_size=_batch_size(trace.fed),
        loss=_scalar(trace.own_loss, nan),
        penalty=_scalar(trace.penalty, 0.0),
        learning_rate=_scalar(trace.learning_rate, nan),
        loss_scale=_scalar(trace.scale, 1.0),
        skipped=_skipped(trace),
        kept=is_kept,
    )


def _scalar(value: Any, default: float) -> Tensor:
    if value is None:
        return ops.constant(default, _F8)
    return ops.mean(ops.cast(tf.convert_to_tensor(value), _F8))


def _skipped(trace: Trace) -> Tensor:
    """Returns 1 if loss scaling skips the update because a gradient is not finite, else 0."""
    measured = [u.measured[1] for u in trace.updates if u.measured is not None]
    if trace.scale is None or not measured:
        return ops.constant(0.0, _F8)
    bad = [kinds[health.KINDS.index(kind)] for kinds in measured for kind in ("negative_inf", "positive_inf", "nan")]
    return ops.cast(tf.add_n(bad) > ops.constant(0.0, _F8), _F8)


def _batch_size(fed: Sequence[Fed]) -> Tensor:
    for leaf in fed:
        tensor = leaf.tensor
        if isinstance(tensor, tf.RaggedTensor):
            return ops.cast(tensor.nrows(), _F8)
        if isinstance(tensor, tf.SparseTensor):
            return ops.cast(tensor.dense_shape[0], _F8)
        if tensor.shape.rank:
            return TENSORFLOW.length(tensor, 0, "float64")
    return ops.constant(0.0, _F8)


# -- tensors ----------------------------------------------------------------------------------------


def _tensors(trace: Trace) -> tuple[list[Any], list[TensorLayout], dict[int, int]]:
    """Returns the tensors to measure, their layouts, and which entries are copies of which fed tensors."""
    classes = _class_numbers(trace)
    leaves = [*trace.fed, *trace.predictions]
    tensors = [trace.aside(leaf.tensor) for leaf in leaves]
    layouts: list[TensorLayout] = []
    for leaf in leaves:
        layout = _described(spec(leaf.name, leaf.role, leaf.tensor, leaf.whole), leaf.tensor)
        layouts.append(replace(layout, n_classes=classes.get(leaf.name, 0)) if leaf.role == "target" else layout)
    copies: dict[int, int] = {}
    inputs = [f for f in trace.fed if f.role == "input"]
    positions = {id(leaf): index for index, leaf in enumerate(leaves)}
    taken: list[str] = []
    for entry in trace.entries:
        layout = _entry_layout(entry, inputs, taken)
        taken.append(layout.name)
        if entry.untouched:
            copies[len(tensors)] = source = positions[id(inputs[entry.sources[0]])]
            layout = _as_copy(layout, entry.tensor, layouts[source])
        else:
            layout = _described(layout, entry.tensor)
        tensors.append(trace.aside(entry.tensor))
        layouts.append(layout)
    return tensors, layouts, copies


def _described(layout: TensorLayout, tensor: Any) -> TensorLayout:
    """Returns a layout with features, of a tensor that has them."""
    if layout.kind != "dense" or not is_numeric(tensor.dtype.name):
        return layout
    return with_features(layout)


def _as_copy(layout: TensorLayout, tensor: Any, source: TensorLayout) -> TensorLayout:
    return replace(
        layout,
        dtype=getattr(tensor.dtype, "name", layout.dtype),
        feature_axis=source.feature_axis,
        features=source.features,
        n_features=source.n_features,
    )


def _entry_layout(entry: Entry, inputs: list[Fed], taken: list[str]) -> TensorLayout:
    sources = tuple(inputs[i].name for i in entry.sources)
    name = names.unique(sources[0] if len(sources) == 1 else entry.path, taken)
    return replace(
        spec(name, "input", entry.tensor, entry.whole),
        stage="entry",
        layer=entry.path,
        layer_class=type(entry.layer).__name__,
        sources=sources,
        same_as_fed=entry.untouched,
    )


def _class_numbers(trace: Trace) -> dict[str, int]:
    """Returns target name -> number of classes, from the units of its prediction."""
    targets = [f for f in trace.fed if f.role == "target"]
    if len(targets) != len(trace.predictions):
        return {}
    found = {}
    for target, prediction in zip(targets, trace.predictions, strict=True):
        shape, predicted = static_shape(target.tensor), static_shape(prediction.tensor)
        if target.kind == "dense" and is_numeric(target.tensor.dtype.name) and shape and predicted:
            found[target.name] = number_of_classes(shape, predicted[-1], len(predicted))
    return found


def _measured(
    trace: Trace, tensors: Sequence[Any], layouts: Sequence[TensorLayout], copies: dict[int, int]
) -> list[Values]:
    """Returns what is reduced of each tensor that is not a copy."""
    leaves: list[Fed | Entry] = [*trace.fed, *trace.predictions, *trace.entries]
    found = []
    for index, (tensor, layout, leaf) in enumerate(zip(tensors, layouts, leaves, strict=True)):
        if index not in copies:
            shape = _shape(tensor) if leaf.whole is None else leaf.whole.shape
            found.append(values_to_reduce(TENSORFLOW, values_of(tensor), layout, shape))
    return found


def _shape(tensor: Any) -> Tensor:
    if isinstance(tensor, tf.RaggedTensor):
        return ops.cast(tensor.bounding_shape(out_type=tf.int64), _F8)
    if isinstance(tensor, tf.SparseTensor):
        return ops.cast(tensor.dense_shape, _F8)
    return tf.zeros([0], _F8) if tensor.shape.rank is None else TENSORFLOW.shape(tensor)


def _put_tensors(writer: RowWriter, row: RowLayout, measured: Sequence[Values]) -> None:
    for statistic in tensor_statistics():
        described = [values for values in measured if statistic.places(values.layout)]
        parts = [numbers_of(TENSORFLOW, statistic, values) for values in described]
        writer.put(row.tensors[statistic.NAME].block, parts)


def _labels(tensors: Sequence[Any], layouts: Sequence[TensorLayout]) -> Tensor:
    """Returns the labels of the first target that has classes."""
    for tensor, layout in zip(tensors, layouts, strict=True):
        if layout.n_classes:
            return thumbnails.labels(TENSORFLOW, tensor, layout.n_classes)
    return thumbnails.labels(TENSORFLOW, None, 0)


# -- weights ----------------------------------------------------------------------------------------


def _put_weights(writer: RowWriter, row: RowLayout, updates: Sequence[Update]) -> None:
    zero, nan = ops.constant(0.0, tf.float32), ops.constant(np.nan, tf.float32)
    unknown = ops.constant(health.UNKNOWN, _F8)
    found = [u.measured or ([zero, zero], unknown) for u in updates]
    clipped = [
        numbers[0] if u.clipped_norm is None else u.clipped_norm for u, (numbers, _) in zip(updates, found, strict=True)
    ]
    norms = [nan if u.norm is None else u.norm for u in updates]
    before = [_norm_before(u, nan) for u in updates]
    after = [(nan, unknown) if u.after is None else weights.update(TENSORFLOW, u.before, u.after) for u in updates]
    # a sample of a large weight may miss the one value that is not finite
    proof = [zero if u.after is None or u.is_whole else health.mean_of_all(TENSORFLOW, _value(u)) for u in updates]
    writer.put(row.gradients, [number for numbers, _ in found for number in numbers])
    writer.put(row.gradient_health, [kinds for _, kinds in found])
    writer.put(row.weights, [*clipped, *norms, *before, *(change for change, _ in after), *proof])
    writer.put(row.weight_health, [kinds for _, kinds in after])


def _norm_before(update: Update, unknown: Tensor) -> Tensor:
    """Returns half the sum of squares of the sample of a weight before the update."""
    if update.before is None:
        return unknown
    return update.norm if update.is_whole else health.half_squares(TENSORFLOW, update.before)


def _value(update: Update) -> Tensor:
    return tf.convert_to_tensor(raw(update.variable))


# -- layers -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Output:
    """What is reduced of one layer's output."""

    tensor: Tensor
    mean_of_all: Tensor
    unit_axis: int | None
    bound: tuple[float, float] | None

    @property
    def key(self) -> tuple[int, int | None, tuple[float, float] | None]:
        """Equal for outputs with the same numbers."""
        return id(self.tensor), self.unit_axis, self.bound

    @property
    def units(self) -> int:
        """Number of units; 0 if there is one magnitude for all."""
        return 0 if self.unit_axis is None else int(self.tensor.shape[self.unit_axis])


class Layers:
    """The layer calls of a step.

    Attributes:
        paths: Their paths; a layer that is called several times has ``path``, ``path#2``, ...
        units: For each call its number of units; 0 if dead units are not counted.
    """

    def __init__(self, calls: Sequence[Activation]) -> None:
        seen: Counter[str] = Counter()
        paths: list[str] = []
        for call in calls:
            seen[call.path] += 1
            paths.append(call.path if seen[call.path] == 1 else f"{call.path}#{seen[call.path]}")
        self._outputs = [_output(call) for call in calls]
        self.paths = tuple(paths)
        self.units = tuple(output.units for output in self._outputs)

    def put(self, writer: RowWriter, row: RowLayout) -> None:
        """Adds the blocks of the layers to a row; an output that several layers return is reduced once."""
        distinct = {output.key: output for output in self._outputs}
        reduced = {
            key: activations.reduce(TENSORFLOW, o.tensor, o.unit_axis, o.bound, o.mean_of_all)
            for key, o in distinct.items()
        }
        found = [reduced[output.key] for output in self._outputs]
        writer.put(row.activations, [number for numbers, _, _ in found for number in numbers])
        writer.put(row.units, [units for _, units, _ in found])
        writer.put(row.activation_health, [kinds for _, _, kinds in found])


def _output(call: Activation) -> _Output:
    axis = call.unit_axis
    if axis is not None and call.tensor.shape[axis] is None:
        axis = None
    return _Output(call.tensor, call.mean, axis, call.bound)
