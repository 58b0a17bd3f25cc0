"""The rule `missing-nonlinearity`."""

from __future__ import annotations

from tb_inputdiag.records import LayerFacts, ModelFacts, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule
from tb_inputdiag.rules.examples import CLASSIFIER, Example, Scenario, fires, layer, silent
from tb_inputdiag.rules.support.layers import activation_of, after, backbone_of, is_keras
from tb_inputdiag.rules.support.text import join
from tb_inputdiag.rules.views.context import Context

__all__ = ["MissingNonlinearity"]

_CONVOLUTIONS = frozenset({"Conv1D", "Conv2D", "Conv3D"})
_LINEAR = _CONVOLUTIONS | {"Dense"}
_TRANSPARENT = frozenset(
    {
        "Dropout",
        "SpatialDropout1D",
        "SpatialDropout2D",
        "Flatten",
        "Reshape",
        "BatchNormalization",
        "AveragePooling2D",
        "GlobalAveragePooling1D",
        "GlobalAveragePooling2D",
        "ZeroPadding2D",
        "GaussianNoise",
    }
)
"""Layers that are linear in their input when the model is used."""


class MissingNonlinearity(Rule):
    """Layers follow each other with nothing non-linear in between.

    ## What it does
    Walks the layers that Keras defines and looks for a Dense or convolutional layer without activation whose only
    reader is another one, dropout, flattening, averaging and batch normalization not counted. Bottlenecks, which
    save weights on purpose, and 1x1 convolutions are left alone.

    ## Why is this bad?
    Linear layers in a row are together one linear layer: the second adds weights, time and memory, but nothing that the
    model could not do without it.

    ## Example
    ```python
    keras.Sequential([keras.layers.Dense(64), keras.layers.Dense(64), keras.layers.Dense(10, activation="softmax")])
    ```

    ## What to do
    `activation="relu"` in every layer but the last.

    ## References
    - Goodfellow, Bengio, Courville: Deep Learning (2016), section 6.1.
    """

    id = "missing-nonlinearity"
    severity = Severity.WARNING
    explains = ("stalled-loss", "unfinished-training", "overfitting")
    why = "Linear layers in a row are together one linear layer: more weights, but nothing more that can be learned."

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
        return [
            Finding(
                subject=f"layer:{first.name}",
                message=f"{first.class_name} '{first.name}' has no activation and feeds {second.class_name} "
                f"'{second.name}': together they are one linear layer"
                f"{f' (the same holds for {join(names[1:])})' if len(names) > 1 else ''}.",
                evidence={"layers": names, "readers": [b.name for _, b in pairs]},
                fix=f'keras.layers.{first.class_name}({_size(first) or "..."}, activation="relu")  # {join(names)}',
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
        separate = (dense("dense", 64, "linear", 20), layer("relu", "ReLU"), last)
        return (
            fires("three Dense", lambda: Scenario(stacked), "layer:dense", Severity.WARNING),
            silent("a bottleneck", lambda: Scenario(bottleneck)),
            silent("an activation layer", lambda: Scenario(separate)),
            silent("a convolution before a MaxPooling", lambda: Scenario((layer("c", "Conv2D"), *CLASSIFIER[1:]))),
            silent("logistic regression", lambda: Scenario((last,))),
        )


def _size(item: LayerFacts) -> int:
    size = item.config.get("units") or item.config.get("filters") or 0
    return size if isinstance(size, int) else 0


def _plain(item: LayerFacts) -> bool:
    return item.class_name in _LINEAR and is_keras(item) and item.trainable


def _linear_reader(facts: ModelFacts, item: LayerFacts) -> LayerFacts | None:
    """Returns the linear layer that alone reads a linear layer without activation, or None."""
    if not _plain(item) or activation_of(item) not in {"", "linear"} or backbone_of(facts, item.name):
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
        # Narrower than both sides it is a factorization; before a single unit everything is wider.
        if width and width < narrow:
            return None
    return reader


def _is_pointwise(item: LayerFacts) -> bool:
    kernel = item.config.get("kernel_size")
    return isinstance(kernel, (list, tuple)) and (all(n == 1 for n in kernel) or len(set(kernel)) > 1)
