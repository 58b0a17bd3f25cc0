"""The rule `single-example-normalization`."""

from __future__ import annotations

import numpy as np

from tb_inputdiag.keras_vocabulary import BATCH_NORMALIZERS
from tb_inputdiag.records import LimitPicture, Severity
from tb_inputdiag.rules.base import Finding, Findings, Rule
from tb_inputdiag.rules.examples import REGRESSOR, Example, Scenario, columns, fires, layer, silent
from tb_inputdiag.rules.support.curves import layer_curve
from tb_inputdiag.rules.support.symptoms import SYMPTOMS
from tb_inputdiag.rules.support.text import join
from tb_inputdiag.rules.views.context import Context

__all__ = ["SingleExampleNormalization"]


class SingleExampleNormalization(Rule):
    """BatchNormalization gets batches of a single example and outputs the same for each.

    ## What it does
    Looks for batch normalization of flat features that is trained on batches of one example and outputs zeros in the
    first step. Images and sequences are fine, because there are pixels or steps to average over. So are frozen layers,
    which use their stored averages.

    ## Why is this bad?
    The mean of one value is the value itself, so the normalized value is 0 for every example. Nothing of the input gets
    through, and the layers in front get no gradient.

    ## Example
    ```python
    keras.Sequential([keras.layers.Dense(16), keras.layers.BatchNormalization(), ...])
    model.fit(x, y, batch_size=1)
    ```

    ## What to do
    Use larger batches, or `LayerNormalization`, which averages within each example.

    ## References
    - Ioffe, Szegedy: Batch normalization (2015).
    - Ba, Kiros, Hinton: Layer normalization (2016).
    """

    id = "single-example-normalization"
    severity = Severity.WARNING
    scope = "session"
    persistence = 3
    explains = SYMPTOMS
    why = "The mean over one example is the example itself, so the result is 0 and the layers in front never learn."

    def start(self) -> None:
        """Resets the layers whose output was 0."""
        self._silent: set[str] = set()

    def on_sample(self, context: Context) -> Findings:
        """Judges steps of one example."""
        table, facts = context.sample.layers, context.facts
        if table is None or facts is None:
            return None
        if context.sample.batch_size != 1:
            return []
        if context.age == 0:  # later the offsets are not 0, but still the same for every example
            zero = {context.layout.layers[row] for row in np.flatnonzero(table.zero_fraction == 1)}
            self._silent = {
                item.name
                for item in facts.layers
                if item.name in zero
                and item.class_name in BATCH_NORMALIZERS
                and item.trainable
                and item.input_shape is not None
                and len(item.input_shape) == 2
            }
        if not self._silent:
            return []
        names = [item.name for item in facts.layers if item.name in self._silent]
        return [
            Finding(
                subject=f"layer:{names[0]}",
                message=f"{join(names, 3)} normalize{'s' if len(names) == 1 else ''} over batches of 1 example, so the "
                "output is the same for every input.",
                evidence={"batch_size": 1, "layers": names[:16]},
                fix="model.fit(..., batch_size=32)\nkeras.layers.LayerNormalization()  # or this instead",
                picture=LimitPicture(label="examples in a batch", value=1, limit=2, bound="at least"),
                curves=(layer_curve(names[0]),),
            )
        ]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        flat = layer("norm", "BatchNormalization", input_shape=(None, 16))
        map_ = layer("norm", "BatchNormalization", input_shape=(None, 8, 8, 16))
        nothing = {"norm": {"zero_fraction": 1.0, "max_abs": 0.0}}

        def run(rows: int, norm: object = flat) -> Scenario:
            model = (REGRESSOR[0], norm, *REGRESSOR[1:])
            x = columns(rows=rows)
            return Scenario(model, loss="mse").train(x=x, activations=nothing, steps=4)  # type: ignore[arg-type]  # layers

        return (
            fires("rows one by one", lambda: run(1), "layer:norm", Severity.WARNING),
            silent("batches of 32", lambda: run(32)),
            silent("pixels to average over", lambda: run(1, map_)),
            silent("no normalization", lambda: Scenario(REGRESSOR, loss="mse").train(x=columns(rows=1), steps=4)),
        )
