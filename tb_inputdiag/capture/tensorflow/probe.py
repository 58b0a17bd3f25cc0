"""Adds the reductions of one traced step to its graph, and knows how to read their results.

The results of a step are one vector of float64, the *row*: scalars of the step, then a block for each table of
`records`. A `Program` says where in the row each block lies; it is made anew for each tracing of the step.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import tensorflow as tf

from tb_inputdiag.capture import names
from tb_inputdiag.capture.row_order import STEP_SCALARS
from tb_inputdiag.capture.tensor_layout import static_shape
from tb_inputdiag.capture.tensorflow import kernels, layer_kernels, ops, selection
from tb_inputdiag.capture.tensorflow.observations import Activation, EntryTensor, ObservedTensor, Update
from tb_inputdiag.capture.tensorflow.tensors import kind_of, layout_of, values_of
from tb_inputdiag.capture.tensorflow.thumbnails import ImagePart, thumbnails
from tb_inputdiag.capture.tensorflow.trace import Trace
from tb_inputdiag.records import (
    MAX_BAD_EXAMPLES,
    MAX_CLASSES,
    MAX_EXAMPLE_IDS,
    MAX_FEATURES,
    MAX_RANK,
    N_QUANTILES,
    Split,
    TensorLayout,
)

LABELS = 8
"""Targets kept beside thumbnails."""

_F8 = tf.float64


@dataclass(slots=True)
class Program:
    """One traced probed step: what it computes and where it is put.

    Attributes:
        number: Stands at the front of every row that it makes.
        blocks: Block name -> (start, shape) in the row.
        size: Length of the row.
        units: For each layer, how many units there are to tell dead ones among; 0 if that makes no sense.
        copies: Tensor index of an untouched entry -> index of the fed tensor that it equals.
    """

    number: int
    split: Split
    tensors: tuple[TensorLayout, ...] = ()
    weights: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    units: tuple[int, ...] = ()
    blocks: dict[str, tuple[int, tuple[int, ...]]] = field(default_factory=dict)
    size: int = 0
    copies: dict[int, int] = field(default_factory=dict)
    images: list[ImagePart] = field(default_factory=list)
    fed: tuple[TensorLayout, ...] = ()
    output_activations: dict[str, str] = field(default_factory=dict)
    entries: dict[str, str] = field(default_factory=dict)
    label_target: int | None = None
    kept: tuple[str, ...] = ()
    has_loss: bool = False


class Row:
    """Collects a row block by block. float32 numbers come after the float64 ones, to be cast all at once."""

    def __init__(self) -> None:
        self._vectors: dict[Any, list[Any]] = {_F8: [], tf.float32: []}
        self._sizes = {_F8: 0, tf.float32: 0}
        self._blocks: dict[str, tuple[Any, int, tuple[int, ...]]] = {}

    def add(self, name: str, parts: list[Any], shape: tuple[int, ...], dtype: Any = _F8) -> None:
        """Adds a block: scalars, or vectors that together have as many numbers as `shape`."""
        length = int(np.prod(shape))
        self._blocks[name] = (dtype, self._sizes[dtype], shape)
        if length == 0:
            return
        if parts[0].shape.rank == 0:
            self._vectors[dtype].append(tf.stack(parts))
        else:
            self._vectors[dtype] += parts
        self._sizes[dtype] += length

    @property
    def size(self) -> int:
        """Numbers in the row."""
        return sum(self._sizes.values())

    @property
    def blocks(self) -> dict[str, tuple[int, tuple[int, ...]]]:
        """Block name -> (start, shape) in the row."""
        after = self._sizes[_F8]
        return {
            name: (start if dtype == _F8 else after + start, shape)
            for name, (dtype, start, shape) in self._blocks.items()
        }

    def vector(self) -> Any:
        """Returns the row as a tensor."""
        wide, narrow = self._vectors[_F8], self._vectors[tf.float32]
        if narrow:
            wide = [*wide, ops.cast(tf.concat(narrow, 0), _F8)]
        return tf.ensure_shape(tf.concat(wide, 0), [self.size])


def build(trace: Trace, number: int, split: Split, images: int) -> tuple[Program, Any, Any]:
    """Adds the reductions of a traced step to the graph.

    Args:
        trace: The step, traced to its end.
        number: Of the program.
        split: Whose step it is.
        images: Examples to keep thumbnails of.

    Returns:
        The program, the row ``float64[program.size]``, and the thumbnails ``float32[m]`` or None.
    """
    program = Program(number=number, split=split, has_loss=trace.own_loss is not None)
    tensors, layouts = _tensors(trace, program)
    program.tensors = tuple(layouts)
    for update in trace.updates:
        update.measure()
        update.measure_clipped()
    row = Row()
    row.add("step", _step_scalars(trace, program), (len(STEP_SCALARS),))
    _tensor_blocks(row, program, trace, tensors)
    _weight_blocks(row, program, trace.updates)
    add_layers(row, program, trace.activations)
    program.blocks, program.size = row.blocks, row.size
    program.fed = tuple(layout_of(f.name, f.role, f.tensor) for f in trace.fed)
    program.entries = {e.name: e.layer for e in layouts if e.stage == "entry"}
    pixels = None
    if images:
        program.images, pixels = thumbnails(tensors, program.tensors, program.copies, images)
    return program, row.vector(), pixels


def batch_to_keep(trace: Trace) -> tuple[Any, tuple[str, ...], list[Any]]:
    """Returns whether a measured step's batch is worth keeping, the names of its tensors as subjects, and the tensors.

    It is if a tensor holds NaN or an infinity (-inf is what masks are made of), or if the loss or a gradient is not
    finite although all weights were: a model that is lost makes every batch look guilty.
    """
    kept = [f for f in trace.fed if f.kind == "dense" and selection.is_numeric(f.tensor)]
    floating = [f.tensor for f in kept if f.tensor.dtype.is_floating]
    bad = [tf.reduce_any(tf.logical_or(tf.math.is_nan(t), ops.equals(t, np.inf))) for t in floating]
    results = [] if trace.own_loss is None else [ops.mean(ops.cast(trace.own_loss, tf.float32))]
    if trace.scale is None:  # loss scaling makes gradients infinite on purpose
        results += [u.measured[0][0] for u in trace.updates if u.measured is not None]
    before = [u.norm for u in trace.updates if u.norm is not None]
    if results:
        lost = tf.logical_not(tf.reduce_all(tf.math.is_finite(tf.stack(results))))
        well = tf.reduce_all(tf.math.is_finite(tf.stack(before))) if before else ops.constant(True, tf.bool)
        bad.append(tf.logical_and(lost, well))
    is_bad = tf.reduce_any(tf.stack(bad)) if bad else ops.constant(False, tf.bool)
    return is_bad, tuple(f"{f.role}:{f.name}" for f in kept), [f.tensor for f in kept]


# -- the step ---------------------------------------------------------------------------------------


def _scalar(value: Any, default: float) -> Any:
    if value is None:
        return ops.constant(default, _F8)
    return ops.mean(ops.cast(tf.convert_to_tensor(value), _F8))


def _step_scalars(trace: Trace, program: Program) -> list[Any]:
    nan = float("nan")
    skipped = ops.constant(0.0, _F8)
    if trace.scale is not None and trace.updates:
        finite = tf.reduce_all(tf.stack([_is_finite(u.measured[1]) for u in trace.updates if u.measured is not None]))
        skipped = tf.cast(tf.logical_not(finite), _F8)
    return [
        tf.constant(float(program.number), _F8),
        _scalar(trace.iterations, nan),
        _batch_size(trace.fed),
        _scalar(trace.own_loss, nan),
        _scalar(trace.penalty, 0.0),
        _scalar(trace.learning_rate, nan),
        _scalar(trace.scale, 1.0),
        skipped,
    ]


def _is_finite(health: Any) -> Any:
    bad = [health[layer_kernels.HEALTH.index(kind)] for kind in ("negative_inf", "positive_inf", "nan")]
    return ops.equals(tf.add_n(bad), 0.0)


def _batch_size(fed: list[ObservedTensor]) -> Any:
    for leaf in fed:
        tensor = leaf.tensor
        if isinstance(tensor, tf.RaggedTensor):
            return tf.cast(tensor.nrows(), _F8)
        if isinstance(tensor, tf.SparseTensor):
            return tf.cast(tensor.dense_shape[0], _F8)
        if tensor.shape.rank:
            return tf.cast(tf.shape(tensor)[0], _F8)
    return ops.constant(0.0, _F8)


# -- tensors ----------------------------------------------------------------------------------------


def _tensors(trace: Trace, program: Program) -> tuple[list[Any], list[TensorLayout]]:
    """Returns the tensors to measure and their layouts; untouched entries are noted as copies."""
    tensors: list[Any] = []
    layouts: list[TensorLayout] = []
    classes = _class_numbers(trace)
    inputs = [f for f in trace.fed if f.role == "input"]
    for leaf in [*trace.fed, *trace.predictions]:
        layout = _with_features(layout_of(leaf.name, leaf.role, leaf.tensor, leaf.full_shape), leaf.tensor)
        if leaf.role == "target":
            layout = replace(layout, n_classes=classes.get(leaf.name, 0))
            if layout.n_classes and program.label_target is None:
                program.label_target = len(tensors)
        if leaf.made_by is not None:
            program.output_activations[leaf.name] = leaf.made_by
        tensors.append(trace.readable(leaf.tensor))
        layouts.append(layout)
    positions = {id(leaf): index for index, leaf in enumerate([*trace.fed, *trace.predictions])}
    taken: list[str] = []
    for entry in trace.entries:
        layout = _entry_layout(entry, inputs, taken)
        taken.append(layout.name)
        if entry.untouched:
            source = positions[id(inputs[entry.sources[0]])]
            program.copies[len(tensors)] = source
            same = layouts[source]
            layout = replace(
                layout,
                dtype=getattr(entry.tensor.dtype, "name", layout.dtype),
                feature_axis=same.feature_axis,
                features=same.features,
                n_features=same.n_features,
            )
        else:
            layout = _with_features(layout, entry.tensor)
        tensors.append(trace.readable(entry.tensor))
        layouts.append(layout)
    return tensors, layouts


def _entry_layout(entry: EntryTensor, inputs: list[ObservedTensor], taken: list[str]) -> TensorLayout:
    sources = tuple(inputs[i].name for i in entry.sources)
    name = names.unique(sources[0] if len(sources) == 1 else entry.path, taken)
    return replace(
        layout_of(name, "input", entry.tensor, entry.full_shape),
        stage="entry",
        layer=entry.path,
        layer_class=type(entry.layer).__name__,
        sources=sources,
        same_as_fed=entry.untouched,
    )


def _with_features(layout: TensorLayout, tensor: Any) -> TensorLayout:
    shape = static_shape(tensor)
    if kind_of(tensor) != "dense" or not selection.is_numeric(tensor) or shape is None or len(shape) < 2:
        return layout
    axis = len(shape) - 1
    if len(shape) == 4 and shape[1] in (1, 3) and shape[3] not in (1, 3) and layout.role == "input":
        axis = 1
    size = shape[axis]
    if size is None:
        return layout
    kept = range(size) if size <= MAX_FEATURES else (i * size // MAX_FEATURES for i in range(MAX_FEATURES))
    return replace(layout, feature_axis=axis, features=tuple(kept), n_features=size)


def _class_numbers(trace: Trace) -> dict[str, int]:
    """Returns target name -> number of classes, as its prediction has units."""
    targets = [f for f in trace.fed if f.role == "target"]
    predictions = trace.predictions
    if len(targets) != len(predictions):
        return {}
    found = {}
    for target, prediction in zip(targets, predictions, strict=True):
        shape, predicted = static_shape(target.tensor), static_shape(prediction.tensor)
        if target.kind != "dense" or not selection.is_numeric(target.tensor) or not shape or not predicted:
            continue
        units = predicted[-1]
        if units is None or units > MAX_CLASSES:
            continue
        sparse = len(shape) < len(predicted) or shape[-1] == 1
        if units == 1 or (sparse and units > 1):
            found[target.name] = max(units, 2)
        elif len(shape) == len(predicted) and shape[-1] == units:
            found[target.name] = units
    return found


def _tensor_blocks(row: Row, program: Program, trace: Trace, tensors: list[Any]) -> None:
    measured = [i for i in range(len(tensors)) if i not in program.copies]
    n = len(measured)
    nothing = ops.constant((np.nan,) * len(kernels.SCALARS), _F8)
    scalars, shapes, quantiles, bad, features, counts = [], [], [], [], [], []
    leaves: list[ObservedTensor | EntryTensor] = [*trace.fed, *trace.predictions, *trace.entries]
    for index in measured:
        tensor, layout, whole = tensors[index], program.tensors[index], leaves[index].full_shape
        values = values_of(tensor)
        usable = selection.is_numeric(values) and values.shape.rank is not None
        shapes.append(_shape(tensor) if whole is None else whole.dynamic)
        scalars.append(kernels.tensor_scalars(values) if usable else nothing)
        quantiles.append(kernels.quantiles(values) if usable else ops.constant((np.nan,) * N_QUANTILES, tf.float32))
        bad.append(
            kernels.bad_examples(values)
            if usable and layout.kind == "dense"
            else ops.constant((-1.0,) * MAX_BAD_EXAMPLES, _F8)
        )
        if layout.features:
            features.append(kernels.features(values, layout.feature_axis or 0, layout.features))
        if layout.n_classes:
            shape = static_shape(values) or ()
            one_hot = len(shape) > 1 and shape[-1] == layout.n_classes
            counts.append(kernels.class_counts(values, layout.n_classes, one_hot))
    row.add("scalars", scalars, (n, len(kernels.SCALARS)))
    row.add("shape", shapes, (n, MAX_RANK))
    row.add("quantiles", quantiles, (n, N_QUANTILES), tf.float32)
    row.add("bad_examples", bad, (n, MAX_BAD_EXAMPLES))
    kept = sum(len(program.tensors[i].features) for i in measured)
    row.add("features", features, (len(kernels.FEATURE_PARTS) * kept,))
    row.add("class_counts", counts, (sum(program.tensors[i].n_classes for i in measured),))
    hashable = [
        f.tensor
        for f in trace.fed
        if f.role == "input" and f.kind == "dense" and selection.is_numeric(f.tensor) and f.tensor.shape.rank
    ]
    row.add("example_ids", [kernels.example_ids(hashable)], (MAX_EXAMPLE_IDS,))
    labels = ops.constant((np.nan,) * LABELS, _F8)
    if program.label_target is not None:
        target = tensors[program.label_target]
        width = program.tensors[program.label_target].n_classes
        shape = static_shape(target) or ()
        if len(shape) <= 2:
            values = selection.numeric(target[:LABELS])
            ids = tf.argmax(values, -1) if len(shape) == 2 and shape[-1] == width and width > 1 else values
            ids = tf.cast(tf.reshape(ids, [-1]), _F8)
            labels = tf.concat([ids, labels], 0)[:LABELS]
    row.add("labels", [labels], (LABELS,))


def _shape(tensor: Any) -> Any:
    if isinstance(tensor, tf.RaggedTensor):
        known = tf.cast(tensor.bounding_shape(), _F8)
    elif isinstance(tensor, tf.SparseTensor):
        known = tf.cast(tensor.dense_shape, _F8)
    elif tensor.shape.rank is None:
        known = tf.zeros([0], _F8)
    else:
        return kernels.shape_vector(tensor)
    return tf.concat([known, tf.fill([MAX_RANK], tf.constant(-1, _F8))], 0)[:MAX_RANK]


# -- weights ----------------------------------------------------------------------------------------


def _weight_blocks(row: Row, program: Program, updates: list[Update]) -> None:
    # a weight that two optimizers update, or one twice in a step, is shown as of its last update
    unique = list({u.name: u for u in updates}.values())
    program.weights = tuple(u.name for u in unique)
    n = len(unique)
    zero, nan = ops.constant(0.0, tf.float32), ops.constant(np.nan, tf.float32)
    unknown = ops.constant((0.0,) * len(layer_kernels.HEALTH), _F8)
    gradients = [u.measured or ([zero, zero], unknown) for u in unique]
    clipped = [
        numbers[0] if u.clipped_norm is None else u.clipped_norm
        for u, (numbers, _) in zip(unique, gradients, strict=True)
    ]
    norms = [nan if u.norm is None else u.norm for u in unique]
    before = [
        nan if u.before is None else u.norm if u.is_whole else layer_kernels.half_squares(u.before) for u in unique
    ]
    change = [nan if u.after is None else layer_kernels.half_squares(u.after - u.before) for u in unique]
    # a sample of a large weight may miss the one value that is not finite
    proof = [zero if u.after is None or u.is_whole else layer_kernels.mean_of_all(_value(u.variable)) for u in unique]
    row.add("gradients", [number for numbers, _ in gradients for number in numbers], (n, 2), tf.float32)
    row.add("weights", [*clipped, *norms, *before, *change, *proof], (5, n), tf.float32)
    row.add("gradient_health", [health for _, health in gradients], (n, len(layer_kernels.HEALTH)))
    # what changed by a finite amount and was finite is finite
    health = [
        unknown if u.after is None else layer_kernels.health(u.after, moved, zeros=False)
        for u, moved in zip(unique, change, strict=True)
    ]
    row.add("weight_health", health, (n, len(layer_kernels.HEALTH)))


def _value(variable: Any) -> Any:
    return tf.convert_to_tensor(names.backend_value(variable))


# -- layers -----------------------------------------------------------------------------------------


def add_layers(row: Row, program: Program, activations: list[Activation]) -> None:
    """Adds the blocks of the layers to a row."""
    paths: list[str] = []
    calls: Counter[str] = Counter()
    done: dict[tuple[Any, ...], tuple[list[Any], Any, Any]] = {}
    rows, units = [], []
    for activation in activations:
        calls[activation.path] += 1
        number = calls[activation.path]
        paths.append(activation.path if number == 1 else f"{activation.path}#{number}")
        axis, bound = activation.unit_axis, activation.bound
        if axis is not None and activation.tensor.shape[axis] is None:
            axis = None
        key = id(activation.tensor), axis, bound
        if key not in done:
            done[key] = _layer(activation, axis, bound)
        rows.append(done[key])
        units.append(0 if axis is None else int(activation.tensor.shape[axis]))
    program.layers, program.units = tuple(paths), tuple(units)
    n = len(paths)
    row.add("layers", [v for numbers, _, _ in rows for v in numbers], (n, len(layer_kernels.LAYER_COLUMNS)), tf.float32)
    row.add("units", [u for _, u, _ in rows], (sum(max(1, u) for u in units),), tf.float32)
    row.add("layer_health", [health for _, _, health in rows], (n, len(layer_kernels.HEALTH)))


def _layer(activation: Activation, axis: int | None, bound: tuple[float, float] | None) -> tuple[list[Any], Any, Any]:
    numbers, units = layer_kernels.layer_row(activation.tensor, axis, bound)
    whole = numbers[0] if activation.mean is None else activation.mean
    return [*numbers, whole], units, layer_kernels.health(activation.tensor, numbers[0])
