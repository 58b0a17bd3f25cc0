"""Logs of the kinds of runs that the dashboard must show well: written as the callback writes them.

::

    python -m tests.plugin.scenarios OUT
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas

from tb_inputdiag import check_data
from tb_inputdiag.log.writer import LogWriter
from tb_inputdiag.records import (
    Alert,
    Consequence,
    Curve,
    Degraded,
    ExpectedRange,
    Failure,
    Images,
    Layout,
    LimitPicture,
    Losses,
    ModelFacts,
    NotJudged,
    Quantity,
    RangePicture,
    Record,
    Sample,
    SessionEnd,
    SessionStart,
    Severity,
    ShapesPicture,
    SizesPicture,
    Span,
    TensorLayout,
    WordsPicture,
)
from tests.log.synthetic import Spec, records

HOSTILE = '<img src=x onerror="window.hit=1">\'"`${1}&amp;</script>\u202egnp'
"""A name as an attacker would choose it: markup, quotes, templates, and a switch of the writing direction."""

NOW = time.time()


def write(out: Path, items: Iterable[Record], *, session: str, per_flush: int = 50) -> None:
    """Writes records as one session."""
    clock = [NOW]
    writer = LogWriter(out, session=session, clock=lambda: clock[0])
    for number, record in enumerate(items):
        clock[0] = getattr(record, "wall_time", clock[0])
        writer.write(record)
        if number % per_flush == 0:
            writer.flush()
    writer.close()


def spec(name: str, **changes: object) -> Spec:
    """Returns a session that ended a minute ago."""
    made = Spec(session=f"20261123T231405-{abs(hash(name)) % 16**6:06x}", samples=300, weights=12, alerts=0)
    made = replace(made, **changes)  # type: ignore[arg-type]  # names of fields of Spec
    return replace(made, start=NOW - 60 - made.samples * made.every * made.step_time_s)


def healthy() -> tuple[Spec, Iterator[Record]]:
    """A run in which all is well: scaled images, a falling loss."""
    made = spec("healthy", inputs=1)

    def calm(record: Record) -> Record:
        if isinstance(record, Sample):
            return replace(record, tensors=_scaled(record, 255.0))
        if isinstance(record, Layout):
            return replace(
                record, tensors=tuple(replace(t, dtype="float32") if t.name == "image" else t for t in record.tensors)
            )
        return record

    return made, map(calm, records(made))


def _scaled(record: Sample, by: float) -> object:
    tensors = record.tensors
    rows = np.isclose(tensors.max, 250, atol=8)
    columns = {}
    for name in ("min", "max", "mean", "std"):
        columns[name] = np.where(rows, getattr(tensors, name) / by, getattr(tensors, name))
    quantiles = np.where(rows[:, None], tensors.quantiles / np.float32(by), tensors.quantiles)
    return replace(tensors, **columns, quantiles=quantiles.astype(np.float32))


def unscaled() -> tuple[Spec, Iterator[Record]]:
    """Raw pixels, an alert that was resolved, and a hint."""
    made = spec("unscaled", alerts=2, inputs=3)

    def more() -> Iterator[Record]:
        for record in records(made):
            if isinstance(record, SessionEnd):
                yield Alert(
                    id=7,
                    rule="vanishing-gradient",
                    severity=Severity.WARNING,
                    subject="layer:conv2d",
                    split="train",
                    first_step=120,
                    last_step=400,
                    count=29,
                    state="resolved",
                    resolved_step=430,
                    message="Gradients shrink 4,000-fold from the last layer to 'conv2d'.",
                    evidence={"ratio": 0.00025, "first_layer": "conv2d"},
                    picture=LimitPicture(
                        label="gradient of the first layer over that of the last",
                        value=0.00025,
                        limit=0.001,
                        bound="at least",
                    ),
                    curves=(_weight_curve("conv2d/kernel"),),
                    why="The first layers learn nothing while this holds.",
                    fix='keras.layers.Dense(64, activation="relu", kernel_initializer="he_normal")',
                )
            if isinstance(record, ModelFacts):
                record = replace(record, degraded=(_DEGRADED,))
            if isinstance(record, Alert):
                record = _drawn(record)
            yield record
            if isinstance(record, Layout) and record.split == "train":
                yield from _EXPECTED
                yield NotJudged(rule="loss-scale-collapse", reason=_DEGRADED.effect)

    return made, more()


_DEGRADED = Degraded(accessor="loss_scale", effect="The loss scale is not known in this version of Keras.")
_EXPECTED = (
    ExpectedRange(
        rule="unnormalized-input",
        subject="input:image",
        stage="entry",
        low=-20.0,
        high=20.0,
        reason="The initial weights of 'conv2d' are made for inputs of about unit scale.",
    ),
    ExpectedRange(
        rule="label-out-of-range",
        subject="target:label",
        low=0.0,
        high=9.0,
        reason="The output has 10 units, so class ids run from 0 to 9.",
    ),
    ExpectedRange(
        rule="feature-scale-disparity", subject="input:table", high=1000.0, reason="Larger columns drown the others."
    ),
)


def _weight_curve(name: str) -> Curve:
    return Curve(label="Gradient norm", quantity=Quantity(stream="weights", column="gradient_norm", name=name))


def _tensor(column: str, stage: str = "fed") -> Quantity:
    return Quantity(stream="tensors", column=column, name="image", stage=stage)  # type: ignore[arg-type]  # a literal


def _drawn(alert: Alert) -> Alert:
    """Returns an alert of the synthetic session with its picture and curves."""
    if alert.rule == "integer-input":
        return replace(alert, picture=WordsPicture(seen="uint8", expected="float32"))
    range_and_mean = Curve(
        label="Range and mean of image as 'conv2d' reads it",
        quantity=_tensor("mean", "entry"),
        low=_tensor("min", "entry"),
        high=_tensor("max", "entry"),
        expected=Span(low=-20.0, high=20.0),
    )
    return replace(
        alert,
        last_step=2990,
        count=300,
        evidence={"min": 0.0, "max": 255.0, "mean": 127.4, "std": 73.1, "layer": "conv2d", "dtype": "uint8"},
        picture=RangePicture(
            seen=(Span(low=0.0, high=255.0, label="Seen", mark=127.4),),
            expected=Span(low=-20.0, high=20.0, label="Expected"),
        ),
        curves=(range_and_mean,),
        consequences=(
            Consequence(
                rule="learning-rate-too-high", subject="optimizer", text="Each step changes the weights by 40 %."
            ),
        ),
    )


def exploded() -> tuple[Spec, Iterator[Record]]:
    """The loss turns into NaN in the middle of the run, which then crashes."""
    made = spec("exploded", inputs=2, end=False, weights=30)
    bad_step = 2000

    def broken() -> Iterator[Record]:
        for record in records(made):
            if isinstance(record, Sample) and record.split == "train" and record.step > bad_step - 300:
                growth = math.exp((record.step - bad_step + 300) / 60)
                weights = record.weights
                assert weights is not None
                norms = (weights.gradient_norm * growth).astype(np.float32)
                if record.step >= bad_step:
                    norms = np.full_like(norms, np.nan)
                    record = replace(record, loss=math.nan, gradient_norm=math.nan)
                else:
                    record = replace(record, loss=record.loss * growth, gradient_norm=record.gradient_norm * growth)
                counts = np.full_like(norms, 288.0 if record.step >= bad_step else 0.0)
                record = replace(record, weights=replace(weights, gradient_norm=norms, gradient_nonfinite_count=counts))
            if isinstance(record, Losses):
                late = record.step >= bad_step
                grown = np.exp(np.clip((record.step - bad_step + 300) / 60, 0, None))
                record = replace(record, loss=np.where(late, np.nan, record.loss * grown).astype(np.float32))
            yield record
            if isinstance(record, Sample) and record.split == "train" and record.step == bad_step:
                yield Alert(
                    id=0,
                    rule="non-finite-loss",
                    severity=Severity.ERROR,
                    subject="loss",
                    split="train",
                    first_step=bad_step,
                    last_step=bad_step + 990,
                    count=100,
                    wall_time=record.wall_time,
                    message="The loss is NaN since step 2,000; the gradient of 'conv2d/kernel' went bad first.",
                    evidence={"loss": math.nan, "went_bad_first": "gradient", "layer": "conv2d", "step": bad_step},
                    picture=WordsPicture(
                        seen="NaN", expected="a finite number", seen_label="loss", expected_label="expected"
                    ),
                    curves=(Curve(label="Training loss", quantity=Quantity(stream="losses", column="loss")),),
                    why="From here on every weight is NaN: nothing that follows is training.",
                    fix="optimizer = keras.optimizers.Adam(1e-4, clipnorm=1.0)",
                    consequences=(
                        Consequence(
                            rule="non-finite-gradient", subject="weight:conv2d/kernel", text="The gradient is NaN."
                        ),
                    ),
                )
                yield Alert(
                    id=1,
                    rule="exploding-gradient",
                    severity=Severity.WARNING,
                    subject="weight:conv2d/kernel",
                    split="train",
                    first_step=bad_step - 200,
                    last_step=bad_step - 10,
                    count=19,
                    wall_time=record.wall_time,
                    message="The gradient of 'conv2d/kernel' grew 140-fold within 200 steps.",
                    evidence={"gradient_norm": 118.0, "past_median": 0.84},
                    picture=SizesPicture(
                        label="gradient norm of each weight",
                        names=("conv2d/kernel", "conv2d/bias", "dense/kernel", "dense/bias"),
                        sizes=(118.0, 12.0, 0.9, 0.3),
                        marked=(0,),
                        largest_ratio=100.0,
                    ),
                    curves=(_weight_curve("conv2d/kernel"),),
                    why="The next update throws the weights far away from where the loss was small.",
                    fix="optimizer = keras.optimizers.Adam(1e-3, clipnorm=1.0)",
                )
        yield SessionEnd(
            wall_time=NOW - 60, step=3000, status="stopped", reason="stop_on='ERROR': non-finite-loss at step 2000"
        )

    return made, broken()


def mismatched() -> tuple[Spec, Iterator[Record]]:
    """`fit` raises before its first step: the shape of the data is not the model's."""
    made = spec("mismatched", samples=1)
    fed = TensorLayout(name="x", role="input", shape=(32, 784), dtype="float32")
    target = TensorLayout(name="y", role="target", shape=(32,), dtype="int64")

    def died() -> Iterator[Record]:
        for record in records(made):
            if isinstance(record, (SessionStart, ModelFacts)):
                yield record
        yield Failure(
            step=0,
            wall_time=NOW - 60,
            split="train",
            exception="ValueError",
            where="conv2d",
            fed=(fed, target),
            message='Exception encountered when calling Functional.call().\n\nInput 0 of layer "conv2d" is '
            "incompatible with the layer: expected min_ndim=4, found ndim=2. Full shape received: (32, 784)",
        )
        yield Alert(
            id=0,
            rule="shape-mismatch",
            severity=Severity.ERROR,
            subject="input:x",
            split="train",
            first_step=0,
            last_step=0,
            count=1,
            wall_time=NOW - 60,
            message="Input 'x' has the shape (32, 784); layer 'conv2d' expects (None, 28, 28, 1).",
            evidence={"shape": [32, 784], "expected_shape": [None, 28, 28, 1], "dtype": "float32", "layer": "conv2d"},
            picture=ShapesPicture(seen=(32, 784), expected=(None, 28, 28, 1)),
            why="The step cannot run at all: `fit` stops with an exception.",
            fix="x = x.reshape(-1, 28, 28, 1)",
        )
        yield SessionEnd(wall_time=NOW - 60, step=0, status="failed", reason="ValueError")

    return made, died()


def hostile() -> tuple[Spec, Iterator[Record]]:
    """Every name and text that a log can hold is markup."""
    made = spec("hostile", samples=60, alerts=4, inputs=2)
    name = HOSTILE

    def evil(record: Record) -> Record:
        if isinstance(record, SessionStart):
            return replace(record, host=name, versions={name: name})
        if isinstance(record, ModelFacts):
            layers = tuple(
                replace(layer, name=layer.name + name, class_name=name, config={**layer.config, "activation": name})
                for layer in record.layers
            )
            weights = tuple(replace(w, name=f"{w.name}{name}", initializer=name) for w in record.weights)
            return replace(
                record,
                name=name,
                layers=layers,
                weights=weights,
                loss={"name": name},
                optimizer={"name": name},
                output_activations={name: name},
                entries={name: name},
            )
        if isinstance(record, Layout):
            tensors = tuple(replace(t, name=f"{t.name}{name}", layer=f"{t.layer}{name}") for t in record.tensors)
            weights = tuple(f"{w}{name}" for w in record.weights)
            return replace(
                record, tensors=tensors, weights=weights, layers=tuple(layer + name for layer in record.layers)
            )
        if isinstance(record, Images):
            return replace(record, name=f"{record.name}{name}", labels=(name,) * len(record.labels))
        if isinstance(record, Alert):
            return replace(
                record,
                rule=name,
                subject=f"{record.subject}{name}",
                message=name * 2,
                why=name,
                fix=name,
                evidence={name: name, "shape": name},
                picture=WordsPicture(seen=name, expected=name, seen_label=name, expected_label=name),
                curves=(Curve(label=name, quantity=Quantity(stream="losses", column="loss")),),
                consequences=(Consequence(rule=name, subject=name, text=name),),
            )
        return record

    return made, map(evil, records(made))


SCENARIOS: dict[str, Callable[[], tuple[Spec, Iterator[Record]]]] = {
    "healthy": healthy,
    "unscaled": unscaled,
    "exploded": exploded,
    "mismatched": mismatched,
}


def write_scenario(out: Path, make: Callable[[], tuple[Spec, Iterator[Record]]]) -> None:
    """Writes one scenario below `out`."""
    made, items = make()
    write(out, items, session=made.session)


def check_table(out: Path) -> None:
    """Checks a table with gaps, categories, a column of one value, and copies; a column of it has a hostile name."""
    rng = np.random.default_rng(0)
    n = 900
    x = pandas.DataFrame({"age": rng.normal(0, 1, n), "city": rng.choice(["Rome", "Oslo", HOSTILE], n)})
    x["constant"], x[HOSTILE] = 1.0, rng.normal(0, 1, n)
    x.loc[:89, "age"] = np.nan
    x.iloc[690:] = x.iloc[:210].to_numpy()
    y = rng.integers(0, 3, n)
    check_data(x[:700], y[:700], validation_data=(x[700:], y[700:]), log_dir=out, progress=False)


def write_all(out: Path) -> None:
    """Writes every scenario, the hostile one below a folder whose name is markup, too."""
    check_table(out / "table")
    for name, make in SCENARIOS.items():
        write_scenario(out / name, make)
    write_scenario(out / "<b onmouseover=alert(1)>run", hostile)


if __name__ == "__main__":
    write_all(Path(sys.argv[1]))
