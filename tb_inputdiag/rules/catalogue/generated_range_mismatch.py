"""The rule `generated-range-mismatch`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tb_inputdiag.keras_vocabulary import SHAPE_ONLY
from tb_inputdiag.numbers import format_number
from tb_inputdiag.records import LayerFacts, ModelFacts, RangePicture, Severity, Span, TensorView
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, fires, layer, pixels, silent
from tb_inputdiag.rules.support.curves import tensor_curves
from tb_inputdiag.rules.support.layers import activation_of
from tb_inputdiag.rules.support.symptoms import SYMPTOMS
from tb_inputdiag.rules.support.text import variable
from tb_inputdiag.rules.views.context import Context
from tb_inputdiag.statistics.namespace import Shape

__all__ = ["GeneratedRangeMismatch"]

_REACH = {"tanh": (-1.0, 1.0), "sigmoid": (0.0, 1.0), "hard_sigmoid": (0.0, 1.0)}
_KEPT = {"": 1.0, "linear": 1.0, "relu": math.sqrt(0.5)}
"""Activation -> size of what it makes of numbers around 0, relative to them."""
_UNIT = 1.05
"""Data that were scaled to end at 1 may overshoot by 5 % where they were resampled."""


class GeneratedRangeMismatch(Rule):
    """Real data and what a generator makes of the same shape have different ranges.

    ## What it does
    Finds the generator of a model with a `train_step` of its own: a part that ends in tanh or sigmoid, maybe reshaped
    afterwards, and has outputs of the shape of the input. It fires if the real data leave the range of that activation,
    and, if there is a discriminator, if they are never below 0 while tanh reaches from -1 to 1. Where real and
    generated data are joined before the discriminator reads them, the size of its first outputs says what it read. In
    a loop of `train_on_batch` it compares the batches of real data with those of generated data, which come in turn.

    ## Why is this bad?
    The discriminator needs to look at the range only: a single negative pixel gives a generated image away. It wins at
    once, and its gradients teach the generator nothing else.

    ## Example
    ```python
    x = images / 255.0                                                     # 0..1
    layers.Conv2DTranspose(1, 4, strides=2, padding="same", activation="tanh")      # -1..1
    ```

    ## What to do
    Scale the data to the range of the last activation: `x / 127.5 - 1` for tanh, `x / 255` for sigmoid.

    ## References
    - Radford, Metz, Chintala: Unsupervised Representation Learning with DCGANs (ICLR 2016), section 4.
    """

    id = "generated-range-mismatch"
    severity = Severity.WARNING
    persistence = 3
    needs = (
        "sublayers",
        "own_trainable_variables",
    )
    explains = (*SYMPTOMS, "unfinished-training", "missing-nonlinearity")
    why = "The discriminator tells real from generated data by their range, so the generator learns nothing else."

    max_beyond = Threshold(
        0.05,
        "How far real data may lie beyond the range of the generator's last activation.",
        source="Resampling overshoots the range of pixels by up to 5 %.",
    )
    max_real = Threshold(
        4.0,
        "Largest magnitude of real data that this rule judges, unless the discriminator reads them as they are.",
        source="Standardised images end below 4. Larger data may be scaled inside of the step.",
        low=1.0,
    )
    max_read = Threshold(
        50.0,
        "Largest magnitude of real data that the discriminator reads as they are.",
        source="Grey levels may end at 16 or 32. Raw pixels are the subject of unnormalized-input, which begins at 50.",
        low=1.0,
    )
    min_like = Threshold(
        0.4,
        "Size of what the discriminator's first layer reads, estimated from its outputs, relative to the data as fed.",
        source="Half of a joined batch is generated, which leaves 0.7; data of 0..16 scaled to -1..1 leave 0.13.",
        high=1.0,
    )
    min_batches = Threshold(
        2,
        "Batches of real and of generated data that are needed, where they come in turn.",
        source="Of the first five steps, which are sampled, two are of the second kind.",
        low=1,
    )

    def start(self) -> None:
        """Forgets the ranges."""
        self._real: dict[str, tuple[float, float]] = {}
        self._joined: dict[str, bool] = {}
        """Whether the discriminator reads an input as it was fed, although no layer reads it alone."""
        self._by_label: dict[tuple[str, bool], _Seen] = {}

    def on_sample(self, context: Context) -> Findings:
        """Judges each input."""
        facts = context.facts
        if facts is None:
            return None
        judge = self._judge_step if facts.custom_train_step else self._judge_turns
        return [found for view in context.fed("input") if (found := judge(context, facts, view)) is not None]

    # -- a train_step of the user's own -----------------------------------------------------------------

    def _judge_step(self, context: Context, facts: ModelFacts, view: TensorView) -> Finding | None:
        generator = _generator(facts, view.layout.shape)
        if generator is None:
            return None
        entry = next((e for e in context.entries if e.layout.sources == (view.name,)), None)
        read = view if entry is None else entry
        low, high = self._real.get(view.name, (np.inf, -np.inf))
        low, high = self._real[view.name] = min(low, read.min), max(high, read.max)
        bottom, top = _REACH[activation_of(generator)]
        judge = _discriminator(facts, view.layout.shape, generator)
        if entry is None and judge is not None and context.age == 0:
            self._joined[view.name] = _reads_as_fed(context, judge, view, self.min_like)
        # what is joined with generated data is read as fed, unless the step itself scales it
        judged = judge is not None and (entry is not None or self._joined.get(view.name, False))
        if not max(abs(low), abs(high)) <= (self.max_read if judged else self.max_real):
            return None
        beyond = low < bottom - self.max_beyond or high > top + self.max_beyond
        half = bottom < 0 <= low and judged
        if not (beyond or half) or low == high:
            return None
        made = (
            f"'{generator.name}' ends in {activation_of(generator)} ({format_number(bottom)} to {format_number(top)})"
        )
        return self._finding(context, view, (low, high), (bottom, top), made)

    # -- a loop of train_on_batch -----------------------------------------------------------------------

    def _judge_turns(self, context: Context, facts: ModelFacts, view: TensorView) -> Finding | None:
        if len(context.pairs) != 1 or context.pairs[0].units != 1:
            return None
        target = context.pairs[0].target
        if target.min != target.max:
            self._by_label.clear()  # both kinds in a batch: nothing tells them apart
            return None
        for label in (False, True):
            self._by_label.setdefault((view.name, label), _Seen())
        self._by_label[view.name, target.mean > 0.5].add(view)
        real, made = self._by_label[view.name, True], self._by_label[view.name, False]
        if min(real.batches, made.batches) < self.min_batches or max(real.size, made.size) > self.max_real:
            return None
        if real.low >= 0 > -self.max_beyond > made.usual_low or made.low >= 0 > -self.max_beyond > real.usual_low:
            what = f"the batches with target 0 reach from {format_number(made.low)} to {format_number(made.high)}"
            return self._finding(context, view, (real.low, real.high), (made.low, made.high), what)
        return None

    def _finding(
        self, context: Context, view: TensorView, real: tuple[float, float], made: tuple[float, float], what: str
    ) -> Finding:
        return Finding(
            subject=view.subject,
            message=f"Real data '{view.name}' reach from {format_number(real[0])} to {format_number(real[1])}, but "
            f"{what}: the range alone gives generated data away.",
            evidence={"real_min": real[0], "real_max": real[1], "generated_min": made[0], "generated_max": made[1]},
            fix=_scaling(variable(view.name, "input", context.facts), real, made),
            picture=_picture(real, made),
            curves=tensor_curves(context, view),
        )

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        signed, unsigned = pixels() * 2 - 1, pixels()

        def gan(x: np.ndarray, activation: str, parts: int = 2, *, reshaped: bool = False) -> Scenario:
            return _scenario(activation, parts, reshaped=reshaped).train(x=x, steps=4)

        def joined(size: float) -> Scenario:
            """No layer reads the data alone; the first layer's outputs are of this size."""
            made = {"discriminator/conv": {"mean": 0.0, "std": size}}
            return _scenario("tanh", 2).train(x=pixels(16), entry={}, activations=made, steps=4)

        return (
            fires("tanh against 0..1", lambda: gan(unsigned, "tanh"), "input:x", Severity.WARNING),
            fires("sigmoid against -1..1", lambda: gan(signed, "sigmoid"), "input:x", Severity.WARNING),
            fires("tanh against 0..16", lambda: gan(pixels(16), "tanh"), "input:x", Severity.WARNING),
            fires("tanh, then Reshape", lambda: gan(unsigned, "tanh", reshaped=True), "input:x", Severity.WARNING),
            fires("in turn", lambda: _in_turn(unsigned, signed), "input:x", Severity.WARNING),
            silent("tanh and -1..1", lambda: gan(signed, "tanh")),
            silent("sigmoid and 0..1", lambda: gan(unsigned, "sigmoid")),
            silent("-1..1 and tanh, then Reshape", lambda: gan(signed, "tanh", reshaped=True)),
            fires("0..16, joined with tanh", lambda: joined(15.0), "input:x", Severity.WARNING),
            silent("0..16, scaled inside of the step", lambda: joined(1.2)),
            silent("no discriminator reads 0..16", lambda: gan(pixels(16), "sigmoid", parts=1)),
            silent("an autoencoder with tanh", lambda: gan(unsigned, "tanh", parts=1)),
            silent("in turn, of one range", lambda: _in_turn(signed, signed * 0.1)),
            silent("a classifier", lambda: Scenario().train(x=unsigned, steps=4)),
        )


@dataclass
class _Seen:
    """The range of batches with one label."""

    low: float = np.inf
    high: float = -np.inf
    usual_low: float = np.inf
    """Largest 5 % quantile of a batch."""
    batches: int = 0

    def add(self, view: TensorView) -> None:
        """Adds a batch."""
        self.low, self.high = min(self.low, view.min), max(self.high, view.max)
        fifth = float(view.quantiles[round(0.05 * (len(view.quantiles) - 1))])
        self.usual_low = fifth if self.batches == 0 else max(self.usual_low, fifth)
        self.batches += 1

    @property
    def size(self) -> float:
        """Returns the largest magnitude."""
        return max(abs(self.low), abs(self.high))


def _parts(facts: ModelFacts) -> Iterator[tuple[Shape, Shape | None, LayerFacts]]:
    """Yields the shapes that each nested model reads and makes, and the last layer that computes something.

    The shape that it reads has no batch axis.
    """
    for parent in dict.fromkeys(item.parent for item in facts.layers if item.parent):
        inside = [item for item in facts.layers if item.parent == parent]
        first = inside[0].output_shape if inside[0].class_name == "InputLayer" else inside[0].input_shape
        computing = [item for item in inside if item.class_name not in SHAPE_ONLY]
        yield (first or ())[1:], inside[-1].output_shape, (computing or inside)[-1]


def _generator(facts: ModelFacts, shape: Shape | None) -> LayerFacts | None:
    """Returns the last layer of the part that makes tensors of this shape with a bounded activation."""
    if shape is None:
        return None
    made = [last for _, output, last in _parts(facts) if output is not None and output[1:] == shape[1:]]
    bounded = [last for last in made if activation_of(last) in _REACH]
    return bounded[0] if len(bounded) == 1 else None


def _discriminator(facts: ModelFacts, shape: Shape | None, generator: LayerFacts) -> str | None:
    """Returns the path of another part that reads tensors of this shape and gives one number, or a map of such
    numbers."""
    size = _size((shape or ())[1:])
    for read, output, last in _parts(facts):
        if last.name != generator.name and output is not None and read == (shape or ())[1:]:
            made = output[1:]
            if made and made[-1] == 1 and _size(made) < size:
                return last.parent
    return None


def _reads_as_fed(context: Context, part: str, view: TensorView, min_like: float) -> bool:
    """Returns whether the outputs of a part's first layer are as large as those of new weights for the data as fed.

    A unit with weights w makes of inputs of the size r (root mean square) outputs of the size r |w|.
    """
    layers, weights = context.sample.layers, context.sample.weights
    facts = context.facts
    if layers is None or weights is None or facts is None:
        return False
    inside = [item for item in facts.layers if item.parent == part and item.n_trainable_params]
    if not inside or inside[0].name not in context.layout.layers or activation_of(inside[0]) not in _KEPT:
        return False
    kernel = f"{inside[0].name}/kernel"
    units = (inside[0].output_shape or (None,))[-1]
    if kernel not in context.layout.weights or not units:
        return False
    row = context.layout.layers.index(inside[0].name)
    norm = float(weights.weight_norm[context.layout.weights.index(kernel)])
    made = float(np.hypot(layers.mean[row], layers.std[row])) / _KEPT[activation_of(inside[0])]
    read = made * math.sqrt(units) / norm if norm > 0 else 0.0
    return read >= min_like * float(np.hypot(view.mean, view.std))


def _size(shape: Shape) -> int:
    return int(np.prod([size or 1 for size in shape]))


def _scaling(name: str, real: tuple[float, float], made: tuple[float, float]) -> str:
    """Returns code that moves real data to the range of the generator's last activation."""
    low, high = real
    ends = f"# from {format_number(low)}..{format_number(high)}"
    if made[0] >= 0 > low and max(-low, high) <= _UNIT:
        return f"{name} = ({name} + 1) / 2  # from -1..1 to 0..1, the range of sigmoid"
    if low < 0:
        unit = f"({name} + {format_number(-low)}) / {format_number(high - low)}"
    elif high <= _UNIT:
        unit, ends = name, "# from 0..1"
    else:
        unit, ends = f"{name} / {format_number(high)}", f"# from 0..{format_number(high)}"
    if made[0] < 0:
        return f"{name} = {unit} * 2 - 1  {ends} to -1..1, the range of tanh"
    return f"{name} = {unit}  {ends} to 0..1, the range of sigmoid"


def _picture(real: tuple[float, float], made: tuple[float, float]) -> RangePicture:
    spans = [Span(low=real[0], high=real[1], label="Real"), Span(low=made[0], high=made[1], label="Generated")]
    # the wider one sticks out of the other
    spans.sort(key=lambda span: span.high - span.low)
    return RangePicture(seen=(spans[1],), expected=spans[0])


def _scenario(activation: str, parts: int, *, reshaped: bool = False) -> Scenario:
    image = (None, 28, 28, 1)
    generator: tuple[LayerFacts, ...] = (
        layer("generator", "Sequential", n_params=0),
        layer("generator/dense", "Dense", parent="generator", input_shape=(None, 32), units=784),
        layer("generator/conv", "Conv2D", parent="generator", output_shape=image, activation=activation),
    )
    if reshaped:
        flat = layer("generator/dense_1", "Dense", parent="generator", output_shape=(None, 784), activation=activation)
        generator = (
            *generator[:2],
            flat,
            layer("generator/reshape", "Reshape", parent="generator", output_shape=image),
        )
    discriminator = (
        layer("discriminator", "Sequential", n_params=0),
        layer(
            "discriminator/conv",
            "Conv2D",
            parent="discriminator",
            input_shape=image,
            output_shape=(None, 14, 14, 8),
            filters=8,
        ),
        layer("discriminator/dense", "Dense", parent="discriminator", output_shape=(None, 1), units=1),
    )
    chosen = (*discriminator, *generator) if parts == 2 else generator
    return Scenario(chosen, loss=None, custom_train_step=True, kind="subclassed")


def _in_turn(real: np.ndarray, made: np.ndarray) -> Scenario:
    scenario = Scenario(_scenario("tanh", 2).layers[1:3], loss="binary_crossentropy")
    for step in range(12):
        label = np.full((16, 1), float(step % 2 == 0))
        scenario.train(x=real if step % 2 == 0 else made, y=label, y_pred=np.full((16, 1), 0.5, np.float32))
    return scenario
