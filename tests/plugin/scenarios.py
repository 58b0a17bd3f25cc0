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

from tb_inputdiag.log.writer import LogWriter
from tb_inputdiag.records import (
    Alert,
    Consequence,
    Failure,
    Images,
    Layout,
    Losses,
    ModelFacts,
    Record,
    Sample,
    SessionEnd,
    SessionStart,
    Severity,
    TensorLayout,
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
                    evidence={"ratio": 0.00025, "expected_min_ratio": 0.001, "first_layer": "conv2d"},
                    why="The first layers learn nothing while this holds.",
                    fix='keras.layers.Dense(64, activation="relu", kernel_initializer="he_normal")',
                )
            if isinstance(record, Alert) and record.id == 0:
                record = replace(
                    record,
                    last_step=2990,
                    count=300,
                    evidence={
                        "min": 0.0,
                        "max": 255.0,
                        "mean": 127.4,
                        "std": 73.1,
                        "expected_low": 0.0,
                        "expected_high": 1.0,
                        "layer": "conv2d",
                        "dtype": "uint8",
                    },
                    consequences=(
                        Consequence(
                            rule="learning-rate-too-high",
                            subject="optimizer",
                            text="Each step changes the weights by 40 %.",
                        ),
                    ),
                )
            yield record

    return made, more()


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
                    evidence={"gradient_norm": 118.0, "past_median": 0.84, "expected_max_gradient_norm": 8.4},
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


def write_all(out: Path) -> None:
    """Writes every scenario, the hostile one below a folder whose name is markup, too."""
    for name, make in SCENARIOS.items():
        write_scenario(out / name, make)
    write_scenario(out / "<b onmouseover=alert(1)>run", hostile)


if __name__ == "__main__":
    write_all(Path(sys.argv[1]))
