"""The rule `channel-order`."""

from __future__ import annotations

from tb_inputdiag.keras_vocabulary import CONVOLUTIONS_2D
from tb_inputdiag.numbers import shape_text
from tb_inputdiag.records import Severity, ShapesPicture, TensorView
from tb_inputdiag.rules.base import Finding, Findings, Rule, Threshold
from tb_inputdiag.rules.examples import CLASSIFIER, Example, Scenario, fires, layer, pixels, silent
from tb_inputdiag.rules.support.curves import tensor_curves
from tb_inputdiag.rules.support.scale import fed_source
from tb_inputdiag.rules.support.symptoms import SYMPTOMS
from tb_inputdiag.rules.support.text import variable
from tb_inputdiag.rules.views.context import Context

__all__ = ["ChannelOrder"]


class ChannelOrder(Rule):
    """Images have their channels on the axis that the convolution reads as rows.

    ## What it does
    Compares the shape of images with the `data_format` of the convolution that reads them. In a channels_last model it
    fires on images with three rows, or with one row if they would be square without that. In a channels_first model it
    fires on the reverse.

    ## Why is this bad?
    The convolution slides over colours and columns, and reads image rows or columns as channels. Training runs, but the
    model learns poorly, and a height of 3 is used up after one layer.

    ## Example
    ```python
    x.shape                                   # (50000, 3, 32, 32), as PyTorch has it
    keras.Sequential([keras.Input((3, 32, 32)), keras.layers.Conv2D(32, 3), ...])
    ```

    ## What to do
    `np.moveaxis(x, 1, -1)` and `keras.Input((32, 32, 3))`.

    ## References
    - https://keras.io/api/layers/convolution_layers/convolution2d/
    """

    id = "channel-order"
    severity = Severity.WARNING
    needs = ("own_trainable_variables",)
    explains = SYMPTOMS
    why = "The convolution slides over colours instead of rows. Training runs, but the model never sees whole images."

    min_side = Threshold(
        16, "Smallest height and width of an image, in pixels.", source="Smaller ones are usually feature maps."
    )

    def on_sample(self, context: Context) -> Findings:
        """Judges the tensors that convolutions read."""
        return [found for view in context.entries if (found := self._judge(context, view)) is not None]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        first = (layer("conv2d", "Conv2D", data_format="channels_first", filters=8), *CLASSIFIER[1:])
        wrong = pixels(shape=(16, 3, 32, 32))
        return (
            fires("channels first into channels_last", lambda: Scenario().train(x=wrong), "input:x", Severity.WARNING),
            fires(
                "channels last into channels_first",
                lambda: Scenario(first).train(x=pixels(shape=(16, 32, 32, 3))),
                "input:x",
            ),
            silent("channels last into channels_last", lambda: Scenario().train(x=pixels(shape=(16, 32, 32, 3)))),
            silent("channels first into channels_first", lambda: Scenario(first).train(x=wrong)),
            silent("a narrow image", lambda: Scenario().train(x=pixels(shape=(16, 3, 40, 1)))),
            silent("recordings of 64 electrodes", lambda: Scenario().train(x=pixels(shape=(16, 1, 200, 64)))),
        )

    def _judge(self, context: Context, view: TensorView) -> Finding | None:
        layout, facts = view.layout, context.facts
        shape = view.shape
        if layout.layer_class not in CONVOLUTIONS_2D or len(shape) != 4:
            return None
        reader = facts.layer(layout.layer) if facts is not None else None
        default = facts.image_data_format if facts is not None else "channels_last"
        order = str((reader.config.get("data_format") if reader is not None else None) or default)
        _, a, b, c = shape
        if order == "channels_last":
            swapped = _channels(a, b, c) and b >= self.min_side and c >= self.min_side
            fix_axes, right = (1, -1), (b, c, a)
        else:
            swapped = _channels(c, a, b) and a >= self.min_side and b >= self.min_side
            fix_axes, right = (-1, 1), (c, a, b)
        if not swapped:
            return None
        fed = fed_source(context, view)
        name = fed.name if fed is not None else view.name
        code = variable(name, "input", facts)
        return Finding(
            subject=f"input:{name}",
            message=f"'{name}' reaches {layout.layer_class} '{layout.layer}' with shape "
            f"{shape_text((None, *shape[1:]))}, but the layer is {order}: it expects the channels on axis "
            f"{3 if order == 'channels_last' else 1}.",
            evidence={"shape": list(shape), "data_format": order, "expected_shape": [None, *right]},
            fix=f"{code} = np.moveaxis({code}, {fix_axes[0]}, {fix_axes[1]})\nkeras.Input({right})",
            picture=ShapesPicture(seen=(None, *shape[1:]), expected=(None, *right)),
            curves=tensor_curves(context, view),
        )


def _channels(channels: int, height: int, width: int) -> bool:
    return (channels == 3 and height <= 2 * width <= 4 * height) or (channels == 1 and height == width)
