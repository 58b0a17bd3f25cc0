"""The rule `inconsistent-examples`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tb_inputdiag.keras_vocabulary import image_axes
from tb_inputdiag.numbers import count, percent, shape_text, whole
from tb_inputdiag.records import JSON, DataSummary, DataTensor, Severity, ShapeCount, ShapesPicture, WordsPicture
from tb_inputdiag.rules.base import Finding, Findings, Rule
from tb_inputdiag.rules.examples import Example, Scenario, fires, pixels, silent
from tb_inputdiag.rules.support.text import join
from tb_inputdiag.rules.support.whole_data import data_curves
from tb_inputdiag.rules.views.context import Context

__all__ = ["InconsistentExamples"]


class InconsistentExamples(Rule):
    """Some images of a data set have another size or dtype than the rest.

    ## What it does
    Counts the shapes and dtypes of all examples of an input, in `check_data`. It fires if images differ in size or
    channels, if examples differ in the number of axes, and if dtypes differ. Series of different lengths are fine.

    ## Why is this bad?
    Images of different sizes cannot be put into one batch: the pipeline fails in the middle of an epoch, or resizes
    them without saying so. A few grey images among colour ones, or float ones in 0..1 among integers in 0..255, look
    like other data to the model.

    ## Example
    ```python
    images = [np.asarray(Image.open(path)) for path in paths]      # some are RGBA, some are 640 x 480
    ```

    ## What to do
    Bring all images to one size and mode when they are loaded:
    `Image.open(path).convert("RGB").resize((224, 224))`.

    ## References
    - https://keras.io/api/data_loading/image/
    """

    id = "inconsistent-examples"
    severity = Severity.WARNING
    why = "Examples of different shapes do not fit into a batch, and those of another dtype have other values."

    def on_data(self, context: Context, data: DataSummary) -> Findings:
        """Judges the shapes and dtypes of every input."""
        return [
            found
            for tensor in data.tensors
            if tensor.role == "input" and len(tensor.shapes) > 1 and (found := _judge(data, tensor)) is not None
        ]

    @staticmethod
    def examples() -> tuple[Example, ...]:
        """Returns runs on which the rule fires, and runs on which it stays silent."""
        images = pixels(shape=(64, 28, 28, 3))

        def run(*others: ShapeCount) -> Scenario:
            scenario = Scenario().data(x=images)
            scenario.records[-1] = _with_shapes(scenario.records[-1], others)  # type: ignore[arg-type]  # a DataSummary
            return scenario

        large = ShapeCount(shape=(32, 28, 3), dtype="float32", examples=4, first=9)
        grey = ShapeCount(shape=(28, 28, 1), dtype="float32", examples=4, first=9)
        wide = ShapeCount(shape=(28, 28, 3), dtype="float64", examples=4, first=9)
        return (
            fires("images of another size", lambda: run(large), "input:x", Severity.WARNING),
            fires("grey images", lambda: run(grey), "input:x"),
            fires("another dtype", lambda: run(wide), "input:x", Severity.INFO),
            silent("equal images", lambda: run()),
        )


def _with_shapes(data: DataSummary, others: Sequence[ShapeCount]) -> DataSummary:
    first = data.tensors[0]
    return replace(data, tensors=(replace(first, shapes=(*first.shapes, *others)), *data.tensors[1:]))


def _judge(data: DataSummary, tensor: DataTensor) -> Finding | None:
    usual, others = tensor.shapes[0], tensor.shapes[1:]
    ranks = {len(item.shape) for item in tensor.shapes}
    images = any(image_axes((None, *item.shape)) is not None for item in tensor.shapes)
    odd = [item for item in others if item.shape != usual.shape and (images or len(ranks) > 1)]
    if odd:
        number = sum(item.examples for item in odd)
        named = join([f"{shape_text(item.shape)} in example {whole(item.first)}" for item in odd], 3)
        return Finding(
            subject=tensor.subject,
            message=f"{count(number, 'example')} of '{tensor.name}' ({percent(number / data.examples)}) "
            f"{'has' if number == 1 else 'have'} another shape than {shape_text(usual.shape)}: {named}.",
            evidence=_evidence(tensor, number),
            fix="# where the images are loaded:\n"
            f'image = Image.open(path).convert("RGB").resize(({usual.shape[1] if len(usual.shape) > 1 else 224}, '
            f"{usual.shape[0] if usual.shape else 224}))",
            picture=ShapesPicture(seen=odd[0].shape, expected=usual.shape, expected_label="most examples"),
            curves=data_curves(data, tensor.role, tensor.name),
        )
    odd = [item for item in others if item.dtype != usual.dtype]
    if not odd:
        return None
    number = sum(item.examples for item in odd)
    return Finding(
        subject=tensor.subject,
        message=f"{count(number, 'example')} of '{tensor.name}' {'is' if number == 1 else 'are'} "
        f"{join([item.dtype for item in odd])}, and the others are {usual.dtype}: check that they are scaled alike.",
        evidence=_evidence(tensor, number),
        fix=f'x = x.astype("{usual.dtype}")  # for all, where they are loaded',
        severity=Severity.INFO,
        picture=WordsPicture(seen=odd[0].dtype, expected=usual.dtype, expected_label="most examples"),
        curves=data_curves(data, tensor.role, tensor.name),
    )


def _evidence(tensor: DataTensor, number: int) -> dict[str, JSON]:
    return {
        "examples": number,
        "shapes": {f"{shape_text(item.shape)} {item.dtype}": item.examples for item in tensor.shapes[:8]},
        "first_examples": [item.first for item in tensor.shapes[1:9]],
    }
