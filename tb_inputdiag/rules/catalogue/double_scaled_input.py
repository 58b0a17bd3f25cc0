"""The rule `double-scaled-input`."""

from __future__ import annotations

import numpy as np

from tb_inputdiag.keras_vocabulary import LOOKUPS, NORMALIZERS
from tb_inputdiag.numbers import format_number
from tb_inputdiag.records import Severity, TensorView
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import REGRESSOR, Example, Scenario, columns, fires, layer, pixels, silent
from tb_inputdiag.rules.support.curves import tensor_curves
from tb_inputdiag.rules.support.layers import is_normalized_by
from tb_inputdiag.rules.support.pictures import range_picture, span_of
from tb_inputdiag.rules.support.scale import fed_source, looks_like_image
from tb_inputdiag.rules.support.symptoms import SYMPTOMS
from tb_inputdiag.rules.support.text import variable
from tb_inputdiag.rules.views.context import Context

__all__ = ["DoubleScaledInput"]


class DoubleScaledInput(Rule):
    """An input was scaled twice, so its values hardly differ.

    ## What it does
    Checks the values that the first trainable layer reads. It fires on images whose largest value is 1/255 (0..1
    divided by 255 again) or whose values all lie near -1 (0..1 scaled by `x / 127.5 - 1`). It also fires on any input
    of 0..1 that the model shrinks by a factor of a hundred or more, for example with `Rescaling(1/255)`.

    ## Why is this bad?
    The values differ by less than 0.004, so all examples look nearly the same to the layer. The gradients of its
    weights are 255 times too small, and the bias outweighs the image. Training is slow or makes no progress, without
    any error.

    ## Example
    ```python
    x_train = x_train / 255
    model = keras.Sequential([keras.layers.Rescaling(1/255), keras.layers.Conv2D(32, 3), ...])
    ```

    ## What to do
    Scale in one place only: remove the division or the `Rescaling` layer.

    ## References
    - https://github.com/tensorflow/tensorflow/issues/42506
    - https://github.com/keras-team/keras-io/issues/1549
    """

    id = "double-scaled-input"
    severity = Severity.WARNING
    persistence = 2
    needs = ("own_trainable_variables", "function_nodes", "producer")
    explains = SYMPTOMS
    supersedes = ("constant-input",)
    why = (
        "After a second scaling all values lie within a few thousandths of each other. The network can hardly tell "
        "examples apart, and the gradients of its first weights are hundreds of times too small."
    )

    max_peak = Threshold(
        1.02 / 255,
        "Images whose largest value is at most this were divided by 255 twice.",
        source="0..1 divided by 255 ends at 1/255; interpolation may add 2 %.",
    )
    min_peak = Threshold(
        0.5 / 255,
        "Images whose largest value is below this are small for another reason.",
        source="Nearly every batch of images has a pixel in the upper half of the range.",
    )
    max_shrink = Threshold(
        0.01,
        "Scaling by at most this within the model is a second scaling if the values fed were at most 1.",
        source="Pixels are scaled by 1/255 or 1/127.5; standardization makes values of 0..1 larger.",
    )

    def on_sample(self, context: Context) -> Findings:
        """Judges every tensor that a first trainable layer reads."""
        return [found for view in context.entries if (found := self._judge(context, view)) is not None]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        rescaling = (layer("rescaling", "Rescaling", scale=1 / 255, is_preprocessing=True), *Scenario().layers)
        small = columns(1e-4, 2e-3)
        normalized = (layer("batch_normalization", "BatchNormalization"), *REGRESSOR)

        def sound(peak: float) -> Scenario:
            wave = np.sin(np.arange(1000) * np.linspace(0.1, 0.5, 16)[:, None]) * 0.8 * peak
            return Scenario(REGRESSOR, loss="mse").train(x=wave[..., None].astype(np.float32), steps=3)

        return (
            fires("0..1 divided by 255", lambda: Scenario().train(x=pixels(1 / 255), steps=3), "input:x"),
            fires(
                "0..1 into Rescaling(1/255)",
                lambda: Scenario(rescaling).train(x=pixels(), entry=pixels(1 / 255), steps=2),
                "input:x",
            ),
            fires("0..1 / 127.5 - 1", lambda: Scenario().train(x=pixels() / 127.5 - 1, steps=3), "input:x"),
            fires("sound divided by 32768 twice", lambda: sound(1 / 32768), "input:x"),
            silent("sound from -1 to 1", lambda: sound(1.0)),
            silent("0..1", lambda: Scenario().train(x=pixels(), steps=3)),
            silent("0..255 into Rescaling", lambda: Scenario(rescaling).train(x=pixels(255), entry=pixels(), steps=3)),
            silent(
                "small measurements before BatchNormalization",
                lambda: Scenario(normalized, loss="mse").train(x=small, steps=3),
            ),
            silent("black images", lambda: Scenario().train(x=pixels(0), steps=3)),
        )

    def _judge(self, context: Context, view: TensorView) -> Finding | None:
        layout, facts = view.layout, context.facts
        if layout.layer_class in NORMALIZERS or layout.layer_class in LOOKUPS or is_normalized_by(facts, layout.layer):
            return None
        span = view.max - view.min
        if not 0 < span < 0.5 or view.value("whole_fraction") == 1.0:
            return None
        fed = fed_source(context, view)
        inside = fed is not None and not layout.same_as_fed and self._shrunk(fed, span)
        pictures = looks_like_image(view) or (len(view.shape) == 2 and layout.n_features >= 256)
        # Grey images without a channel axis have the shape of a series, so their peak must be that of pixels.
        plain = len(view.shape) == 3 and min(view.shape[1:]) >= 16 and view.max >= 0.98 / 255
        by_255 = (pictures or plain) and view.min >= 0 and self.min_peak <= view.max <= self.max_peak
        by_127 = pictures and view.min >= -1.02 and view.max <= -0.97 and span <= 2 * 1.02 / 127.5
        sound = self._is_sound(view)
        if not (inside or by_255 or by_127 or sound):
            return None
        source = fed if fed is not None else view
        name = variable(source.name, "input", facts)
        scaler = next((item for item in facts.layers if item.class_name == "Rescaling"), None) if facts else None
        if inside and scaler is not None:
            fix = (
                f"# Either feed raw pixels, as {scaler.name} expects:\n{name} = {name} * 255\n"
                f"# or remove the Rescaling layer '{scaler.name}' from the model."
            )
        elif sound:
            fix = f"# {name} is divided twice. Keep one of the divisions:\n{name} = {name} / 32768  # from 16 bits"
        elif inside:
            fix = f"# Feed raw pixels: the model scales them itself.\n{name} = {name} * 255  # or drop the `/ 255`"
        else:
            fix = f"# {name} is divided twice. Keep one of the divisions:\n{name} = {name} / 255  # once, from 0..255"
        how = f" (fed as {format_number(source.min)} to {format_number(source.max)})" if inside else ""
        return Finding(
            subject=f"input:{source.name}",
            message=f"'{source.name}' reaches {layout.layer_class or 'the first layer'} '{layout.layer}' with "
            f"values from {format_number(view.min)} to {format_number(view.max)}{how}: it was scaled twice.",
            evidence={
                "min": view.min,
                "max": view.max,
                "mean": view.mean,
                "std": view.std,
                "fed_min": source.min,
                "fed_max": source.max,
                "layer": layout.layer,
            },
            fix=fix,
            picture=range_picture(span_of(view), -1.0 if view.min < 0 else 0.0, 1.0),
            curves=tensor_curves(context, view),
            at_once=inside,
        )

    def _is_sound(self, view: TensorView) -> bool:
        """Whether it looks like samples of 16-bit sound that were divided by 32768 twice."""
        series = (len(view.shape) == 3 and view.shape[2] <= 2 and view.shape[1] >= _SOUND) or (
            len(view.shape) == 2 and view.shape[1] >= _SOUND
        )
        peak = max(-view.min, view.max)
        return series and view.min < 0 < view.max and _QUIET / 32768 <= peak <= 1.02 / 32768

    def _shrunk(self, fed: TensorView, span: float) -> bool:
        """Whether the model shrank values that were scaled already: at most 1, and not all nearly equal."""
        before = fed.max - fed.min
        return before > 0.05 and max(abs(fed.min), abs(fed.max)) <= 1.02 and span / before <= self.max_shrink


_SOUND = 256
"""Fewest samples of a piece of sound."""
_QUIET = 0.3
"""Peaks of recordings and of made-up tones are higher, relative to full scale."""
