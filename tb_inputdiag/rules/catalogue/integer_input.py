"""The rule `integer-input`."""

from __future__ import annotations

from tb_inputdiag.keras_vocabulary import LOOKUPS, NORMALIZERS
from tb_inputdiag.numbers import interval
from tb_inputdiag.records import Severity, TensorView, WordsPicture
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import REGRESSOR, Example, Scenario, columns, fires, layer, pixels, silent
from tb_inputdiag.rules.support.curves import tensor_curves
from tb_inputdiag.rules.support.layers import is_keras
from tb_inputdiag.rules.support.scale import fed_source, image_peak, looks_like_image
from tb_inputdiag.rules.support.text import variable
from tb_inputdiag.rules.views.context import Context

__all__ = ["IntegerInput"]


class IntegerInput(Rule):
    """An integer input is cast to floats for a layer that computes with floats.

    ## What it does
    Checks the dtype of each input that the first trainable layer reads with nothing but a cast in between. It fires on
    integers other than 0 and 1 in front of a layer of Keras that does not read ids.

    ## Why is this bad?
    Keras casts silently, so nothing fails. But integers are usually raw pixels that need scaling, or ids that need an
    embedding. Int64 batches also take twice the memory and transfer time of float32, and eight times those of uint8.

    ## Example
    ```python
    x_train = np.array(images)            # int64, 0..255
    model.fit(x_train, y_train)
    ```

    ## What to do
    Convert and scale together, `x.astype("float32") / 255`, or let the model do it with `Rescaling`. Feed ids to
    `Embedding` or `CategoryEncoding`.

    ## References
    - https://keras.io/api/layers/preprocessing_layers/image_preprocessing/rescaling/
    """

    id = "integer-input"
    severity = Severity.INFO
    needs = ("own_trainable_variables",)
    why = "Integers in front of a float layer are usually raw pixels that need scaling, or ids that need an embedding."

    max_code = Threshold(
        1.0,
        "Integers from 0 to this value are fine: masks, flags and one-hot codes.",
        source="Masks, flags and one-hot codes are 0 and 1.",
    )

    def on_sample(self, context: Context) -> Findings:
        """Judges every integer input whose reader is known."""
        return [found for view in context.entries if (found := self._judge(context, view)) is not None]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        ids = columns(100, 500).astype("int32")
        embedding = (layer("embedding", "Embedding", input_dim=1000), *REGRESSOR)
        return (
            fires("uint8 images", lambda: Scenario().train(x=pixels(255, "uint8")), "input:x", Severity.INFO),
            fires("integer columns", lambda: Scenario(REGRESSOR, loss="mse").train(x=ids), "input:x"),
            silent("float images", lambda: Scenario().train(x=pixels())),
            silent("uint8 images into Rescaling", lambda: Scenario().train(x=pixels(255, "uint8"), entry=pixels())),
            silent("token ids into Embedding", lambda: Scenario(embedding, loss="mse").train(x=ids)),
            silent("a binary mask", lambda: Scenario().train(x=pixels(2, "int64"))),
        )

    def _judge(self, context: Context, view: TensorView) -> Finding | None:
        layout, facts = view.layout, context.facts
        fed = fed_source(context, view)
        if fed is None or not layout.same_as_fed or not fed.layout.dtype.startswith(("int", "uint")):
            return None
        reads_ids = layout.layer_class in LOOKUPS or layout.layer_class in NORMALIZERS
        reader = facts.layer(layout.layer) if facts is not None else None
        if reads_ids or layout.layer_class.endswith("Embedding") or (reader is not None and not is_keras(reader)):
            return None
        if view.min >= 0 and view.max <= self.max_code:
            return None
        name, dtype = variable(fed.name, "input", facts), fed.layout.dtype
        where = f"{layout.layer_class or 'the first layer'} '{layout.layer}'" if layout.layer else "the first layer"
        peak = image_peak(view) if looks_like_image(view) or view.layout.n_features >= 64 else None
        if peak is not None:
            fix = (
                f'{name} = {name}.astype("float32") / {peak}\n# or, first in the '
                f"model:\nkeras.layers.Rescaling(1/{peak})"
            )
        else:
            fix = f'{name} = {name}.astype("float32")  # then normalize it\n# For ids use an embedding instead:\n'
            fix += f"keras.layers.Embedding(input_dim={int(view.max) + 1}, output_dim=64)"
        return Finding(
            subject=f"input:{fed.name}",
            message=f"'{fed.name}' is {dtype} ({interval(view.min, view.max)}) and is cast to floats for {where}.",
            evidence={
                "dtype": dtype,
                "min": view.min,
                "max": view.max,
                "layer": layout.layer,
                "shape": list(fed.shape),
            },
            fix=fix,
            picture=WordsPicture(seen=dtype, expected="float32"),
            curves=tensor_curves(context, view),
        )
