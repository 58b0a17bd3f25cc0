"""Images whose channels stand in front where Keras reads them from the last axis."""

from __future__ import annotations

from tb_inputdiag.numbers import shape_text
from tb_inputdiag.records import ShapesPicture
from tb_inputdiag.rules.base import Finding
from tb_inputdiag.rules.exceptions.datasets import SHAPE_WORDS
from tb_inputdiag.rules.exceptions.kind import Case, Kind
from tb_inputdiag.rules.exceptions.model_inputs import model_input
from tb_inputdiag.rules.exceptions.programs import mend
from tb_inputdiag.rules.exceptions.words import Words, match
from tb_inputdiag.rules.support.shapes import examples_fit, tuple_code
from tb_inputdiag.statistics.namespace import Shape

__all__ = ["KINDS", "WINDOW_WORDS"]

WINDOW_WORDS = (
    Words("Keras", "Computed output size would be {}negative. Received {}inputs{}shape={shape}`"),
    Words("Keras", "Computed output size would be {}negative"),
    Words("Keras", "One of the dimensions in the output is <= 0"),
    Words("TensorFlow", "Negative dimension size caused by subtracting {window} from {size} for"),
    Words("TensorFlow", "Computed output size would be negative: {size}"),
    Words("PyTorch", "Kernel size can't be greater than actual input size"),
    Words("PyTorch", "Output size is too small"),
    Words("JAX", "negative dimensions"),
)
_CHANNELS = (1, 3)
"""Channels of grey and of coloured images."""
_SMALLEST = 8
"""Rows and columns of the smallest image. Three rows and fewer channels may also be a small feature map."""


def _channels_first(case: Case) -> Finding | None:
    known = model_input(case)
    if known is None or not _has_channels_in_front(known.shape) or _is_wanted(case) or not _reads_images(case):
        return None
    channels, height, width = known.shape[1:]
    last = (height, width, channels)
    fed = next((tensor.shape for tensor in case.fed("input")), None)
    is_last = fed is not None and examples_fit(fed, (None, *last))
    is_first = fed is not None and examples_fit(fed, known.shape)
    is_small = match(WINDOW_WORDS, case.text) is not None
    if not (is_last or (is_small and (fed is None or is_first))):
        return None
    built = f"keras.Input({tuple_code(last)})  # channels last: height, width, channels"
    moved = f"{known.data} = np.moveaxis({known.data}, 1, -1)"
    lines = {
        (True, False): [built],
        (False, True): [f"{moved}  # channels first -> channels last", f"{built}; if the model has an Input"],
        (False, False): [built, f"# if the images are {tuple_code(known.shape[1:])} as well: {moved}"],
    }
    return case.finding(
        f"The model reads {shape_text(known.shape)} as height {channels}, width {height} and {width} channels: the "
        "channels stand in front, and Keras expects them on the last axis.",
        "\n".join(lines[is_last, is_first and not is_last]),
        seen=shape_text(known.shape),
        expected=shape_text((None, *last)),
        subject="model" if is_last or fed is None else f"input:{case.fed('input')[0].name}",
        evidence={"shape": list(known.shape), "expected_shape": [None, *last]},
        picture=ShapesPicture(seen=tuple(known.shape), expected=(None, *last)),
    )


def _has_channels_in_front(shape: Shape) -> bool:
    if len(shape) != 4 or None in shape[1:]:
        return False
    channels, *sides = (size or 0 for size in shape[1:])
    return channels in _CHANNELS and min(sides) >= _SMALLEST


def _reads_images(case: Case) -> bool:
    """Tells whether the layers are those of images, and none puts the axes into another order."""
    known = case.facts.layers if case.facts is not None else ()
    classes = {layer.class_name for layer in known} | {n for a in case.arguments.values() for n in a.layers}
    others = {"Permute", "Reshape", "TimeDistributed"} & classes
    return not others and any("2D" in name for name in (*classes, case.failure.call, case.text))


def _is_wanted(case: Case) -> bool:
    """Tells whether a layer was made for channels in front."""
    layers = case.facts.layers if case.facts is not None else ()
    chosen = {layer.config.get("data_format") for layer in layers}
    in_front = case.facts is not None and case.facts.image_data_format == "channels_first"
    return in_front or "channels_first" in chosen or "channels_first" in case.text or 'data_format="NCHW"' in case.text


_FIRST = """\
model = keras.Sequential([keras.Input((3, 32, 32))])
model.add(keras.layers.Conv2D(4, 3))
model.add(keras.layers.MaxPooling2D())
"""
KINDS = (
    Kind(
        id="channels-in-front",
        title="Images have their channels in front",
        words=(*WINDOW_WORDS, *SHAPE_WORDS),
        cause="Keras reads images as (batch, height, width, channels), unless `data_format` says otherwise.",
        failing=_FIRST,
        mended=mend(_FIRST, "(3, 32, 32)", "(32, 32, 3)"),
        explain=_channels_first,
        rule="shape-mismatch",
    ),
)
"""Kinds of this family."""
