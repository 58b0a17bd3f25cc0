"""The rule `preprocessing-mismatch`."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from tb_inputdiag.keras_vocabulary import InputContract, input_contract, keeps_pixel_range
from tb_inputdiag.numbers import interval
from tb_inputdiag.records import (
    ExpectedRange,
    LayerFacts,
    ModelFacts,
    Picture,
    Severity,
    TensorView,
    WeightFacts,
    WordsPicture,
)
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import Example, Scenario, fires, layer, pixels, silent
from tb_inputdiag.rules.support.curves import tensor_curves
from tb_inputdiag.rules.support.layers import backbone_of
from tb_inputdiag.rules.support.pictures import expected_span, range_picture, span_of
from tb_inputdiag.rules.support.scale import fed_source, looks_like_image
from tb_inputdiag.rules.support.symptoms import SYMPTOMS
from tb_inputdiag.rules.support.text import variable
from tb_inputdiag.rules.views.context import Context

__all__ = ["PreprocessingMismatch"]


class PreprocessingMismatch(Rule):
    """A backbone of keras.applications gets images in a different range than it was trained on.

    ## What it does
    Compares the images that reach a backbone with what its family expects. EfficientNet, ConvNeXt and MobileNetV3
    expect 0..255 and rescale inside. VGG and ResNet expect BGR with the mean subtracted. MobileNet, Xception, Inception
    and ResNetV2 expect -1..1. DenseNet expects z-scores. Families that do not rescale inside, and backbones built with
    `include_preprocessing=False`, are judged only with pretrained weights, because new weights adapt to any range.

    ## Why is this bad?
    Pretrained filters give poor features for images in a different range, and accuracy stays low without any error. For
    an EfficientNet, images of 0..1 are nearly black.

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
    needs = ("own_trainable_variables", "sequential_function", "function_nodes", "producer", "sublayers")
    persistence = 2
    explains = (*SYMPTOMS, "overfitting")
    supersedes = ("unnormalized-input", "double-scaled-input", "integer-input", "truncated-input")
    why = "Pretrained filters give poor features for images in a different range than they were trained on."

    min_span = Threshold(
        0.1,
        "Smallest difference between the largest and the smallest value after the rescaling inside a backbone.",
        source="Images of 0..255 give 2 to 4.6, images of 0..1 at most 0.018.",
    )
    max_span = Threshold(
        20.0,
        "Largest such difference; above it, the backbone was built without its own rescaling.",
        source="Images of 0..255 give 2 to 4.6 with the rescaling, and 255 without.",
    )

    def expected_ranges(self, context: Context) -> Iterable[ExpectedRange]:
        """Returns what each known backbone expects of the images that reach it."""
        facts = context.facts
        if facts is None:
            return
        for feed in (*_fed_unchanged(context, facts), *_read(context, facts)):
            if feed.pretrained or (feed.contract.mode == "inside" and feed.view.layout.stage == "fed"):
                yield ExpectedRange(
                    rule=self.id,
                    subject=feed.view.subject,
                    stage=feed.view.layout.stage,
                    low=feed.contract.low,
                    high=feed.contract.high,
                    reason=f"The backbone {feed.family} expects {feed.contract.words}.",
                )

    def on_sample(self, context: Context) -> Findings:
        """Judges the images that reach a known backbone."""
        facts = context.facts
        if facts is None or not facts.backbones:
            return None
        # Behind a frozen backbone lies the first trainable layer, which reads no images.
        feeds = _read(context, facts) or _fed_unchanged(context, facts)
        return [found for feed in feeds if (found := self._judge(context, feed)) is not None]

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
                "0..1 into a frozen EfficientNet",
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
            silent(
                "0..255 into an untrained EfficientNet without rescaling",
                lambda: Scenario(stem, **whole).train(x=raw, entry=raw, steps=2),
            ),
            silent("0..255 into EfficientNet", lambda: Scenario(stem, **whole).train(x=raw, entry=unit, steps=2)),
            silent(
                "0..255 into a frozen EfficientNet",
                lambda: Scenario(frozen, **head).train(x=raw, entry=features, steps=2),
            ),
            silent("an untrained ResNet", lambda: Scenario(stem, backbones={"": "resnet"}).train(x=unit, steps=2)),
            silent("no backbone", lambda: Scenario(stem).train(x=unit / 255, steps=2)),
        )

    def _judge(self, context: Context, feed: _Feed) -> Finding | None:
        contract, view = feed.contract, feed.view
        if contract.mode != "inside":
            return _finding(context, feed) if feed.pretrained and not _fits(contract, view) else None
        if view.layout.stage == "fed":
            return _finding(context, feed) if view.max <= 2.0 > view.min else None
        span = view.max - view.min
        if 0 < span < self.min_span:
            return _finding(context, feed)
        if self.max_span < span < math.inf and feed.pretrained:
            return _finding(context, feed, built_without=True)
        return None


@dataclass(frozen=True, slots=True)
class _Feed:
    """Images that reach a backbone."""

    family: str
    contract: InputContract
    view: TensorView
    """What the first layer of the backbone reads; the fed images where that is not known."""
    fed: TensorView
    pretrained: bool


def _read(context: Context, facts: ModelFacts) -> list[_Feed]:
    """Returns the images that trainable first layers of backbones read."""
    found = []
    for view in context.entries:
        family = backbone_of(facts, view.layout.layer)
        contract = input_contract(family)
        if contract is not None and looks_like_image(view):
            fed = fed_source(context, view) or view
            found.append(_Feed(family, contract, view, fed, _pretrained(facts, view.layout.layer)))
    return found


def _fed_unchanged(context: Context, facts: ModelFacts) -> list[_Feed]:
    """Returns the fed images that reach a backbone in the range they were fed in."""
    found = []
    for path, family in facts.backbones.items():
        fed, contract = _reaching(context, facts, path), input_contract(family)
        if fed is not None and contract is not None:
            found.append(_Feed(family, contract, fed, fed, _pretrained(facts, path)))
    return found


def _fits(contract: InputContract, view: TensorView) -> bool:
    """Whether images may come from the family's `preprocess_input`; a batch need not hold black and white."""
    low, high = view.min, view.max
    if contract.mode == "caffe":
        return low < -20 and high > 20
    if contract.mode == "tf":
        return low < -0.1 and high <= 2.0
    return low < -0.5 and high <= 10


def _finding(context: Context, feed: _Feed, *, built_without: bool = False) -> Finding:
    contract, view, fed = feed.contract, feed.view, feed.fed
    low, high, words = contract.low, contract.high, contract.words
    if built_without:
        low, high, words = contract.without_low, contract.without_high, "about unit scale"
    judged = fed if contract.mode == "inside" and not built_without else view
    picture = _picture(judged, low, high, words)
    name = variable(fed.name, "input", context.facts)
    same = view is fed or view.layout.same_as_fed
    seen = "" if same else f" (its first convolution reads {interval(view.min, view.max)})"
    return Finding(
        subject=f"input:{fed.name}",
        message=f"'{fed.name}' feeds the backbone {feed.family} with {interval(fed.min, fed.max)}{seen}, but it "
        "expects "
        f"{words}{' (it was built without its own rescaling)' if built_without else ''}.",
        evidence={
            "min": fed.min,
            "max": fed.max,
            "entry_min": view.min,
            "entry_max": view.max,
            "family": feed.family,
            "expected": words,
            "expected_low": low,
            "expected_high": high,
        },
        fix=contract.without.format(name) if built_without else _fix(name, fed, contract),
        picture=picture,
        curves=tensor_curves(context, judged, expected=expected_span(picture)),
    )


def _picture(view: TensorView, low: float, high: float, words: str) -> Picture:
    within = low <= view.min and view.max <= high
    if within and view.max - view.min > (high - low) / 4:  # two bars would look alike
        return WordsPicture(seen=interval(view.min, view.max), expected=words)
    return range_picture(span_of(view), low, high)


def _fix(name: str, fed: TensorView, contract: InputContract) -> str:
    lines = []
    if fed.min >= 0 and fed.max <= 1.01:
        lines.append(f"{name} = {name} * 255  # back to 0..255, or remove the division")
    elif fed.min >= -1.01 and fed.max <= 1.01:
        lines.append(f"{name} = ({name} + 1) * 127.5  # back to 0..255, or remove the scaling")
    if contract.mode != "inside":
        lines.append(f"{name} = keras.applications.{contract.module}.preprocess_input({name})")
    return "\n".join(lines) or f"# Remove the scaling of {name}, so that it is 0..255."


def _pretrained(facts: ModelFacts, name: str) -> bool:
    """Whether biases and normalization weights of the backbone around `name` differ from their initial constants."""
    paths = [path for path in facts.backbones if path == "" or name == path or name.startswith(path + "/")]
    prefix = paths[0] + "/" if paths and paths[0] else ""
    vectors = [
        w for w in facts.weights if w.layer.startswith(prefix) and len(w.shape) == 1 and w.initial_std is not None
    ]
    # The head of a backbone is always new, so a few constants prove nothing.
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
    if before is None or not all(keeps_pixel_range(item.class_name) for item in before):
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
