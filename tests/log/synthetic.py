"""Sessions that look like real training, made of random numbers. For tests, benchmarks and work on the dashboard.

::

    python -m tests.log.synthetic OUT --samples 500 --weights 50
    python -m tests.log.synthetic OUT --samples 100 --live 60      # spread over a minute, like a live run
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tb_inputdiag.log.writer import LogWriter
from tb_inputdiag.records import (
    MAX_BAD_EXAMPLES,
    MAX_EXAMPLE_IDS,
    N_QUANTILES,
    Alert,
    Consequence,
    Cost,
    Curve,
    Degraded,
    EpochEnd,
    ExpectedRange,
    Images,
    LayerFacts,
    LayerTable,
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
    SizesPicture,
    Span,
    TensorLayout,
    TensorTable,
    WeightFacts,
    WeightTable,
    WordsPicture,
    layout_sizes,
)

START = 1_795_392_000.0
"""Default wall time of the first record."""


@dataclass(frozen=True)
class Spec:
    """What a synthetic session looks like."""

    samples: int = 200
    weights: int = 8
    inputs: int = 3
    every: int = 10
    """Steps between samples."""
    epochs: int = 5
    alerts: int = 4
    images: bool = True
    declarations: bool = False
    """Expected ranges, a rule that could not judge, and facts that could not be read."""
    validation: bool = True
    end: bool = True
    seed: int = 0
    session: str = "20261123T231405-000000"
    start: float = START
    step_time_s: float = 0.02
    batch_size: int = 32

    @property
    def layers(self) -> int:
        return max(1, round(self.weights * 1.09)) if self.weights > 8 else max(1, self.weights // 2 + 3)


def tensor_layouts(spec: Spec) -> tuple[TensorLayout, ...]:
    image = TensorLayout(
        name="image",
        role="input",
        shape=(None, 28, 28, 3),
        dtype="uint8",
        feature_axis=3,
        features=(0, 1, 2),
        n_features=3,
    )
    inputs = [
        image,
        replace(
            image,
            stage="entry",
            dtype="float32",
            layer="conv2d",
            layer_class="Conv2D",
            sources=("image",),
            same_as_fed=True,
        ),
    ]
    if spec.inputs > 1:
        inputs.append(
            TensorLayout(
                name="table", role="input", shape=(None, 12), feature_axis=1, features=tuple(range(12)), n_features=12
            )
        )
    if spec.inputs > 2:
        inputs.append(TensorLayout(name="tokens", role="input", shape=(None, 40), dtype="int32", n_classes=64))
    inputs += [TensorLayout(name=f"extra_{i}", role="input", shape=(None, 4)) for i in range(3, spec.inputs)]
    return (
        *inputs,
        TensorLayout(name="label", role="target", shape=(None,), dtype="int64", n_classes=10),
        TensorLayout(
            name="y_pred",
            role="prediction",
            shape=(None, 10),
            layer="dense",
            feature_axis=1,
            features=tuple(range(10)),
            n_features=10,
        ),
    )


def weight_names(spec: Spec) -> tuple[str, ...]:
    names = []
    for i in range(math.ceil(spec.weights / 2)):
        layer = "conv2d" if i == 0 else f"block{i // 4}/conv2d_{i}"
        names += [f"{layer}/kernel", f"{layer}/bias"]
    return tuple(names[: spec.weights])


def facts(spec: Spec) -> ModelFacts:
    names = weight_names(spec)
    return ModelFacts(
        name="synthetic",
        class_name="Functional",
        kind="functional",
        layers=tuple(
            LayerFacts(
                name=f"layer_{i}" if i else "conv2d",
                class_name="Conv2D" if i % 2 == 0 else "BatchNormalization",
                output_shape=(None, 26, 26, 32),
                n_params=320,
                n_trainable_params=320,
                config={"activation": "relu", "filters": 32, "kernel_size": (3, 3), "rate": None},
                inbound=(f"layer_{i - 1}",) if i else (),
            )
            for i in range(spec.layers)
        ),
        weights=tuple(
            WeightFacts(
                name=name,
                shape=(3, 3, 1, 32) if name.endswith("kernel") else (32,),
                dtype="float32",
                trainable=True,
                layer=name.rpartition("/")[0],
                initial_std=0.12,
                initializer="GlorotUniform",
            )
            for name in names
        ),
        inputs=tuple(t for t in tensor_layouts(spec) if t.role == "input" and t.stage == "fed"),
        loss={"name": "sparse_categorical_crossentropy", "from_logits": True},
        optimizer={"name": "adam", "learning_rate": 1e-3, "clipnorm": None},
        metrics=("accuracy",),
        output_activations={"y_pred": "linear"},
        output_units={"y_pred": 10},
        entries={"image": "conv2d"},
    )


def _floats(values: Any) -> np.ndarray[Any, Any]:
    return np.asarray(values, np.float32)


class Generator:
    """Makes the tables of one session, step by step."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.random = np.random.default_rng(spec.seed)
        self.tensors = tensor_layouts(spec)
        self.layout = Layout(
            id=0,
            split="train",
            tensors=self.tensors,
            weights=weight_names(spec),
            layers=tuple(f"layer_{i}" if i else "conv2d" for i in range(spec.layers)),
        )
        self.validation = Layout(id=1, split="validation", tensors=self.tensors)
        self.sizes = layout_sizes(self.layout)
        self.weight_norm = self.random.lognormal(1.0, 0.8, spec.weights)
        self.scale = self.random.lognormal(-2.0, 1.0, spec.weights)

    def tensor_table(self) -> TensorTable:
        random, spec, sizes = self.random, self.spec, self.sizes
        n = sizes["T"]
        shape = np.full((n, 8), -1, np.int64)
        columns: dict[str, list[float]] = {name: [] for name in ("min", "max", "mean", "std", "zero", "whole")}
        quantiles, feature_parts, class_parts = [], [], []
        for row, tensor in enumerate(self.tensors):
            batch = (spec.batch_size, *(int(d or 1) for d in (tensor.shape or ())[1:]))
            shape[row, : len(batch)] = batch
            low, high = {"image": (0.0, 255.0), "tokens": (0.0, 63.0), "label": (0.0, 9.0)}.get(
                tensor.name, (-3.0, 3.0)
            )
            values = np.sort(random.uniform(low, high, 256))
            whole = "int" in tensor.dtype or tensor.name == "image"
            values = np.round(values) if whole else values
            for name, value in {
                "min": values[0],
                "max": values[-1],
                "mean": values.mean(),
                "std": values.std(),
                "zero": float((values == 0).mean()),
                "whole": float(whole),
            }.items():
                columns[name].append(float(value))
            quantiles.append(np.quantile(values, np.linspace(0, 1, N_QUANTILES)))
            centre = random.normal((low + high) / 2, (high - low) / 50, len(tensor.features))
            spread = np.full(len(tensor.features), (high - low) / 4) * random.uniform(0.9, 1.1, len(tensor.features))
            feature_parts.append(np.stack([centre - 2 * spread, centre + 2 * spread, centre, spread]))
            classes = tensor.n_classes or 1
            class_parts.append(random.multinomial(spec.batch_size, np.full(classes, 1 / classes))[: tensor.n_classes])
        features = np.concatenate(feature_parts, axis=1) if feature_parts else np.zeros((4, 0))
        one_hot = np.full(n, np.nan, np.float32)
        return TensorTable(
            shape=shape,
            count=np.array([int(np.prod(s[s >= 0])) for s in shape], np.int64),
            **{name: np.array(columns[name]) for name in ("min", "max", "mean", "std")},
            nan_count=np.zeros(n, np.int64),
            inf_count=np.zeros(n, np.int64),
            negative_inf_count=np.zeros(n, np.int64),
            zero_fraction=_floats(columns["zero"]),
            whole_fraction=_floats(columns["whole"]),
            one_hot_fraction=one_hot,
            row_sum_min=one_hot,
            row_sum_max=one_hot,
            quantiles=_floats(quantiles),
            bad_examples=np.full((n, MAX_BAD_EXAMPLES), -1, np.int32),
            **{f"feature_{name}": _floats(features[i]) for i, name in enumerate(("min", "max", "mean", "std"))},
            class_counts=_floats(np.concatenate(class_parts)),
            example_ids=random.integers(1, 2**32, MAX_EXAMPLE_IDS, dtype=np.uint32),
        )

    def weight_table(self) -> WeightTable:
        n = self.spec.weights
        norm = _floats(self.scale * self.random.lognormal(0, 0.3, n))
        self.weight_norm *= 1 + self.random.normal(1e-4, 1e-4, n)
        zeros = np.zeros(n, np.float32)
        return WeightTable(
            gradient_norm=norm,
            gradient_max_abs=_floats(norm * self.random.uniform(0.1, 0.5, n)),
            gradient_zero_fraction=zeros,
            gradient_nonfinite_count=zeros,
            clipped_gradient_norm=norm,
            weight_norm=_floats(self.weight_norm),
            weight_nonfinite_count=zeros,
            update_ratio=_floats(self.random.lognormal(-6.5, 0.3, n)),
        )

    def layer_table(self) -> LayerTable:
        n = self.spec.layers
        relu = np.arange(n) % 2 == 0
        zeros = np.zeros(n, np.float32)
        return LayerTable(
            mean=_floats(self.random.normal(0.4, 0.1, n)),
            std=_floats(self.random.lognormal(0, 0.2, n)),
            max_abs=_floats(self.random.lognormal(2, 0.2, n)),
            zero_fraction=_floats(np.where(relu, self.random.uniform(0.3, 0.6, n), 0)),
            nonfinite_count=zeros,
            dead_fraction=_floats(np.where(relu, self.random.integers(0, 3, n) / 32, np.nan)),
            saturated_fraction=np.full(n, np.nan, np.float32),
            moving_mean_shift=np.full(n, np.nan, np.float32),
            moving_std_factor=np.full(n, np.nan, np.float32),
        )

    def sample(self, step: int, epoch: int, loss: float, wall_time: float, layout: Layout) -> Sample:
        train = layout.split == "train"
        norm = float(np.sqrt((self.scale**2).sum()) * self.random.lognormal(0, 0.2))
        nan = math.nan
        return Sample(
            layout=layout.id,
            split=layout.split,
            step=step,
            epoch=epoch,
            wall_time=wall_time,
            batch_size=self.spec.batch_size,
            loss=loss,
            penalty=0.0,
            learning_rate=1e-3 if train else nan,
            step_time_s=self.spec.step_time_s * self.random.lognormal(0, 0.1),
            cost_s=1e-3 * self.random.lognormal(0, 0.2),
            loss_scale=1.0,
            gradient_norm=norm if train else nan,
            clipped_gradient_norm=norm if train else nan,
            skipped=False,
            tensors=self.tensor_table(),
            weights=self.weight_table() if train else None,
            layers=self.layer_table() if train else None,
        )

    def images(self, step: int) -> Images:
        y, x = np.mgrid[0:28, 0:28]
        pictures = [
            (127 + 127 * np.sin((x * (i + 1) + y * channel + step) / 5.0)) for i in range(4) for channel in range(3)
        ]
        pixels = np.stack(pictures).reshape(4, 3, 28, 28).transpose(0, 2, 3, 1)
        return Images(
            step=step,
            split="train",
            name="image",
            stage="fed",
            pixels=np.ascontiguousarray(pixels.astype(np.uint8)),
            low=0.0,
            high=255.0,
            labels=("3", "1", "4", "1"),
        )


def _alerts(spec: Spec, steps: int) -> list[tuple[int, Alert]]:
    known = [
        Alert(
            id=0,
            rule="unnormalized-input",
            severity=Severity.WARNING,
            subject="input:image",
            split="train",
            first_step=0,
            last_step=0,
            count=1,
            message="Input 'image' reaches the first trainable layer 'conv2d' with values from 0 to 255.",
            evidence={"min": 0.0, "max": 255.0, "mean": 127.4, "expected_max_abs": 20.0, "layer": "conv2d"},
            why="Weights are initialised for inputs of unit scale; inputs a hundred times larger make the first "
            "updates a hundred times too large, and training slow or unstable.",
            fix="Put this in front of 'conv2d':\n\n    keras.layers.Rescaling(1/255)\n\nor feed x / 255.",
            picture=RangePicture(
                seen=(Span(low=0.0, high=255.0, label="Seen", mark=127.4),), expected=Span(low=-20.0, high=20.0)
            ),
            curves=(
                Curve(
                    label="Mean of 'image'",
                    quantity=Quantity(stream="tensors", column="mean", name="image"),
                    low=Quantity(stream="tensors", column="min", name="image"),
                    high=Quantity(stream="tensors", column="max", name="image"),
                    expected=Span(low=-20.0, high=20.0),
                ),
            ),
        ),
        Alert(
            id=1,
            rule="integer-input",
            severity=Severity.INFO,
            subject="input:image",
            split="train",
            first_step=0,
            last_step=0,
            count=1,
            message="Input 'image' is uint8 and is cast to float32 by Keras.",
            evidence={"dtype": "uint8"},
            why="The cast is silent; integer arithmetic before it truncates.",
            fix="x = x.astype('float32') / 255",
            picture=WordsPicture(seen="uint8", expected="float32"),
        ),
        Alert(
            id=2,
            rule="non-finite-gradient",
            severity=Severity.ERROR,
            subject="weight:conv2d/kernel",
            split="train",
            first_step=steps // 3,
            last_step=steps // 3,
            count=1,
            message=f"The gradient of 'conv2d/kernel' holds 12 NaN at step {steps // 3}.",
            evidence={"nan_count": 12, "gradient_norm": math.nan},
            why="One NaN in a gradient makes the weight NaN, and all that follows.",
            fix="Clip gradients: keras.optimizers.Adam(clipnorm=1.0)",
            consequences=(Consequence(rule="non-finite-loss", subject="loss", text="The loss is NaN."),),
            picture=LimitPicture(label="NaN in the gradient", value=math.inf, limit=0.0),
            curves=(
                Curve(
                    label="Gradient norm",
                    quantity=Quantity(stream="weights", column="gradient_norm", name="conv2d/kernel"),
                    beside=Quantity(stream="losses", column="loss"),
                    beside_label="Loss",
                ),
            ),
        ),
        Alert(
            id=3,
            rule="feature-scale-disparity",
            severity=Severity.WARNING,
            subject="input:table",
            split="train",
            first_step=0,
            last_step=0,
            count=1,
            message="Columns 3 and 7 of input 'table' differ in scale by a factor of 52,000.",
            evidence={"columns": [3, 7], "ratio": 52000.0},
            why="The large column drowns the small one.",
            fix="keras.layers.Normalization()",
            picture=SizesPicture(
                label="Typical size of each column",
                names=("3", "7", "8"),
                sizes=(1.0, 52000.0, 1.3),
                marked=(1,),
                largest_ratio=1000.0,
            ),
        ),
    ]
    found = [replace(known[i % len(known)], id=i) for i in range(spec.alerts)]
    return [(alert.first_step, replace(alert, wall_time=spec.start + 1)) for alert in found]


_DEGRADED = (Degraded(accessor="compiled_loss", effect="How the model was compiled is unknown."),)


def _declarations() -> Iterator[Record]:
    yield NotJudged(rule="label-loss-mismatch", reason="How the model was compiled is unknown.")
    yield ExpectedRange(
        rule="unnormalized-input",
        subject="input:image",
        stage="entry",
        low=-20.0,
        high=20.0,
        reason="A layer follows that was initialized for inputs of unit scale.",
    )
    yield ExpectedRange(rule="label-out-of-range", subject="target:label", low=0.0, high=9.0, reason="10 classes.")


def records(spec: Spec) -> Iterator[Record]:
    """Yields the records of a session in their order."""
    made = Generator(spec)
    steps = spec.samples * spec.every
    yield SessionStart(
        session=spec.session,
        wall_time=spec.start,
        versions={"python": "3.12", "tb_inputdiag": "0.1.0", "keras": "3.15", "tensorflow": "2.21", "numpy": "2.4"},
        settings={"every": "auto", "overhead_budget": 0.01, "rules": None, "stop_on": None, "images": 4},
        host="synthetic",
        pid=1,
        params={"epochs": spec.epochs, "steps": steps // max(spec.epochs, 1), "verbose": 1},
    )
    yield replace(facts(spec), degraded=_DEGRADED if spec.declarations else ())
    yield made.layout
    if spec.validation:
        yield made.validation
    if spec.declarations:
        yield from _declarations()
    alerts = _alerts(spec, steps)
    epoch = 0
    for index in range(spec.samples):
        step = index * spec.every
        now = spec.start + 1 + step * spec.step_time_s
        trend = 2.3 * np.exp(-2 * np.arange(step, step + spec.every) / max(steps, 1))
        losses = _floats(trend + made.random.gamma(2, 0.02, spec.every))
        yield made.sample(step, epoch, float(losses[0]), now, made.layout)
        if spec.images and index % 50 == 0:
            yield made.images(step)
        while alerts and alerts[0][0] <= step:
            yield alerts.pop(0)[1]
        yield Losses(step=np.arange(step, step + spec.every), loss=losses, epoch=epoch)
        if (index + 1) * spec.epochs // max(spec.samples, 1) > epoch:
            if spec.validation:
                yield made.sample(step + spec.every, epoch, float(losses[-1]) * 1.1, now, made.validation)
            logs = {"loss": float(losses.mean()), "accuracy": 0.5, "val_loss": float(losses.mean()) * 1.1}
            yield EpochEnd(epoch=epoch, step=step + spec.every, wall_time=now, logs=logs)
            yield Cost(
                step=step,
                wall_time=now,
                elapsed_s=now - spec.start,
                spent_s=1.2 + (now - spec.start) * 0.008,
                setup_s=1.2,
                samples=index + 1,
                steps=step,
                every=float(spec.every),
                log_bytes=1000 * index,
            )
            epoch += 1
    if spec.end:
        yield SessionEnd(wall_time=spec.start + 1 + steps * spec.step_time_s, step=steps - 1, status="finished")


class Clock:
    """A clock that only moves when it is set."""

    def __init__(self, now: float = START) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def write(out: Path, spec: Spec, *, per_flush: int = 50, live_s: float = 0.0) -> Path:
    """Writes a session below `out` and returns its event file.

    Args:
        out: The log directory.
        spec: What to write.
        per_flush: Samples between two flushes.
        live_s: Spread the session over as many seconds, in real time.
    """
    clock = Clock(spec.start)
    writer = LogWriter(out, session=spec.session, clock=time.time if live_s else clock)
    seen = 0
    for record in records(spec):
        writer.write(record)
        if isinstance(record, Sample):
            seen += 1
            clock.now = record.wall_time
            if live_s:
                time.sleep(live_s / spec.samples)
            elif seen % per_flush == 0:
                writer.flush()
    writer.close()
    return writer.path


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("out", type=Path, help="log directory to write below")
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--weights", type=int, default=8)
    parser.add_argument("--inputs", type=int, default=3)
    parser.add_argument("--every", type=int, default=10, help="steps between samples")
    parser.add_argument("--alerts", type=int, default=4)
    parser.add_argument("--sessions", type=int, default=1)
    parser.add_argument("--runs", type=int, default=1, help="more than 1: folders run-000, run-001, ...")
    parser.add_argument("--per-flush", type=int, default=50, help="samples between flushes")
    parser.add_argument("--live", type=float, default=0.0, metavar="S", help="spread over as many seconds")
    parser.add_argument("--no-end", action="store_true", help="as if the process was killed")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for run in range(options.runs):
        for session in range(options.sessions):
            start = time.time() if options.live else START + 3600.0 * session
            stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(start))
            spec = Spec(
                samples=options.samples,
                weights=options.weights,
                inputs=options.inputs,
                every=options.every,
                alerts=options.alerts,
                end=not options.no_end,
                seed=options.seed + run * 1000 + session,
                session=f"{stamp}-{run:03d}{session:03d}",
                start=start,
            )
            out = options.out / f"run-{run:03d}" if options.runs > 1 else options.out
            print(write(out, spec, per_flush=options.per_flush, live_s=options.live))


if __name__ == "__main__":
    main()
