"""Hypothesis strategies for records: everything that the schema allows."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from tb_inputdiag import records as r

texts = st.text(max_size=20) | st.sampled_from(["NaN", "Infinity", "-Infinity", "$str"])
names = st.text(min_size=1, max_size=12)
floats = st.floats(width=64)
steps = st.integers(0, 2**53)
shapes = st.none() | st.lists(st.none() | st.integers(0, 2**31), max_size=4).map(tuple)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | floats | texts,
    lambda inner: (
        st.lists(inner, max_size=3) | st.lists(inner, max_size=3).map(tuple) | st.dictionaries(texts, inner, max_size=3)
    ),
    max_leaves=8,
)
jsons = st.dictionaries(texts, json_values, max_size=4)
splits = st.sampled_from(["train", "validation", "predict"])

baseline_tensors = st.builds(
    r.BaselineTensor,
    name=names,
    role=st.sampled_from(["input", "target"]),
    dtype=names,
    shape=shapes,
    examples=steps,
    min=st.none() | floats,
    columns=st.lists(
        st.builds(r.BaselineColumn, name=names, place=steps, min=floats, max=floats, mean=floats, std=floats),
        max_size=2,
    ).map(tuple),
    categories=st.dictionaries(texts, floats, max_size=3),
)
data_tensors = st.builds(
    r.DataTensor,
    name=names,
    role=st.sampled_from(["input", "target"]),
    dtype=names,
    shape=shapes,
    columns=st.lists(names, max_size=3).map(tuple),
    min=npst.arrays(np.float64, 2),
    quantiles=npst.arrays(np.float32, (2, r.N_QUANTILES)),
    categories=st.dictionaries(texts, steps, max_size=3),
    shapes=st.lists(
        st.builds(r.ShapeCount, shape=st.lists(steps, max_size=3).map(tuple), dtype=names, examples=steps, first=steps),
        max_size=2,
    ).map(tuple),
)
tensor_layouts = st.builds(
    r.TensorLayout,
    name=names,
    role=st.sampled_from(["input", "target", "prediction", "sample_weight"]),
    shape=shapes,
    dtype=texts,
    features=st.lists(st.integers(0, 500), max_size=4).map(tuple),
    n_features=steps,
    n_classes=st.integers(0, 4),
    feature_axis=st.none() | st.integers(-1, 5),
    same_as_fed=st.booleans(),
    sources=st.lists(names, max_size=2).map(tuple),
    kind=st.sampled_from(["dense", "ragged", "sparse", "string"]),
)
# Samples use the layouts 0 to 2; these layouts must not collide with them, as their sizes differ.
layouts = st.builds(
    r.Layout,
    id=st.integers(3, 2**31 - 1),
    split=splits,
    tensors=st.lists(tensor_layouts, max_size=3).map(tuple),
    weights=st.lists(names, max_size=3).map(tuple),
    layers=st.lists(names, max_size=3).map(tuple),
)
layer_facts = st.builds(
    r.LayerFacts,
    name=names,
    class_name=names,
    input_shape=shapes,
    output_shape=shapes,
    config=jsons,
    inbound=st.lists(names, max_size=2).map(tuple),
    n_params=steps,
)
weight_facts = st.builds(
    r.WeightFacts,
    name=names,
    shape=st.lists(st.integers(0, 99), max_size=4).map(tuple),
    dtype=names,
    trainable=st.booleans(),
    initial_std=st.none() | floats,
    initial_mean=st.none() | floats,
)
spans = st.builds(r.Span, low=floats, high=floats, label=texts, mark=st.none() | floats)
quantities = st.builds(
    r.Quantity,
    stream=st.sampled_from(["losses", "samples", "tensors", "weights", "layers", "epochs"]),
    column=names,
    name=texts,
    split=splits,
)
curves = st.builds(
    r.Curve,
    label=texts,
    quantity=quantities,
    low=st.none() | quantities,
    high=st.none() | quantities,
    beside=st.none() | quantities,
    expected=st.none() | spans,
)
axes = st.lists(st.none() | st.integers(0, 9), max_size=4).map(tuple)
pictures = st.one_of(
    st.builds(r.RangePicture, seen=st.lists(spans, max_size=2).map(tuple), expected=spans),
    st.builds(r.LimitPicture, label=texts, value=floats, limit=floats, bound=st.sampled_from(["at most", "at least"])),
    st.builds(r.ShapesPicture, seen=axes, expected=axes),
    st.builds(r.WordsPicture, seen=texts, expected=texts),
    st.builds(
        r.SizesPicture,
        label=texts,
        names=st.lists(texts, max_size=3).map(tuple),
        sizes=st.lists(floats, max_size=3).map(tuple),
        marked=st.lists(st.integers(0, 2), max_size=2).map(tuple),
        largest_ratio=st.none() | floats,
    ),
)
documents = st.one_of(
    st.builds(
        r.SessionStart,
        session=names,
        wall_time=floats,
        mode=st.sampled_from(["fit", "evaluate", "predict", "watch"]),
        versions=st.dictionaries(names, texts, max_size=3),
        settings=jsons,
        host=texts,
        pid=steps,
        params=jsons,
    ),
    st.builds(
        r.CallStart,
        number=steps,
        wall_time=floats,
        step=steps,
        epoch=steps,
        mode=st.sampled_from(["fit", "evaluate", "predict", "watch"]),
        params=jsons,
    ),
    st.builds(
        r.ModelFacts,
        name=names,
        class_name=names,
        kind=st.sampled_from(["sequential", "functional", "subclassed"]),
        layers=st.lists(layer_facts, max_size=2).map(tuple),
        weights=st.lists(weight_facts, max_size=2).map(tuple),
        inputs=st.lists(tensor_layouts, max_size=2).map(tuple),
        loss=json_values,
        optimizer=jsons,
        metrics=st.lists(names, max_size=2).map(tuple),
        jit_compile=st.booleans(),
        output_units=st.dictionaries(names, steps, max_size=2),
        degraded=st.lists(st.builds(r.Degraded, accessor=names, effect=texts), max_size=2).map(tuple),
    ),
    layouts,
    st.builds(r.EpochEnd, epoch=steps, step=steps, wall_time=floats, logs=st.dictionaries(names, floats, max_size=4)),
    st.builds(
        r.Failure,
        step=steps,
        wall_time=floats,
        split=splits,
        exception=names,
        message=st.text(max_size=200),
        where=texts,
        fed=st.lists(tensor_layouts, max_size=2).map(tuple),
        reached=st.lists(tensor_layouts, max_size=2).map(tuple),
        place=st.sampled_from(["step", "data", "build", "compile", "save", "load", "other"]),
        call=names,
        arguments=st.lists(
            st.builds(
                r.ArgumentFacts,
                name=names,
                type=names,
                kind=st.sampled_from(["array", "dataset", "list", "object"]),
                variable=texts,
                shape=st.none() | st.tuples(st.none() | steps, steps),
                dtype=texts,
                value=json_values,
                length=st.none() | steps,
                element_types=st.lists(names, max_size=2).map(tuple),
                element_shapes=st.lists(shapes.filter(lambda shape: shape is not None), max_size=2).map(tuple),
                equal_shapes=st.booleans(),
                layers=st.lists(names, max_size=2).map(tuple),
            ),
            max_size=2,
        ).map(tuple),
        operands=st.lists(
            st.builds(
                r.OperandFacts,
                code=texts,
                made=texts,
                sizes=st.lists(
                    st.builds(r.SizeFacts, size=steps, line=steps, before=texts, after=texts), max_size=2
                ).map(tuple),
            ),
            max_size=2,
        ).map(tuple),
        lines=st.lists(texts, max_size=2).map(tuple),
    ),
    st.builds(r.SavedBatch, step=steps, wall_time=floats, split=splits, path=texts, size_bytes=steps),
    st.builds(
        r.Cost,
        step=steps,
        wall_time=floats,
        elapsed_s=floats,
        spent_s=floats,
        setup_s=floats,
        samples=steps,
        steps=steps,
        every=floats,
        log_bytes=steps,
    ),
    st.builds(
        r.Alert,
        id=steps,
        rule=names,
        severity=st.sampled_from(r.Severity),
        subject=names,
        split=splits,
        first_step=steps,
        last_step=steps,
        count=steps,
        message=texts,
        evidence=jsons,
        why=texts,
        fix=texts,
        state=st.sampled_from(["open", "resolved"]),
        resolved_step=st.none() | steps,
        reopened=steps,
        consequences=st.lists(st.builds(r.Consequence, rule=texts, subject=texts, text=texts), max_size=2).map(tuple),
        wall_time=floats,
        picture=st.none() | pictures,
        curves=st.lists(curves, max_size=2).map(tuple),
        examples=st.none()
        | st.builds(
            r.Examples,
            subject=texts,
            step=steps,
            batch=st.lists(st.integers(0, 9), max_size=3).map(tuple),
            rows=st.lists(st.integers(0, 9), max_size=3).map(tuple),
        ),
        rank=steps,
        caused_by=st.none() | steps,
    ),
    st.builds(
        r.ExpectedRange,
        rule=names,
        subject=texts,
        stage=st.sampled_from(["fed", "entry"]),
        low=st.none() | floats,
        high=st.none() | floats,
        reason=texts,
    ),
    st.builds(r.NotJudged, rule=names, reason=texts),
    st.builds(r.Baseline, source=texts, tensors=st.lists(baseline_tensors, max_size=2).map(tuple)),
    st.builds(
        r.DataSummary,
        part=st.sampled_from(["train", "validation", "test"]),
        wall_time=floats,
        examples=steps,
        n_bytes=steps,
        elapsed_s=floats,
        tensors=st.lists(data_tensors, max_size=2).map(tuple),
        copies=npst.arrays(np.int64, 3),
        n_copies=steps,
        overlaps=st.lists(
            st.builds(
                r.Overlap,
                other=st.sampled_from(["train", "validation"]),
                examples=npst.arrays(np.int64, 2),
                originals=npst.arrays(np.int64, 2),
                n_examples=steps,
            ),
            max_size=1,
        ).map(tuple),
    ),
    st.builds(
        r.SessionEnd,
        wall_time=floats,
        step=steps,
        reason=texts,
        recording_stopped_step=st.none() | steps,
        status=st.sampled_from(["finished", "stopped", "failed", "interrupted"]),
    ),
    st.builds(
        r.ShownExamples,
        subject=names,
        step=steps,
        split=splits,
        examples=st.lists(
            st.builds(
                r.ShownExample,
                subject=names,
                place=steps,
                png=texts,
                low=floats,
                high=floats,
                values=st.lists(floats, max_size=3).map(tuple),
                first=steps,
                size=steps,
            ),
            max_size=2,
        ).map(tuple),
    ),
    st.builds(
        r.Images,
        step=steps,
        split=splits,
        name=names,
        stage=st.sampled_from(["fed", "entry"]),
        low=floats,
        high=floats,
        labels=st.lists(texts, max_size=2).map(tuple),
        pixels=npst.arrays(
            np.uint8, st.tuples(st.integers(0, 3), st.integers(1, 5), st.integers(1, 5), st.sampled_from([1, 3]))
        ),
    ),
)
losses = st.builds(
    lambda pairs, epoch: r.Losses(
        step=np.array([p[0] for p in pairs], np.int64), loss=np.array([p[1] for p in pairs], np.float32), epoch=epoch
    ),
    st.lists(st.tuples(st.integers(-(2**62), 2**62), st.floats(width=32)), max_size=6),
    st.integers(-1, 2**31 - 1),
)


@st.composite
def _tables(draw: st.DrawFn, cls: type[Any], table: str, sizes: Mapping[str, int]) -> Any:
    return cls(
        **{
            name: draw(npst.arrays(dtype, shape, fill=st.just(dtype.type(1))))
            for name, (dtype, shape) in r.table_columns(table, **sizes).items()
        }
    )


@st.composite
def samples(draw: st.DrawFn) -> r.Sample:
    sizes = {name: draw(st.integers(0, 3)) for name in "TFCWL"}
    return r.Sample(
        layout=draw(st.integers(0, 2)),
        split=draw(splits),
        step=draw(steps),
        epoch=draw(st.integers(-1, 2**31 - 1)),
        wall_time=draw(floats),
        batch_size=draw(steps),
        **{
            field.name: draw(floats)
            for field in dataclasses.fields(r.Sample)
            if field.name in r.COLUMNS["sample"] and field.type == "float" and field.name != "wall_time"
        },
        skipped=draw(st.booleans()),
        tensors=draw(_tables(r.TensorTable, "tensors", sizes)),
        weights=draw(st.none() | _tables(r.WeightTable, "weights", sizes)),
        layers=draw(st.none() | _tables(r.LayerTable, "layers", sizes)),
    )


any_records = st.lists(documents | losses | samples(), max_size=8)


def same(first: Any, second: Any) -> bool:
    """Returns whether two records are equal bit for bit; NaN equals NaN with the same bits."""
    if dataclasses.is_dataclass(first):
        return type(first) is type(second) and all(
            same(getattr(first, f.name), getattr(second, f.name)) for f in dataclasses.fields(first)
        )
    if isinstance(first, np.ndarray):
        return (
            isinstance(second, np.ndarray)
            and (first.dtype, first.shape) == (second.dtype, second.shape)
            and first.tobytes() == second.tobytes()
        )
    if isinstance(first, Mapping):
        return (
            isinstance(second, Mapping)
            and list(first) == list(second)
            and all(same(first[key], second[key]) for key in first)
        )
    if isinstance(first, (tuple, list)):
        return type(first) is type(second) and len(first) == len(second) and all(map(same, first, second))
    if isinstance(first, float):
        return isinstance(second, float) and (repr(first) == repr(second))
    return type(first) is type(second) and bool(first == second)
