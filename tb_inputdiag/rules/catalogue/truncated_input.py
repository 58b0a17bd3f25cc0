"""The rule `truncated-input`."""

from __future__ import annotations

import numpy as np

from tb_inputdiag.records import Severity, TensorView
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import REGRESSOR, Example, Scenario, fires, pixels, silent
from tb_inputdiag.rules.support.scale import fed_source, looks_like_image
from tb_inputdiag.rules.support.symptoms import SYMPTOMS
from tb_inputdiag.rules.support.text import percent, variable
from tb_inputdiag.rules.views.context import Context

__all__ = ["TruncatedInput"]

_FLAT_SIZES = frozenset({784, 3072, 12288})
"""Numbers of columns that only flattened images have: 28 x 28, 32 x 32 x 3, 64 x 64 x 3."""


class TruncatedInput(Rule):
    """Images were scaled to 0..1 and then cut to whole numbers, so that nearly all is 0.

    ## What it does
    Looks for images that hold only 0 and 1 and of these nearly only 0, batch after batch: what is left of 0..255 after
    an integer division, or a cast to integers behind the scaling.

    ## Why is this bad?
    All grey values are gone; the few ones left are pixels that were fully white. There is nothing to learn from.

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
    why = "Everything between black and white became 0: the images hold next to nothing to learn from."

    min_zeros = Threshold(
        0.97,
        "Part of the values that is 0 from which on images count as truncated.",
        source="Fully white pixels make up 0.1 to 1 % of photos and digits; drawn black-and-white images have 5 "
        "to 20 %.",
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
        flat = len(view.shape) == 2 and view.layout.n_features in _FLAT_SIZES and whole
        if not (looks_like_image(view) or flat) or view.value("whole_fraction") < 1:
            return None
        if view.min < -1 or view.max > 1 or zeros < self.min_zeros or (zeros == 1 and not whole):
            return None
        name = variable(source.name, "input", context.facts)
        return Finding(
            subject=f"input:{source.name}",
            message=f"'{source.name}' ({source.layout.dtype}) holds nothing but 0 and 1, and {percent(zeros)} of "
            f"it is 0: "
            "it was scaled and then cut to whole numbers.",
            evidence={
                "zero_fraction": zeros,
                "min": view.min,
                "max": view.max,
                "dtype": source.layout.dtype,
                "expected_max_zero_fraction": self.min_zeros,
            },
            fix=f'{name} = {name}.astype("float32") / 255  # from the original 0..255: cast first, then divide',
        )
