"""The rule `truncated-input`."""

from __future__ import annotations

import numpy as np

from tb_inputdiag.keras_vocabulary import FLAT_IMAGE_COLUMNS
from tb_inputdiag.numbers import percent
from tb_inputdiag.records import LimitPicture, Severity, Span, TensorView
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import REGRESSOR, Example, Scenario, fires, pixels, silent
from tb_inputdiag.rules.support.curves import tensor_column_curve
from tb_inputdiag.rules.support.scale import fed_source, looks_like_image
from tb_inputdiag.rules.support.symptoms import SYMPTOMS
from tb_inputdiag.rules.support.text import variable
from tb_inputdiag.rules.views.context import Context

__all__ = ["TruncatedInput"]


class TruncatedInput(Rule):
    """Images were scaled to 0..1 and then cut to whole numbers, so nearly all pixels are 0.

    ## What it does
    Looks for images that hold only 0 and 1, and almost only 0, batch after batch. An integer division of 0..255, or a
    cast to integers after the scaling, leaves such images.

    ## Why is this bad?
    All grey values are gone. The few ones left are pixels that were fully white, so there is nothing to learn from.

    ## Example
    ```python
    x_train = (x_train / 255).astype("uint8")
    x_train = x_train // 255
    ```

    ## What to do
    Cast first, then divide: `x.astype("float32") / 255`.

    ## References
    - https://github.com/keras-team/keras/issues/255
    """

    id = "truncated-input"
    severity = Severity.WARNING
    persistence = 2
    explains = (*SYMPTOMS, "duplicate-examples", "train-validation-overlap", "repeated-batch")
    supersedes = ("double-scaled-input", "integer-input", "constant-input", "constant-feature")
    needs = ("own_trainable_variables",)
    why = "All grey values became 0, so the images hold almost nothing to learn from."

    min_zeros = Threshold(
        0.97,
        "Fraction of zeros from which on images count as truncated.",
        source="0.1 to 1 % of the pixels of photos and digits are fully white, but 5 to 20 % of line drawings.",
        high=1.0,
    )

    def on_sample(self, context: Context) -> Findings:
        """Judges what the first trainable layers read."""
        return [found for view in context.entries if (found := self._judge(context, view)) is not None]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        cut = (pixels(255, "uint8") // 255).astype("uint8")
        multi_hot = (np.random.default_rng(0).random((32, 10000)) < 0.01).astype("float32")
        drawing = (pixels() > 0.85).astype("float32")
        return (
            fires("divided as integers", lambda: Scenario().train(x=cut, steps=3), "input:x", Severity.WARNING),
            silent("0..1", lambda: Scenario().train(x=pixels(), steps=3)),
            silent("multi-hot words", lambda: Scenario(REGRESSOR).train(x=multi_hot, steps=3)),
            silent("black and white", lambda: Scenario().train(x=drawing, steps=3)),
        )

    def _judge(self, context: Context, view: TensorView) -> Finding | None:
        fed = fed_source(context, view)
        source = fed if fed is not None else view
        zeros = view.value("zero_fraction")
        whole = source.layout.dtype.startswith(("int", "uint"))
        flat = len(view.shape) == 2 and view.layout.n_features in FLAT_IMAGE_COLUMNS and whole
        if not (looks_like_image(view) or flat) or view.value("whole_fraction") < 1:
            return None
        if view.min < -1 or view.max > 1 or zeros < self.min_zeros or (zeros == 1 and not whole):
            return None
        name = variable(source.name, "input", context.facts)
        return Finding(
            subject=f"input:{source.name}",
            message=f"'{source.name}' ({source.layout.dtype}) holds only 0 and 1, and {percent(zeros)} of it is 0, "
            "because "
            "it was scaled and then cut to whole numbers.",
            evidence={
                "zero_fraction": zeros,
                "min": view.min,
                "max": view.max,
                "dtype": source.layout.dtype,
                "expected_max_zero_fraction": self.min_zeros,
            },
            fix=f'{name} = {name}.astype("float32") / 255  # from the original 0..255: cast first, then divide',
            picture=LimitPicture(
                label=f"values of {source.name} that are 0", value=zeros, limit=self.min_zeros, unit="fraction"
            ),
            curves=(
                tensor_column_curve(
                    context,
                    view,
                    "zero_fraction",
                    "Zeros",
                    expected=Span(low=0.0, high=self.min_zeros, label="Expected"),
                ),
            ),
        )
