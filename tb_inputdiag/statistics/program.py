"""What one traced step computes, and how its rows are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tb_inputdiag.records import Split, TensorLayout
from tb_inputdiag.statistics.largest_losses import LossPair
from tb_inputdiag.statistics.moving_averages import MovedLayer
from tb_inputdiag.statistics.row import RowLayout
from tb_inputdiag.statistics.shown_examples import ShownLayout
from tb_inputdiag.statistics.target_copies import Comparison
from tb_inputdiag.statistics.thumbnails import ImageBlock

__all__ = ["Program"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One traced probed step, made anew for each tracing of the step."""

    number: int
    """Stands at the front of every row that it makes."""
    split: Split
    row: RowLayout
    tensors: tuple[TensorLayout, ...] = ()
    copies: Mapping[int, int] = field(default_factory=dict)
    """Index of a tensor that reaches the first trainable layer as it was fed -> index of the fed tensor."""
    compared: tuple[Comparison, ...] = ()
    """Targets and the inputs that they are compared with."""
    losses: tuple[LossPair, ...] = ()
    """Targets and the predictions whose examples have losses that are known."""
    weights: tuple[str, ...] = ()
    layers: tuple[str, ...] = ()
    units: tuple[int, ...] = ()
    """For each layer, how many units there are to find dead ones among; 0 if dead units are not counted."""
    moved: tuple[MovedLayer, ...] = ()
    """Layers whose moving averages are read."""
    images: tuple[ImageBlock, ...] = ()
    shown: ShownLayout | None = None
    """Examples that alerts may name, behind the thumbnails; None: none are kept."""
    fed: tuple[TensorLayout, ...] = ()
    """Names, shapes and dtypes of the batch."""
    output_activations: Mapping[str, str] = field(default_factory=dict)
    """Prediction -> activation that made it, where that is known."""
    entries: Mapping[str, str] = field(default_factory=dict)
    """Name of an entry -> path of the layer that reads it."""
    kept: tuple[str, ...] = ()
    """Subjects of the tensors that are kept of a batch with values that are not finite."""
    has_loss: bool = False
    has_penalty: bool = False
    """Whether regularizers or `add_loss` make a part of the loss."""

    @property
    def size(self) -> int:
        """Numbers in a row."""
        return self.row.size

    def is_like(self, other: Program) -> bool:
        """Returns whether the rows of another program can be read as rows of this one."""
        mine = (self.tensors, self.weights, self.layers, self.size, self.copies)
        return mine == (other.tensors, other.weights, other.layers, other.size, other.copies)
