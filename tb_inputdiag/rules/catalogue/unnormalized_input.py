"""The rule `unnormalized-input`."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from tb_inputdiag.keras_vocabulary import LOOKUPS, NORMALIZERS
from tb_inputdiag.numbers import format_number, interval
from tb_inputdiag.records import F4, ExpectedRange, Picture, Severity, TensorView
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import (
    BESIDE_IDS,
    REGRESSOR,
    Example,
    Scenario,
    beside_ids,
    columns,
    fires,
    layer,
    pixels,
    silent,
)
from tb_inputdiag.rules.support.curves import tensor_curves
from tb_inputdiag.rules.support.layers import backbone_of, is_keras, is_normalized_by
from tb_inputdiag.rules.support.mixed_tables import MixedTables
from tb_inputdiag.rules.support.pictures import expected_span, range_picture, sizes_picture, span_of
from tb_inputdiag.rules.support.scale import (
    feature_rms,
    fed_source,
    image_peak,
    looks_like_flat_image,
    looks_like_image,
    typical_size,
)
from tb_inputdiag.rules.support.symptoms import SYMPTOMS
from tb_inputdiag.rules.support.text import join, variable
from tb_inputdiag.rules.views.context import Context

__all__ = ["UnnormalizedInput"]


class UnnormalizedInput(Rule):
    """An input is far from unit scale when the first trainable layer reads it.

    ## What it does
    Looks at the values that the first layer with weights reads, after `Rescaling`, `Normalization` or any arithmetic in
    the model. It fires on raw pixels (0..255 or 0..65535), and if the typical size of the values, or of one column of a
    table, is large. Embeddings, normalization layers and the backbones of `keras.applications` may read such values, so
    they are ignored.

    ## Why is this bad?
    Initial weights are made for inputs of about unit size. With pixels of 0..255, the outputs and gradients of the
    first layer are about 100 times too large. Training starts with a huge loss, is slow or diverges, and the usual
    learning rates do not fit.

    ## Example
    ```python
    x_train = mnist_images.astype("float32")      # 0..255
    model.fit(x_train, y_train)
    ```

    ## What to do
    Divide by 255 in the pipeline, or put `keras.layers.Rescaling(1/255)` first in the model, which then also applies in
    production. For measurements, use `keras.layers.Normalization` and adapt it to the training data.

    ## References
    - LeCun, Bottou, Orr, Müller: Efficient BackProp (1998), section 4.3 "Normalizing the inputs".
    - Glorot, Bengio: Understanding the difficulty of training deep feedforward neural networks (2010).
    """

    id = "unnormalized-input"
    severity = Severity.WARNING
    scope = "session"
    persistence = 3
    explains = (*SYMPTOMS, "degenerate-initialization")
    needs = ("own_trainable_variables", "function_nodes", "producer")
    why = (
        "The initial weights are made for values of about 1. Larger values make outputs and gradients larger by the "
        "same factor, so training starts with a huge loss, is slow or diverges."
    )

    max_size = Threshold(
        20.0,
        "Largest typical size that is fine: the root mean square without the outermost 1/32 on either side.",
        source="Sensor values with a standard deviation of 10 train well; images of 0..255 have 75 and more.",
    )
    max_feature_size = Threshold(
        100.0,
        "Largest root mean square of a single column of a table that is fine.",
        source="A raw column of 100 outweighs 100 columns of unit scale in every sum of the first layer.",
    )
    max_pixel = Threshold(
        50.0,
        "Largest value of images that is fine.",
        source="All usual scalings of images (0..1, -1..1, z-scores) stay within -10..10. Raw pixels reach 255.",
    )

    def start(self) -> None:
        """Forgets the inputs whose pixels reached the layers unscaled, and which layers read which tables."""
        self._arrived: set[str] = set()
        self._mixed = MixedTables()

    def expected_ranges(self, context: Context) -> Iterable[ExpectedRange]:
        """Returns the values that each first layer may read."""
        size = format_number(self.max_size)
        for view in context.entries:
            if not _is_judged(context, view):
                continue
            high, reason = self.max_size, f"The typical size should be at most {size}; single values may be larger."
            if looks_like_image(view):
                high = self.max_pixel
                reason = (
                    f"Values above {format_number(high)} are raw pixels. The typical size should be at most {size}."
                )
            yield ExpectedRange(
                rule=self.id,
                subject=view.subject,
                stage=view.layout.stage,
                low=-self.max_size,
                high=high,
                reason=reason,
            )

    def on_sample(self, context: Context) -> Findings:
        """Judges every tensor that a trainable layer reads, and images whose reader is unknown."""
        found = [found for view in self._mixed.entries(context) if (found := self._judge(context, view)) is not None]
        return found + [self._unread(context, view) for view in context.fed("input") if self._raw(context, view)]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        heavy = columns()
        heavy[0, 0] = 12.0
        normalized = (layer("batch_normalization", "BatchNormalization"), *REGRESSOR)
        mixed: dict[str, Any] = {"x": pixels(255), "entry": {}}
        large = {"conv2d": {"max_abs": 180.0}}
        return (
            fires("0..255 images", lambda: Scenario().train(x=pixels(255)), "input:x", Severity.WARNING),
            fires("0..255 as int64", lambda: Scenario().train(x=pixels(255, "int64")), "input:x", Severity.WARNING),
            fires(
                "columns that are not standardized",
                lambda: Scenario(REGRESSOR, loss="mse").train(x=columns(15, 50), steps=3),
                "input:x",
            ),
            fires(
                "mixed with generated images", lambda: Scenario().train(**mixed, activations=large, steps=2), "input:x"
            ),
            fires("columns beside embedded ids", lambda: _beside_ids(columns(15, 50)), "input:numbers"),
            silent("standardized columns beside embedded ids", lambda: _beside_ids(columns())),
            silent("mixed and scaled", lambda: Scenario().train(**mixed, steps=2)),
            silent("images / 255", lambda: Scenario().train(x=pixels(1), steps=3)),
            silent("z-scored images", lambda: Scenario().train(x=pixels(4.7) - 2.1, steps=3)),
            silent("Rescaling first", lambda: Scenario().train(x=pixels(255), entry=pixels(1), steps=3)),
            silent("flattened 0..1 images", lambda: Scenario(REGRESSOR).train(x=pixels(1).reshape(16, -1), steps=3)),
            silent("normalization first", lambda: Scenario(normalized, loss="mse").train(x=columns(40, -40), steps=3)),
            silent("a single outlier", lambda: Scenario(REGRESSOR, loss="mse").train(x=heavy, steps=5)),
        )

    def _judge(self, context: Context, view: TensorView) -> Finding | None:
        layout, facts = view.layout, context.facts
        if not _is_judged(context, view):
            return None
        image = looks_like_image(view)
        size = typical_size(view)
        large = () if image else self._columns(view)
        raw_pixels = image and view.min >= 0 and view.max > self.max_pixel
        if not (raw_pixels or size > self.max_size or large):
            return None
        reader = facts.layer(layout.layer) if facts is not None else None
        severity = self.severity
        normalized = is_normalized_by(facts, layout.layer)
        if normalized or (reader is not None and not is_keras(reader)):
            # A normalization behind the layer removes the scale again. A layer of the user's own may do so inside.
            severity = Severity.INFO
        if context.whole_data and not layout.layer:
            severity = Severity.INFO  # the model that may scale it is not known
        return self._finding(context, view, size, large, severity, normalized, raw_pixels)

    def _raw(self, context: Context, view: TensorView) -> bool:
        """Whether raw pixels are mixed with what the model makes, as in a GAN, so that no first layer reads them alone.

        Two things show it then: the pixels as fed, and layers with outputs of that size in the first step, which new
        weights do not make of scaled pixels.
        """
        if not (looks_like_image(view) and view.min >= 0 and view.max > self.max_pixel):
            return False
        # A layer that reads noise for as many examples does not read the images: it reads another number of values.
        values = math.prod(view.shape[1:])
        for entry in context.entries:
            reads = looks_like_image(entry) or math.prod(entry.shape[1:]) == values
            if reads and view.name in (entry.layout.sources or (entry.name,)):
                return False
        known = context.facts.layers if context.facts is not None else ()
        # With preprocessing, or with frozen layers of any weights, large outputs prove nothing.
        if not known or any(item.is_preprocessing or item.n_params > item.n_trainable_params == 0 for item in known):
            return False
        layers = context.sample.layers
        if context.age == 0 and layers is not None and np.nanmax(layers.max_abs, initial=0.0) > self.max_size:
            self._arrived.add(view.name)
        return view.name in self._arrived

    def _unread(self, context: Context, view: TensorView) -> Finding:
        name, peak = variable(view.name, "input", context.facts), image_peak(view)
        picture = range_picture(span_of(view), 0.0, self.max_pixel)
        return Finding(
            subject=view.subject,
            message=f"'{view.name}' holds raw pixels from {interval(view.min, view.max)}, and nothing scales them: the "
            "outputs of the first layers are as large in the first step.",
            evidence={
                "min": view.min,
                "max": view.max,
                "mean": view.mean,
                "std": view.std,
                "expected_max": self.max_pixel,
                "dtype": view.layout.dtype,
            },
            fix=_fix(name, view.layout.dtype, peak, view),
            at_once=True,
            picture=picture,
            curves=tensor_curves(context, view, expected=expected_span(picture)),
        )

    def _picture(self, view: TensorView, large: tuple[int, ...], *, raw_pixels: bool, size: float) -> Picture:
        if raw_pixels:
            return range_picture(span_of(view), 0.0, self.max_pixel)
        if size > self.max_size:
            return range_picture(span_of(view), -self.max_size if view.min < 0 else 0.0, self.max_size)
        features = view.layout.features
        return sizes_picture(
            f"root mean square of each column of {view.name}",
            features,
            feature_rms(view),
            [place for place, column in enumerate(features) if column in large],
        )

    def _columns(self, view: TensorView) -> tuple[int, ...]:
        if len(view.shape) not in (2, 3) or not view.layout.features:
            return ()
        large = np.flatnonzero(feature_rms(view) > self.max_feature_size)
        return tuple(view.layout.features[i] for i in large)

    def _finding(
        self,
        context: Context,
        view: TensorView,
        size: float,
        large: tuple[int, ...],
        severity: Severity,
        normalized: str,
        raw_pixels: bool,
    ) -> Finding:
        fed = fed_source(context, view)
        source = fed if fed is not None else view
        name = variable(source.name, "input", context.facts)
        where = f"{view.layout.layer_class or 'layer'} '{view.layout.layer}'" if view.layout.layer else "the model"
        dtype = source.layout.dtype
        peak = image_peak(view) if (raw_pixels or looks_like_image(view) or looks_like_flat_image(view)) else None
        what = f"as {dtype} " if fed is not None and view.layout.same_as_fed else "after your preprocessing "
        message = (
            f"'{source.name}' reaches {where} {what}with values from {interval(view.min, view.max)} "
            f"(mean {format_number(view.mean)}, std {format_number(view.std)}), far from unit scale."
        )
        if large and size <= self.max_size:
            message = (
                f"'{source.name}' reaches {where} {what}with large values in column {join(large)}: up to "
                f"{format_number(view.max)}, far from unit scale."
            )
        if context.whole_data and not view.layout.layer:
            message += " That is fine if the model scales it."
        if normalized:
            message += f" The {normalized} behind it mostly makes up for that."
        picture = self._picture(view, large, raw_pixels=raw_pixels, size=size)
        return Finding(
            subject=f"input:{source.name}",
            message=message,
            evidence={
                "min": view.min,
                "max": view.max,
                "mean": view.mean,
                "std": view.std,
                "typical_size": size,
                "expected_max_size": self.max_size,
                "layer": view.layout.layer,
                "dtype": dtype,
                **({"columns": list(large)} if large else {}),
            },
            fix=_fix(name, dtype, peak, view),
            severity=severity,
            at_once=raw_pixels or peak is not None,
            picture=picture,
            curves=tensor_curves(context, view, expected=expected_span(picture)),
        )


def _beside_ids(numbers: F4) -> Scenario:
    """A table that is joined with embedded ids."""
    return Scenario(BESIDE_IDS, kind="functional").train(**beside_ids(numbers), steps=3)


def _is_judged(context: Context, view: TensorView) -> bool:
    """Whether a tensor should be of about unit scale: it is not read as ids, normalized, or read by a backbone."""
    layout = view.layout
    if layout.kind != "dense" or layout.layer_class in LOOKUPS or layout.layer_class in NORMALIZERS:
        return False
    return not layout.layer_class.endswith("Embedding") and not backbone_of(context.facts, layout.layer)


def _fix(name: str, dtype: str, peak: int | None, view: TensorView) -> str:
    if peak is not None:
        same = f'{name} = {name}.astype("float32") / {peak}'
        inside = f"# or, first in the model, which then also applies in production:\nkeras.layers.Rescaling(1/{peak})"
        return f"{same}\n{inside}"
    hint = ""
    if dtype.startswith(("int", "uint")) and float(view.value("whole_fraction")) == 1.0 and len(view.shape) == 2:
        hint = "\n# If these are ids of tokens or categories, look them up instead:"
        hint += f"\nkeras.layers.Embedding(input_dim={int(view.max) + 1}, output_dim=64)"
    return (
        f"norm = keras.layers.Normalization()\nnorm.adapt({name})  # learns mean and variance of the training data\n"
        f"# then put norm first in the model{hint}"
    )
