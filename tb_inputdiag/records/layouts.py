"""Names of the rows in the tables of samples."""

from __future__ import annotations

from dataclasses import dataclass

from tb_inputdiag.records.values import Kind, Role, Split, Stage

__all__ = ["Layout", "TensorLayout", "layout_sizes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorLayout:
    """One tensor; every sample holds statistics of it."""

    name: str
    """The name that the user knows: a dict key, or the name of the `Input` or output. A single tensor without a name is
    ``x``, ``y``, ``y_pred`` or ``sample_weight``; tensors in nested structures are ``x/0``, ``x/a/b``."""
    role: Role
    stage: Stage = "fed"
    """``fed``: as the training step received it. ``entry``: as the first trainable layer reads it."""
    shape: tuple[int | None, ...] | None = None
    """Static shape with the batch axis, e.g. ``(None, 28, 28, 1)``; None if the rank is unknown."""
    dtype: str = "float32"
    kind: Kind = "dense"
    layer: str = ""
    """For ``entry``: path of the layer that reads it. For predictions: path of the layer that makes it, if known."""
    layer_class: str = ""
    sources: tuple[str, ...] = ()
    """For ``entry``: names of the inputs that it comes from."""
    same_as_fed: bool = False
    """For ``entry``: whether it is the fed tensor itself, with at most a cast in between."""
    feature_axis: int | None = None
    """Axis of `TensorTable.feature_*`: the last one, or 1 for channels_first images. None: no features are kept."""
    features: tuple[int, ...] = ()
    """Indices along `feature_axis` of the features kept, at most `MAX_FEATURES`."""
    n_features: int = 0
    """Size of `feature_axis`."""
    unread: bool = False
    """For sample weights: whether no operation of the step reads them."""
    broadcast_to: tuple[int | None, ...] | None = None
    """For targets without a last axis of 1: the shape of an operation of the step that pairs it with a tensor of shape
    ``(batch, 1)``, e.g. ``(None, None)`` for all pairs; or the other way round. None if there is no such operation."""
    n_classes: int = 0
    """Length of this tensor's part of `TensorTable.class_counts`; 0: classes are not counted."""

    @property
    def subject(self) -> str:
        """What an alert about it is about: ``input:x``."""
        return f"{self.role}:{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Names the rows of the tables in the samples that refer to it by `id`."""

    id: int
    """Unique within a session."""
    split: Split
    tensors: tuple[TensorLayout, ...] = ()
    weights: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    """Paths of the layers in forward order; a layer called several times has rows ``name``, ``name#2``, ..."""

    def feature_slice(self, index: int) -> slice:
        """Returns where tensor `index` lies in the `feature_*` columns."""
        start = sum(len(t.features) for t in self.tensors[:index])
        return slice(start, start + len(self.tensors[index].features))

    def class_slice(self, index: int) -> slice:
        """Returns where tensor `index` lies in the `class_counts` column."""
        start = sum(t.n_classes for t in self.tensors[:index])
        return slice(start, start + self.tensors[index].n_classes)


def layout_sizes(layout: Layout) -> dict[str, int]:
    """Returns the sizes T, F, C, W and L of a layout's tables."""
    return {
        "T": len(layout.tensors),
        "F": sum(len(t.features) for t in layout.tensors),
        "C": sum(t.n_classes for t in layout.tensors),
        "W": len(layout.weights),
        "L": len(layout.layers),
    }
