"""The rule `preprocessing-mismatch`."""

from __future__ import annotations

import math

from tb_inputdiag.records import LayerFacts, ModelFacts, Severity, TensorView, WeightFacts
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, fires, layer, pixels, silent
from tb_inputdiag.rules.support.layers import backbone_of
from tb_inputdiag.rules.support.scale import fed_source, looks_like_image
from tb_inputdiag.rules.support.symptoms import SYMPTOMS
from tb_inputdiag.rules.support.text import number, variable
from tb_inputdiag.rules.views.context import Context

__all__ = ["PreprocessingMismatch"]

_CAFFE = frozenset({"vgg", "resnet"})
_SIGNED = frozenset(
    {"resnet_v2", "mobilenet", "mobilenet_v2", "inception_v3", "inception_resnet_v2", "xception", "nasnet"}
)
_TORCH = frozenset({"densenet"})
_INSIDE = frozenset({"efficientnet", "efficientnet_v2", "convnext", "mobilenet_v3"})
_MODULES = {
    "vgg": "vgg16",
    "resnet": "resnet50",
    "efficientnet": "efficientnet",
    "inception_resnet_v2": "inception_resnet_v2",
}
_KEEPS_RANGE = ("InputLayer", "Random", "Resizing", "CenterCrop", "ZeroPadding", "MaxNumBoundingBoxes")
"""Layers that leave pixels in their range, by the beginning of their names."""

_IMAGENET = "{0} = ({0} / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]"
_OR_INSIDE = "\n# or build the backbone with include_preprocessing=True, and feed it 0..255"
_WITHOUT = {
    "efficientnet": _IMAGENET,
    "efficientnet_v2": _IMAGENET + "  # for its variants S, M and L: {0} / 128 - 1" + _OR_INSIDE,
    "convnext": _IMAGENET + _OR_INSIDE,
    "mobilenet_v3": "{0} = {0} / 127.5 - 1" + _OR_INSIDE,
}
"""What each family does to 0..255 with ``include_preprocessing=True`` (in the source of keras.applications)."""


class PreprocessingMismatch(Rule):
    """A backbone of keras.applications gets images in another range than it was trained on.

    ## What it does
    Knows what each family of `keras.applications` expects, and compares with what reaches it: EfficientNet,
    ConvNeXt and MobileNetV3 rescale 0..255 inside; VGG and ResNet want BGR with the mean subtracted; MobileNet,
    Xception, Inception and ResNetV2 want -1..1; DenseNet wants z-scores. Families that do not rescale inside, and
    those that were built with `include_preprocessing=False`, are judged only when they carry pretrained weights: new
    ones learn any range, as far as batch normalization follows their first convolution.

    ## Why is this bad?
    The pretrained filters respond to another range than they were trained for: features are poor, and accuracy
    stays low without any error. An EfficientNet that gets 0..1 sees nearly black images.

    ## Example
    ```python
    base = keras.applications.EfficientNetB0(include_top=False)
    model.fit(x_train / 255, y_train)        # EfficientNet divides by 255 itself
    ```

    ## What to do
    Feed 0..255 through the family's own `preprocess_input`.

    ## References
    - https://keras.io/api/applications/
    - https://github.com/tensorflow/tensorflow/issues/48412
    """

    id = "preprocessing-mismatch"
    severity = Severity.WARNING
    persistence = 2
    explains = (*SYMPTOMS, "overfitting")
    supersedes = ("unnormalized-input", "double-scaled-input", "integer-input", "truncated-input")
    why = "Pretrained filters answer to the range they were trained on; in another one their features are poor."

    min_span = Threshold(
        0.1,
        "A backbone that rescales inside must leave at least this span between its smallest and largest value.",
        source="0..255 leaves 2 to 4.6, 0..1 leaves at most 0.018.",
    )
    max_span = Threshold(
        20.0,
        "More than this between smallest and largest value, and the backbone was built without its own rescaling.",
        source="With its rescaling, 0..255 leaves 2 to 4.6; without, 255.",
    )

    def on_sample(self, context: Context) -> Findings:
        """Judges the images that reach a known backbone."""
        facts = context.facts
        if facts is None or not facts.backbones:
            return None
        found: list[Finding] = []
        judged = False
        for view in context.entries:
            family = backbone_of(facts, view.layout.layer)
            if family and looks_like_image(view):
                judged = True
                if family in _INSIDE:
                    found += self._inside(context, family, view, fed_source(context, view) or view)
                elif _pretrained(facts, view.layout.layer):
                    found += _outside(context, family, view, fed_source(context, view) or view)
        if not judged:  # a frozen backbone: the first trainable layer lies behind it
            for path, family in facts.backbones.items():
                fed = _reaching(context, facts, path)
                if fed is not None:
                    found += (
                        _fed_inside(context, family, fed)
                        if family in _INSIDE
                        else (_outside(context, family, fed, fed) if _pretrained(facts, path) else [])
                    )
        return found

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        shape = (8, 64, 64, 3)
        stem = (layer("stem_conv", "Conv2D"), layer("top", "Dense", activation="softmax", units=10))
        frozen = (
            layer("image", "InputLayer"),
            layer("base", "Functional", trainable=False, inbound=("image",)),
            layer("dense", "Dense", units=10, activation="softmax", inbound=("base",)),
        )
        whole = {"backbones": {"": "efficientnet"}}
        head = {"backbones": {"base": "efficientnet"}, "kind": "functional"}
        raw, unit = pixels(255, shape=shape), pixels(1, shape=shape)
        features = pixels(2, shape=(8, 32))
        learned = WeightFacts(
            name="stem_conv/bias", shape=(10,), dtype="float32", trainable=True, layer="stem_conv", initial_std=0.2
        )
        pretrained = {"weights": (learned,)}
        return (
            fires(
                "0..1 into EfficientNet",
                lambda: Scenario(stem, **whole).train(x=unit, entry=unit / 255, steps=2),
                "input:x",
                Severity.WARNING,
            ),
            fires(
                "0..1 into a frozen one",
                lambda: Scenario(frozen, **head).train(x=unit, entry=features, steps=2),
                "input:x",
            ),
            fires(
                "0..1 into a pretrained ResNet",
                lambda: Scenario(stem, backbones={"": "resnet"}, **pretrained).train(x=unit, steps=2),
                "input:x",
            ),
            fires(
                "0..255 into a pretrained EfficientNet without its own rescaling",
                lambda: Scenario(stem, **whole, **pretrained).train(x=raw, entry=raw, steps=2),
                "input:x",
            ),
            silent("the same, untrained", lambda: Scenario(stem, **whole).train(x=raw, entry=raw, steps=2)),
            silent("0..255 into EfficientNet", lambda: Scenario(stem, **whole).train(x=raw, entry=unit, steps=2)),
            silent("0..255, frozen", lambda: Scenario(frozen, **head).train(x=raw, entry=features, steps=2)),
            silent("an untrained ResNet", lambda: Scenario(stem, backbones={"": "resnet"}).train(x=unit, steps=2)),
            silent("no backbone", lambda: Scenario(stem).train(x=unit / 255, steps=2)),
        )

    def _inside(self, context: Context, family: str, view: TensorView, fed: TensorView) -> list[Finding]:
        span = view.max - view.min
        if 0 < span < self.min_span:
            return [_finding(context, family, view, fed, "0..255, as it rescales inside")]
        facts = context.facts
        if facts is not None and self.max_span < span < math.inf and _pretrained(facts, view.layout.layer):
            return [_finding(context, family, view, fed, "about unit scale", built_without=True)]
        return []


def _fed_inside(context: Context, family: str, fed: TensorView) -> list[Finding]:
    return [_finding(context, family, fed, fed, "0..255, as it rescales inside")] if fed.max <= 2.0 > fed.min else []


def _outside(context: Context, family: str, view: TensorView, fed: TensorView) -> list[Finding]:
    low, high = view.min, view.max
    if family in _CAFFE:
        fine, contract = low < -20 and high > 20, "about -124..151 (BGR, mean subtracted)"
    elif family in _SIGNED:
        fine, contract = low < -0.1 and high <= 2.0, "-1..1"
    elif family in _TORCH:
        fine, contract = low < -0.5 and high <= 10, "about -2.1..2.6 (z-scores)"
    else:
        return []
    return [] if fine else [_finding(context, family, view, fed, contract)]


def _finding(
    context: Context, family: str, view: TensorView, fed: TensorView, contract: str, *, built_without: bool = False
) -> Finding:
    name = variable(fed.name, "input", context.facts)
    module = _MODULES.get(family, family)
    low, high = (0.0, 255.0) if family in _INSIDE and not built_without else (-1.0, 1.0)
    scale = ""
    if fed.min >= 0 and fed.max <= 1.01:
        scale = f"{name} = {name} * 255  # back to 0..255, or drop the division\n"
    elif fed.min >= -1.01 and fed.max <= 1.01:
        scale = f"{name} = ({name} + 1) * 127.5  # back to 0..255, or drop the scaling\n"
    call = "" if family in _INSIDE else f"{name} = keras.applications.{module}.preprocess_input({name})"
    seen = "" if view is fed else f"; its first convolution reads {number(view.min)} to {number(view.max)}"
    return Finding(
        subject=f"input:{fed.name}",
        message=f"'{fed.name}' feeds the backbone {family} with {number(fed.min)} to {number(fed.max)}{seen}, but it "
        f"expects {contract}{' (it was built without its own rescaling)' if built_without else ''}.",
        evidence={
            "min": fed.min,
            "max": fed.max,
            "entry_min": view.min,
            "entry_max": view.max,
            "family": family,
            "expected": contract,
            "expected_low": low,
            "expected_high": high,
        },
        fix=_WITHOUT[family].format(name) if built_without else (scale + call).rstrip() or f"{name} = {name}  # 0..255",
    )


def _pretrained(facts: ModelFacts, name: str) -> bool:
    """Whether biases and normalization weights of the backbone around `name` differ from their initial constants."""
    paths = [path for path in facts.backbones if path == "" or name == path or name.startswith(path + "/")]
    prefix = paths[0] + "/" if paths and paths[0] else ""
    vectors = [
        w for w in facts.weights if w.layer.startswith(prefix) and len(w.shape) == 1 and w.initial_std is not None
    ]
    # The head of a whole backbone is new in any case, so a few constants prove nothing.
    return bool(vectors) and sum(w.initial_constant for w in vectors) < 0.5 * len(vectors)


def _reaching(context: Context, facts: ModelFacts, path: str) -> TensorView | None:
    """Returns the fed images if they reach the backbone in the range they were fed in."""
    fed = [view for view in context.fed("input") if looks_like_image(view)]
    if len(fed) != 1:
        return None
    by_name = {item.name: item for item in facts.layers}
    if path == "" or path not in by_name:
        return fed[0] if path == "" else None
    if facts.kind == "sequential":
        names = [item.name for item in facts.layers if not item.parent]
        before = [by_name[name] for name in names[: names.index(path)]] if path in names else None
    else:
        before = _ancestors(by_name, path)
    if before is None or not all(item.class_name.startswith(_KEEPS_RANGE) for item in before):
        return None
    return fed[0]


def _ancestors(by_name: dict[str, LayerFacts], path: str) -> list[LayerFacts] | None:
    found: list[LayerFacts] = []
    waiting = list(by_name[path].inbound)
    if not waiting:
        return None
    while waiting:
        item = by_name.get(waiting.pop())
        if item is None or len(found) > 100:
            return None
        found.append(item)
        waiting += item.inbound
    return found
