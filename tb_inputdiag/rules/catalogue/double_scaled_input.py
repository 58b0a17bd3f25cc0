"""The rule `double-scaled-input`."""

from __future__ import annotations

from tb_inputdiag.keras_vocabulary import LOOKUPS, NORMALIZERS
from tb_inputdiag.records import Severity, TensorView
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import REGRESSOR, Example, Scenario, columns, fires, layer, pixels, silent
from tb_inputdiag.rules.support.layers import is_normalized_by
from tb_inputdiag.rules.support.scale import fed_of, looks_like_image
from tb_inputdiag.rules.support.symptoms import SYMPTOMS
from tb_inputdiag.rules.support.text import number, variable
from tb_inputdiag.rules.views.context import Context

__all__ = ["DoubleScaledInput"]


class DoubleScaledInput(Rule):
    """An input was scaled twice, so that almost nothing of it is left.

    ## What it does
    Looks at what the first trainable layer reads. It fires on images whose values end at 1/255 (0..1 divided by 255
    once more) or crowd at -1 (0..1 put through `x / 127.5 - 1`), and on any input of 0..1 that a layer of the
    model, such as `Rescaling(1/255)`, shrinks by a hundred or more.

    ## Why is this bad?
    The values differ by less than 0.004, so the layer sees almost the same for every example: gradients of its weights
    are 255 times too small, and the bias outweighs the picture. Training is slow or stands still without any error.

    ## Example
    ```python
    x_train = x_train / 255
    model = keras.Sequential([keras.layers.Rescaling(1/255), keras.layers.Conv2D(32, 3), ...])
    ```

    ## What to do
    Scale in one place: drop the division, or the `Rescaling` layer.

    ## References
    - https://github.com/tensorflow/tensorflow/issues/42506
    - https://github.com/keras-team/keras-io/issues/1549
    """

    id = "double-scaled-input"
    severity = Severity.WARNING
    persistence = 2
    explains = SYMPTOMS
    supersedes = ("constant-input",)
    why = (
        "After a second scaling the values of all examples lie within a few thousandths of each other: the network can "
        "hardly tell them apart, and the gradients of its first weights are hundreds of times too small."
    )

    max_peak = Threshold(
        1.02 / 255,
        "Images whose largest value is below this were divided by 255 twice.",
        source="0..1 divided by 255 ends at 1/255; 2 % for interpolation.",
    )
    min_peak = Threshold(
        0.5 / 255,
        "Images whose largest value is below this are small for other reasons.",
        source="A batch of images practically always has a pixel in the upper half of the range.",
    )
    max_shrink = Threshold(
        0.01,
        "Scaling within the model by less than this, of values that were at most 1, is a second scaling.",
        source="Scalings of pixels are 1/255 or 1/127.5; standardization of 0..1 values makes them larger.",
    )

    def on_sample(self, context: Context) -> Findings:
        """Judges every tensor that a trainable layer reads."""
        return [found for view in context.entries if (found := self._judge(context, view)) is not None]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        rescaling = (layer("rescaling", "Rescaling", scale=1 / 255, is_preprocessing=True), *Scenario().layers)
        small = columns(1e-4, 2e-3)
        normalized = (layer("batch_normalization", "BatchNormalization"), *REGRESSOR)
        return (
            fires("0..1 divided by 255", lambda: Scenario().train(x=pixels(1 / 255), steps=3), "input:x"),
            fires(
                "0..1 into Rescaling(1/255)",
                lambda: Scenario(rescaling).train(x=pixels(), entry=pixels(1 / 255), steps=2),
                "input:x",
            ),
            fires("0..1 / 127.5 - 1", lambda: Scenario().train(x=pixels() / 127.5 - 1, steps=3), "input:x"),
            silent("0..1", lambda: Scenario().train(x=pixels(), steps=3)),
            silent("0..255 into Rescaling", lambda: Scenario(rescaling).train(x=pixels(255), entry=pixels(), steps=3)),
            silent("small quantities", lambda: Scenario(normalized, loss="mse").train(x=small, steps=3)),
            silent("black images", lambda: Scenario().train(x=pixels(0), steps=3)),
        )

    def _judge(self, context: Context, view: TensorView) -> Finding | None:
        layout, facts = view.layout, context.facts
        if layout.layer_class in NORMALIZERS or layout.layer_class in LOOKUPS or is_normalized_by(facts, layout.layer):
            return None
        span = view.max - view.min
        if not 0 < span < 0.5 or view.value("whole_fraction") == 1.0:
            return None
        fed = fed_of(context, view)
        inside = fed is not None and not layout.same_as_fed and self._shrunk(fed, span)
        pictures = looks_like_image(view) or (len(view.shape) == 2 and layout.n_features >= 256)
        # Grey images without a channel axis look like series, so their peak must be that of pixels.
        plain = len(view.shape) == 3 and min(view.shape[1:]) >= 16 and view.max >= 0.98 / 255
        by_255 = (pictures or plain) and view.min >= 0 and self.min_peak <= view.max <= self.max_peak
        by_127 = pictures and view.min >= -1.02 and view.max <= -0.97 and span <= 2 * 1.02 / 127.5
        if not (inside or by_255 or by_127):
            return None
        source = fed if fed is not None else view
        name = variable(source.name, "input", facts)
        scaler = next((item for item in facts.layers if item.class_name == "Rescaling"), None) if facts else None
        if inside and scaler is not None:
            fix = (
                f"# Either feed raw pixels, as {scaler.name} expects:\n{name} = {name} * 255\n"
                f"# or remove the Rescaling layer '{scaler.name}' from the model."
            )
        elif inside:
            fix = f"# Feed raw pixels, as the model scales them itself:\n{name} = {name} * 255  # or drop the `/ 255`"
        else:
            fix = f"# {name} is divided twice. Keep one of the divisions:\n{name} = {name} / 255  # once, from 0..255"
        how = f" (fed as {number(source.min)} to {number(source.max)})" if inside else ""
        return Finding(
            subject=f"input:{source.name}",
            message=f"'{source.name}' reaches {layout.layer_class or 'the first layer'} '{layout.layer}' with "
            f"values from "
            f"{number(view.min)} to {number(view.max)}{how}: it was scaled twice.",
            evidence={
                "min": view.min,
                "max": view.max,
                "mean": view.mean,
                "std": view.std,
                "fed_min": source.min,
                "fed_max": source.max,
                "expected_low": 0.0,
                "expected_high": 1.0,
                "layer": layout.layer,
            },
            fix=fix,
            at_once=inside,
        )

    def _shrunk(self, fed: TensorView, span: float) -> bool:
        """Whether values that were scaled already (at most 1, more than a speck) were shrunk by the model."""
        before = fed.max - fed.min
        return before > 0.05 and max(abs(fed.min), abs(fed.max)) <= 1.02 and span / before <= self.max_shrink
