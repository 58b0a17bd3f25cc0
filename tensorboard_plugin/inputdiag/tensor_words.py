"""Descriptions of tensors in the words of Keras' documentation."""

from __future__ import annotations

from tb_inputdiag.keras_vocabulary import image_axes
from tb_inputdiag.numbers import count
from tb_inputdiag.records import TensorLayout

__all__ = ["describe", "feature_word"]

_CHANNELS = {1: "1 channel (grey)", 3: "3 channels (colour)"}


def describe(layout: TensorLayout) -> str:
    """Returns what one example of the tensor is, e.g. ``images of 28 × 28 pixels, 1 channel (grey)``."""
    if layout.kind == "string":
        return "text"
    if layout.kind == "ragged":
        return "sequences of different lengths"
    if layout.shape is None:
        return "arrays of unknown shape"
    axes = layout.shape[1:]
    if layout.layer_class == "Embedding" and len(axes) == 1:
        return "sequences of " + _count(axes[0], "token id", "token ids")
    if len(axes) == 0 or axes == (1,):
        return "one class id per example" if _is_class_id(layout) else "one number per example"
    if len(axes) == 1:
        if layout.role in ("target", "prediction") and layout.n_classes:
            return _count(axes[0], "class", "classes") + " per example"
        return _count(axes[0], "feature", "features") + " per example"
    if len(axes) == 2:
        return f"sequences of {_count(axes[0], 'step', 'steps')} with {_count(axes[1], 'feature', 'features')}"
    return _images(layout.shape) or _arrays(axes)


def feature_word(layout: TensorLayout) -> str:
    """Returns the word for one of the tensor's features."""
    if layout.role == "prediction":
        return "Output"
    return "Channel" if layout.shape is not None and image_axes(layout.shape) else "Feature"


def _is_class_id(layout: TensorLayout) -> bool:
    return layout.role == "target" and (layout.dtype.startswith(("int", "uint")) or layout.n_classes > 2)


def _images(shape: tuple[int | None, ...]) -> str:
    """Returns words for images and videos; empty for other shapes."""
    axes = image_axes(shape)
    if axes is None:
        return ""
    channels = _CHANNELS.get(axes.channels) or _count(axes.channels, "channel", "channels")
    words = f"{' × '.join(_side(shape[axis]) for axis in axes.sides)} pixels, {channels}"
    noun = "images" if len(axes.sides) == 2 else "videos or volumes"
    return f"{noun} of {words}{' first' if axes.channels_first else ''}"


def _arrays(axes: tuple[int | None, ...]) -> str:
    if len(axes) == 3:
        return f"maps of {_side(axes[0])} × {_side(axes[1])} with {_count(axes[2], 'channel', 'channels')}"
    return "arrays of " + " × ".join(map(_side, axes))


def _count(n: int | None, one: str, many: str) -> str:
    return f"any number of {many}" if n is None else count(n, one, many)


def _side(n: int | None) -> str:
    return "any" if n is None else str(n)
