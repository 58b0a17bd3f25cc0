"""The rule `missing-nonlinearity`."""

from __future__ import annotations

from tb_inputdiag.keras_vocabulary import (
    AVERAGE_POOLINGS,
    BATCH_NORMALIZERS,
    DROPOUTS,
    LINEAR,
    LOOKUPS,
    PADDINGS,
    SHAPE_ONLY,
    TRAINING_ONLY,
    is_linear,
)
from tb_inputdiag.records import LayerFacts, ModelFacts, Severity, WordsPicture
from tb_inputdiag.rules.base import Finding, Findings, Rule
from tb_inputdiag.rules.examples import CLASSIFIER, Example, Scenario, fires, layer, silent
from tb_inputdiag.rules.support.curves import layer_curve
from tb_inputdiag.rules.support.layers import activation_of, after, backbone_of, is_keras
from tb_inputdiag.rules.support.text import join
from tb_inputdiag.rules.views.context import Context

__all__ = ["MissingNonlinearity"]

_CONVOLUTIONS = frozenset({"Conv1D", "Conv2D", "Conv3D"})
_PLAIN = _CONVOLUTIONS | {"Dense"}
"""Two of these in a row are one layer of the same kind."""
_TRANSPARENT = DROPOUTS | AVERAGE_POOLINGS | BATCH_NORMALIZERS | PADDINGS | {"Flatten", "Reshape", "GaussianNoise"}
"""Layers that are linear in their input when the model is used."""
_MODELS = frozenset({"InputLayer", "Sequential", "Functional", "Model"})
_STRAIGHT = LINEAR | LOOKUPS | SHAPE_ONLY | TRAINING_ONLY | _TRANSPARENT | _MODELS | {"Concatenate", "Add", "Average"}
"""Layers that leave a linear model linear. What the layers of a nested model do is judged one by one."""


class MissingNonlinearity(Rule):
    """Linear layers follow each other with no nonlinearity in between.

    ## What it does
    Looks for a Dense or convolutional layer without an activation whose only reader is another such layer. Dropout,
    flattening, average pooling, padding and batch normalization in between do not count, because they are linear too.
    It ignores bottlenecks, which save weights on purpose, and 1x1 convolutions. A single pair in a network that is
    non-linear elsewhere is an INFO: the network can still learn what it needs.

    ## Why is this bad?
    Several linear layers in a row equal one linear layer. The second one costs weights, time and memory, but the model
    could learn the same without it.

    ## Example
    ```python
    keras.Sequential([keras.layers.Dense(64), keras.layers.Dense(64), keras.layers.Dense(10, activation="softmax")])
    ```

    ## What to do
    Use `activation="relu"` in every layer but the last.

    ## References
    - Goodfellow, Bengio, Courville: Deep Learning (2016), section 6.1.
    """

    id = "missing-nonlinearity"
    severity = Severity.WARNING
    needs = ("function_nodes", "producer")
    explains = ("stalled-loss", "unfinished-training", "overfitting")
    why = "Several linear layers in a row equal one linear layer. The extra weights do not let the model learn more."

    def on_model(self, context: Context) -> Findings:
        """Judges the graph of layers."""
        facts = context.facts
        if facts is None or facts.kind == "subclassed":
            return None
        pairs = [(a, b) for a in facts.layers if (b := _linear_reader(facts, a)) is not None]
        if not pairs:
            return []
        names = [a.name for a, _ in pairs]
        first, second = pairs[0]
        harmless = len(pairs) == 1 and _is_nonlinear(facts)
        return [
            Finding(
                subject=f"layer:{first.name}",
                message=f"{first.class_name} '{first.name}' has no activation and feeds {second.class_name} "
                f"'{second.name}', so both together are one linear layer"
                f"{f' (also {join(names[1:])})' if len(names) > 1 else ''}.",
                evidence={"layers": names, "readers": [b.name for _, b in pairs]},
                fix=f'keras.layers.{first.class_name}({_size(first) or "..."}, activation="relu")  # {join(names)}',
                picture=WordsPicture(
                    seen=f"{first.class_name}, {second.class_name}",
                    expected=f"{first.class_name}, relu, {second.class_name}",
                    seen_label="model",
                ),
                curves=(layer_curve(first.name),),
                severity=Severity.INFO if harmless else None,
            )
        ]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""

        def dense(name: str, units: int, activation: str, before: int) -> LayerFacts:
            return layer(name, "Dense", units=units, activation=activation, input_shape=(None, before))

        last = dense("dense_2", 10, "softmax", 64)
        stacked = (dense("dense", 64, "linear", 20), dense("dense_1", 64, "linear", 64), last)
        bottleneck = (dense("dense", 4, "linear", 20), dense("dense_1", 64, "relu", 4), last)
        hidden = dense("dense", 64, "relu", 20)
        separate = (dense("dense", 64, "linear", 20), layer("relu", "ReLU"), last)
        return (
            fires("three Dense layers in a row", lambda: Scenario(stacked), "layer:dense", Severity.WARNING),
            fires("a linear model in two layers", lambda: Scenario(stacked[1:]), "layer:dense_1", Severity.WARNING),
            fires("one pair behind a ReLU", lambda: Scenario((hidden, *stacked[1:])), "layer:dense_1", Severity.INFO),
            silent("a bottleneck", lambda: Scenario(bottleneck)),
            silent("an activation layer", lambda: Scenario(separate)),
            silent("a convolution before a MaxPooling", lambda: Scenario((layer("c", "Conv2D"), *CLASSIFIER[1:]))),
            silent("logistic regression", lambda: Scenario((last,))),
        )


def _size(item: LayerFacts) -> int:
    size = item.config.get("units") or item.config.get("filters") or 0
    return size if isinstance(size, int) else 0


def _is_nonlinear(facts: ModelFacts) -> bool:
    """Whether any layer but the last makes the network more than a linear model."""
    last = max((n for n, item in enumerate(facts.layers) if item.n_params), default=0)
    return any(_bends(item) for item in facts.layers[:last])


def _bends(item: LayerFacts) -> bool:
    """Whether a layer is non-linear in what it reads."""
    if not is_keras(item) or not is_linear(activation_of(item)):
        return True
    return item.class_name not in _STRAIGHT and not item.is_preprocessing


def _plain(item: LayerFacts) -> bool:
    return item.class_name in _PLAIN and is_keras(item) and item.trainable


def _linear_reader(facts: ModelFacts, item: LayerFacts) -> LayerFacts | None:
    """Returns the linear layer that alone reads a linear layer without activation, or None."""
    if not _plain(item) or not is_linear(activation_of(item)) or backbone_of(facts, item.name):
        return None
    if item.class_name in _CONVOLUTIONS and _is_pointwise(item):
        return None
    readers = list(after(facts, item.name))
    while len(readers) == 1 and readers[0].class_name in _TRANSPARENT:
        readers = list(after(facts, readers[0].name))
    if len(readers) != 1 or not _plain(readers[0]) or readers[0].parent != item.parent:
        return None
    reader = readers[0]
    if item.class_name in _CONVOLUTIONS and reader.class_name in _CONVOLUTIONS and _is_pointwise(reader):
        return None  # a separable or factorized convolution
    width, before = _size(item), (item.input_shape or (None,))[-1]
    if item.class_name == "Dense" and reader.class_name == "Dense":
        narrow = min(n for n in (before, _size(reader), 10**9) if n)
        # A layer that is narrower than both sides is a factorization. One that feeds a single unit is always wider.
        if width and width < narrow:
            return None
    return reader


def _is_pointwise(item: LayerFacts) -> bool:
    kernel = item.config.get("kernel_size")
    return isinstance(kernel, (list, tuple)) and (all(n == 1 for n in kernel) or len(set(kernel)) > 1)
